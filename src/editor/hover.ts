import { show } from '../compiler/elaborate/values/values.ts'
import { fields, fieldText } from '../compiler/elaborate/records/fields.ts'
import { attributeText, opParts } from '../compiler/ops/page.ts'
import { ops } from '../compiler/ops/registry.ts'
import { attributesOf, operationTexts, pictureAttributeText, specOf } from '../compiler/picture-operations.ts'
import type { Span } from '../compiler/diagnostics/diagnostic.ts'
import type { ModuleUnit } from '../compiler/names/program.ts'
import { occurrenceAt, slotsOf, type Occurrence } from './occurrences.ts'
import { moduleParts, outputText, textAt } from './words.ts'
import { spanKey, type Workspace } from './workspace.ts'
import { own } from '../own.ts'

export interface Hover {
  readonly span: Span
  /** Markdown. */
  readonly text: string
}

/** What there is to say about the name at an offset: an op's page, a shape with its sizes, a declaration with its documentation. */
export function hoverAt(workspace: Workspace, file: string, offset: number): Hover | undefined {
  const found = occurrenceAt(workspace, file, offset)
  if (!found) return undefined
  const said = [...declared(workspace, found), ...given(workspace, found)]
  return said.length > 0 ? { span: found.span, text: said.join('\n\n') } : undefined
}

const code = (text: string): string => `\`\`\`arch\n${text}\n\`\`\``

function declared(workspace: Workspace, { kind, text, target, of }: Occurrence): string[] {
  if (kind === 'op') return opPage(text)
  if (kind === 'attribute') {
    const spec = own(ops.get(of!)?.attributes ?? {}, text)
    if (spec) return [`${of}, **${text}**: ${attributeText(spec)}`]
    const ofPictures = own(attributesOf(of!), text)
    return ofPictures ? [`${of}, **${text}**: ${pictureAttributeText(ofPictures)}`] : []
  }
  if (kind === 'field') {
    const spec = own(fields[of as 'train' | 'evaluate'], text) ?? own(fields.objective, text)
    return spec ? [`${of}, **${text}**: ${fieldText(spec)}`] : []
  }
  const unit = target && workspace.unit(target.file)
  if (!unit) return []
  const owner = unit.source.declarations.find(({ span }) => span.start <= target.start && target.end <= span.end)
  if (owner?.kind !== 'module' && owner?.kind !== 'model') return []
  if (kind === 'module' || kind === 'model') return modulePage(workspace, { declaration: owner, file: unit })
  if (kind === 'slot') {
    const slot = slotsOf(unit.models.get(owner.name.text)).find(({ name }) => name.text === text)
    return slot ? [code(textAt(workspace, slot.span))] : []
  }
  if (kind === 'parameter') {
    const parameter = owner.parameters.find(({ name }) => name.span.start === target.start)
    return parameter ? [code(`${owner.name.text}(${textAt(workspace, parameter.span)})`)] : []
  }
  const statement = owner.body.find(({ span }) => span.start <= target.start && target.end <= span.end)
  if (kind === 'size') return statement ? [`a size, bound by`, code(textAt(workspace, statement.span))] : []
  return statement && kind !== 'let' ? [code(textAt(workspace, statement.span))] : []
}

/** What a name or a call gives, with its sizes. */
function given(workspace: Workspace, { span, target, text }: Occurrence): string[] {
  const values = workspace.values(span.file)
  // A call is observed from its first word to its last bracket.
  const keys = [...values.keys()].filter((key) => key === spanKey(span) || key.startsWith(`${span.start}:`))
  const own =
    values.get(spanKey(span)) ?? values.get(keys.sort((a, b) => Number(a.split(':')[1]) - Number(b.split(':')[1]))[0] ?? '')
  const value = own ?? (target && target.file === span.file ? valueOfLet(workspace, target) : undefined)
  return value && value.kind !== 'failed' && show(value) !== text ? [`gives \`${show(value)}\``] : []
}

function valueOfLet(workspace: Workspace, target: Span) {
  for (const statement of workspace.statements(target.file)) {
    if (statement.kind !== 'let') continue
    const at = statement.names.findIndex(({ span }) => span.start === target.start)
    const value = at < 0 ? undefined : workspace.values(target.file).get(spanKey(statement.value.span))
    if (value) return statement.tuple && value.kind === 'several' ? value.items[at]?.value : value
  }
  return undefined
}

/** An op as a page. */
function opPage(name: string): string[] {
  const op = ops.get(name)
  const ofPictures = specOf(name)
  if (!op && ofPictures) return [code(operationTexts(name).join('\n')), `${ofPictures.about}.`]
  if (!op) return []
  const attributes = Object.entries(op.attributes).map(([attribute, spec]) => `- **${attribute}**: ${attributeText(spec)}`)
  return [code(`${name}(${opParts(op).join(', ')})`), op.summary, `Gives ${op.gives}.`, ...(attributes.length > 0 ? [attributes.join('\n')] : [])] // prettier-ignore
}

function modulePage(workspace: Workspace, { declaration }: ModuleUnit): string[] {
  const { kind, name, documentation } = declaration
  const signature = `${kind} ${name.text}(${moduleParts(workspace, declaration).join(', ')}) -> ${outputText(workspace, declaration)}`
  return [code(signature), ...(documentation ? [documentation] : [])]
}
