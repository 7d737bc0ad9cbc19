import { beforeAll, describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/runtime/files/random.ts'
import type { Tensor } from '../../../src/runtime/files/safetensors.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Learner } from '../../../src/runtime/train/learner.ts'
import { memoryHost } from '../../compiler/memory-host.ts'
import { quietEngine } from '../network/small.ts'

beforeAll(quietEngine)

/** The judge's only weight is a 1x1 convolution: what it says is x W / sigma, per pixel. */
const text = `
model Judged {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, 2 * h, 2 * w, 3] as image
  slot judge: [B, 2 * h, 2 * w, 3] -> [B, 2 * h, 2 * w, 5] = conv(out: 5, kernel: 1, bias: false, norm: spectral)
  return lr -> conv(out: 12, kernel: 1) -> pixel_shuffle(by: 2)
}

train {
  B: 1, h: 2, w: 2
  loss: l1(sr, target) + 0 * mse(judge(sr), 1)
  optimizer: sgd(lr: 1e-3)
  judge { loss: mse(judge(target), 1) + 0 * mse(judge(sr), 0), optimizer: sgd(lr: 1e-2) }
}
`
const { model } = loadModel('judged.arch', {}, memoryHost({ 'judged.arch': text }))
const plan = model.train!
const weights = [
  ...new Map(plan.objectives.flatMap(({ graph }) => graph.weights).map((weight) => [weight.path, weight])).values(),
]
const draws = (): never => {
  throw new Error('nothing is drawn')
}
const random = createRandom(8)
const filled = (shape: readonly number[]) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.uniform(-1, 1)),
})
const batch = { lr: filled([1, 2, 2, 3]), target: filled([1, 4, 4, 3]) }

type Matrix = readonly (readonly number[])[]
const matrix = ({ data }: Tensor, columns: number): number[][] =>
  Array.from({ length: data.length / columns }, (_, row) => [...(data as Float32Array).slice(row * columns, (row + 1) * columns)])
const rowsOf = (data: Float32Array, columns: number): Matrix => matrix({ shape: [data.length], dtype: 'F32', data }, columns)
const times = (a: Matrix, x: readonly number[]): number[] =>
  a.map((row) => row.reduce((sum, value, at) => sum + value * x[at]!, 0))
const turned = (a: Matrix): number[][] => a[0]!.map((_, column) => a.map((row) => row[column]!))
const length = (x: readonly number[]): number => Math.sqrt(x.reduce((sum, value) => sum + value ** 2, 0))
const unit = (x: readonly number[]): number[] => x.map((value) => value / Math.max(length(x), 1e-12))
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0)

/** PyTorch's spectral_norm in double precision, on W [in, out] (its weight, transposed): one forward pass in training. */
function byDefinition(w: Matrix, before: readonly number[]) {
  const v = unit(times(w, before))
  const u = unit(times(turned(w), v))
  return { u, v, sigma: dot(u, times(turned(w), v)) }
}

/** The mean square of x W / sigma - 1 over pixels and channels, and its gradient for W with u and v fixed. */
function judged(pixels: Matrix, w: Matrix, { u, v, sigma }: ReturnType<typeof byDefinition>) {
  const off = pixels.map((x) => times(turned(w), x).map((value) => value / sigma - 1))
  const count = off.length * off[0]!.length
  const loss = off.flat().reduce((sum, value) => sum + value ** 2, 0) / count
  // d/dN of the loss at N = W / sigma, and from it that for W: the second part is sigma's, u v'.
  const forN = w.map((_, i) => w[0]!.map((_, o) => pixels.reduce((sum, x, p) => sum + (2 * off[p]![o]! * x[i]!) / count, 0)))
  const along = w.reduce((sum, row, i) => sum + dot(row, forN[i]!), 0)
  const gradient = forN.map((row, i) => row.map((value, o) => value / sigma - (along / sigma ** 2) * v[i]! * u[o]!))
  return { loss, gradient }
}

const near = (given: ArrayLike<number>, wanted: readonly number[]): void =>
  wanted.forEach((value, at) => expect(Math.abs(given[at]! - value)).toBeLessThan(2e-5 * Math.max(1, Math.abs(value))))

describe.each<[string, () => Promise<Learner>]>([
  ['one graph a step', () => graphLearner(model.graph, plan.objectives, plan.sizes, plan.sizes, draws)],
  ['layer by layer', async () => layersLearner(model.graph, plan.objectives, draws)],
])('norm: spectral, %s', (_, open) => {
  it('is what its definition says, in value, gradient and state, one turn a step however often it is called', async () => {
    const learner = await open()
    const initial = initialWeights(weights, 1)
    const [kernel, u, v] = ['kernel', 'u', 'v'].map((name) => initial.get(`judge.conv.${name}`)!) as [Tensor, Tensor, Tensor]
    expect([u, v].map(({ shape }) => shape)).toEqual([[5], [1, 1, 3]])
    expect(length([...(v.data as Float32Array)])).toBeCloseTo(1, 6)
    await learner.assign({ weights: initial })
    let w: Matrix = matrix(kernel, 5)
    let state: readonly number[] = [...(u.data as Float32Array)]
    const pixels = rowsOf(batch.target.data, 3)
    for (let step = 0; step < 3; step += 1) {
      const measured = await learner.step(step, [batch], [1e-3, 1e-2])
      const known = byDefinition(w, state)
      const { loss, gradient } = judged(pixels, w, known)
      near([measured['judge loss']!], [loss])
      w = w.map((row, i) => row.map((value, o) => value - 1e-2 * gradient[i]![o]!))
      state = known.u
      const { weights: after } = await learner.read()
      near(after.get('judge.conv.u')!.data, known.u)
      near(after.get('judge.conv.v')!.data, known.v)
      near(after.get('judge.conv.kernel')!.data, w.flat())
    }
    learner.close()
  })
})

it('after training nothing turns: the stored vectors tell the singular value', async () => {
  const text = `
model Normal {
  input lr: [B, h, w, 3] as image
  output sr: [B, h, w, 3] as image
  return lr -> linear(out: 3, bias: false, norm: spectral)
}
train { B: 1, h: 2, w: 2, loss: mse(sr, 0), optimizer: sgd(lr: 1e-2) }
`
  const compiled = loadModel('normal.arch', {}, memoryHost({ 'normal.arch': text })).model
  const { objectives, sizes } = compiled.train!
  const learner = layersLearner(compiled.graph, objectives, draws)
  const initial = initialWeights(compiled.graph.weights, 1)
  await learner.assign({ weights: initial })
  const [kernel, u, v] = ['kernel', 'u', 'v'].map((name) => initial.get(`linear.${name}`)!) as [Tensor, Tensor, Tensor]
  const w = matrix(kernel, 3)
  const sigma = dot([...(u.data as Float32Array)], times(turned(w), [...(v.data as Float32Array)]))
  const values = rowsOf(batch.lr.data, 3).flatMap((x) => times(turned(w), x).map((value) => value / sigma))
  const expected = values.reduce((sum, value) => sum + value ** 2, 0) / values.length
  const inputs = { lr: batch.lr, target: batch.lr }
  expect(Math.abs((await learner.loss(inputs)) / expected - 1)).toBeLessThan(1e-5)
  const graph = await graphLearner(compiled.graph, objectives, sizes, sizes, draws)
  await graph.assign({ weights: initial })
  expect(Math.abs((await graph.loss(inputs)) / expected - 1)).toBeLessThan(1e-5)
  expect((await graph.read()).weights.get('linear.u')!.data).toEqual(u.data)
  graph.close()
  learner.close()
})
