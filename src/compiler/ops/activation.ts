import type { Backend, Tensor } from './backend.ts'
import { asInteger, constant } from '../shapes/size.ts'
import { arithmeticNamed } from './arithmetic.ts'
import { elementFacts, readAxis, type AttributeSpec, type Op, type Primitive } from './op.ts'
import { overAxes } from './positions.ts'
import { sumOfRows, untaped, withGradient } from './formula-tools.ts'

type Formula = (tf: Backend, x: Tensor, attributes: Readonly<Record<string, unknown>>) => Tensor

interface Elementwise {
  readonly summary: string
  readonly formula: Formula
  readonly attributes?: Readonly<Record<string, AttributeSpec>>
  readonly example?: string
  readonly scalar?: Op['scalar']
  /** Keeps i32 as i32. */
  readonly integer?: true
  /** No gradient flows through it. */
  readonly constant?: true
  readonly isView?: true
}

const gelu: Formula = (tf, x) =>
  withGradient(
    tf,
    [x],
    ([input]) => {
      const below = tf.mul(tf.add(tf.erf(tf.mul(input!, Math.SQRT1_2)), 1), 0.5)
      return { value: tf.mul(input!, below), keep: [input!, below] }
    },
    (dy, [input, below]) => {
      const density = tf.mul(tf.exp(tf.mul(tf.square(input!), -0.5)), 1 / Math.sqrt(2 * Math.PI))
      return [tf.mul(dy, tf.add(below!, tf.mul(input!, density)))]
    },
  )

const abs: Formula = (tf, x) =>
  x.dtype === 'int32'
    ? tf.abs(x)
    : withGradient(
        tf,
        [x],
        ([input]) => ({ value: tf.abs(input!), keep: [input!] }),
        (dy, [input]) => [tf.mul(dy, tf.sign(input!))],
      )

/** The base's gradient alone; where the exponent is 0, that is 0 and not 0 times infinity. */
const pow: Formula = (tf, x, { exponent }) => {
  const power = exponent as number
  return withGradient(
    tf,
    [x],
    ([input]) => ({ value: tf.pow(input!, power), keep: [input!] }),
    (dy, [input]) => [power === 0 ? tf.mul(dy, 0) : tf.mul(dy, tf.mul(tf.pow(input!, power - 1), power))],
  )
}

/** Functions of one element; each is a primitive of its own name. */
const elementwise: Readonly<Record<string, Elementwise>> = {
  relu: { summary: 'max(x, 0)', formula: (tf, x) => tf.relu(x) },
  gelu: { summary: 'x times the normal distribution function of x (exact, by erf).', formula: gelu },
  leaky_relu: {
    summary: 'x where it is positive, slope * x elsewhere.',
    attributes: { slope: { type: 'real', about: 'the factor below zero' } },
    formula: (tf, x, { slope }) => tf.leakyRelu(x, slope as number),
    example: 'leaky_relu(x, slope: 0.1)',
  },
  softplus: { summary: 'log(1 + exp(x)), without overflow.', formula: (tf, x) => tf.softplus(x) },
  sigmoid: { summary: '1 / (1 + exp(-x))', formula: (tf, x) => tf.sigmoid(x) },
  tanh: { summary: 'Hyperbolic tangent.', formula: (tf, x) => tf.tanh(x) },
  sin: { summary: 'Sine, x in radians.', formula: (tf, x) => tf.sin(x) },
  cos: { summary: 'Cosine, x in radians.', formula: (tf, x) => tf.cos(x) },
  exp: { summary: 'e to the power of x.', formula: (tf, x) => tf.exp(x) },
  log: { summary: 'Natural logarithm.', formula: (tf, x) => tf.log(x), example: 'log(exp(x) + 1)' },
  sqrt: { summary: 'Square root.', formula: (tf, x) => tf.sqrt(x), example: 'sqrt(exp(x) + 1)' },
  square: { summary: 'x times x.', formula: (tf, x) => tf.square(x) },
  pow: {
    summary: 'x to the power of a number; of x below 0 only where that is whole.',
    attributes: { exponent: { type: 'real', about: 'the power' } },
    scalar: { at: 1, name: 'exponent' },
    formula: pow,
    example: 'pow(x, exponent: 3)',
  },
  abs: { summary: 'Absolute value; its gradient at 0 is 0.', formula: abs, integer: true },
  floor: {
    summary: 'Largest integer not above x; no gradient.',
    formula: (tf, x) => untaped(tf, () => tf.floor(x)),
    constant: true,
  },
  sign: {
    summary: '1 where x is positive, -1 where it is negative, 0 at 0; no gradient.',
    formula: (tf, x) => untaped(tf, () => tf.sign(x)),
    constant: true,
  },
  negate: { summary: 'The opposite.', formula: (tf, x) => tf.neg(x), integer: true },
  detach: {
    summary: 'x, through which no gradient flows.',
    formula: (tf, x) => untaped(tf, () => tf.clone(x)),
    integer: true,
    constant: true,
    isView: true,
  },
  clamp: {
    summary: 'x, not below min and not above max.',
    attributes: { min: { type: 'real', about: 'lower bound' }, max: { type: 'real', about: 'upper bound' } },
    formula: (tf, x, { min, max }) =>
      x.dtype === 'int32'
        ? tf.minimum(tf.maximum(x, tf.scalar(min as number, 'int32')), tf.scalar(max as number, 'int32'))
        : tf.clipByValue(x, min as number, max as number),
    integer: true,
    example: 'clamp(x, min: -0.5, max: 0.5)',
  },
}

export const elementwisePrimitives: readonly Primitive[] = Object.entries(elementwise).map(
  ([name, { formula, constant, isView }]) => ({
    ...elementFacts,
    name,
    ...(constant && { constant }),
    ...(isView && { isView }),
    results: ({ inputs }) => [inputs[0]!],
    compute: (tf, [x], _weights, { attributes }) => [formula(tf, x!, attributes)],
  }),
)

export const elementwiseNamed = (name: string): Primitive => elementwisePrimitives.find((primitive) => primitive.name === name)!
export const negation = elementwiseNamed('negate')

export const elementwiseOps: readonly Op[] = Object.entries(elementwise)
  .filter(([name]) => name !== 'negate')
  .map(([name, { summary, attributes = {}, integer, example, scalar }]) => ({
    name,
    summary,
    takes: ['x: [..]'],
    gives: '[..]',
    ...(scalar && { scalar }),
    attributes,
    build(call) {
      const x = integer ? call.inputs[0]! : call.requireFloat(0)
      const values = Object.fromEntries(Object.keys(attributes).map((key) => [key, call.real(key)]))
      if (x.dtype === 'i32')
        for (const [key, value] of Object.entries(values))
          if (!Number.isInteger(value))
            call.fail('attribute-type', { name: key, takes: 'an int where x is i32', given: String(value) }, call.spanOf(key))
      return call.emit(elementwiseNamed(name), [x], { attributes: values })[0]!
    },
    example: { inputs: { x: [2, 3, 4] }, code: example ?? `${name}(x)` },
  }))

export const silu: Op = {
  name: 'silu',
  summary: 'x times sigmoid(x).',
  takes: ['x: [..]'],
  gives: '[..]',
  attributes: {},
  build(call) {
    const x = call.requireFloat(0)
    const [share] = call.emit(elementwiseNamed('sigmoid'), [x])
    return call.emit(arithmeticNamed('multiply'), [x, share!])[0]!
  },
  example: { inputs: { x: [2, 3, 4] }, code: 'silu(x)' },
}

export const sharedSlope: Primitive = {
  ...elementFacts,
  name: 'prelu',
  results: ({ inputs }) => [inputs[0]!],
  compute: (tf, [x], [slope]) => [
    withGradient(
      tf,
      [x!, slope!],
      ([input, factor]) => ({ value: tf.where(tf.greater(input!, 0), input!, tf.mul(input!, factor!)), keep: [input!, factor!] }),
      (dy, [input, factor]) => [
        tf.where(tf.greater(input!, 0), dy, tf.mul(dy, factor!)),
        sumOfRows(tf, tf.mul(dy, tf.minimum(input!, 0)).reshape([-1, 1])),
      ],
    ),
  ],
}

export const prelu: Op = {
  name: 'prelu',
  summary:
    'x where it is positive, a learned slope times x elsewhere; one slope for all channels, starting at 0.25; its gradient at 0 is the slope.',
  takes: ['x: [..]'],
  gives: '[..]',
  ownsWeights: true,
  attributes: {},
  build: (call) =>
    call.emit(sharedSlope, [call.requireFloat(0)], {
      weights: [call.weight('slope', [1], { kind: 'constant', value: 0.25 })],
    })[0]!,
  example: { inputs: { x: [2, 3, 4] }, code: 'prelu(x)' },
}

export const normalExponential: Primitive = {
  ...elementFacts,
  name: 'softmax',
  reach: overAxes(({ attributes }) => [attributes['axis'] as number]),
  results: ({ inputs }) => [inputs[0]!],
  compute(tf, [x], _weights, { attributes }) {
    const axis = attributes['axis'] as number
    const rank = x!.shape.length
    if (axis === rank - 1) return [tf.softmax(x!)]
    const order = [...x!.shape.keys()].filter((at) => at !== axis).concat(axis)
    const back = order.map((_, at) => order.indexOf(at))
    return [tf.softmax(x!.transpose(order)).transpose(back)]
  },
}

export const softmax: Op = {
  name: 'softmax',
  summary: 'Exponentials along an axis, divided by their sum.',
  takes: ['x: [..]'],
  gives: '[..]',
  attributes: { axis: { type: 'int', least: -8, about: 'the axis that sums to 1; -1 is the last' } },
  build(call) {
    const x = call.requireFloat(0)
    return call.emit(normalExponential, [x], { attributes: { axis: readAxis(call) } })[0]!
  },
  example: { inputs: { x: [2, 3, 4] }, code: 'softmax(x, axis: -1)' },
}

/** What is kept where each of `count` is dropped with probability `rate`: 1 / (1 - rate), and 0 elsewhere. */
function keptShare(tf: Backend, rate: number, count: number, draw: (count: number) => Tensor): Tensor {
  return tf.where(tf.greater(1 - rate, draw(count)), tf.scalar(1 / (1 - rate)), tf.scalar(0))
}

export const stochasticDepth: Primitive = {
  ...elementFacts,
  name: 'drop_path',
  random: true,
  results: ({ inputs }) => [inputs[0]!],
  compute(tf, [x], _weights, { attributes, training, draw }) {
    const rate = attributes['rate'] as number
    if (!training || rate === 0) return [tf.clone(x!)]
    const batch = x!.shape[0]!
    return [tf.mul(x!, keptShare(tf, rate, batch, draw).reshape([batch, ...x!.shape.slice(1).map(() => 1)]))]
  },
}

export const thinning: Primitive = {
  ...elementFacts,
  name: 'dropout',
  random: true,
  results: ({ inputs }) => [inputs[0]!],
  compute(tf, [x], _weights, { attributes, training, draw }) {
    const rate = attributes['rate'] as number
    if (!training || rate === 0) return [tf.clone(x!)]
    return [tf.mul(x!, keptShare(tf, rate, x!.size, draw).reshape([...x!.shape]))]
  },
}

const dropping = (primitive: Primitive, summary: string, takes: string): Op => ({
  name: primitive.name,
  summary,
  takes: [`x: ${takes}`],
  gives: takes,
  attributes: { rate: { type: 'real', least: 0, about: 'probability, below 1' } },
  build(call) {
    const x = call.requireFloat(0)
    const rate = call.real('rate')
    if (rate >= 1)
      call.fail('attribute-value', { name: 'rate', accepted: 'from 0 to below 1', given: String(rate) }, call.spanOf('rate'))
    if (rate === 0 || asInteger(x.shape[0] ?? constant(1)) === 0) return x
    return call.emit(primitive, [x], { attributes: { rate } })[0]!
  },
  example: { inputs: { x: [2, 3] }, code: `${primitive.name}(x, rate: 0.1)` },
})

export const drop_path = dropping(
  stochasticDepth,
  'Stochastic depth: in training, each sample is dropped with probability rate, the others scaled by 1 / (1 - rate).',
  '[B, ..]',
)
export const dropout = dropping(
  thinning,
  'In training, each element is dropped with probability rate, the others scaled by 1 / (1 - rate).',
  '[..]',
)

export const summation: Primitive = {
  ...elementFacts,
  name: 'cumsum',
  reach: overAxes(({ attributes }) => [attributes['axis'] as number]),
  folds: (_call, [x]) => (x === 0 ? { filled: 0 } : undefined),
  results: ({ inputs }) => [inputs[0]!],
  // TensorFlow.js has a gradient for it, with axes in another order where the axis is not the last.
  compute(tf, [x], _weights, { attributes }) {
    const axis = attributes['axis'] as number
    return [
      withGradient(
        tf,
        [x!],
        ([input]) => ({ value: tf.cumsum(input!, axis), keep: [] }),
        (dy) => [tf.cumsum(dy, axis, false, true)],
      ),
    ]
  },
}

export const cumsum: Op = {
  name: 'cumsum',
  summary: 'Sums along an axis: each element with all before it.',
  takes: ['x: [..]'],
  gives: '[..]',
  attributes: { axis: { type: 'int', least: -8, about: 'the axis that is summed along; -1 is the last' } },
  build: (call) => call.emit(summation, [call.requireFloat(0)], { attributes: { axis: readAxis(call) } })[0]!,
  example: { inputs: { x: [2, 3, 4] }, code: 'cumsum(x, axis: 1)' },
}
