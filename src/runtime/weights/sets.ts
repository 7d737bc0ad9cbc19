import type { Weight } from '../../compiler/ir/graph.ts'
import { UserError } from '../../errors.ts'
import type { Tensor } from '../files/safetensors.ts'
import { compareWeights, misshapenText } from '../network/network.ts'
import { bestFit, type Fit } from './fit.ts'
import { toPaths, type Mapped, type WeightMap } from './map.ts'
import type { NamedTensors } from './source.ts'
import { viewsOf, type Views } from './wrappers.ts'

/** A set of tensors of a file, with what may be meant by it. */
export interface TensorSet {
  readonly dict: NamedTensors
  readonly views: Views
}

/** A set of a file that was not taken. */
export interface OtherSet {
  readonly key: string
  readonly count: number
}

const titled = (dict: NamedTensors): string => `${dict.key || '(the whole file)'}, ${dict.names.length} tensors`

/**
 * The sets of a file: all, or the one under `key`, which may be a part of one (`state_dict.generator`).
 * @throws UserError naming those that there are.
 */
export function setsOf(dicts: readonly NamedTensors[], key: string | undefined, file: string): readonly TensorSet[] {
  const sets = dicts.map((dict): TensorSet => ({ dict, views: viewsOf(dict) }))
  if (key === undefined) return sets
  const found = sets.filter(({ dict }) => dict.key === key)
  if (found.length > 0) return found
  const inside = sets.flatMap(({ views }) => views.possible).find((view) => view.key === key)
  if (inside) return [{ dict: inside, views: viewsOf(inside) }]
  throw new UserError(`${file} has no tensors under ${key}`, `it has: ${dicts.map(titled).join('; ')}`)
}

/** What a set is wanted for. */
interface Wanted {
  readonly maps: readonly (WeightMap | undefined)[]
  /** What must be given, and what may be besides: weights of training alone. */
  readonly weights: readonly Weight[]
  readonly all: readonly Weight[]
  /** The files of the model and its variants. */
  readonly texts: readonly string[]
  readonly file: string
}

/** Weights by path as a fit gives them, from the numbers of the file. */
export async function mappedBy(fit: Fit, weights: readonly Weight[]): Promise<Mapped> {
  const loaded = await fit.dict.load(fit.wanted)
  return fit.map ? toPaths(loaded, fit.map, weights) : ownNames(loaded, weights)
}

/**
 * Of the sets of a file the one that a network takes its weights from: the only one that has them all, in their shapes, else the one that comes
 * nearest. Sets of the same numbers are one.
 * @throws UserError naming the sets where several would do.
 */
export async function chooseSet(sets: readonly TensorSet[], wanted: Wanted): Promise<{ fit: Fit; others: readonly OtherSet[] }> {
  const { maps, weights, texts } = wanted
  const best = (views: readonly NamedTensors[]): Fit => bestFit(views, maps, weights, texts)
  const isWhole = (fit: Fit): boolean => fit.given === weights.length
  const likely = sets.map(({ views }) => best(views.likely))
  const whole = likely.filter(isWhole)
  // One tensor of a file may become three weights, a query, a key and a value: never many more.
  const isEnough = ({ names }: NamedTensors): boolean => 4 * names.length >= weights.length
  if (whole.length === 0)
    whole.push(
      ...sets.flatMap(({ views }) =>
        views.possible
          .filter(isEnough)
          .map((view) => best([view]))
          .filter(isWhole),
      ),
    )
  const fit = whole.length > 1 ? await onlyOne(whole, wanted) : (whole[0] ?? best(sets.flatMap(({ views }) => views.likely)))
  return { fit, others: othersThan(fit, sets) }
}

/** Of fits that give every weight by its name the only one whose shapes are right too; where none are, the first. */
async function onlyOne(fits: readonly Fit[], { all, file }: Wanted): Promise<Fit> {
  const fitting: { readonly fit: Fit; readonly tensors: Mapped['tensors'] }[] = []
  for (const fit of fits) {
    const { tensors, misshapen } = await mappedBy(fit, all)
    if (misshapen.length === 0 && !fitting.some((other) => areEqual(other.tensors, tensors))) fitting.push({ fit, tensors })
  }
  if (fitting.length > 1)
    throw new UserError(
      `${file} has ${fitting.length} sets of tensors that fit the model: ${fitting.map((each) => titled(each.fit.dict)).join('; ')}`,
      `say which with --key, as --key ${fitting[0]!.fit.dict.key || fitting[1]!.fit.dict.key} of archc weights import (what is called ema is an average over the training, mostly the better)`,
    )
  return fitting[0]?.fit ?? fits[0]!
}

const areEqual = (some: ReadonlyMap<string, Tensor>, others: ReadonlyMap<string, Tensor>): boolean =>
  some.size === others.size &&
  [...some].every(([name, { data }]) => {
    const other = others.get(name)?.data
    return other?.length === data.length && data.every((value, at) => Object.is(value, other[at]))
  })

/** The file's other sets; of a set that was taken in part, what else stands at its first level. */
function othersThan({ dict }: Fit, sets: readonly TensorSet[]): readonly OtherSet[] {
  return sets.flatMap(({ dict: { key, names } }): OtherSet[] => {
    if (key === dict.key) return []
    const within = key === '' ? dict.key : dict.key.startsWith(`${key}.`) ? dict.key.slice(key.length + 1) : ''
    if (within === '') return [{ key, count: names.length }]
    const groups = new Map<string, number>()
    for (const name of names.filter((each) => !each.startsWith(`${within}.`))) {
      const part = [...(key ? [key] : []), name.split('.')[0]!].join('.')
      groups.set(part, (groups.get(part) ?? 0) + 1)
    }
    return [...groups].map(([part, count]) => ({ key: part, count }))
  })
}

/** A tensor as weights are: float32, whatever the file has. */
export const asFloats = (tensor: Tensor): Tensor =>
  tensor.dtype === 'F32' ? tensor : { shape: tensor.shape, dtype: 'F32', data: Float32Array.from(tensor.data) }

function ownNames(tensors: ReadonlyMap<string, Tensor>, weights: readonly Weight[]): Mapped {
  const { missing, extra, misshapen } = compareWeights(weights, tensors)
  return {
    tensors,
    ignored: [],
    missing,
    leftOver: extra,
    unused: extra.map((name) => ({ name, path: name })),
    misshapen: misshapen.map(misshapenText),
  }
}
