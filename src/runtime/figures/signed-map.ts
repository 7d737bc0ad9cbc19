import type { Picture } from '../data/picture.ts'
import { colourAt } from '../report/colour-map.ts'

/** From blue by white to orange (Okabe and Ito's pair that people of every colour vision tell apart), the ends darker. */
export const blueOrange: readonly (readonly [number, number, number])[] = [
  [0, 60, 100],
  [0, 114, 178],
  [120, 185, 220],
  [247, 247, 247],
  [240, 175, 110],
  [213, 94, 0],
  [125, 45, 0],
]

/** A value a pixel, drawn from -`max` (blue) by 0 (white) to `max` (orange). */
export function signedMap(values: Float32Array, width: number, height: number, max: number): Picture {
  const data = new Uint8Array(width * height * 3)
  values.forEach((value, at) => data.set(colourAt(blueOrange, (value / max + 1) / 2), 3 * at))
  return { width, height, data }
}

/** An end for `signedMap` that uses the colours well: 99 of 100 values lie inside; 1, 2 or 5 times a power of ten, or a multiple of 4 above 8. */
export function suggestSignedMax(values: Float32Array): number {
  const sizes = values.map(Math.abs).sort()
  const most = sizes[Math.floor(sizes.length * 0.99)] ?? 0
  return [1, 2, 4, 8].find((end) => most <= end) ?? Math.ceil(most / 8) * 8
}
