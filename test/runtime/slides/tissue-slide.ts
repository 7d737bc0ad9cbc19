import { mkdirSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { root } from '../network/small.ts'

/** A sample of tissue, 1360 x 1024. */
export const tissue = path.join(root, 'samples', 'train', 'brecahad_10011.jpg')

/** Writes a slide of 2048 x 1024 pixels: the sample and, right of it, glass; a pyramid of tiles without loss, a quarter of a micrometre a pixel. */
export async function writeTissueSlide(file: string, more: object = {}): Promise<string> {
  mkdirSync(path.dirname(file), { recursive: true })
  await sharp(tissue)
    .extend({ right: 688, background: { r: 241, g: 240, b: 242 } })
    .tiff({ tile: true, tileWidth: 256, tileHeight: 256, pyramid: true, compression: 'deflate', xres: 4000, yres: 4000, ...more })
    .toFile(file)
  return file
}
