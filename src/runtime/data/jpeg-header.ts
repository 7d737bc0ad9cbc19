import { qualityOf, type Compression } from './compression.ts'

/** Where in a block the coefficients stand, in the order in which a JPEG file has them (figure A.6 of the standard). */
const zigzag = Array.from({ length: 64 }, (_, at) => [Math.floor(at / 8), at % 8] as const)
  .sort(([a, b], [c, d]) => a + b - (c + d) || ((a + b) % 2 === 0 ? c - a : a - c))
  .map(([row, column]) => 8 * row + column)

const subsamplings: Readonly<Record<string, string>> = {
  '1 1': '4:4:4',
  '2 1': '4:2:2',
  '2 2': '4:2:0',
  '1 2': '4:4:0',
  '4 1': '4:1:1',
}

/** Bytes in which the tables of a JPEG stand, whatever else is said before its first scan. */
export const jpegHead = 1 << 24

/**
 * What a JPEG's own tables say of its compression, read marker by marker up to the first scan (ITU-T T.81, annex B). TIFF keeps tables and
 * pictures apart: the streams are read one after the other. Undefined where there is no table of the first component, as in lossless JPEG.
 */
export function jpegCompression(...streams: readonly Buffer[]): Compression | undefined {
  const tables = new Map<number, number[]>()
  let frame: Buffer | undefined
  for (const bytes of streams)
    for (const { marker, content } of segments(bytes)) {
      if (marker === tablesMarker) readTables(content, tables)
      if (frameMarkers.has(marker)) frame = content
    }
  const steps = frame && tables.get(frame[8]!)
  const subsampling = frame && subsamplingOf(frame)
  return steps && { kind: 'jpeg', quality: qualityOf(steps), ...(subsampling && { subsampling }), from: 'tables' }
}

const tablesMarker = 0xdb
const scanMarker = 0xda
/** Frames of quantised coefficients: baseline, extended and progressive, by Huffman's coding or arithmetic. */
const frameMarkers = new Set([0xc0, 0xc1, 0xc2, 0xc9, 0xca])
/** Markers without content: fillers, restarts, start and end. */
const isBare = (marker: number): boolean => marker === 0xff || marker === 1 || (marker >= 0xd0 && marker <= 0xd9)

function* segments(bytes: Buffer): Generator<{ marker: number; content: Buffer }> {
  for (let at = 0; at + 4 <= bytes.length && bytes[at] === 0xff;) {
    const marker = bytes[at + 1]!
    if (marker === scanMarker) return
    if (isBare(marker)) {
      at += marker === 0xff ? 1 : 2
      continue
    }
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    yield { marker, content: bytes.subarray(at + 4, end) }
    at = end
  }
}

/** A segment holds one table or several, each with its number and whether its steps are of 8 or 16 bits. */
function readTables(content: Buffer, into: Map<number, number[]>): void {
  for (let at = 0; at < content.length;) {
    const width = content[at]! >> 4 ? 2 : 1
    if (at + 1 + 64 * width > content.length) return
    const steps: number[] = []
    for (const [k, place] of zigzag.entries()) steps[place] = content.readUIntBE(at + 1 + k * width, width)
    into.set(content[at]! & 15, steps)
    at += 1 + 64 * width
  }
}

/** From how the first two of three or four components are sampled: after the size, three bytes each. */
function subsamplingOf(frame: Buffer): string | undefined {
  if (frame[5]! < 3 || frame.length < 12) return undefined
  const [first, second] = [frame[7]!, frame[10]!]
  return subsamplings[`${(first >> 4) / (second >> 4)} ${(first & 15) / (second & 15)}`]
}
