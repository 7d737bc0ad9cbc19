import type { Trace } from './trace.ts'
import { sizeOf, type KernelAttributes, type KernelType, type Value, type ValueType } from './value.ts'

/** One kernel of TensorFlow: what it makes of what, and its gradient. */
export interface Kernel {
  readonly name: string
  /** Type attributes of its NodeDef: the input whose type each has. `T` of the first, where it says nothing else. */
  readonly types?: Readonly<Record<string, number>>
  /** What TensorFlow calls its result; `output` where it says nothing else. */
  readonly result?: string
  /** Takes any number of inputs, counted in attribute `N`; so many others stand behind them. */
  readonly variadic?: { readonly behind: number }
  /** Where its result stands: in its input's memory as it is, over an input that nobody else needs, or in memory of its own. */
  readonly memory: 'view' | 'in place' | 'own'
  /** Throws where the inputs do not fit: the graph that was traced was wrong. */
  type(inputs: readonly ValueType[], attributes: KernelAttributes): ValueType
  /** The gradient for each input; undefined where none flows. Absent where the kernel has none at all. */
  gradient?(tf: Trace, value: Value, dy: Value): readonly (Value | undefined)[]
}

/** Shapes aligned at the right; axes of 1 are stretched. */
export function broadcastShape(left: readonly number[], right: readonly number[]): number[] {
  const rank = Math.max(left.length, right.length)
  return Array.from({ length: rank }, (_, at) => {
    const a = left[at - rank + left.length] ?? 1
    const b = right[at - rank + right.length] ?? 1
    if (a !== b && a !== 1 && b !== 1) throw new Error(`[${left.join()}] and [${right.join()}] do not pair`)
    return a === 1 ? b : a
  })
}

const bool = (attributes: KernelAttributes, name: string): boolean => {
  const found = attributes[name]
  return found?.kind === 'bool' && found.bool
}
const ints = (attributes: KernelAttributes, name: string): readonly number[] => {
  const found = attributes[name]
  return found?.kind === 'ints' ? found.ints : []
}
const text = (attributes: KernelAttributes, name: string): string => {
  const found = attributes[name]
  return found?.kind === 'text' ? found.text : ''
}
/** The numbers of a constant operand. */
export const numbers = (value: ValueType): number[] => {
  const { data } = value as Value
  if (!data) throw new Error('an operand must be a constant')
  return [...data]
}

const alike: Kernel['type'] = ([x]) => ({ shape: x!.shape, dtype: x!.dtype })

const unary = (name: string, gradient?: (tf: Trace, x: Value, y: Value, dy: Value) => Value, result = 'y'): Kernel => ({
  name,
  result,
  memory: 'in place',
  type: alike,
  ...(gradient && { gradient: (tf, value, dy) => [gradient(tf, value.inputs[0]!, value, dy)] }),
})

/** Constant between its jumps: no gradient flows. */
const steps = (name: string): Kernel => ({ name, result: 'y', memory: 'in place', type: alike, gradient: () => [undefined] })

type Pair = readonly [Value | undefined, Value | undefined]
const binary = (name: string, gradient?: (tf: Trace, a: Value, b: Value, dy: Value) => Pair, dtype?: KernelType): Kernel => ({
  name,
  result: 'z',
  memory: dtype ? 'own' : 'in place',
  type: ([a, b]) => ({ shape: broadcastShape(a!.shape, b!.shape), dtype: dtype ?? a!.dtype }),
  ...(gradient && {
    gradient: (tf, { inputs: [a, b] }, dy) =>
      gradient(tf, a!, b!, dy).map((part, at) => part && tf.sumTo(part, [a!, b!][at]!.shape)),
  }),
})

const reduction = (name: string, gradient?: (tf: Trace, value: Value, dy: Value) => Value): Kernel => ({
  name,
  memory: 'own',
  types: name === 'All' ? { Tidx: 1 } : { T: 0, Tidx: 1 },
  type([x, axes], attributes) {
    const gone = numbers(axes!)
    const shape = bool(attributes, 'keep_dims')
      ? x!.shape.map((length, at) => (gone.includes(at) ? 1 : length))
      : x!.shape.filter((_, at) => !gone.includes(at))
    return { shape, dtype: x!.dtype }
  },
  ...(gradient && {
    gradient(tf, value, dy) {
      const [x, axes] = value.inputs
      const gone = numbers(axes!)
      const kept = x!.shape.map((length, at) => (gone.includes(at) ? 1 : length))
      return [gradient(tf, value, tf.broadcastTo(tf.reshape(dy, kept), x!.shape)), undefined]
    },
  }),
})

/** Where along an axis something is. */
const place = (name: string): Kernel => ({
  name,
  memory: 'own',
  types: { T: 0, Tidx: 1 },
  type: ([x, axis]) => ({ shape: x!.shape.filter((_, at) => at !== numbers(axis!)[0]), dtype: 'int32' }),
})

/** floor or ceil as TensorFlow's SAME and VALID place windows. */
const windows = (length: number, kernel: number, stride: number, padding: string): number =>
  padding === 'SAME' ? Math.ceil(length / stride) : Math.floor((length - kernel) / stride) + 1

const pooled: Kernel['type'] = ([x], attributes) => {
  const [, rows, columns] = ints(attributes, 'ksize') as [number, number, number, number]
  const [, down, across] = ints(attributes, 'strides') as [number, number, number, number]
  const [batch, height, width, channels] = x!.shape as [number, number, number, number]
  return {
    shape: [batch, windows(height, rows, down, 'VALID'), windows(width, columns, across, 'VALID'), channels],
    dtype: x!.dtype,
  }
}

/** The type that a constant operand spells out. */
const shaped =
  (at: number): Kernel['type'] =>
  (inputs) => ({
    shape: numbers(inputs[at]!),
    dtype: inputs[at === 0 ? 1 : 0]!.dtype,
  })

export const kernels: ReadonlyMap<string, Kernel> = new Map(
  (
    [
      binary('AddV2', (_, _a, _b, dy) => [dy, dy]),
      binary('Sub', (tf, _a, _b, dy) => [dy, tf.neg(dy)]),
      binary('Mul', (tf, a, b, dy) => [tf.mul(dy, b), tf.mul(dy, a)]),
      binary('RealDiv', (tf, a, b, dy) => [tf.div(dy, b), tf.neg(tf.div(tf.mul(dy, a), tf.square(b)))]),
      { ...binary('FloorDiv'), memory: 'own' },
      // The gradient goes to both where they are equal, as TensorFlow.js has it.
      binary('Minimum', (tf, a, b, dy) => [tf.where(tf.lessEqual(a, b), dy, tf.zerosLike(dy)), tf.where(tf.greater(a, b), dy, tf.zerosLike(dy))]), // prettier-ignore
      binary('Maximum', (tf, a, b, dy) => [tf.where(tf.greaterEqual(a, b), dy, tf.zerosLike(dy)), tf.where(tf.less(a, b), dy, tf.zerosLike(dy))]), // prettier-ignore
      binary('Pow'),
      binary('Greater', undefined, 'bool'),
      binary('GreaterEqual', undefined, 'bool'),
      binary('Less', undefined, 'bool'),
      binary('LessEqual', undefined, 'bool'),
      { ...binary('LogicalAnd', undefined, 'bool'), types: {} },

      unary('Relu', (tf, _x, y, dy) => tf.emit('ReluGrad', [dy, y]), 'activations'),
      { name: 'ReluGrad', result: 'backprops', memory: 'in place', type: alike },
      // By the result, which has the sign of x: TensorFlow's remapper cannot fuse what its gradient still needs.
      unary('LeakyRelu', (tf, _x, y, dy) => tf.emit('LeakyReluGrad', [dy, y], { alpha: y.attributes['alpha']! }), 'activations'),
      { name: 'LeakyReluGrad', result: 'backprops', memory: 'in place', type: alike },
      unary('Softplus', (tf, x, _y, dy) => tf.mul(dy, tf.sigmoid(x)), 'activations'),
      unary('Sigmoid', (tf, _x, y, dy) => tf.emit('SigmoidGrad', [y, dy])),
      { name: 'SigmoidGrad', result: 'z', memory: 'in place', type: alike },
      unary('Tanh', (tf, _x, y, dy) => tf.emit('TanhGrad', [y, dy])),
      { name: 'TanhGrad', result: 'z', memory: 'in place', type: alike },
      unary('Sin', (tf, x, _y, dy) => tf.mul(dy, tf.cos(x))),
      unary('Cos', (tf, x, _y, dy) => tf.neg(tf.mul(dy, tf.sin(x)))),
      unary('Exp', (tf, _x, y, dy) => tf.mul(dy, y)),
      unary('Log', (tf, x, _y, dy) => tf.div(dy, x)),
      unary('Sqrt', (tf, _x, y, dy) => tf.div(tf.mul(dy, 0.5), y)),
      unary('Rsqrt', (tf, x, y, dy) => tf.mul(tf.mul(dy, -0.5), tf.div(y, x))),
      unary('Square', (tf, x, _y, dy) => tf.mul(dy, tf.mul(x, 2))),
      unary('Neg', (tf, _x, _y, dy) => tf.neg(dy)),
      unary('Abs', (tf, x, _y, dy) => tf.mul(dy, tf.sign(x))),
      { ...unary('Identity', (_, _x, _y, dy) => dy, 'output'), memory: 'view' },
      steps('Sign'),
      steps('Floor'),
      steps('Round'),
      unary('Erf'),
      { name: 'IsFinite', result: 'y', memory: 'own', type: ([x]) => ({ shape: x!.shape, dtype: 'bool' }) },
      {
        name: 'ClipByValue',
        memory: 'in place',
        type: alike,
        gradient(tf, { inputs: [x, least, most] }, dy) {
          const inside = tf.emit('LogicalAnd', [tf.greaterEqual(x!, least!), tf.lessEqual(x!, most!)])
          return [tf.where(inside, dy, tf.zerosLike(dy)), undefined, undefined]
        },
      },
      {
        name: 'Cast',
        memory: 'own',
        result: 'y',
        types: { SrcT: 0 },
        type: ([x], attributes) => {
          const to = attributes['DstT']
          if (to?.kind !== 'type') throw new Error('Cast needs a type')
          return { shape: x!.shape, dtype: to.type }
        },
        gradient: (_, { inputs: [x], dtype }, dy) => [x!.dtype === 'float32' && dtype === 'float32' ? dy : undefined],
      },
      {
        name: 'SelectV2',
        memory: 'own',
        types: { T: 1 },
        type: ([condition, a, b]) => ({
          shape: broadcastShape(condition!.shape, broadcastShape(a!.shape, b!.shape)),
          dtype: a!.dtype,
        }),
        gradient(tf, { inputs: [condition, a, b] }, dy) {
          const none = tf.zerosLike(dy)
          return [
            undefined,
            tf.sumTo(tf.where(condition!, dy, none), a!.shape),
            tf.sumTo(tf.where(condition!, none, dy), b!.shape),
          ]
        },
      },

      {
        name: 'MatMul',
        memory: 'own',
        result: 'product',
        type: ([a, b], attributes) => ({
          shape: [
            bool(attributes, 'transpose_a') ? a!.shape[1]! : a!.shape[0]!,
            bool(attributes, 'transpose_b') ? b!.shape[0]! : b!.shape[1]!,
          ],
          dtype: a!.dtype,
        }),
        gradient: (tf, value, dy) => productGradient(tf, value, dy, 'transpose_a', 'transpose_b'),
      },
      {
        name: 'BatchMatMulV2',
        memory: 'own',
        type: ([a, b], attributes) => ({
          shape: [
            ...broadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2)),
            a!.shape.at(bool(attributes, 'adj_x') ? -1 : -2)!,
            b!.shape.at(bool(attributes, 'adj_y') ? -2 : -1)!,
          ],
          dtype: a!.dtype,
        }),
        gradient: (tf, value, dy) => productGradient(tf, value, dy, 'adj_x', 'adj_y'),
      },

      {
        name: 'Reshape',
        memory: 'view',
        types: { T: 0, Tshape: 1 },
        type: shaped(1),
        gradient: (tf, { inputs: [x] }, dy) => [tf.reshape(dy, x!.shape), undefined],
      },
      {
        name: 'Transpose',
        memory: 'own',
        result: 'y',
        types: { T: 0, Tperm: 1 },
        type: ([x, order]) => ({ shape: numbers(order!).map((axis) => x!.shape[axis]!), dtype: x!.dtype }),
        gradient(tf, { inputs: [, order] }, dy) {
          const axes = numbers(order!)
          return [
            tf.transpose(
              dy,
              axes.map((_, axis) => axes.indexOf(axis)),
            ),
            undefined,
          ]
        },
      },
      {
        name: 'BroadcastTo',
        memory: 'own',
        types: { T: 0, Tidx: 1 },
        type: shaped(1),
        gradient: (tf, { inputs: [x] }, dy) => [tf.sumTo(dy, x!.shape), undefined],
      },
      {
        name: 'ConcatV2',
        memory: 'own',
        types: { T: 0, Tidx: -1 },
        variadic: { behind: 1 },
        type(inputs) {
          const parts = inputs.slice(0, -1)
          const [axis] = numbers(inputs.at(-1)!) as [number]
          const total = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0)
          return { shape: parts[0]!.shape.with(axis, total), dtype: parts[0]!.dtype }
        },
        gradient(tf, { inputs }, dy) {
          const [axis] = numbers(inputs.at(-1)!) as [number]
          let from = 0
          const parts = inputs.slice(0, -1).map(({ shape }) => {
            const part = tf.slice(dy, dy.shape.map((_, at) => (at === axis ? from : 0)), shape) // prettier-ignore
            from += shape[axis]!
            return part
          })
          return [...parts, undefined]
        },
      },
      {
        name: 'Slice',
        memory: 'own',
        types: { T: 0, Index: 1 },
        type: ([x, , count]) => ({ shape: numbers(count!), dtype: x!.dtype }),
        gradient(tf, { inputs: [x, begin], shape }, dy) {
          const from = numbers(begin!)
          const border = x!.shape.map((length, at) => [from[at]!, length - from[at]! - shape[at]!] as [number, number])
          return [tf.pad(dy, border), undefined, undefined]
        },
      },
      {
        name: 'PadV2',
        memory: 'own',
        types: { T: 0, Tpaddings: 1 },
        type([x, border]) {
          const sides = numbers(border!)
          return { shape: x!.shape.map((length, at) => length + sides[2 * at]! + sides[2 * at + 1]!), dtype: x!.dtype }
        },
        gradient(tf, { inputs: [x, border] }, dy) {
          const sides = numbers(border!)
          return [tf.slice(dy, x!.shape.map((_, at) => sides[2 * at]!), x!.shape), undefined, undefined] // prettier-ignore
        },
      },
      {
        name: 'ReverseV2',
        memory: 'own',
        types: { T: 0, Tidx: 1 },
        type: alike,
        gradient: (tf, { inputs: [, axes] }, dy) => [tf.reverse(dy, numbers(axes!)), undefined],
      },

      reduction('Sum', (_, _value, dy) => dy),
      reduction('Mean', (tf, { inputs: [x], shape }, dy) => tf.mul(dy, sizeOf(shape) / sizeOf(x!.shape))),
      reduction('Max'),
      reduction('Min'),
      reduction('All'),
      place('ArgMax'),
      place('ArgMin'),
      unary(
        'Softmax',
        (tf, _x, y, dy) => {
          const weighted = tf.mul(dy, y)
          return tf.sub(weighted, tf.mul(tf.sum(weighted, y.shape.length - 1, true), y))
        },
        'softmax',
      ),
      { name: 'Cumsum', memory: 'own', result: 'out', types: { T: 0, Tidx: 1 }, type: alike },
      {
        name: 'OneHot',
        memory: 'own',
        types: { T: 2, TI: 0 },
        type: ([index, depth]) => ({ shape: [...index!.shape, numbers(depth!)[0]!], dtype: 'float32' }),
      },
      {
        name: 'GatherV2',
        memory: 'own',
        types: { Tparams: 0, Tindices: 1, Taxis: 2 },
        type: ([table, index, axis]) => {
          const [at] = numbers(axis!) as [number]
          return { shape: [...table!.shape.slice(0, at), ...index!.shape, ...table!.shape.slice(at + 1)], dtype: table!.dtype }
        },
      },
      {
        name: 'UnsortedSegmentSum',
        memory: 'own',
        types: { T: 0, Tindices: 1, Tnumsegments: 2 },
        type: ([x, index, count]) => ({
          shape: [numbers(count!)[0]!, ...x!.shape.slice(index!.shape.length)],
          dtype: x!.dtype,
        }),
      },

      {
        name: 'Conv2D',
        memory: 'own',
        type([x, kernel], attributes) {
          const [batch, height, width] = x!.shape as [number, number, number]
          const [rows, columns, , out] = kernel!.shape as [number, number, number, number]
          const [, down, across] = ints(attributes, 'strides') as [number, number, number]
          const padding = text(attributes, 'padding')
          return {
            shape: [batch, windows(height, rows, down, padding), windows(width, columns, across, padding), out],
            dtype: x!.dtype,
          }
        },
        gradient: (tf, { inputs: [x, kernel], attributes }, dy) => [
          tf.emit('Conv2DBackpropInput', [tf.ints(x!.shape), kernel!, dy], attributes),
          tf.emit('Conv2DBackpropFilter', [x!, tf.ints(kernel!.shape), dy], attributes),
        ],
      },
      {
        name: 'Conv2DBackpropInput',
        memory: 'own',
        types: { T: 1 },
        type: shaped(0),
        gradient: (tf, { inputs: [, kernel, x], attributes }, dy) => [
          undefined,
          tf.emit('Conv2DBackpropFilter', [dy, tf.ints(kernel!.shape), x!], attributes),
          tf.emit('Conv2D', [dy, kernel!], attributes),
        ],
      },
      { name: 'Conv2DBackpropFilter', memory: 'own', type: shaped(1) },
      {
        name: 'AvgPool',
        memory: 'own',
        type: pooled,
        gradient: (tf, { inputs: [x], attributes }, dy) => [tf.emit('AvgPoolGrad', [tf.ints(x!.shape), dy], attributes)],
      },
      { name: 'AvgPoolGrad', memory: 'own', types: { T: 1 }, type: shaped(0) },
      {
        name: 'MaxPool',
        memory: 'own',
        type: pooled,
        gradient: (tf, value, dy) => [tf.emit('MaxPoolGrad', [value.inputs[0]!, value, dy], value.attributes)],
      },
      { name: 'MaxPoolGrad', memory: 'own', type: alike },
    ] satisfies Kernel[]
  ).map((kernel) => [kernel.name, kernel]),
)

/** Gradients of A B, where either may be read transposed. */
function productGradient(tf: Trace, value: Value, dy: Value, flagA: string, flagB: string): readonly Value[] {
  const [a, b] = value.inputs as [Value, Value]
  const turnA = bool(value.attributes, flagA)
  const turnB = bool(value.attributes, flagB)
  const da = turnA ? tf.matMul(b, dy, turnB, true) : tf.matMul(dy, b, false, !turnB)
  const db = turnB ? tf.matMul(dy, a, true, turnA) : tf.matMul(a, dy, !turnA, false)
  return [tf.sumTo(da, a.shape), tf.sumTo(db, b.shape)]
}
