/** A symbol, an integer of at least 1. Symbols of one name are one symbol. */
interface SymbolAtom {
  readonly kind: 'symbol'
  readonly name: string
  readonly depth: 0
  readonly key: string
}

/** The quotient of a symbol that is known to be a multiple of `by`: itself an integer of at least 1. */
interface QuotientAtom {
  readonly kind: 'quotient'
  readonly name: string
  readonly by: number
  readonly depth: 0
  readonly key: string
}

interface FloorAtom {
  readonly kind: 'floor'
  readonly of: Size
  readonly by: number
  readonly depth: number
  readonly key: string
}

interface ExtremeAtom {
  readonly kind: 'min' | 'max'
  readonly left: Size
  readonly right: Size
  readonly depth: number
  readonly key: string
}

export type Atom = SymbolAtom | QuotientAtom | FloorAtom | ExtremeAtom

/** `coefficient` times the product of `atoms`, which are in order and stand as often as their power. */
export interface Term {
  readonly coefficient: number
  readonly atoms: readonly Atom[]
  readonly key: string
}

/**
 * A symbolic size: a polynomial with integer coefficients, its terms in descending order (a constant comes last) and none zero.
 * Immutable and canonical: equal keys are equal sizes.
 */
export interface Size {
  readonly terms: readonly Term[]
  readonly key: string
}

/** What is too much to be computed exactly, or at all; the message is a sentence. */
export class SizeTooLarge extends RangeError {}

/** As `SizeTooLarge`: `what` is no longer an exact integer, and all that is computed of it would be wrong, in silence. */
export const notExact = (what: string): SizeTooLarge =>
  new SizeTooLarge(`${what} is beyond 2^53 - 1 = ${mostExact}, up to which integers are exact`)

/** The largest integer that is computed with exactly. */
export const mostExact = Number.MAX_SAFE_INTEGER

/** The integer, or NaN where it is not exact: nothing that is made of it later is mistaken for a size. */
const exact = (n: number): number => (Number.isSafeInteger(n) ? n : NaN)

const plainName = /^[\p{L}_][\p{L}\p{N}_.]*$/u

const nameKey = (name: string): string => (plainName.test(name) ? name : JSON.stringify(name))

const symbolAtom = (name: string): Atom => ({ kind: 'symbol', name, depth: 0, key: nameKey(name) })

const quotientAtom = (name: string, by: number): Atom => ({
  kind: 'quotient',
  name,
  by,
  depth: 0,
  key: `${nameKey(name)}/${by}`,
})

const floorAtom = (of: Size, by: number): Atom => ({
  kind: 'floor',
  of,
  by,
  depth: depthOf(of) + 1,
  key: `floor(${of.key}/${by})`,
})

/** The smaller (or larger) of two sizes when neither can be shown to be it. The order of the two does not matter. */
export function extremeAtom(kind: 'min' | 'max', a: Size, b: Size): Atom {
  const [left, right] = a.key <= b.key ? [a, b] : [b, a]
  return { kind, left, right, depth: Math.max(depthOf(left), depthOf(right)) + 1, key: `${kind}(${left.key},${right.key})` }
}

function depthOf(size: Size): number {
  let depth = 0
  for (const term of size.terms) for (const atom of term.atoms) depth = Math.max(depth, atom.depth)
  return depth
}

function compareAtoms(a: Atom, b: Atom): number {
  if (a.depth !== b.depth) return a.depth - b.depth
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

/** The graded lexicographic order, larger first: a monomial order, so that division by leading terms is complete. */
function compareMonomials(a: readonly Atom[], b: readonly Atom[]): number {
  if (a.length !== b.length) return b.length - a.length
  for (const [i, atom] of a.entries()) {
    const order = compareAtoms(atom, b[i]!)
    if (order !== 0) return order
  }
  return 0
}

export function makeTerm(coefficient: number, atoms: readonly Atom[]): Term {
  return { coefficient, atoms, key: atoms.map((atom) => atom.key).join('*') }
}

export function multiplyTerms(a: Term, b: Term): Term {
  if (a.atoms.length === 0) return { ...b, coefficient: exact(a.coefficient * b.coefficient) }
  if (b.atoms.length === 0) return { ...a, coefficient: exact(a.coefficient * b.coefficient) }
  return makeTerm(exact(a.coefficient * b.coefficient), [...a.atoms, ...b.atoms].sort(compareAtoms))
}

/** Like terms put together, zeros left out, in order; a coefficient that is not exact is NaN. */
export function collect(terms: Iterable<Term>): Term[] {
  const byKey = new Map<string, Term>()
  for (const term of terms) {
    const same = byKey.get(term.key)
    byKey.set(term.key, same ? { ...term, coefficient: exact(same.coefficient + term.coefficient) } : term)
  }
  return [...byKey.values()].filter((term) => term.coefficient !== 0).sort((a, b) => compareMonomials(a.atoms, b.atoms))
}

/**
 * The size that is the sum of these terms.
 * @throws SizeTooLarge when a coefficient is no longer an exact integer (beyond 2^53).
 */
export function fromTerms(terms: Iterable<Term>): Size {
  const collected = collect(terms)
  requireExact(collected)
  const longest = collected.reduce((length, { key }) => length + key.length + 1, 0)
  if (longest > longestKey) throw tooLong()
  return { terms: collected, key: collected.map(termKey).join('+') || '0' }
}

/** As many characters, written out, and as many terms before like ones are put together, has no size that a network needs. */
const longestKey = 5_000
const mostProducts = 100_000

const tooLong = (): SizeTooLarge =>
  new SizeTooLarge(`this size is a sum or a product of too many parts: written out it has more than ${longestKey} characters`)

/** @throws SizeTooLarge */
export function requireExact(terms: readonly Term[]): void {
  if (!terms.every(({ coefficient }) => Number.isSafeInteger(coefficient))) throw notExact('a number in this size')
}

function termKey({ coefficient, key }: Term): string {
  if (key === '') return String(coefficient)
  return coefficient === 1 ? key : `${coefficient}*${key}`
}

export const fromAtom = (atom: Atom): Size => fromTerms([makeTerm(1, [atom])])

/** A symbol: an integer of at least 1. Symbols of one name are one symbol. */
export const symbol = (name: string): Size => fromAtom(symbolAtom(name))

/**
 * The symbol `name` divided by a positive integer that is known to divide it: an integer of at least 1 (docs/language.md, Sizes).
 * The fact h % 8 == 0 is `substitute(size, { h: mul(constant(8), quotient('h', 8)) })`. A value or a size for `name` decides it too.
 * @throws RangeError when `n` is not a positive integer.
 */
export function quotient(name: string, n: number): Size {
  if (n > mostExact) throw notExact('what this size is divided by')
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`a size is divided by a positive integer, not by ${n}`)
  return n === 1 ? symbol(name) : fromAtom(quotientAtom(name, n))
}

/**
 * An integer as a size.
 * @throws SizeTooLarge when `n` is not an exact integer.
 */
export const constant = (n: number): Size => fromTerms([makeTerm(n, [])])

/** The value of a size without symbols, else undefined. */
export function asInteger(size: Size): number | undefined {
  if (size.terms.length === 0) return 0
  const [only] = size.terms
  return size.terms.length === 1 && only!.atoms.length === 0 ? only!.coefficient : undefined
}

/** The term without atoms: 0 where there is none. */
export function constantPart(size: Size): number {
  const last = size.terms.at(-1)
  return last && last.atoms.length === 0 ? last.coefficient : 0
}

/** The sum. Like all arithmetic on sizes it throws SizeTooLarge when a coefficient is no longer exact. */
export const add = (a: Size, b: Size): Size => fromTerms([...a.terms, ...b.terms])

/** The size times an integer. */
export const scale = (size: Size, by: number): Size =>
  fromTerms(size.terms.map((term) => ({ ...term, coefficient: exact(term.coefficient * by) })))

/** The difference, which may be below 1 or negative. */
export const sub = (a: Size, b: Size): Size => add(a, scale(b, -1))

/** The product, multiplied out. */
export function mul(a: Size, b: Size): Size {
  if (a.terms.length * b.terms.length > mostProducts) throw tooLong()
  return fromTerms(a.terms.flatMap((left) => b.terms.map((right) => multiplyTerms(left, right))))
}

/** The greatest common divisor; that of 0 and n is n. */
function gcd(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b]
  return Math.abs(a)
}

/** What every coefficient but the constant's has in common with `n`. Modulo it the size is its constant. */
export function commonFactor(size: Size, n: number): number {
  return size.terms.reduce((common, term) => (term.atoms.length === 0 ? common : gcd(common, term.coefficient)), n)
}

/**
 * floor(size / n) for a positive integer n, in canonical form.
 *
 * Multiples of n are taken out, so that coefficients within the floor are in 0 .. n - 1; what all symbols' coefficients have in common
 * with n is cancelled, and the constant's remainder vanishes; a floor that stands alone within a floor is merged with it
 * (docs/language.md, Sizes).
 * @throws RangeError when `n` is not a positive integer.
 */
export function floorDiv(size: Size, n: number): Size {
  if (n > mostExact) throw notExact('what this size is divided by')
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`a size is divided by a positive integer, not by ${n}`)
  if (n === 1) return size
  const outside: Term[] = []
  const inside: Term[] = []
  for (const term of size.terms) {
    const quotient = Math.floor(term.coefficient / n)
    const remainder = term.coefficient - quotient * n
    if (quotient !== 0) outside.push({ ...term, coefficient: quotient })
    if (remainder !== 0) inside.push({ ...term, coefficient: remainder })
  }
  const rest = fromTerms(inside)
  if (asInteger(rest) !== undefined) return fromTerms(outside)
  return add(fromTerms(outside), floorOfRemainders(rest, n))
}

/** floor(rest / n) where all coefficients are in 0 .. n - 1 and not all symbols have gone. */
function floorOfRemainders(rest: Size, n: number): Size {
  const common = commonFactor(rest, n)
  if (common > 1) {
    const cancelled = rest.terms.map((term) => ({ ...term, coefficient: Math.floor(term.coefficient / common) }))
    return floorDiv(fromTerms(cancelled), n / common)
  }
  for (const term of rest.terms) {
    const [inner] = term.atoms
    if (term.coefficient !== 1 || term.atoms.length !== 1 || inner!.kind !== 'floor') continue
    const others = sub(rest, fromAtom(inner!))
    return floorDiv(add(inner!.of, scale(others, inner!.by)), inner!.by * n)
  }
  return fromAtom(floorAtom(rest, n))
}
