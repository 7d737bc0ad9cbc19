import sharp, { type Sharp, type SharpOptions } from 'sharp'
import { UserError } from '../../errors.ts'
import { blankText, blankTiles, lay, type BlankTiles, type Part } from '../data/blank-tiles.ts'
import type { Picture } from '../data/picture.ts'
import { withBytes } from '../data/bytes.ts'
import { readTiff, tiffMagic, type TiffPage } from '../data/tiff-directories.ts'
import { tiffCompression } from '../data/tiff-picture.ts'
import { getAgain } from './get-again.ts'
import { undecodable } from './undecodable.ts'
import { magnificationIn } from './magnification.ts'
import { refusePlanes } from './refuse-planes.ts'
import { levelFor, thumbnailOf, type Slide } from './slide.ts'

const jpeg2000 = [33003, 33004, 33005, 34712]

/** Opens a slide by the TIFF reader of sharp; undefined where it is no TIFF, or one whose compression sharp does not know. */
export async function openTiffSlide(file: string): Promise<Slide | undefined> {
  const tiff = await tiffFacts(file).catch((error: unknown) => {
    if (error instanceof RangeError) throw new UserError(`${file}: ${error.message}`, getAgain)
    throw error
  })
  if (!tiff) return undefined
  const { pages, ...facts } = tiff
  const [full] = pages as [TiffPage]
  const [bits] = full.bits
  refusePlanes(file, pages)
  if (jpeg2000.includes(full.compression)) return undefined
  if (bits !== 8 || full.channels < 3)
    throw new UserError(
      `${file}: it has ${full.channels} channel${full.channels === 1 ? '' : 's'} of ${bits} bits, not RGB of 8 bits`,
      'Bright-field slides in colour are read.',
    )
  const found = levelsOf(pages)
  const levels = found.map(({ width, height }) => ({ width, height, downsample: full.width / width }))
  const blanks = found.flatMap(({ blank }, level) => (blank ? [`level ${level}: ${blankText(blank)}`] : []))
  const region: Slide['region'] = (level, x, y, width, height) => regionOf(file, found[level]!, { x, y, width, height })
  return {
    reader: 'libvips',
    levels,
    ...facts,
    ...(blanks.length > 0 && { blank: blanks.join('; ') }),
    region,
    thumbnail(width, height) {
      const place = found[levelFor(levels, width, height)]!
      return place.blank
        ? thumbnailOf({ levels, region }, width, height)
        : decoded(file, opened(file, place).resize(width, height, { fit: 'fill', kernel: 'cubic' }))
    },
    close: () => undefined,
  }
}

/** What the directories of a TIFF say of a slide, and what stands where they point. */
export interface TiffFacts extends Pick<Slide, 'mpp' | 'magnification' | 'icc' | 'compression'> {
  readonly pages: readonly TiffPage[]
}

/** Bytes before the first scan of a tile. */
const tileHead = 1 << 16
const mostProfile = 1 << 24

/** Undefined where it is no TIFF. @throws RangeError where its directories are damaged. */
export function tiffFacts(file: string): Promise<TiffFacts | undefined> {
  return withBytes(file, async (bytes) => {
    if (!tiffMagic.includes((await bytes.at(0, 4)).toString('latin1'))) return undefined
    const { pages } = await readTiff(bytes)
    const [full] = pages as [TiffPage]
    const { mpp, icc: place } = full
    const magnification = magnificationIn(full.description)
    const compression = await tiffCompression(full, bytes, tileHead)
    const icc = place && place.length <= mostProfile ? await bytes.at(place.start, place.length) : undefined
    return {
      pages,
      ...(mpp && { mpp }),
      ...(magnification && { magnification }),
      ...(compression && { compression }),
      ...(icc && icc.length === place!.length && { icc }),
    }
  })
}

/** A part of a level; what is not in the file is glass, not black tissue. */
async function regionOf(file: string, place: Place, part: Part): Promise<Picture> {
  const { width, height } = part
  const read = ({ x: left, y: top, ...size }: Part): Promise<Picture> =>
    decoded(file, opened(file, place).extract({ left, top, ...size }))
  if (!place.blank) return read(part)
  const data = new Uint8Array(width * height * 3).fill(255)
  for (const piece of place.blank.present(part)) lay((await read(piece)).data, piece, data, part, 3)
  return { width, height, data }
}

/** Where a level is in its file. */
interface Place {
  readonly page: number
  readonly width: number
  readonly height: number
  readonly isTiled: boolean
  readonly blank: BlankTiles | undefined
}

/** The full size and what is the same picture smaller: tiled as it is, of the same form, not a label, not an overview. */
function levelsOf(pages: readonly TiffPage[]): Place[] {
  const places = pages.map((each, page): Place => {
    const { width, height, isTiled } = each
    return { page, width, height, isTiled, blank: blankTiles(each) }
  })
  const [full, ...others] = places as [Place, ...Place[]]
  const levels = others
    .filter((place) => place.isTiled === full.isTiled && place.width < full.width && isSameForm(full, place))
    .sort((a, b) => b.width - a.width)
  return [full, ...levels]
}

type Form = { readonly width: number; readonly height: number }

/** Whether a level has the form of the full size, but for rounding. */
export function isSameForm(full: Form, { width, height }: Form): boolean {
  const scale = full.width / width
  return Math.abs(full.height / scale - height) <= 1 + 0.005 * height
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
    throw await undecodable(file, error.message.trim().split('\n').at(-1)!, error)
  }
}
