import { constant, constantPart, sub } from './polynomial.ts'
import type { Atom, Size, Term } from './polynomial.ts'

/**
 * A size as a person would write it: `dim + 4`, `2 * h`, `8 * ceil(h / 8)`, `floor((h + 1) / 4)`. A floor whose constant rounds up is
 * written as a ceil, so `floor((h - 1) / 2) + 1` reads `ceil(h / 2)`; quotients are multiplied out where they can be.
 */
export function format(size: Size): string {
  if (size.terms.length === 0) return '0'
  const positive = size.terms.filter((term) => term.coefficient > 0)
  const negative = size.terms.filter((term) => term.coefficient < 0)
  return [...positive, ...negative]
    .map((term, i) => {
      const text = formatTerm({ ...term, coefficient: Math.abs(term.coefficient) })
      if (term.coefficient > 0) return i === 0 ? text : ` + ${text}`
      return i === 0 ? `-${text}` : ` - ${text}`
    })
    .join('')
}

function formatTerm(term: Term): string {
  let coefficient = term.coefficient
  const factors = term.atoms.map((atom) => {
    if (atom.kind !== 'quotient' || coefficient % atom.by !== 0) return formatAtom(atom)
    coefficient /= atom.by
    return atom.name
  })
  if (coefficient !== 1 || factors.length === 0) factors.unshift(String(coefficient))
  return factors.join(' * ')
}

function formatAtom(atom: Atom): string {
  switch (atom.kind) {
    case 'symbol':
      return atom.name
    case 'quotient':
      return `(${atom.name} / ${atom.by})`
    case 'floor': {
      const offset = constantPart(atom.of)
      return offset === atom.by - 1
        ? formatFraction('ceil', sub(atom.of, constant(offset)), atom.by)
        : formatFraction('floor', atom.of, atom.by)
    }
    case 'min':
    case 'max':
      return `${atom.kind}(${format(atom.left)}, ${format(atom.right)})`
  }
}

function formatFraction(rounding: 'floor' | 'ceil', numerator: Size, denominator: number): string {
  const text = format(numerator)
  const grouped = numerator.terms.length > 1 ? `(${text})` : text
  return `${rounding}(${grouped} / ${denominator})`
}
