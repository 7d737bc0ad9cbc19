import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { optimisers } from '../../../src/compiler/optimisers/registry.ts'
import type { Settings } from '../../../src/compiler/optimisers/optimiser.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { makeItem, planItem, stackItems } from '../../../src/runtime/train/batch.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Learner } from '../../../src/runtime/train/learner.ts'
import { createOptimiser } from '../../../src/runtime/train/optimiser-state.ts'
import { model, painted, quietEngine } from '../network/small.ts'

beforeAll(quietEngine)

type Rule = (x: number, g: number, k: number, state: Record<string, number>) => number
const lr = 0.01

/** The updates as PyTorch's documentation defines them, in double precision; `k` counts from 1. */
const definitions: readonly [name: string, settings: Settings, rule: Rule][] = [
  ['adamw', { lr, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weight_decay: 0.1, decay: 'all' }, (x, g, k, s) => {
    s['m'] = 0.9 * (s['m'] ?? 0) + 0.1 * g
    s['v'] = 0.99 * (s['v'] ?? 0) + 0.01 * g * g
    const kept = x - lr * 0.1 * x
    return kept - (lr * (s['m'] / (1 - 0.9 ** k))) / (Math.sqrt(s['v'] / (1 - 0.99 ** k)) + 1e-8)
  }],
  ['sgd', { lr, momentum: 0.8, nesterov: false, weight_decay: 0.05, decay: 'all' }, (x, g, k, s) => {
    const pulled = g + 0.05 * x
    s['b'] = k === 1 ? pulled : 0.8 * s['b']! + pulled
    return x - lr * s['b']
  }],
  ['sgd', { lr, momentum: 0.8, nesterov: true, weight_decay: 0, decay: 'all' }, (x, g, k, s) => {
    s['b'] = k === 1 ? g : 0.8 * s['b']! + g
    return x - lr * (g + 0.8 * s['b'])
  }],
  ['sgd', { lr, momentum: 0, nesterov: false, weight_decay: 0, decay: 'all' }, (x, g) => x - lr * g],
] // prettier-ignore

describe.each(definitions)('%s, %j', (name, settings, rule) => {
  it('is the update of its definition, step for step', () => {
    const start = [1, -2, 3, 0.5]
    const x = tf.variable(tf.tensor1d(start))
    const optimiser = createOptimiser(new Map([['x', x]]), { name, settings })
    const exact = [...start]
    const states = start.map((): Record<string, number> => ({}))
    for (let k = 1; k <= 30; k += 1) {
      const gradients = exact.map((value, at) => Math.fround(Math.sin(k + at) + 0.3 * value))
      optimiser.step(new Map([['x', tf.tensor1d(gradients)]]), lr)
      exact.forEach((value, at) => (exact[at] = rule(value, gradients[at]!, k, states[at]!)))
      x.dataSync().forEach((value, at) => expect(Math.abs(value - exact[at]!)).toBeLessThan(2e-6 * k))
    }
  })
})

it('every optimiser has a definition or a reference elsewhere', () => {
  expect([...optimisers.keys()].sort()).toEqual([...new Set(['adam', ...definitions.map(([name]) => name)])].sort())
})

it('biases and norms do not decay where kernels alone do', () => {
  const [kernel, bias] = [tf.variable(tf.ones([2, 2])), tf.variable(tf.ones([2]))]
  const settings = { lr: 0.1, momentum: 0, nesterov: false, weight_decay: 0.5, decay: 'kernels' }
  const optimiser = createOptimiser(new Map([['k', kernel], ['b', bias]]), { name: 'sgd', settings }) // prettier-ignore
  optimiser.step(new Map([['k', tf.zeros([2, 2])], ['b', tf.zeros([2])]]), 0.1) // prettier-ignore
  expect([...kernel.dataSync()]).toEqual([...new Float32Array(4).fill(0.95)])
  expect([...bias.dataSync()]).toEqual([1, 1])
})

describe.each([
  'optimizer=adamw(lr: 1e-3, weight_decay: 0.2, decay: kernels)',
  'optimizer=sgd(lr: 1e-2, momentum: 0.9, nesterov: true, weight_decay: 1e-2)',
  'clip=norm(0.05)',
  'clip=value(0.001)',
])('train.%s', (set) => {
  it('is trained alike by one graph a step and layer by layer', async () => {
    const { model: compiled } = model('edsr.arch', ['blocks=1', 'train.h=16', 'train.w=16', `train.${set}`])
    const plan = compiled.train!
    const batch = stackItems(compiled, plan, Array.from({ length: 2 }, (_, at) =>
      makeItem(compiled, plan, painted(150, 150), planItem(compiled, plan, createRandom(at), { epoch: 0, epochs: 10 })),
    )) // prettier-ignore
    const draws = (): never => {
      throw new Error('nothing is random here')
    }
    const trained = async (learner: Learner) => {
      await learner.assign({ weights: initialWeights(compiled.graph.weights, 2) })
      const losses: number[] = []
      for (let step = 0; step < 12; step += 1) losses.push((await learner.step(step, [batch], [1e-3]))['loss']!)
      const { weights, optimizer, counts } = await learner.read()
      learner.close()
      return { losses, weights, optimizer, counts }
    }
    const one = await trained(await graphLearner(compiled.graph, plan.objectives, plan.sizes, plan.sizes, draws))
    const other = await trained(layersLearner(compiled.graph, plan.objectives, draws))
    one.losses.forEach((loss, step) => expect(Math.abs(loss - other.losses[step]!)).toBeLessThan(1e-4 * loss))
    expect(one.losses.at(-1)).toBeLessThan(one.losses[0]!)
    expect([...one.optimizer.keys()].sort()).toEqual([...other.optimizer.keys()].sort())
    const away = [...one.weights].map(([path, { data }]) =>
      Math.max(...Array.from(data, (value, at) => Math.abs(value - other.weights.get(path)!.data[at]!))),
    )
    expect(Math.max(...away)).toBeLessThan(1e-4)
    expect(one.counts).toEqual([12])
  })
})
