import path from 'node:path'
import sharp from 'sharp'
import { archcRoot } from '../src/root.ts'
import { openPicture } from '../src/runtime/data/read-picture.ts'
import { loadEngine } from '../src/runtime/engine/index.ts'
import { loadModel } from '../src/runtime/network/load-model.ts'
import { createNetwork } from '../src/runtime/network/network.ts'
import { createPredictor } from '../src/runtime/predict/predict.ts'

/** What a process holds at its fullest while it enlarges a tiled TIFF. */
export interface SizeMemory {
  readonly network: string
  /** Pixels along the side of the file. */
  readonly side: number
  readonly milliseconds: number
  readonly peakBytes: number
}

const one = path.join(archcRoot, 'bench', 'one-convolution.arch')
const liif = path.join(archcRoot, 'models', 'liif.arch')

/** Each with 1, 4, 16 and 64 times the pixels. */
export const sizes = [
  ...[2048, 4096, 8192, 16_384].map((side) => ({ network: 'one convolution', file: one, side })),
  ...[128, 256, 512, 1024].map((side) => ({ network: 'LIIF, tiny', file: liif, preset: 'tiny', side })),
]

/** A tiled TIFF of tissue, the same again and again. */
export async function writeTiles(side: number, file: string): Promise<void> {
  const field = path.join(archcRoot, 'samples', 'train', 'brecahad_10014.jpg')
  const tile = await sharp(field).extract({ left: 0, top: 0, width: 128, height: 128 }).toBuffer()
  await sharp({ create: { width: side, height: side, channels: 3, background: 'white' }, limitInputPixels: false })
    .composite([{ input: tile, tile: true }])
    .tiff({ tile: true, compression: 'jpeg', bigtiff: true })
    .toFile(file)
}

/** Reads a file of `sizes[at]` region by region and enlarges it twice; the rows are thrown away. In a process of its own. */
export async function measureSize(at: number, input: string): Promise<SizeMemory> {
  const { network: name, file, side, ...options } = sizes[at]!
  const { model } = loadModel(file, options)
  await loadEngine({ name: 'tensorflow' })
  const network = createNetwork([model.graph], 'repeated')
  network.initialise(1)
  const { source, close } = await openPicture(input, { heldPixels: 0 })
  const extent = { height: 2 * source.height, width: 2 * source.width }
  const start = performance.now()
  for await (const rows of createPredictor(model, network).rows(source, { extent, m: 2, scope: { kind: 'full' } })) void rows
  await close()
  return { network: name, side, milliseconds: performance.now() - start, peakBytes: process.resourceUsage().maxRSS * 1024 }
}
