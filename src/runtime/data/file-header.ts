import type { Bytes } from './bytes.ts'

const inchInMetres = 0.0254
/** One pixel per millimetre: what libvips writes for a picture without a resolution. */
const unknownPerMetre = 1000

/** What the chunks of a PNG file say. */
export interface PngHeader {
  readonly isAnimated: boolean
  /** Whether the closing chunk is there. */
  readonly isComplete: boolean
  readonly density?: number
}

/**
 * Walks over the chunks of a PNG file (PNG specification, sections 5 and 11) without decoding, each where it stands. `density` in pixels
 * per inch.
 */
export async function readPngHeader(bytes: Bytes): Promise<PngHeader> {
  let isAnimated = false
  let density: number | undefined
  for await (const { type, start } of pngChunks(bytes)) {
    if (type === 'acTL') isAnimated = true
    if (type === 'IEND') return { isAnimated, isComplete: true, ...(density !== undefined && { density }) }
    if (type === 'pHYs') {
      const body = await bytes.at(start, 9)
      const perMetre = body[8] === 1 ? body.readUInt32BE(0) : unknownPerMetre
      if (perMetre !== unknownPerMetre) density = rounded(perMetre * inchInMetres)
    }
  }
  return { isAnimated, isComplete: false }
}

/** A chunk of a PNG: what it is, and where its contents are. */
interface PngChunk {
  readonly type: string
  readonly start: number
  readonly length: number
}

/** The chunks of a PNG file (PNG specification, section 5), each where it stands; their contents are not read. */
export async function* pngChunks(bytes: Bytes): AsyncGenerator<PngChunk> {
  for (let at = 8; at + 12 <= bytes.size;) {
    const head = await bytes.at(at, 8)
    const length = head.readUInt32BE(0)
    yield { type: head.toString('latin1', 4, 8), start: at + 8, length }
    at += length + 12
  }
}

/** Pixels per inch from the JFIF segment of a JPEG file; undefined where it gives an aspect ratio only, or is not there. */
export function jpegDensity(bytes: Buffer): number | undefined {
  const isJfif = bytes.length >= 18 && bytes[3] === 0xe0 && bytes.toString('latin1', 6, 11) === 'JFIF\0'
  if (!isJfif) return undefined
  const density = bytes.readUInt16BE(14)
  if (density === 0) return undefined
  if (bytes[13] === 1) return density
  return bytes[13] === 2 ? rounded(density * 100 * inchInMetres) : undefined
}

/** PNG counts whole pixels per metre: 300 per inch comes back as 299.9994. */
function rounded(density: number): number | undefined {
  return density > 0 ? Math.round(density * 100) / 100 : undefined
}
