import { plural } from '../../errors.ts'
import type { Picture } from './picture.ts'

/** A part of a slide: a picture that is no file of its own. */
export interface SlidePart {
  readonly slide: { readonly name: string; readonly sha256: string }
  readonly level: number
  /** In pixels of the level. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** What of the slide is otherwise than people expect. */
  readonly notes: readonly string[]
  /** @throws UserError where it cannot be decoded. */
  read(): Promise<Picture>
}

/** Where a part is, as it is kept in files. */
export type PlaceOnSlide = Omit<SlidePart, 'slide' | 'notes' | 'read'> & { readonly path: string; readonly sha256: string }

/** @param part of a picture; nothing of what is a file of its own. */
export const placeOf = (part: SlidePart | undefined): { readonly slide?: PlaceOnSlide } => {
  if (!part) return {}
  const { slide, level, x, y, width, height } = part
  return { slide: { path: slide.name, sha256: slide.sha256, level, x, y, width, height } }
}

/** How parts of slides are chosen. */
export interface FieldSettings {
  /** Side of the squares, in pixels of the level. */
  readonly side: number
  /** The most of a slide. */
  readonly most: number
  readonly level: number
  /** The coarser level that low-resolution pictures come from; none without it. */
  readonly lowLevel?: number
  /** The least share of tissue. */
  readonly tissue: number
  readonly seed: number
}

/** What of a slide was taken. */
export interface SlideUsed {
  readonly name: string
  readonly sha256: string
  /** Micrometres a pixel of the level, where the file says. */
  readonly mpp?: number
  /** Squares of the grid that hold enough tissue, and how many of them were taken. */
  readonly withTissue: number
  readonly taken: number
}

/** What slides gave. */
export interface SlidesUsed extends FieldSettings {
  /** What a field is, in words. */
  readonly definition: string
  readonly slides: readonly SlideUsed[]
  /** The same slide in another file, left out: its name, and that of the one that was taken. */
  readonly copies: readonly (readonly [name: string, of: string])[]
}

/** `512 x 512 pixels of level 0`. */
const squares = ({ side, level }: FieldSettings): string => `${side} x ${side} pixels of level ${level}`
/** `3 of 7 fields`. */
const share = ({ taken, withTissue }: Pick<SlideUsed, 'taken' | 'withTissue'>): string =>
  `${taken} of ${plural(withTissue, 'field')}`

/** What is said of slides before anything is computed: all together, then a line each. */
export function slidesLines(used: SlidesUsed): string[] {
  const { slides, copies, most, tissue, seed, lowLevel } = used
  const sum = (of: 'taken' | 'withTissue'): number => slides.reduce((total, slide) => total + slide[of], 0)
  const all = { taken: sum('taken'), withTissue: sum('withTissue') }
  const pairs = lowLevel === undefined ? '' : `, their low-resolution pictures from level ${lowLevel}`
  return [
    `slides: ${share(all)} of ${squares(used)} with at least ${Math.round(100 * tissue)} % tissue, at most ${most} a slide, by seed ${seed}${pairs}`,
    ...slides.map((slide) => {
      const { name, withTissue, mpp } = slide
      const resolution = mpp === undefined ? 'micrometres a pixel not said' : `${mpp} micrometres a pixel`
      return `${name}: ${withTissue === 0 ? 'no field has so much tissue, left out' : share(slide)}, ${resolution}`
    }),
    ...copies.map(([name, of]) => `${name}: the same slide as ${of}, left out`),
  ]
}
