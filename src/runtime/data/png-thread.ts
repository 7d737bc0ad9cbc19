import path from 'node:path'
import { Worker } from 'node:worker_threads'
import { UserError } from '../../errors.ts'
import { archcRoot } from '../../root.ts'
import type { PngAnswer, PngRequest } from './png-server.ts'
import type { PngOptions } from './png-writer.ts'
import type { PictureSink } from './source.ts'

/** Calls of `write` that may be under way when one returns: while their rows are compressed, the next are computed. */
const ahead = 1

/** A thread that writes PNGs, one for the whole process: it is started for the first picture. */
interface Thread {
  ask(request: PngRequest): Promise<void>
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

let thread: Thread | undefined
let pictures = 0

function startThread(): Thread {
  const worker = new Worker(path.join(archcRoot, 'bin', 'png.js'))
  const waiting: Waiting[] = []
  let gone: Error | undefined
  worker.on('message', ({ problem }: PngAnswer) => {
    const { resolve, reject } = waiting.shift()!
    if (waiting.length === 0) worker.unref()
    if (!problem) resolve()
    else reject(problem.isUser ? new UserError(problem.message, problem.help) : new Error(problem.message))
  })
  const started: Thread = {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (gone) return reject(gone)
        waiting.push({ resolve, reject })
        worker.ref()
        worker.postMessage(request)
      }),
  }
  const end = (error: Error): void => {
    gone ??= error
    if (thread === started) thread = undefined // the next picture starts another one
    for (const { reject } of waiting.splice(0)) reject(gone)
  }
  worker.on('error', end)
  worker.on('exit', (code) => end(new Error(`the thread that writes pictures ended (exit code ${code})`)))
  worker.unref()
  return started
}

/**
 * As `pngWriter`, in a thread of its own: rows are compressed and written while the next are computed. `write` returns while its rows
 * are still on their way, as many as `ahead` calls of it; what fails there is said by the next call.
 */
export async function threadedPngWriter(
  file: string,
  width: number,
  height: number,
  options: PngOptions = {},
): Promise<PictureSink> {
  thread ??= startThread()
  const { ask } = thread
  pictures += 1
  const picture = pictures
  await ask({ do: 'open', picture, file, width, height, options })
  const underWay: Promise<void>[] = []
  let failed: { readonly error: unknown } | undefined
  const settled = async (most: number): Promise<void> => {
    while (underWay.length > most) await underWay.shift()
    if (failed) throw failed.error
  }
  return {
    async write(rows) {
      if (failed) throw failed.error
      underWay.push(ask({ do: 'write', picture, rows }).catch((error: unknown) => void (failed ??= { error })))
      await settled(ahead)
    },
    async close() {
      await settled(0)
      await ask({ do: 'close', picture })
    },
    async abort() {
      await Promise.all(underWay.splice(0))
      await ask({ do: 'abort', picture }).catch(() => undefined) // with the thread its file is gone or swept
    },
  }
}
