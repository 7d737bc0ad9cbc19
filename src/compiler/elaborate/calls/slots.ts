import { plural } from '../../../errors.ts'
import { Consequence, fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import type { ModuleUnit } from '../../names/program.ts'
import type { TensorValue } from '../../ops/op.ts'
import { compare, equality, format, type Size } from '../../shapes/size.ts'
import type { SlotStatement, TensorType } from '../../syntax/tree.ts'
import type { NamedValues } from './call-module.ts'
import { fill } from './filler.ts'
import type { Filler, ModelContext } from '../context.ts'
import { overridesOf } from '../edits.ts'
import { asTensor } from '../evaluate.ts'
import { join, type Given } from '../values/scope.ts'
import { axesOf, axesText, type ResolvedAxis } from '../values/tensor-types.ts'
import { failed, shapeText, show, type Value } from '../values/values.ts'

/** Calls a slot: its inputs against the contract, the filler, and what it gives against the contract. */
export function callSlot(context: ModelContext, name: string, inputs: readonly Given[], span: Span): Value {
  const slot = context.slots.get(name)!
  const filler = context.fillers.get(name)!
  if (inputs.length !== slot.takes.length)
    fail(
      'arity',
      { callee: name, takes: plural(slot.takes.length, 'tensor'), given: inputs.length },
      inputs[slot.takes.length]?.span ?? span,
      { related: [{ span: slot.contractSpan, label: 'declared here' }] },
    )
  // What does not keep the contract is not held against the filler too.
  const tensors = slot.takes.map((type, at) => {
    const input = inputs[at]!
    const value = context.attempt(() => {
      const tensor = asTensor(input.value, name, input.span)
      checkArgument(context, slot, type, { value: tensor, span: input.span }, span)
      return tensor
    })
    return { value: value ?? failed, span: input.span }
  })
  const filled = (): Value => fillSlot(context, slot, filler, tensors)
  return promised(context, slot, filler, slot.frozen ? context.e.builder.frozen(filled) : filled())
}

// ---- the contract ---------------------------------------------------------------------------------------------------

/** What is wrong between a promised type and a value; undefined where they are proved to be the same. */
interface Discrepancy {
  readonly note: string
  /** The one axis that differs. */
  readonly axis?: { readonly at: number; readonly wanted: Size; readonly given: Size; readonly unknown: boolean }
}

/** Compares, and gives open axes (`?u`) the sizes that they have here. */
function compareTo(
  context: ModelContext,
  type: TensorType,
  axes: readonly ResolvedAxis[],
  value: TensorValue,
): Discrepancy | undefined {
  const dtype = type.dtype?.text ?? 'f32'
  if (dtype !== value.dtype) return { note: `${value.dtype} is not ${dtype}` }
  if (axes.length !== value.shape.length) return { note: `${plural(value.shape.length, 'axis', 'axes')}, not ${axes.length}` }
  for (const [at, { size, open }] of axes.entries()) {
    const given = value.shape[at]!
    const wanted = size ?? (open === undefined ? undefined : context.scope.sizes.get(open))
    const verdict = wanted ? compare(wanted, given) : 'equal'
    if (wanted && verdict !== 'equal') {
      const written = writtenSize(context, type, at, wanted) ?? format(wanted)
      const note = `axis ${at}: ${format(given)} ${verdict === 'different' ? 'is not' : 'against'} ${written}`
      return { note, axis: { at, wanted, given, unknown: verdict === 'unknown' } }
    }
    if (open !== undefined) context.scope.sizes.set(open, given)
  }
  return undefined
}

/** `dim + 4 = 260`; undefined where the number itself is written. */
function writtenSize(context: ModelContext, type: TensorType, at: number, size: Size): string | undefined {
  const axis = type.axes[at]
  const text = axis?.kind === 'size' ? context.textOf(axis.size) : format(size)
  return text === format(size) ? undefined : `${text} = ${format(size)}`
}

const isChannels = (type: TensorType, { axis }: Discrepancy): boolean =>
  axis !== undefined && axis.at === type.axes.length - 1 && !axis.unknown

function checkArgument(
  context: ModelContext,
  slot: SlotStatement,
  type: TensorType,
  { value, span }: Given<TensorValue>,
  call: Span,
): void {
  const axes = axesOf(type, context.scope, context.e)
  const wrong = compareTo(context, type, axes, value)
  if (!wrong) return
  const name = slot.name.text
  const text = axesText(type, axes)
  const parts = context.e.builder.partsOf(value, wrong.axis?.at)
  const around = {
    label: `takes ${text}`,
    related: [
      { span, label: `gives ${shapeText(value)}` },
      { span: type.span, label: `declared here` },
    ],
    notes: [
      wrong.note,
      ...parts.map((part) => `    ${format(part.size)}  ${context.textOf({ kind: 'name', name: '', span: part.span })}`),
    ],
  }
  if (wrong.axis?.unknown) fail('shape-unknown', equality(wrong.axis.given, wrong.axis.wanted), call, around)
  const problem = isChannels(type, wrong)
    ? `${name} takes ${format(wrong.axis!.wanted)} channels and is given ${format(wrong.axis!.given)}`
    : `${name} takes ${text} and is given ${shapeText(value)}`
  fail('shape-mismatch', { problem }, call, around)
}

/** A filler's result against what the slot promises; a number is spread over the promised shape. */
function promised(context: ModelContext, slot: SlotStatement, filler: Filler, result: Value): Value {
  const name = slot.name.text
  const at = filler.expression.span
  const what = filler.replacedBy ? 'replacement' : 'filler'
  const [only] = slot.gives
  if (slot.gives.length === 1 && only && !only.name) {
    if (result.kind !== 'number') return checkResult(context, slot, filler, only.type, asTensor(result, name, at))
    const axes = axesOf(only.type, context.scope, context.e)
    const shape = axes.map(({ size, open }) => {
      const known = size ?? (open === undefined ? undefined : context.scope.sizes.get(open))
      return (
        known ??
        fail(
          'slot-contract',
          { slot: name, what, problem: `is a number, and the size of ${axesText(only.type, axes)} is left to it` },
          at,
        )
      )
    })
    return context.e.builder.fill(result.value, shape, join(context.path, name), at)
  }
  if (result === failed) throw new Consequence()
  const items = result.kind === 'several' ? result.items : []
  return {
    kind: 'several',
    items: slot.gives.map(({ name: wanted, type }) => {
      const item = items.find((candidate) => candidate.name === wanted?.text)
      if (!item)
        fail('slot-contract', { slot: name, what, problem: `gives no ${wanted?.text}` }, at, {
          label: `gives ${show(result)}`,
          related: [{ span: slot.contractSpan, label: 'promised here' }],
        })
      return { name: wanted!.text, value: checkResult(context, slot, filler, type, item.value) }
    }),
  }
}

function checkResult(
  context: ModelContext,
  slot: SlotStatement,
  filler: Filler,
  type: TensorType,
  value: TensorValue,
): TensorValue {
  const axes = axesOf(type, context.scope, context.e)
  const wrong = compareTo(context, type, axes, value)
  if (!wrong) return value
  const at = filler.expression.span
  const written = wrong.axis && writtenSize(context, type, wrong.axis.at, wrong.axis.wanted)
  const around = {
    label: `gives ${shapeText(value)}`,
    related: [{ span: type.span, label: `promised here${written ? `, ${written}` : ''}` }],
    notes: [wrong.note],
  }
  if (wrong.axis?.unknown) return fail('shape-unknown', equality(wrong.axis.given, wrong.axis.wanted), at, around)
  const problem = isChannels(type, wrong)
    ? 'changes the number of channels'
    : `gives ${shapeText(value)} where ${axesText(type, axes)} is promised`
  const alike = slot.takes.length === 1 && slot.takes[0]!.axes.length === type.axes.length
  return fail('slot-contract', { slot: slot.name.text, what: filler.replacedBy ? 'replacement' : 'filler', problem }, at, {
    ...around,
    ...(filler.replacedBy && alike && { help: `use (x) => x to leave what comes in as it is` }),
  })
}

// ---- the filler -----------------------------------------------------------------------------------------------------

function fillSlot(context: ModelContext, slot: SlotStatement, filler: Filler, inputs: readonly Given[]): Value {
  const name = slot.name.text
  return fill({
    name,
    declared: slot.contractSpan,
    expression: filler.expression,
    inputs,
    scope: { ...context.parameters, file: filler.file, sizes: context.scope.sizes },
    path: join(context.path, name),
    e: context.e,
    given: (unit, written) => withOverrides(context, name, filler, unit, written),
  })
}

/** What a module filler is written with, and what stands in its place from outside; notes where each value is from. */
function withOverrides(context: ModelContext, name: string, filler: Filler, unit: ModuleUnit, named: NamedValues): NamedValues {
  const { parameters } = unit.declaration
  const given = new Map([...named, ...overridesOf(context, parameters, name)])
  for (const parameter of parameters) {
    const path = `${name}.${parameter.name.text}`
    const value = given.get(parameter.name.text)?.expression ?? parameter.standard
    const written = given.has(parameter.name.text) ? (filler.replacedBy ?? { by: 'filler' as const }) : { by: 'default' as const }
    const origin = context.overrides.get(path)?.origin ?? written
    const known = context.values.some((resolved) => resolved.path === path && !resolved.droppedFor)
    if (value && !known) context.values.push({ path, value: context.textOf(value), origin })
  }
  return given
}
