import { asInteger, type Size } from '../../compiler/shapes/size.ts'
import { luminance } from '../metrics/psnr.ts'

/** A picture's side of a network: an input or an output. */
interface Side {
  /** Channels stand last: three are red, green and blue; one is luma. */
  readonly shape: readonly Size[]
  readonly range: readonly [number, number]
}

/** Whether it is luma alone, Y of BT.601 as MATLAB's rgb2ycbcr and BasicSR have it. */
export const isLuma = ({ shape }: Pick<Side, 'shape'>): boolean => asInteger(shape.at(-1)!) === 1

/** 8-bit RGB as a network takes it: 0 and 255 become the ends of the range. Luma is not rounded, and goes from 16 to 235 of 255. */
export function normalised(data: Uint8Array, side: Side): Float32Array {
  const [from, to] = side.range
  if (isLuma(side))
    return Float32Array.from({ length: data.length / 3 }, (_, at) => (luminance(data, 3 * at) / 255) * (to - from) + from)
  const values = new Float32Array(data.length)
  for (let at = 0; at < data.length; at += 1) values[at] = (data[at]! / 255) * (to - from) + from
  return values
}
