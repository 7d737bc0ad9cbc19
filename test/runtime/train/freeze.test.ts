import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { compile } from '../../../src/compiler/index.ts'
import { reachable } from '../../../src/compiler/kernels/value.ts'
import { trainStep } from '../../../src/compiler/targets/savedmodel/signatures.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { fileHost } from '../../../src/runtime/host.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { listCheckpoints, openRun } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { loadModel, type LoadedModel } from '../../../src/runtime/network/load-model.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { makeItem, planItem, stackItems } from '../../../src/runtime/train/batch.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Learner } from '../../../src/runtime/train/learner.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { memoryHost } from '../../compiler/memory-host.ts'
import { farthest, model, painted, quietEngine, root, temporaryFolder } from '../network/small.ts'
import { fields } from './fields.ts'
import { outcome } from './outcome.ts'

let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))
const folder = temporaryFolder()

const small = ['blocks=1', 'train.h=8', 'train.w=8', 'train.B=2']
const edsr = (...sets: string[]): LoadedModel => model('edsr.arch', [...small, ...sets.map((set) => `train.${set}`)])
const draws = (): never => {
  throw new Error('nothing is random here')
}
const rate = 0.01

/** What steps of a model at one rate make of its weights. */
async function trained(
  { model: compiled }: LoadedModel,
  kind: 'graph' | 'layers',
  steps = 1,
  start?: ReadonlyMap<string, Tensor>,
) {
  const { objectives, sizes } = compiled.train!
  const learner: Learner =
    kind === 'graph'
      ? await graphLearner(compiled.graph, objectives, sizes, sizes, draws)
      : layersLearner(compiled.graph, objectives, draws)
  const before = start ?? initialWeights(compiled.graph.weights, 2)
  await learner.assign({ weights: before })
  for (let step = 0; step < steps; step += 1) {
    const items = Array.from({ length: 2 }, (_, at) =>
      makeItem(compiled, compiled.train!, painted(40, 40), planItem(compiled, compiled.train!, createRandom(10 * step + at), { epoch: 0, epochs: 1 })),
    ) // prettier-ignore
    await learner.step(step, [stackItems(compiled, compiled.train!, items)], [rate])
  }
  const { weights, optimizer } = await learner.read()
  learner.close()
  return { before, weights, optimizer }
}

const isBelow = (name: string, above: string): boolean => name.startsWith(`${above}.`) || name.startsWith(`${above}[`)

describe.each(['graph', 'layers'] as const)('by the %s learner', (kind) => {
  it.each(['adam(lr: 0.01)', 'adamw(lr: 0.01, weight_decay: 0.3)', 'sgd(lr: 0.01, momentum: 0.9, weight_decay: 0.3)'])(
    'what is frozen stays to the bit under %s, has no state, and the rest moves as it would',
    async (optimizer) => {
      const frozen = await trained(edsr(`optimizer=${optimizer}`, 'freeze=[body.body[0], up]'), kind, 3)
      const plain = await trained(edsr(`optimizer=${optimizer}`), kind)
      const first = await trained(edsr(`optimizer=${optimizer}`, 'freeze=[body.body[0], up]'), kind)
      let held = 0
      for (const [name, { data }] of frozen.weights) {
        const isFrozen = isBelow(name, 'body.body[0]') || isBelow(name, 'up')
        held += Number(isFrozen)
        expect(farthest(data, frozen.before.get(name)!.data) === 0, name).toBe(isFrozen)
        expect(
          [...frozen.optimizer.keys()].some((each) => each.endsWith(`.${name}`)),
          name,
        ).toBe(!isFrozen)
        if (!isFrozen) expect(farthest(first.weights.get(name)!.data, plain.weights.get(name)!.data), name).toBeLessThan(1e-6)
      }
      expect(held).toBe(6)
    },
  )

  it('a share of the rate is a share of the update, decay too: by definition, in double precision', async () => {
    // A step of plain descent gives the gradients.
    const plain = await trained(edsr('optimizer=sgd(lr: 1)'), kind)
    const gradient = (name: string): Float64Array => {
      const [from, to] = [plain.before.get(name)!.data, plain.weights.get(name)!.data]
      return Float64Array.from(from, (value, at) => (value - to[at]!) / rate)
    }
    const shared = 'rate=[0.25 * body, body.head * 0.5]'
    const share = (name: string): number => (isBelow(name, 'body.head') ? 0.5 : isBelow(name, 'body') ? 0.25 : 1)
    const sgd = await trained(edsr('optimizer=sgd(lr: 1, weight_decay: 0.2)', shared), kind)
    const adamw = await trained(edsr('optimizer=adamw(lr: 1, weight_decay: 0.2)', shared), kind)
    const adam = await trained(edsr('optimizer=adam(lr: 1)', shared), kind)
    for (const [name, { data }] of plain.before) {
      const [own, found] = [rate * share(name), gradient(name)]
      const byDescent = Float64Array.from(data, (x, at) => x - own * (found[at]! + 0.2 * x))
      expect(farthest(sgd.weights.get(name)!.data, byDescent), name).toBeLessThan(1e-6)
      // The first step of Adam goes by the gradient's sign, but where that is hardly more than rounding.
      for (const [result, decay] of [
        [adamw, 0.2],
        [adam, 0],
      ] as const)
        // prettier-ignore
        result.weights.get(name)!.data.forEach((value, at) => {
          if (Math.abs(found[at]!) < 1e-3) return
          expect(Math.abs(value - (data[at]! * (1 - own * decay) - own * Math.sign(found[at]!))), name).toBeLessThan(1e-6)
        })
    }
  })
})

it('no gradient is computed for what is frozen', () => {
  const kernels = ({ model: { train: plan } }: LoadedModel, name: string): number => {
    const { outputs, assigned, moved } = trainStep('step', plan!.objectives, plan!.sizes)
    const roots = [...Object.values(outputs), ...assigned.values(), ...moved!.flatMap(({ operands }) => operands)]
    return reachable(roots).filter(({ kernel }) => kernel === name).length
  }
  const [plain, tail, head] = [edsr(), edsr('freeze=[body, up]'), edsr('freeze=[up, painted]')]
  expect(kernels(plain, 'Conv2DBackpropFilter')).toBe(6)
  expect([kernels(tail, 'Conv2DBackpropFilter'), kernels(tail, 'Conv2DBackpropInput')]).toEqual([1, 0])
  expect(kernels(head, 'Conv2DBackpropFilter')).toBe(4)
})

it('a batch norm that is frozen computes by its statistics and learns none', async () => {
  const text = (freeze: string): string => `model Small {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, m * h, m * w, 3] as image
  let still = lr -> batch_norm
  let open = still -> conv(out: 4, kernel: 3) -> batch_norm
  return open -> conv(out: 3 * m * m, kernel: 3) -> pixel_shuffle(by: m)
}
train { B: 2, h: 8, w: 8, loss: l1(sr, target), optimizer: sgd(lr: 0.01)${freeze} }
`
  const loaded = (freeze: string): LoadedModel => loadModel('a.arch', {}, memoryHost({ 'a.arch': text(freeze) }))
  const frozen = loaded(', freeze: [still]')
  const start = new Map(
    [...initialWeights(frozen.model.graph.weights, 2)].map(([name, tensor]): [string, Tensor] => [
      name,
      name === 'still.mean'
        ? { shape: tensor.shape, dtype: 'F32', data: new Float32Array(tensor.data.length).fill(0.25) }
        : tensor,
    ]),
  )
  const [byGraph, byLayers] = [await trained(frozen, 'graph', 3, start), await trained(frozen, 'layers', 3, start)]
  const plain = await trained(loaded(''), 'graph', 3, start)
  for (const [name, { data }] of start) {
    if (name.startsWith('still')) expect(farthest(byGraph.weights.get(name)!.data, data), name).toBe(0)
    expect(farthest(byLayers.weights.get(name)!.data, byGraph.weights.get(name)!.data), name).toBeLessThan(1e-5)
  }
  expect(farthest(plain.weights.get('still.mean')!.data, start.get('still.mean')!.data)).toBeGreaterThan(1e-3)
  expect(farthest(plain.weights.get('open.conv.kernel')!.data, byGraph.weights.get('open.conv.kernel')!.data)).toBeGreaterThan(
    1e-5,
  )
})

describe('in the text', () => {
  const said = (...sets: string[]): string[] =>
    compile(path.join(root, 'models/edsr.arch'), fileHost, {
      preset: 'tiny',
      sets: sets.map((set) => `train.${set}`),
    }).diagnostics.map(({ message }) => message)

  it.each<[string[], string]>([
    [['freeze=[bdy]'], 'EDSR has no weights under bdy'],
    [['freeze=[body.body[9]]'], 'EDSR has no weights under body.body[9]'],
    [['freeze=[body, body]'], 'body is already in freeze or rate'],
    [['freeze=[body]', 'rate=[0.5 * body]'], 'body is already in freeze or rate'],
    [['freeze=[3]'], 'freeze is of weight paths, such as encoder.body[0]; not 3'],
    [['rate=1e-4'], 'rate is shares of the learning rate, as in [0.1 * encoder]; not 1e-4'],
    [['rate=[0 * body]'], 'rate is above 0; 0 is outside'],
    [['freeze=[body, up, painted]'], 'nothing is left to train: all 16 weights that train.loss moves are frozen'],
  ])('%s: %s', (sets, message) => expect(said(...sets)).toEqual([message]))

  it('the longest path counts, and a variant may say it', () => {
    const rates = (loaded: LoadedModel): Record<string, number | undefined> =>
      Object.fromEntries(loaded.model.train!.objectives[0]!.graph.weights.map(({ path: name, rate: share }) => [name, share]))
    expect(rates(edsr('freeze=[body]', 'rate=[0.5 * body.body[0].inner.conv, 2 * painted]'))).toMatchObject({
      'body.head.kernel': 0,
      'body.body[0].inner.conv.kernel': 0.5,
      'body.body[0].inner.conv2.kernel': 0,
      'up[0].bias': undefined,
      'painted.bias': 2,
    })
    const base = path.join(root, 'models/edsr.arch')
    const source = fileHost.read(base)
    const host = memoryHost({ 'v.arch': `variant "tuned" of EDSR from "${base}"\nset train.freeze = [body]\n`, [base]: 'text' in source ? source.text : '' }) // prettier-ignore
    const variant = loadModel('v.arch', { preset: 'tiny' }, { ...host, resolve: (_from, to) => to })
    expect(variant.model.train!.rates).toEqual({ body: 0 })
  })
})

it('a run says how much is frozen, and ends alike where it was stopped and resumed', async () => {
  const said: string[] = []
  const given = (out: string) => ({
    loaded: edsr('freeze=[body]', 'rate=[0.1 * up]'),
    data: fields,
    out: path.join(folder, out),
    engine,
    seed: 1,
    val: 0,
    checkpointEvery: 2,
    say: (line: string) => void said.push(line),
  })
  await train({ ...given('whole'), steps: 5 })
  const stop = new AbortController()
  await train({ ...given('stopped'), steps: 5, signal: stop.signal, onStep: ({ step }) => void (step === 3 && stop.abort()) })
  await train({ ...given('stopped'), resume: true })
  expect(await outcome(path.join(folder, 'stopped'))).toEqual(await outcome(path.join(folder, 'whole')))
  expect(said[0]).toMatch(/parameters, 7,408 of them frozen, on /)
  const last = (await listCheckpoints(await openRun(path.join(folder, 'whole')))).at(-1)!
  const { tensors } = await readSafetensors(path.join(last.folder, 'optimizer.safetensors'))
  expect([...tensors.keys()].filter((name) => name.includes('body'))).toEqual([])
})
