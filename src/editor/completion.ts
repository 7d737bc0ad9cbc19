import { declarationWords, statementWords } from '../../grammar/tokens.ts'
import { fields, fieldText, type RecordKind } from '../compiler/elaborate/records/fields.ts'
import { staticFunctions } from '../compiler/elaborate/values/static.ts'
import { show } from '../compiler/elaborate/values/values.ts'
import { attributeText, opParts } from '../compiler/ops/page.ts'
import { parameterTypes } from '../compiler/elaborate/values/attributes.ts'
import { ops } from '../compiler/ops/registry.ts'
import { attributesOf as pictureAttributesOf, pictureAttributeText, wordText } from '../compiler/picture-operations.ts'
import { contextAt, type Context } from './context.ts'
import { fillerOf, occurrences, slotsOf, type Kind } from './occurrences.ts'
import { moduleParts, parameterText, pathFrom } from './words.ts'
import { spanKey, type Workspace } from './workspace.ts'
import { own } from '../own.ts'

export interface Completion {
  readonly label: string
  readonly kind: Kind | 'keyword' | 'word' | 'file'
  /** Beside the label: a signature, a shape, a default. */
  readonly detail: string
  /** What is written in place of what was typed. */
  readonly insert: string
  readonly start: number
}

type Item = Omit<Completion, 'start' | 'insert'> & { readonly insert?: string }

/** What may stand at an offset. */
export function completionsAt(workspace: Workspace, file: string, offset: number): readonly Completion[] {
  const read = workspace.read(file)
  if ('problem' in read) return []
  const context = contextAt(read.text, offset)
  return itemsAt(workspace, file, read.text, offset, context)
    .filter(({ label }) => label.toLowerCase().includes(context.typed.toLowerCase()))
    .map((item) => ({ insert: item.label, ...item, start: context.start }))
}

const roles = ['image', 'enlarged', 'coordinates', 'cell', 'scale', 'compression', 'samples', 'features', 'inspect']
const roleItems = roles.map((label): Item => ({ label, kind: 'word', detail: 'a role' }))

function itemsAt(workspace: Workspace, file: string, text: string, offset: number, context: Context): readonly Item[] {
  if (context.isInRemark) return []
  if (context.isInText) return importable(workspace, file, text, offset)
  const { before, call, record, path } = context
  if (before === 'as') return roleItems
  if (before === 'replace') return slotItems(workspace, file)
  if (before === 'set' || (lineBegins(text, offset, 'set') && before === '.')) return pathItems(workspace, file, path)
  if (record) return fieldItems(workspace, file, context)
  if (/^\s*slot\s+\w+\s+\w*$/.test(lineTo(text, offset)))
    return [{ label: 'frozen', kind: 'keyword', detail: 'nothing trains it; its weights are given' }]
  if (/\brepeat\s[^{]*\w\s+\w*$/.test(lineTo(text, offset)))
    return [
      { label: 'as', kind: 'keyword', detail: 'names the turn' },
      { label: 'collect', kind: 'keyword', detail: 'gives what all turns gave, as a list' },
    ]
  if (/^\s*(module|model)\s+\w+\s*\(([^)]*,)?\s*\w+\s*:\s*\w*$/.test(lineTo(text, offset)))
    return parameterTypes.map((label): Item => ({ label, kind: 'word', detail: 'a type of parameters' }))
  if (before === '.') return memberItems(workspace, file, text, context)
  if (context.isAtStart && before !== '->' && !call) {
    const words = context.isInModule ? statementWords : declarationWords
    return words.map(({ name }): Item => ({ label: name.slice(1, -1), kind: 'keyword', detail: '' }))
  }
  if (call?.argument !== undefined) {
    const words = own(ops.get(call.callee)?.attributes ?? {}, call.argument)?.words
    if (words) return words.map((label): Item => ({ label, kind: 'word', detail: call.argument! }))
  }
  const values = before === '->' ? [] : valueItems(workspace, file, offset)
  return [...(call && (before === '(' || before === ',') ? argumentItems(workspace, file, context) : []), ...values, ...callables(workspace, file)] // prettier-ignore
}

const lineTo = (text: string, offset: number): string => text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)

const lineBegins = (text: string, offset: number, word: string): boolean =>
  lineTo(text, offset).trimStart().startsWith(`${word} `)

/** Files that an import or a variant may name, as they are written from here. */
function importable(workspace: Workspace, file: string, text: string, offset: number): Item[] {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  if (!/\bfrom\s+"[^"]*$/.test(line)) return []
  const typed = /"([^"]*)$/.exec(line)![1]!
  const files = workspace.files().filter((other) => other !== file)
  return (
    [...files.map((other) => pathFrom(file, other)), ...workspace.own()]
      .filter((label) => label.startsWith(typed))
      // The editor replaces the last word only.
      .map((label): Item => ({
        label,
        kind: 'file',
        detail: '',
        insert: label.slice(typed.length - /\w*$/.exec(typed)![0].length),
      }))
  )
}

const slotItems = (workspace: Workspace, file: string): Item[] =>
  slotsOf(workspace.model(file)).map(({ name, contractSpan }) => ({
    label: name.text,
    kind: 'slot',
    detail: workspace.model(file)!.file.source.text.slice(contractSpan.start, contractSpan.end),
  }))

/** What may follow in a path of a `set` or a preset. */
function pathItems(workspace: Workspace, file: string, path: readonly string[]): Item[] {
  const model = workspace.model(file)
  const unit = workspace.unit(file)
  if (!model || !unit) return []
  const [first, second] = path
  if (first === undefined)
    return [
      ...model.declaration.parameters.map((parameter): Item => ({ label: parameter.name.text, kind: 'parameter', detail: parameterText(workspace, parameter) })), // prettier-ignore
      ...slotsOf(model).filter(({ name }) => fillerOf(model, name.text, unit)?.declaration.parameters.length).map(({ name }): Item => ({ label: name.text, kind: 'slot', detail: '' })), // prettier-ignore
      ...(['train', 'evaluate'] as const).filter((record) => model[record]).map((label): Item => ({ label, kind: 'keyword', detail: '' })), // prettier-ignore
    ]
  if (first === 'train' && second !== undefined) return recordItems('objective')
  if (first === 'train' || first === 'evaluate') return recordItems(first)
  return (fillerOf(model, first, unit)?.declaration.parameters ?? []).map((parameter) => ({
    label: parameter.name.text,
    kind: 'parameter',
    detail: parameterText(workspace, parameter),
  }))
}

const recordItems = (record: RecordKind): Item[] =>
  Object.entries(fields[record]).map(([label, spec]) => ({ label, kind: 'field', detail: fieldText(spec) }))

/** What values of fields are made of. */
const words = [...new Set(Object.values(fields).flatMap((record) => Object.values(record).flatMap((each) => each.words ?? [])))]

/** Names of fields where one begins, else what the field's value may be. */
function fieldItems(workspace: Workspace, file: string, { record, isAtStart, before, path, call }: Context): Item[] {
  const [outer, nested] = record!
  if (outer === 'preset') return isAtStart || before === '.' ? pathItems(workspace, file, path) : valueItems(workspace, file, 0)
  if (isAtStart) {
    const lets: Item[] =
      outer === 'train' ? [{ label: 'let', kind: 'keyword', detail: 'a name for what losses are made of' }] : []
    if (nested !== undefined) return [...recordItems('objective'), ...lets]
    return [...recordItems(outer as 'train' | 'evaluate'), ...lets, ...(outer === 'train' ? slotItems(workspace, file) : [])]
  }
  const spec = call?.argument === undefined ? undefined : own(pictureAttributesOf(call.callee), call.argument)
  if (spec?.kind === 'word')
    return spec.words.map((word): Item => ({ label: wordText(spec, word), kind: 'word', detail: call!.argument! }))
  if (call) return [...argumentItems(workspace, file, { call } as Context), ...outputsOf(workspace, file)]
  return [...words.map((label): Item => ({ label, kind: 'word', detail: '' })), ...(outer === 'train' ? ownersOf(workspace, file) : [])] // prettier-ignore
}

/** What paths of weights begin with: slots and lets. */
const ownersOf = (workspace: Workspace, file: string): Item[] => [
  ...slotItems(workspace, file),
  ...(workspace.model(file)?.declaration.body ?? []).flatMap((statement) =>
    statement.kind === 'let' ? statement.names.map((name): Item => ({ label: name.text, kind: 'let', detail: '' })) : [],
  ),
]

const outputsOf = (workspace: Workspace, file: string): Item[] =>
  (workspace.model(file)?.declaration.body ?? []).flatMap(
    (statement) =>
    (statement.kind === 'output' || statement.kind === 'input') && statement.name ? [{ label: statement.name.text, kind: statement.kind, detail: '' }] : [], // prettier-ignore
  )

/** Attributes and parameters of the open call that are not there yet. */
function argumentItems(workspace: Workspace, file: string, { call }: Context): Item[] {
  const { callee, named } = call!
  const module = workspace.unit(file)?.modules.get(callee)
  const items: Item[] = module
    ? module.declaration.parameters.map((parameter) => ({ label: parameter.name.text, kind: 'parameter', detail: parameterText(workspace, parameter) })) // prettier-ignore
    : attributesOf(callee).map(([label, detail]) => ({ label, kind: 'attribute', detail }))
  return items.filter(({ label }) => !named.includes(label)).map((item) => ({ ...item, insert: `${item.label}: ` }))
}

/** Attributes of an op, or of what is done to pictures, and what each takes. */
const attributesOf = (callee: string): [name: string, takes: string][] => {
  const op = ops.get(callee)
  return op
    ? Object.entries(op.attributes).map(([name, spec]) => [name, attributeText(spec)])
    : Object.entries(pictureAttributesOf(callee)).flatMap(([name, spec]) =>
        spec.kind === 'which' ? [] : [[name, pictureAttributeText(spec)]],
      )
}

/** Names of the module around, that are declared before the offset. */
function valueItems(workspace: Workspace, file: string, offset: number): Item[] {
  const declaration = workspace
    .unit(file)
    ?.source.declarations.find(
      ({ kind, span }) => (kind === 'module' || kind === 'model') && span.start <= offset && offset <= span.end,
    )
  if (!declaration) return []
  const kinds: readonly Kind[] = ['parameter', 'input', 'size', 'let', 'weight', 'scale']
  const seen = new Set<string>()
  return occurrences(workspace, file).flatMap(({ span, text, kind, target }): Item[] => {
    const isHere = target?.start === span.start && span.start >= declaration.span.start && span.end < offset
    if (!isHere || !kinds.includes(kind) || seen.has(text)) return []
    seen.add(text)
    return [{ label: text, kind, detail: shapeOf(workspace, file, text) }]
  })
}

/** What a name gives where it is used. */
function shapeOf(workspace: Workspace, file: string, text: string): string {
  const use = occurrences(workspace, file).find(
    (each) =>
      each.text === text &&
      each.target &&
      each.target.start !== each.span.start &&
      workspace.values(file).has(spanKey(each.span)),
  )
  const value = use && workspace.values(file).get(spanKey(use.span))
  return value ? show(value) : ''
}

/** Slots, modules, ops and static functions. */
function callables(workspace: Workspace, file: string): Item[] {
  const unit = workspace.unit(file)
  return [
    ...(unit?.models.size ? slotItems(workspace, file) : []),
    ...[...(unit?.modules ?? [])].map(([label, { declaration }]): Item => ({ label, kind: 'module', detail: moduleParts(workspace, declaration).join(', ') })), // prettier-ignore
    ...[...ops.values()].map((op): Item => ({ label: op.name, kind: 'op', detail: opParts(op).join(', ') })),
    ...staticFunctions
      .filter((label) => !ops.has(label))
      .map((label): Item => ({ label, kind: 'op', detail: 'of static numbers' })),
  ]
}

/** `r.` : the results of what `r` is. */
function memberItems(workspace: Workspace, file: string, text: string, { start, path }: Context): Item[] {
  const [name] = path
  const value = [...workspace.values(file)].find(([key, each]) => {
    const [from, to] = key.split(':').map(Number)
    return each.kind === 'several' && to! < start && text.slice(from, to) === name
  })?.[1]
  const found = value ?? letNamed(workspace, file, name ?? '', start)
  return found?.kind === 'several'
    ? found.items.flatMap((item): Item[] => (item.name ? [{ label: item.name, kind: 'let', detail: show(item.value) }] : []))
    : []
}

function letNamed(workspace: Workspace, file: string, name: string, before: number) {
  for (const statement of workspace.statements(file))
    if (statement.kind === 'let' && !statement.tuple && statement.names[0]!.text === name && statement.span.end < before)
      return workspace.values(file).get(spanKey(statement.value.span))
  return undefined
}
