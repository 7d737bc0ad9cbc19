import { UserError } from '../../errors.ts'
import { levelsText, type Slide, type SlideLevel } from './slide.ts'
import { tissueMask, tissueShare } from './tissue.ts'

/** A square of a level that holds tissue. */
export interface Square {
  /** Its upper left corner, in pixels of the level. */
  readonly x: number
  readonly y: number
  /** The share of it that is tissue. */
  readonly tissue: number
}

/** Thumbnail pixels along the side of a square. */
const fineness = 64
/** The longest side of a thumbnail. */
const longest = 4096

/**
 * The level that squares are taken of.
 * @param what a square is called.
 * @throws UserError where there is none, or it is smaller than a square.
 */
export function squareLevel(file: string, slide: Slide, level: number, side: number, what: string): SlideLevel {
  const chosen = slide.levels[level]
  if (!chosen) throw new UserError(`${file} has no level ${level}`, `It has ${levelsText(slide)}.`)
  if (chosen.width < side || chosen.height < side)
    throw new UserError(
      `${file} is smaller than a ${what} of ${side} x ${side} at level ${level}`,
      `Take a smaller --side; it has ${levelsText(slide)}.`,
    )
  return chosen
}

/** Squares with at least so much tissue, of a grid that starts in the corner of the level, row by row. */
export async function withTissue(
  slide: Slide,
  { width, height }: Pick<SlideLevel, 'width' | 'height'>,
  side: number,
  least: number,
): Promise<Square[]> {
  const scale = Math.min(1, fineness / side, longest / Math.max(width, height))
  const mask = tissueMask(await slide.thumbnail(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))))
  const steps = (length: number): number[] => Array.from({ length: Math.floor(length / side) }, (_, i) => i * side)
  return steps(height)
    .flatMap((y) => steps(width).map((x) => ({ x, y })))
    .map(({ x, y }) => ({ x, y, tissue: tissueShare(mask, x / width, y / height, (x + side) / width, (y + side) / height) }))
    .filter(({ tissue }) => tissue >= least)
}
