import { blankText, blankTiles, type BlankTiles } from './blank-tiles.ts'
import type { Bytes } from './bytes.ts'
import type { Compression } from './compression.ts'
import { jpegCompression, jpegHead } from './jpeg-header.ts'
import { cutOut, readable, refused, undecodable } from './refusal.ts'
import { readTiff, type TiffPage } from './tiff-directories.ts'

/** More than this on the longer side is no thumbnail. */
const thumbnailSide = 256

const compressions: Readonly<Record<number, string | true>> = {
  1: true,
  2: true,
  3: true,
  4: true,
  5: true,
  6: 'old-style JPEG',
  7: true,
  8: true,
  32773: true,
  32946: true,
  33003: 'JPEG 2000',
  33005: 'JPEG 2000',
  34676: 'LogLuv',
  34677: 'LogLuv',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34892: 'lossy DNG',
  34925: 'LZMA',
  50000: 'Zstandard',
  50001: true,
  50002: 'JPEG XL',
}
const colourSpaces: Readonly<Record<number, string | true>> = {
  0: true,
  1: true,
  2: true,
  3: true,
  4: 'a transparency mask',
  5: true,
  6: 'YCbCr without JPEG compression',
  8: 'CIELab',
  9: 'ICCLab',
  10: 'ITULab',
  32803: "a camera's raw mosaic",
  32844: 'LogL',
  32845: 'LogLuv',
  34892: 'linear raw',
}

export interface TiffPicture {
  readonly page: number
  /** Whether any part of it is decoded without what stands before. */
  readonly isTiled: boolean
  readonly compression: Compression | undefined
  readonly density: number | undefined
  readonly extra: Extra
  /** The sample of 16 bits that is white, where it is another than 65535. */
  readonly largest: number | undefined
  readonly blank: BlankTiles | undefined
  readonly notes: readonly string[]
}

/** The channels beyond those of the colours. */
export interface Extra {
  readonly count: number
  /** Which of them is alpha. */
  readonly alpha?: number
}

/**
 * Which page of a TIFF file is its picture: the only one that is neither marked as reduced nor as a mask, where all others are masks and
 * at most one thumbnail (small and not tiled). Files of several pictures or resolutions, and samples that are not read, are UserErrors.
 */
export async function tiffPicture(file: string, bytes: Bytes): Promise<TiffPicture> {
  const { pages, subPages } = await readTiff(bytes).catch((error: unknown) => {
    throw error instanceof RangeError ? undecodable(file, error.message, error) : error
  })
  const others = [...pages, ...subPages].filter((page) => page.kind !== 'full')
  const thumbnails = others.filter((page) => page.kind === 'reduced')
  const full = pages.findIndex((page) => page.kind === 'full')
  const aside = pages.length + subPages.length === others.length + 1 && full >= 0 && thumbnails.length <= 1
  // A file of a single page is its picture, whatever that page calls itself.
  if (pages.length + subPages.length > 1 && !(aside && thumbnails.every(isThumbnail))) {
    if (pages.length === 1) throw refused(file, 'it is a pyramid of several resolutions, as slides are', cutOut(file))
    throw refused(file, `it holds ${pages.length} pages, as slides and pyramids do; one picture is expected`, cutOut(file))
  }
  const page = Math.max(0, full)
  refuseOtherTiff(file, pages[page]!)
  const notes: string[] = []
  if (others.length > 0 && pages.length + subPages.length > 1) {
    if (thumbnails.length > 0) notes.push('thumbnail left out')
    if (others.length > thumbnails.length) notes.push('mask left out')
  }
  const chosen = pages[page]!
  const extra = extraOf(chosen)
  const left = extra.count - (extra.alpha === undefined ? 0 : 1)
  if (left > 0) notes.push(`${left === 1 ? 'a channel that is' : `${left} channels that are`} no alpha left out`)
  const blank = blankTiles(chosen)
  if (blank) notes.push(blankText(blank))
  return {
    page,
    isTiled: chosen.isTiled,
    compression: await tiffCompression(chosen, bytes),
    density: chosen.mpp && 25_400 / chosen.mpp.x,
    extra,
    largest: chosen.largest,
    blank,
    notes,
  }
}

/** Channels of the colours by the kind of colours: grey, a palette and a mask have one. */
const colourChannels: Readonly<Record<number, number>> = { 0: 1, 1: 1, 3: 1, 5: 4 }

/**
 * Only ExtraSamples says that a channel is alpha (TIFF 6.0, section 18): 1 or 2. A channel of which it says 0, or nothing, is a mask, a
 * wavelength or whatever its maker wanted.
 */
function extraOf({ channels, photometric, extra }: TiffPage): Extra {
  const count = Math.max(0, channels - (colourChannels[photometric] ?? 3))
  const alpha = extra.slice(0, count).findIndex((kind) => kind === 1 || kind === 2)
  return { count, ...(alpha >= 0 && { alpha }) }
}

/** By the tables that its tiles share, or by those of the first. */
export async function tiffCompression(
  { compression, jpegTables, start }: TiffPage,
  bytes: Bytes,
  head = jpegHead,
): Promise<Compression | undefined> {
  return compression === 7 ? jpegCompression(Buffer.from(jpegTables), await bytes.at(start, head)) : undefined
}

function isThumbnail({ isTiled, width, height }: TiffPage): boolean {
  return !isTiled && Math.max(width, height) <= thumbnailSide
}

/** By the tags, because the decoder says nothing useful of these or, worse, gives wrong colours. */
function refuseOtherTiff(file: string, page: TiffPage): void {
  const compression = compressions[page.compression]
  if (compression !== true)
    throw refused(
      file,
      `its TIFF compression is ${compression ?? `number ${page.compression}`}, which is not read`,
      'Save it with LZW, deflate, JPEG or no compression first.',
    )
  const jpeg = page.compression === 7 && page.photometric === 6
  const colours = jpeg ? true : colourSpaces[page.photometric]
  if (colours !== true)
    throw refused(
      file,
      `its colours are ${colours ?? (page.photometric < 0 ? 'not said' : `of TIFF's kind ${page.photometric}`)}, not RGB`,
      readable,
    )
  const [bits] = page.bits
  if (page.sampleFormat === 3)
    throw refused(file, `its samples are ${bits}-bit floating point, whose range is not known`, readable)
  if (page.sampleFormat === 2) throw refused(file, `its samples are signed ${bits}-bit numbers`, readable)
  if (page.sampleFormat > 4) throw refused(file, 'its samples are complex numbers', readable)
  if (![1, 2, 4, 8, 16].includes(bits!) || page.bits.some((other) => other !== bits)) {
    throw refused(file, `its samples are of ${[...new Set(page.bits)].join(' and ')} bits`, readable)
  }
  if (page.isPlanar && page.isTiled && page.bits.length > 1) {
    throw refused(
      file,
      'it is tiled with a plane for each channel, which is not read',
      'Save it with interleaved channels, or in strips, first.',
    )
  }
}
