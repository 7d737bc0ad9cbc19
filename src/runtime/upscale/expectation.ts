import type { Compression } from '../data/compression.ts'
import { carriedWeights, type CarriedWeights } from '../weights/carried.ts'

/** What a picture is taken as (`takenAs`). */
type Taken = Pick<Compression, 'quality'> | undefined

/** What weights made of such pictures where it was measured: dB over Bicubic. */
export interface Expectation {
  /** Scale and quality that were measured, the nearest; no quality of what was never compressed. */
  readonly scale: number
  readonly quality?: number
  readonly gain: number
  /** The same of pictures that were never compressed. */
  readonly uncompressed: number
}

export function expectationOf(compression: Taken, weights: CarriedWeights, wanted: number): Expectation {
  const { scale, uncompressed, jpeg } = nearest(weights.gains, (each) => Math.log(each.scale / wanted))
  if (!compression) return { scale, gain: uncompressed, uncompressed }
  const quality = nearest(Object.keys(jpeg).map(Number), (each) => each - compression.quality)
  return { scale, quality, gain: jpeg[quality]!, uncompressed }
}

/** What other weights must gain more to be named, in dB. */
const worthNaming = 0.1

/** The carried weights that gain most on such pictures, where they are not these and gain clearly more. */
export function betterWeights(
  compression: Taken,
  weights: CarriedWeights,
  scale: number,
  all: readonly CarriedWeights[] = carriedWeights,
): CarriedWeights | undefined {
  const gainOf = (each: CarriedWeights): number => expectationOf(compression, each, scale).gain
  const best = all.reduce((found, each) => (gainOf(each) > gainOf(found) ? each : found), weights)
  return gainOf(best) > gainOf(weights) + worthNaming ? best : undefined
}

const nearest = <T>(all: readonly T[], away: (one: T) => number): T =>
  all.reduce((best, each) => (Math.abs(away(each)) < Math.abs(away(best)) ? each : best))

/** `JPEG of quality 80 (4:2:0) by its tables`. */
export const compressionText = ({ quality, subsampling, from }: Compression): string =>
  `JPEG of quality ${quality}${subsampling ? ` (${subsampling})` : ''} by its ${from}`

/** The same, or that nothing was seen. */
export const seenText = (seen: Compression | undefined): string =>
  seen ? compressionText(seen) : 'no JPEG by its file or pixels'

/** What is to be expected of a picture, and which weights fit it better; nothing is known of weights of the user's own. */
export function expectationText(
  compression: Taken,
  weights: CarriedWeights | undefined,
  scale: number,
  all: readonly CarriedWeights[] = carriedWeights,
): string {
  if (!weights) return 'what these weights make of compressed pictures was not measured'
  const expected = expectationOf(compression, weights, scale)
  const { gain, uncompressed, quality } = expected
  const clean = quality === undefined ? '' : `, and ${besideBicubic(uncompressed)} where nothing was compressed`
  const better = betterWeights(compression, weights, scale, all)
  const advice = better
    ? `: --weights ${better.name} fits better, ${besideBicubic(expectationOf(compression, better, scale).gain)}`
    : gain < 0 && uncompressed > 0
      ? ': take a copy that was never compressed where there is one'
      : ''
  const where = quality === undefined ? `x${expected.scale}` : `x${expected.scale} and quality ${quality}`
  return `at ${where} weights ${weights.name} are ${besideBicubic(gain)}${clean} (means of samples/judge)${advice}`
}

const besideBicubic = (gain: number): string => `${Math.abs(gain).toFixed(1)} dB ${gain < 0 ? 'below' : 'above'} Bicubic`

/** What a network is told of a picture's compression, and by whom: `JPEG of quality 80 (4:2:0) by its tables: the network is told 0.47 of 1`. */
export function toldText(seen: Compression | undefined, strength: number, asked: number | 'none' | undefined): string {
  const said = seenText(seen)
  const taken =
    asked === undefined ? '' : `, taken ${asked === 'none' ? 'as never compressed' : `as quality ${asked}`} (--compression)`
  return `${said}${taken}: the network is told ${strength.toFixed(2)} of 1`
}
