import { readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import sharp, { type Metadata } from 'sharp'
import { UserError } from '../../errors.ts'
import { jpegDensity, readPngHeader } from './file-header.ts'

export { pngWriter, writePng, type PngOptions, type PngWriter } from './png-writer.ts'

/** 8-bit RGB, rows top to bottom, interleaved: `data` has `width * height * 3` bytes. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** A picture as it came out of a file. */
export interface PictureFile {
  readonly picture: Picture
  /** Pixels per inch, where the file is tagged with a resolution. */
  readonly density?: number
  /** What was changed to make it 8-bit RGB, for example `alpha dropped (opaque everywhere)`. */
  readonly notes: string[]
}

/** The endings under which pictures are looked for in a folder, lower case. */
export const PICTURE_ENDINGS: readonly string[] = ['.png', '.jpg', '.jpeg', '.tif', '.tiff']

const SLIDE_ENDINGS = ['.svs', '.ndpi', '.scn', '.mrxs', '.vms', '.vmu', '.bif', '.czi', '.dcm']
const EIGHT_BIT_RGB = 'archc reads 8-bit RGB, RGBA and grey pictures; convert it first.'
const REGION = 'Export the region that you need as PNG or TIFF first.'

/**
 * Reads a PNG, JPEG or TIFF file (told by its first bytes, not by its name) as 8-bit RGB. Alpha that is 255 everywhere is dropped, other
 * alpha composited on white, grey widened, EXIF orientation applied; each is noted. Colour profiles are not applied: samples stay as stored.
 * Slides and files of several pages, animations, 16-bit, CMYK and other colour spaces, and files that are truncated or corrupt are
 * UserErrors that name the file and the reason.
 */
export async function readPicture(file: string): Promise<PictureFile> {
  if (SLIDE_ENDINGS.includes(extname(file).toLowerCase())) throw refused(file, 'whole-slide files are not read', REGION)
  const bytes = await readBytes(file)
  const density = headerDensity(file, bytes)
  try {
    const image = sharp(bytes, { failOn: 'warning', ignoreIcc: true })
    const metadata = await image.metadata()
    refuseOtherPixels(file, metadata)
    const { data, info } = await image.autoOrient().raw().toBuffer({ resolveWithObject: true })
    const notes: string[] = []
    if ((metadata.orientation ?? 1) > 1) notes.push(`turned upright (EXIF orientation ${metadata.orientation})`)
    const picture = { width: info.width, height: info.height, data: toRgb(data, info.channels, metadata, notes) }
    const tagged = density ?? decodedDensity(metadata)
    return tagged === undefined ? { picture, notes } : { picture, density: tagged, notes }
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error
    if (/pixel limit/i.test(error.message)) throw refused(file, 'it has more than 268 million pixels', REGION)
    throw undecodable(file, error.message.trim().split('\n').at(-1)!, error)
  }
}

/** The `width` x `height` part whose upper left pixel is (x, y). It must lie inside the picture. */
export function crop(picture: Picture, x: number, y: number, width: number, height: number): Picture {
  if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > picture.width || y + height > picture.height) {
    throw new RangeError(`crop: ${width} x ${height} at (${x}, ${y}) is not inside ${picture.width} x ${picture.height}`)
  }
  const data = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * picture.width + x) * 3
    data.set(picture.data.subarray(from, from + width * 3), row * width * 3)
  }
  return { width, height, data }
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    const code = 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') throw refused(file, 'there is no such file')
    if (code === 'EISDIR') throw refused(file, 'it is a folder, not a picture')
    throw refused(file, error.message)
  }
}

/** Refuses what is no PNG, JPEG or TIFF by its first bytes. Gives the resolution where the header has it. */
function headerDensity(file: string, bytes: Buffer): number | undefined {
  const magic = bytes.toString('latin1', 0, 4)
  if (magic.startsWith('\xff\xd8\xff')) return jpegDensity(bytes)
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(magic)) return undefined
  if (magic === '\x89PNG') {
    const { animated, complete, density } = readPngHeader(bytes)
    if (animated) throw refused(file, 'it is an animated PNG')
    if (!complete) throw undecodable(file, 'its closing chunk is missing')
    return density
  }
  if (bytes.length === 0) throw refused(file, 'the file is empty')
  throw refused(file, 'it is not a PNG, JPEG or TIFF file', 'archc reads PNG, JPEG and TIFF; convert it first.')
}

/** The resolution in TIFF tags or, other than the 72 that says nothing, in EXIF data: the decoder gives 72 also where there is none. */
function decodedDensity({ format, resolutionUnit, exif, density }: Metadata): number | undefined {
  if (format === 'tiff') return resolutionUnit === undefined ? undefined : density
  return exif === undefined || density === 72 ? undefined : density
}

function refuseOtherPixels(file: string, metadata: Metadata): void {
  if ((metadata.pages ?? 1) > 1) {
    throw refused(file, `it holds ${metadata.pages} pages, as slides and pyramids do; one picture is expected`, REGION)
  }
  if ((metadata.subifds ?? 0) > 0) throw refused(file, 'it is a pyramid of several resolutions, as slides are', REGION)
  if (metadata.depth !== 'uchar') {
    const kind = metadata.depth === 'ushort' ? '16-bit' : `${metadata.depth}`
    throw refused(file, `its samples are ${kind}, not 8-bit`, EIGHT_BIT_RGB)
  }
  if (metadata.space === 'cmyk') throw refused(file, 'its colours are CMYK, not RGB', EIGHT_BIT_RGB)
  if (metadata.space !== 'srgb' && metadata.space !== 'b-w') {
    throw refused(file, `its colour space is ${metadata.space}, not RGB`, EIGHT_BIT_RGB)
  }
  if (metadata.channels > 4) throw refused(file, `it has ${metadata.channels} channels, not RGB`, EIGHT_BIT_RGB)
}

function toRgb(data: Buffer, channels: number, metadata: Metadata, notes: string[]): Uint8Array {
  if (metadata.space === 'b-w') notes.push('grey widened to RGB')
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.length)
  const pixels = data.length / channels
  const rgb = new Uint8Array(pixels * 3)
  const step = channels > 2 ? 1 : 0
  const alphaAt = channels === 2 || channels === 4 ? channels - 1 : undefined
  let opaque = true
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = pixel * channels
    const alpha = alphaAt === undefined ? 255 : data[from + alphaAt]!
    if (alpha !== 255) opaque = false
    for (let channel = 0; channel < 3; channel++) {
      const sample = data[from + channel * step]!
      rgb[pixel * 3 + channel] = alpha === 255 ? sample : Math.round((sample * alpha + 255 * (255 - alpha)) / 255)
    }
  }
  if (alphaAt !== undefined) notes.push(opaque ? 'alpha dropped (opaque everywhere)' : 'alpha composited on white')
  return rgb
}

function refused(file: string, reason: string, help?: string): UserError {
  return new UserError(`${file}: ${reason}`, help)
}

function undecodable(file: string, reason: string, cause?: Error): UserError {
  const help = 'Get the file again from where it came, or save it as 8-bit PNG.'
  return new UserError(`${file}: the picture cannot be decoded, so it is truncated or corrupt (${reason})`, help, { cause })
}
