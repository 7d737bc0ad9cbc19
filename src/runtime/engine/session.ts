import type { Tensor } from '@tensorflow/tfjs'
import type { Endpoints } from '../../compiler/targets/savedmodel/write.ts'
import { tf } from './load.ts'

/** A SavedModel that is loaded: its signatures share variables. */
export interface Session {
  /** Computes one signature; the caller disposes of the outputs. */
  run(ends: Endpoints, input: (name: string) => Tensor): Record<string, Tensor>
  close(): void
}

/** What tfjs-node's backend does with SavedModels, without reading them in JavaScript. */
interface SessionBackend {
  loadSavedModelMetaGraph(folder: string, tags: string): number
  runSavedModel(session: number, inputs: Tensor[], infos: readonly { name: string }[], outputs: readonly string[]): Tensor[]
  deleteSavedModel(session: number): void
}

/** Loads a SavedModel. TensorFlow must be the active engine. */
export function openSession(folder: string): Session {
  const backend = tf().backend() as unknown as SessionBackend
  const id = backend.loadSavedModelMetaGraph(folder, 'serve')
  return {
    run(ends, input) {
      const outputs = [...ends.outputs]
      const results = backend.runSavedModel(
        id,
        [...ends.inputs.keys()].map(input),
        [...ends.inputs.values()].map((name) => ({ name })),
        outputs.map(([, node]) => node),
      )
      return Object.fromEntries(outputs.map(([name], at) => [name, results[at]!]))
    },
    close: () => backend.deleteSavedModel(id),
  }
}
