import path from 'node:path'
import type { Scope } from '../src/compiler/plan.ts'
import { archcRoot } from '../src/root.ts'
import { crop } from '../src/runtime/data/picture.ts'
import { readPicture } from '../src/runtime/data/read-picture.ts'
import { loadEngine } from '../src/runtime/engine/index.ts'
import { loadModel } from '../src/runtime/network/load-model.ts'
import { createNetwork } from '../src/runtime/network/network.ts'
import { scopeText } from '../src/runtime/predict/candidates.ts'
import { createPredictor } from '../src/runtime/predict/predict.ts'
import { held } from '../src/runtime/data/source.ts'

/** One picture enlarged four times by preset mini. */
export interface PictureTimes {
  readonly side: number
  readonly scope: string
  readonly milliseconds: number
  /** The largest resident size of the process, in bytes. */
  readonly peakBytes: number
  /** The same as it is predicted. */
  readonly predictedBytes: number
}

export const pictures: readonly (readonly [side: number, scope: Scope])[] = [
  [64, { kind: 'raster', count: 8192 }],
  [64, { kind: 'lattice', count: 2304 }],
  [64, { kind: 'full' }],
  [192, { kind: 'lattice', count: 2304 }],
  [384, { kind: 'lattice', count: 2304 }],
]

/** Enlarges picture `at` once. The process must be fresh for `peakBytes` to mean this picture. */
export async function measurePicture(at: number): Promise<PictureTimes> {
  const [side, scope] = pictures[at]!
  const { model } = loadModel(path.join(archcRoot, 'models', 'iste.arch'), { preset: 'mini' })
  await loadEngine({ name: 'tensorflow' })
  const network = createNetwork([model.graph], 'repeated')
  network.initialise(1)
  const predictor = createPredictor(model, network)
  const { picture } = await readPicture(path.join(archcRoot, 'samples', 'train', 'brecahad_10014.jpg'))
  const shown = crop(picture, 0, 0, side, side)
  const options = { extent: { height: 4 * side, width: 4 * side }, m: 4, scope }
  const { bytes } = predictor.estimate(shown, options)
  const start = performance.now()
  for await (const rows of predictor.rows(held(shown), options)) void rows
  return {
    side,
    scope: scopeText(scope),
    milliseconds: performance.now() - start,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    predictedBytes: bytes,
  }
}
