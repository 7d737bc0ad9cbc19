import { createDeflate, deflateSync } from 'node:zlib'
import { growFile } from '../files/atomic.ts'
import { fileError } from '../files/file-error.ts'
import type { Picture } from './picture.ts'
import type { ColourProfile } from './profile.ts'
import type { PictureSink } from './source.ts'

/**
 * `density` in pixels per inch; `text` as international text chunks, keyword to text. `colours` says what the samples mean: sRGB (an
 * sRGB chunk, with the gamma and chromaticities that PNG wants beside it), or a profile, which is embedded.
 */
export interface PngOptions {
  readonly density?: number
  readonly colours?: 'srgb' | ColourProfile
  readonly text?: Readonly<Record<string, string>>
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const bandBytes = 1 << 20

/**
 * Writes an 8-bit RGB PNG of `width` x `height` pixels row by row, in memory that does not grow with the height; see `growFile`.
 * A place that cannot be written is a UserError, from here or from any method.
 */
export async function pngWriter(file: string, width: number, height: number, options: PngOptions = {}): Promise<PictureSink> {
  if (!isPngSize(width) || !isPngSize(height)) throw new RangeError(`pngWriter: ${width} x ${height} pixels cannot be`)
  const head = Buffer.concat([
    signature,
    headerChunk(width, height),
    ...colourChunks(options),
    ...densityChunks(options),
    ...textChunks(options),
  ])
  const growing = await growFile(file)
  const { handle } = growing

  const compressed: Buffer[] = []
  const deflate = createDeflate({ level: 6, memLevel: 9, chunkSize: 1 << 16 })
  deflate.on('data', (piece: Buffer) => compressed.push(piece))
  const stride = width * 3
  let previous: Uint8Array = new Uint8Array(stride)
  let rowsLeft = height
  let state: 'open' | 'closed' = 'open'

  const flush = async (): Promise<void> => {
    for (const piece of compressed.splice(0)) await handle.writeFile(chunk('IDAT', piece))
  }
  const abort = async (): Promise<void> => {
    if (state === 'closed') return
    state = 'closed'
    deflate.destroy()
    await growing.abandon()
  }
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (state === 'closed') throw new Error(`pngWriter: ${file} was closed before`)
    try {
      await work()
    } catch (error) {
      await abort()
      throw fileError(error, 'write', file)
    }
  }
  await attempt(() => handle.writeFile(head))

  return {
    write: (rows) =>
      attempt(async () => {
        const count = rows.length / stride
        if (!Number.isInteger(count) || count > rowsLeft) {
          throw new RangeError(`pngWriter: ${rows.length} bytes are not ${rowsLeft} or fewer rows of ${stride}`)
        }
        const band = Math.max(1, Math.floor(bandBytes / stride))
        for (let row = 0; row < count; row += band) {
          const some = rows.subarray(row * stride, Math.min(row + band, count) * stride)
          const filtered = filterRows(some, previous, stride)
          previous = some.slice(some.length - stride)
          await new Promise<void>((done, fail) => deflate.write(filtered, (error) => (error ? fail(error) : done())))
          await flush()
        }
        rowsLeft -= count
      }),
    close: () =>
      attempt(async () => {
        if (rowsLeft > 0) throw new RangeError(`pngWriter: ${rowsLeft} of ${height} rows of ${file} are missing`)
        await new Promise<void>((done, fail) => deflate.once('end', done).once('error', fail).end())
        await flush()
        await handle.writeFile(chunk('IEND', Buffer.alloc(0)))
        await growing.finish()
        state = 'closed'
      }),
    abort,
  }
}

/** Writes a whole picture as PNG; see `pngWriter`. */
export async function writePng(picture: Picture, file: string, options: PngOptions = {}): Promise<void> {
  const writer = await pngWriter(file, picture.width, picture.height, options)
  await writer.write(picture.data)
  await writer.close()
}

function isPngSize(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1 && pixels < 2 ** 31
}

function headerChunk(width: number, height: number): Buffer {
  const body = Buffer.alloc(13)
  body.writeUInt32BE(width, 0)
  body.writeUInt32BE(height, 4)
  body[8] = 8 // bits a sample
  body[9] = 2 // RGB
  return chunk('IHDR', body)
}

/** PNG specification, 11.3.2: perceptual intent, gamma 1/2.2 and the chromaticities of ITU-R BT.709 in units of 1/100000. */
function colourChunks({ colours }: PngOptions): Buffer[] {
  if (colours === undefined) return []
  if (colours !== 'srgb') {
    const name =
      colours.name
        .replace(/[^ -~]/g, '')
        .trim()
        .replace(/ +/g, ' ')
        .slice(0, 79) || 'profile'
    return [chunk('iCCP', Buffer.concat([Buffer.from(`${name}\0\0`, 'latin1'), deflateSync(colours.bytes)]))]
  }
  const whiteRedGreenBlue = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000]
  return [chunk('sRGB', Buffer.from([0])), chunk('gAMA', words([45455])), chunk('cHRM', words(whiteRedGreenBlue))]
}

function words(values: readonly number[]): Buffer {
  const body = Buffer.alloc(values.length * 4)
  values.forEach((value, i) => body.writeUInt32BE(value, i * 4))
  return body
}

/** Whether a PNG can say so many pixels per inch: it counts whole pixels per metre, in 31 bits. */
export function isPngDensity(density: number): boolean {
  const perMetre = Math.round(density / 0.0254)
  return perMetre > 0 && perMetre < 2 ** 31
}

function densityChunks({ density }: PngOptions): Buffer[] {
  if (density === undefined) return []
  const perMetre = Math.round(density / 0.0254)
  if (!isPngDensity(density)) throw new RangeError(`pngWriter: a density of ${density} pixels per inch cannot be`)
  const body = Buffer.alloc(9)
  body.writeUInt32BE(perMetre, 0)
  body.writeUInt32BE(perMetre, 4)
  body[8] = 1 // the unit is the metre
  return [chunk('pHYs', body)]
}

function textChunks({ text = {} }: PngOptions): Buffer[] {
  return Object.entries(text).map(([keyword, value]) => {
    if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,77}[\x21-\x7e])?$/.test(keyword)) {
      throw new RangeError(`pngWriter: "${keyword}" is not a PNG keyword (1 to 79 printable ASCII characters)`)
    }
    // After the keyword: not compressed, method 0, no language tag, no translated keyword.
    return chunk('iTXt', Buffer.concat([Buffer.from(keyword, 'latin1'), Buffer.alloc(5), Buffer.from(value, 'utf8')]))
  })
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** CRC-32 as PNG and zip have it. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff]!
  return ~crc >>> 0
}

function chunk(type: string, body: Uint8Array): Buffer {
  const whole = Buffer.alloc(body.length + 12)
  whole.writeUInt32BE(body.length, 0)
  whole.write(type, 4, 'latin1')
  whole.set(body, 8)
  whole.writeUInt32BE(crc32(whole.subarray(4, body.length + 8)), body.length + 8)
  return whole
}

/** Each row under the filter (Sub, Up or Paeth) whose signed residuals have the smallest sum: PNG specification, 12.8. */
function filterRows(rows: Uint8Array, previous: Uint8Array, stride: number): Uint8Array {
  const count = rows.length / stride
  const out = new Uint8Array(rows.length + count)
  const candidates = [1, 2, 4].map((type) => ({ type, residuals: new Uint8Array(stride) }))
  let above = previous
  for (let y = 0; y < count; y += 1) {
    const row = rows.subarray(y * stride, (y + 1) * stride)
    let best = candidates[0]!
    let smallest = Infinity
    for (const candidate of candidates) {
      const size = applyFilter(candidate.type, row, above, candidate.residuals)
      if (size < smallest) {
        smallest = size
        best = candidate
      }
    }
    out[y * (stride + 1)] = best.type
    out.set(best.residuals, y * (stride + 1) + 1)
    above = row
  }
  return out
}

function applyFilter(type: number, row: Uint8Array, above: Uint8Array, residuals: Uint8Array): number {
  let size = 0
  for (let i = 0; i < row.length; i += 1) {
    const left = i < 3 ? 0 : row[i - 3]!
    const up = above[i]!
    const guess = type === 1 ? left : type === 2 ? up : paeth(left, up, i < 3 ? 0 : above[i - 3]!)
    const residual = (row[i]! - guess) & 0xff
    residuals[i] = residual
    size += residual < 128 ? residual : 256 - residual
  }
  return size
}

function paeth(left: number, up: number, upLeft: number): number {
  const towardsLeft = Math.abs(up - upLeft)
  const towardsUp = Math.abs(left - upLeft)
  const towardsUpLeft = Math.abs(left + up - 2 * upLeft)
  if (towardsLeft <= towardsUp && towardsLeft <= towardsUpLeft) return left
  return towardsUp <= towardsUpLeft ? up : upLeft
}
