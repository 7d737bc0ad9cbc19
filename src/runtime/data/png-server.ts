import { UserError } from '../../errors.ts'
import { pngWriter, type PngOptions } from './png-writer.ts'
import type { PictureSink } from './source.ts'

/** What the thread that writes pictures is asked; `picture` says of which. */
export type PngRequest =
  | {
      readonly do: 'open'
      readonly picture: number
      readonly file: string
      readonly width: number
      readonly height: number
      readonly options: PngOptions
    }
  | { readonly do: 'write'; readonly picture: number; readonly rows: Uint8Array }
  | { readonly do: 'close' | 'abort'; readonly picture: number }

/** What it answers, in the order in which it was asked. */
export interface PngAnswer {
  readonly problem?: { readonly message: string; readonly help?: string; readonly isUser: boolean }
}

/** Of `parentPort` what is needed. */
interface Port {
  on(event: 'message', listener: (request: PngRequest) => void): unknown
  postMessage(answer: PngAnswer): void
}

/** Writes pictures that another thread computes: what was asked first is done first. */
export function servePng(port: Port): void {
  const sinks = new Map<number, PictureSink>()
  const answer = async (request: PngRequest): Promise<void> => {
    const { picture } = request
    if (request.do === 'open') {
      const { file, width, height, options } = request
      return void sinks.set(picture, await pngWriter(file, width, height, options))
    }
    const sink = sinks.get(picture)
    if (request.do === 'write') return sink!.write(request.rows)
    sinks.delete(picture)
    return request.do === 'close' ? sink!.close() : sink?.abort()
  }
  let last: Promise<void> = Promise.resolve()
  port.on('message', (request) => {
    last = last.then(() =>
      answer(request).then(
        () => port.postMessage({}),
        (error: unknown) => port.postMessage({ problem: problemOf(error) }),
      ),
    )
  })
}

function problemOf(error: unknown): NonNullable<PngAnswer['problem']> {
  const message = error instanceof Error ? error.message : String(error)
  return {
    message,
    isUser: error instanceof UserError,
    ...(error instanceof UserError && error.help !== undefined && { help: error.help }),
  }
}
