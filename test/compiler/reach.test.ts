import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { Consequence, Reported } from '../../src/compiler/diagnostics/catalogue.ts'
import { Builder } from '../../src/compiler/elaborate/calls/builder.ts'
import { noMistakes } from '../../src/compiler/elaborate/attempt.ts'
import { evaluate } from '../../src/compiler/elaborate/evaluate.ts'
import { subgraph, type Graph } from '../../src/compiler/ir/graph.ts'
import { f32, isTensor, type TensorValue } from '../../src/compiler/ops/op.ts'
import { orderOf, standing } from '../../src/compiler/ops/positions.ts'
import { ops } from '../../src/compiler/ops/registry.ts'
import { positionsOf, reach } from '../../src/compiler/passes/reach.ts'
import { constant, evaluate as sizeAt, mul, symbol, type Size } from '../../src/compiler/shapes/size.ts'
import { parseExpression } from '../../src/compiler/syntax/parse.ts'
import { lowerToLayers } from '../../src/compiler/targets/layers/lower.ts'
import { createRandom } from '../../src/runtime/files/random.ts'
import { quietEngine } from '../runtime/network/small.ts'

beforeAll(quietEngine)

/** Each op as something that a picture x of four channels goes through. */
const uses: Readonly<Record<string, readonly string[]>> = {
  conv: [
    'conv(x, out: 4, kernel: 3)',
    'conv(x, out: 4, kernel: [1, 5], pad: reflect)',
    'conv(x, out: 4, kernel: 3, dilation: 2)',
    'conv(x, out: 4, kernel: 4, stride: 2, pad: 1)',
    'conv(x, out: 4, kernel: 2, stride: 2, pad: 0)',
    'conv(x, out: 4, kernel: 3, norm: spectral)',
  ],
  pixel_shuffle: ['pixel_shuffle(conv(x, out: 16, kernel: 1), by: 2)'],
  linear: ['linear(x, out: 4)', 'linear(x, out: 4, norm: spectral)'],
  gradient: ['linear(gradient(x), out: 4)', 'interpolate(gradient(x), by: 2, kernel: bilinear) -> linear(out: 4)'],
  gram: ['x + rearrange(mean(gram(x), axis: 2), "B c -> B 1 1 c")'],
  layer_norm: ['layer_norm(x)'],
  batch_norm: ['batch_norm(x)'],
  prelu: ['prelu(x)'],
  softmax: ['softmax(x, axis: -1)', 'softmax(x, axis: 1)'],
  group_norm: ['group_norm(x, groups: 2)', 'x -> rearrange("B (h i) w c -> (B h) i w c", i: 2) -> group_norm(groups: 4)'],
  instance_norm: ['instance_norm(x)', 'instance_norm(x, affine: true)'],
  l2_normalise: ['l2_normalise(x, axis: -1)', 'l2_normalise(x, axis: 1)'],
  dropout: ['dropout(x, rate: 0.1)'],
  cumsum: ['cumsum(x, axis: -1)', 'cumsum(x, axis: 2)'],
  drop_path: ['drop_path(x, rate: 0.1)'],
  mean: ['x + mean(x, axis: -1, keep: true)', 'x * mean(x, axis: [1, 2], keep: true)'],
  sum: ['x - sum(x, axis: 3, keep: true)', 'x + sum(x, axis: 1, keep: true)'],
  min: ['x + min(x, axis: -1, keep: true)', 'x + min(x, axis: 1, keep: true)'],
  minimum: ['minimum(x, roll(x, by: [1], axes: [1]))', 'minimum(x, 0.3)'],
  maximum: ['maximum(x, roll(x, by: [-1], axes: [2]))', 'maximum(x, 0.3)'],
  pow: ['pow(x, exponent: 3)', 'pow(x, 2)'],
  max: ['x + max(x, axis: -1, keep: true)', 'x + max(x, axis: 2, keep: true)'],
  rearrange: [
    'x -> rearrange("B (u i) (v j) c -> B u v (i j) c", i: 4, j: 4) -> softmax(axis: 3) -> rearrange("B u v (i j) c -> B (u i) (v j) c", i: 4, j: 4)',
    'x -> rearrange("B (h a) (w b) c -> B h w (c a b)", a: 2, b: 2) -> linear(out: 4)',
    'x -> rearrange("B h w c -> B (h w) c") -> linear(out: 4) -> rearrange("B (h w) c -> B h w c", h: h, w: w)',
    'x -> rearrange("B h w c -> B (h w) c") -> softmax(axis: 1) -> rearrange("B (h w) c -> B h w c", h: h, w: w)',
    'x -> rearrange("B (i u) w c -> B i u w c", i: 2) -> softmax(axis: 1) -> rearrange("B i u w c -> B (i u) w c")',
  ],
  einsum: [
    'einsum(x, x, "B h w c, B h w d -> B h w c d") -> softmax(axis: -1) -> mean(axis: -1)',
    'einsum(x, einsum(x, x, "B h w c, B h w d -> B c d"), "B h w c, B c d -> B h w d")',
    'einsum(x -> rearrange("B (u i) w c -> B u i w c", i: 2), x -> rearrange("B (u i) w c -> B u i w c", i: 2), "B u i w c, B u k w c -> B u i w c") -> rearrange("B u i w c -> B (u i) w c")',
  ],
  concat: ['linear(concat(x, 2 * x, axis: -1), out: 4)', 'concat(x, x, axis: 1)'],
  pad: ['pad(x, top: 2, bottom: 2, left: 1, right: 3)', 'pad(x, top: 1, bottom: 3, mode: reflect)'],
  pad_to: ['pad_to(x, multiple: 4, mode: reflect)', 'pad_to(x, multiple: 8)'],
  crop: ['crop(x, to: [h, w])'],
  roll: ['roll(x, by: [-2, 1], axes: [1, 2])', 'roll(x, by: [3], axes: [1])', 'roll(x, by: [1], axes: [3])'],
  transposed: [
    'transposed(x, out: 4, kernel: 4, stride: 2, pad: 1)',
    'transposed(x, out: 4, kernel: [9, 3], stride: 2, pad: [4, 1], output_pad: 1)',
    'transposed(x, out: 4, kernel: 3, pad: 1)',
    'transposed(x, out: 4, kernel: 2, stride: 4)',
  ],
  expand: ['concat(x, expand(mean(x, axis: -1, keep: true), to: [1, h, w, 2]), axis: -1) -> linear(out: 4)', 'x * expand(range(4), to: [1, h, w, 4])'],
  unfold: [
    'unfold(x, kernel: 4, stride: 2, pad: 1) -> mean(axis: 3)',
    'unfold(x, kernel: 6, stride: 4, pad: [1, 2]) -> max(axis: 3)',
    'unfold(x, kernel: 4, pad: 1) -> mean(axis: 3)',
    'unfold(x, kernel: 3) -> mean(axis: 3)', 'unfold(x, kernel: 5, pad: reflect) -> max(axis: 3)',
  ],
  avg_pool: ['avg_pool(x, kernel: 3, stride: 2, pad: 1)', 'avg_pool(x, kernel: 3, stride: 1, pad: 1, count_pad: false)'],
  max_pool: ['max_pool(x, kernel: 2, stride: 2)'],
  interpolate: [
    'interpolate(x, by: 2, kernel: bicubic)',
    'interpolate(x, by: 3, kernel: bilinear)',
    'interpolate(x, by: 2, kernel: nearest)',
    'interpolate(x, by: 2, kernel: bilinear, align: corners)',
    'interpolate(x, to: [20, 28], kernel: bicubic)',
  ],
  // Queries that stand nowhere take what they want.
  take: ['x + mean(take(x, rearrange(range(5), "q -> 1 q")), axis: 1)'],
  sample: ['x + mean(sample(x, rearrange(range(4) * 0.2 - 0.3, "(q a) -> 1 q a", a: 2), kernel: bicubic), axis: 1)'],
  take_along: ['rearrange(x, "B h w c -> B (h w) c") -> take_along(rearrange(range(4), "q -> 1 q"), axis: 1) -> rearrange("B q c -> B q 1 c")'],
  best_match: ['x + rearrange(best_match(rearrange(x, "B h w c -> B (h w) c"), rearrange(x, "B h w c -> B (h w) c"), over: 1).score, "B (h w) -> B h w 1", h: h, w: w)'],
  range: ['x * rearrange(range(4), "c -> 1 1 1 c")'],
  leaky_relu: ['leaky_relu(x, slope: 0.1)'],
  clamp: ['clamp(x, min: -0.5, max: 0.5)'],
  log: ['log(exp(x) + 1)'],
  sqrt: ['sqrt(exp(x) + 1)'],
} // prettier-ignore

/** What takes no picture that it could pass on (coordinates, tables, numbers of everything), and what gives several, by slices as crop does. */
const others = ['corners', 'nearest', 'ensemble', 'l1', 'mse', 'charbonnier', 'ssim', 'lookup', 'split', 'unstack']

const all = [...ops.keys()]
  .filter((name) => !others.includes(name))
  .flatMap((name) => (uses[name] ?? [`${name}(x)`]).map((code) => ({ name, code })))

interface Made {
  readonly graph: Graph
  readonly output: TensorValue
}

/** x through each of `codes` in turn; undefined where one does not take what the one before gives. */
function made(codes: readonly string[]): Made | undefined {
  const builder = new Builder()
  // Multiples of 8, so that windows come out even.
  const [h, w] = [mul(constant(8), symbol('n')), mul(constant(8), symbol('m'))]
  let x = builder.input('x', f32([constant(1), h, w, constant(4)]))
  try {
    for (const [at, code] of codes.entries()) {
      const { expression, diagnostics } = parseExpression('code', code)
      if (!expression) throw new Error(`${code}: ${diagnostics[0]?.message}`)
      const file = { source: { file: 'code', text: code, declarations: [], remarks: [] }, modules: new Map(), models: new Map() }
      const sizes = new Map<string, Size>([['h', x.shape[1]!], ['w', x.shape[2]!]]) // prettier-ignore
      const value = evaluate(expression, {
        scope: { file, names: new Map([['x', x]]), sizes, missing: new Set() },
        place: { scope: '', name: `s${at}`, labels: new Map() },
        e: { builder, calls: [], memory: new Map(), report: () => undefined, mistakes: noMistakes() },
      })
      if (!isTensor(value)) throw new Error(`${code} gives no tensor`)
      if (value.shape.length !== 4) return undefined
      x = value
    }
  } catch (error) {
    if (error instanceof Reported || error instanceof Consequence) return undefined
    throw error
  }
  const graph = builder.graph()
  return { graph: subgraph(graph, graph.inputs, [{ name: 'y', value: x.id }]), output: x }
}

const [height, width] = [48, 40]

/** Which rows and columns of the output change when the input changes at one position, which is done for each of `places`. */
function changes({ graph }: Made, places: readonly (readonly [row: number, column: number])[], seed: number) {
  const random = createRandom(seed)
  const model = lowerToLayers(tf, graph, `reach${seed}`)
  for (const weight of graph.weights) {
    const values = Float32Array.from({ length: weight.shape.reduce((a, b) => a * b, 1) }, () =>
      weight.path.endsWith('variance') ? random.uniform(0.5, 1.5) : random.uniform(0.1, 1),
    )
    tf.tidy(() => void model.variables.get(weight.path)!.write(tf.tensor(values, [...weight.shape])))
  }
  const start = Float32Array.from({ length: height * width * 4 }, () => random.uniform(-1, 1))
  const run = (values: Float32Array): { shape: number[]; data: Float32Array } =>
    tf.tidy(() => {
      const y = model.run({ x: tf.tensor(values, [1, height, width, 4]) })['y']!
      return { shape: y.shape, data: y.dataSync<'float32'>() }
    })
  const before = run(start)
  const [, rows, columns, channels] = before.shape as [number, number, number, number]
  return places.map((place) => {
    const other = start.slice()
    for (let channel = 0; channel < 4; channel += 1) other[4 * (place[0] * width + place[1]) + channel]! += random.uniform(2, 3)
    const { data } = run(other)
    const changed: (readonly [number, number])[] = []
    for (let row = 0; row < rows; row += 1)
      for (let column = 0; column < columns; column += 1) {
        const at = channels * (row * columns + column)
        if (data.subarray(at, at + channels).some((value, channel) => value !== before.data[at + channel]))
          changed.push([row, column])
      }
    return { place, changed }
  })
}

/** What `reach` says of the output: how far it looks along each axis and how far one step goes; undefined for everywhere. */
function said({ graph, output }: Made) {
  const input = graph.inputs[0]!.value
  const { positions, first } = positionsOf(graph, new Map([[input, standing(graph.values[input]!.shape, { y: 1, x: 2 })]]))
  if (first) return undefined
  const found = positions.get(output.id)!
  const orders = [1, 2].map((axis) => orderOf(found.axes[axis]!))
  return [found.y, found.x].map((look, at) => ({ ...look, step: orders[at]!.step }))
}

/** Away from the picture's border, where windows are mirrored and rolls come round. */
const inside = (value: number, length: number): boolean => value >= 14 && value < length - 14

describe('how far ops look', () => {
  it('is asked of every registered op', () => {
    const known = new Set([...Object.keys(uses), ...others])
    for (const name of known) expect(ops.has(name), name).toBe(true)
    for (const { name, code } of all) expect(made([code]), `${name}: ${code}`).toBeDefined()
  })

  const random = createRandom(7)
  const chains = Array.from({ length: 160 }, () =>
    Array.from({ length: 1 + Math.floor(random.uniform(0, 3.99)) }, () => all[Math.floor(random.uniform(0, all.length))]!.code),
  )
  it('is never less than what changes: random graphs, one position changed', () => {
    const counts = { compared: 0, everywhere: 0, unfit: 0 }
    for (const [seed, codes] of chains.entries()) {
      const graph = made(codes)
      const fits = graph && graph.output.shape.every((size) => sizeAt(size, { n: height / 8, m: width / 8 }) >= 1)
      if (!graph || !fits) {
        counts.unfit += 1
        continue
      }
      const looks = said(graph)
      if (!looks) {
        counts.everywhere += 1
        continue
      }
      const place = [Math.floor(random.uniform(20, 28)), Math.floor(random.uniform(18, 22))] as const
      for (const { changed } of changes(graph, [place], seed)) {
        for (const position of changed)
          position.forEach((at, axis) => {
            const { before, behind, step } = looks[axis]!
            const centre = at * step
            const [from, to] = [Math.floor(centre - before), Math.ceil(centre + behind)]
            const isIn = inside(from, [height, width][axis]!) && inside(to, [height, width][axis]!)
            if (isIn) expect(place[axis]! >= from && place[axis]! <= to, `${codes.join(' | ')} at ${at}, axis ${axis}`).toBe(true)
          })
        counts.compared += 1
      }
    }
    expect(counts.compared).toBeGreaterThan(60)
    expect(counts.everywhere).toBeGreaterThan(10)
  })

  const exact = all.filter(
    ({ name }) =>
      ['conv', 'transposed', 'unfold', 'avg_pool', 'max_pool', 'roll', 'pad'].includes(name) || /"B \(u i\) \(v j\)/.test(name),
  )
  const windows = all.filter(({ code }) => code.includes('softmax(axis: 3)'))
  it.each([...exact, ...windows].map(({ code }) => [code]))('is what changes, and no more: %s', (code) => {
    const graph = made([code])!
    const looks = said(graph)!
    const places = Array.from({ length: 8 }, (_, at) => [20 + at, 16 + at] as const)
    const farthest = [0, 1].map(() => ({ before: -Infinity, behind: -Infinity }))
    for (const { place, changed } of changes(graph, places, 1))
      for (const position of changed)
        position.forEach((at, axis) => {
          const centre = at * looks[axis]!.step
          farthest[axis]!.before = Math.max(farthest[axis]!.before, centre - place[axis]!)
          farthest[axis]!.behind = Math.max(farthest[axis]!.behind, place[axis]! - centre)
        })
    expect(farthest).toEqual(looks.map(({ before, behind }) => ({ before, behind })))
  })

  it.each([
    ['x * mean(x, axis: [1, 2], keep: true)', 'reduce_mean'],
    ['softmax(conv(x, out: 4, kernel: 3), axis: 1)', 'softmax'],
    ['x -> rearrange("B h w c -> B (h w) c") -> softmax(axis: 1) -> rearrange("B (h w) c -> B h w c", h: h, w: w)', 'softmax'],
    ['x / h', 'divide'],
    ['expand(sum(x, axis: [1, 2], keep: true), to: [1, h, w, 4])', 'reduce_sum'],
    ['group_norm(x, groups: 2)', 'group_norm'],
    ['conv(x, out: 4, kernel: 3) -> instance_norm', 'instance_norm'],
    ['cumsum(x, axis: 1)', 'cumsum'],
    ['l2_normalise(x, axis: [1, 2])', 'reduce_sum'],
    ['einsum(x, x, "B h w c, B h w d -> B c d") -> rearrange("B c d -> B c d 1")', 'einsum'],
  ])('is everywhere for %s, and says which op it is', (code, op) => {
    const found = reach(made([code])!.graph)
    expect('whole' in found && found.whole.op).toBe(op)
  })

  it('holds for what was computed by hand', () => {
    const through = (...codes: string[]) => reach(made(codes)!.graph)
    expect(through('conv(x, out: 4, kernel: 3)', 'conv(x, out: 4, kernel: 5)')).toEqual({ positions: 3, grid: 1 })
    expect(through('conv(x, out: 4, kernel: 4, stride: 2, pad: 1)', 'conv(x, out: 4, kernel: 3)')).toEqual({
      positions: 4,
      grid: 2,
    })
    expect(through('pixel_shuffle(conv(x, out: 16, kernel: 1), by: 2)', 'conv(x, out: 4, kernel: 3)')).toEqual({
      positions: 1,
      grid: 1,
    })
    expect(through(uses['rearrange']![0]!)).toEqual({ positions: 3, grid: 4 })
    expect(through('transposed(x, out: 4, kernel: 9, stride: 2, pad: 4, output_pad: 1)')).toEqual({ positions: 2, grid: 1 })
    expect(through('unfold(x, kernel: 12, stride: 8, pad: 2) -> mean(axis: 3)')).toEqual({ positions: 9, grid: 8 })
    // The border of what is stretched over the picture is the picture's.
    const map = (to: string): string => `conv(expand(0.5 * range(4), to: ${to}), out: 4, kernel: 5)`
    expect(through(`x + ${map('[1, h, w, 4]')}`)).toEqual({ positions: 2, grid: 1 })
    expect(through(`interpolate(x, by: 2, kernel: nearest) + ${map('[1, 2 * h, 2 * w, 4]')}`)).toEqual({ positions: 1, grid: 1 })
    expect(through(`x * conv(expand(0.5 * range(4), to: [1, 3, 3, 4]), out: 4, kernel: 3, pad: 0)`)).toEqual({
      positions: 0,
      grid: 1,
    })
  })
})
