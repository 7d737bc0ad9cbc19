import { bounds, maximum, minimum } from './bounds.ts'
import {
  add,
  collect,
  commonFactor,
  constant,
  constantPart,
  floorDiv,
  fromAtom,
  fromTerms,
  makeTerm,
  mul,
  multiplyTerms,
  requireExact,
  scale,
  sub,
} from './polynomial.ts'
import type { Atom, Size, Term } from './polynomial.ts'

export { bounds, maximum, minimum } from './bounds.ts'
export type { Bounds } from './bounds.ts'
export {
  add,
  asInteger,
  constant,
  floorDiv,
  mostExact,
  mul,
  notExact,
  quotient,
  SizeTooLarge,
  sub,
  symbol,
} from './polynomial.ts'
export type { Size } from './polynomial.ts'
export { format } from './size-format.ts'
import { format } from './size-format.ts'
export { fromJSON, toJSON } from './size-json.ts'

/**
 * ceil(size / n) for a positive integer n.
 * @throws RangeError when `n` is not a positive integer.
 */
export const ceilDiv = (size: Size, n: number): Size => floorDiv(add(size, constant(n - 1)), n)

/**
 * size - n * floor(size / n), in 0 .. n - 1.
 * @throws RangeError when `n` is not a positive integer.
 */
export const mod = (size: Size, n: number): Size => sub(size, scale(floorDiv(size, n), n))

/** The quotient when `by` provably divides `size` for all values of the symbols, else undefined. */
export function divide(size: Size, by: Size): Size | undefined {
  const lead = by.terms[0]
  if (!lead) return undefined
  const quotients: Term[] = []
  let rest = size.terms
  for (let term = rest[0]; term; term = rest[0]) {
    const next = divideTerm(term, lead)
    if (!next) return undefined
    quotients.push(next)
    const less = { ...next, coefficient: -next.coefficient }
    rest = collect([...rest, ...by.terms.map((factor) => multiplyTerms(factor, less))])
    requireExact(rest)
  }
  return fromTerms(quotients)
}

function divideTerm(term: Term, by: Term): Term | undefined {
  if (term.coefficient % by.coefficient !== 0) return undefined
  const atoms = [...term.atoms]
  for (const atom of by.atoms) {
    const at = atoms.findIndex((other) => other.key === atom.key)
    if (at < 0) return undefined
    atoms.splice(at, 1)
  }
  return makeTerm(term.coefficient / by.coefficient, atoms)
}

/** Whether a positive integer divides the size: for all values of the symbols, for none, or that can't be told. */
export function divisible(size: Size, n: number): 'yes' | 'no' | 'unknown' {
  const common = commonFactor(size, n)
  if (constantPart(size) % common !== 0) return 'no'
  return common === n ? 'yes' : 'unknown'
}

/** `equal` and `different` hold for all values of the symbols; `unknown` is everything else. */
export function compare(a: Size, b: Size): 'equal' | 'different' | 'unknown' {
  if (a.key === b.key) return 'equal'
  const difference = sub(a, b)
  if (difference.terms.length === 0) return 'equal'
  if (constantPart(difference) % commonFactor(difference, 0) !== 0) return 'different'
  const { min, max } = bounds(difference)
  return min > 0 || max < 0 ? 'different' : 'unknown'
}

/** Whether the size is at least `n`; `sometimes` is also the answer when the bounds don't tell. */
export function atLeast(size: Size, n: number): 'always' | 'never' | 'sometimes' {
  const { min, max } = bounds(size)
  return min >= n ? 'always' : max < n ? 'never' : 'sometimes'
}

/**
 * The size as a number.
 * @throws RangeError when a symbol has no value.
 */
export function evaluate(size: Size, env: Readonly<Record<string, number>>): number {
  return size.terms.reduce(
    (sum, term) => sum + term.atoms.reduce((product, atom) => product * atomValue(atom, env), term.coefficient),
    0,
  )
}

function atomValue(atom: Atom, env: Readonly<Record<string, number>>): number {
  switch (atom.kind) {
    case 'symbol':
    case 'quotient': {
      const value = Object.hasOwn(env, atom.name) ? env[atom.name] : undefined
      if (value === undefined) throw new RangeError(`the size ${atom.name} has no value`)
      return atom.kind === 'symbol' ? value : value / atom.by
    }
    case 'floor':
      return Math.floor(evaluate(atom.of, env) / atom.by)
    case 'min':
    case 'max':
      return Math[atom.kind](evaluate(atom.left, env), evaluate(atom.right, env))
  }
}

/** The size with sizes in place of symbols, all at once. A quotient becomes the quotient of what stands for its symbol. */
export function substitute(size: Size, map: Readonly<Record<string, Size>>): Size {
  if (!symbols(size).some((name) => Object.hasOwn(map, name))) return size
  const terms = size.terms.map((term) =>
    term.atoms.reduce((product, atom) => mul(product, substituteAtom(atom, map)), constant(term.coefficient)),
  )
  return terms.reduce(add)
}

function substituteAtom(atom: Atom, map: Readonly<Record<string, Size>>): Size {
  switch (atom.kind) {
    case 'symbol':
    case 'quotient': {
      const replacement = Object.hasOwn(map, atom.name) ? map[atom.name] : undefined
      if (!replacement) return fromAtom(atom)
      return atom.kind === 'symbol' ? replacement : floorDiv(replacement, atom.by)
    }
    case 'floor':
      return floorDiv(substitute(atom.of, map), atom.by)
    case 'min':
      return minimum(substitute(atom.left, map), substitute(atom.right, map))
    case 'max':
      return maximum(substitute(atom.left, map), substitute(atom.right, map))
  }
}

/** The names of the symbols, alphabetical; a quotient counts as its symbol. */
export function symbols(size: Size): string[] {
  return [...namesIn(size)].sort()
}

/** That two sizes are equal, as `shape-unknown` says it. */
export const equality = (a: Size, b: Size): { claim: string; sizes: string[] } => ({
  claim: `${format(a)} = ${format(b)}`,
  sizes: [...new Set([a, b].flatMap(symbols))],
})

const names = new WeakMap<Size, ReadonlySet<string>>()

function namesIn(size: Size): ReadonlySet<string> {
  const before = names.get(size)
  if (before) return before
  const found = new Set(size.terms.flatMap((term) => term.atoms.flatMap(namesInAtom)))
  names.set(size, found)
  return found
}

function namesInAtom(atom: Atom): string[] {
  switch (atom.kind) {
    case 'symbol':
    case 'quotient':
      return [atom.name]
    case 'floor':
      return [...namesIn(atom.of)]
    case 'min':
    case 'max':
      return [...namesIn(atom.left), ...namesIn(atom.right)]
  }
}

/** Equal sizes have equal keys; made for maps, not for people. */
export const key = (size: Size): string => size.key
