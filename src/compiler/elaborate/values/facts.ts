import { constant, mul, quotient, symbol, type Size } from '../../shapes/size.ts'
import type { Statement } from '../../syntax/tree.ts'
import { attempt } from '../attempt.ts'
import { evaluate, type Elaboration } from '../evaluate.ts'
import { nowhere, type Scope } from './scope.ts'
import { isInteger } from './values.ts'

/** What each size name is known to be a multiple of. */
export type Facts = ReadonlyMap<string, number>

/**
 * The facts `h % 8 == 0` that the `where` of what is compiled states about size names (docs/language.md, Sizes).
 * `scope` knows the parameters.
 */
export function factsOf(body: readonly Statement[], scope: Scope, e: Elaboration): Facts {
  const facts = new Map<string, number>()
  for (const statement of body)
    for (const { left, operator } of statement.kind === 'input' ? statement.where : []) {
      if (operator !== '==' || left.kind !== 'binary' || left.operator !== '%' || left.left.kind !== 'name') continue
      const { name } = left.left
      const by = attempt(e, () => evaluate(left.right, { scope, place: nowhere, e }))
      if (by && isInteger(by) && by.value >= 1) facts.set(name, leastCommonMultiple(facts.get(name) ?? 1, by.value))
    }
  return facts
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))
const leastCommonMultiple = (a: number, b: number): number => (a / greatestCommonDivisor(a, b)) * b

/** The size of a name: a symbol, or n times its n-th part. */
export function factual(name: string, facts: Facts): Size {
  const by = facts.get(name) ?? 1
  return by === 1 ? symbol(name) : mul(constant(by), quotient(name, by))
}
