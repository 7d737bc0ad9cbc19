import sharp from 'sharp'
import type { Compression } from '../data/compression.ts'
import type { PixelSize } from '../data/micrometres.ts'
import type { Picture } from '../data/picture.ts'
import type { Magnification } from './magnification.ts'

/** A slide at one resolution. */
export interface SlideLevel {
  readonly width: number
  readonly height: number
  /** How many pixels of the full size one of these is. */
  readonly downsample: number
}

/** A scanned slide, read region by region. */
export interface Slide {
  /** Who reads it. */
  readonly reader: 'libvips' | 'OpenSlide'
  /** Whose format it is by OpenSlide's names, where OpenSlide reads it. */
  readonly vendor?: string
  /** From the full size down. */
  readonly levels: readonly SlideLevel[]
  /** Micrometres a pixel at full size, where the file says. */
  readonly mpp?: PixelSize
  readonly magnification?: Magnification
  /** Its ICC profile. */
  readonly icc?: Buffer
  /** How its full size was compressed, by the tables of its JPEG tiles. */
  readonly compression?: Compression
  /** Where it says that it was lit for fluorescence: by what, in words. */
  readonly fluorescence?: string
  /** What of its levels is not in the file, in words: white in every region. */
  readonly blank?: string
  /** 8-bit RGB as stored, on white; the region must lie inside the level. */
  region(level: number, x: number, y: number, width: number, height: number): Promise<Picture>
  /** The whole slide, `width` x `height` pixels. */
  thumbnail(width: number, height: number): Promise<Picture>
  close(): void
  /** What else OpenSlide says of it, where OpenSlide reads it. */
  readonly beside?: Beside
}

/** What a file says of itself for people, and shows beside the slide: names, dates and free text too. */
export interface Beside {
  readonly properties: ReadonlyMap<string, string>
  /** Pictures beside the levels by name: label, macro, thumbnail. */
  readonly associated: readonly { readonly name: string; readonly width: number; readonly height: number }[]
}

/** The levels, as people are told of them. */
export const levelsText = ({ levels }: Pick<Slide, 'levels'>): string =>
  levels.map(({ width, height }, at) => `${at}: ${width} x ${height}`).join(', ')

/** The size of a thumbnail whose longer side is at most `longest` pixels. */
export function thumbnailSize({ levels }: Pick<Slide, 'levels'>, longest: number): readonly [width: number, height: number] {
  const [{ width, height }] = levels as [SlideLevel]
  const scale = Math.min(1, longest / Math.max(width, height))
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
}

/** Rows of a thumbnail that are made at once. */
const bandRows = 16

/** The coarsest level that is not smaller than this; the full size where all are. */
export const levelFor = (levels: readonly SlideLevel[], width: number, height: number): number =>
  Math.max(
    0,
    levels.findLastIndex((level) => level.width >= width && level.height >= height),
  )

/** A thumbnail made band by band: no level is held whole. */
export async function thumbnailOf(
  { levels, region }: Pick<Slide, 'levels' | 'region'>,
  width: number,
  height: number,
): Promise<Picture> {
  const level = levelFor(levels, width, height)
  const from = levels[level]!
  const data = new Uint8Array(width * height * 3)
  const rowOf = (row: number): number => Math.round((row * from.height) / height)
  for (let row = 0; row < height; row += bandRows) {
    const rows = Math.min(bandRows, height - row)
    const band = await region(level, 0, rowOf(row), from.width, rowOf(row + rows) - rowOf(row))
    const raw = { width: band.width, height: band.height, channels: 3 } as const
    data.set(
      await sharp(band.data, { raw }).resize(width, rows, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer(),
      3 * row * width,
    )
  }
  return { width, height, data }
}
