import { statSync } from 'node:fs'
import type { Weight } from '../../compiler/ir/graph.ts'
import { weightsOf } from '../files/run-folder.ts'
import { formerPaths } from '../network/former-paths.ts'
import { shippedMaps } from './fit.ts'
import type { Mapped } from './map.ts'
import { chooseSet, mappedBy, setsOf } from './sets.ts'
import { openWeights } from './source.ts'

/** What was found for weights, under the names that they have, and the file that it was found in. */
export interface ReadWeights extends Mapped {
  readonly file: string
}

/**
 * What a run, a checkpoint or a file of whatever form gives to some weights, by archc's own names, those of before too, where one fits, else by the
 * map that fits best. It need not give all.
 * @throws UserError naming the file: it is damaged, or several of its sets would do.
 */
export async function readFor(given: string, weights: readonly Weight[]): Promise<ReadWeights> {
  const file = statSync(given, { throwIfNoEntry: false })?.isDirectory() ? weightsOf(given).file : given
  const former = await formerPaths(given)
  const named = weights.map((weight) => ({ ...weight, path: former.get(weight.path) ?? weight.path }))
  const today = new Map(named.map(({ path }, at) => [path, weights[at]!.path]))
  const found = await readNamed(file, named)
  return {
    ...found,
    file,
    tensors: new Map([...found.tensors].map(([path, tensor]) => [today.get(path) ?? path, tensor])),
    missing: found.missing.map((path) => today.get(path) ?? path),
  }
}

async function readNamed(file: string, weights: readonly Weight[]): Promise<Mapped> {
  const source = await openWeights(file)
  try {
    const sets = setsOf(source.dicts, undefined, file)
    const choose = (maps: Parameters<typeof chooseSet>[1]['maps']) =>
      chooseSet(sets, { maps, weights, all: weights, texts: [], file })
    const own = await choose([undefined])
    const { fit } = own.fit.given > 0 ? own : await choose([undefined, ...shippedMaps()])
    return await mappedBy(fit, weights)
  } finally {
    await source.close()
  }
}
