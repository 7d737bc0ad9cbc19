import { scaleLimits, type Scale } from '../../compiler/plan.ts'
import { listing, UserError } from '../../errors.ts'
import { lookAtEach, type DataEntry } from './dataset.ts'
import type { Picture } from './picture.ts'

type Extent = Pick<Picture, 'width' | 'height'>

/** A picture whose low-resolution one was made elsewhere. */
export interface PairedEntry extends DataEntry {
  readonly low: NonNullable<DataEntry['low']>
}

export const isPaired = (entry: DataEntry): entry is PairedEntry => entry.low !== undefined

/**
 * The scale between a picture and its low-resolution one; undefined where there is none. A whole number where the larger divides by it to the
 * smaller, but for less than one pixel of it at the right and below, which is cut off (`fixed`, a model's only scale, may be another number); else
 * the ratio of the sides, where both agree as well as rounding lets them.
 */
export function scaleBetween(high: Extent, low: Extent, fixed?: number): number | undefined {
  const whole = Math.max(1, Math.floor(high.width / low.width))
  const divides = (m: number): boolean => Math.floor(high.width / m) === low.width && Math.floor(high.height / m) === low.height
  if (fixed !== undefined && divides(fixed)) return fixed
  if (divides(whole)) return whole
  const ends = (side: 'width' | 'height'): readonly [number, number] => [
    high[side] / (low[side] + 1),
    high[side] / Math.max(0.5, low[side] - 1),
  ]
  const [across, down] = [ends('width'), ends('height')]
  if (Math.max(across[0], down[0]) > Math.min(across[1], down[1])) return undefined
  return high.width >= high.height ? high.width / low.width : high.height / low.height
}

/** The scale and the low-resolution size of each picture that has a ready-made low-resolution one, by its path. */
export type Pairs = ReadonlyMap<string, { readonly m: number; readonly low: Extent }>

/**
 * Looks at the sizes of all pairs, before anything is computed. `problem` says what else is wrong with a pair of these sizes.
 * @throws UserError that names every pair whose sizes have no scale, or none that the model has.
 */
export async function pairsOf(
  entries: readonly DataEntry[],
  model: { readonly name: string; readonly scale: Scale },
  problem: (m: number, low: Extent) => string | undefined = () => undefined,
): Promise<Pairs> {
  const paired = entries.filter(isPaired)
  if (paired.length === 0) return new Map()
  const sizes = await lookAtEach(paired.flatMap((entry) => [entry, entry.low]))
  const sizeOf = (path: string): Extent => {
    const size = sizes.get(path)!
    if (size instanceof UserError) throw size
    return size
  }
  const pairs = new Map<string, { m: number; low: Extent }>()
  const [least, most] = scaleLimits(model.scale)
  const wrong = paired.flatMap(({ name, path, low }) => {
    const [high, small] = [sizeOf(path), sizeOf(low.path)]
    const m = scaleBetween(high, small, model.scale.kind === 'fixed' ? model.scale.value : undefined)
    const said = `${name} is ${high.width} x ${high.height} and ${low.name} ${small.width} x ${small.height}`
    if (m === undefined) return [`${said}: no scale leads from one to the other`]
    pairs.set(path, { m, low: small })
    if (m < least || m > most)
      return [
        `${said}: x${Number(m.toPrecision(4))}; ${model.name} enlarges ${least === most ? least : `${least} to ${most}`} times`,
      ]
    const other = problem(m, small)
    return other === undefined ? [] : [`${said}: ${other}`]
  })
  if (wrong.length > 0)
    throw new UserError(
      listing(`${wrong.length} of ${paired.length} pictures do not fit their low-resolution ones:`, wrong),
      'make the low-resolution pictures by one scale of the model',
    )
  return pairs
}

/** All scales of pairs, ascending. */
export const scalesOf = (pairs: Pairs): number[] => [...new Set([...pairs.values()].map(({ m }) => m))].sort((a, b) => a - b)
