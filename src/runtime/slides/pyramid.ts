import { lay } from '../data/blank-tiles.ts'

/** A level of a pyramid that is made: pixels, and tiles of `side` along both axes. */
export interface PyramidLevel {
  readonly width: number
  readonly height: number
  readonly across: number
  readonly down: number
}

/** Levels of half the size each, down to one that fits into a tile. */
export function pyramidLevels(width: number, height: number, side: number): PyramidLevel[] {
  const levels: PyramidLevel[] = []
  for (let [w, h] = [width, height]; ; [w, h] = [Math.ceil(w / 2), Math.ceil(h / 2)]) {
    levels.push({ width: w, height: h, across: Math.ceil(w / side), down: Math.ceil(h / side) })
    if (w <= side && h <= side) return levels
  }
}

/** RGB pixels, `width` x `height`, both even: each four become their mean. */
export function halved(pixels: Uint8Array, width: number, height: number): Uint8Array {
  const half = new Uint8Array((3 * width * height) / 4)
  const stride = 3 * width
  for (let row = 0, to = 0; row < height; row += 2)
    for (let column = 0, from = row * stride; column < width; column += 2, from += 6)
      for (let channel = from; channel < from + 3; channel += 1, to += 1)
        half[to] = (pixels[channel]! + pixels[channel + 3]! + pixels[channel + stride]! + pixels[channel + stride + 3]! + 2) >> 2
  return half
}

/** Four tiles of `side` pixels as one picture of twice the side. */
export function joined(tiles: readonly Uint8Array[], side: number): Uint8Array {
  const all = { x: 0, y: 0, width: 2 * side, height: 2 * side }
  const data = new Uint8Array(12 * side * side)
  tiles.forEach((tile, at) => lay(tile, { x: (at & 1) * side, y: (at >> 1) * side, width: side, height: side }, data, all, 3))
  return data
}
