import path from 'node:path'
import sharp from 'sharp'
import { archcRoot } from '../src/root.ts'
import { loadEngine } from '../src/runtime/engine/index.ts'
import { temporaryFolder } from '../src/runtime/files/temporary-folder.ts'
import { openNetwork } from '../src/runtime/network/open-network.ts'
import { upscale } from '../src/runtime/upscale/upscale.ts'
import type { StageTime } from '../src/runtime/upscale/stage-times.ts'
import { carriedFile, carriedWeights } from '../src/runtime/weights/carried.ts'

/** What enlarging 512 x 512 pixels of tissue to a PNG takes: the quicker of two times, in one process. */
export interface Enlarged {
  readonly weights: string
  readonly scale: number
  readonly megapixels: number
  readonly seconds: number
  readonly stages: readonly StageTime[]
  readonly peakBytes: number
}

const side = 512

export const enlargements = [2, 3.3, 4].flatMap((scale) => carriedWeights.map(({ name }) => ({ name, scale })))

/** In a process of its own. */
export async function measureEnlarged(name: string, scale: number): Promise<Enlarged> {
  await loadEngine({ name: 'tensorflow', say: () => undefined })
  const opened = await openNetwork(carriedFile(carriedWeights.find((weights) => weights.name === name)!))
  const { folder, remove } = temporaryFolder('enlarge')
  try {
    const input = path.join(folder, 'field.png')
    await sharp(path.join(archcRoot, 'samples', 'test', 'cmu1_x620_y560.png'))
      .extract({ left: 240, top: 140, width: side, height: side })
      .toFile(input)
    const results = []
    for (let turn = 0; turn < 2; turn += 1)
      results.push(await upscale(opened, { input, output: path.join(folder, `${turn}.png`), scale, profile: true }))
    const { took, to, profile } = results.reduce((best, each) => (each.took < best.took ? each : best))
    const peakBytes = process.resourceUsage().maxRSS * 1024
    return { weights: name, scale, megapixels: (to[0] * to[1]) / 1e6, seconds: took, stages: profile!, peakBytes }
  } finally {
    remove()
  }
}
