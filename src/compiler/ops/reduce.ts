import type { Backend, Tensor } from './backend.ts'
import { constant } from '../shapes/size.ts'
import { axisOf, elementFacts, typed, type Op, type OpCall, type Primitive, type TensorValue } from './op.ts'
import { overAxes } from './positions.ts'
import { withGradient } from './formula-tools.ts'

type Formula = (tf: Backend, x: Tensor, axes: number[], keep: boolean) => Tensor

/** Of several largest, or smallest, the first takes the whole gradient, as in PyTorch's max over an axis. */
const extreme =
  (which: 'max' | 'min'): Formula =>
  (tf, x, axes, keep) => {
    const others = [...x.shape.keys()].filter((axis) => !axes.includes(axis))
    const order = [...others, ...axes]
    const moved = order.map((axis) => x.shape[axis]!)
    const count = axes.reduce((product, axis) => product * x.shape[axis]!, 1)
    return withGradient(
      tf,
      [x],
      ([input]) => {
        const rows = input!.transpose(order).reshape([-1, count])
        return { value: tf[which](input!, axes, keep), keep: [which === 'max' ? tf.argMax(rows, 1) : tf.argMin(rows, 1)] }
      },
      (dy, [index]) => {
        const given = tf.mul(tf.oneHot(index!, count), dy.reshape([-1, 1]))
        return [given.reshape(moved).transpose([...x.shape.keys()].map((axis) => order.indexOf(axis)))]
      },
    )
  }

const formulas: Readonly<Record<string, { about: string; of?: string; formula: Formula }>> = {
  mean: { about: 'Mean', formula: (tf, x, axes, keep) => tf.mean(x, axes, keep) },
  sum: { about: 'Sum', formula: (tf, x, axes, keep) => tf.sum(x, axes, keep) },
  max: { about: 'Largest value', of: 'max(a, b) is the larger of two.', formula: extreme('max') },
  min: { about: 'Smallest value', of: 'min(a, b) is the smaller of two.', formula: extreme('min') },
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

/** The axes that a call names, counted from the first. */
export function reduced(call: OpCall, { shape }: TensorValue): readonly number[] {
  const axes = call.ints('axis').map((axis) => axisOf(axis, shape.length))
  const outside = axes.find((axis) => axis < 0 || axis >= shape.length)
  if (outside !== undefined)
    call.fail(
      'attribute-value',
      { name: 'axis', accepted: `from ${-shape.length} to ${shape.length - 1}`, given: String(outside) },
      call.spanOf('axis'),
    )
  return axes
}

export const reductionOps: readonly Op[] = Object.entries(formulas).map(([name, { about, of }]) => ({
  name,
  summary: `${about} over one axis or several.${of ? ` ${of}` : ''}`,
  takes: ['x: [..]'],
  gives: '[..] without the axes',
  attributes: {
    axis: { type: 'ints', least: -8, about: 'the axis, or a list of axes' },
    keep: { type: 'bool', standard: false, about: 'whether the axes stay, with size 1' },
  },
  build(call) {
    const x = call.requireFloat(0)
    return call.emit(reductionNamed(name), [x], { attributes: { axes: reduced(call, x), keep: call.bool('keep') } })[0]!
  },
  example: { inputs: { x: [2, 3, 4] }, code: `${name}(x, axis: 1)` },
}))
