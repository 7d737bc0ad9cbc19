import { computePerItem } from '../../compiler/per-item.ts'
import { attributesOf, isTaken, rangeText } from '../../compiler/picture-operations.ts'
import type { Choice, PerItem, PerItemVariable, PictureOperation } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { jpegUnit, type PictureOp } from '../data/degrade.ts'
import type { Triple } from '../data/stain.ts'
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

/** A part that was cut from anywhere, or a whole picture. */
export type Shown = 'part' | 'whole'

/**
 * Picture operations with their numbers; flips and transposes stay with probability 1/2 each, and turns are drawn. The blocks of a JPEG begin in
 * a whole picture's corner, and anywhere in a part. Throws a UserError for a number that an operation does not take.
 */
export function drawOperations(
  operations: readonly PictureOperation[],
  random: Random,
  values: ItemValues,
  shown: Shown = 'part',
  place = '',
): PictureOp[] {
  const pick = <Word extends string>(choice: Choice<Word>): Word => (typeof choice === 'string' ? choice : random.pick(choice))
  return operations.flatMap((operation, at): PictureOp[] => {
    const draw = (name: string, expression: PerItem): number => {
      const value = drawValue(expression, random, values)
      checkDrawn(operation.op, name, value)
      return value
    }
    // Noise takes a number for every sample, from a generator of its own place in the text.
    const own = (): readonly number[] => random.split(`noise ${place}${at}`).state()
    switch (operation.op) {
      case 'blur':
        return [{ op: 'blur', sigma: draw('sigma', operation.sigma) }]
      case 'resize': {
        const kernel = pick(operation.kernel)
        return [operation.by ? { op: 'resize', kernel, by: draw('by', operation.by) } : { op: 'resize', kernel }]
      }
      case 'jpeg': {
        const quality = Math.floor(draw('quality', operation.quality) + 0.5)
        const drawn = { op: 'jpeg', quality, subsampling: pick(operation.subsampling) } as const
        return [shown === 'whole' ? drawn : { ...drawn, phase: [random.int(jpegUnit), random.int(jpegUnit)] }]
      }
      case 'noise': {
        const { grey } = operation
        return operation.noise === 'gaussian'
          ? [{ op: 'noise', noise: 'gaussian', sigma: draw('sigma', operation.sigma), grey, seed: own() }]
          : [{ op: 'noise', noise: 'poisson', scale: draw('scale', operation.scale), grey, seed: own() }]
      }
      case 'sharpen': {
        const percent = Math.floor(100 * draw('amount', operation.amount) + 0.5)
        return [{ op: 'sharpen', percent, radius: draw('radius', operation.radius) }]
      }
      case 'defocus':
        return [{ op: 'defocus', radius: draw('radius', operation.radius) }]
      case 'choose': {
        const isThen = random.uniform() < draw('p', operation.p)
        const list = isThen ? operation.then : operation.otherwise
        return drawOperations(list, random, values, shown, `${place}${at} ${isThen ? 'then' : 'otherwise'} `)
      }
      case 'rotate':
        return [{ op: 'rotate', quarters: random.int(4) }]
      case 'stain': {
        const [sigma, shift] = [draw('sigma', operation.sigma), draw('shift', operation.shift)]
        const three = (from: number, to: number): Triple => [random.uniform(from, to), random.uniform(from, to), random.uniform(from, to)] // prettier-ignore
        return [{ op: 'stain', gain: three(1 - sigma, 1 + sigma), shift: three(-shift, shift) }]
      }
      default:
        return random.uniform() < 0.5 ? [{ op: operation.op }] : []
    }
  })
}

function checkDrawn(op: PictureOperation['op'], name: string, value: number): void {
  const spec = attributesOf(op)[name]
  if (spec?.kind !== 'draw' || isTaken(spec, value)) return
  const least = spec.isAbove ? 'a number above 0' : spec.least
  throw new UserError(
    `${op} drew a ${name} of ${value}; it is ${rangeText(spec)}`,
    `change what is drawn, or cut it off: ${spec.most === undefined ? `max(${least}, ..)` : `max(${least}, min(${spec.most}, ..))`}`,
  )
}
