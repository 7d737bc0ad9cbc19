import { fail } from '../../diagnostics/catalogue.ts'
import { optimisers } from '../../optimisers/registry.ts'
import type { OptimiserPlan, Schedule } from '../../plan.ts'
import type { Argument } from '../../syntax/tree.ts'
import { wordOf, type FieldReader } from './reader.ts'

/** `optimizer: adam(lr: 1e-4)`. */
export function readOptimiser(reader: FieldReader): OptimiserPlan {
  const expression = reader.expression('optimizer')
  const rule = optimisers.get(wordOf(expression))
  if (!rule || expression.kind !== 'call') {
    const accepted = [...optimisers.keys()].map((name) => `${name}(lr: ..)`).join(' or ')
    return fail('attribute-value', { name: 'optimizer', accepted, given: reader.textOf(expression) }, expression.span)
  }
  const standard = Object.fromEntries(Object.entries(rule.settings).map(([name, setting]) => [name, setting.standard]))
  const settings = reader.named(expression, standard) as Record<string, number>
  for (const [name, { range, isIn }] of Object.entries(rule.settings)) {
    if (isIn(settings[name]!)) continue
    const written: Argument | undefined = expression.arguments.find((argument) => argument.name?.text === name)
    fail('out-of-range', { name, range, given: String(settings[name]) }, written?.value.span ?? expression.span)
  }
  return { name: rule.name, settings }
}

/** `schedule: step(at: [100], factor: 0.5)`. */
export function readSchedule(reader: FieldReader): Schedule {
  const expression = reader.expression('schedule')
  const name = wordOf(expression)
  if (name === 'constant') return { kind: 'constant' }
  if (expression.kind === 'call' && name === 'cosine')
    return { kind: 'cosine', to: reader.named(expression, { to: undefined })['to'] as number }
  if (expression.kind === 'call' && name === 'step') {
    const { at, factor } = reader.named(expression, { at: undefined, factor: undefined }) as { at: number[]; factor: number }
    const epochs = Array.isArray(at) ? at : [at]
    if (epochs.some((epoch, each) => epoch <= (epochs[each - 1] ?? 0)))
      fail(
        'attribute-value',
        { name: 'at', accepted: 'a list of epochs that ascend', given: `[${epochs.join(', ')}]` },
        expression.span,
      )
    return { kind: 'step', at: epochs, factor }
  }
  return fail(
    'attribute-value',
    { name: 'schedule', accepted: 'step(at:, factor:), cosine(to:) or constant', given: reader.textOf(expression) },
    expression.span,
  )
}
