import type { BlankTiles } from './blank-tiles.ts'
import type { Bytes } from './bytes.ts'
import type { Compression } from './compression.ts'
import { jpegDensity, readPngHeader } from './file-header.ts'
import { jpegCompression, jpegHead } from './jpeg-header.ts'
import { mendedJpeg } from './mended-jpeg.ts'
import { refused, undecodable } from './refusal.ts'
import { tiffMagic } from './tiff-directories.ts'
import { tiffPicture, type Extra } from './tiff-picture.ts'

/** What is known of a picture in a file before decoding. */
export interface Header {
  /** Which page of the file it is. */
  readonly page: number
  /** Whether any part of it is decoded without what stands before. */
  readonly isTiled: boolean
  /** Pixels per inch. */
  readonly density?: number | undefined
  readonly compression?: Compression | undefined
  /** What is decoded in place of the file, which is written in a way that the decoder refuses. */
  readonly mended?: Buffer | undefined
  /** Channels beyond those of the colours; without it the only one is alpha. */
  readonly extra?: Extra
  /** The sample of 16 bits that is white, where it is another than 65535. */
  readonly largest?: number | undefined
  /** What is not in the file. */
  readonly blank?: BlankTiles | undefined
  readonly notes: readonly string[]
}

/** A kind of file, told by its first bytes and not by its name. */
interface Format {
  readonly name: string
  readonly magic: readonly string[]
  /** @throws UserError for what of this kind is not read. */
  header(file: string, bytes: Bytes): Promise<Header>
}

const formats: readonly Format[] = [
  {
    name: 'PNG',
    magic: ['\x89PNG'],
    async header(file, bytes) {
      const { isAnimated, isComplete, density } = await readPngHeader(bytes)
      if (isAnimated) throw refused(file, 'it is an animated PNG')
      if (!isComplete) throw undecodable(file, 'its closing chunk is missing')
      return { page: 0, isTiled: false, density, notes: [] }
    },
  },
  {
    name: 'JPEG',
    magic: ['\xff\xd8\xff'],
    async header(_file, bytes) {
      const read = await bytes.at(0, jpegHead)
      const mended = await mendedJpeg(bytes, read)
      const head = mended ?? read
      return { page: 0, isTiled: false, density: jpegDensity(head), compression: jpegCompression(head), mended, notes: [] }
    },
  },
  {
    name: 'TIFF',
    magic: tiffMagic,
    header: tiffPicture,
  },
]

/** @throws UserError for a file of another kind, and for what of a kind is not read. */
export async function readHeader(file: string, bytes: Bytes): Promise<Header> {
  const magic = (await bytes.at(0, 4)).toString('latin1')
  const format = formats.find((each) => each.magic.some((start) => magic.startsWith(start)))
  if (format) return format.header(file, bytes)
  if (bytes.size === 0) throw refused(file, 'the file is empty')
  throw refused(file, 'it is not a PNG, JPEG or TIFF file', 'archc reads PNG, JPEG and TIFF; convert it first.')
}
