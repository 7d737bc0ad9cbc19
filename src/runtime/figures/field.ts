import path from 'node:path'
import { UserError } from '../../errors.ts'
import { crop, type Picture } from '../data/picture.ts'
import { checksum } from '../files/checksum.ts'
import type { Region, Size } from './grid.ts'
import { openFigurePicture, side } from './open-picture.ts'

export interface FieldOptions {
  /** What is shown, in pixels of the file, or of the level of a slide; its middle without it, of a slide that of where most tissue is. */
  readonly at?: Region
  /** What the networks see; at most 768 x 768 pixels around what is shown without it. */
  readonly field?: Region | 'shown'
  /** A part of what is shown, in pixels of the file. */
  readonly inset?: Region
  /** Micrometres a pixel; by the file's resolution without it. */
  readonly mpp?: number
  /** Of a slide; the full size without it. */
  readonly level?: number
  readonly say?: (line: string) => void
}

/** A part of a picture file that networks see, and the part of it that is shown. */
export interface Field {
  readonly name: string
  readonly sha256: string
  /** What the networks see. */
  readonly picture: Picture
  /** In pixels of the file. */
  readonly region: Region
  /** What is shown, in pixels of `picture`. */
  readonly shown: Region
  /** In pixels of what is shown. */
  readonly inset?: Region
  readonly mpp?: number
  /** Of a slide. */
  readonly level?: number
}

/** Reads the part of a picture, or of a slide, that a figure is about. */
export async function readField(file: string, options: FieldOptions, wanted: number): Promise<Field> {
  const { at, field, inset, mpp } = options
  const opened = await openFigurePicture(file, options.level, options.say)
  try {
    const { source, level } = opened
    const whole = { x: 0, y: 0, width: source.width, height: source.height }
    const shown = at ?? (await opened.middle(wanted))
    requireInside('--at', shown, whole, file)
    const region = field === 'shown' ? shown : (field ?? around(shown, source))
    requireInside('--field', region, whole, file)
    requireInside('--at', shown, region, 'the --field')
    if (inset) {
      requireInside('--inset', inset, shown, 'what --at shows')
      if (2 * inset.width > shown.width || 2 * inset.height > shown.height)
        throw new UserError(
          `--inset: ${text(inset)} is more than half as wide or high as what --at shows`,
          'it could not be shown larger',
        )
    }
    const resolution = mpp ?? opened.mpp
    return {
      name: path.basename(file),
      sha256: (await checksum(file)).sha256,
      picture: await source.region(region.x, region.y, region.width, region.height),
      region,
      shown: { ...shown, x: shown.x - region.x, y: shown.y - region.y },
      ...(inset && { inset: { ...inset, x: inset.x - shown.x, y: inset.y - shown.y } }),
      ...(resolution !== undefined && { mpp: resolution }),
      ...(level !== undefined && { level }),
    }
  } finally {
    opened.close()
  }
}

/** `side` pixels around a part, inside the picture; more where the part is larger. */
function around(part: Region, picture: Size): Region {
  const along = (from: number, length: number, whole: number): readonly [number, number] => {
    const size = Math.min(whole, Math.max(side, length))
    return [Math.min(whole - size, Math.max(0, Math.floor(from + length / 2 - size / 2))), size]
  }
  const [x, width] = along(part.x, part.width, picture.width)
  const [y, height] = along(part.y, part.height, picture.height)
  return { x, y, width, height }
}

const isInside = (part: Region, whole: Region): boolean =>
  part.x >= whole.x &&
  part.y >= whole.y &&
  part.x + part.width <= whole.x + whole.width &&
  part.y + part.height <= whole.y + whole.height

const text = ({ x, y, width, height }: Region): string => `${width} x ${height} at (${x}, ${y})`

function requireInside(flag: string, part: Region, whole: Region, name: string): void {
  if (!isInside(part, whole))
    throw new UserError(`${flag}: ${text(part)} does not lie inside of ${name}, which is ${text(whole)}`)
}

/** What is shown of a picture that was made from the field; its size may have lost some pixels at the right and below. */
export function shownOf(picture: Picture, { shown, name }: Field, m: number): Picture {
  if (!isInside(shown, { x: 0, y: 0, ...picture }))
    throw new UserError(
      `at x${m} the field of ${name} is ${picture.width} x ${picture.height} pixels, and what is shown reaches beyond its end`,
      'move --at to the left and up, or give a larger --field',
    )
  return crop(picture, shown.x, shown.y, shown.width, shown.height)
}

/** What a figure's data says about its field. */
export const fieldData = ({ name, sha256, level, region, shown, inset, mpp }: Field): Record<string, unknown> => ({
  picture: name,
  sha256,
  ...(level !== undefined && { level }),
  field: region,
  shown: { ...shown, x: shown.x + region.x, y: shown.y + region.y },
  ...(inset && { inset: { ...inset, x: inset.x + shown.x + region.x, y: inset.y + shown.y + region.y } }),
  micrometresPerPixel: mpp ?? null,
})
