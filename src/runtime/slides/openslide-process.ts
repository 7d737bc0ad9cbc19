import { fork, type ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { archcRoot } from '../../root.ts'
import type { Picture } from '../data/picture.ts'
import { getAgain } from './get-again.ts'
import type { OpenslideAnswer, OpenslideFacts, OpenslideQuestion, OpenslideRequest } from './openslide-messages.ts'

/** Milliseconds after which OpenSlide does not come back any more. */
const longest = 60_000
/** Requests that are under way at once: as many as the process has threads, so that none of them waits for another. */
const mostAtOnce = 4
/** Of what it says when it ends. */
const mostSaid = 500

/** OpenSlide in a process of its own: what it crashes on or does not come back from is an error here. */
export interface OpenslideProcess {
  /** Undefined while nobody has asked anything. */
  readonly pid: number | undefined
  /** A slide by its name; nothing is read yet. */
  slide(file: string): OpenslideSlide
}

export interface OpenslideSlide {
  /** Undefined where OpenSlide does not know the format. @throws Error in OpenSlide's words, and UserError where it crashes. */
  facts(): Promise<OpenslideFacts | undefined>
  /** 8-bit RGB on white; x and y in pixels of level 0. Throws as `facts`. */
  region(level: number, x: number, y: number, width: number, height: number): Promise<Picture>
  close(): void
}

/** How the process ended under a request. */
class Ended extends Error {
  constructor(
    readonly how: 'crashed' | 'hung' | 'failed',
    readonly detail: string,
    /** Whether other requests were under way, of which each may be the reason. */
    readonly amongOthers: boolean,
  ) {
    super(detail)
  }
}

interface Waiting {
  readonly resolve: (found: OpenslideFacts | Picture | undefined) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

interface Running {
  readonly child: ChildProcess
  readonly waiting: Map<number, Waiting>
}

/** One process serves all slides; it is started by the first request, again by the next one after it ended, and ends with this one. */
export function openslideProcess(library: string, patience = longest): OpenslideProcess {
  let running: Running | undefined
  let requests = 0
  let slides = 0

  const start = (): Running => {
    const child = fork(path.join(archcRoot, 'bin', 'openslide.js'), [library], {
      serialization: 'advanced',
      // In a session of its own: what a terminal, `timeout` or a shell sends to the group is for the process that asks.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // Those of this one may be about a debugger, or a text that it was given instead of a file.
      execArgv: [],
    })
    let said = ''
    const started: Running = { child, waiting: new Map() }
    child.on('message', (answer: OpenslideAnswer) => {
      const asked = started.waiting.get(answer.id)
      if (!asked) return
      settle(started, answer.id, asked)
      if ('problem' in answer)
        asked.reject(answer.help === undefined ? new Error(answer.problem) : new UserError(answer.problem, answer.help))
      else asked.resolve(answer.found)
    })
    child.on('error', (error) => end(started, 'failed', error.message))
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-mostSaid)))
    child.on('close', (code, signal) =>
      end(started, 'crashed', [signal ?? `exit code ${code}`, said.trim()].filter(Boolean).join(': ')),
    )
    // It is waited for while it is asked: by the timers of the requests.
    for (const each of [child, child.channel, child.stderr as Socket]) each?.unref()
    return started
  }
  const settle = ({ waiting }: Running, id: number, { timer }: Waiting): void => {
    clearTimeout(timer)
    waiting.delete(id)
  }
  const end = (ended: Running, how: Ended['how'], detail: string): void => {
    if (running === ended) running = undefined
    const among = ended.waiting.size > 1
    for (const [id, asked] of ended.waiting) {
      settle(ended, id, asked)
      asked.reject(new Ended(how, detail, among))
    }
  }
  const attempt = (question: OpenslideQuestion): Promise<OpenslideFacts | Picture | undefined> =>
    new Promise((resolve, reject) => {
      running ??= start()
      const asked = running
      requests += 1
      const id = requests
      const timer = setTimeout(() => {
        end(asked, 'hung', `${patience / 1000} s`)
        asked.child.kill('SIGKILL')
      }, patience)
      asked.waiting.set(id, { resolve, reject, timer })
      // A process that is gone cannot be written to; how it ended is told by its exit, which follows.
      asked.child.send({ ...question, id } satisfies OpenslideRequest, () => undefined)
    })

  const { shared, alone } = gate(mostAtOnce)
  const ask = async (question: OpenslideQuestion): Promise<OpenslideFacts | Picture | undefined> => {
    try {
      return await shared(() => attempt(question)).catch((error: unknown) => {
        if (!(error instanceof Ended && error.amongOthers)) throw error
        return alone(() => attempt(question))
      })
    } catch (error) {
      if (error instanceof Ended) throw endedOn(question.file, error)
      throw error
    }
  }
  return {
    get pid() {
      return running?.child.pid
    },
    slide(name) {
      slides += 1
      const about = { slide: slides, file: path.resolve(name) }
      return {
        facts: () => ask({ kind: 'facts', ...about }) as Promise<OpenslideFacts | undefined>,
        region: (level, x, y, width, height) => ask({ kind: 'region', ...about, level, x, y, width, height }) as Promise<Picture>,
        close() {
          running?.child.send({ kind: 'close', ...about, id: 0 } satisfies OpenslideRequest, () => undefined)
        },
      }
    },
  }
}

function endedOn(file: string, { how, detail }: Ended): UserError {
  if (how === 'failed') return new UserError(`the process that reads slides cannot be started (${detail})`)
  const what =
    how === 'hung' ? `did not come back within ${detail} from reading ${file}` : `crashed while reading ${file} (${detail})`
  return new UserError(`OpenSlide ${what}`, getAgain)
}

/** Lets so many pass at once, or one alone. */
function gate(most: number): {
  shared<T>(work: () => Promise<T>): Promise<T>
  alone<T>(work: () => Promise<T>): Promise<T>
} {
  const queue: { readonly room: number; readonly go: () => void }[] = []
  let taken = 0
  const next = (): void => {
    while (queue.length > 0 && taken + queue[0]!.room <= most) {
      const { room, go } = queue.shift()!
      taken += room
      go()
    }
  }
  const pass = async <T>(room: number, work: () => Promise<T>): Promise<T> => {
    await new Promise<void>((go) => {
      queue.push({ room, go })
      next()
    })
    try {
      return await work()
    } finally {
      taken -= room
      next()
    }
  }
  return { shared: (work) => pass(1, work), alone: (work) => pass(most, work) }
}
