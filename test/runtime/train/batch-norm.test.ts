import * as tf from '@tensorflow/tfjs'
import { cp } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { channelNormalisation } from '../../../src/compiler/ops/linear.ts'
import { onTfjs } from '../../../src/compiler/targets/layers/backend.ts'
import { trainStep, variablesOf } from '../../../src/compiler/targets/savedmodel/signatures.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { runPaths } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { createNetwork, initialWeights } from '../../../src/runtime/network/network.ts'
import { graphLearner, heldBytes } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Learner } from '../../../src/runtime/train/learner.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { memoryHost } from '../../compiler/memory-host.ts'
import { quietEngine, temporaryFolder } from '../network/small.ts'
import { fields } from './fields.ts'

const folder = temporaryFolder()
let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))

/** PyTorch's batch norm over rows [n, c], in double precision. */
function byDefinition(rows: readonly (readonly number[])[], epsilon: number) {
  const columns = rows[0]!.map((_, channel) => rows.map((row) => row[channel]!))
  const mean = columns.map((column) => column.reduce((sum, value) => sum + value, 0) / column.length)
  const squares = columns.map((column, at) => column.reduce((sum, value) => sum + (value - mean[at]!) ** 2, 0))
  const biased = squares.map((sum) => sum / rows.length)
  return {
    mean,
    unbiased: squares.map((sum) => sum / (rows.length - 1)),
    normal: rows.map((row) => row.map((value, at) => (value - mean[at]!) / Math.sqrt(biased[at]! + epsilon))),
  }
}

const near = (given: ArrayLike<number>, wanted: readonly number[], within = 1e-5): void => {
  expect(given.length).toBe(wanted.length)
  const most = Math.max(...wanted.map((value, at) => Math.abs(given[at]! - value) / Math.max(1, Math.abs(value))))
  expect(most).toBeLessThan(within)
}

describe('batch_norm', () => {
  const random = createRandom(4)
  const rows = Array.from({ length: 70 }, () => Array.from({ length: 3 }, (_, at) => random.normal(20 * at, 1 + at)))
  const [scale, shift] = [[0.5, 1.5, -2], [0.25, 0, 1]] as const // prettier-ignore
  const [before, variance] = [[1, 2, 3], [4, 5, 6]] as const // prettier-ignore
  const attributes = { epsilon: 1e-3, momentum: 0.3 }
  const weights = () => [scale, shift, before, variance].map((values) => tf.tensor1d([...values]))
  const call = { attributes, sizes: {}, draw: () => tf.zeros([0]) }
  const x = () => tf.tensor(rows.flat(), [2, 5, 7, 3])
  const known = byDefinition(rows, attributes.epsilon)

  it('normalises by the batch in training, by what it has learned else', () => {
    const computed = (training: boolean): ArrayLike<number> =>
      tf.tidy(() => onTfjs(tf, (on) => channelNormalisation.compute(on, [x()], weights(), { ...call, training }))[0]!.dataSync())
    near(computed(true), known.normal.flatMap((row) => row.map((value, at) => value * scale[at]! + shift[at]!)), 1e-4) // prettier-ignore
    near(computed(false), rows.flatMap((row) => row.map((value, at) => ((value - before[at]!) / Math.sqrt(variance[at]! + 1e-3)) * scale[at]! + shift[at]!))) // prettier-ignore
  })

  it('learns the mean of batches and their variance divided by one less', () => {
    const learned = tf.tidy(() =>
      onTfjs(tf, (on) => channelNormalisation.learn!(on, [x()], weights(), call).map(([, value]) => value)).map((value) => [...value.dataSync()]),
    ) // prettier-ignore
    near(learned[0]!, before.map((value, at) => 0.7 * value + 0.3 * known.mean[at]!)) // prettier-ignore
    near(learned[1]!, variance.map((value, at) => 0.7 * value + 0.3 * known.unbiased[at]!)) // prettier-ignore
  })

  it('has the gradient of central differences through mean and variance of the batch, and without them', () => {
    const few = rows.slice(0, 4).flat()
    const factor = few.map((_, at) => Math.sin(at))
    for (const training of [true, false]) {
      const total = (values: tf.Tensor): tf.Scalar =>
        onTfjs(tf, (on) => channelNormalisation.compute(on, [values], weights(), { ...call, training }))[0]!
          .mul(tf.tensor(factor, [4, 3]))
          .sum()
      const gradient = tf.tidy(() =>
        tf
          .grad(total)(tf.tensor(few, [4, 3]))
          .dataSync(),
      )
      const exact = (values: readonly number[]): number => {
        const list = Array.from({ length: 4 }, (_, row) => values.slice(3 * row, 3 * row + 3))
        const normal = training
          ? byDefinition(list, 1e-3).normal
          : list.map((row) => row.map((value, at) => (value - before[at]!) / Math.sqrt(variance[at]! + 1e-3)))
        return normal.flat().reduce((sum, value, at) => sum + (value * scale[at % 3]! + shift[at % 3]!) * factor[at]!, 0)
      }
      const step = 1e-4
      near(gradient, few.map((_, at) => (exact(few.with(at, few[at]! + step)) - exact(few.with(at, few[at]! - step))) / (2 * step)), 1e-4) // prettier-ignore
    }
  })
})

const text = `
module Judge {
  input x: [B, h, w, c]
  output [B, h / 2, w / 2, 1]
  return x -> conv(out: 4, kernel: 4, stride: 2, pad: 1) -> batch_norm(momentum: 0.25) -> leaky_relu(slope: 0.2) -> conv(out: 1, kernel: 1)
}

module Block {
  input x: [B, h, w, c]
  output [B, h, w, c]
  return x + (x -> batch_norm -> relu -> conv(out: c, kernel: 3) -> batch_norm -> relu -> conv(out: c, kernel: 3) -> sin -> conv(out: c, kernel: 1))
}

model Normalised {
  scale m = 2
  input lr: [B, h, w, 3] as image where h % 2 == 0, w % 2 == 0
  output sr: [B, 2 * h, 2 * w, 3] as image
  slot judge: [B, 2 * h, 2 * w, 3] -> [B, h, w, 1] = Judge()
  let body = lr -> conv(out: 6, kernel: 3) -> repeat 2 { Block }
  return body -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: 2)
}

train {
  B: 3, h: 8, w: 8
  loss: l1(sr, target) + 0.1 * mse(judge(sr), 1)
  optimizer: sgd(lr: 1e-3)
  judge { loss: mse(judge(target), 1) + mse(judge(sr), 0), optimizer: sgd(lr: 1e-2), every: 2 }
}
`
const loaded = loadModel('normalised.arch', {}, memoryHost({ 'normalised.arch': text }))
const { model } = loaded
const plan = model.train!
const weights = [
  ...new Map(plan.objectives.flatMap(({ graph }) => graph.weights).map((weight) => [weight.path, weight])).values(),
]
const draws = (): never => {
  throw new Error('nothing is drawn')
}
const batch = (step: number) => {
  const random = createRandom(step)
  const filled = (shape: readonly number[]) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.uniform(-1, 1)),
  })
  return { lr: filled([3, 8, 8, 3]), target: filled([3, 16, 16, 3]) }
}
const valuesOf = ({ data }: Tensor): number[] => [...(data as Float32Array)]

/** The convolution in front of the judge's batch norm, in double precision: rows [n, 4] of pictures [n, h, w, 3]. */
function convolved(
  picture: ArrayLike<number>,
  [count, height, width]: readonly number[],
  kernel: Tensor,
  bias: Tensor,
): number[][] {
  const at = (n: number, y: number, x: number, c: number): number =>
    y < 0 || x < 0 || y >= height! || x >= width! ? 0 : picture[((n * height! + y) * width! + x) * 3 + c]!
  const rows: number[][] = []
  for (let n = 0; n < count!; n += 1)
    for (let y = 0; y < height! / 2; y += 1)
      for (let x = 0; x < width! / 2; x += 1)
        rows.push(
          valuesOf(bias).map((start, out) => {
            let sum = start
            for (let i = 0; i < 4; i += 1)
              for (let j = 0; j < 4; j += 1)
                for (let c = 0; c < 3; c += 1)
                  sum += at(n, 2 * y + i - 1, 2 * x + j - 1, c) * (kernel.data as Float32Array)[((i * 4 + j) * 3 + c) * 4 + out]!
            return sum
          }),
        )
  return rows
}

/** What a training must be content with that computes blocks twice. */
const variables = variablesOf([model.graph], plan.objectives)
const [plenty, little] = [false, true].map((twice) =>
  heldBytes([trainStep('train_step', plan.objectives, plan.sizes, twice)], variables),
) as [number, number]

it('is tried with blocks that are computed twice', () => expect(little).toBeLessThan(plenty))

describe.each<[string, () => Promise<Learner>]>([
  ['one graph a step', () => graphLearner(model.graph, plan.objectives, plan.sizes, plan.sizes, draws)],
  [
    'one graph a step, blocks computed twice',
    () => graphLearner(model.graph, plan.objectives, plan.sizes, plan.sizes, draws, { memory: little }),
  ],
  ['layer by layer', async () => layersLearner(model.graph, plan.objectives, draws)],
])('%s', (_, open) => {
  it('learns of every call in the order of the text, and of one in two losses once', async () => {
    const learner = await open()
    const initial = initialWeights(weights, 1)
    await learner.assign({ weights: initial })
    const kernel = initial.get('judge.conv.kernel')!
    const bias = initial.get('judge.conv.bias')!
    await learner.step(0, [batch(0)], [1e-3, 1e-2])
    const { weights: after } = await learner.read()
    // The judge is called with what is painted, which both losses do, and then with the target.
    const real = byDefinition(convolved(batch(0).target.data, [3, 16, 16], kernel, bias), 0)
    const [mean, variance] = ['mean', 'variance'].map((name) => valuesOf(after.get(`judge.batch_norm.${name}`)!))
    const fakeMean = mean!.map((value, at) => (value - 0.25 * real.mean[at]!) / 0.75 / 0.25)
    const fakeVariance = variance!.map((value, at) => ((value - 0.25 * real.unbiased[at]!) / 0.75 - 0.75) / 0.25)
    const painted = paintedAt(initial)
    const fake = byDefinition(convolved(painted, [3, 16, 16], kernel, bias), 0)
    near(fakeMean, fake.mean, 1e-4)
    near(fakeVariance, fake.unbiased, 1e-3)
    // A step in which the judge has no turn: its statistics see what is painted.
    await learner.step(1, [batch(1)], [1e-3, 1e-2])
    const later = (await learner.read()).weights
    expect(valuesOf(later.get('judge.conv.kernel')!)).toEqual(valuesOf(after.get('judge.conv.kernel')!))
    expect(valuesOf(later.get('judge.batch_norm.mean')!)).not.toEqual(mean)
    learner.close()
  })

  it('learns nothing of what is not finite, and nothing without an update', async () => {
    const learner = await open()
    await learner.assign({ weights: initialWeights(weights, 1) })
    const before = (await learner.read()).weights
    await learner.loss(batch(0))
    const broken = batch(0)
    broken.lr.data[5] = Number.NaN
    await learner.step(0, [broken], [1e-3, 1e-2])
    const after = (await learner.read()).weights
    for (const [name, tensor] of before) expect(valuesOf(after.get(name)!), name).toEqual(valuesOf(tensor))
    learner.close()
  })
})

/** What the network paints of the first batch in training, by layers. */
function paintedAt(initial: ReadonlyMap<string, Tensor>): Float32Array {
  const network = createNetwork([model.graph])
  network.assign(new Map([...initial].filter(([name]) => !name.startsWith('judge.'))))
  const { lr } = batch(0)
  return tf.tidy(
    () =>
      network
        .lower(model.graph, 'painted')
        .run({ lr: tf.tensor(lr.data, [...lr.shape]) }, { training: true })
        ['sr']!.dataSync() as Float32Array,
  )
}

it.each([1, 2])('both learners learn the same, by %i batches an update', async (accumulate) => {
  const trained = async (learner: Learner) => {
    await learner.assign({ weights: initialWeights(weights, 1) })
    const batches = (step: number) => Array.from({ length: accumulate }, (_, at) => batch(accumulate * step + at))
    for (let step = 0; step < 8; step += 1) await learner.step(step, batches(step), [1e-3, 1e-2])
    const loss = await learner.loss(batch(10))
    const { weights: found } = await learner.read()
    learner.close()
    return { loss, found }
  }
  const one = await trained(await graphLearner(model.graph, plan.objectives, plan.sizes, plan.sizes, draws, { accumulate }))
  const other = await trained(layersLearner(model.graph, plan.objectives, draws))
  for (const [name, tensor] of other.found) near(valuesOf(one.found.get(name)!), valuesOf(tensor), 1e-3)
  expect(Math.abs(one.loss - other.loss)).toBeLessThan(1e-4 * other.loss)
})

it('what is learned is in checkpoints: a training that is stopped and resumed ends with the same weights', async () => {
  const training = (out: string, more: object) =>
    train({ loaded, data: fields, out: path.join(folder, out), engine, seed: 1, steps: 6, val: 0.3, checkpointEvery: 3, say: () => undefined, ...more }) // prettier-ignore
  const stop = new AbortController()
  await training('stopped', { signal: stop.signal, onStep: ({ step }: { step: number }) => step === 3 && stop.abort() })
  await cp(path.join(folder, 'stopped'), path.join(folder, 'resumed'), { recursive: true })
  await training('resumed', { resume: true })
  await training('whole', {})
  const [stopped, resumed, whole] = await Promise.all(
    ['stopped', 'resumed', 'whole'].map(async (run) => (await readSafetensors(runPaths(path.join(folder, run)).weights)).tensors),
  )
  expect([...resumed!.keys()]).toEqual([...whole!.keys()])
  for (const [name, tensor] of whole!) expect(valuesOf(resumed!.get(name)!), name).toEqual(valuesOf(tensor))
  const learned = [...whole!.keys()].filter((name) => /^(body|judge).*(mean|variance)$/.test(name))
  expect(learned).toHaveLength(4 * 2 + 2)
  for (const name of learned) expect(valuesOf(stopped!.get(name)!), name).not.toEqual(valuesOf(whole!.get(name)!))
})
