import type { Tensor } from './backend.ts'
import { add, constant, mul, type Size } from '../shapes/size.ts'
import { elementwiseNamed } from './activation.ts'
import { arithmeticNamed } from './arithmetic.ts'
import { contraction, joining, slice } from './layout.ts'
import { alike, meanAbsolute } from './loss.ts'
import { elementFacts, f32, type Op, type OpCall, type Primitive, type TensorValue } from './op.ts'
import { byWindows } from './positions.ts'
import { reductionNamed } from './reduce.ts'

/** Ops that compare pictures and features, made of smaller ones. */

type Operand = TensorValue | number

/** `a operator b`, of which one is a tensor. */
function combined(call: OpCall, name: string, a: Operand, b: Operand): TensorValue {
  const tensors = [a, b].filter((side) => typeof side !== 'number')
  const attributes = { ...(typeof a === 'number' && { left: a }), ...(typeof b === 'number' && { right: b }) }
  return call.emit(arithmeticNamed(name), tensors, { attributes })[0]!
}

const elementwise = (call: OpCall, name: string, x: TensorValue): TensorValue => call.emit(elementwiseNamed(name), [x])[0]!

const less = (size: Size, by: number): Size => add(size, constant(-by))

export const charbonnier: Op = {
  name: 'charbonnier',
  summary:
    'Mean of sqrt((a - b)^2 + epsilon^2): the absolute difference, smooth at 0 (Charbonnier et al. 1994; Lai et al. 2017).',
  takes: ['a: [..]', 'b: [..] or a number'],
  gives: 'a number',
  scalar: { at: 1, name: 'right' },
  attributes: {
    right: { type: 'real', optional: true, about: 'a number instead of b' },
    epsilon: { type: 'real', standard: 1e-3, least: 0, about: 'where the difference counts as small' },
  },
  build(call) {
    const [a, b] = alike(call)
    const epsilon = call.real('epsilon')
    if (epsilon === 0)
      call.fail(
        'attribute-value',
        { name: 'epsilon', accepted: 'above 0; l1 is what 0 would be', given: '0' },
        call.spanOf('epsilon'),
      )
    const squared = elementwise(call, 'square', combined(call, 'subtract', a, b ?? call.real('right')))
    const root = elementwise(call, 'sqrt', combined(call, 'add', squared, epsilon ** 2))
    // What is positive is its own absolute value, and l1 adds many numbers with little rounding.
    return call.emit(meanAbsolute, [root], { attributes: { right: 0 } })[0]!
  },
  example: { inputs: { x: [2, 3] }, code: 'charbonnier(x, 2 * x, epsilon: 0.5)' },
}

/** Wang et al. 2004: windows of 11 x 11 pixels, Gaussian with a deviation of 1.5. */
const windowSize = 11
const deviation = 1.5

/** Weights of a window along one axis, which add up to 1. */
const gaussian = (): Float32Array => {
  const weights = Array.from({ length: windowSize }, (_, at) =>
    Math.exp(-((at - (windowSize - 1) / 2) ** 2) / (2 * deviation ** 2)),
  )
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return Float32Array.from(weights, (weight) => weight / total)
}

/** The weighted mean of every whole window, channel by channel: [B, h - 10, w - 10, c]. */
export const windowMeans: Primitive = {
  ...elementFacts,
  name: 'window_means',
  reach: byWindows(() => new Map([1, 2].map((axis) => [axis, { before: 0, behind: windowSize - 1, stride: 1 }] as const))),
  results({ inputs }) {
    const [batch, height, width, channels] = inputs[0]!.shape as [Size, Size, Size, Size]
    return [f32([batch, less(height, windowSize - 1), less(width, windowSize - 1), channels])]
  },
  multiplyAdds(call) {
    return this.results(call)[0]!.shape.reduce(mul, constant(2 * windowSize))
  },
  compute(tf, [x]) {
    const [batch, height, width, channels] = x!.shape as [number, number, number, number]
    const [rows, columns] = [height - windowSize + 1, width - windowSize + 1]
    const apart = x!.transpose([0, 3, 1, 2]).reshape([batch * channels, height, width, 1])
    const weights = (shape: number[]): Tensor => tf.tensor(gaussian(), shape)
    const down = tf.conv2d(apart, weights([windowSize, 1, 1, 1]), 1, 'valid', 'NHWC')
    const both = tf.conv2d(down, weights([1, windowSize, 1, 1]), 1, 'valid', 'NHWC')
    return [both.reshape([batch, channels, rows, columns]).transpose([0, 2, 3, 1])]
  },
}

export const ssim: Op = {
  name: 'ssim',
  summary:
    'Structural similarity of two pictures, 1 where they are equal (Wang et al. 2004): Gaussian windows of 11 x 11, deviation 1.5, K1 = 0.01, K2 = 0.03; the mean over whole windows, channels and items.',
  takes: ['a: [B, h, w, c]', 'b: [B, h, w, c]'],
  gives: 'a number',
  attributes: {
    range: { type: 'real', standard: 2, least: 0, about: 'how far values are apart at most: 2 for pictures in -1 .. 1' },
  },
  build(call) {
    call.requireRank(0, 4, '[B, h, w, c]')
    const [a, b] = alike(call) as [TensorValue, TensorValue]
    const range = call.real('range')
    if (range === 0) call.fail('attribute-value', { name: 'range', accepted: 'above 0', given: '0' }, call.spanOf('range'))
    for (const size of a.shape.slice(1, 3)) call.requireAtLeast(size, windowSize, `ssim's window of ${windowSize}`)
    const channels = a.shape[3]!
    const product = (x: TensorValue, y: TensorValue): TensorValue => combined(call, 'multiply', x, y)
    const parts = [a, b, elementwise(call, 'square', a), elementwise(call, 'square', b), product(a, b)]
    const joined = call.emit(joining, parts, { attributes: { axis: 3 } })[0]!
    const means = call.emit(windowMeans, [joined])[0]!
    const [meanA, meanB, squareA, squareB, both] = parts.map((_, at) =>
      slice(call, means, 3, mul(constant(at), channels), channels),
    ) as [TensorValue, TensorValue, TensorValue, TensorValue, TensorValue]
    const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2]
    const plus = (x: Operand, y: Operand): TensorValue => combined(call, 'add', x, y)
    const minus = (x: Operand, y: Operand): TensorValue => combined(call, 'subtract', x, y)
    const twice = (x: TensorValue): TensorValue => combined(call, 'multiply', x, 2)
    const [ownA, ownB, cross] = [product(meanA, meanA), product(meanB, meanB), product(meanA, meanB)]
    const variances = plus(minus(squareA, ownA), minus(squareB, ownB))
    const above = product(plus(twice(cross), c1), plus(twice(minus(both, cross)), c2))
    const below = product(plus(plus(ownA, ownB), c1), plus(variances, c2))
    const similarity = combined(call, 'divide', above, below)
    return call.emit(reductionNamed('mean'), [similarity], { attributes: { axes: [0, 1, 2, 3], keep: false } })[0]!
  },
  example: { inputs: { x: [1, 12, 13, 2] }, code: 'ssim(x, sin(x))' },
}

export const gradient: Op = {
  name: 'gradient',
  summary:
    'Differences to the pixel below and to the pixel on the right, as channels, where both are there: l1(gradient(a), gradient(b)) compares edges.',
  takes: ['x: [B, h, w, c]'],
  gives: '[B, h - 1, w - 1, 2 c]',
  attributes: {},
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    call.requireFloat(0)
    const [height, width] = x.shape.slice(1, 3) as [Size, Size]
    call.requireAtLeast(height, 2, 'a difference of rows')
    call.requireAtLeast(width, 2, 'a difference of columns')
    const part = (top: number, left: number): TensorValue =>
      slice(call, slice(call, x, 1, constant(top), less(height, 1)), 2, constant(left), less(width, 1))
    const here = part(0, 0)
    const steps = [part(1, 0), part(0, 1)].map((next) => combined(call, 'subtract', next, here))
    return call.emit(joining, steps, { attributes: { axis: 3 } })[0]!
  },
  example: { inputs: { x: [2, 3, 4, 2] }, code: 'gradient(x)' },
}

export const gram: Op = {
  name: 'gram',
  summary:
    'Products of every two channels, summed over the picture and divided by c h w: the texture of features without its place (Gatys et al. 2016).',
  takes: ['x: [B, h, w, c]'],
  gives: '[B, c, c]',
  attributes: {},
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    call.requireFloat(0)
    const [batch, height, width, channels] = x.shape as [Size, Size, Size, Size]
    const order = [0, 3, 1, 2]
    const products = call.emit(contraction, [x, x], {
      attributes: { leftOrder: order, leftSummed: 0, rightOrder: order, rightSummed: 0, outputOrder: [0, 1, 2] },
      sizes: { batch: [batch], left: [channels], right: [channels], inner: [height, width], output: [batch, channels, channels] },
    })[0]!
    const count = mul(channels, mul(height, width))
    return call.emit(arithmeticNamed('divide'), [products], { sizes: { rightSize: [count] } })[0]!
  },
  example: { inputs: { x: [2, 3, 4, 3] }, code: 'gram(x)' },
}
