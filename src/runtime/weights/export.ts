import { UserError } from '../../errors.ts'
import { writeSafetensors, type Tensor } from '../files/safetensors.ts'
import type { OpenedNetwork } from '../network/open-network.ts'
import { bestNames, shippedMaps } from './fit.ts'
import { pytorchPaths } from './own-names.ts'
import { planByPath, readMap, toNames, type WeightMap } from './map.ts'

/** Weights under the names and in the layouts of an official repository. */
export interface Named {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly map: WeightMap
}

/**
 * The weights of a network by the inverse of a map: one of archc's by its name, a file of the user's, or the one that fits best;
 * where no map of archc's has a name for each, by their own paths as PyTorch writes such.
 * @throws UserError listing in full the weights that the map has no name for.
 */
export function officialNames({ loaded, network }: OpenedNetwork, map?: string): Named {
  const paths = network.weights.map((weight) => weight.path)
  const files = [loaded.file, ...(loaded.options.variants ?? [])]
  const likeliest = map === undefined ? bestNames(shippedMaps(), paths, files) : readMap(map)
  const isWhole = map !== undefined || planByPath(likeliest, paths).leftOver.length === 0
  const chosen = isWhole ? likeliest : pytorchPaths(network)
  const { transfers, leftOver } = planByPath(chosen, paths)
  if (leftOver.length > 0)
    throw new UserError(
      `the map ${chosen.name} has no name for ${leftOver.length} of ${paths.length} weights:\n  ${leftOver.join('\n  ')}`,
      'name another map with --map, or write one (an example: models/maps/liif.json)',
    )
  return { tensors: toNames(network.read(), transfers), map: chosen }
}

/**
 * Writes weights under official names as a safetensors file, which PyTorch loads with safetensors.torch.load_file.
 * @throws UserError when a map is not whole or the file cannot be written.
 */
export async function exportNamed(opened: OpenedNetwork, file: string, map?: string): Promise<Named> {
  const named = officialNames(opened, map)
  await writeSafetensors(file, named.tensors, { format: 'pt', names: named.map.repository })
  return named
}
