import type { Picture } from './picture.ts'

/** Positions along a side of a pixel at which it is asked whether they lie in the disk. */
const parts = 16

/**
 * What a lens out of focus makes of a picture: every pixel becomes the mean over a disk of `radius` pixels around its centre. A pixel counts by
 * its share in the disk, told at 16 x 16 positions of it; all is integers, rounded once. Beyond the border the outermost pixels are repeated.
 * `radius` of 0.5 or less changes nothing.
 */
export function defocus(picture: Picture, radius: number): Picture {
  if (!(radius >= 0) || !Number.isFinite(radius)) throw new RangeError(`defocus: radius must be 0 or more, not ${radius}`)
  const { width, height, data } = picture
  const { reach, weights, total } = disk(radius)
  if (reach === 0) return { width, height, data: data.slice() }
  const side = 2 * reach + 1
  const across = width + 2 * reach
  const framed = new Uint8Array(across * (height + 2 * reach) * 3)
  const within = (at: number, length: number): number => Math.min(Math.max(at - reach, 0), length - 1)
  for (let y = 0, to = 0; y < height + 2 * reach; y += 1)
    for (let x = 0; x < across; x += 1, to += 3) {
      const from = 3 * (within(y, height) * width + within(x, width))
      framed[to] = data[from]!
      framed[to + 1] = data[from + 1]!
      framed[to + 2] = data[from + 2]!
    }
  const out = new Uint8Array(data.length)
  const sums = new Int32Array(3 * width)
  for (let y = 0; y < height; y += 1) {
    sums.fill(total >> 1)
    for (let dy = 0; dy < side; dy += 1)
      for (let dx = 0; dx < side; dx += 1) {
        const weight = weights[side * dy + dx]!
        if (weight === 0) continue
        const from = 3 * ((y + dy) * across + dx)
        for (let at = 0; at < sums.length; at += 1) sums[at] = sums[at]! + weight * framed[from + at]!
      }
    for (let at = 0; at < sums.length; at += 1) out[3 * y * width + at] = (sums[at]! / total) | 0
  }
  return { width, height, data: out }
}

/** Of each pixel how many of its positions lie in the disk; `reach` is how many pixels it touches on each side of its middle. */
export function disk(radius: number): { readonly reach: number; readonly weights: Int32Array; readonly total: number } {
  const reach = Math.max(0, Math.ceil(radius - 0.5))
  const side = 2 * reach + 1
  const inside = (pixel: number, part: number): number => (pixel - reach - 0.5 + (part + 0.5) / parts) ** 2
  const weights = new Int32Array(side * side)
  for (let at = 0; at < weights.length; at += 1)
    for (let part = 0; part < parts * parts; part += 1) {
      const [row, column] = [Math.floor(at / side), at % side]
      if (inside(row, Math.floor(part / parts)) + inside(column, part % parts) <= radius * radius) weights[at]! += 1
    }
  return { reach, weights, total: weights.reduce((sum, each) => sum + each, 0) }
}
