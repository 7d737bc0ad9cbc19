import * as tf from '@tensorflow/tfjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadEngine } from '../../../src/runtime/engine/index.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { createNetwork, type Execution } from '../../../src/runtime/network/network.ts'
import { farthest, model, quietEngine } from './small.ts'

const loaded = model('../test/fixtures/same-tensor-twice.arch', [], '')
const random = createRandom(2)
const picture = Float32Array.from({ length: 9 * 7 * 3 }, () => random.uniform(-1, 1))

function compute(execution: Execution): Float32Array {
  const network = createNetwork([loaded.model.graph], execution)
  network.initialise(5)
  const { run } = network.lower(loaded.model.graph, 'twice')
  return tf.tidy(() => run({ lr: tf.tensor(picture, [1, 9, 7, 3]) })['sr']!.dataSync() as Float32Array)
}

describe('a network whose ops take one tensor twice', () => {
  let whole: Float32Array
  beforeAll(async () => {
    await quietEngine()
    whole = compute('graphs')
  })
  afterAll(() => loadEngine({ name: 'tensorflow' }))

  it.each(['tensorflow', 'wasm', 'cpu'] as const)('layer by layer on %s is what one graph of TensorFlow is', async (name) => {
    await loadEngine({ name })
    expect(farthest(compute('layers'), whole)).toBeLessThan(1e-5)
  })
})
