import type { Span } from '../diagnostics/diagnostic.ts'
import { positionAt, sourcesOf } from '../diagnostics/source.ts'
import type { CompiledModel, Origin } from '../plan.ts'
import { parse } from '../syntax/parse.ts'
import {
  isRecord,
  pathText,
  type Declaration,
  type Expression,
  type ModuleDeclaration,
  type Record as Fields,
} from '../syntax/tree.ts'

/** Something that a text says: what, who says it, and where. */
export interface Written {
  /** As it stands there. */
  readonly value: string
  readonly origin: Origin
  /** None on the command line. */
  readonly at?: Line
}

/** A line of a file, counted from 1. */
export interface Line {
  readonly file: string
  readonly line: number
}

/** Texts of a compiled model, for questions about who wrote what. */
export interface Texts {
  readonly model: ModuleDeclaration | undefined
  /** Everything that says what a slot holds, the model's own filler first. */
  fillersOf(slot: string): Written[]
  /** `[B, H, W, width] -> [B, H, W, width]`. */
  contractOf(slot: string): string | undefined
  /** Everything that says what a parameter or a field is, the weakest first; the last is what counts. */
  layersOf(path: string, sets: Readonly<Record<string, string>>): Written[]
  lineOf(span: Span): Line
}

interface Said {
  readonly expression: Expression
  readonly origin: Origin
}

const said = (expression: Expression, origin: Origin): Said => ({ expression, origin })

/** Reads the sources of a compiled model. `resolve` finds the file of an import. */
export function textsOf(
  model: CompiledModel,
  sources: ReadonlyMap<string, string>,
  resolve: (from: string, to: string) => string,
): Texts {
  const files = new Map([...sources].map(([file, text]) => [file, parse(file, text).source.declarations]))
  const own = files.get(model.file) ?? []
  const declared = own.find((each): each is ModuleDeclaration => each.kind === 'model' && each.name.text === model.name)
  const edits = [...files].flatMap(([file, declarations]) =>
    declarations.flatMap((each) => (each.kind === 'replace' || each.kind === 'set' ? [{ file, edit: each }] : [])),
  )
  const sourceOf = sourcesOf((file) => sources.get(file))
  const lineOf = ({ file, start }: Span): Line => ({ file, line: positionAt(sourceOf(file)!, start).line })
  const textAt = ({ file, start, end }: Span): string => (sources.get(file) ?? '').slice(start, end).replace(/\s+/g, ' ')
  const written = ({ expression, origin }: Said): Written => ({
    value: textAt(expression.span),
    origin,
    at: lineOf(expression.span),
  })

  const slotOf = (name: string) =>
    declared?.body.flatMap((each) => (each.kind === 'slot' && each.name.text === name ? [each] : []))[0]
  const fillers = (slot: string): Said[] => {
    const standard = slotOf(slot)
    return [
      ...(standard ? [said(standard.filler, { by: 'default' })] : []),
      ...edits.flatMap(({ file, edit }) =>
        edit.kind === 'replace' && edit.slot.text === slot ? [said(edit.filler, { by: 'replace', file })] : [],
      ),
    ]
  }
  /** What a parameter of a slot's filler is by itself, then what the filler says. */
  const ofFiller = (slot: string, name: string): Said[] => {
    const filler = fillers(slot).at(-1)
    if (!filler) return []
    const { expression, origin } = filler
    const callee = expression.kind === 'call' ? expression.callee.text : expression.kind === 'name' ? expression.name : ''
    const module = moduleNamed(files, expression.span.file, callee, resolve)
    const standard = module?.parameters.find((parameter) => parameter.name.text === name)?.standard
    const given = expression.kind === 'call' ? expression.arguments.find((argument) => argument.name?.text === name) : undefined
    return [
      ...(standard ? [said(standard, { by: 'default' })] : []),
      ...(given ? [said(given.value, origin.by === 'default' ? { by: 'filler' } : origin)] : []),
    ]
  }
  const ofRecord = (record: string, path: string): Said[] =>
    own.flatMap((each) => {
      const found = each.kind === record && 'record' in each ? fieldOf(each.record, path.split('.')) : undefined
      return found ? [said(found, { by: 'default' })] : []
    })
  const standardsOf = (path: string): Said[] => {
    const [head = '', ...rest] = path.split('.')
    if (head === 'train' || head === 'evaluate') return ofRecord(head, rest.join('.'))
    if (rest.length > 0) return ofFiller(head, rest.join('.'))
    const standard = declared?.parameters.find((parameter) => parameter.name.text === head)?.standard
    return standard ? [said(standard, { by: 'default' })] : []
  }
  return {
    model: declared,
    lineOf,
    fillersOf: (slot) => fillers(slot).map(written),
    contractOf(slot) {
      const found = slotOf(slot)
      return found && textAt(found.contractSpan)
    },
    layersOf(path, sets) {
      const isReplaced = fillers(path.split('.')[0]!).length > 1
      const preset = own.flatMap((each) => {
        const isChosen = each.kind === 'preset' && each.name.text === model.preset && !isReplaced
        const field = isChosen ? each.record.fields.find((one) => pathText(one.path) === path) : undefined
        return field && !isRecord(field.value) ? [said(field.value, { by: 'preset', preset: model.preset })] : []
      })
      const variants = edits.flatMap(({ file, edit }) =>
        edit.kind === 'set' && pathText(edit.path) === path ? [said(edit.value, { by: 'set', file })] : [],
      )
      const layers = [...standardsOf(path), ...preset, ...variants].map(written)
      const value = Object.hasOwn(sets, path) ? sets[path] : undefined
      return value === undefined ? layers : [...layers, { value, origin: { by: 'command' } }]
    },
  }
}

/** A field of a record by its path, also below nested records. */
function fieldOf({ fields }: Fields, path: readonly string[]): Expression | undefined {
  for (const { path: names, value } of fields) {
    const depth = names.length
    if (names.some((name, at) => name.text !== path[at])) continue
    if (isRecord(value)) return fieldOf(value, path.slice(depth))
    if (depth === path.length) return value
  }
  return undefined
}

/** The module that a name means in a file: its own, or an imported one. */
function moduleNamed(
  files: ReadonlyMap<string, readonly Declaration[]>,
  file: string,
  name: string,
  resolve: (from: string, to: string) => string,
): ModuleDeclaration | undefined {
  for (const each of files.get(file) ?? []) {
    if (each.kind === 'module' && each.name.text === name) return each
    if (each.kind === 'import' && each.name.text === name) {
      const target = files.get(resolve(file, each.from)) ?? []
      return target.find((one): one is ModuleDeclaration => one.kind === 'module' && one.name.text === name)
    }
  }
  return undefined
}
