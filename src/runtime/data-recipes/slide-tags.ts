import { open, type FileHandle } from 'node:fs/promises'

/** One picture of a TIFF file: a level of a slide, its label, its overview. */
export interface SlidePage {
  readonly width: number
  readonly height: number
  readonly isTiled: boolean
  readonly compression: number
  readonly channels: number
  readonly bits: number
  readonly description: string
  /** Micrometres per pixel by the resolution tags. */
  readonly mpp?: number
}

/** Bytes of a value by its type. */
const widths: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 13: 4, 16: 8, 18: 8 }
const ascii = 2
const rational = 5
/** Values that are looked at; offsets of tiles are not, of which a slide has a million. */
const mostValues = 1 << 20
const mostPages = 1000

type Value = readonly number[] | string

/**
 * The directories of a TIFF or BigTIFF file, read where they stand, whatever the file's size; the first is the slide at its full size. A
 * file that is none, or is cut off, is a RangeError.
 */
export async function readSlideTags(file: string): Promise<SlidePage[]> {
  const handle = await open(file, 'r')
  try {
    const reader = await createReader(handle)
    const pages: SlidePage[] = []
    const seen = new Set<number>()
    for (let at = reader.first; at !== 0;) {
      if (seen.has(at) || pages.length === mostPages) throw new RangeError('its directories go in a circle')
      seen.add(at)
      const { tags, next } = await reader.directory(at)
      pages.push(pageOf(tags))
      at = next
    }
    if (pages.length === 0) throw new RangeError('it has no directory')
    return pages
  } finally {
    await handle.close()
  }
}

interface Reader {
  readonly first: number
  directory(at: number): Promise<{ tags: ReadonlyMap<number, Value>; next: number }>
}

async function createReader(handle: FileHandle): Promise<Reader> {
  const bytesAt = async (at: number, length: number): Promise<Buffer> => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at)
    if (bytesRead < length) throw new RangeError('a directory is not inside the file')
    return buffer
  }
  const head = await bytesAt(0, 16)
  const order = head.toString('latin1', 0, 2)
  if (order !== 'II' && order !== 'MM') throw new RangeError('it is not a TIFF file')
  const number = (bytes: Buffer, at: number, width: number): number => {
    if (width === 8) return Number(order === 'II' ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at))
    return order === 'II' ? bytes.readUIntLE(at, width) : bytes.readUIntBE(at, width)
  }
  const magic = number(head, 2, 2)
  if (magic !== 42 && magic !== 43) throw new RangeError('it is not a TIFF file')
  const isBig = magic === 43
  const [word, countWidth] = isBig ? [8, 8] : [4, 2]
  const size = 4 + 2 * word

  const valueOf = async (entry: Buffer): Promise<Value | undefined> => {
    const type = number(entry, 2, 2)
    const width = widths[type]
    const count = number(entry, 4, word)
    if (width === undefined || width * count > mostValues) return undefined
    const fits = width * count <= word
    const bytes = fits ? entry.subarray(4 + word) : await bytesAt(number(entry, 4 + word, word), width * count)
    if (type === ascii) return bytes.toString('utf8', 0, count).replace(/\0.*$/s, '')
    return Array.from({ length: count }, (_, i) =>
      type === rational ? number(bytes, i * 8, 4) / number(bytes, i * 8 + 4, 4) : number(bytes, i * width, width),
    )
  }
  return {
    first: number(head, isBig ? 8 : 4, word),
    async directory(at) {
      const count = number(await bytesAt(at, countWidth), 0, countWidth)
      if (count > 4096) throw new RangeError('a directory has too many entries')
      const bytes = await bytesAt(at + countWidth, count * size + word)
      const tags = new Map<number, Value>()
      for (let i = 0; i < count; i++) {
        const entry = bytes.subarray(i * size, (i + 1) * size)
        const tag = number(entry, 0, 2)
        if (!looked.has(tag)) continue
        const value = await valueOf(entry)
        if (value !== undefined) tags.set(tag, value)
      }
      return { tags, next: number(bytes, count * size, word) }
    },
  }
}

const tag = { width: 256, height: 257, bits: 258, compression: 259, description: 270, channels: 277, across: 282, unit: 296, tileWidth: 322 } // prettier-ignore
const looked = new Set<number>(Object.values(tag))

/** Of an inch and of a centimetre. */
const micrometres: Readonly<Record<number, number>> = { 2: 25_400, 3: 10_000 }
/** Nothing is scanned at more: it is the resolution that a program writes where it knows none. */
const coarsestMpp = 20

function pageOf(tags: ReadonlyMap<number, Value>): SlidePage {
  const numbers = (key: keyof typeof tag): readonly number[] => {
    const value = tags.get(tag[key])
    return typeof value === 'object' ? value : []
  }
  const first = (key: keyof typeof tag, otherwise: number): number => numbers(key)[0] ?? otherwise
  const description = tags.get(tag.description)
  const mpp = (micrometres[first('unit', 2)] ?? NaN) / first('across', NaN)
  return {
    width: first('width', 0),
    height: first('height', 0),
    isTiled: tags.has(tag.tileWidth),
    compression: first('compression', 1),
    channels: first('channels', 1),
    bits: first('bits', 1),
    description: typeof description === 'string' ? description : '',
    ...(mpp > 0 && mpp < coarsestMpp && { mpp }),
  }
}
