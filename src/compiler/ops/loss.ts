import type { Backend, Tensor } from './backend.ts'
import { compare, format } from '../shapes/size.ts'
import { elementFacts, f32, type Op, type OpCall, type Primitive, type TensorValue } from './op.ts'
import { overAll } from './positions.ts'
import { sumOfRows, withGradient } from './formula-tools.ts'

const difference = (tf: Backend, inputs: readonly Tensor[], right: number | undefined): Tensor =>
  tf.sub(inputs[0]!, right ?? inputs[1]!)

const mean = (tf: Backend, x: Tensor): Tensor => tf.div(sumOfRows(tf, x.reshape([-1, 1])), x.size).asScalar()

/** Mean absolute error; its gradient is sign / n, 0 where both are equal. */
export const meanAbsolute: Primitive = {
  ...elementFacts,
  reach: overAll,
  name: 'l1',
  results: () => [f32([])],
  compute: (tf, inputs, _weights, { attributes }) => [
    withGradient(
      tf,
      [difference(tf, inputs, attributes['right'] as number | undefined)],
      ([delta]) => ({ value: mean(tf, tf.abs(delta!)), keep: [delta!] }),
      (dy, [delta]) => [tf.mul(tf.sign(delta!), tf.div(dy, delta!.size))],
    ),
  ],
}

export const meanSquare: Primitive = {
  ...elementFacts,
  reach: overAll,
  name: 'mse',
  results: () => [f32([])],
  compute: (tf, inputs, _weights, { attributes }) => [
    withGradient(
      tf,
      [difference(tf, inputs, attributes['right'] as number | undefined)],
      ([delta]) => ({ value: mean(tf, tf.square(delta!)), keep: [delta!] }),
      (dy, [delta]) => [tf.mul(delta!, tf.div(tf.mul(dy, 2), delta!.size))],
    ),
  ],
}

/** The tensors that a loss compares, one or two of one shape. */
export function alike(call: OpCall): readonly [a: TensorValue, b: TensorValue | undefined] {
  const [a, b] = call.inputs
  call.requireFloat(0)
  if (b) {
    call.requireFloat(1)
    const isAlike = a!.shape.length === b.shape.length && a!.shape.every((size, at) => compare(size, b.shape[at]!) === 'equal')
    if (!isAlike)
      call.fail('loss-shape', {
        problem: `${call.callee} compares [${a!.shape.map(format).join(', ')}] with [${b.shape.map(format).join(', ')}]`,
      })
  }
  return [a!, b]
}

const loss = (primitive: Primitive, summary: string): Op => ({
  name: primitive.name,
  summary,
  takes: ['a: [..]', 'b: [..] or a number'],
  gives: 'a number',
  scalar: { at: 1, name: 'right' },
  attributes: { right: { type: 'real', optional: true, about: 'a number instead of b, as in mse(a, 1)' } },
  build(call) {
    const [, b] = alike(call)
    return call.emit(primitive, call.inputs, b ? {} : { attributes: { right: call.real('right') } })[0]!
  },
  example: { inputs: { x: [2, 3] }, code: `${primitive.name}(x, 2 * x)` },
})

export const l1 = loss(meanAbsolute, 'Mean absolute difference.')
export const mse = loss(meanSquare, 'Mean squared difference.')

/** Ops that compare and give one number: a loss reports each call of them. */
export const lossNames: readonly string[] = ['l1', 'mse', 'charbonnier', 'ssim']
