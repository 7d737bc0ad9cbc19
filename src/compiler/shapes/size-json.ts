import { maximum, minimum } from './bounds.ts'
import { add, asInteger, constant, floorDiv, mul, quotient, scale, symbol } from './polynomial.ts'
import type { Atom, Size } from './polynomial.ts'

/**
 * A size as JSON data, for saved models: an integer, the name of a symbol, or a list. Lists are `['+', [coefficient, ..atoms], ..]`,
 * `['/', name, n]` (a quotient), `['floor', size, n]`, `['min', a, b]` and `['max', a, b]`.
 */
export function toJSON(size: Size): unknown {
  const value = asInteger(size)
  if (value !== undefined) return value
  const [only] = size.terms
  if (size.terms.length === 1 && only!.coefficient === 1 && only!.atoms.length === 1) return atomToJSON(only!.atoms[0]!)
  return ['+', ...size.terms.map((term) => [term.coefficient, ...term.atoms.map(atomToJSON)])]
}

function atomToJSON(atom: Atom): unknown {
  switch (atom.kind) {
    case 'symbol':
      return atom.name
    case 'quotient':
      return ['/', atom.name, atom.by]
    case 'floor':
      return ['floor', toJSON(atom.of), atom.by]
    case 'min':
    case 'max':
      return [atom.kind, toJSON(atom.left), toJSON(atom.right)]
  }
}

/**
 * The size that `toJSON` wrote.
 * @throws TypeError when the data is not a size.
 */
export function fromJSON(data: unknown): Size {
  if (typeof data === 'number' && Number.isSafeInteger(data)) return constant(data)
  if (typeof data === 'string') return symbol(data)
  if (Array.isArray(data)) {
    const [head, ...rest]: unknown[] = data
    const [first, second] = rest
    if (head === '+') return rest.map(termFromJSON).reduce(add, constant(0))
    if (rest.length === 2) {
      if (head === '/' && typeof first === 'string' && isPositiveInteger(second)) return quotient(first, second)
      if (head === 'floor' && isPositiveInteger(second)) return floorDiv(fromJSON(first), second)
      if (head === 'min') return minimum(fromJSON(first), fromJSON(second))
      if (head === 'max') return maximum(fromJSON(first), fromJSON(second))
    }
  }
  throw new TypeError(`not a size: ${JSON.stringify(data)}`)
}

function termFromJSON(data: unknown): Size {
  if (!Array.isArray(data) || !Number.isSafeInteger(data[0])) throw new TypeError(`not a term of a size: ${JSON.stringify(data)}`)
  const [coefficient, ...atoms]: [number, ...unknown[]] = data as [number, ...unknown[]]
  return scale(atoms.map(fromJSON).reduce(mul, constant(1)), coefficient)
}

const isPositiveInteger = (data: unknown): data is number => Number.isSafeInteger(data) && Number(data) >= 1
