import { fork } from 'node:child_process'
import path from 'node:path'
import type { Endpoints } from '../../compiler/targets/savedmodel/write.ts'
import { UserError } from '../../errors.ts'
import { archcRoot } from '../../root.ts'
import { errorCode } from '../files/file-error.ts'
import type { Answer, HostTensors, Request } from './messages.ts'

/** A process of its own that computes SavedModels, so that signals, progress and loading never wait for it. */
export interface Computer {
  readonly pid: number
  /** The largest memory that it has held so far, in bytes. */
  readonly peakBytes: number
  /** Reads the SavedModel in `folder`; its signatures share one session and its variables. */
  load(folder: string): Promise<void>
  /** Computes one of its signatures. Throws a UserError when the process is gone. */
  run(folder: string, ends: Endpoints, inputs?: HostTensors): Promise<HostTensors>
  close(): void
}

type Waiting = { readonly resolve: (outputs: HostTensors) => void; readonly reject: (error: Error) => void }
type Question = Request extends infer Kind ? (Kind extends Request ? Omit<Kind, 'id'> : never) : never

/** Starts a computing process on TensorFlow. */
export function startComputer(): Computer {
  const child = fork(path.join(archcRoot, 'bin', 'compute.js'), [], {
    serialization: 'advanced',
    // In a session of its own: what a terminal, `timeout` or a shell sends to the group is for the process that asks.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    // Each of its errors comes back as an answer as well. One kernel at a time, each on all cores: as fast, and less is held.
    env: { ...process.env, TF_NUM_INTEROP_THREADS: '1', TF_CPP_MIN_LOG_LEVEL: '3' },
  })
  const waiting = new Map<number, Waiting>()
  let count = 0
  let peakBytes = 0
  let gone: UserError | undefined
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)))
  child.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('problem' in answer) asked?.reject(answer.help ? new UserError(answer.problem, answer.help) : new Error(answer.problem))
    else {
      peakBytes = answer.peakBytes
      asked?.resolve(answer.outputs)
    }
  })
  const end = (how: string): void => {
    gone ??= new UserError(
      `the process that computes ended (${how})${said.trim() ? `: ${said.trim()}` : ''}`,
      'where memory is short, use a smaller preset or batch; what was saved stands',
    )
    for (const { reject } of waiting.values()) reject(gone)
    waiting.clear()
  }
  // A process that is gone cannot be written to; how it ended is told by its exit, which follows.
  const fail = (error: Error): void => {
    if (errorCode(error) !== 'EPIPE') end(error.message)
  }
  child.on('error', fail)
  child.on('exit', (code, signal) => end(signal ?? `exit code ${code}`))
  const ask = (question: Question): Promise<HostTensors> =>
    new Promise((resolve, reject) => {
      if (gone) return reject(gone)
      count += 1
      waiting.set(count, { resolve, reject })
      child.send({ ...question, id: count } satisfies Request, (error) => error && fail(error))
    })
  return {
    pid: child.pid!,
    get peakBytes() {
      return peakBytes
    },
    load: async (folder) => void (await ask({ kind: 'load', folder })),
    run: (folder, ends, inputs = {}) => ask({ kind: 'run', folder, ends, inputs }),
    close() {
      gone = new UserError('the process that computes was closed')
      child.disconnect()
    },
  }
}
