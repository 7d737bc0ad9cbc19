import path from 'node:path'
import sharp, { type Sharp, type SharpOptions } from 'sharp'
import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'
import { withBytes } from '../data/bytes.ts'
import { readTiff, type TiffPage } from '../data/tiff-directories.ts'

/** A slide at one resolution. */
export interface SlideLevel {
  readonly width: number
  readonly height: number
  /** How many pixels of the full size one of these is. */
  readonly downsample: number
}

/** A scanned slide, read region by region. */
export interface Slide {
  /** From the full size down. */
  readonly levels: readonly SlideLevel[]
  /** Micrometres per pixel at full size, where the file says. */
  readonly mpp?: number
  /** 8-bit RGB as stored; the region must lie inside the level. */
  region(level: number, x: number, y: number, width: number, height: number): Promise<Picture>
  /** The whole slide, `width` x `height` pixels. */
  thumbnail(width: number, height: number): Promise<Picture>
}

const readEndings = ['.svs', '.tif', '.tiff']
const jpeg2000 = [33003, 33004, 33005, 34712]
const convert = (file: string): string =>
  `Convert it to a pyramidal TIFF first, by a vips that has OpenSlide: vips tiffsave '${file}' '${path.parse(file).name}.tif' --tile --pyramid --bigtiff --compression deflate`

/**
 * Opens a slide that the TIFF reader of sharp can take apart: Aperio's SVS with JPEG inside, pyramidal TIFF, OME-TIFF.
 * @throws UserError naming the file and what to convert it to: another format, JPEG 2000, other samples, a damaged file.
 */
export async function openSlide(file: string): Promise<Slide> {
  const ending = path.extname(file).toLowerCase()
  if (!readEndings.includes(ending)) throw new UserError(`${file}: slides of the kind ${ending} are not read`, convert(file))
  const { pages } = await withBytes(file, readTiff).catch((error: unknown) => {
    if (error instanceof RangeError) throw new UserError(`${file}: ${error.message}`, 'Get the file again from where it came.')
    throw error
  })
  const [full] = pages as [TiffPage]
  const [bits] = full.bits
  if (jpeg2000.includes(full.compression))
    throw new UserError(`${file}: it is compressed by JPEG 2000, which is not read`, convert(file))
  if (bits !== 8 || full.channels < 3)
    throw new UserError(
      `${file}: it has ${full.channels} channel${full.channels === 1 ? '' : 's'} of ${bits} bits, not RGB of 8 bits`,
      'Bright-field slides in colour are read.',
    )
  const found = levelsOf(pages)
  const levels = found.map(({ width, height }) => ({ width, height, downsample: full.width / width }))
  const mpp = mppOf(full)
  return {
    levels,
    ...(mpp !== undefined && { mpp }),
    region(level, left, top, width, height) {
      const image = opened(file, found[level]!).extract({ left, top, width, height })
      return decoded(file, image)
    },
    thumbnail(width, height) {
      const wide = levels.findLastIndex((level) => level.width >= width && level.height >= height)
      return decoded(file, opened(file, found[Math.max(0, wide)]!).resize(width, height, { fit: 'fill', kernel: 'cubic' }))
    },
  }
}

/** Where a level is in its file. */
interface Place {
  readonly page: number
  readonly width: number
  readonly height: number
  readonly isTiled: boolean
}

/** The full size and what is the same picture smaller: tiled as it is, of the same form, not a label, not an overview. */
function levelsOf(pages: readonly TiffPage[]): Place[] {
  const places = pages.map(({ width, height, isTiled }, page): Place => ({ page, width, height, isTiled }))
  const [full, ...others] = places as [Place, ...Place[]]
  const levels = others
    .filter((place) => place.isTiled === full.isTiled && place.width < full.width && isSameForm(full, place))
    .sort((a, b) => b.width - a.width)
  return [full, ...levels]
}

function isSameForm(full: Place, { width, height }: Place): boolean {
  const scale = full.width / width
  return Math.abs(full.height / scale - height) <= 1 + 0.005 * height
}

/** By Aperio's or OME's words, else by the resolution tags. */
function mppOf({ description, mpp }: TiffPage): number | undefined {
  const aperio = /\bMPP\s*=\s*([0-9.]+)/.exec(description)?.[1]
  const [, ome] = /\bPhysicalSizeX="([0-9.eE+-]+)"/.exec(description) ?? []
  const unit = /\bPhysicalSizeXUnit="([^"]+)"/.exec(description)?.[1] ?? 'µm'
  const written = Number(aperio ?? (unit.endsWith('m') && unit.length === 2 && 'µμu'.includes(unit[0]!) ? ome : undefined))
  return written > 0 ? written : mpp
}

function opened(file: string, { page, isTiled }: Place): Sharp {
  // Only what is tiled can be read at any place; strips are read from the top.
  const options: SharpOptions = { page, ignoreIcc: true, limitInputPixels: false, sequentialRead: !isTiled, failOn: 'error' }
  return sharp(file, options)
}

async function decoded(file: string, image: Sharp): Promise<Picture> {
  try {
    const { data, info } = await image.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    if (info.channels !== 3) throw new Error(`${info.channels} channels came out of the decoder`)
    return { width: info.width, height: info.height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) }
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new UserError(`${file}: a region cannot be decoded (${error.message.trim().split('\n').at(-1)!})`, convert(file), {
      cause: error,
    })
  }
}
