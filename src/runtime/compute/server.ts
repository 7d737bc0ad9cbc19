import * as tf from '@tensorflow/tfjs'
import { loadEngine, loadSavedModel, type SavedModel } from '../engine/index.ts'
import type { Answer, HostTensors, Request } from './messages.ts'

/** Answers requests, one after the other, until the process that asks is gone. */
export function serve(): void {
  const models = new Map<string, Promise<SavedModel>>()
  const model = (folder: string, signature: string): Promise<SavedModel> => {
    const key = `${folder}\n${signature}`
    const known = models.get(key)
    if (known) return known
    const loading = loadSavedModel(folder, signature)
    models.set(key, loading)
    return loading
  }
  const answer = async (request: Request): Promise<HostTensors> => {
    await loadEngine({ name: 'tensorflow', say: () => undefined, install: false })
    if (request.kind === 'load') {
      for (const signature of request.signatures) await model(request.folder, signature)
      return {}
    }
    const loaded = await model(request.folder, request.signature)
    const inputs = Object.fromEntries(
      Object.entries(request.inputs).map(([name, { data, shape }]) => [
        name,
        tf.tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32'),
      ]),
    )
    try {
      const outputs = Object.entries(loaded.predict(inputs))
      const found = outputs.map(([name, tensor]) => [name, { shape: tensor.shape, data: tensor.dataSync() }] as const)
      tf.dispose(outputs.map(([, tensor]) => tensor))
      return Object.fromEntries(found) as HostTensors
    } finally {
      tf.dispose(inputs)
    }
  }
  const send = (message: Answer): void => void process.send!(message)
  let last: Promise<void> = Promise.resolve()
  process.on('message', (request: Request) => {
    last = last.then(() =>
      answer(request).then(
        (outputs) => send({ id: request.id, outputs, peakBytes: process.resourceUsage().maxRSS * 1024 }),
        (error: unknown) => send({ id: request.id, problem: error instanceof Error ? error.message : String(error) }),
      ),
    )
  })
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches the whole group: the process that asks decides when this one ends.
  process.on('SIGINT', () => undefined)
}
