import { asInteger, collect, extremeAtom, fromAtom, makeTerm, mostExact, multiplyTerms, scale, sub } from './polynomial.ts'
import type { Atom, Size, Term } from './polynomial.ts'

export interface Bounds {
  readonly min: number
  readonly max: number
}

/** Of more terms than these no bound is looked for. */
const mostTerms = 500

/** Sizes with more opaque min and max atoms than this are bounded term by term only: each doubles the cases. */
const mostExtremes = 4

const known = new WeakMap<Size, Bounds>()

/**
 * Integers between which the size lies, whatever its symbols are; infinite where nothing is known.
 *
 * Symbols are at least 1 and (R - n + 1) / n <= floor(R / n) <= R / n. The bounds are safe but not always
 * the tightest.
 */
export function bounds(size: Size): Bounds {
  const before = known.get(size)
  if (before) return before
  const value = asInteger(size)
  const found = value === undefined ? { min: lowerBound(size), max: 0 - lowerBound(scale(size, -1)) } : { min: value, max: value }
  known.set(size, found)
  return found
}

function lowerBound(size: Size): number {
  const least = Math.max(termByTerm(size).min, Math.ceil(relaxed({ terms: size.terms, denominator: 1 }, mostExtremes)))
  return least + 0 // never -0
}

/** Interval arithmetic: rounds within each floor, but forgets that terms share symbols. */
function termByTerm(size: Size): Bounds {
  let sum: Bounds = { min: 0, max: 0 }
  for (const term of size.terms) {
    let product: Bounds = { min: term.coefficient, max: term.coefficient }
    for (const atom of term.atoms) product = widened(multiplyBounds(product, atomBounds(atom)))
    sum = widened({ min: sum.min + product.min, max: sum.max + product.max })
  }
  return sum
}

function multiplyBounds(a: Bounds, b: Bounds): Bounds {
  const corners = [times(a.min, b.min), times(a.min, b.max), times(a.max, b.min), times(a.max, b.max)]
  return { min: Math.min(...corners), max: Math.max(...corners) }
}

/** The same bounds where they are exact; beyond that a rounded one could lie on the wrong side. */
const widened = ({ min, max }: Bounds): Bounds => ({
  min: min < -mostExact ? -Infinity : Math.min(min, mostExact),
  max: max > mostExact ? Infinity : Math.max(max, -mostExact),
})

/** Zero times infinity is zero: the infinite end is never reached. */
const times = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : a * b)

function atomBounds(atom: Atom): Bounds {
  switch (atom.kind) {
    case 'symbol':
    case 'quotient':
      return { min: 1, max: Infinity }
    case 'floor': {
      const inner = bounds(atom.of)
      return { min: Math.floor(inner.min / atom.by), max: Math.floor(inner.max / atom.by) }
    }
    case 'min':
    case 'max': {
      const left = bounds(atom.left)
      const right = bounds(atom.right)
      return { min: Math[atom.kind](left.min, right.min), max: Math[atom.kind](left.max, right.max) }
    }
  }
}

/** A polynomial with rational coefficients: integers over one positive denominator, so that nothing is rounded. */
interface Rational {
  readonly terms: readonly Term[]
  readonly denominator: number
}

/**
 * A lower bound that respects shared symbols: the most deeply nested floors, minima and maxima are replaced by something not larger,
 * one kind of atom at a time, until only symbols are left. `extremes` is how many more min and max atoms may be taken apart.
 */
function relaxed(sum: Rational, extremes: number): number {
  if (!Number.isSafeInteger(sum.denominator) || sum.terms.some((term) => !Number.isSafeInteger(term.coefficient)))
    return -Infinity
  if (sum.terms.length > mostTerms) return -Infinity
  const deepest = sum.terms
    .flatMap((term) => term.atoms)
    .reduce<Atom | undefined>((a, b) => (a && a.depth >= b.depth ? a : b), undefined)
  if (!deepest) return (sum.terms[0]?.coefficient ?? 0) / sum.denominator
  switch (deepest.kind) {
    case 'symbol':
    case 'quotient':
      return aboveOne(sum)
    case 'floor': {
      const less = [...deepest.of.terms, makeTerm(1 - deepest.by, [])]
      const replaced = replaceOnce(
        sum,
        deepest,
        { terms: less, denominator: deepest.by },
        { terms: deepest.of.terms, denominator: deepest.by },
      )
      return replaced ? relaxed(replaced, extremes) : -Infinity
    }
    case 'min':
    case 'max': {
      if (extremes === 0) return -Infinity
      const candidates = [deepest.left, deepest.right].map((choice) =>
        replaceAll(sum, deepest, { terms: choice.terms, denominator: 1 }),
      )
      const results = candidates.map((candidate) => relaxed(candidate, extremes - 1))
      // -min(a, b) is at least -a and at least -b; where the sign is the other one, both cases must hold
      const helpful = deepest.kind === 'min' ? -1 : 1
      const eitherWill = sum.terms.every((term) => powerOf(term, deepest) === 0 || hasSign(term, deepest, helpful))
      return eitherWill ? Math.max(...results) : Math.min(...results)
    }
  }
}

const powerOf = (term: Term, atom: Atom): number => term.atoms.filter((other) => other.key === atom.key).length

function without(term: Term, atom: Atom): Atom[] {
  const at = term.atoms.findIndex((other) => other.key === atom.key)
  return term.atoms.toSpliced(at, 1)
}

const neverNegative = (atoms: readonly Atom[]): boolean => atoms.every((atom) => atomBounds(atom).min >= 0)

/** Whether the term is `atom` once, times something that never has the other sign. */
function hasSign(term: Term, atom: Atom, sign: number): boolean {
  return powerOf(term, atom) === 1 && Math.sign(term.coefficient) === sign && neverNegative(without(term, atom))
}

/**
 * `atom` replaced once in each term: by `least` where that makes the term smaller, else by `most`. Undefined when the sign of what it
 * is multiplied with is not known.
 */
function replaceOnce(sum: Rational, atom: Atom, least: Rational, most: Rational): Rational | undefined {
  const terms: Term[] = []
  for (const term of sum.terms) {
    if (powerOf(term, atom) === 0) {
      terms.push({ ...term, coefficient: term.coefficient * least.denominator })
      continue
    }
    const others = without(term, atom)
    if (!neverNegative(others)) return undefined
    const factor = makeTerm(term.coefficient, others)
    for (const replacement of (term.coefficient > 0 ? least : most).terms) terms.push(multiplyTerms(factor, replacement))
  }
  return { terms: collect(terms), denominator: sum.denominator * least.denominator }
}

function replaceAll(sum: Rational, atom: Atom, by: Rational): Rational {
  const terms = sum.terms.flatMap((term) => {
    let products = [
      makeTerm(
        term.coefficient,
        term.atoms.filter((other) => other.key !== atom.key),
      ),
    ]
    for (let power = powerOf(term, atom); power > 0; power -= 1) {
      products = products.flatMap((product) => by.terms.map((factor) => multiplyTerms(product, factor)))
    }
    return products
  })
  return { terms: collect(terms), denominator: sum.denominator }
}

/** With every symbol s written as 1 + t, t >= 0: the constant, unless some other coefficient is negative. */
function aboveOne(sum: Rational): number {
  const parts: Term[] = []
  for (const term of sum.terms) {
    let products = [makeTerm(term.coefficient, [])]
    for (const atom of term.atoms) {
      products = collect(products.flatMap((product) => [product, multiplyTerms(product, makeTerm(1, [atom]))]))
      if (products.length > mostTerms) return -Infinity
    }
    parts.push(...products)
  }
  const shifted = collect(parts)
  const isUnknown = ({ atoms, coefficient }: Term): boolean => Number.isNaN(coefficient) || (atoms.length > 0 && coefficient < 0)
  if (shifted.some(isUnknown)) return -Infinity
  const last = shifted.at(-1)
  return (last && last.atoms.length === 0 ? last.coefficient : 0) / sum.denominator
}

/** The smaller of two sizes; opaque where the bounds don't tell which it is. */
export function minimum(a: Size, b: Size): Size {
  const { min, max } = bounds(sub(a, b))
  return max <= 0 ? a : min >= 0 ? b : fromAtom(extremeAtom('min', a, b))
}

/** The larger of two sizes; opaque where the bounds don't tell which it is. */
export function maximum(a: Size, b: Size): Size {
  const { min, max } = bounds(sub(a, b))
  return min >= 0 ? a : max <= 0 ? b : fromAtom(extremeAtom('max', a, b))
}
