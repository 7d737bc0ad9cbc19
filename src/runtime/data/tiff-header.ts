/** What the directories (pages) of a TIFF or BigTIFF file say, in the order of the file. */
export interface TiffHeader {
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
  /** 1 unsigned, 2 signed, 3 floating point, and others. */
  readonly sampleFormat: number
  readonly compression: number
  readonly photometric: number
  readonly tiled: boolean
  /** A plane for each channel instead of interleaved samples. */
  readonly planar: boolean
  /** Tables that the JPEGs of all its tiles or strips share, as a JPEG of their own. */
  readonly jpegTables: readonly number[]
  /** Where its first tile or strip is. */
  readonly start: number
}

/** Bytes of a value by its type; the types that no tag read here has are left out. */
const WIDTHS: Readonly<Record<number, number>> = { 1: 1, 7: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 }
const MOST_PAGES = 10_000

/**
 * Walks over the directories of a TIFF (TIFF 6.0, section 2) or BigTIFF file, of either byte order, without decoding. A directory that
 * is not inside the file, or leads back to one before, is a RangeError.
 */
export function readTiffHeader(bytes: Buffer): TiffHeader {
  const reader = createReader(bytes)
  const seen = new Set<number>()
  const pages: TiffPage[] = []
  const subPages: TiffPage[] = []
  const walk = (start: number, into: TiffPage[]): void => {
    for (let at = start; at !== 0;) {
      if (seen.has(at) || seen.size >= MOST_PAGES) throw new RangeError('its directories go in a circle')
      seen.add(at)
      const { tags, next } = reader.directory(at)
      into.push(pageOf(tags))
      for (const below of tags.get(330) ?? []) walk(below, subPages)
      at = next
    }
  }
  walk(reader.first, pages)
  if (pages.length === 0) throw new RangeError('it has no directory')
  return { pages, subPages }
}

type Tags = ReadonlyMap<number, readonly number[]>

interface Reader {
  /** Where the first directory is. */
  readonly first: number
  directory(at: number): { tags: Tags; next: number }
}

function createReader(bytes: Buffer): Reader {
  const little = bytes[0] === 0x49
  const number = (at: number, width: number): number => {
    if (at + width > bytes.length) throw new RangeError('a directory is not inside the file')
    if (width === 8) {
      const [low, high] = little ? [number(at, 4), number(at + 4, 4)] : [number(at + 4, 4), number(at, 4)]
      return high * 2 ** 32 + low
    }
    return little ? bytes.readUIntLE(at, width) : bytes.readUIntBE(at, width)
  }
  const big = number(2, 2) === 43
  const word = big ? 8 : 4
  const countWidth = big ? 8 : 2
  const values = (entry: number): number[] => {
    const width = WIDTHS[number(entry + 2, 2)]
    const count = number(entry + 4, word)
    if (width === undefined) return []
    const field = entry + 4 + word
    const start = width * count <= word ? field : number(field, word)
    if (start + width * count > bytes.length) throw new RangeError('a tag is not inside the file')
    return Array.from({ length: count }, (_, i) => number(start + i * width, width))
  }
  return {
    first: number(big ? 8 : 4, word),
    directory(at) {
      const count = number(at, countWidth)
      const size = 4 + 2 * word
      const end = at + countWidth + count * size
      const next = number(end, word)
      const tags = new Map<number, number[]>()
      for (let entry = at + countWidth; entry < end; entry += size) {
        const tag = number(entry, 2)
        if (READ_TAGS.has(tag)) tags.set(tag, values(entry))
      }
      return { tags, next }
    },
  }
}

const READ_TAGS = new Set([254, 255, 256, 257, 258, 259, 262, 273, 284, 322, 324, 330, 339, 347])

function pageOf(tags: Tags): TiffPage {
  const value = (tag: number, otherwise: number): number => tags.get(tag)?.[0] ?? otherwise
  const flags = value(254, 0)
  const photometric = value(262, -1)
  const mask = (flags & 4) !== 0 || photometric === 4
  return {
    kind: mask ? 'mask' : (flags & 1) !== 0 || value(255, 1) === 2 ? 'reduced' : 'full',
    width: value(256, 0),
    height: value(257, 0),
    bits: tags.get(258) ?? [1],
    sampleFormat: value(339, 1),
    compression: value(259, 1),
    photometric,
    tiled: tags.has(322),
    planar: value(284, 1) === 2,
    jpegTables: tags.get(347) ?? [],
    start: value(324, value(273, 0)),
  }
}
