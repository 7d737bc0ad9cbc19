import { fail } from '../diagnostics/catalogue.ts'
import type { ModuleUnit } from '../names/program.ts'
import type { Scale } from '../plan.ts'
import type { Expression } from '../syntax/tree.ts'
import { placesOf } from './calls/call-module.ts'
import { callSlot } from './calls/slots.ts'
import { ModelContext } from './context.ts'
import { evaluate, type Elaboration } from './evaluate.ts'
import { fieldNames } from './records/fields.ts'
import { nowhere, type Scope } from './values/scope.ts'
import { real, show, type Value } from './values/values.ts'

/** What a model has beside a module, its slots and its scale: for the model that is compiled, and for one that it calls. */

/** The slots with the fillers that the text gives them. */
export function declareSlots(context: ModelContext): void {
  const { unit, slots, fillers } = context
  for (const statement of unit.declaration.body)
    if (statement.kind === 'slot') {
      const { name, filler } = statement
      context.attempt(() => {
        if (slots.has(name.text)) fail('duplicate-name', { name: name.text, what: 'a slot' }, name.span)
        if (fieldNames('train').includes(name.text))
          fail('duplicate-name', { name: name.text, what: 'a field of train' }, name.span)
        slots.set(name.text, statement)
        fillers.set(name.text, { expression: filler, file: unit.file })
      })
    }
}

/** Reads `scale`; a static one is a name like a parameter, one per item has no value while compiling. */
export function readScale(context: ModelContext): Scale {
  const [statement, second] = context.unit.declaration.body.filter((candidate) => candidate.kind === 'scale')
  if (!statement) return { kind: 'fixed', value: 1 }
  if (second) fail('duplicate-name', { name: second.name.text, what: 'given: a model has one scale' }, second.span)
  const name = statement.name.text
  if (context.parameters.names.has(name)) fail('duplicate-name', { name, what: 'a parameter' }, statement.name.span)
  const number = (expression: Expression): number => {
    const value = evaluate(expression, { scope: context.parameters, place: nowhere, e: context.e })
    return value.kind === 'number'
      ? value.value
      : fail('attribute-type', { name: 'scale', takes: 'a number', given: show(value) }, expression.span)
  }
  if (statement.fixed) {
    const value = number(statement.fixed)
    if (!(value >= 1)) fail('scale-range', { problem: `a scale is at least 1, not ${value}` }, statement.fixed.span)
    context.parameters.names.set(name, real(value))
    return { kind: 'fixed', value }
  }
  const [from, to] = [number(statement.from!), number(statement.to!)]
  if (!(from >= 1 && to >= from))
    fail('scale-range', { problem: `a scale goes from at least 1 upwards, not from ${from} to ${to}` }, statement.span)
  context.parameters = { ...context.parameters, perItem: name }
  return { kind: 'range', from, to }
}

/** What the statements of the model see. */
export const scopeOf = (context: ModelContext): Scope => ({
  ...context.parameters,
  names: new Map(context.parameters.names),
  places: placesOf(context.unit.declaration.body),
  slots: { names: new Set(context.slots.keys()), call: (slot, inputs, span) => callSlot(context, slot, inputs, span) },
})

/** The scope of a model that is called: its slots hold what its text gives them, below `path`; its roles are the caller's affair. */
export function insideModel(
  { declaration, file }: ModuleUnit,
  { parameters, path }: { readonly parameters: ReadonlyMap<string, Value>; readonly path: string },
  e: Elaboration,
): Scope {
  const unit = { declaration, file, presets: new Map() }
  const context = new ModelContext(unit, { preset: '', variants: [], sets: [] }, e, path)
  context.parameters = { ...context.parameters, names: new Map(parameters) }
  declareSlots(context)
  context.attempt(() => readScale(context))
  context.scope = scopeOf(context)
  return context.scope
}
