import { createRandom } from '../files/random.ts'

/** A mean with its 95 % interval. */
export interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** How intervals are made; stands below the tables. */
export const resamples = 10_000
const level = 0.95
/** Fewer units than this give no interval: even if all agreed, chance alone would do that more often than once in twenty. */
export const fewestUnits = 6

/** Draws of `count` out of `count` with replacement, `resamples` times over: the same for every comparison. */
const drawn = new Map<number, Int32Array>()
function draws(count: number): Int32Array {
  const known = drawn.get(count)
  if (known) return known
  const random = createRandom(1).split(`bootstrap of ${count}`)
  const indices = Int32Array.from({ length: resamples * count }, () => random.int(count))
  drawn.set(count, indices)
  return indices
}

/**
 * The mean of values and its percentile bootstrap interval of 95 %. `units` are what is drawn with replacement: tiles
 * one by one, or the tiles of a picture together. Undefined where there are too few of them.
 */
export function bootstrapMean(units: readonly (readonly number[])[]): Interval | undefined {
  if (units.length < fewestUnits) return undefined
  const sums = units.map((values) => values.reduce((sum, value) => sum + value, 0))
  const indices = draws(units.length)
  const means = new Float64Array(resamples)
  for (let resample = 0; resample < resamples; resample += 1) {
    let sum = 0
    let count = 0
    for (let at = resample * units.length; at < (resample + 1) * units.length; at += 1) {
      sum += sums[indices[at]!]!
      count += units[indices[at]!]!.length
    }
    means[resample] = sum / count
  }
  means.sort()
  const total = units.reduce((count, values) => count + values.length, 0)
  return {
    mean: sums.reduce((sum, value) => sum + value, 0) / total,
    low: percentile(means, (1 - level) / 2),
    high: percentile(means, (1 + level) / 2),
  }
}

/** Of sorted values, linear between neighbours. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  const at = share * (sorted.length - 1)
  const below = Math.floor(at)
  const low = sorted[below]!
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!
  return low + (high - low) * (at - below)
}

/** `a - b`, tile by tile, put together by `unitOf`; both sides have the same tiles in the same order. */
export function pairedUnits(a: readonly number[], b: readonly number[], unitOf: (tile: number) => string): number[][] {
  if (a.length !== b.length) throw new Error(`${a.length} tiles cannot be paired with ${b.length}`)
  const units = new Map<string, number[]>()
  a.forEach((value, tile) => {
    const unit = unitOf(tile)
    units.set(unit, [...(units.get(unit) ?? []), value - b[tile]!])
  })
  return [...units.values()]
}

/** Whether the interval leaves open which of the two is better. */
export const isOpen = ({ low, high }: Interval): boolean => low <= 0 && high >= 0
