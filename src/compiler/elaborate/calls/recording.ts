import type { Span } from '../../diagnostics/diagnostic.ts'
import type { Weight } from '../../ir/graph.ts'
import { join } from '../values/scope.ts'
import type { TensorValue } from '../../ops/op.ts'
import { key } from '../../shapes/size.ts'
import { mentioned } from '../../syntax/tree.ts'
import type { BoundaryCheck, Builder, Opening, Part, Prepared } from './builder.ts'
import type { Value } from '../values/values.ts'

/**
 * What a module's body did to the builder, to be done again for an equal call (the same parameters, inputs of the same types)
 * at another path and in other models: a network of thirty blocks reads the text of one.
 */
export interface Recording {
  /** How many calls deep it goes. */
  readonly depth: number
  play(builder: Builder, path: string, inputs: readonly TensorValue[]): Value
  /** What it left behind as the first call of a model, by where that was: variants of a model mostly begin alike. */
  readonly openings: Map<string, Opening>
}

/** Recordings by module and by what it was called with. */
export type Memory = Map<object, Map<string, Recording>>

type Step = (builder: Builder, path: string, values: TensorValue[]) => void

/** Writes a recording. Values are told apart by object, not by id: two that are one here need not be in another call. */
export class Recorder {
  readonly #steps: Step[] = []
  readonly #places = new Map<TensorValue, number>()
  #depth = 1
  #isWhole = true

  constructor(
    readonly path: string,
    inputs: readonly TensorValue[],
  ) {
    inputs.forEach((input) => this.#made(input))
  }

  emission(
    prepared: Prepared,
    inputs: readonly TensorValue[],
    weights: readonly string[],
    path: string,
    span: Span,
    results: readonly TensorValue[],
  ): void {
    const [from, below, own] = [inputs.map(this.#place), this.#below(path), weights.map(this.#below)]
    this.#steps.push((builder, at, values) => {
      const given = from.map((place) => values[place]!)
      values.push(
        ...builder.perform(
          prepared,
          given,
          own.map((name) => join(at, name)),
          join(at, below),
          span,
        ),
      )
    })
    results.forEach((result) => this.#made(result))
  }

  call(recording: Recording, path: string, inputs: readonly TensorValue[], results: readonly TensorValue[]): void {
    const [from, below] = [inputs.map(this.#place), this.#below(path)]
    this.#depth = Math.max(this.#depth, recording.depth + 1)
    this.#steps.push((builder, at, values) => {
      values.push(
        ...tensorsOf(
          recording.play(
            builder,
            join(at, below),
            from.map((place) => values[place]!),
          ),
        ),
      )
    })
    results.forEach((result) => this.#made(result))
  }

  weight(weight: Weight, span: Span): void {
    const below = this.#below(weight.path)
    this.#steps.push((builder, at) => void builder.weight({ ...weight, path: join(at, below) }, span))
  }

  name(path: string, value: TensorValue): void {
    const [below, from] = [this.#below(path), this.#place(value)]
    this.#steps.push((builder, at, values) => builder.name(join(at, below), values[from]!))
  }

  check(check: BoundaryCheck): void {
    this.#steps.push((builder) => builder.check(check))
  }

  joined(value: TensorValue, axis: number, parts: readonly Part[]): void {
    const from = this.#place(value)
    this.#steps.push((builder, _, values) => builder.joined(values[from]!, axis, parts))
  }

  /** Nothing where a value came from elsewhere. */
  finish(result: Value): Recording | undefined {
    const names = result.kind === 'several' ? result.items.map(({ name }) => name) : undefined
    const from = tensorsOf(result).map(this.#place)
    if (!this.#isWhole || from.length === 0) return undefined
    const steps = this.#steps
    return {
      depth: this.#depth,
      openings: new Map(),
      play(builder, path, inputs) {
        builder.step()
        const values = [...inputs]
        for (const step of steps) step(builder, path, values)
        const made = from.map((place) => values[place]!)
        return names
          ? { kind: 'several', items: made.map((value, at) => ({ ...(names[at] !== undefined && { name: names[at] }), value })) }
          : made[0]!
      },
    }
  }

  #made(value: TensorValue): void {
    this.#places.set(value, this.#places.size)
  }

  readonly #place = (value: TensorValue): number => {
    const place = this.#places.get(value)
    if (place === undefined) this.#isWhole = false
    return place ?? 0
  }

  readonly #below = (path: string): string => (this.path === '' ? path : path.slice(this.path.length + 1))
}

/** The tensors of a module's result. */
export const tensorsOf = (value: Value): readonly TensorValue[] =>
  value.kind === 'tensor' ? [value] : value.kind === 'several' ? value.items.map((item) => item.value) : []

/** What a call of a module depends on. */
export const callIdentity = (parameters: ReadonlyMap<string, Value>, inputs: readonly Value[]): string =>
  `${[...parameters.values()].map(identity).join(';')}|${inputs.map(identity).join()}`

function identity(value: Value): string {
  switch (value.kind) {
    case 'number':
      return value.exact ? value.exact.join('/') : String(value.value)
    case 'size':
      return `size ${key(value.size)}`
    case 'boolean':
      return String(value.value)
    case 'text':
      return JSON.stringify(value.text)
    case 'initialiser':
      return JSON.stringify(value.initialiser)
    case 'list':
      // Lists of lists may be one list many times: written out they would have no end.
      return value.items.some(({ kind }) => kind === 'list') ? `list ${numberOf(value)}` : `[${value.items.map(identity).join()}]`
    case 'tensor':
      return `${value.dtype}[${value.shape.map(key).join()}]`
    case 'several':
      return value.items.map((item) => identity(item.value)).join()
    case 'callable':
      return callableIdentity(value)
    case 'failed':
      return '?'
  }
}

const numbers = new WeakMap<Value, number>()
let numbered = 0

/** Of a value that is equal only to itself. */
function numberOf(value: Value): number {
  const known = numbers.get(value) ?? (numbered += 1)
  numbers.set(value, known)
  return known
}

/** Where it is written, and what the names in it are there. */
function callableIdentity({ expression, scope }: Extract<Value, { kind: 'callable' }>): string {
  const names = new Set<string>()
  mentioned(expression, names)
  const values = [...names].flatMap((name) => {
    const value = scope.names.get(name)
    const size = scope.sizes.get(name)
    return value ? [identity(value)] : size ? [key(size)] : []
  })
  const { file, start, end } = expression.span
  return `${file} ${start} ${end} (${values.join()})`
}
