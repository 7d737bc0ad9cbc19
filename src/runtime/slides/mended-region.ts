import { lay } from '../data/blank-tiles.ts'
import { crop, type Picture } from '../data/picture.ts'
import { thumbnailOf, type Slide } from './slide.ts'
import { UndecodableRegion } from './undecodable.ts'

/** A place of a level that could not be decoded. */
export interface Damage {
  readonly level: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly reason: string
}

/** Side of the places that damage is told in, on a grid from the upper left corner of a level. */
const side = 256

/**
 * A region of a slide, of which places that cannot be decoded have the colour `fill`. Each of them is told.
 * @throws UserError where the slide cannot be read at all: it is gone, or hangs.
 */
export async function mendedRegion(
  slide: Slide,
  level: number,
  x: number,
  y: number,
  width: number,
  height: number,
  fill: readonly [number, number, number],
  onDamage: (damage: Damage) => void,
): Promise<Picture> {
  const whole = await unlessDamaged(() => slide.region(level, x, y, width, height))
  if ('data' in whole) return whole
  const region = { x, y, width, height }
  const data = Uint8Array.from({ length: 3 * width * height }, (_, at) => fill[at % 3]!)
  const full = slide.levels[level]!
  for (let top = Math.floor(y / side) * side; top < y + height; top += side)
    for (let left = Math.floor(x / side) * side; left < x + width; left += side) {
      // The place whole, so that what is damaged does not depend on what was asked for.
      const place = { x: left, y: top, width: Math.min(side, full.width - left), height: Math.min(side, full.height - top) }
      const read = await unlessDamaged(() => slide.region(level, place.x, place.y, place.width, place.height))
      if ('data' in read) {
        const [from, to] = [Math.max(left, x), Math.max(top, y)]
        const piece = {
          x: from,
          y: to,
          width: Math.min(left + place.width, x + width) - from,
          height: Math.min(top + place.height, y + height) - to,
        }
        lay(crop(read, from - left, to - top, piece.width, piece.height).data, piece, data, region, 3)
      } else onDamage({ level, ...place, reason: read.reason })
    }
  return { width, height, data }
}

/** A thumbnail of which what cannot be decoded is white. */
export async function mendedThumbnail(slide: Slide, width: number, height: number): Promise<Picture> {
  const whole = await unlessDamaged(() => slide.thumbnail(width, height))
  if ('data' in whole) return whole
  const region: Slide['region'] = (...part) => mendedRegion(slide, ...part, [255, 255, 255], () => undefined)
  return thumbnailOf({ levels: slide.levels, region }, width, height)
}

async function unlessDamaged(read: () => Promise<Picture>): Promise<Picture | { readonly reason: string }> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof UndecodableRegion) return error
    throw error
  }
}
