import { fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import type { Graph, GraphInput, Node, Plain, TensorType, Weight } from '../../ir/graph.ts'
import { filled } from '../../ops/source.ts'
import type { Emission, Primitive, PrimitiveCall, TensorValue } from '../../ops/op.ts'
import { compare, constant, key, mostExact, mul, notExact, symbols, type Size } from '../../shapes/size.ts'
import { Recorder, tensorsOf, type Recording } from './recording.ts'
import type { Value } from '../values/values.ts'
import { mostSteps, TooMany } from '../attempt.ts'

/** What `check` of a picture's size the model asks for, found while shapes were proved. */
export interface BoundaryCheck {
  readonly size: Size
  readonly least: number
  readonly problem: string
  readonly span: Span
}

/** A call of a primitive, ready to be made wherever its inputs have the same types. */
export interface Prepared {
  readonly primitive: Primitive
  readonly attributes: Readonly<Record<string, Plain>>
  readonly sizes: Readonly<Record<string, readonly Size[]>>
  /** Absent for what acts at random: equal calls are not merged. */
  readonly identity: string | undefined
  /** Of its results, once they are known. */
  types?: readonly TensorType[]
}

interface Begun {
  readonly key: string
  readonly values: number
  readonly lets: number
}

/** Everything that the first call of a model left in the builder. */
export interface Opening {
  readonly value: Value
  readonly values: readonly TensorType[]
  readonly nodes: readonly Node[]
  readonly weights: ReadonlyMap<string, Weight>
  readonly weightSpans: ReadonlyMap<string, Span>
  readonly known: ReadonlyMap<string, readonly TensorValue[]>
  readonly fills: ReadonlyMap<number, number>
  readonly parts: ReadonlyMap<number, { axis: number; parts: readonly Part[] }>
  readonly lets: readonly (readonly [string, number])[]
  readonly checks: readonly BoundaryCheck[]
}

/** One of the tensors that were joined: how much it adds, and where it is written. */
export interface Part {
  readonly size: Size
  readonly span: Span
}

/**
 * Grows the graph. Equal calls are merged (not those that act at random), and arithmetic with the constants 0 and 1 is
 * folded, so that an ablation by `(_) => 0` leaves nothing behind.
 */
export class Builder {
  readonly #values: TensorType[] = []
  readonly #nodes: Node[] = []
  readonly #inputs: GraphInput[] = []
  readonly #weights = new Map<string, Weight>()
  #steps = 0
  /** How many numbers they have. */
  #numbers = 0
  readonly #known = new Map<string, readonly TensorValue[]>()
  readonly #fills = new Map<number, number>()
  readonly #weightSpans = new Map<string, Span>()
  readonly #parts = new Map<number, { axis: number; parts: readonly Part[] }>()
  readonly #lets = new Map<string, number>()
  /** Of the module calls that are being recorded, outermost first; undefined while one is played. */
  readonly #recorders: (Recorder | undefined)[] = []
  /** Whether a slot is called that nothing trains. */
  #isFrozen = false
  readonly checks: BoundaryCheck[] = []
  /** Which input binds each symbol first. */
  readonly origins = new Map<string, { readonly input: string; readonly span: Span }>()

  input(name: string, type: TensorType, span?: Span): TensorValue {
    const value = this.#value(type)
    if (span)
      for (const size of type.shape.flatMap(symbols)) if (!this.origins.has(size)) this.origins.set(size, { input: name, span })
    this.#inputs.push({ name, value: value.id })
    return value
  }

  /** The graph input of a name, if there is one already. */
  inputNamed(name: string): TensorValue | undefined {
    const input = this.#inputs.find((candidate) => candidate.name === name)
    return input && { kind: 'tensor', id: input.value, ...this.#values[input.value]! }
  }

  /** Gives a value a path, for `--inspect` and figures. */
  name(path: string, value: TensorValue): void {
    this.#lets.set(path, value.id)
    this.#recorder?.name(path, value)
  }

  /** Declares a weight of the call at `span`. One call has it again only where a slot is used more than once. */
  weight(weight: Weight, span: Span): string {
    const { path, shape } = weight
    const known = this.#weights.get(path)
    if (!known) this.#count(weight)
    const owner = this.#weightSpans.get(path)
    if (known && owner && (owner.file !== span.file || owner.start !== span.start))
      fail('duplicate-name', { name: path, what: 'the path of a weight' }, span, {
        related: [{ span: owner, label: 'of this call' }],
        help: 'give one of the two statements another name',
      })
    if (known && known.shape.join() !== shape.join())
      fail(
        'shape-mismatch',
        { problem: `${path} is [${known.shape.join(', ')}] where its slot is used first, and [${shape.join(', ')}] here` },
        span,
      )
    this.#weights.set(path, this.#isFrozen ? { ...weight, trainable: false, frozen: true } : weight)
    this.#weightSpans.set(path, span)
    this.#recorder?.weight(weight, span)
    return path
  }

  /** How many numbers all weights have is a count that is shown, and an exact one. */
  #count({ path, shape }: Weight): void {
    const own = shape.reduce((product, length) => product * length, 1)
    if (own > mostExact) throw notExact(`the number of values in ${path}`)
    if (this.#numbers + own > mostExact) throw notExact('the number of all learned values')
    this.#numbers += own
  }

  /** One thing more is done. @throws TooMany */
  step(count = 1): void {
    this.#steps += count
    if (this.#steps > mostSteps) throw new TooMany()
  }

  /** Notes a condition on a picture's size; the same condition is noted once. */
  check(check: BoundaryCheck): void {
    this.#recorder?.check(check)
    if (!this.checks.some((other) => other.least === check.least && compare(other.size, check.size) === 'equal'))
      this.checks.push(check)
  }

  /** Remembers what the axis of a joined tensor is made of, for messages. */
  joined(value: TensorValue, axis: number, parts: readonly Part[]): void {
    this.#parts.set(value.id, { axis, parts })
    this.#recorder?.joined(value, axis, parts)
  }

  partsOf(value: TensorValue, axis: number | undefined): readonly Part[] {
    const known = this.#parts.get(value.id)
    return known && known.axis === axis ? known.parts : []
  }

  fill(value: number, shape: readonly Size[], path: string, span: Span): TensorValue {
    return this.emit(filled, [], { attributes: { value }, sizes: { shape } }, path, span)[0]!
  }

  /** The number that a value is everywhere, if it is one. */
  constantOf(value: TensorValue): number | undefined {
    return this.#fills.get(value.id)
  }

  emit(primitive: Primitive, inputs: readonly TensorValue[], emission: Emission, path: string, span: Span): TensorValue[] {
    const { attributes = {}, sizes = {}, weights = [] } = emission
    const prepared = { primitive, attributes, sizes, identity: primitive.random ? undefined : identityOf(attributes, sizes) }
    const made = this.perform(prepared, inputs, weights, path, span)
    const recorder = this.#recorder
    if (!recorder) return made
    const results = made.map((value) => ({ ...value }))
    recorder.emission(prepared, inputs, weights, path, span, results)
    return results
  }

  /** Emits a call that was made before, with other values of the same types. */
  perform(
    prepared: Prepared,
    inputs: readonly TensorValue[],
    weights: readonly string[],
    path: string,
    span: Span,
  ): TensorValue[] {
    this.step()
    const { primitive, attributes, sizes } = prepared
    const folded = this.#fold(prepared, inputs, path, span)
    if (folded) return [folded]
    const identity =
      prepared.identity === undefined
        ? undefined
        : `${primitive.name}(${inputs.map((input) => input.id).join(',')})${prepared.identity}[${weights.join(',')}]`
    const known = identity === undefined ? undefined : this.#known.get(identity)
    if (known) return [...known]
    if (!prepared.types) {
      const call = { inputs, weights: weights.map((name) => this.#weights.get(name)!), attributes, sizes }
      prepared.types = primitive.results(call)
      requireCountable(primitive, call, prepared.types)
    }
    const results = prepared.types.map((type) => this.#value(type))
    this.#nodes.push({
      op: primitive.name,
      inputs: inputs.map((input) => input.id),
      weights,
      attributes,
      sizes,
      results: results.map((result) => result.id),
      path,
      span,
      ...(this.#isFrozen && { frozen: true as const }),
    })
    if (identity !== undefined) this.#known.set(identity, results)
    if (primitive === filled) this.#fills.set(results[0]!.id, attributes['value'] as number)
    return results
  }

  /**
   * What a module's body makes of `inputs`, with a recording where an equal call can use one. The body is given objects of
   * its own: what is one value by chance in this call need not be in another.
   */
  record(
    path: string,
    inputs: readonly TensorValue[],
    run: (inputs: readonly TensorValue[]) => Value,
  ): { readonly value: Value; readonly recording: Recording | undefined } {
    const begun = this.#begin(path, inputs)
    const own = inputs.map((value) => ({ ...value }))
    const recorder = new Recorder(path, own)
    this.#recorders.push(recorder)
    let value: Value
    try {
      value = run(own)
    } finally {
      this.#recorders.pop()
    }
    const recording = recorder.finish(value)
    if (recording && begun) recording.openings.set(begun.key, this.#opening(begun, value))
    return { value: recording ? this.#called(recording, path, inputs, value) : value, recording }
  }

  /** What was recorded, again. */
  replay(recording: Recording, path: string, inputs: readonly TensorValue[]): Value {
    const begun = this.#begin(path, inputs)
    const opening = begun && recording.openings.get(begun.key)
    if (opening) return this.#open(opening)
    this.#recorders.push(undefined)
    let value: Value
    try {
      value = recording.play(this, path, inputs)
    } finally {
      this.#recorders.pop()
    }
    if (begun) recording.openings.set(begun.key, this.#opening(begun, value))
    return this.#called(recording, path, inputs, value)
  }

  /** What `run` makes is trained by nothing. */
  frozen<T>(run: () => T): T {
    const before = this.#isFrozen
    this.#isFrozen = true
    try {
      return run()
    } finally {
      this.#isFrozen = before
    }
  }

  graph(): Graph {
    return {
      inputs: [...this.#inputs],
      weights: [...this.#weights.values()],
      nodes: [...this.#nodes],
      values: [...this.#values],
      outputs: [],
      lets: new Map(this.#lets),
    }
  }

  /** Of the module call that is being elaborated; none while one is played. */
  get #recorder(): Recorder | undefined {
    return this.#recorders.at(-1)
  }

  /** Where a call begins that is the first of its model: everything that it will have done is its own. */
  #begin(path: string, inputs: readonly TensorValue[]): Begun | undefined {
    const isFirst = this.#nodes.length === 0 && this.#weights.size === 0 && this.checks.length === 0
    if (!isFirst || this.#recorders.length > 0) return undefined
    const { length } = this.#values
    return {
      key: `${this.#isFrozen ? 'frozen ' : ''}${path}|${length}|${inputs.map(({ id }) => id).join()}`,
      values: length,
      lets: this.#lets.size,
    }
  }

  #opening({ values, lets }: Begun, value: Value): Opening {
    return {
      value,
      values: this.#values.slice(values),
      nodes: [...this.#nodes],
      weights: new Map(this.#weights),
      weightSpans: new Map(this.#weightSpans),
      known: new Map(this.#known),
      fills: new Map(this.#fills),
      parts: new Map(this.#parts),
      lets: [...this.#lets].slice(lets),
      checks: [...this.checks],
    }
  }

  #open(opening: Opening): Value {
    for (const type of opening.values) this.#values.push(type)
    this.step(opening.nodes.length)
    for (const node of opening.nodes) this.#nodes.push(node)
    for (const weight of opening.weights.values()) this.#count(weight)
    const maps = [
      [this.#weights, opening.weights],
      [this.#weightSpans, opening.weightSpans],
      [this.#known, opening.known],
      [this.#fills, opening.fills],
      [this.#parts, opening.parts],
      [this.#lets, opening.lets],
    ] as const
    for (const [own, given] of maps) for (const [key, value] of given) (own as Map<unknown, unknown>).set(key, value)
    opening.checks.forEach((check) => this.check(check))
    return opening.value
  }

  #called(recording: Recording, path: string, inputs: readonly TensorValue[], value: Value): Value {
    const recorder = this.#recorder
    if (!recorder) return value
    const own = copied(value)
    recorder.call(recording, path, inputs, tensorsOf(own))
    return own
  }

  #value(type: TensorType): TensorValue {
    this.#values.push({ shape: type.shape, dtype: type.dtype })
    return { kind: 'tensor', id: this.#values.length - 1, shape: type.shape, dtype: type.dtype }
  }

  #fold(
    { primitive, attributes, sizes }: Prepared,
    inputs: readonly TensorValue[],
    path: string,
    span: Span,
  ): TensorValue | undefined {
    const call = { inputs, weights: [], attributes, sizes }
    const folded = primitive.folds(
      call,
      inputs.map((input) => this.constantOf(input)),
    )
    if (!folded) return undefined
    const { shape } = primitive.results(call)[0]!
    if ('filled' in folded) return this.fill(folded.filled, shape, path, span)
    const same = inputs[folded.same]!
    const isWhole = shape.length === same.shape.length && shape.every((size, at) => compare(size, same.shape[at]!) === 'equal')
    return isWhole ? same : undefined
  }
}

/** As large as any coefficient in the product of sizes. */
const coefficientOf = (shape: readonly Size[]): number =>
  shape.reduce((product, { terms }) => product * terms.reduce((sum, { coefficient }) => sum + Math.abs(coefficient), 0), 1)

/** Products that come near the end of exact integers; below it nothing need be multiplied out. */
const nearTheEnd = 1e12

/** What is counted of a call later (elements, multiplications, what it leaves inside) is computed once here: it throws where it is too much. */
function requireCountable(primitive: Primitive, call: PrimitiveCall, types: readonly TensorType[]): void {
  const values = [...call.inputs, ...types].map(({ shape }) => coefficientOf(shape))
  const weights = call.weights.map(({ shape }) => shape.reduce((product, length) => product * length, 1))
  if ([...values, ...weights].reduce((product, each) => product * each, 1) < nearTheEnd) return
  for (const { shape } of types) shape.reduce(mul, constant(4))
  primitive.multiplyAdds(call)
  primitive.scratch(call)
}

/** What a call is, beside its primitive, its inputs and its weights. */
const identityOf = (attributes: Prepared['attributes'], sizes: Prepared['sizes']): string => {
  const written = Object.entries(sizes).map(([label, list]) => `${label}=${list.map(key).join(',')}`)
  return `${JSON.stringify(attributes)}{${written.join(';')}}`
}

/** The same values as other objects. */
const copied = (value: Value): Value =>
  value.kind === 'several'
    ? { kind: 'several', items: value.items.map((item) => ({ ...item, value: { ...item.value } })) }
    : { ...value }
