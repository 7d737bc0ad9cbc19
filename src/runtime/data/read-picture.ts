import path from 'node:path'
import sharp, { type Metadata, type Sharp, type SharpOptions } from 'sharp'
import { UserError } from '../../errors.ts'
import { errorCode, explained } from '../files/file-error.ts'
import { requireRoom, temporaryFolder } from '../files/temporary-folder.ts'
import { lay, type BlankTiles, type Part } from './blank-tiles.ts'
import { withBytes } from './bytes.ts'
import { colour, noted, onWhite, type Coloured, type Stored } from './colours.ts'
import { worse, type Compression } from './compression.ts'
import { readHeader, type Header } from './formats.ts'
import { jpegTraces } from './jpeg-traces.ts'
import { onlySlides, type Picture } from './picture.ts'
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
export const heldPixels = 1 << 24
/** More is not decoded at once: the limit of sharp. */
export const mostPixels = 0x3fff ** 2
/** 4095 of 65535, in 8 bits. */
const dark = 16
/** Side of what is searched for traces of compression in a picture that is not held. */
const searchedSide = 2048

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
  return knowing(file, () => decodeWhole(looked, options))
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
    const { picture, ...facts } = await decodeWhole(looked, options)
    return { source: held(picture), ...facts, close: () => Promise.resolve() }
  })
}

/** What is known of a picture without decoding it. */
export interface PictureLook {
  /** Upright. */
  readonly width: number
  readonly height: number
  /** What is changed to make it 8-bit RGB. */
  readonly notes: readonly string[]
}

/**
 * Looks at a picture. Throws what `readPicture` would throw without decoding: what is no picture that archc reads is said before anything
 * is done.
 */
export async function lookAtPicture(file: string): Promise<PictureLook> {
  const looked = await look(file)
  const { width, height } = looked.metadata.autoOrient
  const space = spaces[looked.metadata.space]
  return {
    width,
    height,
    notes: [
      ...notesOf(looked),
      ...(space === 'GRAY' ? [noted.grey] : space === 'CMYK' ? [noted.cmyk] : []),
      ...(alphaAt(looked) === undefined ? [] : [noted.alpha]),
    ],
  }
}

/** A file that archc reads, by all that can be known without decoding it. */
interface Looked {
  readonly header: Header
  readonly metadata: Metadata
  readonly pixels: number
  /** What is decoded, and how. */
  readonly input: string | Buffer
  readonly open: SharpOptions
}

async function look(file: string): Promise<Looked> {
  if (onlySlides.includes(path.extname(file).toLowerCase())) throw refused(file, 'whole-slide files are not read', cutOut(file))
  const header = await withBytes(file, (bytes) => readHeader(file, bytes)).catch((error: unknown) => {
    throw unreadable(file, error)
  })
  const input = header.mended ?? file
  const open: SharpOptions = { failOn: 'warning', ignoreIcc: true, page: header.page, limitInputPixels: false }
  return knowing(file, async () => {
    const metadata = await tolerant(open, (options) => sharp(input, options).metadata())
    refuseOtherPixels(file, metadata, header)
    if (header.blank && (metadata.orientation ?? 1) !== 1)
      throw refused(file, `${header.blank.count} of its ${header.blank.of} tiles are not in the file`)
    return { header, metadata, pixels: metadata.width * metadata.height, input, open }
  })
}

/** What libtiff says of tags that it then ignores, or understands. */
const harmless = [
  /^Sum of Photometric type-related color channels and ExtraSamples/,
  /does not end in null byte/,
  /^Incorrect (count|value|data type) for "/,
  /^Unknown field with tag/,
  /^Invalid data type for tag|^Wrong data type \d+ for "/,
  /tags are not sorted in ascending order|^Invalid TIFF directory; tags/,
]

/** A warning about the pixels is an error; one about tags that do not matter is none. */
async function tolerant<T>(strict: SharpOptions, work: (open: SharpOptions) => Promise<T>): Promise<T> {
  try {
    return await work(strict)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    // Where a warning stops the decoder, it also says so, and in which tile.
    const said = error.message
      .split('\n')
      .filter((line) => line !== '' && !/^Warning treated as error|^error in tile \d+ x \d+$/.test(line))
    if (said.length === 0 || !said.every((line) => harmless.some((each) => each.test(line.replace(/^\w+: /, ''))))) throw error
    return work({ ...strict, failOn: 'error' })
  }
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

async function decodeWhole(looked: Looked, options: ReadOptions): Promise<PictureFile> {
  const { metadata, header, input } = looked
  const notes = notesOf(looked)
  const stored = header.blank
    ? await decodePresent(looked, input, { x: 0, y: 0, width: metadata.width, height: metadata.height }, header.blank)
    : await decode((options) => sharp(input, options).autoOrient(), looked)
  if (metadata.depth === 'ushort' && header.largest === undefined && stored.samples.every((sample) => sample <= dark))
    notes.push('no sample is above 1/16 of white: perhaps 12 bits, of which the file says nothing')
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
  ...(header.largest === undefined ? [] : [`${header.largest} is white, as the file says`]),
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
  const isLaid = !(header.isTiled && isUpright)
  if (isLaid && header.blank) throw refused(file, `${header.blank.count} of its ${header.blank.of} strips are not in the file`)
  const laid = isLaid ? await layOut(file, looked) : undefined
  const input = laid?.file ?? looked.input
  const part = (x: number, y: number, across: number, down: number): Promise<Stored> =>
    decodePart(laid ? { ...looked, open: { ...looked.open, page: 0 } } : looked, input, { x, y, width: across, height: down })
  try {
    const notes = notesOf(looked)
    if (metadata.isProgressive) notes.push('stored in passes: the decoder holds it whole')
    const [across, down] = [Math.min(searchedSide, width), Math.min(searchedSide, height)]
    const middle = await part(Math.floor((width - across) / 2), Math.floor((height - down) / 2), across, down)
    const profile = options.profile ?? 'ignore'
    const coloured = await colour(middle, metadata.icc, profile, notes)
    if (middle.alpha) notes.push(noted.alpha)
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
async function layOut(
  file: string,
  { metadata, pixels, input, open }: Looked,
): Promise<{ readonly file: string; remove(): void }> {
  requireRoom(file, pixels * metadata.channels * (metadata.depth === 'ushort' ? 2 : 1))
  const { folder, remove } = temporaryFolder('picture')
  try {
    const tiles = path.join(folder, 'tiles.tif')
    await tolerant(open, (options) =>
      native(sharp(input, { ...options, sequentialRead: true }).autoOrient(), metadata)
        .tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'none', bigtiff: true })
        .toFile(tiles),
    )
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

function refuseOtherPixels(file: string, metadata: Metadata, { extra }: Header): void {
  if (metadata.depth !== 'uchar' && metadata.depth !== 'ushort')
    throw refused(file, `its samples are ${metadata.depth}`, readable)
  const space = spaces[metadata.space]
  if (space === undefined) throw refused(file, `its colour space is ${metadata.space}, not RGB`, readable)
  const others = metadata.channels - channelsOf[space]
  // Beside grey, more channels are more stains or wavelengths: which of them is the picture is not known.
  const most = space === 'GRAY' || !extra ? 1 : extra.count
  if (others < 0 || others > most || (space === 'CMYK' && others > 0 && !extra))
    throw refused(file, `it has ${metadata.channels} channels, not ${channelsOf[space]}`, readable)
}

/** Grey with another channel comes out of the decoder as RGB with it: in its own space that channel would be lost. */
const isWidened = ({ space, channels }: Metadata): boolean => space === 'b-w' && channels > 1

/** Without its own space for the output, the decoder would convert the colours, and cut 16 bits off instead of rounding. */
const native = (image: Sharp, metadata: Metadata): Sharp =>
  metadata.space === 'srgb' || isWidened(metadata)
    ? image
    : image.pipelineColourspace(metadata.space).toColourspace(metadata.space)

/** Which of the decoded channels is alpha. */
function alphaAt({ header: { extra }, metadata }: Looked): number | undefined {
  const space = spaces[metadata.space]!
  const colours = isWidened(metadata) ? 3 : channelsOf[space]
  if (extra) return extra.alpha === undefined ? undefined : colours + extra.alpha
  return metadata.channels > channelsOf[space] ? colours : undefined
}

/** A part of a picture that is stored upright. */
async function decodePart(looked: Looked, input: string | Buffer, part: Part): Promise<Stored> {
  const { blank } = looked.header
  return blank ? decodePresent(looked, input, part, blank) : decodePiece(looked, input, part)
}

/** A part all of which stands in the file. */
const decodePiece = (looked: Looked, input: string | Buffer, { x: left, y: top, width, height }: Part): Promise<Stored> =>
  decode((options) => sharp(input, options).extract({ left, top, width, height }), looked)

/** What stands in the file, on white. */
async function decodePresent(looked: Looked, input: string | Buffer, part: Part, blank: BlankTiles): Promise<Stored> {
  const space = spaces[looked.metadata.space]!
  const channels = channelsOf[space]
  const { width, height } = part
  const samples = new Uint8Array(width * height * channels).fill(space === 'CMYK' ? 0 : 255)
  const alpha = alphaAt(looked) === undefined ? undefined : new Uint8Array(width * height).fill(255)
  for (const piece of blank.present(part)) {
    const stored = await decodePiece(looked, input, piece)
    lay(stored.samples, piece, samples, part, channels)
    if (alpha) lay(stored.alpha!, piece, alpha, part, 1)
  }
  return { width, height, space, samples, alpha }
}

async function decode(image: (open: SharpOptions) => Sharp, looked: Looked): Promise<Stored> {
  const { metadata, header } = looked
  const space = spaces[metadata.space]!
  const deep = metadata.depth === 'ushort'
  const { data, info } = await tolerant(looked.open, (open) =>
    native(image(open), metadata)
      .raw({ depth: deep ? 'ushort' : 'uchar' })
      .toBuffer({ resolveWithObject: true }),
  )
  const { width, height } = info
  const all = deep
    ? rounded(new Uint16Array(data.buffer, data.byteOffset, data.length / 2), header.largest)
    : new Uint8Array(data.buffer, data.byteOffset, data.length)
  const channels = channelsOf[space]
  const expected = isWidened(metadata) ? metadata.channels + 2 : metadata.channels
  if (info.channels !== expected) throw new Error(`${info.channels} channels came out of the decoder`)
  if (info.channels === channels) return { width, height, space, samples: all, alpha: undefined }
  const samples = new Uint8Array(width * height * channels)
  const at = alphaAt(looked)
  const alpha = at === undefined ? undefined : new Uint8Array(width * height)
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const [from, to] = [pixel * info.channels, pixel * channels]
    for (let channel = 0; channel < channels; channel += 1) samples[to + channel] = all[from + channel]!
    if (alpha) alpha[pixel] = all[from + at!]!
  }
  return { width, height, space, samples, alpha }
}

/** As 8 bits, where white is 65535 (255 * 257) or what the file says. */
function rounded(samples: Uint16Array, white = 65_535): Uint8Array {
  const out = new Uint8Array(samples.length)
  for (let i = 0; i < out.length; i += 1) out[i] = Math.min(255, Math.floor((510 * samples[i]! + white) / (2 * white)))
  return out
}
