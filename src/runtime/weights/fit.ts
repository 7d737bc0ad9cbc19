import path from 'node:path'
import type { Weight } from '../../compiler/ir/graph.ts'
import { archcRoot } from '../../root.ts'
import { shippedNames } from './map-file.ts'
import { planByName, planByPath, readMap, type WeightMap } from './map.ts'
import type { NamedTensors } from './source.ts'

/** Which tensors a network takes them from, and by which map; no map: the names are archc's own paths. */
export interface Fit {
  readonly dict: NamedTensors
  readonly map?: WeightMap
  /** Names to read: all but those that the map knows to be dead. */
  readonly wanted: readonly string[]
  readonly ignored: readonly { readonly name: string; readonly why: string }[]
  /** How many weights get something, and how many names and weights are left alone. */
  readonly given: number
  readonly problems: number
}

/** All maps that archc brings. */
export const shippedMaps = (): readonly WeightMap[] => shippedNames().map((name) => readMap(name))

/** How near a map is to a model: 2 for its file or a variant applied to it, 1 for a copy of that name, 0 for another model. */
export function nearness(map: WeightMap | undefined, files: readonly string[]): number {
  if (map?.model === undefined) return 0
  const own = path.join(archcRoot, map.model)
  if (files.some((file) => path.resolve(file) === own)) return 2
  return files.some((file) => path.basename(file) === path.basename(own)) ? 1 : 0
}

/**
 * Of all dicts of a file and all maps, the pair that leaves fewest weights without a tensor and fewest tensors without a weight;
 * of equals the map of this model, then the likelier dict. Where nothing fits, the likeliest dict. Goes by names alone:
 * nothing is read.
 */
export function bestFit(
  dicts: readonly NamedTensors[],
  maps: readonly (WeightMap | undefined)[],
  weights: readonly Weight[],
  files: readonly string[],
): Fit {
  const fits = dicts.flatMap((dict) => maps.map((map) => fitOf(dict, map, weights)))
  const better = (one: Fit, other: Fit): number =>
    Number(one.given === 0) - Number(other.given === 0) ||
    (one.given === 0 ? 0 : one.problems - other.problems) ||
    nearness(other.map, files) - nearness(one.map, files)
  return fits.sort(better)[0]!
}

function fitOf(dict: NamedTensors, map: WeightMap | undefined, weights: readonly Weight[]): Fit {
  const known = new Set(weights.map((weight) => weight.path))
  if (!map) {
    const given = dict.names.filter((name) => known.has(name)).length
    const problems = known.size + dict.names.length - 2 * given
    return { dict, wanted: dict.names, ignored: [], given, problems }
  }
  const { transfers, ignored, leftOver } = planByName(map, dict.names)
  const given = new Set(transfers.flatMap(({ paths }) => paths.filter((name) => known.has(name)))).size
  const strange = transfers.filter(({ paths }) => !paths.some((name) => known.has(name))).flatMap(({ names }) => names)
  const dead = new Set(ignored.map(({ name }) => name))
  return {
    dict,
    map,
    wanted: dict.names.filter((name) => !dead.has(name)),
    ignored,
    given,
    problems: known.size - given + leftOver.length + strange.length,
  }
}

/** Of some maps the one that has names for most of these weights; of equals the map of this model. */
export function bestNames(maps: readonly WeightMap[], paths: readonly string[], files: readonly string[]): WeightMap {
  const without = new Map(maps.map((map) => [map, planByPath(map, paths).leftOver.length]))
  return [...maps].sort(
    (one, other) => without.get(one)! - without.get(other)! || nearness(other, files) - nearness(one, files),
  )[0]!
}
