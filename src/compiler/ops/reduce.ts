import type { Backend, Tensor } from './backend.ts'
import { constant } from '../shapes/size.ts'
import { axisOf, elementFacts, typed, type Op, type Primitive } from './op.ts'
import { overAxes } from './positions.ts'
import { withGradient } from './formula-tools.ts'

type Formula = (tf: Backend, x: Tensor, axes: number[], keep: boolean) => Tensor

/** Of several largest the first takes the whole gradient, as in PyTorch's max over an axis. */
const largest: Formula = (tf, x, axes, keep) => {
  const others = [...x.shape.keys()].filter((axis) => !axes.includes(axis))
  const order = [...others, ...axes]
  const moved = order.map((axis) => x.shape[axis]!)
  const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1)
  return withGradient(
    tf,
    [x],
    ([input]) => {
      const rows = input!.transpose(order).reshape([-1, count])
      return { value: tf.max(input!, axes, keep), keep: [tf.argMax(rows, 1)] }
    },
    (dy, [index]) => {
      const given = tf.mul(tf.oneHot(index!, count), dy.reshape([-1, 1]))
      return [given.reshape(moved).transpose([...x.shape.keys()].map((axis) => order.indexOf(axis)))]
    },
  )
}

const formulas: Readonly<Record<string, { about: string; formula: Formula }>> = {
  mean: { about: 'Mean', formula: (tf, x, axes, keep) => tf.mean(x, axes, keep) },
  sum: { about: 'Sum', formula: (tf, x, axes, keep) => tf.sum(x, axes, keep) },
  max: { about: 'Largest value', formula: largest },
}

export const reductions: readonly Primitive[] = Object.entries(formulas).map(([name, { formula }]) => ({
  ...elementFacts,
  name: `reduce_${name}`,
  reach: overAxes(({ attributes }) => attributes['axes'] as readonly number[]),
  folds: (_call, [x]) => (x === 0 ? { filled: 0 } : undefined),
  results({ inputs, attributes }) {
    const axes = attributes['axes'] as readonly number[]
    const shape = attributes['keep']
      ? inputs[0]!.shape.map((size, at) => (axes.includes(at) ? constant(1) : size))
      : inputs[0]!.shape.filter((_, at) => !axes.includes(at))
    return [typed(shape, inputs[0]!.dtype)]
  },
  compute: (tf, [x], _weights, { attributes }) => [
    formula(tf, x!, [...(attributes['axes'] as number[])], attributes['keep'] as boolean),
  ],
}))

export const reductionNamed = (name: string): Primitive => reductions.find((primitive) => primitive.name === `reduce_${name}`)!

export const reductionOps: readonly Op[] = Object.entries(formulas).map(([name, { about }]) => ({
  name,
  summary: `${about} over one axis or several.`,
  takes: ['x: [..]'],
  gives: '[..] without the axes',
  attributes: {
    axis: { type: 'ints', least: -8, about: 'the axis, or a list of axes' },
    keep: { type: 'bool', standard: false, about: 'whether the axes stay, with size 1' },
  },
  build(call) {
    const x = call.requireFloat(0)
    const axes = call.ints('axis').map((axis) => axisOf(axis, x.shape.length))
    const outside = axes.find((axis) => axis < 0 || axis >= x.shape.length)
    if (outside !== undefined)
      call.fail(
        'attribute-value',
        { name: 'axis', accepted: `from ${-x.shape.length} to ${x.shape.length - 1}`, given: String(outside) },
        call.spanOf('axis'),
      )
    return call.emit(reductionNamed(name), [x], { attributes: { axes, keep: call.bool('keep') } })[0]!
  },
  example: { inputs: { x: [2, 3, 4] }, code: `${name}(x, axis: 1)` },
}))
