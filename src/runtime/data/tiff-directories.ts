import type { Bytes } from './bytes.ts'
import { micrometres, type PixelSize } from './micrometres.ts'

/** What the directories (pages) of a TIFF or BigTIFF file say, in the order of the file. */
export interface TiffFile {
  readonly pages: readonly TiffPage[]
  /** Pages hung below another page instead of after it. */
  readonly subPages: readonly TiffPage[]
}

/** Tags of one page, with the defaults of TIFF 6.0 where they are missing. */
export interface TiffPage {
  readonly kind: 'full' | 'reduced' | 'mask'
  readonly width: number
  readonly height: number
  readonly bits: readonly number[]
  readonly channels: number
  /** 1 unsigned, 2 signed, 3 floating point, and others. */
  readonly sampleFormat: number
  readonly compression: number
  readonly photometric: number
  readonly isTiled: boolean
  /** A plane for each channel instead of interleaved samples. */
  readonly isPlanar: boolean
  /** Tables that the JPEGs of all its tiles or strips share, as a JPEG of their own. */
  readonly jpegTables: readonly number[]
  /** Where its first tile or strip is that is in the file. */
  readonly start: number
  /** Its tiles, or its strips, which are tiles as wide as the page. */
  readonly tiles: { readonly width: number; readonly height: number; readonly count: number }
  /** Those of which the file has not a byte, by their number, from the upper left corner row by row. */
  readonly missing: readonly number[]
  /** What the channels beyond those of the colours are: 0 not said, 1 alpha that the colours are multiplied by, 2 alpha. */
  readonly extra: readonly number[]
  /** The largest sample, where that is said to be another than the type's. */
  readonly largest?: number
  readonly description: string
  /** Micrometres a pixel, by the description or the resolution tags. */
  readonly mpp?: PixelSize
  /** Where its ICC profile is. */
  readonly icc?: { readonly start: number; readonly length: number }
  /** In an NDPI, which focal plane it is, in nanometres from the one in the middle. */
  readonly focalPlane: number
}

/** Bytes of a value by its type. */
const widths: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 13: 4, 16: 8, 18: 8 }
const ascii = 2
const rational = 5
/** Bytes of a value that are read. */
const mostBytes = 1 << 20
/** Of the sizes of tiles, of which a slide has a million, all are. */
const mostSizes = 1 << 25
/** Bytes of the values of all directories. */
const mostInAll = 1 << 28
const mostEntries = 4096
const mostPages = 10_000
/** Of the places of tiles so many are read, to find the first that is in the file. */
const mostPlaces = 1 << 16

const tag = {
  subfile: 254, oldSubfile: 255, width: 256, height: 257, bits: 258, compression: 259, photometric: 262, description: 270, strips: 273,
  channels: 277, stripRows: 278, stripSizes: 279, largestUsed: 281, across: 282, down: 283, planar: 284, unit: 296, tileWidth: 322, tileHeight: 323,
  tiles: 324, tileSizes: 325, below: 330, extra: 338, sampleFormat: 339, largest: 341, jpegTables: 347, icc: 34675, focalPlane: 65424,
} as const // prettier-ignore
const looked = new Set<number>(Object.values(tag))
const places = new Set<number>([tag.tiles, tag.strips])
const sizes = new Set<number>([tag.tileSizes, tag.stripSizes])

/** How a TIFF or BigTIFF begins, in either order of bytes. */
export const tiffMagic: readonly string[] = ['II*\0', 'MM\0*', 'II+\0', 'MM\0+']

type Tags = ReadonlyMap<number, readonly number[] | string>

/**
 * Walks over the directories of a TIFF (TIFF 6.0, section 2) or BigTIFF file, of either byte order, where they stand, whatever its
 * size. A file that is none, a directory that is not inside it or leads back to one before, is a RangeError.
 */
export async function readTiff(bytes: Bytes): Promise<TiffFile> {
  const reader = await createReader(bytes)
  const seen = new Set<number>()
  const pages: TiffPage[] = []
  const subPages: TiffPage[] = []
  const below: number[] = []
  const take = async (at: number, into: TiffPage[]): Promise<number> => {
    if (seen.size >= mostPages) throw new RangeError('its directories go in a circle')
    seen.add(at)
    const { tags, next } = await reader.directory(at)
    into.push(pageOf(tags))
    const hung = tags.get(tag.below)
    if (typeof hung === 'object') below.push(...hung)
    return next
  }
  for (let at = reader.first; at !== 0;) {
    if (seen.has(at)) throw new RangeError('its directories go in a circle')
    at = await take(at, pages)
  }
  // Levels of a slide may stand after the first page and hang below it too: they are the pages that were met.
  for (let hung = below.shift(); hung !== undefined; hung = below.shift())
    for (let at = hung; at !== 0 && !seen.has(at);) at = await take(at, subPages)
  if (pages.length === 0) throw new RangeError('it has no directory')
  return { pages, subPages }
}

interface Reader {
  /** Where the first directory is. */
  readonly first: number
  directory(at: number): Promise<{ tags: Tags; next: number }>
}

async function createReader(file: Bytes): Promise<Reader> {
  const bytesAt = async (at: number, length: number, what: string): Promise<Buffer> => {
    const bytes = await file.at(at, length)
    if (bytes.length < length) throw new RangeError(`${what} is not inside the file`)
    return bytes
  }
  const order = (await file.at(0, 2)).toString('latin1')
  if (order !== 'II' && order !== 'MM') throw new RangeError('it is not a TIFF file')
  const number = (bytes: Buffer, at: number, width: number): number => {
    if (width === 8) return Number(order === 'II' ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
    return order === 'II' ? bytes.readUIntLE(at, width) : bytes.readUIntBE(at, width)
  }
  const head = await bytesAt(0, 8, 'a directory')
  const magic = number(head, 2, 2)
  if (magic !== 42 && magic !== 43) throw new RangeError('it is not a TIFF file')
  const isBig = magic === 43
  let readInAll = 0
  const [word, countWidth] = isBig ? [8, 8] : [4, 2]
  const size = 4 + 2 * word

  const valueOf = async (key: number, entry: Buffer): Promise<readonly number[] | string | undefined> => {
    const type = number(entry, 2, 2)
    const width = widths[type]
    if (width === undefined) return undefined
    const all = number(entry, 4, word)
    const isHere = width * all <= word
    if (key === tag.icc) return isHere ? undefined : [number(entry, 4 + word, word), width * all]
    const count = Math.min(all, places.has(key) ? mostPlaces : Math.floor((sizes.has(key) ? mostSizes : mostBytes) / width))
    readInAll += width * count
    if (readInAll > mostInAll) throw new RangeError('its directories hold more than any picture needs')
    const bytes = isHere ? entry.subarray(4 + word) : await bytesAt(number(entry, 4 + word, word), width * count, 'a tag')
    if (type === ascii) return bytes.toString('utf8', 0, count).replace(/\0.*$/s, '')
    return Array.from({ length: count }, (_, at) =>
      type === rational ? number(bytes, at * 8, 4) / number(bytes, at * 8 + 4, 4) : number(bytes, at * width, width),
    )
  }
  return {
    first: number(isBig ? await bytesAt(8, 8, 'a directory') : head, isBig ? 0 : 4, word),
    async directory(at) {
      const count = number(await bytesAt(at, countWidth, 'a directory'), 0, countWidth)
      if (count > mostEntries) throw new RangeError('a directory has too many entries')
      const bytes = await bytesAt(at + countWidth, count * size + word, 'a directory')
      const tags = new Map<number, readonly number[] | string>()
      for (let index = 0; index < count; index += 1) {
        const entry = bytes.subarray(index * size, (index + 1) * size)
        const key = number(entry, 0, 2)
        if (!looked.has(key)) continue
        const value = await valueOf(key, entry)
        if (value !== undefined) tags.set(key, value)
      }
      return { tags, next: number(bytes, count * size, word) }
    },
  }
}

function pageOf(tags: Tags): TiffPage {
  const numbers = (key: number): readonly number[] | undefined => {
    const value = tags.get(key)
    return typeof value === 'object' ? value : undefined
  }
  const first = (key: number, otherwise: number): number => numbers(key)?.[0] ?? otherwise
  const flags = first(tag.subfile, 0)
  const photometric = first(tag.photometric, -1)
  const isMask = (flags & 4) !== 0 || photometric === 4
  const text = tags.get(tag.description)
  const description = typeof text === 'string' ? text : ''
  const bits = numbers(tag.bits) ?? [1]
  const largest = largestSample(bits[0]!, first(tag.largest, 0), first(tag.largestUsed, 0))
  const mpp = micrometres({ description, unit: first(tag.unit, 2), across: first(tag.across, NaN), down: first(tag.down, NaN) })
  const [width, height] = [first(tag.width, 0), first(tag.height, 0)]
  const isTiled = tags.has(tag.tileWidth)
  const lengths = numbers(isTiled ? tag.tileSizes : tag.stripSizes) ?? []
  const starts = numbers(isTiled ? tag.tiles : tag.strips) ?? numbers(tag.strips) ?? [0]
  const [profileAt, profileLength] = numbers(tag.icc) ?? []
  return {
    kind: isMask ? 'mask' : (flags & 1) !== 0 || first(tag.oldSubfile, 1) === 2 ? 'reduced' : 'full',
    width,
    height,
    bits,
    channels: first(tag.channels, 1),
    sampleFormat: first(tag.sampleFormat, 1),
    compression: first(tag.compression, 1),
    photometric,
    isTiled,
    isPlanar: first(tag.planar, 1) === 2,
    jpegTables: numbers(tag.jpegTables) ?? [],
    start: starts[lengths.findIndex((length) => length > 0)] ?? starts[0]!,
    tiles: {
      width: isTiled ? first(tag.tileWidth, width) : width,
      height: isTiled ? first(tag.tileHeight, height) : Math.min(height, first(tag.stripRows, height)),
      count: lengths.length,
    },
    missing: lengths.flatMap((length, at) => (length === 0 ? [at] : [])),
    extra: numbers(tag.extra) ?? [],
    ...(largest !== undefined && { largest }),
    description,
    ...(mpp && { mpp }),
    ...(profileAt !== undefined && profileLength !== undefined && { icc: { start: profileAt, length: profileLength } }),
    focalPlane: first(tag.focalPlane, 0),
  }
}

/**
 * The largest sample of 16 bits that stands for white, where it is less than they hold. SMaxSampleValue says it; MaxSampleValue is the
 * largest that was used (TIFF 6.0, section 8), which cameras and microscopes of 10, 12 or 14 bits fill with what these hold.
 */
function largestSample(bits: number, said: number, used: number): number | undefined {
  if (bits !== 16) return undefined
  if (said > 255 && said < 65_535) return said
  return [1023, 2047, 4095, 8191, 16_383, 32_767].includes(used) ? used : undefined
}
