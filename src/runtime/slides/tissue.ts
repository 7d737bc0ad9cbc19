import type { Picture } from '../data/picture.ts'

/** Darker than this is a shadow, a border or ink, and its saturation says nothing. */
const darkest = 40
/** The threshold stays within these: a slide without glass, or without tissue, has no two kinds of pixels to tell apart. */
const [least, most] = [0.05, 0.15]

/** What `tissueShare` takes for tissue, to be kept with its results. */
export const definition = `saturation (max - min) / max above Otsu's threshold, which stays within ${least} and ${most}, on a thumbnail; pixels darker than ${darkest} of 255 are none`

/** Which pixels of a thumbnail are tissue, and the threshold of saturation. */
export interface TissueMask {
  readonly width: number
  readonly height: number
  readonly threshold: number
  readonly isTissue: Uint8Array
}

/** Tissue is coloured, glass is not. */
export function tissueMask({ width, height, data }: Picture): TissueMask {
  const saturation = new Uint8Array(width * height)
  for (let pixel = 0; pixel < saturation.length; pixel += 1) {
    const [red, green, blue] = [data[pixel * 3]!, data[pixel * 3 + 1]!, data[pixel * 3 + 2]!]
    const bright = Math.max(red, green, blue)
    if (bright >= darkest) saturation[pixel] = Math.round((255 * (bright - Math.min(red, green, blue))) / bright)
  }
  const threshold = Math.min(most, Math.max(least, otsu(saturation) / 255))
  return { width, height, threshold, isTissue: saturation.map((value) => (value > threshold * 255 ? 1 : 0)) }
}

/** The value that parts 8-bit samples in two with the most variance between (Otsu 1979); 0 where all are equal. */
export function otsu(values: Uint8Array): number {
  const counts = new Float64Array(256)
  for (const value of values) counts[value]! += 1
  const total = counts.reduce((sum, count, value) => sum + count * value, 0)
  let [best, threshold, below, sumBelow] = [0, 0, 0, 0]
  for (let value = 0; value < 255; value += 1) {
    below += counts[value]!
    sumBelow += counts[value]! * value
    const above = values.length - below
    if (below === 0 || above === 0) continue
    const between = below * above * (sumBelow / below - (total - sumBelow) / above) ** 2
    if (between > best) [best, threshold] = [between, value]
  }
  return threshold
}

/** The share of tissue in a part of what the mask shows; the part is given as shares of its width and height. */
export function tissueShare(mask: TissueMask, left: number, top: number, right: number, bottom: number): number {
  const at = (share: number, length: number): number => Math.min(length - 1, Math.max(0, Math.round(share * length)))
  const [x0, y0] = [at(left, mask.width), at(top, mask.height)]
  const [x1, y1] = [Math.max(x0 + 1, Math.round(right * mask.width)), Math.max(y0 + 1, Math.round(bottom * mask.height))]
  let tissue = 0
  for (let y = y0; y < y1; y += 1) for (let x = x0; x < x1; x += 1) tissue += mask.isTissue[y * mask.width + x] ?? 0
  return tissue / ((x1 - x0) * (y1 - y0))
}
