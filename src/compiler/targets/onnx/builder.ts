import { asInteger, format, type Size } from '../../shapes/size.ts'
import type { Atom } from '../../shapes/polynomial.ts'
import {
  attributesOf,
  elementTypes,
  type Attributes,
  type ElementType,
  type NodeProto,
  type TensorProto,
  type ValueInfo,
} from './messages.ts'

/** A tensor that a network is given, with sizes that a picture decides. */
export interface OnnxInput {
  readonly name: string
  readonly type: ElementType
  readonly shape: readonly Size[]
}

/** A graph of ONNX as it grows. Equal nodes are made once. */
export class Builder {
  readonly nodes: NodeProto[] = []
  readonly #initialisers: TensorProto[] = []
  readonly #made = new Map<string, string>()
  readonly #names = new Set<string>()
  readonly #used = new Set<string>()
  /** What is being written: names say where they come from. */
  path = ''

  constructor(
    readonly given: readonly OnnxInput[],
    results: readonly string[],
    readonly decided: ReadonlyMap<string, Size> = new Map(),
  ) {
    for (const name of [...given.map((input) => input.name), ...results]) this.#names.add(name)
  }

  /** The inputs that something needs. */
  get inputs(): ValueInfo[] {
    return this.given.filter(({ name }) => this.#used.has(name)).map(valueInfo)
  }

  /** Those that something needs: numbers that only told sizes are not. */
  get initialisers(): TensorProto[] {
    const needed = new Set(this.nodes.flatMap(({ inputs }) => inputs))
    return this.#initialisers.filter(({ name }) => needed.has(name))
  }

  input(name: string): string {
    this.#used.add(name)
    return name
  }

  #fresh(wanted: string): string {
    const base = wanted || 'value'
    let name = base
    for (let count = 2; this.#names.has(name); count += 1) name = `${base}_${count}`
    this.#names.add(name)
    return name
  }

  node(operator: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const key = `${operator} ${inputs.join()} ${JSON.stringify(attributes)}`
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const name = this.#fresh(`${this.path}/${operator}`)
    this.nodes.push({ name, operator, inputs, outputs: [name], attributes: attributesOf(attributes) })
    this.#made.set(key, name)
    return name
  }

  /** A result under the name that it has outside. */
  output(value: string, name: string): void {
    this.nodes.push({ name, operator: 'Identity', inputs: [value], outputs: [name], attributes: [] })
  }

  initialiser(wanted: string, type: ElementType, dims: readonly number[], raw: Uint8Array): string {
    const name = this.#fresh(wanted)
    this.#initialisers.push({ dims, dataType: elementTypes[type], name, raw })
    return name
  }

  constant(type: ElementType, dims: readonly number[], data: readonly number[] | Float32Array | Int32Array): string {
    const raw = rawOf(type, data)
    const key = `= ${type} ${dims.join()} ${Buffer.from(raw).toString('base64')}`
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const made = this.initialiser(dims.length < 2 && data.length < 5 ? `${type}(${[...data].join()})` : `${this.path}/constant`, type, dims, raw) // prettier-ignore
    this.#made.set(key, made)
    return made
  }

  /** Whole numbers as shapes and axes are given: int64[n]. */
  ints(list: readonly number[]): string {
    return this.constant('int64', [list.length], list)
  }

  /** Sizes as one vector, int64[n]. */
  sizes(list: readonly Size[]): string {
    const numbers = list.map(asInteger)
    if (numbers.every((number) => number !== undefined)) return this.ints(numbers)
    const parts = list.map((size) => this.size(size))
    return parts.length === 1 ? parts[0]! : this.node('Concat', parts, { axis: 0 })
  }

  /** int64[1] */
  size(size: Size): string {
    const number = asInteger(size)
    if (number !== undefined) return this.ints([number])
    const before = this.path
    this.path = 'size'
    const [first, ...rest] = size.terms.map(({ coefficient, atoms }) => {
      const factors = atoms.map((atom) => this.#atom(atom))
      const product = factors.slice(1).reduce((all, factor) => this.node('Mul', [all, factor]), factors[0] ?? this.ints([1]))
      return coefficient === 1 ? product : this.node('Mul', [product, this.ints([coefficient])])
    })
    const sum = rest.reduce((all, term) => this.node('Add', [all, term]), first!)
    this.path = before
    return sum
  }

  #atom(atom: Atom): string {
    switch (atom.kind) {
      case 'symbol':
        return this.#symbol(atom.name)
      case 'quotient':
        return this.node('Div', [this.#symbol(atom.name), this.ints([atom.by])])
      case 'floor': {
        // Div cuts towards zero, sizes that are divided are not negative.
        return this.node('Div', [this.size(atom.of), this.ints([atom.by])])
      }
      default:
        return this.node(atom.kind === 'min' ? 'Min' : 'Max', [this.size(atom.left), this.size(atom.right)])
    }
  }

  #symbol(name: string): string {
    const decided = this.decided.get(name)
    if (decided) return this.size(decided)
    for (const input of this.given) {
      const axis = input.shape.findIndex((size) => size.key === name)
      if (axis >= 0) return this.node('Gather', [this.node('Shape', [this.input(input.name)]), this.ints([axis])])
    }
    throw new Error(`no input has ${name} as a length of its own`)
  }
}

export const valueInfo = ({ name, type, shape }: OnnxInput): ValueInfo => ({
  name,
  type: {
    tensor: {
      element: elementTypes[type],
      shape: {
        dimensions: shape.map((size) => {
          const value = asInteger(size)
          return value === undefined ? { parameter: format(size) } : { value }
        }),
      },
    },
  },
})

function rawOf(type: ElementType, data: readonly number[] | Float32Array | Int32Array): Uint8Array {
  const numbers =
    type === 'int64'
      ? BigInt64Array.from([...data].map(BigInt))
      : type === 'int32'
        ? Int32Array.from(data)
        : type === 'bool'
          ? Uint8Array.from(data)
          : type === 'float64'
            ? Float64Array.from(data)
            : Float32Array.from(data)
  return new Uint8Array(numbers.buffer)
}
