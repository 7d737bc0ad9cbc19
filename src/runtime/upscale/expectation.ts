import type { Compression } from '../data/compression.ts'
import type { CarriedWeights } from '../weights/carried.ts'

/** What weights made of such pictures where it was measured: dB over Bicubic. */
export interface Expectation {
  /** Scale and quality that were measured, the nearest. */
  readonly scale: number
  readonly quality: number
  readonly gain: number
  /** The same of pictures that were never compressed. */
  readonly uncompressed: number
}

export function expectationOf(compression: Compression, weights: CarriedWeights, wanted: number): Expectation {
  const { scale, uncompressed, jpeg } = nearest(weights.gains, (each) => Math.log(each.scale / wanted))
  const quality = nearest(Object.keys(jpeg).map(Number), (each) => each - compression.quality)
  return { scale, quality, gain: jpeg[quality]!, uncompressed }
}

const nearest = <T>(all: readonly T[], away: (one: T) => number): T =>
  all.reduce((best, each) => (Math.abs(away(each)) < Math.abs(away(best)) ? each : best))

/** `JPEG of quality 80 (4:2:0) by its tables`. */
export const compressionText = ({ quality, subsampling, from }: Compression): string =>
  `JPEG of quality ${quality}${subsampling ? ` (${subsampling})` : ''} by its ${from}`

/** What is to be expected of a compressed picture; nothing is known of weights of the user's own. */
export function expectationText(compression: Compression, weights: CarriedWeights | undefined, scale: number): string {
  if (!weights) return 'what these weights make of compressed pictures was not measured'
  const expected = expectationOf(compression, weights, scale)
  const { gain, uncompressed } = expected
  return [
    `at x${expected.scale} and quality ${expected.quality} weights ${weights.name} are ${besideBicubic(gain)}, and ${besideBicubic(uncompressed)} where nothing was compressed (means of samples/judge)`,
    gain < 0 && uncompressed > 0 ? ': take a copy that was never compressed where there is one' : '',
  ].join('')
}

const besideBicubic = (gain: number): string => `${Math.abs(gain).toFixed(1)} dB ${gain < 0 ? 'below' : 'above'} Bicubic`

/** What a network is told of a picture's compression, and by whom: `JPEG of quality 80 (4:2:0) by its tables: the network is told 0.47 of 1`. */
export function toldText(seen: Compression | undefined, strength: number, asked: number | 'none' | undefined): string {
  const said = seen ? compressionText(seen) : 'no JPEG by its file or pixels'
  const taken =
    asked === undefined ? '' : `, taken ${asked === 'none' ? 'as never compressed' : `as quality ${asked}`} (--compression)`
  return `${said}${taken}: the network is told ${strength.toFixed(2)} of 1`
}
