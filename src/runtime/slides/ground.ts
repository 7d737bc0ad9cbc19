import { mendedThumbnail } from './mended-region.ts'
import { thumbnailSize, type Slide } from './slide.ts'
import { tissueMask, type TissueMask } from './tissue.ts'

/** What of a slide is tissue, and the colour of the glass around it. */
export interface Ground {
  /** The share of the thumbnail that is tissue. */
  readonly share: number
  /** The median of what is bright and no tissue; white where there is none. */
  readonly glass: readonly [red: number, green: number, blue: number]
  /** Whether there is tissue in a part, which is given as shares of the slide's width and height. */
  hasTissue(left: number, top: number, right: number, bottom: number): boolean
}

/** The longer side of the thumbnail that tissue is looked for on. */
const longest = 2048
/** Glass is at least so bright, of 255. */
const bright = 160
/** Of nine pixels so many make the middle one tissue: a speck of dust or noise is none. */
const majority = 5

export async function groundOf(slide: Slide): Promise<Ground> {
  const [width, height] = thumbnailSize(slide, longest)
  const thumbnail = await mendedThumbnail(slide, width, height)
  const mask = tissueMask(thumbnail)
  const counted = countsIn(withoutSpecks(mask), width, height)
  const at = (share: number, length: number, by: number): number => Math.min(length, Math.max(0, Math.round(share * length) + by))
  return {
    share: counted(0, 0, width, height) / (width * height),
    glass: glassOf(thumbnail.data, mask.isTissue),
    // A pixel of the thumbnail more on each side: the rim of tissue is paler than it.
    hasTissue: (left, top, right, bottom) =>
      counted(
        at(Math.min(left, 1 - 1 / width), width, -1),
        at(Math.min(top, 1 - 1 / height), height, -1),
        at(right, width, 1),
        at(bottom, height, 1),
      ) > 0,
  }
}

function withoutSpecks({ width, height, isTissue }: TissueMask): Uint8Array {
  const counted = countsIn(isTissue, width, height)
  return isTissue.map((_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)]
    const [left, right, top, bottom] = [Math.max(0, x - 1), Math.min(width, x + 2), Math.max(0, y - 1), Math.min(height, y + 2)]
    return counted(left, top, right, bottom) * 9 >= majority * (right - left) * (bottom - top) ? 1 : 0
  })
}

/** How many pixels of any part are set. */
function countsIn(
  set: Uint8Array,
  width: number,
  height: number,
): (left: number, top: number, right: number, bottom: number) => number {
  /** Those left of a column and above a row. */
  const sums = new Float64Array((width + 1) * (height + 1))
  for (let row = 0; row < height; row += 1)
    for (let column = 0, inRow = 0; column < width; column += 1) {
      inRow += set[row * width + column]!
      sums[(row + 1) * (width + 1) + column + 1] = sums[row * (width + 1) + column + 1]! + inRow
    }
  const before = (column: number, row: number): number => sums[row * (width + 1) + column]!
  return (left, top, right, bottom) => before(right, bottom) - before(left, bottom) - before(right, top) + before(left, top)
}

function glassOf(rgb: Uint8Array, isTissue: Uint8Array): Ground['glass'] {
  const counts = [0, 1, 2].map(() => new Float64Array(256))
  let total = 0
  for (let pixel = 0; pixel < isTissue.length; pixel += 1) {
    const values = [rgb[3 * pixel]!, rgb[3 * pixel + 1]!, rgb[3 * pixel + 2]!]
    if (isTissue[pixel] || Math.min(...values) < bright) continue
    values.forEach((value, channel) => (counts[channel]![value]! += 1))
    total += 1
  }
  if (total === 0) return [255, 255, 255]
  return counts.map((channel) => {
    let sum = 0
    return channel.findIndex((count) => (sum += count) * 2 >= total)
  }) as unknown as Ground['glass']
}
