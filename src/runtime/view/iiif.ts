import type { Extent } from '../predict/places.ts'
import type { Region } from '../upscale/slide-target.ts'

/** What is asked for by an address of the IIIF Image API 3.0, in pixels of the full size. */
export interface ImageRequest {
  readonly region: Region
  readonly width: number
  readonly height: number
  /** It may be larger than the region: `^`. */
  readonly enlarges: boolean
  readonly rotation: number
  readonly isMirrored: boolean
  readonly quality: 'default' | 'color' | 'gray' | 'bitonal'
  readonly format: 'jpg' | 'png'
}

/** What cannot be answered, with the status that says so. */
export class Refused extends Error {
  constructor(
    readonly status: 400 | 403 | 404 | 501,
    message: string,
  ) {
    super(message)
  }
}

export interface Limits {
  readonly maxWidth: number
  readonly maxHeight: number
  readonly maxArea: number
}

/** Of one answer: what a large screen shows. */
export const limits: Limits = { maxWidth: 8192, maxHeight: 8192, maxArea: 4096 ** 2 }
/** A result is no more times larger than what it is made of. */
export const largestScale = 64

export const qualities = ['default', 'color', 'gray', 'bitonal'] as const
export const formats = ['jpg', 'png'] as const

/**
 * Reads `REGION/SIZE/ROTATION/QUALITY.FORMAT` of a picture of this size (IIIF Image API 3.0, "Image Requests").
 * @throws Refused where it is not understood, outside of the picture, or larger than is allowed
 */
export function readRequest(parts: readonly string[], full: Extent): ImageRequest {
  const [regionText, sizeText, rotationText, last, ...more] = parts
  if (last === undefined || more.length > 0) throw new Refused(400, 'an image is REGION/SIZE/ROTATION/QUALITY.FORMAT')
  const region = regionOf(regionText!, full)
  const enlarges = sizeText!.startsWith('^')
  const { width, height } = sizeOf(enlarges ? sizeText!.slice(1) : sizeText!, region, enlarges)
  const [, mirror, degrees] = /^(!?)(\d+(?:\.\d+)?)$/.exec(rotationText!) ?? []
  const rotation = Number(degrees)
  if (degrees === undefined || rotation > 360) throw new Refused(400, `${rotationText} is no rotation from 0 to 360`)
  if (rotation % 90 !== 0) throw new Refused(501, 'pictures are turned by multiples of 90 degrees')
  const [, quality, format] = /^([^.]+)\.([^.]+)$/.exec(last) ?? []
  const isQuality = (qualities as readonly string[]).includes(quality ?? '')
  if (!isQuality) throw new Refused(400, `${last}: the quality is one of ${qualities.join(', ')}`)
  if (!(formats as readonly string[]).includes(format ?? ''))
    throw new Refused(400, `${last}: the format is one of ${formats.join(', ')}`)
  return {
    region,
    width,
    height,
    enlarges,
    rotation: rotation % 360,
    isMirrored: mirror === '!',
    quality: quality as ImageRequest['quality'],
    format: format as ImageRequest['format'],
  }
}

function numbers(text: string, count: number, isWhole: boolean): number[] | undefined {
  const parts = text.split(',')
  const pattern = isWhole ? /^\d{1,9}$/ : /^\d{1,9}(\.\d{1,12})?$/
  return parts.length === count && parts.every((part) => pattern.test(part)) ? parts.map(Number) : undefined
}

/** @throws Refused where nothing of it is inside the picture. */
export function regionOf(text: string, full: Extent): Region {
  if (text === 'full') return { x: 0, y: 0, ...full }
  if (text === 'square') {
    const side = Math.min(full.width, full.height)
    return { x: Math.floor((full.width - side) / 2), y: Math.floor((full.height - side) / 2), width: side, height: side }
  }
  const percent = text.startsWith('pct:')
  const found = percent ? numbers(text.slice(4), 4, false) : numbers(text, 4, true)
  if (!found) throw new Refused(400, `${text} is no region: full, square, x,y,w,h or pct:x,y,w,h`)
  const [x, y, width, height] = (
    percent ? found.map((value, at) => Math.round((value / 100) * (at % 2 === 0 ? full.width : full.height))) : found
  ) as [number, number, number, number]
  if (width === 0 || height === 0) throw new Refused(400, `the region ${text} is empty`)
  if (x >= full.width || y >= full.height)
    throw new Refused(400, `the region ${text} lies outside of ${full.width} x ${full.height}`)
  return { x, y, width: Math.min(width, full.width - x), height: Math.min(height, full.height - y) }
}

function sizeOf(text: string, region: Region, enlarges: boolean): Extent {
  const { width, height } = wantedSize(text, region, enlarges)
  if (width < 1 || height < 1) throw new Refused(400, `the size ${text} is empty`)
  if (!enlarges && (width > region.width || height > region.height))
    throw new Refused(400, `${width} x ${height} is larger than the region: write ^${text} to have it enlarged`)
  if (width > largestScale * region.width || height > largestScale * region.height)
    throw new Refused(400, `${text} is more than ${largestScale} times larger than the region`)
  if (width > limits.maxWidth || height > limits.maxHeight || width * height > limits.maxArea)
    throw new Refused(400, `${width} x ${height} is more than is given at once: ${limits.maxArea} pixels`)
  return { width, height }
}

function wantedSize(text: string, region: Region, enlarges: boolean): Extent {
  const scaled = (by: number): Extent => ({
    width: Math.max(1, Math.round(region.width * by)),
    height: Math.max(1, Math.round(region.height * by)),
  })
  if (text === 'max') {
    const most = Math.min(
      limits.maxWidth / region.width,
      limits.maxHeight / region.height,
      Math.sqrt(limits.maxArea / (region.width * region.height)),
      enlarges ? largestScale : 1,
    )
    return most === 1
      ? region
      : { width: Math.max(1, Math.floor(region.width * most)), height: Math.max(1, Math.floor(region.height * most)) }
  }
  if (text.startsWith('pct:')) {
    const [percent] = numbers(text.slice(4), 1, false) ?? []
    if (percent === undefined || percent === 0) throw new Refused(400, `${text} is no size`)
    return scaled(percent / 100)
  }
  const isWithin = text.startsWith('!')
  const [, w, h] = /^(\d{0,6}),(\d{0,6})$/.exec(isWithin ? text.slice(1) : text) ?? []
  if (w === undefined || h === undefined || (w === '' && h === '') || (isWithin && (w === '' || h === '')))
    throw new Refused(400, `${text} is no size: max, w,h, w, or ,h or pct:n or !w,h`)
  if (isWithin) {
    const by = Math.min(Number(w) / region.width, Number(h) / region.height, enlarges ? Infinity : 1)
    return by === 0 ? { width: 0, height: 0 } : scaled(by)
  }
  if (w === '') return { width: Math.max(1, Math.round((region.width * Number(h)) / region.height)), height: Number(h) }
  if (h === '') return { width: Number(w), height: Math.max(1, Math.round((region.height * Number(w)) / region.width)) }
  return { width: Number(w), height: Number(h) }
}

/** info.json (IIIF Image API 3.0, "Image Information"). */
export function imageInformation(id: string, { width, height }: Extent, tile: number): Record<string, unknown> {
  const levels = Math.max(0, Math.ceil(Math.log2(Math.max(width, height) / tile)))
  const factors = Array.from({ length: levels + 1 }, (_, level) => 2 ** level)
  return {
    '@context': 'http://iiif.io/api/image/3/context.json',
    id,
    type: 'ImageService3',
    protocol: 'http://iiif.io/api/image',
    profile: 'level2',
    width,
    height,
    ...limits,
    sizes: [...factors]
      .reverse()
      .map((factor) => ({ width: Math.ceil(width / factor), height: Math.ceil(height / factor) }))
      .filter(
        (size) => size.width <= limits.maxWidth && size.height <= limits.maxHeight && size.width * size.height <= limits.maxArea,
      ),
    tiles: [{ width: tile, height: tile, scaleFactors: factors }],
    preferredFormats: ['jpg'],
    extraFormats: ['png'],
    extraQualities: ['color', 'gray', 'bitonal'],
    extraFeatures: ['mirroring', 'regionSquare', 'rotationBy90s', 'sizeUpscaling', 'cors'],
  }
}
