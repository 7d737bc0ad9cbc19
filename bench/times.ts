import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { archcRoot } from '../src/root.ts'
import { crop } from '../src/runtime/data/picture.ts'
import { writePng } from '../src/runtime/data/png-writer.ts'
import { readPicture } from '../src/runtime/data/read-picture.ts'
import { loadEngine } from '../src/runtime/engine/index.ts'
import { loadModel } from '../src/runtime/network/load-model.ts'
import { createNetwork } from '../src/runtime/network/network.ts'
import { measurePace } from '../src/runtime/predict/pace.ts'
import { upscale } from '../src/runtime/upscale/upscale.ts'

/** How long archc says that a picture takes, and how long it takes. */
export interface StatedTimes {
  readonly network: string
  readonly picture: string
  /** Seconds. */
  readonly stated: number
  readonly took: number
}

interface Case {
  readonly network: string
  readonly file: string
  readonly preset?: string
  readonly width: number
  readonly height: number
  readonly scale: number
}

const one = path.join(archcRoot, 'bench', 'one-convolution.arch')
const models = path.join(archcRoot, 'models')
const small = { network: 'ISTE on bicubic, small', file: path.join(models, 'variants', 'iste-on-bicubic.arch'), preset: 'small' }
const liif = { network: 'LIIF, small', file: path.join(models, 'liif.arch'), preset: 'small' }
const paper = { network: 'LIIF', file: path.join(models, 'liif.arch') }

export const statedCases: readonly Case[] = [
  { ...small, width: 64, height: 64, scale: 2 },
  { ...small, width: 240, height: 200, scale: 3.3 },
  { ...liif, width: 64, height: 64, scale: 2 },
  { ...liif, width: 240, height: 200, scale: 3.3 },
  { ...paper, width: 96, height: 96, scale: 4 },
  { network: 'one convolution', file: one, width: 320, height: 240, scale: 2 },
  { network: 'one convolution', file: one, width: 640, height: 480, scale: 2 },
]

/** Measures this machine's pace, then enlarges the picture of case `at` into a file. In a process of its own, as `archc upscale` is. */
export async function measureStated(at: number): Promise<StatedTimes> {
  const { network: name, file, preset, width, height, scale } = statedCases[at]!
  await loadEngine({ name: 'tensorflow' })
  const pace = await measurePace()
  const loaded = loadModel(file, { ...(preset && { preset }) })
  const network = createNetwork([loaded.model.graph], 'repeated')
  network.initialise(1)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'archc-bench-'))
  try {
    const { picture } = await readPicture(path.join(archcRoot, 'samples', 'train', 'brecahad_10014.jpg'))
    const input = path.join(folder, 'low.png')
    await writePng(crop(picture, 0, 0, Math.min(width, picture.width), Math.min(height, picture.height)), input)
    const { seconds, took, from, to } = await upscale(
      { loaded, network, hash: '', source: file },
      { input, output: path.join(folder, 'high.png'), scale, pace },
    )
    return { network: name, picture: `${from.join(' x ')} to ${to.join(' x ')}`, stated: seconds, took }
  } finally {
    await rm(folder, { recursive: true })
  }
}
