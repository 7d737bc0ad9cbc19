import { fail } from '../../diagnostics/catalogue.ts'
import type { Clip } from '../../optimisers/clip.ts'
import type { Optimiser, Setting, Settings } from '../../optimisers/optimiser.ts'
import { optimisers } from '../../optimisers/registry.ts'
import type { OptimiserPlan, Schedule } from '../../plan.ts'
import type { Call, Expression } from '../../syntax/tree.ts'
import { callsIn } from '../calls/owners.ts'
import { show } from '../values/values.ts'
import { perItem, perItemFunctions } from './per-item.ts'
import { wordOf, type FieldReader } from './reader.ts'

/** `optimizer: adam(lr: 1e-4)`. */
export function readOptimiser(reader: FieldReader): OptimiserPlan {
  const expression = reader.expression('optimizer')
  const rule = optimisers.get(wordOf(expression))
  if (!rule || expression.kind !== 'call') {
    const accepted = [...optimisers.keys()].map((name) => `${name}(lr: ..)`).join(' or ')
    return fail('attribute-value', { name: 'optimizer', accepted, given: reader.textOf(expression) }, expression.span)
  }
  return { name: rule.name, settings: readSettings(reader, expression, rule.settings) }
}

function readSettings(reader: FieldReader, call: Call, known: Optimiser['settings']): Settings {
  const given = reader.named(call, Object.keys(known), (value, name) => readSetting(reader, name, known[name]!, value))
  return Object.fromEntries(
    Object.entries(known).map(([name, { standard }]) => [name, given.get(name) ?? standard ?? missing(call, name)]),
  )
}

const missing = (call: Call, name: string): never => fail('missing-attribute', { callee: call.callee.text, name }, call.span)

function readSetting(reader: FieldReader, name: string, setting: Setting, written: Expression): number | string | boolean {
  if (setting.type === 'word') {
    const word = wordOf(written)
    if (!setting.words.includes(word))
      fail('attribute-value', { name, accepted: setting.words.join(' or '), given: reader.textOf(written) }, written.span)
    return word
  }
  if (setting.type === 'bool') {
    const value = reader.static(written)
    return value.kind === 'boolean'
      ? value.value
      : fail('attribute-type', { name, takes: 'true or false', given: show(value) }, written.span)
  }
  const value = reader.number(written, name)
  if (!setting.isIn(value))
    fail('out-of-range', { name, range: setting.range, given: String(value) }, written.span, name === 'lr' && value === 0 ? { help: 'freeze: [..] leaves weights as they are' } : {}) // prettier-ignore
  return value
}

/** `clip: norm(0.01)`; undefined for none. */
export function readClip(reader: FieldReader): Clip | undefined {
  const expression = reader.expression('clip')
  const kind = wordOf(expression)
  if (expression.kind === 'name' && kind === 'none') return undefined
  const [only, second] = expression.kind === 'call' ? expression.arguments : []
  if ((kind !== 'norm' && kind !== 'value') || !only || only.name || second)
    return fail(
      'attribute-value',
      { name: 'clip', accepted: 'norm(length), value(size) or none', given: reader.textOf(expression) },
      expression.span,
    )
  const at = reader.number(only.value, kind)
  if (!(at > 0)) fail('out-of-range', { name: kind, range: 'above 0', given: String(at) }, only.span)
  return { kind, at }
}

/** `schedule: step(at: [100], factor: 0.5)`. */
export function readSchedule(reader: FieldReader): Schedule {
  const expression = reader.expression('schedule')
  const name = wordOf(expression)
  if (name === 'constant') return { kind: 'constant' }
  if (expression.kind === 'call' && name === 'cosine') return readCosine(reader, expression)
  if (expression.kind === 'call' && name === 'step') {
    const given = reader.numbers(expression, ['at', 'factor'])
    const at = given.get('at') ?? missing(expression, 'at')
    const factor = (given.get('factor') ?? missing(expression, 'factor')) as number
    return { kind: 'step', at: ascending('at', at, expression), factor }
  }
  if (!isRate(expression))
    return fail(
      'attribute-value',
      {
        name: 'schedule',
        accepted: 'step(at:, factor:), cosine(to:), constant, or the rate by lr, step, steps, epoch and epochs',
        given: reader.textOf(expression),
      },
      expression.span,
    )
  return { kind: 'rate', rate: perItem(reader, expression, ['lr', 'step', 'steps', 'epoch', 'epochs']) }
}

/** Arithmetic of the moment: nothing is drawn for a rate. */
const isRate = (expression: Expression): boolean =>
  ['number', 'group', 'negate', 'binary', 'call'].includes(expression.kind) &&
  callsIn(expression).every(({ callee }) => perItemFunctions.includes(callee.text))

function readCosine(reader: FieldReader, call: Call): Schedule {
  const given = reader.numbers(call, ['to', 'restarts', 'decay'])
  const to = (given.get('to') ?? missing(call, 'to')) as number
  const restarts = given.get('restarts')
  return {
    kind: 'cosine',
    to,
    restarts: restarts === undefined ? [] : ascending('restarts', restarts, call),
    decay: (given.get('decay') ?? 1) as number,
  }
}

/** Epochs that ascend; one may stand alone. */
function ascending(name: string, given: number | readonly number[], { span }: Expression): readonly number[] {
  const epochs = typeof given === 'number' ? [given] : given
  if (epochs.some((epoch, at) => epoch <= (epochs[at - 1] ?? 0)))
    fail('attribute-value', { name, accepted: 'a list of epochs that ascend', given: `[${epochs.join(', ')}]` }, span)
  return epochs
}
