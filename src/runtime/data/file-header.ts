const INCH_IN_METRES = 0.0254
/** One pixel per millimetre: what libvips writes for a picture without a resolution. */
const UNKNOWN_PER_METRE = 1000

/** What the chunks of a PNG file say. */
export interface PngHeader {
  readonly animated: boolean
  /** Whether the closing chunk is there. */
  readonly complete: boolean
  readonly density?: number
}

/** Walks over the chunks of a PNG file (PNG specification, sections 5 and 11) without decoding. `density` in pixels per inch. */
export function readPngHeader(bytes: Buffer): PngHeader {
  let animated = false
  let density: number | undefined
  for (let at = 8; at + 12 <= bytes.length; at += bytes.readUInt32BE(at) + 12) {
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (type === 'acTL') animated = true
    if (type === 'IEND') return { animated, complete: true, ...(density === undefined ? {} : { density }) }
    if (type === 'pHYs' && at + 17 <= bytes.length && bytes[at + 16] === 1) {
      const perMetre = bytes.readUInt32BE(at + 8)
      if (perMetre !== UNKNOWN_PER_METRE) density = rounded(perMetre * INCH_IN_METRES)
    }
  }
  return { animated, complete: false }
}

/** Pixels per inch from the JFIF segment of a JPEG file; undefined where it gives an aspect ratio only, or is not there. */
export function jpegDensity(bytes: Buffer): number | undefined {
  const isJfif = bytes.length >= 18 && bytes[3] === 0xe0 && bytes.toString('latin1', 6, 11) === 'JFIF\0'
  if (!isJfif) return undefined
  const density = bytes.readUInt16BE(14)
  if (density === 0) return undefined
  if (bytes[13] === 1) return density
  return bytes[13] === 2 ? rounded(density * 100 * INCH_IN_METRES) : undefined
}

/** PNG counts whole pixels per metre: 300 per inch comes back as 299.9994. */
function rounded(density: number): number | undefined {
  return density > 0 ? Math.round(density * 100) / 100 : undefined
}
