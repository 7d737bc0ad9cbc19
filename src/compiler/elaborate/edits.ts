import { Consequence, fail, listed, type Context } from '../diagnostics/catalogue.ts'
import type { Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import type { VariantUnit } from '../names/program.ts'
import { ops } from '../ops/registry.ts'
import { isRecord, pathText, type Edit, type Name, type Parameter } from '../syntax/tree.ts'
import type { NamedValues } from './calls/call-module.ts'
import type { Filler, ModelContext } from './context.ts'
import type { Caller } from './evaluate.ts'
import { fieldNames } from './records/fields.ts'
import { nowhere, childScope, join } from './values/scope.ts'
import type { Value } from './values/values.ts'

/**
 * Decides what stands where (docs/language.md, What may be changed): preset paths are checked against the base,
 * replacements are made, and values below a replaced slot are dropped; then variants' `set` and what comes from outside.
 */
export function applyEdits(context: ModelContext): void {
  checkPresets(context)
  const { mistakes } = context.e
  const before = mistakes.count
  for (const variant of context.application.variants) checkEdits(context, variant)
  for (const variant of context.application.variants)
    for (const edit of variant.edits) if (edit.kind === 'replace') context.attempt(() => replace(context, variant, edit))
  override(context, mistakes.count === before)
}

/** Every path of every preset is checked against the base, used or not. */
function checkPresets(context: ModelContext): void {
  const wrong = new Set<string>()
  for (const { record } of context.unit.presets.values()) {
    const seen = new Set<string>()
    for (const field of record.fields) {
      const path = pathText(field.path)
      // A path that is wrong in several presets is one mistake, and so is a slot that is gone with all below it.
      const [{ text: first }] = field.path as [Name]
      const isGone = field.path.length > 1 && !context.slots.has(first) && !isRecordName(first)
      const mistake = isGone ? first : path
      if (wrong.has(mistake)) continue
      const isRight = context.attempt(() => {
        checkPath(context, field.path)
        if (seen.has(path)) fail('duplicate-name', { name: path, what: 'given in this preset' }, field.span)
        if (isRecord(field.value))
          fail(
            'attribute-type',
            { name: path, takes: `one value, as in ${path}.name: value`, given: 'a record' },
            field.value.span,
          )
        seen.add(path)
      })
      if (!isRight) wrong.add(mistake)
    }
  }
}

/** A path of a preset or a `set`, against the parameters, the fillers that are there now, and the closed records. */
function checkPath(context: ModelContext, path: readonly Name[]): void {
  const { slots, fillers, name: model, unit } = context
  const [first, second, third] = path as [Name, Name | undefined, Name | undefined]
  if (isRecordName(first.text)) {
    const accepted = first.text === 'train' ? [...fieldNames('train'), ...slots.keys()] : fieldNames('evaluate')
    if (!second) return unknown(first, model, 'value', accepted.map((field) => `${first.text}.${field}`)) // prettier-ignore
    if (!accepted.includes(second.text))
      fail(
        'unknown-field',
        { record: first.text, name: second.text, near: nearest(second.text, accepted), accepted },
        second.span,
      )
    const ofSlot = first.text === 'train' && slots.has(second.text)
    if (ofSlot && !fieldNames('objective').includes(third?.text ?? ''))
      unknown(third ?? second, `train.${second.text}`, 'field', fieldNames('objective'))
    const last = path[ofSlot ? 3 : 2]
    if (last) unknown(last, pathText(path.slice(0, ofSlot ? 3 : 2)), 'part', [])
    return
  }
  if (!second) {
    const accepted = unit.declaration.parameters.map((parameter) => parameter.name.text)
    if (!accepted.includes(first.text))
      unknown(first, model, 'parameter', [...accepted, ...[...slots.keys()].map((slot) => `${slot}.`)], fieldHelp(first.text))
    return
  }
  const filler = fillers.get(first.text)
  if (!filler) return unknown(first, model, 'slot', [...slots.keys()])
  if (third) unknown(third, pathText(path.slice(0, 2)), 'part', [])
  const accepted = fillerParameters(filler).map((parameter) => parameter.name.text)
  if (!accepted.includes(second.text)) unknown(second, `the filler of ${first.text}`, 'parameter', accepted)
}

/** Where it is a field of a record: what its path is. */
function fieldHelp(name: string): Context {
  const record = (['train', 'evaluate'] as const).find((each) => fieldNames(each).includes(name))
  return record ? { help: `${name} is a field of ${record}: ${record}.${name}` } : {}
}

/** No path goes there: the nearest at the place, all that do below. */
function unknown(name: Name, owner: string, kind: string, accepted: readonly string[], context: Context = {}): never {
  const near = nearest(name.text, accepted)
  return fail('unknown-path', { owner, kind, name: name.text, near }, name.span, {
    label: near.length > 0 ? `did you mean ${near.join(' or ')}?` : '',
    ...context,
    ...(accepted.length > 0 && { notes: [`${kind}s of ${owner}: ${listed([...accepted].sort())}`] }),
  })
}

/** Parameters of a module filler; a lambda and an op have none that can be set. What a filler that is not there has is not known. */
function fillerParameters({ expression, file }: Filler): readonly Parameter[] {
  const callee = expression.kind === 'call' ? expression.callee.text : expression.kind === 'name' ? expression.name : undefined
  const module = callee === undefined ? undefined : file.modules.get(callee)
  if (callee !== undefined && !module && !ops.has(callee)) throw new Consequence()
  return module?.declaration.parameters ?? []
}

const isRecordName = (name: string): boolean => name === 'train' || name === 'evaluate'
const editPath = (edit: Edit): string => (edit.kind === 'replace' ? edit.slot.text : pathText(edit.path))
const within = (path: string, other: string): boolean => path === other || path.startsWith(`${other}.`)

/** One path is changed once; two variants do not even change one below the other. */
function checkEdits(context: ModelContext, variant: VariantUnit): void {
  const { variants } = context.application
  const before = variants.slice(0, variants.indexOf(variant)).flatMap((other) => other.edits.map((edit) => ({ other, edit })))
  const related = (span: Span) => ({ related: [{ span, label: 'changed here' }] })
  variant.edits.forEach((edit, at) =>
    context.attempt(() => {
      const path = editPath(edit)
      const second = variant.file.source.file
      const twice = variant.edits.slice(0, at).find((earlier) => editPath(earlier) === path)
      if (twice) fail('edit-conflict', { first: second, second, path }, edit.span, related(twice.span))
      const clash = before.find((earlier) => within(editPath(earlier.edit), path) || within(path, editPath(earlier.edit)))
      if (!clash) return
      const shorter = within(path, editPath(clash.edit)) ? editPath(clash.edit) : path
      fail('edit-conflict', { first: clash.other.file.source.file, second, path: shorter }, edit.span, related(clash.edit.span))
    }),
  )
}

function replace(context: ModelContext, variant: VariantUnit, edit: Extract<Edit, { kind: 'replace' }>): void {
  if (!context.slots.has(edit.slot.text)) notASlot(context, edit.slot)
  const origin = { by: 'replace', file: variant.file.source.file } as const
  context.fillers.set(edit.slot.text, { expression: edit.filler, file: variant.file, replacedBy: origin })
  context.values.push({ path: edit.slot.text, value: context.textOf(edit.filler), origin })
}

function notASlot({ slots, unit, name: model }: ModelContext, name: Name): never {
  const accepted = [...slots.keys()].sort()
  const isLet = unit.declaration.body.some(
    (statement) => statement.kind === 'let' && statement.names.some((candidate) => candidate.text === name.text),
  )
  if (isLet || unit.file.modules.has(name.text))
    fail('not-a-slot', { name: name.text, what: isLet ? 'a let' : 'a module', slots: accepted }, name.span)
  return unknown(name, model, 'slot', accepted)
}

/**
 * Collects what stands in place of defaults: the preset's values, variants' `set`, `--set`. `isReplaced`: whether the fillers
 * are those that the variants ask for; of others the parameters are not known.
 */
function override(context: ModelContext, isReplaced: boolean): void {
  const { application, unit, fillers, overrides } = context
  const { preset, variants, sets } = application
  const chosen = unit.presets.get(preset)
  if (!chosen && preset !== '') {
    const accepted = [...unit.presets.keys()]
    fail('unknown-preset', { model: context.name, name: preset, near: nearest(preset, accepted) }, unit.declaration.name.span, {
      notes: [`presets of ${context.name}: ${listed(accepted) || '(none)'}`],
    })
  }
  const origin = { by: 'preset', preset } as const
  for (const field of chosen?.record.fields ?? []) {
    if (isRecord(field.value)) continue
    const path = pathText(field.path)
    const droppedFor = field.path.length > 1 ? fillers.get(field.path[0]!.text)?.replacedBy : undefined
    if (droppedFor) context.values.push({ path, value: context.textOf(field.value), origin, droppedFor })
    else overrides.set(path, { expression: field.value, file: unit.file, span: field.span, origin })
  }
  const check = (path: readonly Name[]): void => {
    if (!isReplaced && path.length > 1 && !isRecordName(path[0]!.text)) throw new Consequence()
    checkPath(context, path)
  }
  for (const variant of variants)
    for (const edit of variant.edits)
      if (edit.kind === 'set')
        context.attempt(() => {
          check(edit.path)
          const origin = { by: 'set', file: variant.file.source.file } as const
          overrides.set(pathText(edit.path), { expression: edit.value, file: variant.file, span: edit.span, origin })
        })
  for (const { path, value } of sets)
    context.attempt(() => {
      check(path)
      overrides.set(pathText(path), { expression: value, file: unit.file, span: value.span, origin: { by: 'command' } })
    })
}

/** The overrides of a list of parameters, each with the scope that its value sees: the base's parameters so far. */
export function overridesOf(context: ModelContext, parameters: readonly Parameter[], prefix: string): NamedValues {
  return new Map(
    parameters.flatMap((parameter) => {
      const found = context.overrides.get(join(prefix, parameter.name.text))
      if (!found) return []
      return [
        [
          parameter.name.text,
          {
            expression: found.expression,
            nameSpan: found.span,
            here: (earlier: ReadonlyMap<string, Value>): Caller => {
              const scope = { ...context.parameters, file: found.file }
              return { scope: prefix === '' ? childScope(scope, earlier) : scope, place: nowhere, e: context.e }
            },
          },
        ] as const,
      ]
    }),
  )
}
