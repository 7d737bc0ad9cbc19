import { add, asInteger, constant, evaluate, floorDiv, mul, sub, type Size } from '../../shapes/size.ts'

/**
 * Formulas compute with lengths that are numbers; ONNX must be told what they are for every picture. So a formula is traced
 * at several sizes at once, and a number that differs among them is found again as a size: from the sizes that the IR has
 * of the values around it, which were proved. Sizes have at most three free numbers here and more traces than that agree.
 */
export type Environment = Readonly<Record<string, number>>

/** A size with its value at each environment. */
interface Known {
  readonly size: Size
  readonly values: readonly number[]
}

/** Factors of fractions are whole numbers of such parts of one. */
const parts = 48
/** What formulas add to fractions: the picture's borders, and what keeps a query off a cell's (`corners`). */
const offsets = [0, -1, 1, 1e-6]

/** plus + factor / under, or plus + over / under. */
export interface Ratio {
  readonly plus: number
  readonly factor: number
  readonly over?: Size
  readonly under: Size
}

export class Sizes {
  #pool: readonly Known[] = []

  constructor(readonly environments: readonly Environment[]) {}

  /** The sizes that numbers are looked for among. */
  among(sizes: Iterable<Size>): void {
    const pool = new Map<string, Known>()
    for (const size of sizes)
      if (asInteger(size) === undefined && !pool.has(size.key)) pool.set(size.key, { size, values: this.valuesOf(size) })
    this.#pool = [...pool.values()]
  }

  valuesOf(size: Size): number[] {
    return this.environments.map((environment) => evaluate(size, environment))
  }

  /** The size that is `values`, one of each environment; undefined where none of those that are looked for is. */
  find(values: readonly number[]): Size | undefined {
    if (!values.every(Number.isInteger)) return undefined
    const [first] = values as [number]
    if (values.every((value) => value === first)) return constant(first)
    return this.#multiple(values) ?? this.#sum(values) ?? this.#timesSum(values) ?? this.#multiple(values, 4)
  }

  /**
   * The fraction that `values` are, rounded to single precision: plus + factor / under, or over / under. Formulas compute such
   * numbers in double precision, and so must who is told them.
   */
  findRatio(values: readonly number[]): Ratio | undefined {
    const isThat = (plus: number, of: (k: number) => number): boolean =>
      values.every((value, k) => value === Math.fround(plus + of(k)))
    for (const { size: under, values: own } of this.#pool) {
      for (const plus of offsets) {
        const factor = Math.round((values[0]! - plus) * own[0]! * parts) / parts
        if (factor !== 0 && isThat(plus, (k) => factor / own[k]!)) return { plus, factor, under }
      }
      for (const { size: over, values: other } of this.#pool)
        for (const plus of offsets) if (isThat(plus, (k) => other[k]! / own[k]!)) return { plus, factor: 1, over, under }
    }
    return undefined
  }

  /** c · s, or products of up to `factors` sizes, c a number or one over one. */
  #multiple(values: readonly number[], factors = 2): Size | undefined {
    const search = (product: readonly number[], size: Size, from: number, left: number): Size | undefined => {
      for (let at = from; at < this.#pool.length; at += 1) {
        const known = this.#pool[at]!
        const next = product.map((each, k) => each * known.values[k]!)
        const grown = mul(size, known.size)
        const ratio = values[0]! / next[0]!
        if (values.every((value, k) => close(value, ratio * next[k]!))) {
          const [over, under] = fraction(ratio)
          if (under !== undefined) return under === 1 ? mul(constant(over), grown) : floorDiv(mul(constant(over), grown), under)
        }
        if (left > 1) {
          const found = search(next, grown, at, left - 1)
          if (found) return found
        }
      }
      return undefined
    }
    return search(values.map(() => 1), constant(1), 0, factors) // prettier-ignore
  }

  /** t · (± s + c) and so on, as windows that overlap have it. */
  #timesSum(values: readonly number[]): Size | undefined {
    for (const { size, values: own } of this.#pool) {
      const rest = values.map((value, k) => value / own[k]!)
      const sum = rest.every(Number.isInteger) ? this.#sum(rest) : undefined
      if (sum) return mul(size, sum)
    }
    return undefined
  }

  /** ± s + c, a · s + b · t + c. */
  #sum(values: readonly number[]): Size | undefined {
    for (const { size, values: own } of this.#pool)
      for (const sign of [1, -1]) {
        const rest = values.map((value, k) => value - sign * own[k]!)
        if (rest.every((value) => value === rest[0])) return add(mul(constant(sign), size), constant(rest[0]!))
      }
    for (const a of this.#pool)
      for (const b of this.#pool)
        for (const weight of [1, -1, 2, -2, 0.5, -0.5]) {
          if (a === b && weight < 1) continue
          const rest = values.map((value, k) => value - a.values[k]! - weight * b.values[k]!)
          if (!rest.every((value) => value === rest[0])) continue
          const other = Number.isInteger(weight) ? mul(constant(weight), b.size) : floorDiv(b.size, 2)
          const both = weight === -0.5 ? sub(a.size, other) : add(a.size, other)
          return add(both, constant(rest[0]!))
        }
    return undefined
  }
}

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-9 * Math.abs(a)

/** A ratio as a fraction of small whole numbers. */
function fraction(ratio: number): readonly [over: number, under: number | undefined] {
  for (let under = 1; under <= 4096; under += 1)
    if (Math.abs(ratio * under - Math.round(ratio * under)) < 1e-9 && Math.round(ratio * under) !== 0)
      return [Math.round(ratio * under), under]
  return [0, undefined]
}
