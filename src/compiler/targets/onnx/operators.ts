import { add, asInteger, constant, type Size } from '../../shapes/size.ts'
import type { Value } from '../../kernels/value.ts'
import type { Builder } from './builder.ts'

/** A call of a kernel that is to be written. */
export interface KernelCall {
  readonly builder: Builder
  /** As it was traced at the first of the sizes: ranks, types and attributes are the same at all. */
  readonly value: Value
  /** Its inputs in ONNX. */
  input(at: number): string
  /** Whole numbers that it is told, as sizes of every picture. */
  sizes(at: number): readonly Size[]
  /** Whole numbers that it is told and that are the same for every picture. */
  ints(at: number): readonly number[]
}

type Lowering = (call: KernelCall) => string

const real = ({ attributes }: Value, name: string): number => {
  const found = attributes[name]
  return found?.kind === 'real' ? found.real : 0
}
const flag = ({ attributes }: Value, name: string): boolean => {
  const found = attributes[name]
  return found?.kind === 'bool' && found.bool
}
const text = ({ attributes }: Value, name: string): string => {
  const found = attributes[name]
  return found?.kind === 'text' ? found.text : ''
}
const ints = ({ attributes }: Value, name: string): readonly number[] => {
  const found = attributes[name]
  return found?.kind === 'ints' ? found.ints : []
}

const all = ({ input, value: { inputs } }: KernelCall): string[] => inputs.map((_, at) => input(at))
const named =
  (operator: string): Lowering =>
  (call) =>
    call.builder.node(operator, all(call))

/** Swaps the last two axes. */
function turned({ builder }: KernelCall, name: string, rank: number): string {
  const order = Array.from({ length: rank }, (_, at) => at)
  return builder.node('Transpose', [name], { perm: [...order.slice(0, -2), rank - 1, rank - 2] })
}

const product =
  (first: string, second: string): Lowering =>
  (call) => {
    const { value, builder } = call
    const [a, b] = [first, second].map((name, at) => {
      const given = call.input(at)
      return flag(value, name) ? turned(call, given, value.inputs[at]!.shape.length) : given
    }) as [string, string]
    return builder.node('MatMul', [a, b])
  }

const reduction =
  (operator: string): Lowering =>
  (call) =>
    call.builder.node(operator, [call.input(0), call.builder.ints(call.ints(1))], {
      keepdims: flag(call.value, 'keep_dims') ? 1 : 0,
    })

const place =
  (operator: string): Lowering =>
  (call) => {
    const found = call.builder.node(operator, [call.input(0)], { axis: call.ints(1)[0]!, keepdims: 0, select_last_index: 0 })
    return call.builder.node('Cast', [found], { to: 6 })
  }

const toChannelsFirst = (builder: Builder, name: string): string => builder.node('Transpose', [name], { perm: [0, 3, 1, 2] })
const toChannelsLast = (builder: Builder, name: string): string => builder.node('Transpose', [name], { perm: [0, 2, 3, 1] })

const padding = (value: Value): string => (text(value, 'padding') === 'SAME' ? 'SAME_UPPER' : 'VALID')
/** Along height and width. */
const inside = (list: readonly number[]): number[] => list.slice(1, 3)

const pool =
  (operator: string): Lowering =>
  ({ builder, value, input }) =>
    toChannelsLast(
      builder,
      builder.node(operator, [toChannelsFirst(builder, input(0))], {
        kernel_shape: inside(ints(value, 'ksize')),
        strides: inside(ints(value, 'strides')),
        auto_pad: padding(value),
      }),
    )

/** Kernels of TensorFlow as operators of ONNX, opset 18: those of forward graphs. */
export const lowerings: Readonly<Record<string, Lowering>> = {
  AddV2: named('Add'),
  Sub: named('Sub'),
  Mul: named('Mul'),
  RealDiv: named('Div'),
  Minimum: named('Min'),
  Maximum: named('Max'),
  Pow: named('Pow'),
  Greater: named('Greater'),
  GreaterEqual: named('GreaterOrEqual'),
  Less: named('Less'),
  LessEqual: named('LessOrEqual'),
  LogicalAnd: named('And'),
  /** Rounds down, where Div of whole numbers cuts. */
  FloorDiv: (call) => {
    const { builder, value } = call
    const [a, b] = all(call) as [string, string]
    const quotient = builder.node('Div', [a, b])
    if (value.dtype === 'float32') return builder.node('Floor', [quotient])
    const zero = builder.constant('int32', [], [0])
    const isInexact = builder.node('Not', [builder.node('Equal', [builder.node('Mul', [quotient, b]), a])])
    const differ = builder.node('Xor', [builder.node('Less', [a, zero]), builder.node('Less', [b, zero])])
    const less = builder.node('Cast', [builder.node('And', [isInexact, differ])], { to: 6 })
    return builder.node('Sub', [quotient, less])
  },

  Relu: named('Relu'),
  LeakyRelu: (call) => call.builder.node('LeakyRelu', [call.input(0)], { alpha: { float: real(call.value, 'alpha') } }),
  Softplus: named('Softplus'),
  Sigmoid: named('Sigmoid'),
  Tanh: named('Tanh'),
  Sin: named('Sin'),
  Cos: named('Cos'),
  Exp: named('Exp'),
  Log: named('Log'),
  Sqrt: named('Sqrt'),
  Rsqrt: ({ builder, input }) => builder.node('Reciprocal', [builder.node('Sqrt', [input(0)])]),
  Square: ({ builder, input }) => builder.node('Mul', [input(0), input(0)]),
  Neg: named('Neg'),
  Abs: named('Abs'),
  Sign: named('Sign'),
  Floor: named('Floor'),
  Round: named('Round'),
  Erf: named('Erf'),
  Identity: ({ input }) => input(0),
  ClipByValue: named('Clip'),
  Cast: ({ builder, value, input }) => builder.node('Cast', [input(0)], { to: { float32: 1, int32: 6, bool: 9, bfloat16: 16 }[value.dtype] }), // prettier-ignore
  SelectV2: named('Where'),
  Softmax: ({ builder, input }) => builder.node('Softmax', [input(0)], { axis: -1 }),

  MatMul: product('transpose_a', 'transpose_b'),
  BatchMatMulV2: product('adj_x', 'adj_y'),
  Conv2D: ({ builder, value, input }) => {
    const kernel = builder.node('Transpose', [input(1)], { perm: [3, 2, 0, 1] })
    const { shape } = value.inputs[1]!
    const made = builder.node('Conv', [toChannelsFirst(builder, input(0)), kernel], {
      kernel_shape: shape.slice(0, 2),
      strides: inside(ints(value, 'strides')),
      auto_pad: padding(value),
      group: value.inputs[0]!.shape[3]! / shape[2]!,
    })
    return toChannelsLast(builder, made)
  },
  Conv2DBackpropInput: (call) => {
    const { builder, value, input } = call
    // [rows, columns, out, in] as [in, out, rows, columns]
    const kernel = builder.node('Transpose', [input(1)], { perm: [3, 2, 0, 1] })
    const { shape } = value.inputs[1]!
    const made = builder.node('ConvTranspose', [toChannelsFirst(builder, input(2)), kernel], {
      kernel_shape: shape.slice(0, 2),
      strides: inside(ints(value, 'strides')),
      auto_pad: padding(value),
    })
    return toChannelsLast(builder, made)
  },
  AvgPool: pool('AveragePool'),
  MaxPool: pool('MaxPool'),

  Reshape: ({ builder, input, sizes }) => builder.node('Reshape', [input(0), builder.sizes(sizes(1))]),
  Transpose: ({ builder, input, ints: told }) => builder.node('Transpose', [input(0)], { perm: told(1) }),
  BroadcastTo: ({ builder, input, sizes }) => builder.node('Expand', [input(0), builder.sizes(sizes(1))]),
  ConcatV2: (call) => {
    const last = call.value.inputs.length - 1
    return call.builder.node('Concat', all(call).slice(0, last), { axis: call.ints(last)[0]! })
  },
  Slice: ({ builder, value, input, sizes }) => {
    const [begin, count] = [sizes(1), sizes(2)]
    const { shape } = value.inputs[0]!
    const cut = begin.flatMap((from, axis) => (asInteger(from) === 0 && value.shape[axis] === shape[axis] ? [] : [axis]))
    return builder.node('Slice', [
      input(0),
      builder.sizes(cut.map((axis) => begin[axis]!)),
      builder.sizes(cut.map((axis) => add(begin[axis]!, count[axis]!))),
      builder.ints(cut),
    ])
  },
  PadV2: ({ builder, input, sizes }) => {
    const sides = sizes(1)
    const half = (from: number): Size[] => sides.filter((_, at) => at % 2 === from)
    return builder.node('Pad', [input(0), builder.sizes([...half(0), ...half(1)]), input(2)])
  },
  ReverseV2: ({ builder, input, ints: told }) => {
    const axes = told(1)
    const each = (number: number): string => builder.ints(axes.map(() => number))
    return builder.node('Slice', [input(0), each(-1), each(-(2 ** 31)), builder.ints(axes), each(-1)])
  },
  Sum: reduction('ReduceSum'),
  Mean: reduction('ReduceMean'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  ArgMax: place('ArgMax'),
  ArgMin: place('ArgMin'),
  Cumsum: ({ builder, value, input }) =>
    builder.node('CumSum', [input(0), input(1)], {
      exclusive: flag(value, 'exclusive') ? 1 : 0,
      reverse: flag(value, 'reverse') ? 1 : 0,
    }),
  OneHot: ({ builder, input, sizes }) =>
    builder.node('OneHot', [input(0), builder.sizes(sizes(1)), builder.constant('float32', [2], [0, 1])], { axis: -1 }),
  GatherV2: ({ builder, input, ints: told }) => builder.node('Gather', [input(0), input(1)], { axis: told(2)[0]! }),
  UnsortedSegmentSum: ({ builder, value, input, sizes }) => {
    const rank = value.inputs[1]!.shape.length
    const rest = value.inputs[0]!.shape.slice(rank).map(constant)
    const none = builder.node('Expand', [builder.constant('float32', [], [0]), builder.sizes([...sizes(2), ...rest])])
    const index = builder.node('Cast', [builder.node('Unsqueeze', [input(1), builder.ints([rank])])], { to: 7 })
    return builder.node('ScatterND', [none, index, input(0)], { reduction: 'add' })
  },
}
