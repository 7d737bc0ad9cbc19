import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'

/** RGB in [0, 1], rows top to bottom, interleaved: `data` has `width * height * 3` values. */
export interface FloatPicture {
  readonly width: number
  readonly height: number
  readonly data: Float32Array | Float64Array
}

/** What a metric reads: 8-bit samples stand for themselves divided by 255. */
export type Samples = Picture | FloatPicture

/** The border to leave out, in pixels on every side. */
export interface Shave {
  readonly shave?: number
}

/** The samples as 8-bit: clamped to [0, 1], times 255, rounded to nearest. NaN becomes 0. */
export function quantise(samples: FloatPicture): Picture {
  const data = new Uint8Array(samples.data.length)
  for (let i = 0; i < data.length; i += 1) data[i] = Math.min(Math.max(samples.data[i]!, 0), 1) * 255 + 0.5
  return { width: samples.width, height: samples.height, data }
}

/** The part of both pictures that a metric looks at; a UserError where the border leaves nothing. */
export function sharedWindow(
  sr: Samples,
  hr: Samples,
  { shave = 0 }: Shave,
): { left: number; right: number; top: number; bottom: number } {
  requireSameSize(sr, hr)
  if (!(Number.isInteger(shave) && shave >= 0)) throw new RangeError(`shave must be a whole number of pixels, not ${shave}`)
  if (2 * shave >= Math.min(sr.width, sr.height)) {
    throw new UserError(
      `a border of ${shave} pixels leaves nothing of a picture of ${sr.width} x ${sr.height}`,
      'Give a smaller shave, or larger pictures.',
    )
  }
  return { left: shave, right: sr.width - shave, top: shave, bottom: sr.height - shave }
}

/** Comparing pictures of different sizes is a mistake of the caller. */
export function requireSameSize(a: Samples, b: Samples): void {
  if (a.width !== b.width || a.height !== b.height) {
    throw new RangeError(`pictures of ${a.width} x ${a.height} and ${b.width} x ${b.height} cannot be compared`)
  }
}
