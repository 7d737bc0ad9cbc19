import { existsSync } from 'node:fs'
import { runPaths } from '../files/run-layout.ts'
import { openWeights, type WeightSource } from './source.ts'

/** Names and shapes of a file, without the numbers. */
export interface WeightList {
  readonly form: WeightSource['form']
  /** One for each place in a checkpoint where tensors are, the likeliest weights first. */
  readonly dicts: readonly {
    /** The keys that lead there, `model.sd`; empty for the whole file. */
    readonly key: string
    readonly shapes: readonly { readonly path: string; readonly shape: readonly number[] }[]
  }[]
}

/**
 * Lists what a run, or a file that `openWeights` reads, holds.
 * @throws UserError naming the file for whatever is wrong with it.
 */
export async function listWeights(file: string): Promise<WeightList> {
  const own = runPaths(file).weights
  const { form, dicts, close } = await openWeights(existsSync(own) ? own : file)
  await close()
  return {
    form,
    dicts: dicts.map(({ key, names, shapeOf }) => ({ key, shapes: names.map((path) => ({ path, shape: shapeOf(path) })) })),
  }
}
