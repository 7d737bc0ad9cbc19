import { constant, mul } from '../shapes/size.ts'
import { elementFacts, f32, type Op, type Primitive, type PrimitiveCall } from './op.ts'
import type { Backend, Tensor } from './backend.ts'
import { byIndex, overAxes } from './positions.ts'
import { normAttribute, normalisedKernel } from './spectral.ts'
import { addBias, gatherRows, sliceAxis, sumOfRows, withGradient } from './formula-tools.ts'

const one = constant(1)

/** The rows of the matrix that a call uses, [from, count]: all, unless a pass split it. */
const rowsOf = (attributes: PrimitiveCall['attributes'], all: number): readonly [number, number] =>
  (attributes['rows'] as readonly [number, number] | undefined) ?? [0, all]

export const dense: Primitive = {
  ...elementFacts,
  name: 'linear',
  algebra: 'linear in the last axis',
  reach: overAxes(() => [-1]),
  results: ({ inputs, weights }) => [f32([...inputs[0]!.shape.slice(0, -1), constant(weights[0]!.shape[1]!)])],
  multiplyAdds: ({ inputs, weights, attributes }) =>
    mul(
      inputs[0]!.shape.slice(0, -1).reduce(mul, one),
      constant(rowsOf(attributes, weights[0]!.shape[0]!)[1] * weights[0]!.shape[1]!),
    ),
  compute(tf, [x], [kernel, bias], { attributes }) {
    const [from, width] = rowsOf(attributes, kernel!.shape[0]!)
    const out = kernel!.shape[1]!
    const rows = width === kernel!.shape[0] ? kernel! : sliceAxis(tf, kernel!, 0, from, width)
    const y = tf.matMul(x!.reshape([-1, width]), rows)
    return [(bias ? addBias(tf, y, bias) : y).reshape([...x!.shape.slice(0, -1), out])]
  },
}

/** The same by a matrix that is computed: its second tensor. */
export const denseBy: Primitive = {
  ...elementFacts,
  name: 'linear_by',
  reach: overAxes(() => [-1]),
  results: ({ inputs }) => [f32([...inputs[0]!.shape.slice(0, -1), inputs[1]!.shape[1]!])],
  multiplyAdds: ({ inputs }) => [...inputs[0]!.shape, inputs[1]!.shape[1]!].reduce(mul, one),
  compute: (tf, [x, kernel], bias, call) => dense.compute(tf, [x!], [kernel!, ...bias], call),
}

export const linear: Op = {
  name: 'linear',
  summary: 'A linear map of the last axis.',
  takes: ['x: [.., c]'],
  gives: '[.., out]',
  ownsWeights: true,
  attributes: {
    out: { type: 'int', least: 1, about: 'size of the last axis of the result' },
    bias: { type: 'bool', standard: true, about: 'whether a constant is added' },
    norm: normAttribute,
    init: { type: 'init', standard: { kind: 'default' }, about: 'how the matrix starts' },
    bias_init: { type: 'init', standard: { kind: 'default' }, about: 'how the bias starts' },
  },
  build(call) {
    const x = call.requireFloat(0)
    if (x.shape.length === 0) call.requireRank(0, 1, '[.., c]')
    const channels = call.static(x.shape.at(-1)!, 'the last axis of its input')
    const shape = [channels, call.int('out')]
    const kernel = call.weight('kernel', shape, call.initialiser('init'), { fanIn: channels })
    const bias = call.bool('bias')
      ? [call.weight('bias', [call.int('out')], call.initialiser('bias_init'), { fanIn: channels })]
      : []
    const normalised = normalisedKernel(call, kernel, shape)
    return normalised
      ? call.emit(denseBy, [x, normalised], { weights: bias })[0]!
      : call.emit(dense, [x], { weights: [kernel, ...bias] })[0]!
  },
  example: { inputs: { x: [2, 3, 5] }, code: 'linear(x, out: 4)' },
}

export const normalisation: Primitive = {
  ...elementFacts,
  reach: overAxes(() => [-1]),
  name: 'layer_norm',
  results: ({ inputs }) => [inputs[0]!],
  spreadOver: ({ inputs }) => inputs[0]!.shape.at(-1)!,
  compute(tf, [x], [scale, shift], { attributes }) {
    const epsilon = attributes['epsilon'] as number
    const width = scale!.shape[0]!
    const flat = x!.reshape([-1, width])
    const y = withGradient(
      tf,
      [flat, scale!, shift!],
      ([input, gain, offset]) => {
        const centred = tf.sub(input!, tf.mean(input!, 1, true))
        const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), 1, true), epsilon))
        const normal = tf.mul(centred, inverse)
        return { value: tf.add(tf.mul(normal, gain!), offset!), keep: [normal, inverse, gain!] }
      },
      (dy, [normal, inverse, gain]) => {
        const weighted = tf.mul(dy, gain!)
        const along = tf.mul(normal!, tf.mean(tf.mul(weighted, normal!), 1, true))
        const dx = tf.mul(inverse!, tf.sub(tf.sub(weighted, tf.mean(weighted, 1, true)), along))
        return [dx, sumOfRows(tf, tf.mul(dy, normal!)), sumOfRows(tf, dy)]
      },
    )
    return [y.reshape([...x!.shape])]
  },
}

export const layer_norm: Op = {
  name: 'layer_norm',
  summary: 'Normalises the last axis to mean 0 and variance 1, then scales and shifts it.',
  takes: ['x: [.., c]'],
  gives: '[.., c]',
  ownsWeights: true,
  attributes: { epsilon: { type: 'real', standard: 1e-5, least: 0, about: 'added to the variance' } },
  build(call) {
    const x = call.requireFloat(0)
    if (x.shape.length === 0) call.requireRank(0, 1, '[.., c]')
    const channels = call.static(x.shape.at(-1)!, 'the last axis of its input')
    const weights = [call.weight('scale', [channels], { kind: 'ones' }), call.weight('shift', [channels], { kind: 'zeros' })]
    return call.emit(normalisation, [x], { attributes: { epsilon: call.real('epsilon') }, weights })[0]!
  },
  example: { inputs: { x: [2, 3, 6] }, code: 'layer_norm(x)' },
}

/** Mean and variance, divided by their number, of each column of `rows` [n, c]: [c] both; and what is left of the mean. */
function momentsOf(tf: Backend, rows: Tensor): { mean: Tensor; variance: Tensor; centred: Tensor } {
  const count = rows.shape[0]!
  const mean = tf.div(sumOfRows(tf, rows), count)
  const centred = tf.sub(rows, mean)
  return { mean, variance: tf.div(sumOfRows(tf, tf.square(centred)), count), centred }
}

/** Each channel of a batch to mean 0 and variance 1 (Ioffe and Szegedy 2015, algorithm 1), then scaled and shifted. */
function normalisedByBatch(tf: Backend, x: Tensor, scale: Tensor, shift: Tensor, epsilon: number): Tensor {
  const y = withGradient(
    tf,
    [x.reshape([-1, scale.shape[0]!]), scale, shift],
    ([rows, gain, offset]) => {
      const { variance, centred } = momentsOf(tf, rows!)
      const inverse = tf.rsqrt(tf.add(variance, epsilon))
      const normal = tf.mul(centred, inverse)
      return { value: tf.add(tf.mul(normal, gain!), offset!), keep: [normal, inverse, gain!] }
    },
    (dy, [normal, inverse, gain]) => {
      const count = dy.shape[0]!
      const [along, total] = [sumOfRows(tf, tf.mul(dy, normal!)), sumOfRows(tf, dy)]
      const rest = tf.sub(tf.sub(dy, tf.div(total, count)), tf.mul(normal!, tf.div(along, count)))
      return [tf.mul(rest, tf.mul(inverse!, gain!)), along, total]
    },
  )
  return y.reshape([...x.shape])
}

/** By the batch in training, by what training learned of batches after it: PyTorch's BatchNorm. */
export const channelNormalisation: Primitive = {
  ...elementFacts,
  name: 'batch_norm',
  results: ({ inputs }) => [inputs[0]!],
  spreadOver: ({ inputs }) => inputs[0]!.shape.slice(0, -1).reduce(mul, constant(1)),
  compute(tf, [x], [scale, shift, mean, variance], { attributes, training }) {
    const epsilon = attributes['epsilon'] as number
    if (training) return [normalisedByBatch(tf, x!, scale!, shift!, epsilon)]
    const factor = tf.mul(scale!, tf.rsqrt(tf.add(variance!, epsilon)))
    return [tf.add(tf.mul(tf.sub(x!, mean!), factor), shift!)]
  },
  learn(tf, [x], [scale, , mean, variance], { attributes }) {
    const momentum = attributes['momentum'] as number
    const rows = x!.reshape([-1, scale!.shape[0]!])
    const count = rows.shape[0]!
    const seen = momentsOf(tf, rows)
    const moved = (before: Tensor, now: Tensor): Tensor => tf.add(tf.mul(before, 1 - momentum), tf.mul(now, momentum))
    // The variance of everything that might come: divided by one less. One value alone has none.
    const unbiased = tf.mul(seen.variance, count / Math.max(count - 1, 1))
    return [[2, moved(mean!, seen.mean)], [3, moved(variance!, unbiased)]] // prettier-ignore
  },
}

export const batch_norm: Op = {
  name: 'batch_norm',
  summary:
    'Normalises each channel, then scales and shifts it: by the batch in training, which learns mean and variance of batches, and by those after it. They are saved and loaded, but neither moved by the optimiser nor counted.',
  takes: ['x: [.., c]'],
  gives: '[.., c]',
  ownsWeights: true,
  attributes: {
    epsilon: { type: 'real', standard: 1e-5, least: 0, about: 'added to the variance' },
    momentum: { type: 'real', standard: 0.1, least: 0, about: 'share of a batch in what is learned of batches, at most 1' },
  },
  build(call) {
    const x = call.requireFloat(0)
    if (x.shape.length === 0) call.requireRank(0, 1, '[.., c]')
    const momentum = call.real('momentum')
    if (momentum > 1)
      call.fail(
        'attribute-value',
        { name: 'momentum', accepted: 'from 0 to 1', given: String(momentum) },
        call.spanOf('momentum'),
      )
    const channels = call.static(x.shape.at(-1)!, 'the last axis of its input')
    const weights = [
      call.weight('scale', [channels], { kind: 'ones' }),
      call.weight('shift', [channels], { kind: 'zeros' }),
      call.weight('mean', [channels], { kind: 'zeros' }, { trainable: false }),
      call.weight('variance', [channels], { kind: 'ones' }, { trainable: false }),
    ]
    return call.emit(channelNormalisation, [x], { attributes: { epsilon: call.real('epsilon'), momentum }, weights })[0]!
  },
  example: { inputs: { x: [2, 3, 6] }, code: 'batch_norm(x)' },
}

export const tableLookup: Primitive = {
  ...elementFacts,
  reach: byIndex,
  name: 'lookup',
  results: ({ inputs }) => [f32([...inputs[1]!.shape, inputs[0]!.shape[1]!])],
  compute: (tf, [table, index]) => [gatherRows(tf, table!, index!)],
}

export const lookup: Op = {
  name: 'lookup',
  summary: 'Rows of a table.',
  takes: ['table: [n, c]', 'index: i32[..]'],
  gives: '[.., c]',
  attributes: {},
  build(call) {
    const table = call.requireRank(0, 2, '[n, c]')
    call.requireFloat(0)
    const index = call.inputs[1]!
    if (index.dtype !== 'i32')
      call.fail(
        'dtype-mismatch',
        { callee: 'lookup', takes: 'an i32 index', name: 'its second tensor', given: 'f32' },
        call.inputSpans[1],
      )
    return call.emit(tableLookup, [table, index])[0]!
  },
  example: { inputs: { x: [4, 3] }, code: 'lookup(x, range(4) % 3)' },
}
