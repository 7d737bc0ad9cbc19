import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp'
import { UserError } from '../../errors.ts'
import { colour, onWhite, type Stored } from './colours.ts'
import { worse, type Compression } from './compression.ts'
import { jpegDensity, readPngHeader } from './file-header.ts'
import { jpegCompression } from './jpeg-header.ts'
import { jpegTraces } from './jpeg-traces.ts'
import { CHANNELS, type ColourProfile, type Space } from './profile.ts'
import { cutOut, READABLE, refused, undecodable } from './refusal.ts'
import { tiffPicture } from './tiff-picture.ts'

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
  /** The name of the file's ICC colour profile, whether it was applied or not. */
  readonly profile?: string
  /** `srgb` where the samples are known to be sRGB: converted to it, or of a profile that is sRGB. */
  readonly colours?: 'srgb'
  /** The RGB profile that the samples were converted from: what a result may be taken back into. */
  readonly converted?: ColourProfile
  /** How it was compressed, by the file's own tables or, where that was asked for, by its pixels. */
  readonly compression?: Compression
  /** What was changed to make it 8-bit RGB, for example `alpha dropped (opaque everywhere)`, and what was not applied. */
  readonly notes: string[]
}

export interface ReadOptions {
  /**
   * `convert` takes colours to sRGB through the embedded profile, or, for CMYK without one, through a general CMYK profile. `ignore`
   * (the default) leaves samples as stored, CMYK by `255 - ink`, as Pillow does: training, evaluation and whatever is compared with
   * numbers from Python need that.
   */
  readonly profile?: 'convert' | 'ignore'
  /** Whether pixels are searched for traces of compression: some tenths of a second. */
  readonly traces?: boolean
}

/** The endings under which pictures are looked for in a folder, lower case. */
export const PICTURE_ENDINGS: readonly string[] = ['.png', '.jpg', '.jpeg', '.tif', '.tiff']

/** More than a file of one picture has, and more than Node reads at once. */
const MOST_BYTES = 2 ** 31
/** More is not decoded: the limit of sharp. */
const MOST_PIXELS = 0x3fff ** 2
const SLIDE_ENDINGS = ['.svs', '.ndpi', '.scn', '.mrxs', '.vms', '.vmu', '.bif', '.czi', '.dcm']

/**
 * Reads a PNG, JPEG, TIFF or BigTIFF file (told by its first bytes, not by its name) as 8-bit RGB: 16 bits are rounded to 8
 * (`sample / 257`; Pillow cuts them off), grey and palettes are widened, CMYK and embedded ICC profiles are taken to sRGB or not by
 * `options.profile`, alpha that is 255 everywhere is dropped, other alpha composited on white, orientation applied; each is noted. Rounding
 * comes before the profile, because sharp takes 16-bit RGB through Display P3, which loses more than rounding does.
 *
 * Slides and files of several pages or resolutions, animations, floating point, signed and 32-bit samples, other colour spaces and
 * compressions, and files that are truncated or corrupt are UserErrors that name the file and the reason. Of a TIFF with one full-size
 * page, a thumbnail and masks beside it are left out with a note.
 */
export async function readPicture(file: string, options: ReadOptions = {}): Promise<PictureFile> {
  const { bytes, header, open, metadata } = await look(file)
  const notes = [...header.notes]
  return knowing(file, async () => {
    if ((metadata.orientation ?? 1) > 1) notes.push(`turned upright (EXIF orientation ${metadata.orientation})`)
    const stored = await decode(sharp(bytes, open), metadata, notes)
    const coloured = await colour(stored, metadata.icc, options.profile ?? 'ignore', notes)
    const data = onWhite(coloured.rgb, stored.alpha, notes)
    const density = header.density ?? decodedDensity(metadata)
    const compression = worse(header.compression, options.traces ? jpegTraces(stored) : undefined)
    return {
      picture: { width: stored.width, height: stored.height, data },
      ...(density !== undefined && { density }),
      ...(coloured.profile !== undefined && { profile: coloured.profile }),
      ...(coloured.isSrgb && { colours: 'srgb' as const }),
      ...(coloured.converted && { converted: coloured.converted }),
      ...(compression && { compression }),
      notes,
    }
  })
}

/**
 * The size of a picture, upright. Throws what `readPicture` would throw without decoding: what is no picture that archc reads is said
 * before anything is done.
 */
export async function pictureSize(file: string): Promise<Pick<Picture, 'width' | 'height'>> {
  const { width, height } = (await look(file)).metadata.autoOrient
  return { width, height }
}

/** A file that archc reads, by all that can be known without decoding it. */
interface Looked {
  readonly bytes: Buffer
  readonly header: Header
  /** How it is decoded. */
  readonly open: SharpOptions
  readonly metadata: Metadata
}

async function look(file: string): Promise<Looked> {
  if (SLIDE_ENDINGS.includes(extname(file).toLowerCase())) throw refused(file, 'whole-slide files are not read', cutOut(file))
  const bytes = await readBytes(file)
  const header = readHeader(file, bytes)
  const open: SharpOptions = { failOn: 'warning', ignoreIcc: true, page: header.page }
  return knowing(file, async () => {
    const metadata = await sharp(bytes, open).metadata()
    if (metadata.width * metadata.height > MOST_PIXELS)
      throw refused(file, 'it has more than 268 million pixels', 'export the region that you need as PNG or TIFF first')
    refuseOtherPixels(file, metadata)
    return { bytes, header, open, metadata }
  })
}

/** The decoder's complaints as UserErrors. */
async function knowing<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error
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
    if ((await stat(file)).size >= MOST_BYTES) throw refused(file, 'it has more than 2 GB, as slides do', cutOut(file))
    return await readFile(file)
  } catch (error) {
    if (error instanceof UserError || !(error instanceof Error)) throw error
    const code = 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') throw refused(file, 'there is no such file')
    if (code === 'EISDIR') throw refused(file, 'it is a folder, not a picture')
    throw refused(file, error.message)
  }
}

/** What is known before decoding. */
interface Header {
  /** Which page of the file is the picture. */
  readonly page: number
  readonly density?: number | undefined
  readonly compression?: Compression | undefined
  readonly notes: readonly string[]
}

/** Refuses what is no PNG, JPEG or TIFF by its first bytes, and what of these is not read by what the header says. */
function readHeader(file: string, bytes: Buffer): Header {
  const magic = bytes.toString('latin1', 0, 4)
  if (magic.startsWith('\xff\xd8\xff'))
    return { page: 0, density: jpegDensity(bytes), compression: jpegCompression(bytes), notes: [] }
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(magic)) return tiffPicture(file, bytes)
  if (magic === '\x89PNG') {
    const { animated, complete, density } = readPngHeader(bytes)
    if (animated) throw refused(file, 'it is an animated PNG')
    if (!complete) throw undecodable(file, 'its closing chunk is missing')
    return { page: 0, density, notes: [] }
  }
  if (bytes.length === 0) throw refused(file, 'the file is empty')
  throw refused(file, 'it is not a PNG, JPEG or TIFF file', 'archc reads PNG, JPEG and TIFF; convert it first.')
}

/** The resolution in TIFF tags or, other than the 72 that says nothing, in EXIF data: the decoder gives 72 also where there is none. */
function decodedDensity({ format, resolutionUnit, exif, density }: Metadata): number | undefined {
  if (format === 'tiff') return resolutionUnit === undefined ? undefined : density
  return exif === undefined || density === 72 ? undefined : density
}

const SPACES: Readonly<Record<string, Space>> = { srgb: 'RGB', rgb16: 'RGB', 'b-w': 'GRAY', grey16: 'GRAY', cmyk: 'CMYK' }

function refuseOtherPixels(file: string, metadata: Metadata): void {
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort')
    throw refused(file, `its samples are ${metadata.depth}`, READABLE)
  const space = SPACES[metadata.space]
  if (space === undefined) throw refused(file, `its colour space is ${metadata.space}, not RGB`, READABLE)
  const alpha = space === 'CMYK' ? 0 : 1
  if (metadata.channels < CHANNELS[space] || metadata.channels > CHANNELS[space] + alpha) {
    throw refused(file, `it has ${metadata.channels} channels, not ${CHANNELS[space]}`, READABLE)
  }
}

async function decode(image: Sharp, metadata: Metadata, notes: string[]): Promise<Stored> {
  const space = SPACES[metadata.space]!
  const deep = metadata.depth === 'ushort'
  // Without its own space for the output, the decoder would convert the colours, and cut 16 bits off instead of rounding.
  const native = metadata.space === 'srgb' ? image : image.pipelineColourspace(metadata.space).toColourspace(metadata.space)
  const { data, info } = await native
    .autoOrient()
    .raw({ depth: deep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const all = deep
    ? rounded(new Uint16Array(data.buffer, data.byteOffset, data.length / 2))
    : new Uint8Array(data.buffer, data.byteOffset, data.length)
  if (deep) notes.push('16 bits rounded to 8')
  const channels = CHANNELS[space]
  if (info.channels !== channels && info.channels !== channels + 1)
    throw new Error(`${info.channels} channels came out of the decoder`)
  if (info.channels === channels) return { width, height, space, samples: all, alpha: undefined }
  const samples = new Uint8Array(width * height * channels)
  const alpha = new Uint8Array(width * height)
  for (let pixel = 0, from = 0, to = 0; pixel < alpha.length; pixel++) {
    for (let channel = 0; channel < channels; channel++) samples[to++] = all[from++]!
    alpha[pixel] = all[from++]!
  }
  return { width, height, space, samples, alpha }
}

/** 65535 is 255 * 257. */
function rounded(samples: Uint16Array): Uint8Array {
  const out = new Uint8Array(samples.length)
  for (let i = 0; i < out.length; i++) out[i] = Math.floor((samples[i]! + 128) / 257)
  return out
}
