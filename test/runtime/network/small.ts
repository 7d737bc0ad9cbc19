import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { loadEngine, type Engine } from '../../../src/runtime/engine/index.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import type { Tensor } from '../../../src/runtime/files/safetensors.ts'
import { loadModel, type LoadedModel } from '../../../src/runtime/network/load-model.ts'
import { createNetwork, type Network } from '../../../src/runtime/network/network.ts'

/** The checkout. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))
export const samples = path.join(root, 'samples', 'train.csv')
export const testField = path.join(root, 'samples', 'test', 'cmu1_x620_y560.png')

/** Settings that make a step of preset `tiny` cheaper still. */
export const tinier = ['train.q=64', 'train.h=16', 'train.w=16', 'train.B=2']

/** A model of models/, small. */
export const model = (file: string, sets: readonly string[] = [], preset = 'tiny'): LoadedModel =>
  loadModel(path.join(root, 'models', file), { ...(preset && { preset }), sets })

/** Networks with random weights, ready to compute. */
export function started(loaded: LoadedModel, seed = 1): Network {
  const network = createNetwork([loaded.model.graph])
  network.initialise(seed)
  return network
}

/**
 * A network whose every part matters: at the usual start attention and biases hardly show in the result, and a mistake
 * in them would hide below any tolerance.
 */
export function lively(loaded: LoadedModel, seed = 1): Network {
  const network = started(loaded, seed)
  const random = createRandom(seed)
  const strong = network.weights.map(({ path: name, shape, fanIn }) => {
    const own = random.split(`strong ${name}`)
    const count = shape.reduce((product, size) => product * size, 1)
    const [mean, std] = name.endsWith('.scale') ? [1, 0.3] : [0, shape.length === 1 ? 0.3 : 1.3 / Math.sqrt(Math.max(1, fanIn))]
    return [
      name,
      { shape: [...shape], dtype: 'F32', data: Float32Array.from({ length: count }, () => own.normal(mean, std)) },
    ] as const
  })
  network.assign(new Map<string, Tensor>(strong))
  return network
}

/** The largest difference of two results. */
export const farthest = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new Error(`${a.length} values and ${b.length}`)
  let most = 0
  for (let at = 0; at < a.length; at += 1) most = Math.max(most, Math.abs(a[at]! - b[at]!))
  return Number.isNaN(most) ? Infinity : most
}

/** The engine of all tests, TensorFlow, without a word. */
export const quietEngine = (): Promise<Engine> => loadEngine({ say: () => undefined })

/** A folder that is gone when the file's tests are done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-test-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Smooth blobs with some noise: a picture on which every pixel differs from the next. */
export function painted(width: number, height: number, seed = 1): Picture {
  const random = createRandom(seed)
  const phases = Array.from({ length: 9 }, () => random.uniform(0, 6))
  const data = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1)
      for (let channel = 0; channel < 3; channel += 1) {
        const wave =
          Math.sin(x / 3 + phases[channel]!) * Math.cos(y / 4 + phases[3 + channel]!) +
          Math.sin((x + y) / 7 + phases[6 + channel]!)
        data[3 * (y * width + x) + channel] = Math.round(127 + 50 * wave + random.uniform(-20, 20))
      }
  return { width, height, data }
}
