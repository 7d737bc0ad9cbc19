import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { noMistakes } from '../../src/compiler/elaborate/attempt.ts'
import { Builder } from '../../src/compiler/elaborate/calls/builder.ts'
import { evaluate } from '../../src/compiler/elaborate/evaluate.ts'
import { subgraph } from '../../src/compiler/ir/graph.ts'
import { f32, isTensor } from '../../src/compiler/ops/op.ts'
import { constant } from '../../src/compiler/shapes/size.ts'
import { parseExpression } from '../../src/compiler/syntax/parse.ts'
import { lowerToLayers } from '../../src/compiler/targets/layers/lower.ts'
import { createRandom } from '../../src/runtime/files/random.ts'
import { quietEngine } from '../runtime/network/small.ts'

/** What ops give against their definitions, written out here in double precision, element by element. */

beforeAll(quietEngine)

interface Numbers {
  readonly shape: readonly number[]
  readonly data: readonly number[]
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)

/** Numbers that are drawn, as float32 has them. */
const drawn = (shape: readonly number[], seed = 1): Numbers => {
  const random = createRandom(seed)
  return { shape, data: [...Float32Array.from({ length: sizeOf(shape) }, () => random.uniform(-2, 2))] }
}

/** The element at an index; `outside` of the array something else. */
const at = ({ shape, data }: Numbers, index: readonly number[], outside = 0): number =>
  index.some((place, axis) => place < 0 || place >= shape[axis]!)
    ? outside
    : data[index.reduce((flat, place, axis) => flat * shape[axis]! + place, 0)]!

/** An array by what stands at each index. */
const array = (shape: readonly number[], of: (...index: number[]) => number): Numbers => ({
  shape,
  data: Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index: number[] = []
    let rest = flat
    for (const length of shape.toReversed()) {
      index.unshift(rest % length)
      rest = Math.floor(rest / length)
    }
    return of(...index)
  }),
})

/** A piece of the language as a function of `x`; `weights` by the last part of their path. */
function compiled(code: string, x: Numbers, weights: Readonly<Record<string, Numbers>>): (x: tf.Tensor) => tf.Tensor {
  const { expression, diagnostics } = parseExpression('code', code)
  if (!expression) throw new Error(`${code}: ${diagnostics[0]?.message}`)
  const builder = new Builder()
  const input = builder.input('x', f32(x.shape.map(constant)))
  const file = { source: { file: 'code', text: code, declarations: [], remarks: [] }, modules: new Map(), models: new Map() }
  const value = evaluate(expression, {
    scope: { file, names: new Map([['x', input]]), sizes: new Map(), missing: new Set() },
    place: { scope: '', name: 'it', labels: new Map() },
    e: { builder, calls: [], memory: new Map(), report: () => undefined, mistakes: noMistakes() },
  })
  if (!isTensor(value)) throw new Error(`${code} gives no tensor`)
  const graph = builder.graph()
  const used = subgraph(graph, graph.inputs, [{ name: 'y', value: value.id }])
  const model = lowerToLayers(tf, used, 'values')
  const lastOf = (path: string): string => path.split('.').at(-1)!
  expect(used.weights.map(({ path }) => lastOf(path)).sort()).toEqual(Object.keys(weights).sort())
  for (const { path } of used.weights) tf.tidy(() => void model.variables.get(path)!.write(tensorOf(weights[lastOf(path)]!)))
  return (given) => model.run({ x: given })['y']!
}

const tensorOf = ({ shape, data }: Numbers): tf.Tensor => tf.tensor([...data], [...shape])

function numbersOf(compute: () => tf.Tensor): Numbers {
  const tensor = tf.tidy(compute)
  const numbers = { shape: tensor.shape, data: [...tensor.dataSync()] }
  tensor.dispose()
  return numbers
}

const made = (code: string, x: Numbers, weights: Readonly<Record<string, Numbers>> = {}): Numbers =>
  numbersOf(() => compiled(code, x, weights)(tensorOf(x)))

/** The gradient of the sum of what is made. */
const gradientOf = (code: string, x: Numbers): Numbers =>
  numbersOf(() => tf.grad((given) => tf.sum(compiled(code, x, {})(given)))(tensorOf(x)))

/** Equal but for the rounding of float32. */
function expectNear(found: Numbers, right: Numbers): void {
  expect(found.shape).toEqual(right.shape)
  found.data.forEach((value, place) => {
    const wanted = right.data[place]!
    if (Object.is(value, wanted)) return
    expect(Math.abs(value - wanted) / Math.max(0.1, Math.abs(wanted)), `${place}: ${value}, not ${wanted}`).toBeLessThan(1e-5)
  })
}

describe('functions of one element', () => {
  const places = { shape: [9], data: [-90, -20, -3, -0.5, 0, 0.5, 3, 20, 90] }
  const by = (of: (x: number) => number): Numbers => ({ shape: [9], data: places.data.map(of) })

  test.each<[string, Numbers]>([
    ['softplus(x)', by((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))))],
    ['silu(x)', by((x) => x / (1 + Math.exp(-x)))],
    ['square(x)', by((x) => x * x)],
    ['sign(x)', by(Math.sign)],
    ['pow(x, 3)', by((x) => x ** 3)],
    ['pow(abs(x) + 1, exponent: -1.5)', by((x) => (Math.abs(x) + 1) ** -1.5)],
    ['pow(x, 0)', by(() => 1)],
    ['maximum(x, -0.25)', by((x) => Math.max(x, -0.25))],
    ['minimum(x, square(x))', by((x) => Math.min(x, x * x))],
    ['max(x, -0.25)', by((x) => Math.max(x, -0.25))],
  ])('%s', (code, right) => expectNear(made(code, places), right))

  test('far below 0 softplus is not 0, and far above it does not overflow', () => {
    const { data } = made('softplus(x)', { shape: [2], data: [-40, 1e30] })
    expect(data[0]! / Math.exp(-40)).toBeCloseTo(1, 5)
    expect(data[1]).toBe(Math.fround(1e30))
  })
})

test('min over axes', () => {
  const x = drawn([2, 3, 4])
  const right = array([2, 4], (a, c) => Math.min(...[0, 1, 2].map((b) => at(x, [a, b, c]))))
  expect(made('min(x, axis: 1)', x)).toEqual(right)
})

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const range = (count: number): number[] => Array.from({ length: count }, (_, place) => place)

/** (value - mean) / sqrt(variance + epsilon) */
const normalised = (value: number, among: readonly number[], epsilon: number): number => {
  const middle = mean(among)
  return (value - middle) / Math.sqrt(mean(among.map((each) => (each - middle) ** 2)) + epsilon)
}

describe('norms', () => {
  const x = drawn([2, 3, 4, 6])
  const [scale, shift] = [drawn([6], 2), drawn([6], 3)]
  /** All positions of a sample, and the channels of a group of `width`. */
  const group = (sample: number, channel: number, width: number): number[] =>
    range(3).flatMap((row) =>
      range(4).flatMap((column) =>
        range(width).map((each) => at(x, [sample, row, column, Math.floor(channel / width) * width + each])),
      ),
    )

  test('group_norm', () => {
    const right = array(
      x.shape,
      (b, y, column, c) => normalised(at(x, [b, y, column, c]), group(b, c, 3), 1e-5) * at(scale, [c]) + at(shift, [c]),
    )
    expectNear(made('group_norm(x, groups: 2)', x, { scale, shift }), right)
  })

  test('instance_norm, with and without learned numbers', () => {
    const normal = array(x.shape, (b, y, column, c) => normalised(at(x, [b, y, column, c]), group(b, c, 1), 0.1))
    expectNear(made('instance_norm(x, epsilon: 0.1)', x), normal)
    const right = array(x.shape, (...index) => at(normal, index) * at(scale, [index[3]!]) + at(shift, [index[3]!]))
    expectNear(made('instance_norm(x, epsilon: 0.1, affine: true)', x, { scale, shift }), right)
  })

  test('rms_norm', () => {
    const row = (index: readonly number[]): number[] => range(6).map((c) => at(x, [...index.slice(0, 3), c]))
    const right = array(
      x.shape,
      (...index) => (at(x, index) / Math.sqrt(mean(row(index).map((each) => each ** 2)) + 1e-3)) * at(scale, [index[3]!]),
    )
    expectNear(made('rms_norm(x, epsilon: 1e-3)', x, { scale }), right)
  })

  test('l2_normalise, also of nothing, where the gradient is that of x / epsilon', () => {
    const few = { shape: [2, 3], data: [3, 0, -4, 0, 0, 0] }
    expectNear(made('l2_normalise(x, axis: -1)', few), { shape: [2, 3], data: [0.6, 0, -0.8, 0, 0, 0] })
    expectNear(gradientOf('l2_normalise(x, axis: 1, epsilon: 1e-3)', few), {
      shape: [2, 3],
      data: [0.224, 0.2, 0.168, 1e3, 1e3, 1e3],
    })
    expectNear(made('l2_normalise(x, axis: 1, epsilon: 10)', few), { shape: [2, 3], data: [0.3, 0, -0.4, 0, 0, 0] })
  })

  test('the mean of a large picture is exact enough to be taken from it', () => {
    const random = createRandom(4)
    const data = Float32Array.from({ length: 600 * 500 }, () => 100 + random.uniform(-1, 1))
    const right = mean([...data])
    const spread = Math.sqrt(mean([...data].map((each) => (each - right) ** 2)))
    const found = made('instance_norm(x, epsilon: 0)', { shape: [1, 600, 500, 1], data: [...data] })
    expect(Math.max(...range(1000).map((place) => Math.abs(found.data[place]! - (data[place]! - right) / spread)))).toBeLessThan(
      2e-5,
    )
  })
})

test('cumsum', () => {
  const x = drawn([2, 5, 3])
  const right = array(x.shape, (a, b, c) => range(b + 1).reduce((sum, place) => sum + at(x, [a, place, c]), 0))
  expectNear(made('cumsum(x, axis: 1)', x), right)
})

describe('windows', () => {
  const x = drawn([2, 9, 11, 3])
  /** Place `place` of the window that begins at [row, column]. */
  const inWindow = (b: number, row: number, column: number, kernel: number, place: number, c: number): number =>
    at(x, [b, row + Math.floor(place / kernel), column + (place % kernel), c])

  test.each([
    ['unfold(x, kernel: 6, stride: 4, pad: 1)', [2, 2, 2, 36, 3], 6, 4, [1, 1]],
    ['unfold(x, kernel: 5, stride: 2, pad: [0, 3])', [2, 3, 7, 25, 3], 5, 2, [0, 3]],
    ['unfold(x, kernel: 2, stride: 3, pad: 0)', [2, 3, 4, 4, 3], 2, 3, [0, 0]],
    ['unfold(x, kernel: 4, pad: 2)', [2, 10, 12, 16, 3], 4, 1, [2, 2]],
    ['unfold(x, kernel: 3)', [2, 9, 11, 9, 3], 3, 1, [1, 1]],
  ] as const)('%s', (code, shape, kernel, stride, [top, left]) => {
    const right = array(shape, (b, u, v, place, c) => inWindow(b!, stride * u! - top, stride * v! - left, kernel, place!, c!))
    expect(made(code, x)).toEqual(right)
  })
})

describe('transposed', () => {
  const x = drawn([2, 4, 3, 5])
  const bias = drawn([2], 3)

  test.each([
    [9, 2, 4, 1, [8, 6]],
    [4, 2, 1, 0, [8, 6]],
    [6, 2, 2, 0, [8, 6]],
    [3, 1, 0, 0, [6, 5]],
    [2, 3, 0, 2, [13, 10]],
    [1, 2, 0, 0, [7, 5]],
  ] as const)('kernel %i, stride %i, pad %i, output_pad %i', (length, stride, pad, beyond, [height, width]) => {
    const kernel = drawn([length, length, 2, 5], 2)
    const right = array([2, height, width, 2], (b, row, column, out) => {
      let sum = at(bias, [out])
      for (let u = 0; u < 4; u += 1)
        for (let v = 0; v < 3; v += 1)
          for (let c = 0; c < 5; c += 1)
            sum += at(x, [b, u, v, c]) * at(kernel, [row + pad - stride * u, column + pad - stride * v, out, c])
      return sum
    })
    const code = `transposed(x, out: 2, kernel: ${length}, stride: ${stride}, pad: ${pad}, output_pad: ${beyond})`
    expectNear(made(code, x, { kernel, bias }), right)
  })
})

test('expand', () => {
  const x = drawn([2, 1, 3])
  expect(made('expand(x, to: [4, 2, 5, 3])', x)).toEqual(array([4, 2, 5, 3], (_, a, _b, c) => at(x, [a, 0, c])))
})
