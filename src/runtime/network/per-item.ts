import { computePerItem } from '../../compiler/per-item.ts'
import type { PerItem, PerItemVariable, PictureOperation } from '../../compiler/plan.ts'
import type { PictureOp } from '../data/degrade.ts'
import type { Random } from '../files/random.ts'

/** What a per-item expression may read. */
export type ItemValues = Readonly<Partial<Record<PerItemVariable, number>>>

/** The value of a per-item expression; draws are taken from `random` in the order of the text. Without it nothing may be drawn. */
export function drawValue(expression: PerItem, random: Random | undefined, values: ItemValues): number {
  switch (expression.kind) {
    case 'number':
      return expression.value
    case 'variable': {
      const value = values[expression.name]
      if (value === undefined) throw new Error(`${expression.name} has no value here`)
      return value
    }
    case 'choice':
      return drawValue(drawn(random).pick(expression.items), random, values)
    case 'call': {
      const [a = 0, b = 0] = expression.arguments.map((argument) => drawValue(argument, random, values))
      if (expression.name === 'uniform') return drawn(random).uniform(a, b)
      if (expression.name === 'normal') return drawn(random).normal(a, b)
      return computePerItem(expression.name, [a, b])
    }
  }
}

function drawn(random: Random | undefined): Random {
  if (!random) throw new Error('nothing is drawn here')
  return random
}

/** Picture operations with their numbers; flips and transposes stay with probability 1/2 each. */
export function drawOperations(operations: readonly PictureOperation[], random: Random, values: ItemValues): PictureOp[] {
  return operations.flatMap((operation): PictureOp[] => {
    if (operation.op === 'blur') return [{ op: 'blur', sigma: drawValue(operation.sigma, random, values) }]
    if (operation.op === 'resize') return [operation]
    return random.uniform() < 0.5 ? [{ op: operation.op }] : []
  })
}
