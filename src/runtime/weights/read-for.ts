import type { Weight } from '../../compiler/ir/graph.ts'
import { shippedMaps } from './fit.ts'
import type { Mapped } from './map.ts'
import { chooseSet, mappedBy, setsOf } from './sets.ts'
import { openWeights } from './source.ts'

/**
 * What a file of whatever form gives to some weights, by archc's own names where one fits, else by the map that fits best. It need not give all.
 * @throws UserError naming the file: it is damaged, or several of its sets would do.
 */
export async function readFor(file: string, weights: readonly Weight[]): Promise<Mapped> {
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
