import { existsSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { regionsOf } from '../../../src/compiler/kernels/passes/recompute.ts'
import { trainStep, variablesOf } from '../../../src/compiler/targets/savedmodel/signatures.ts'
import { memoryOf } from '../../../src/compiler/targets/savedmodel/write.ts'
import type { HostTensors } from '../../../src/runtime/compute/messages.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { makeItem, planItem, stackItems } from '../../../src/runtime/train/batch.ts'
import { graphLearner, heldBytes } from '../../../src/runtime/train/graph-learner.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { model, painted, quietEngine, temporaryFolder, tinier } from '../network/small.ts'
import { fields } from './fields.ts'

beforeAll(quietEngine)
const folder = temporaryFolder()

const { model: compiled } = model('iste.arch', ['train.B=1', 'train.q=64'], 'mini')
const plan = compiled.train!
const peak = (recompute: boolean): number => {
  return memoryOf(trainStep('step', plan.objectives, plan.sizes, recompute)).peakBytes
}

describe('computing blocks again', () => {
  it('takes the blocks of the encoder, each as one part', () => {
    const regions = new Set(regionsOf(plan.objectives[0]!.graph, plan.sizes).values())
    expect([...regions].map(({ nodes }) => /^encoder\.body\[\d\]\.body\[\d\]/.exec(nodes[0]!.path)?.[0])).toEqual([
      'encoder.body[0].body[0]',
      'encoder.body[0].body[1]',
      'encoder.body[1].body[0]',
      'encoder.body[1].body[1]',
    ])
  })

  it('holds less', () => expect(peak(true)).toBeLessThan(0.7 * peak(false)))

  it('trains to the same losses, and is chosen and said where memory asks for it', async () => {
    const batch: HostTensors = stackItems(compiled, plan, [
      makeItem(compiled, plan, painted(200, 200), planItem(compiled, plan, createRandom(5), { epoch: 0, epochs: 1000 })),
    ])
    const draws = (_: number, count: number): Float32Array => new Float32Array(count).fill(0.5)
    const losses = async (memory: number, said: string[]): Promise<number[]> => {
      const learner = await graphLearner(compiled.graph, plan.objectives, plan.sizes, plan.sizes, draws, {
        memory,
        say: (line) => said.push(line),
      })
      await learner.assign({ weights: initialWeights(compiled.graph.weights, 1) })
      const found = []
      for (let step = 0; step < 4; step += 1) found.push((await learner.step(step, [batch], [1e-3]))['loss']!)
      learner.close()
      return found
    }
    const [quiet, aloud]: [string[], string[]] = [[], []]
    const kept = await losses(4e9, quiet)
    const variables = variablesOf([compiled.graph], plan.objectives)
    const held = (recompute: boolean): number => heldBytes([trainStep('step', plan.objectives, plan.sizes, recompute)], variables)
    const again = await losses((held(true) + held(false)) / 2, aloud)
    expect(quiet).toEqual([])
    expect(aloud).toEqual([
      expect.stringMatching(/^repeated blocks are computed twice in a step: about 0\.\d GB instead of 0\.\d GB$/),
    ])
    kept.forEach((loss, step) => expect(Math.abs(again[step]! - loss)).toBeLessThan(1e-5 * loss))
    await expect(losses(0.5e9, [])).rejects.toThrow(/a step of B = 1, .* takes about 0\.\d GB.*; 0\.5 GB are allowed/)
  })
})

it('what does not fit is refused before there is a folder', async () => {
  const out = path.join(folder, 'run')
  const engine = await quietEngine()
  const loaded = model('iste.arch', tinier)
  const given = { loaded, engine, data: fields, out, seed: 1, val: 0, memory: 1e8, say: () => undefined }
  await expect(train(given)).rejects.toThrow(/0\.1 GB are allowed/)
  expect(existsSync(out)).toBe(false)
})
