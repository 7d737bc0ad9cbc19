import { UserError } from '../../../errors.ts'
import type { Graph, Node } from '../../ir/graph.ts'
import { Trace } from '../../kernels/trace.ts'
import type { Value } from '../../kernels/value.ts'
import type { Backend, Tensor } from '../../ops/backend.ts'
import { primitiveNamed } from '../../ops/registry.ts'
import { evaluate, symbol, symbols, type Size } from '../../shapes/size.ts'
import { Builder, valueInfo, type OnnxInput } from './builder.ts'
import { elementTypes, onnxModel } from './messages.ts'
import { lowerings } from './operators.ts'
import { ownOperator } from './own.ts'
import { Sizes, type Environment } from './sizes.ts'

/** What becomes of the graph's inputs and outputs: formulas around it, with sizes that a picture decides. */
export interface Around {
  readonly inputs: readonly OnnxInput[]
  /** The graph's inputs by name, of what is given; those that are not named are given as they are. */
  before(tf: Backend, sizes: (size: Size) => number): Record<string, Tensor>
  after(tf: Backend, output: Tensor, sizes: (size: Size) => number): Tensor
  /** Symbols of the graph that are no free sizes then. */
  readonly decided: ReadonlyMap<string, Size>
  /** Sizes that the formulas compute with, and what comes of it. */
  readonly sizes: readonly Size[]
  readonly shape: readonly Size[]
}

export interface OnnxGraph {
  readonly name: string
  readonly graph: Graph
  readonly weights: ReadonlyMap<string, Float32Array>
  readonly around?: Around
  readonly producerVersion: string
  readonly metadata: Readonly<Record<string, string>>
}

/** Opset and intermediate representation: those of ONNX 1.13. */
const [opset, irVersion] = [18, 8]

/** Lengths that formulas are traced with, one of each symbol a trace: none tells another's, nor is a multiple of what networks divide by. */
const long = {
  B: [3, 5, 7, 3, 11],
  others: [
    [61, 71, 97, 79, 67],
    [83, 59, 67, 101, 89],
    [1013, 1511, 1721, 2003, 1217],
    [401, 467, 613, 353, 719],
    [43, 107, 73, 53, 127],
    [113, 47, 131, 89, 61],
  ],
}
/** Lengths by which all positions of an enlarged picture are fewer than what formulas do at once. */
const short = {
  B: [3, 5, 2, 7, 3],
  others: [
    [13, 17, 11, 19, 23],
    [19, 11, 13, 23, 17],
    [211, 223, 227, 251, 269],
    [101, 107, 131, 137, 149],
    [29, 13, 23, 11, 31],
    [17, 31, 19, 29, 13],
  ],
}

function environmentsOf({ graph, around }: OnnxGraph, { B, others }: typeof long): Environment[] {
  const sizes = [...graph.values.flatMap(({ shape }) => shape), ...(around?.inputs.flatMap(({ shape }) => shape) ?? [])]
  const names = [...new Set(['h', 'w', 'q', ...sizes.flatMap(symbols)])].filter((name) => name !== 'B')
  if (names.length > others.length) throw new UserError(`${names.join(', ')}: too many sizes that are free`)
  return B.map((batch, k) => {
    const free = { B: batch, ...Object.fromEntries(names.map((name, at) => [name, others[at]![k]!])) }
    const decided = [...(around?.decided ?? [])].map(([name, size]) => [name, evaluate(size, free)] as const)
    return { ...free, ...Object.fromEntries(decided) }
  })
}

/**
 * A graph as a model of ONNX, opset 18, with sizes that a picture decides: weights inside, NHWC as in the text.
 * @throws UserError where something has no counterpart, with the place in the network
 */
export function writeOnnx(part: OnnxGraph): Uint8Array {
  try {
    return new Writer(part, environmentsOf(part, long)).bytes()
  } catch (error) {
    if (!(error instanceof Differs)) throw error
    return new Writer(part, environmentsOf(part, short)).bytes()
  }
}

/** A formula does something else at other lengths. */
class Differs extends UserError {}

class Writer {
  readonly #builder: Builder
  readonly #sizes: Sizes
  readonly #traces: readonly Trace[]
  readonly #names = new Map<string, string>()

  constructor(
    readonly part: OnnxGraph,
    readonly environments: readonly Environment[],
  ) {
    const { graph, around } = part
    const inputs = graph.inputs.map(({ name, value }): OnnxInput => {
      const { shape, dtype } = graph.values[value]!
      return { name, shape, type: dtype === 'i32' ? 'int32' : 'float32' }
    })
    this.#builder = new Builder(
      around ? around.inputs : inputs,
      graph.outputs.map(({ name }) => name),
      around?.decided,
    )
    this.#sizes = new Sizes(environments)
    this.#traces = environments.map(() => new Trace())
  }

  bytes(): Uint8Array {
    const { graph, around } = this.part
    const builder = this.#builder
    const values = new Map<number, readonly Value[]>()
    const before = around && this.#formula('coordinates', [...around.sizes, ...this.#free()], (trace, sizes) => around.before(trace, sizes)) // prettier-ignore
    for (const { name, value } of graph.inputs) {
      const made = before?.[name]
      if (made) values.set(value, made)
      else {
        const { shape, dtype } = graph.values[value]!
        values.set(value, this.#placeholders(name, shape, dtype === 'i32' ? 'int32' : 'float32'))
      }
    }
    for (const node of graph.nodes) this.#node(node, values)
    const outputs = graph.outputs.map(({ name, value }) => {
      const made = values.get(value)!
      if (!around) {
        builder.output(this.#lowered(made), name)
        return valueInfo({ name, type: graph.values[value]!.dtype === 'i32' ? 'int32' : 'float32', shape: graph.values[value]!.shape }) // prettier-ignore
      }
      const { whole } = this.#formula('whole', [...around.shape, ...this.#free()], (trace, sizes, k) => ({ whole: around.after(trace, made[k]!, sizes) })) // prettier-ignore
      builder.output(this.#lowered(whole!), name)
      return valueInfo({ name, type: 'float32', shape: around.shape })
    })
    return onnxModel.encode({
      irVersion,
      producer: 'archc',
      producerVersion: this.part.producerVersion,
      graph: {
        nodes: builder.nodes,
        name: this.part.name,
        initialisers: builder.initialisers,
        inputs: builder.inputs,
        outputs,
      },
      operatorSets: [{ domain: '', version: opset }],
      metadata: Object.entries(this.part.metadata).map(([key, value]) => ({ key, value })),
    })
  }

  /** Sizes that inputs have by themselves. */
  #free(): Size[] {
    return [...new Set(this.#builder.given.flatMap(({ shape }) => shape.flatMap(symbols)))].map(symbol)
  }

  #placeholders(name: string, shape: readonly Size[], dtype: 'float32' | 'int32'): Value[] {
    return this.#traces.map((trace, k) =>
      trace.placeholder(
        name,
        shape.map((size) => evaluate(size, this.environments[k]!)),
        dtype,
      ),
    )
  }

  /** What formulas make at each of the environments, written. */
  #formula(
    path: string,
    pool: readonly Size[],
    compute: (trace: Trace, sizes: (size: Size) => number, k: number) => Record<string, Tensor>,
  ): Record<string, readonly Value[]> {
    this.#builder.path = path
    this.#sizes.among(pool)
    const made = this.#traces.map(
      (trace, k) => compute(trace, (size) => evaluate(size, this.environments[k]!), k) as Record<string, Value>,
    )
    return Object.fromEntries(
      Object.keys(made[0]!).map((name) => {
        const all = made.map((each) => each[name]!)
        this.#lowered(all)
        return [name, all] as const
      }),
    )
  }

  #node(node: Node, values: Map<number, readonly Value[]>): void {
    const { graph } = this.part
    const builder = this.#builder
    builder.path = node.path || node.op
    const around = [...node.inputs, ...node.results].flatMap((value) => graph.values[value]!.shape)
    this.#sizes.among([...around, ...Object.values(node.sizes).flat(), ...around.flatMap(symbols).map(symbol)])
    const shapes = new Map(graph.weights.map(({ path, shape }) => [path, shape]))
    const own = ownOperator(node, graph)
    const made = this.#traces.map((trace, k) => {
      const inputs = node.inputs.map((value) => values.get(value)![k]!)
      if (own) return [trace.placeholder(`= ${node.results[0]}`, own.shape.map((size) => evaluate(size, this.environments[k]!)))] // prettier-ignore
      return primitiveNamed(node.op).compute(
        trace,
        inputs,
        node.weights.map((path) => trace.variable(path, shapes.get(path)!)),
        {
          attributes: node.attributes,
          sizes: Object.fromEntries(
            Object.entries(node.sizes).map(([key, list]) => [key, list.map((size) => evaluate(size, this.environments[k]!))]),
          ),
          training: false,
          draw: () => {
            throw new Error(`${node.path} acts at random`)
          },
        },
      ) as Value[]
    })
    node.results.forEach((result, at) => {
      const all = made.map((results) => results[at]!)
      if (own) {
        const inputs = node.inputs.map((value) => this.#lowered(values.get(value)!))
        const weight = (place: number, order?: readonly number[]): string => this.#weight(node.weights[place]!, shapes.get(node.weights[place]!)!, order) // prettier-ignore
        this.#names.set(keyOf(all), own.write(builder, inputs, weight))
      }
      values.set(result, all)
      this.#lowered(all)
    })
  }

  /** What the same value at each of the environments is in ONNX. */
  #lowered(all: readonly Value[]): string {
    const key = keyOf(all)
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const made = this.#make(all)
    this.#names.set(key, made)
    return made
  }

  #make(all: readonly Value[]): string {
    const [value] = all as readonly [Value, ...Value[]]
    const builder = this.#builder
    if (all.some((each) => each.kernel !== value.kernel || each.inputs.length !== value.inputs.length))
      throw new Differs(`${builder.path} computes otherwise at other sizes, and ONNX cannot be told when`)
    if (value.kernel === 'Placeholder') return builder.input(value.name!)
    if (value.kernel === 'ReadVariableOp') return this.#weight(value.name!, value.shape)
    if (value.kernel === 'Const') return this.#constant(all)
    const lowering = lowerings[value.kernel]
    if (!lowering) throw new UserError(`${builder.path}: ${value.kernel} has no counterpart in ONNX`)
    const inputs = (at: number): readonly Value[] => all.map((each) => each.inputs[at]!)
    const sizes = (at: number): readonly Size[] => {
      const data = inputs(at).map((each) => [...each.data!])
      return data[0]!.map((_, place) => {
        const found = this.#sizes.find(data.map((list) => list[place]!))
        if (!found)
          throw new UserError(
            `${builder.path}: a length that is ${data.map((list) => list[place]).join(', ')} at ${JSON.stringify(this.environments)} is not found again as a size`,
          )
        return found
      })
    }
    return lowering({
      builder,
      value,
      input: (at) => this.#lowered(inputs(at)),
      sizes,
      ints(at) {
        return inputs(at)[0]!.data ? [...inputs(at)[0]!.data!] : []
      },
    })
  }

  /** A weight as it is, or with its axes in another order. */
  #weight(path: string, shape: readonly number[], order?: readonly number[]): string {
    const key = `${path} ${order?.join() ?? ''}`
    const known = this.#names.get(key)
    if (known !== undefined) return known
    const data = this.part.weights.get(path)
    if (!data) throw new Error(`no weight is called ${path}`)
    const dims = order ? order.map((axis) => shape[axis]!) : shape
    const values = order ? transposed(data, shape, order) : data
    const name = this.#builder.initialiser(path, 'float32', dims, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)) // prettier-ignore
    this.#names.set(key, name)
    return name
  }

  /** Numbers that are the same for every picture, that count, or that are sizes. */
  #constant(all: readonly Value[]): string {
    const builder = this.#builder
    const [{ data, shape, dtype }] = all as unknown as readonly [{ data: Float32Array | Int32Array; shape: number[]; dtype: 'float32' | 'int32' }] // prettier-ignore
    const lists = all.map((each) => each.data!)
    const isSame = lists.every((list) => list.length === data.length && list.every((number, at) => number === data[at]))
    if (isSame) return builder.constant(dtype, shape, data)
    if (lists.every((list) => list.length === data.length)) {
      const parts = [...data].map((_, at) =>
        this.#number(
          lists.map((list) => list[at]!),
          dtype,
        ),
      )
      if (parts.every((part) => part !== undefined)) {
        const together = parts.length === 1 ? parts[0]! : builder.node('Concat', parts, { axis: 0 })
        return shape.length === 1 ? together : builder.node('Reshape', [together, builder.ints(shape)])
      }
    }
    const count = this.#sizes.find(lists.map((list) => list.length))
    const step = data[1]! - data[0]!
    if (count && shape.length === 1 && lists.every((list) => list.every((number, at) => number === data[0]! + step * at))) {
      const scalar = (name: string): string => builder.node('Squeeze', [name, builder.ints([0])])
      const index = builder.node('Range', [builder.constant('int64', [], [0]), scalar(builder.size(count)), builder.constant('int64', [], [1])]) // prettier-ignore
      const counted = builder.node('Cast', [index], { to: dtype === 'float32' ? 1 : 6 })
      const scaled = step === 1 ? counted : builder.node('Mul', [counted, builder.constant(dtype, [], [step])])
      return data[0] === 0 ? scaled : builder.node('Add', [scaled, builder.constant(dtype, [], [data[0]!])])
    }
    throw new UserError(
      `${builder.path}: ONNX cannot be told numbers that depend on the picture's size as these do`,
      'the SavedModel has them at sizes that are given: --target savedmodel',
    )
  }

  /** One number a picture, as a vector of one: a size, or something over it. */
  #number(values: readonly number[], dtype: 'float32' | 'int32'): string | undefined {
    const builder = this.#builder
    const size = this.#sizes.find(values)
    if (size) return builder.node('Cast', [builder.size(size)], { to: elementTypes[dtype] })
    const ratio = dtype === 'float32' ? this.#sizes.findRatio(values) : undefined
    if (!ratio) return undefined
    const number = (value: number): string => builder.constant('float64', [1], [value])
    const exact = (of: Size): string => builder.node('Cast', [builder.size(of)], { to: elementTypes.float64 })
    const over = builder.node('Div', [ratio.over ? exact(ratio.over) : number(ratio.factor), exact(ratio.under)])
    const sum = ratio.plus === 0 ? over : builder.node('Add', [over, number(ratio.plus)])
    return builder.node('Cast', [sum], { to: elementTypes.float32 })
  }
}

const keyOf = (all: readonly Value[]): string => all.map(({ id }) => id).join()

/** Values [shape] with their axes in `order`. */
function transposed(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1))
  // Where each value of the result stands: axis by axis, the last one fastest.
  const places = order.reduce<readonly number[]>(
    (all, axis) => all.flatMap((place) => Array.from({ length: shape[axis]! }, (_, at) => place + at * strides[axis]!)),
    [0],
  )
  return Float32Array.from(places, (place) => values[place]!)
}
