import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { loadEngine, type Engine } from '../../../src/runtime/engine/index.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
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
