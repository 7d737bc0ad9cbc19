/** Centre of pixel `index` out of `count` in [-1, 1], in float32 as make_coord computes it: -1 + 1/n + (2/n) i. */
export const pixelCentre = (index: number, count: number): number =>
  Math.fround(Math.fround(-1 + 1 / count) + Math.fround(Math.fround(2 / count) * index))
