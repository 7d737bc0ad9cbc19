import * as tf from '@tensorflow/tfjs'
import { UserError } from '../../errors.ts'
import { loadEngine, openSession, type Session } from '../engine/index.ts'
import type { Answer, HostTensor, HostTensors, Request } from './messages.ts'

/** Answers requests, one after the other, until the process that asks is gone. */
export function serve(): void {
  // Begun before anybody asks: what fails is said in the answers.
  const engine = loadEngine({ name: 'tensorflow', say: () => undefined, install: false })
  engine.catch(() => undefined)
  const sessions = new Map<string, Session>()
  const opened = (folder: string): Session => {
    const session = sessions.get(folder) ?? openSession(folder)
    sessions.set(folder, session)
    return session
  }
  const answer = async (request: Request): Promise<HostTensors> => {
    await engine
    const session = opened(request.folder)
    if (request.kind === 'load') return {}
    const found: Record<string, HostTensor> = {}
    tf.tidy(() => {
      const outputs = session.run(request.ends, (name) => {
        const given = request.inputs[name]
        if (!given) throw new Error(`input ${name} is not given`)
        return tf.tensor(given.data, [...given.shape], given.data instanceof Int32Array ? 'int32' : 'float32')
      })
      for (const [name, tensor] of Object.entries(outputs))
        found[name] = { shape: tensor.shape, data: tensor.dataSync() as Float32Array }
    })
    return found
  }
  const send = (message: Answer): void => void process.send!(message)
  let last: Promise<void> = Promise.resolve()
  process.on('message', (request: Request) => {
    last = last.then(() =>
      answer(request).then(
        (outputs) => send({ id: request.id, outputs, peakBytes: process.resourceUsage().maxRSS * 1024 }),
        (error: unknown) =>
          send({
            id: request.id,
            problem: error instanceof Error ? error.message : String(error),
            ...(error instanceof UserError && error.help && { help: error.help }),
          }),
      ),
    )
  })
  process.on('disconnect', () => process.exit())
}
