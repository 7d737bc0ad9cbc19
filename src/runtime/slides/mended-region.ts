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
  const full = slide.levels[level]!
  // Whole places always: what is damaged, and what is not, does not depend on what was asked for.
  const [left, top] = [x, y].map((at) => Math.floor(at / side) * side) as [number, number]
  const right = Math.min(full.width, Math.ceil((x + width) / side) * side)
  const bottom = Math.min(full.height, Math.ceil((y + height) / side) * side)
  const around = { x: left, y: top, width: right - left, height: bottom - top }
  const cut = (data: Uint8Array): Picture => crop({ ...around, data }, x - left, y - top, width, height)
  const whole = await unlessDamaged(() => slide.region(level, left, top, around.width, around.height))
  if ('data' in whole) return cut(whole.data)
  const data = Uint8Array.from({ length: 3 * around.width * around.height }, (_, at) => fill[at % 3]!)
  for (let down = top; down < bottom; down += side)
    for (let across = left; across < right; across += side) {
      const place = { x: across, y: down, width: Math.min(side, right - across), height: Math.min(side, bottom - down) }
      const read = await unlessDamaged(() => slide.region(level, place.x, place.y, place.width, place.height))
      if ('data' in read) lay(read.data, place, data, around, 3)
      else onDamage({ level, ...place, reason: read.reason })
    }
  return cut(data)
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
