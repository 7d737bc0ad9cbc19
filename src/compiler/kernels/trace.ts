import type { Backend, Keep, Tensor, WithGradient } from '../ops/backend.ts'
import { broadcastShape, kernels } from './kernels.ts'
import { sizeOf, type CustomGradient, type KernelAttributes, type KernelType, type Recorded, type Value } from './value.ts'

/** What a formula may hand over where TensorFlow.js takes a tensor or a number. */
type Operand = Value | number
type Axes = number | readonly number[]

/** The methods that the primitives call on tensors. */
class Traced implements Value {
  readonly id: number
  readonly kernel: string
  readonly inputs: readonly Value[]
  readonly attributes: KernelAttributes
  readonly shape: readonly number[]
  readonly dtype: KernelType
  readonly name?: string
  readonly data?: Float32Array | Int32Array
  readonly custom?: CustomGradient
  readonly after?: Value
  readonly #trace: Trace

  constructor(trace: Trace, fields: Recorded & { readonly id: number }) {
    this.#trace = trace
    this.id = fields.id
    this.kernel = fields.kernel
    this.inputs = fields.inputs
    this.attributes = fields.attributes
    this.shape = fields.shape
    this.dtype = fields.dtype
    if (fields.name !== undefined) this.name = fields.name
    if (fields.data) this.data = fields.data
    if (fields.custom) this.custom = fields.custom
    if (fields.after) this.after = fields.after
  }

  get size(): number {
    return sizeOf(this.shape)
  }
  get rank(): number {
    return this.shape.length
  }
  reshape(shape: readonly number[]): Value {
    return this.#trace.reshape(this, shape)
  }
  asScalar(): Value {
    return this.reshape([])
  }
  squeeze(axes: readonly number[]): Value {
    return this.reshape(this.shape.filter((_, at) => !axes.includes(at)))
  }
  expandDims(axis: number): Value {
    return this.reshape([...this.shape.slice(0, axis), 1, ...this.shape.slice(axis)])
  }
  transpose(order: readonly number[]): Value {
    return this.#trace.transpose(this, order)
  }
  slice(begin: readonly number[], size: readonly number[]): Value {
    return this.#trace.slice(this, begin, size)
  }
  mul(other: Operand): Value {
    return this.#trace.mul(this, other)
  }
  dispose(): void {
    // nothing is held
  }
}

/**
 * Records what the formulas of the primitives do, as kernels. Equal calls are recorded once.
 */
export class Trace implements Backend<Value> {
  readonly #known = new Map<string, Value>()
  #count = 0

  /** One call of a kernel. `fields` name sources and carry custom gradients. */
  emit(kernel: string, inputs: readonly Value[], attributes: KernelAttributes = {}, custom?: CustomGradient): Value {
    const rule = kernels.get(kernel)
    if (!rule) throw new Error(`no kernel is called ${kernel}`)
    const key = custom ? '' : `${kernel} ${inputs.map(({ id }) => id).join()} ${JSON.stringify(attributes)}`
    const known = custom ? undefined : this.#known.get(key)
    if (known) return known
    const value = this.#add({ kernel, inputs, attributes, ...rule.type(inputs, attributes), ...(custom && { custom }) })
    if (!custom) this.#known.set(key, value)
    return value
  }

  #add(fields: Recorded): Value {
    this.#count += 1
    return new Traced(this, { ...fields, id: this.#count })
  }

  /** `x` again, but not before `after` is there: what is computed from it is computed anew. */
  again(x: Value, after: Value): Value {
    return this.#add({ kernel: 'Identity', inputs: [x], attributes: {}, shape: x.shape, dtype: x.dtype, after })
  }

  /** A tensor that is given when the graph runs. */
  placeholder(name: string, shape: readonly number[], dtype: KernelType = 'float32'): Value {
    return this.#source('Placeholder', name, shape, dtype)
  }
  /** The value of a variable, as it is when the graph begins. */
  variable(path: string, shape: readonly number[]): Value {
    return this.#source('ReadVariableOp', path, shape, 'float32')
  }
  #source(kernel: string, name: string, shape: readonly number[], dtype: KernelType): Value {
    const key = `${kernel} ${name}`
    const known = this.#known.get(key)
    if (known) return known
    const value = this.#add({ kernel, name, shape, dtype, inputs: [], attributes: {} })
    this.#known.set(key, value)
    return value
  }
  constant(data: Float32Array | Int32Array, shape: readonly number[]): Value {
    const dtype = data instanceof Float32Array ? 'float32' : 'int32'
    const key = data.length <= 4096 ? `Const ${dtype} [${shape.join()}] ${exact(data)}` : undefined
    const known = key === undefined ? undefined : this.#known.get(key)
    if (known) return known
    const value = this.#add({ kernel: 'Const', shape, dtype, data, inputs: [], attributes: {} })
    if (key !== undefined) this.#known.set(key, value)
    return value
  }
  /** A vector of integers, as shapes and axes are given to kernels. */
  ints(list: readonly number[]): Value {
    return this.constant(Int32Array.from(list), [list.length])
  }
  #int(value: number): Value {
    return this.constant(Int32Array.of(value), [])
  }

  #value(operand: Operand): Value {
    return typeof operand === 'number' ? this.scalar(operand) : operand
  }
  /** Both operands as tensors of one type: integers meet floats as floats. */
  #pair(a: Operand, b: Operand): [Value, Value] {
    const [x, y] = [this.#value(a), this.#value(b)]
    return x.dtype === y.dtype ? [x, y] : [this.cast(x, 'float32'), this.cast(y, 'float32')]
  }
  #binary(kernel: string, a: Operand, b: Operand): Value {
    return this.emit(kernel, this.#pair(a, b))
  }
  #unary(kernel: string, x: Value): Value {
    return this.emit(kernel, [x])
  }

  scalar(value: number, dtype: KernelType = 'float32'): Value {
    return this.constant(dtype === 'int32' ? Int32Array.of(value) : Float32Array.of(value), [])
  }
  tensor(values: ArrayLike<number>, shape: readonly number[] = [values.length]): Value {
    return this.constant(Float32Array.from(values), shape)
  }
  tensor2d(values: ArrayLike<number>, shape: readonly number[]): Value {
    return this.tensor(values, shape)
  }
  fill(shape: readonly number[], value: number): Value {
    return this.broadcastTo(this.scalar(value), shape)
  }
  zeros(shape: readonly number[]): Value {
    return this.fill(shape, 0)
  }
  ones(shape: readonly number[]): Value {
    return this.fill(shape, 1)
  }
  /** A zero that is stretched where it is used. */
  zerosLike(x: Value): Value {
    return this.scalar(0, x.dtype)
  }
  onesLike(x: Value): Value {
    return this.fill(x.shape, 1)
  }
  range(from: number, to: number, step = 1, dtype: KernelType = 'float32'): Value {
    const count = Math.max(0, Math.ceil((to - from) / step))
    const list = Array.from({ length: count }, (_, at) => from + at * step)
    return this.constant(dtype === 'int32' ? Int32Array.from(list) : Float32Array.from(list), [count])
  }

  add(a: Operand, b: Operand): Value {
    return this.#binary('AddV2', a, b)
  }
  sub(a: Operand, b: Operand): Value {
    return this.#binary('Sub', a, b)
  }
  mul(a: Operand, b: Operand): Value {
    return this.#binary('Mul', a, b)
  }
  div(a: Operand, b: Operand): Value {
    const [x, y] = this.#pair(a, b)
    return this.emit(x.dtype === 'int32' ? 'FloorDiv' : 'RealDiv', [x, y])
  }
  floorDiv(a: Operand, b: Operand): Value {
    return this.#binary('FloorDiv', a, b)
  }
  minimum(a: Operand, b: Operand): Value {
    return this.#binary('Minimum', a, b)
  }
  maximum(a: Operand, b: Operand): Value {
    return this.#binary('Maximum', a, b)
  }
  pow(a: Operand, b: Operand): Value {
    return this.#binary('Pow', a, b)
  }
  greater(a: Operand, b: Operand): Value {
    return this.#binary('Greater', a, b)
  }
  greaterEqual(a: Operand, b: Operand): Value {
    return this.#binary('GreaterEqual', a, b)
  }
  less(a: Operand, b: Operand): Value {
    return this.#binary('Less', a, b)
  }
  lessEqual(a: Operand, b: Operand): Value {
    return this.#binary('LessEqual', a, b)
  }

  relu(x: Value): Value {
    return this.#unary('Relu', x)
  }
  leakyRelu(x: Value, slope: number): Value {
    return this.emit('LeakyRelu', [x], { alpha: { kind: 'real', real: slope } })
  }
  softplus(x: Value): Value {
    return this.#unary('Softplus', x)
  }
  sigmoid(x: Value): Value {
    return this.#unary('Sigmoid', x)
  }
  tanh(x: Value): Value {
    return this.#unary('Tanh', x)
  }
  sin(x: Value): Value {
    return this.#unary('Sin', x)
  }
  cos(x: Value): Value {
    return this.#unary('Cos', x)
  }
  exp(x: Value): Value {
    return this.#unary('Exp', x)
  }
  log(x: Value): Value {
    return this.#unary('Log', x)
  }
  sqrt(x: Value): Value {
    return this.#unary('Sqrt', x)
  }
  rsqrt(x: Value): Value {
    return this.#unary('Rsqrt', x)
  }
  square(x: Value): Value {
    return this.#unary('Square', x)
  }
  neg(x: Value): Value {
    return this.#unary('Neg', x)
  }
  abs(x: Value): Value {
    return this.#unary('Abs', x)
  }
  sign(x: Value): Value {
    return this.#unary('Sign', x)
  }
  floor(x: Value): Value {
    return this.#unary('Floor', x)
  }
  round(x: Value): Value {
    return this.#unary('Round', x)
  }
  erf(x: Value): Value {
    return this.#unary('Erf', x)
  }
  clone(x: Value): Value {
    return x
  }
  cast(x: Value, dtype: KernelType): Value {
    return x.dtype === dtype ? x : this.emit('Cast', [x], { DstT: { kind: 'type', type: dtype } })
  }
  clipByValue(x: Value, least: number, most: number): Value {
    return this.emit('ClipByValue', [x, this.scalar(least, x.dtype), this.scalar(most, x.dtype)])
  }
  where(condition: Value, a: Operand, b: Operand): Value {
    return this.emit('SelectV2', [condition, ...this.#pair(a, b)])
  }

  matMul(a: Value, b: Value, transposeA = false, transposeB = false): Value {
    return a.shape.length === 2 && b.shape.length === 2
      ? this.emit('MatMul', [a, b], {
          transpose_a: { kind: 'bool', bool: transposeA },
          transpose_b: { kind: 'bool', bool: transposeB },
        })
      : this.emit('BatchMatMulV2', [a, b], {
          adj_x: { kind: 'bool', bool: transposeA },
          adj_y: { kind: 'bool', bool: transposeB },
        })
  }

  reshape(x: Value, shape: readonly number[]): Value {
    const known = sizeOf(shape.filter((length) => length !== -1))
    const whole = shape.map((length) => (length === -1 ? sizeOf(x.shape) / known : length))
    if (sizeOf(whole) !== sizeOf(x.shape)) throw new Error(`[${x.shape.join()}] cannot be [${whole.join()}]`)
    return equal(whole, x.shape) ? x : this.emit('Reshape', [x, this.ints(whole)])
  }
  transpose(x: Value, order: readonly number[]): Value {
    return order.every((axis, at) => axis === at) ? x : this.emit('Transpose', [x, this.ints(order)])
  }
  broadcastTo(x: Value, shape: readonly number[]): Value {
    return equal(x.shape, shape) ? x : this.emit('BroadcastTo', [x, this.ints(shape)])
  }
  concat(parts: Value[], axis: number): Value {
    return parts.length === 1 ? parts[0]! : this.emit('ConcatV2', [...parts, this.#int(axis)])
  }
  stack(parts: Value[], axis: number): Value {
    const { shape } = parts[0]!
    const wide = [...shape.slice(0, axis), 1, ...shape.slice(axis)]
    return this.concat(parts.map((part) => this.reshape(part, wide)), axis) // prettier-ignore
  }
  slice(x: Value, begin: readonly number[], size: readonly number[]): Value {
    const count = size.map((length, at) => (length === -1 ? x.shape[at]! - begin[at]! : length))
    return equal(count, x.shape) ? x : this.emit('Slice', [x, this.ints(begin), this.ints(count)])
  }
  split(x: Value, parts: number, axis: number): Value[] {
    const length = x.shape[axis]! / parts
    return Array.from({ length: parts }, (_, part) =>
      this.slice(x, x.shape.map((_length, at) => (at === axis ? part * length : 0)), x.shape.with(axis, length)),
    ) // prettier-ignore
  }
  pad(x: Value, border: readonly (readonly [number, number])[], value = 0): Value {
    if (border.every(([before, after]) => before === 0 && after === 0)) return x
    const sides = this.constant(Int32Array.from(border.flat()), [border.length, 2])
    return this.emit('PadV2', [x, sides, this.scalar(value, x.dtype)])
  }
  reverse(x: Value, axes: Axes): Value {
    return this.emit('ReverseV2', [x, this.ints([axes].flat())])
  }

  #reduced(kernel: string, x: Value, axes: Axes | undefined, keep: boolean): Value {
    const list = (axes === undefined ? x.shape.map((_, at) => at) : [axes].flat()).map((axis) =>
      axis < 0 ? axis + x.shape.length : axis,
    )
    if (list.length === 0) return x
    return this.emit(kernel, [x, this.ints(list)], { keep_dims: { kind: 'bool', bool: keep } })
  }
  sum(x: Value, axes?: Axes, keep = false): Value {
    return this.#reduced('Sum', x, axes, keep)
  }
  mean(x: Value, axes?: Axes, keep = false): Value {
    return this.#reduced('Mean', x, axes, keep)
  }
  max(x: Value, axes?: Axes, keep = false): Value {
    return this.#reduced('Max', x, axes, keep)
  }
  min(x: Value, axes?: Axes, keep = false): Value {
    return this.#reduced('Min', x, axes, keep)
  }
  all(x: Value): Value {
    return this.#reduced('All', x, undefined, false)
  }
  isFinite(x: Value): Value {
    return this.#unary('IsFinite', x)
  }
  argMax(x: Value, axis: number): Value {
    return this.emit('ArgMax', [x, this.#int(axis)], { output_type: { kind: 'type', type: 'int32' } })
  }
  argMin(x: Value, axis: number): Value {
    return this.emit('ArgMin', [x, this.#int(axis)], { output_type: { kind: 'type', type: 'int32' } })
  }
  cumsum(x: Value, axis: number, exclusive = false, reverse = false): Value {
    return this.emit('Cumsum', [x, this.#int(axis)], {
      exclusive: { kind: 'bool', bool: exclusive },
      reverse: { kind: 'bool', bool: reverse },
    })
  }
  softmax(x: Value): Value {
    const width = x.shape.at(-1)!
    return this.reshape(this.#unary('Softmax', this.reshape(x, [-1, width])), x.shape)
  }
  oneHot(index: Value, depth: number): Value {
    return this.emit('OneHot', [index, this.#int(depth), this.scalar(1), this.scalar(0)])
  }
  gather(table: Value, index: Value, axis = 0): Value {
    return this.emit('GatherV2', [table, index, this.#int(axis)])
  }
  unsortedSegmentSum(x: Value, index: Value, count: number): Value {
    return this.emit('UnsortedSegmentSum', [x, index, this.#int(count)])
  }

  conv2d(x: Value, kernel: Value, stride: number, padding: string): Value {
    return this.emit('Conv2D', [x, kernel], {
      strides: { kind: 'ints', ints: [1, stride, stride, 1] },
      padding: { kind: 'text', text: padding.toUpperCase() },
    })
  }
  conv2dTranspose(x: Value, kernel: Value, shape: readonly number[], stride: number, padding: string): Value {
    return this.emit('Conv2DBackpropInput', [this.ints(shape), kernel, x], {
      strides: { kind: 'ints', ints: [1, stride, stride, 1] },
      padding: { kind: 'text', text: padding.toUpperCase() },
    })
  }
  #pool(kernel: string, x: Value, size: number, stride: number, padding: string): Value {
    return this.emit(kernel, [x], {
      ksize: { kind: 'ints', ints: [1, size, size, 1] },
      strides: { kind: 'ints', ints: [1, stride, stride, 1] },
      padding: { kind: 'text', text: padding.toUpperCase() },
    })
  }
  avgPool(x: Value, size: number, stride: number, padding: string): Value {
    return this.#pool('AvgPool', x, size, stride, padding)
  }
  maxPool(x: Value, size: number, stride: number, padding: string): Value {
    return this.#pool('MaxPool', x, size, stride, padding)
  }

  tidy<T>(compute: () => T): T {
    return compute()
  }
  /** As in TensorFlow.js: what `formula` does inside takes no part in the gradient, its `gradFunc` does. */
  customGrad(formula: (...parts: (Tensor | Keep)[]) => WithGradient<Tensor>): (...inputs: Tensor[]) => Value {
    return (...given) => {
      const inputs = given as Value[]
      let kept: Tensor[] = []
      const { value, gradFunc } = formula(...inputs, (list) => (kept = list))
      return this.emit('Identity', [value as Value], {}, { inputs, gradient: (dy) => [gradFunc(dy, kept)].flat() as Value[] })
    }
  }

  /** Undoes broadcasting: the gradient of a shape that was stretched to that of `x`. */
  sumTo(x: Value, shape: readonly number[]): Value {
    if (equal(x.shape, shape)) return x
    if (!equal(broadcastShape(x.shape, shape), x.shape)) return this.broadcastTo(x, shape)
    const extra = x.shape.length - shape.length
    const axes = x.shape.flatMap((length, at) => (at < extra || (shape[at - extra] === 1 && length !== 1) ? [at] : []))
    return this.reshape(axes.length === 0 ? x : this.sum(x, axes), shape)
  }
}

const equal = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((length, at) => length === b[at])

/** The bits of numbers as text. */
const exact = (data: Float32Array | Int32Array): string => new Int32Array(data.buffer, data.byteOffset, data.length).join()
