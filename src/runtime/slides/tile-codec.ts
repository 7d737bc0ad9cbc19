import { promisify } from 'node:util'
import { deflate, inflate } from 'node:zlib'
import sharp from 'sharp'
import type { TileForm } from './big-tiff.ts'

/** Makes tiles of `side` x `side` RGB pixels bytes of a file, and back. */
export interface TileCodec {
  readonly form: TileForm
  encode(pixels: Uint8Array): Promise<Buffer>
  decode(bytes: Buffer): Promise<Uint8Array>
}

/** Baseline JPEG with colours at full resolution; `quality` is libjpeg's. */
export function jpegTiles(side: number, quality: number): TileCodec {
  const raw = { width: side, height: side, channels: 3 } as const
  return {
    form: 'jpeg',
    encode: (pixels) => sharp(pixels, { raw }).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer(),
    decode: async (bytes) => sharp(bytes, { ignoreIcc: true }).raw().toBuffer(),
  }
}

/** Deflate of what pixels differ from their left neighbours (TIFF's predictor 2): nothing is lost. */
export function losslessTiles(side: number): TileCodec {
  const stride = 3 * side
  return {
    form: 'deflate',
    encode(pixels) {
      const differences = new Uint8Array(pixels)
      for (let at = pixels.length - 1; at >= 0; at -= 1) if (at % stride >= 3) differences[at] = pixels[at]! - pixels[at - 3]!
      return promisify(deflate)(differences) as Promise<Buffer>
    },
    async decode(bytes) {
      const pixels = new Uint8Array((await promisify(inflate)(bytes)) as Buffer)
      for (let at = 0; at < pixels.length; at += 1) if (at % stride >= 3) pixels[at]! += pixels[at - 3]!
      return pixels
    },
  }
}
