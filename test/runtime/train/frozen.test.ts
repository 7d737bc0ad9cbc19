import { cp } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { parameterCount } from '../../../src/compiler/ir/graph.ts'
import { movedBy } from '../../../src/compiler/targets/savedmodel/signatures.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { listCheckpoints, openRun, runPaths } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors, writeSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { openNetwork } from '../../../src/runtime/network/open-network.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Learner } from '../../../src/runtime/train/learner.ts'
import { train, type TrainOptions } from '../../../src/runtime/train/train.ts'
import { memoryHost } from '../../compiler/memory-host.ts'
import { quietEngine, temporaryFolder } from '../network/small.ts'
import { fields } from './fields.ts'

const folder = temporaryFolder()
const at = (name: string): string => path.join(folder, name)
let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))

const text = `
module Features {
  input x: [B, h, w, c]
  output [B, h, w, 6]
  return x -> conv(out: 6, kernel: 3) -> batch_norm -> relu -> drop_path(rate: 0.5)
}

model Small {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, 2 * h, 2 * w, 3] as image
  slot vgg frozen: [B, 2 * h, 2 * w, 3] -> [B, 2 * h, 2 * w, 6] = Features()
  slot head frozen: [B, h, w, 3] -> [B, h, w, 4] = conv(out: 4, kernel: 1)
  return head(lr) -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: 2)
}

train { B: 2, h: 8, w: 8, loss: l1(sr, target) + mse(vgg(sr), vgg(target)), optimizer: sgd(lr: 1e-2) }
`
const loaded = loadModel('small.arch', {}, memoryHost({ 'small.arch': text }))
const { model } = loaded
const plan = model.train!
const weights = [...new Map([model.graph, ...plan.objectives.map(({ graph }) => graph)].flatMap((graph) => graph.weights).map((weight) => [weight.path, weight])).values()] // prettier-ignore
const vgg = ['vgg.conv.kernel', 'vgg.conv.bias', 'vgg.batch_norm.scale', 'vgg.batch_norm.shift', 'vgg.batch_norm.mean', 'vgg.batch_norm.variance'] // prettier-ignore
const head = ['head.conv.kernel', 'head.conv.bias']

it('a frozen slot has no optimiser, and is not counted', () => {
  expect(movedBy(plan.objectives[0]!).map((weight) => weight.path)).toEqual(['conv.kernel', 'conv.bias'])
  expect(parameterCount(model.graph)).toBe(3 * 3 * 4 * 12 + 12)
  expect(weights.filter(({ frozen }) => frozen).map((weight) => weight.path).sort()).toEqual([...vgg, ...head].sort()) // prettier-ignore
})

describe.each<[string, () => Promise<Learner>]>([
  [
    'one graph a step',
    () =>
      graphLearner(model.graph, plan.objectives, plan.sizes, plan.sizes, () => {
        throw new Error('nothing is drawn')
      }),
  ],
  [
    'layer by layer',
    async () =>
      layersLearner(model.graph, plan.objectives, () => {
        throw new Error('nothing is drawn')
      }),
  ],
])('%s', (_, open) => {
  it('moves what is below a frozen slot, and nothing in it: no statistics either, and nothing is dropped', async () => {
    const learner = await open()
    const random = createRandom(6)
    const filled = (shape: readonly number[]) => ({
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.uniform(-1, 1)),
    })
    const initial = initialWeights(weights, 1)
    const batch = { lr: filled([2, 8, 8, 3]), target: filled([2, 16, 16, 3]) }
    await learner.assign({ weights: initial })
    const before = await learner.loss(batch)
    const measured = await learner.step(0, [batch], [1e-2])
    // In training the loss is that of evaluation: batch norm and drop_path do there what they do after it.
    expect(Math.abs(measured['loss']! / before - 1)).toBeLessThan(1e-5)
    const { weights: after } = await learner.read()
    for (const name of [...vgg, ...head]) expect([...after.get(name)!.data], name).toEqual([...initial.get(name)!.data])
    expect([...after.get('conv.kernel')!.data]).not.toEqual([...initial.get('conv.kernel')!.data])
    // The gradient comes through the slot: without its part of the loss the weights go elsewhere.
    const alone = loadModel('small.arch', { sets: ['train.loss=l1(sr, target)'] }, memoryHost({ 'small.arch': text })).model
    const other = layersLearner(alone.graph, alone.train!.objectives, () => { throw new Error('nothing is drawn') }) // prettier-ignore
    await other.assign({ weights: new Map([...initial].filter(([name]) => !name.startsWith('vgg.'))) })
    await other.step(0, [batch], [1e-2])
    const without = (await other.read()).weights
    expect([...after.get('conv.kernel')!.data]).not.toEqual([...without.get('conv.kernel')!.data])
    other.close()
    learner.close()
  })
})

describe('archc train', () => {
  const training = (out: string, more: Partial<TrainOptions> = {}) =>
    train({ loaded, data: fields, out: at(out), engine, seed: 1, steps: 4, val: 0.3, checkpointEvery: 2, say: () => undefined, ...more }) // prettier-ignore
  const values = async (file: string) =>
    new Map([...(await readSafetensors(file)).tensors].map(([name, { data }]) => [name, [...data]]))
  const given = (names: readonly string[]): Map<string, Tensor> => {
    const drawn = initialWeights(weights, 99)
    return new Map(names.map((name) => [name, drawn.get(name)!]))
  }

  it('refuses fresh weights in a frozen slot, and says how to give them', async () => {
    await expect(training('refused')).rejects.toMatchObject({
      message: expect.stringMatching(/^the weights of the frozen slot head and of the frozen slot vgg would be fresh/) as string,
      help: expect.stringMatching(/--frozen head=FILE --frozen vgg=FILE/) as string,
    })
    await expect(training('refused', { frozen: { body: 'x' } })).rejects.toThrow('body is no frozen slot')
    await writeSafetensors(at('part.safetensors'), given(vgg.slice(1)))
    await expect(training('refused', { frozen: { vgg: at('part.safetensors'), head: 'fresh' } })).rejects.toThrow(
      /missing: vgg.conv.kernel/,
    )
  })

  it('keeps them in the run once, resumes with them bit for bit, and leaves out what only losses call', async () => {
    const bare = new Map([...given(vgg)].map(([name, tensor]) => [name.slice('vgg.'.length), tensor]))
    await writeSafetensors(at('vgg.safetensors'), bare)
    await writeSafetensors(at('head.safetensors'), given(head))
    const frozen = { vgg: at('vgg.safetensors'), head: at('head.safetensors') }
    const stop = new AbortController()
    await training('stopped', { frozen, signal: stop.signal, onStep: ({ step }) => step === 2 && stop.abort() })
    await cp(at('stopped'), at('resumed'), { recursive: true })
    await training('resumed', { resume: true })
    await training('whole', { frozen })
    const [resumed, whole] = await Promise.all(['resumed', 'whole'].map((run) => values(runPaths(at(run)).weights)))
    expect(resumed).toEqual(whole)
    expect([...whole!.keys()].sort()).toEqual(['conv.bias', 'conv.kernel', ...head].sort())
    for (const name of head) expect(whole!.get(name)).toEqual([...given(head).get(name)!.data])
    expect([...(await values(runPaths(at('whole')).frozen)).keys()].sort()).toEqual([...vgg, ...head].sort())
    const { step } = (await listCheckpoints(await openRun(at('whole')))).at(-1)!
    expect(step).toBe(4)
    const { network } = await openNetwork(at('whole'))
    expect([...network.read().keys()].sort()).toEqual(['conv.bias', 'conv.kernel', ...head].sort())
    await expect(training('resumed', { resume: true, frozen: { vgg: 'fresh' } })).rejects.toThrow(
      /--frozen vgg=.*, not --frozen vgg=fresh/,
    )
  })

  it('takes them of the weights that it starts from, or draws them where it is told so', async () => {
    await writeSafetensors(at('start.safetensors'), given([...vgg, ...head, 'conv.kernel']))
    await training('started', { from: at('start.safetensors'), steps: 1 })
    expect((await values(runPaths(at('started')).frozen)).get('vgg.conv.kernel')).toEqual([
      ...given(vgg).get('vgg.conv.kernel')!.data,
    ])
    await training('drawn', { frozen: { vgg: 'fresh', head: 'fresh' }, steps: 1 })
    const drawn = initialWeights(weights, 1)
    expect((await values(runPaths(at('drawn')).frozen)).get('vgg.conv.kernel')).toEqual([...drawn.get('vgg.conv.kernel')!.data])
  })
})
