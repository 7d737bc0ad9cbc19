import sharp from 'sharp'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { painted } from '../network/small.ts'

/** Glass with tissue on the left part: pale grey, and pink with a pattern. */
export function smear(width: number, height: number, tissueWidth: number, seed = 1): Picture {
  const { data } = painted(width, height, seed)
  for (let at = 0; at < data.length; at += 3) {
    const isTissue = (at / 3) % width < tissueWidth
    const value = data[at]!
    data.set(isTissue ? [200, 90 + (value >> 3), 160] : [240, 240, 238 + (value & 1)], at)
  }
  return { width, height, data }
}

/** Writes a pyramid of tiles without loss, half a micrometre a pixel. */
export async function writePyramid({ width, height, data }: Picture, file: string, more: object = {}): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 3 } })
    .tiff({ tile: true, tileWidth: 64, tileHeight: 64, pyramid: true, compression: 'deflate', xres: 2000, yres: 2000, ...more })
    .toFile(file)
}
