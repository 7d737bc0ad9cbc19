import { resizeWeights } from '../data/pillow.ts'
import type { PictureSource } from '../data/source.ts'
import { luminance } from '../metrics/psnr.ts'
import { rowsOf, type Rows } from './canvas.ts'
import type { Extent, Rectangle } from './places.ts'

/** What red, green and blue gain where luma gains one and the other two of YCbCr stay. */
const gain = 255 / 219

/** Each of them three times: a computed luma on its way through what holds colours. */
export function thrice(values: Float32Array): Float32Array {
  const all = new Float32Array(3 * values.length)
  for (let at = 0; at < values.length; at += 1) all.fill(values[at]!, 3 * at, 3 * at + 3)
  return all
}

/**
 * Rows of luma, given three times, as rows of colours: luma is the network's, the rest of YCbCr that of the picture enlarged by bicubic.
 * That is the bicubic picture plus what its own luma lacks.
 */
export async function* coloured(
  all: AsyncIterable<Rows>,
  picture: PictureSource,
  { extent, part }: { readonly extent: Extent; readonly part: Rectangle },
): AsyncGenerator<Rows> {
  const y = resizeWeights(picture.height, extent.height, 'bicubic')
  const x = resizeWeights(picture.width, extent.width, 'bicubic')
  const last = (axis: typeof x, at: number): number => axis.first[at]! + axis.count[at]!
  const width = part.right - part.left
  const [left, right] = [x.first[part.left]!, last(x, part.right - 1)]
  for await (const rows of all) {
    const [top, bottom] = [y.first[rows.from]!, last(y, rows.to - 1)]
    const low = await picture.region(left, top, right - left, bottom - top)
    const wide = new Float32Array(3 * low.height * width)
    for (let row = 0; row < low.height; row += 1)
      for (let at = 0; at < width; at += 1) {
        const column = part.left + at
        for (let channel = 0; channel < 3; channel += 1) {
          let sum = 0
          for (let tap = 0; tap < x.count[column]!; tap += 1)
            sum += x.weights(column, tap) * low.data[3 * (row * low.width + x.first[column]! + tap - left) + channel]!
          wide[3 * (row * width + at) + channel] = sum
        }
      }
    const luma = rows.values()
    const values = new Float32Array(luma.length)
    const colours = [0, 0, 0]
    for (let row = rows.from; row < rows.to; row += 1)
      for (let at = 0; at < width; at += 1) {
        const place = 3 * ((row - rows.from) * width + at)
        for (let channel = 0; channel < 3; channel += 1) {
          let sum = 0
          for (let tap = 0; tap < y.count[row]!; tap += 1)
            sum += y.weights(row, tap) * wide[3 * ((y.first[row]! + tap - top) * width + at) + channel]!
          colours[channel] = sum
        }
        const lacking = gain * (luma[place]! - luminance(colours, 0) / 255)
        for (let channel = 0; channel < 3; channel += 1) values[place + channel] = colours[channel]! / 255 + lacking
      }
    yield rowsOf(rows.from, rows.to, values)
  }
}
