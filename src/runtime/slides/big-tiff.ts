import type { EnlargedFacts } from './enlarged-facts.ts'
import { omeXml } from './ome.ts'

/** How the tiles of a file are stored. */
export type TileForm = 'jpeg' | 'deflate'

/** One level of a file: where its tiles stand, row by row. */
export interface PlacedLevel {
  readonly width: number
  readonly height: number
  readonly offsets: readonly number[]
  readonly counts: readonly number[]
}

const types = { ascii: 2, short: 3, long: 4, rational: 5, undefined: 7, long8: 16, ifd8: 18 } as const
type Type = keyof typeof types

interface Entry {
  readonly tag: number
  readonly type: Type
  readonly count: number
  readonly bytes: Buffer
}

export const headerBytes = 16

/** How a BigTIFF begins whose first directory is at `first`. */
export function bigTiffHeader(first: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.write('II+\0\x08\0\0\0', 'latin1')
  header.writeBigUInt64LE(BigInt(first), 8)
  return header
}

/**
 * The directories of a slide's levels, to be appended at `at`. Levels stand in the chain of directories, which OpenSlide and libvips follow, and
 * are named by SubIFDs of the first, which Bio-Formats and tifffile follow; what the slide is says OME-XML in the first. YCbCrSubSampling (530) is left out: where it is
 * 1 x 1 Bio-Formats converts colours that Java has converted; libtiff reads it from the JPEG.
 */
export function directories(
  levels: readonly PlacedLevel[],
  { tile, form, facts }: { readonly tile: number; readonly form: TileForm; readonly facts: EnlargedFacts },
  at: number,
): { readonly bytes: Buffer; readonly first: number } {
  const entries = levels.map((level, index) => entriesOf(level, index, levels, tile, form, facts))
  const starts: number[] = []
  let end = Math.ceil(at / 8) * 8
  const [padding, first] = [end - at, end]
  for (const list of entries) {
    starts.push(end)
    end += 8 + 20 * list.length + 8 + list.reduce((sum, { bytes }) => sum + outside(bytes), 0)
  }
  entries[0]!.find(({ tag }) => tag === 330)?.bytes.set(long8s(starts.slice(1)))
  const written = entries.map((list, index) => directory(list, starts[index]!, starts[index + 1] ?? 0))
  return { bytes: Buffer.concat([Buffer.alloc(padding), ...written]), first }
}

/** Bytes that do not fit into an entry, on whole words. */
const outside = (bytes: Buffer): number => (bytes.length <= 8 ? 0 : Math.ceil(bytes.length / 8) * 8)

function directory(entries: readonly Entry[], at: number, next: number): Buffer {
  const head = Buffer.alloc(8 + 20 * entries.length + 8)
  head.writeBigUInt64LE(BigInt(entries.length), 0)
  const values: Buffer[] = []
  let end = at + head.length
  entries.forEach(({ tag, type, count, bytes }, index) => {
    const place = 8 + 20 * index
    head.writeUInt16LE(tag, place)
    head.writeUInt16LE(types[type], place + 2)
    head.writeBigUInt64LE(BigInt(count), place + 4)
    const length = outside(bytes)
    if (length === 0) head.set(bytes, place + 12)
    else {
      head.writeBigUInt64LE(BigInt(end), place + 12)
      values.push(bytes, Buffer.alloc(length - bytes.length))
      end += length
    }
  })
  head.writeBigUInt64LE(BigInt(next), head.length - 8)
  return Buffer.concat([head, ...values])
}

function entriesOf(
  { width, height, offsets, counts }: PlacedLevel,
  index: number,
  levels: readonly PlacedLevel[],
  tile: number,
  form: TileForm,
  facts: EnlargedFacts,
): Entry[] {
  const [full] = levels as [PlacedLevel]
  const shorts = (tag: number, ...values: readonly number[]): Entry => ({
    tag,
    type: 'short',
    count: values.length,
    bytes: packed(values, 2),
  })
  const longs = (tag: number, values: readonly number[]): Entry => ({
    tag,
    type: 'long',
    count: values.length,
    bytes: packed(values, 4),
  })
  const text = (tag: number, value: string): Entry => {
    const bytes = Buffer.from(`${value}\0`)
    return { tag, type: 'ascii', count: bytes.length, bytes }
  }
  const perCentimetre = (tag: number, mpp: number): Entry => ({ tag, type: 'rational', count: 1, bytes: rational(10_000 / mpp) })
  const { mpp, icc } = facts
  const entries: Entry[] = [
    longs(254, [index === 0 ? 0 : 1]),
    longs(256, [width]),
    longs(257, [height]),
    shorts(258, 8, 8, 8),
    shorts(259, form === 'jpeg' ? 7 : 8),
    shorts(262, form === 'jpeg' ? 6 : 2),
    ...(index === 0 ? [text(270, omeXml(full, facts))] : []),
    shorts(277, 3),
    ...(mpp
      ? [perCentimetre(282, (mpp.x * full.width) / width), perCentimetre(283, (mpp.y * full.height) / height), shorts(296, 3)]
      : []),
    shorts(284, 1),
    text(305, facts.software),
    ...(form === 'deflate' ? [shorts(317, 2)] : []),
    longs(322, [tile]),
    longs(323, [tile]),
    { tag: 324, type: 'long8', count: offsets.length, bytes: long8s(offsets) },
    longs(325, counts),
    ...(index === 0 && levels.length > 1
      ? [{ tag: 330, type: 'ifd8', count: levels.length - 1, bytes: Buffer.alloc(8 * (levels.length - 1)) } as const]
      : []),
    ...(icc ? [{ tag: 34_675, type: 'undefined', count: icc.length, bytes: icc } as const] : []),
  ]
  return entries.sort((a, b) => a.tag - b.tag)
}

function packed(values: readonly number[], width: 2 | 4): Buffer {
  const bytes = Buffer.alloc(width * values.length)
  values.forEach((value, at) => bytes.writeUIntLE(value, width * at, width))
  return bytes
}

function long8s(values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * values.length)
  values.forEach((value, at) => bytes.writeBigUInt64LE(BigInt(value), 8 * at))
  return bytes
}

/** Nine digits, or as many as 32 bits hold. */
function rational(value: number): Buffer {
  const below = 10 ** Math.max(0, Math.min(6, Math.floor(9 - Math.log10(value))))
  return packed([Math.round(value * below), below], 4)
}
