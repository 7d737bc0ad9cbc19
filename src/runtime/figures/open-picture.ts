import { UserError } from '../../errors.ts'
import { readPicture } from '../data/read-picture.ts'
import { held, type PictureSource } from '../data/source.ts'
import { mppOf } from '../slides/fields.ts'
import { isSlide } from '../slides/is-slide.ts'
import { openSlide } from '../slides/open-slide.ts'
import { squareLevel, withTissue } from '../slides/squares.ts'
import type { Region, Size } from './grid.ts'
import { micrometres } from './scale-bar.ts'

/** A picture, or a level of a slide, that a figure is about. */
export interface FigurePicture {
  readonly source: PictureSource
  /** Micrometres a pixel. */
  readonly mpp?: number
  /** Of a slide. */
  readonly level?: number
  /** At most so many pixels on a side: of a picture its middle, of a slide the middle of the field with the most tissue. */
  middle(wanted: number): Promise<Region>
  close(): void
}

/** What networks see around what is shown: as `evaluate` cuts its tiles. */
export const side = 768

/** @throws UserError for what cannot be read, and for a level of a picture. */
export async function openFigurePicture(
  file: string,
  level: number | undefined,
  say?: (line: string) => void,
): Promise<FigurePicture> {
  if (!(await isSlide(file))) {
    if (level !== undefined) throw new UserError(`--level is of slides, and ${file} is a picture`, 'leave --level out')
    const { picture, density } = await readPicture(file)
    const mpp = micrometres(density)
    return {
      source: held(picture),
      ...(mpp !== undefined && { mpp }),
      middle: (wanted) => Promise.resolve(middle(picture, wanted)),
      close: () => undefined,
    }
  }
  const at = level ?? 0
  const slide = await openSlide(file, say)
  try {
    const { width, height } = squareLevel(file, slide, at, 1, 'field')
    const mpp = mppOf(slide, at)
    return {
      source: { width, height, region: (x, y, across, down) => slide.region(at, x, y, across, down) },
      ...(mpp !== undefined && { mpp }),
      level: at,
      async middle(wanted) {
        const length = Math.min(side, width, height)
        const squares = await withTissue(slide, { width, height }, length, 0)
        const best = squares.reduce((one, other) => (other.tissue > one.tissue ? other : one))
        if (best.tissue === 0) throw new UserError(`${file}: there is no tissue on it`, 'say with --at what is shown')
        const { x, y, ...size } = middle({ width: length, height: length }, wanted)
        return { x: best.x + x, y: best.y + y, ...size }
      },
      close: () => slide.close(),
    }
  } catch (error) {
    slide.close()
    throw error
  }
}

/** The middle of a picture, at most `wanted` pixels on a side. */
export function middle({ width, height }: Size, wanted: number): Region {
  const [w, h] = [Math.min(width, wanted), Math.min(height, wanted)]
  return { x: Math.floor((width - w) / 2), y: Math.floor((height - h) / 2), width: w, height: h }
}
