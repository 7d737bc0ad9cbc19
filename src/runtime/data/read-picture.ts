import path from 'node:path'
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp'
import { UserError } from '../../errors.ts'
import { errorCode, explained } from '../files/file-error.ts'
import { requireRoom, temporaryFolder } from '../files/temporary-folder.ts'
import { withBytes } from './bytes.ts'
import { colour, onWhite, type Coloured, type Stored } from './colours.ts'
import { worse, type Compression } from './compression.ts'
import { readHeader, type Header } from './formats.ts'
import { jpegTraces } from './jpeg-traces.ts'
import { pictureEndings, slideEndings, type Picture } from './picture.ts'
import { channelsOf, type ColourProfile, type Space } from './profile.ts'
import { cutOut, readable, refused, undecodable } from './refusal.ts'
import { held, type PictureSource } from './source.ts'

// Files are read by their names, and may have been written anew since.
sharp.cache(false)

/** What a file says of its picture, and what was done to make it 8-bit RGB. */
export interface PictureFacts {
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

/** A picture as it came out of a file. */
export interface PictureFile extends PictureFacts {
  readonly picture: Picture
}

/** A picture in a file, opened. */
export interface OpenedPicture extends PictureFacts {
  readonly source: PictureSource
  /** Gives back what it takes on disk. */
  close(): Promise<void>
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

/** Pictures of more pixels are not held in memory by `openPicture`. */
const heldPixels = 1 << 24
/** More is not decoded at once: the limit of sharp. */
const mostPixels = 0x3fff ** 2
/** Side of what is searched for traces of compression in a picture that is not held. */
const searchedSide = 2048
/** What slides alone end in. */
const onlySlides = slideEndings.filter((ending) => !pictureEndings.includes(ending))

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
  const looked = await look(file)
  if (looked.pixels > mostPixels)
    throw refused(file, 'it has more than 268 million pixels', 'export the region that you need as PNG or TIFF first')
  return knowing(file, () => decodeWhole(file, looked, options))
}

/**
 * Opens a picture as `readPicture` reads it, for whoever needs its parts: a large one is not held in memory. What is stored in tiles is
 * decoded where it is asked for; anything else once, from the top, into a temporary file. Close it.
 */
export async function openPicture(
  file: string,
  options: ReadOptions & { readonly heldPixels?: number } = {},
): Promise<OpenedPicture> {
  const looked = await look(file)
  return knowing(file, async () => {
    if (looked.pixels > (options.heldPixels ?? heldPixels)) return openLarge(file, looked, options)
    const { picture, ...facts } = await decodeWhole(file, looked, options)
    return { source: held(picture), ...facts, close: () => Promise.resolve() }
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
  readonly header: Header
  readonly metadata: Metadata
  readonly pixels: number
  /** How it is decoded. */
  readonly open: SharpOptions
}

async function look(file: string): Promise<Looked> {
  if (onlySlides.includes(path.extname(file).toLowerCase())) throw refused(file, 'whole-slide files are not read', cutOut(file))
  const header = await withBytes(file, (bytes) => readHeader(file, bytes)).catch((error: unknown) => {
    throw unreadable(file, error)
  })
  const open: SharpOptions = { failOn: 'warning', ignoreIcc: true, page: header.page, limitInputPixels: false }
  return knowing(file, async () => {
    const metadata = await sharp(file, open).metadata()
    refuseOtherPixels(file, metadata)
    return { header, metadata, pixels: metadata.width * metadata.height, open }
  })
}

function unreadable(file: string, error: unknown): unknown {
  const explanation = explained(error, 'read', file)
  if (explanation) return refused(file, explanation.what, explanation.help)
  return errorCode(error) === undefined ? error : refused(file, (error as Error).message)
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

async function decodeWhole(file: string, looked: Looked, options: ReadOptions): Promise<PictureFile> {
  const { metadata, open } = looked
  const notes = notesOf(looked)
  const stored = await decode(sharp(file, open).autoOrient(), metadata)
  const coloured = await colour(stored, metadata.icc, options.profile ?? 'ignore', notes)
  const data = onWhite(coloured.rgb, stored.alpha, notes)
  const traces = options.traces ? jpegTraces(stored) : undefined
  return { picture: { width: stored.width, height: stored.height, data }, ...factsOf(looked, coloured, traces, notes) }
}

/** What is done to every picture of this kind. */
const notesOf = ({ header, metadata }: Looked): string[] => [
  ...header.notes,
  ...((metadata.orientation ?? 1) > 1 ? [`turned upright (EXIF orientation ${metadata.orientation})`] : []),
  ...(metadata.depth === 'ushort' ? ['16 bits rounded to 8'] : []),
]

function factsOf(
  { header, metadata }: Looked,
  { profile, isSrgb, converted }: Coloured,
  traces: Compression | undefined,
  notes: string[],
): PictureFacts {
  const density = header.density ?? decodedDensity(metadata)
  const compression = worse(header.compression, traces)
  return {
    ...(density !== undefined && { density }),
    ...(profile !== undefined && { profile }),
    ...(isSrgb && { colours: 'srgb' as const }),
    ...(converted && { converted }),
    ...(compression && { compression }),
    notes,
  }
}

async function openLarge(file: string, looked: Looked, options: ReadOptions): Promise<OpenedPicture> {
  const { header, metadata } = looked
  const { width, height } = metadata.autoOrient
  const isUpright = (metadata.orientation ?? 1) === 1
  const laid = header.isTiled && isUpright ? undefined : await layOut(file, looked)
  const open = { ...looked.open, ...(laid && { page: 0 }) }
  const part = (x: number, y: number, across: number, down: number): Promise<Stored> =>
    decode(sharp(laid?.file ?? file, open).extract({ left: x, top: y, width: across, height: down }), metadata)
  try {
    const notes = notesOf(looked)
    if (metadata.isProgressive) notes.push('stored in passes: the decoder holds it whole')
    const [across, down] = [Math.min(searchedSide, width), Math.min(searchedSide, height)]
    const middle = await part(Math.floor((width - across) / 2), Math.floor((height - down) / 2), across, down)
    const profile = options.profile ?? 'ignore'
    const coloured = await colour(middle, metadata.icc, profile, notes)
    if (middle.alpha) notes.push('alpha composited on white')
    return {
      source: {
        width,
        height,
        region: (x, y, wide, high) =>
          knowing(file, async () => {
            const stored = await part(x, y, wide, high)
            const { rgb } = await colour(stored, metadata.icc, profile, [])
            return { width: wide, height: high, data: onWhite(rgb, stored.alpha, []) }
          }),
      },
      ...factsOf(looked, coloured, options.traces ? jpegTraces(middle) : undefined, notes),
      close() {
        laid?.remove()
        return Promise.resolve()
      },
    }
  } catch (error) {
    laid?.remove()
    throw error
  }
}

/** The samples of a picture in a file of tiles, upright: decoded from the top, in bands. */
async function layOut(file: string, { metadata, pixels, open }: Looked): Promise<{ readonly file: string; remove(): void }> {
  requireRoom(file, pixels * metadata.channels * (metadata.depth === 'ushort' ? 2 : 1))
  const { folder, remove } = temporaryFolder('picture')
  try {
    const tiles = path.join(folder, 'tiles.tif')
    await native(sharp(file, { ...open, sequentialRead: true }).autoOrient(), metadata)
      .tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'none', bigtiff: true })
      .toFile(tiles)
    return { file: tiles, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** The resolution in TIFF tags or, other than the 72 that says nothing, in EXIF data: the decoder gives 72 also where there is none. */
function decodedDensity({ format, resolutionUnit, exif, density }: Metadata): number | undefined {
  if (format === 'tiff') return resolutionUnit === undefined ? undefined : density
  return exif === undefined || density === 72 ? undefined : density
}

const spaces: Readonly<Record<string, Space>> = { srgb: 'RGB', rgb16: 'RGB', 'b-w': 'GRAY', grey16: 'GRAY', cmyk: 'CMYK' }

function refuseOtherPixels(file: string, metadata: Metadata): void {
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort')
    throw refused(file, `its samples are ${metadata.depth}`, readable)
  const space = spaces[metadata.space]
  if (space === undefined) throw refused(file, `its colour space is ${metadata.space}, not RGB`, readable)
  const alpha = space === 'CMYK' ? 0 : 1
  if (metadata.channels < channelsOf[space] || metadata.channels > channelsOf[space] + alpha) {
    throw refused(file, `it has ${metadata.channels} channels, not ${channelsOf[space]}`, readable)
  }
}

/** Without its own space for the output, the decoder would convert the colours, and cut 16 bits off instead of rounding. */
const native = (image: Sharp, { space }: Metadata): Sharp =>
  space === 'srgb' ? image : image.pipelineColourspace(space).toColourspace(space)

async function decode(image: Sharp, metadata: Metadata): Promise<Stored> {
  const space = spaces[metadata.space]!
  const deep = metadata.depth === 'ushort'
  const { data, info } = await native(image, metadata)
    .raw({ depth: deep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { width, height } = info
  const all = deep
    ? rounded(new Uint16Array(data.buffer, data.byteOffset, data.length / 2))
    : new Uint8Array(data.buffer, data.byteOffset, data.length)
  const channels = channelsOf[space]
  if (info.channels !== channels && info.channels !== channels + 1)
    throw new Error(`${info.channels} channels came out of the decoder`)
  if (info.channels === channels) return { width, height, space, samples: all, alpha: undefined }
  const samples = new Uint8Array(width * height * channels)
  const alpha = new Uint8Array(width * height)
  for (let pixel = 0; pixel < alpha.length; pixel += 1) {
    const [from, to] = [pixel * (channels + 1), pixel * channels]
    for (let channel = 0; channel < channels; channel += 1) samples[to + channel] = all[from + channel]!
    alpha[pixel] = all[from + channels]!
  }
  return { width, height, space, samples, alpha }
}

/** 65535 is 255 * 257. */
function rounded(samples: Uint16Array): Uint8Array {
  const out = new Uint8Array(samples.length)
  for (let i = 0; i < out.length; i += 1) out[i] = Math.floor((samples[i]! + 128) / 257)
  return out
}
