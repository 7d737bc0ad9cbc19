import type { Backend, Tensor } from './backend.ts'
import { elementwiseNamed } from './activation.ts'
import { arithmeticNamed } from './arithmetic.ts'
import { elementFacts, type Op, type OpCall, type Primitive, type TensorValue } from './op.ts'
import { overAxes } from './positions.ts'
import { reduced, reductionNamed } from './reduce.ts'
import { sumOfRows, withGradient } from './formula-tools.ts'

/** The mean of each group of each sample, of [B, P, groups, channels of one]: [B, 1, groups, 1]. Long sums keep their rounding small. */
function meanOfGroups(tf: Backend, x: Tensor): Tensor {
  const [batch, positions, groups, width] = x.shape as [number, number, number, number]
  const sums = width === 1 ? x.reshape([batch, positions, groups]) : tf.sum(x, 3)
  const total = sumOfRows(tf, sums.transpose([1, 0, 2]).reshape([positions, batch * groups]))
  return tf.div(total, positions * width).reshape([batch, 1, groups, 1])
}

/**
 * Mean 0 and variance 1 over all positions and the channels of a group, of each sample by itself. Group normalisation,
 * Wu and He 2018, equation 1; with a group for each channel instance normalisation, Ulyanov et al. 2016, equation 2.
 */
const grouped = (name: string): Primitive => ({
  ...elementFacts,
  name,
  reach: overAxes(({ inputs }) => inputs[0]!.shape.map((_, axis) => axis).slice(1)),
  results: ({ inputs }) => [inputs[0]!],
  compute(tf, [x], [scale, shift], { attributes }) {
    const epsilon = attributes['epsilon'] as number
    const groups = attributes['groups'] as number
    const { shape } = x!
    const [batch, channels] = [shape[0]!, shape.at(-1)!]
    const apart = [batch, shape.slice(1, -1).reduce((product, length) => product * length, 1), groups, channels / groups]
    const y = withGradient(
      tf,
      [x!.reshape(apart)],
      ([input]) => {
        const centred = tf.sub(input!, meanOfGroups(tf, input!))
        const inverse = tf.rsqrt(tf.add(meanOfGroups(tf, tf.square(centred)), epsilon))
        const normal = tf.mul(centred, inverse)
        return { value: normal, keep: [normal, inverse] }
      },
      (dy, [normal, inverse]) => {
        const along = tf.mul(normal!, meanOfGroups(tf, tf.mul(dy, normal!)))
        return [tf.mul(inverse!, tf.sub(tf.sub(dy, meanOfGroups(tf, dy)), along))]
      },
    ).reshape([...shape])
    return [scale ? scaled(tf, y, scale, shift!) : y]
  },
})

/** `x` [.., c] times `scale` [c] plus `shift` [c]. */
const scaled = (tf: Backend, x: Tensor, scale: Tensor, shift: Tensor): Tensor =>
  withGradient(
    tf,
    [x, scale, shift],
    ([input, gain, offset]) => ({ value: tf.add(tf.mul(input!, gain!), offset!), keep: [input!, gain!] }),
    (dy, [input, gain]) => {
      const rows = [-1, scale.shape[0]!]
      return [tf.mul(dy, gain!), sumOfRows(tf, tf.mul(dy, input!).reshape(rows)), sumOfRows(tf, dy.reshape(rows))]
    },
  )

export const groupNormalisation = grouped('group_norm')
export const instanceNormalisation = grouped('instance_norm')

const epsilon = { type: 'real', standard: 1e-5, least: 0, about: 'added to the variance' } as const

function channelsOf(call: OpCall, x: TensorValue, least: number): number {
  if (x.shape.length < least) call.requireRank(0, least, least === 1 ? '[.., c]' : '[B, .., c]')
  return call.static(x.shape.at(-1)!, 'the last axis of its input')
}

const affine = (call: OpCall, channels: number): string[] => [
  call.weight('scale', [channels], { kind: 'ones' }),
  call.weight('shift', [channels], { kind: 'zeros' }),
]

export const group_norm: Op = {
  name: 'group_norm',
  summary:
    'Normalises groups of channels, of each sample over all of its positions, to mean 0 and variance 1, then scales and shifts each channel.',
  takes: ['x: [B, .., c]'],
  gives: '[B, .., c]',
  ownsWeights: true,
  attributes: {
    groups: { type: 'int', least: 1, about: 'how many groups; channels that follow one another make one' },
    epsilon,
  },
  build(call) {
    const x = call.requireFloat(0)
    const channels = channelsOf(call, x, 2)
    const groups = call.int('groups')
    if (channels % groups !== 0)
      call.fail('not-divisible', { size: `c = ${channels}`, by: `groups = ${groups}`, where: '' }, call.spanOf('groups'))
    return call.emit(groupNormalisation, [x], {
      attributes: { groups, epsilon: call.real('epsilon') },
      weights: affine(call, channels),
    })[0]!
  },
  example: { inputs: { x: [2, 3, 2, 6] }, code: 'group_norm(x, groups: 2)' },
}

export const instance_norm: Op = {
  name: 'instance_norm',
  summary: 'Normalises each channel of each sample over all of its positions to mean 0 and variance 1.',
  takes: ['x: [B, .., c]'],
  gives: '[B, .., c]',
  ownsWeights: true,
  attributes: {
    epsilon,
    affine: { type: 'bool', standard: false, about: 'whether each channel is then scaled and shifted by learned numbers' },
  },
  build(call) {
    const x = call.requireFloat(0)
    const channels = channelsOf(call, x, 3)
    return call.emit(instanceNormalisation, [x], {
      attributes: { groups: channels, epsilon: call.real('epsilon') },
      weights: call.bool('affine') ? affine(call, channels) : [],
    })[0]!
  },
  example: { inputs: { x: [2, 3, 2, 4] }, code: 'instance_norm(x, affine: true)' },
}

/** Zhang and Sennrich 2019, equation 4, with PyTorch's place for epsilon: inside the root. */
export const rootMeanSquare: Primitive = {
  ...elementFacts,
  name: 'rms_norm',
  reach: overAxes(() => [-1]),
  results: ({ inputs }) => [inputs[0]!],
  compute(tf, [x], [scale], { attributes }) {
    const width = scale!.shape[0]!
    const y = withGradient(
      tf,
      [x!.reshape([-1, width]), scale!],
      ([input, gain]) => {
        const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(input!), 1, true), attributes['epsilon'] as number))
        const normal = tf.mul(input!, inverse)
        return { value: tf.mul(normal, gain!), keep: [normal, inverse, gain!] }
      },
      (dy, [normal, inverse, gain]) => {
        const weighted = tf.mul(dy, gain!)
        const along = tf.mul(normal!, tf.mean(tf.mul(weighted, normal!), 1, true))
        return [tf.mul(inverse!, tf.sub(weighted, along)), sumOfRows(tf, tf.mul(dy, normal!))]
      },
    )
    return [y.reshape([...x!.shape])]
  },
}

export const rms_norm: Op = {
  name: 'rms_norm',
  summary: 'Divides the last axis by the root of the mean of its squares, then scales it; nothing is shifted.',
  takes: ['x: [.., c]'],
  gives: '[.., c]',
  ownsWeights: true,
  attributes: {
    epsilon: { type: 'real', standard: 2 ** -23, least: 0, about: 'added to the mean of squares' },
  },
  build(call) {
    const x = call.requireFloat(0)
    const channels = channelsOf(call, x, 1)
    return call.emit(rootMeanSquare, [x], {
      attributes: { epsilon: call.real('epsilon') },
      weights: [call.weight('scale', [channels], { kind: 'ones' })],
    })[0]!
  },
  example: { inputs: { x: [2, 3, 6] }, code: 'rms_norm(x)' },
}

export const l2_normalise: Op = {
  name: 'l2_normalise',
  summary: 'x over the root of the sum of its squares along an axis, or over epsilon where that is larger.',
  takes: ['x: [..]'],
  gives: '[..]',
  attributes: {
    axis: { type: 'ints', least: -8, about: 'the axis, or a list of axes, along which it gets length 1' },
    // Its square is a number of float32 still.
    epsilon: { type: 'real', standard: 1e-12, least: 1e-18, about: 'the least that is divided by' },
  },
  build(call) {
    const x = call.requireFloat(0)
    const [squares] = call.emit(elementwiseNamed('square'), [x])
    const [sum] = call.emit(reductionNamed('sum'), [squares!], { attributes: { axes: reduced(call, x), keep: true } })
    // Where all is 0 the root would have no gradient: it is taken of what is not.
    const [enough] = call.emit(arithmeticNamed('maximum'), [sum!], { attributes: { right: call.real('epsilon') ** 2 } })
    const [length] = call.emit(elementwiseNamed('sqrt'), [enough!])
    return call.emit(arithmeticNamed('divide'), [x, length!])[0]!
  },
  example: { inputs: { x: [2, 3, 4] }, code: 'l2_normalise(x, axis: -1)' },
}
