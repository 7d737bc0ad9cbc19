import type { Span } from '../diagnostics/diagnostic.ts'
import { callsIn } from '../elaborate/calls/owners.ts'
import { parse } from '../syntax/parse.ts'
import type { Expression, ModuleDeclaration, SlotStatement } from '../syntax/tree.ts'

/** What stands in a slot in place of its own filler. */
export interface Replacement {
  readonly filler: Expression
  /** As it is written. */
  readonly text: string
}

/** What a drawing takes from the text: the names of what is called. */
export interface TextIndex {
  readonly slots: ReadonlyMap<string, SlotStatement>
  readonly replaced: ReadonlyMap<string, Replacement>
  /** The model itself. */
  readonly model: ModuleDeclaration | undefined
  /** The module or the model around a place. */
  around(span: Span | undefined): ModuleDeclaration | undefined
  /** What the call at a place calls; undefined where no call is. */
  calleeAt(span: Span | undefined): string | undefined
  /** Modules that a let or a slot of a module calls, in order; undefined where nothing has that name. */
  calledBy(owner: ModuleDeclaration | undefined, name: string): readonly string[] | undefined
}

const keyOf = ({ file, start, end }: Span): string => `${file} ${start} ${end}`

/** Reads the sources of a compiled model. */
export function indexText(sources: ReadonlyMap<string, string>, file: string, name: string): TextIndex {
  const modules: ModuleDeclaration[] = []
  const replaced = new Map<string, Replacement>()
  const callees = new Map<string, string>()
  const note = (expression: Expression | undefined): void => {
    for (const call of expression ? callsIn(expression) : []) callees.set(keyOf(call.span), call.callee.text)
    if (expression?.kind === 'name') callees.set(keyOf(expression.span), expression.name)
  }
  for (const [source, text] of sources)
    for (const declaration of parse(source, text).source.declarations) {
      if (declaration.kind === 'replace') {
        const { filler } = declaration
        note(filler)
        replaced.set(declaration.slot.text, {
          filler,
          text: text.slice(filler.span.start, filler.span.end).replace(/\s+/g, ' '),
        })
      }
      if (declaration.kind !== 'module' && declaration.kind !== 'model') continue
      modules.push(declaration)
      for (const statement of declaration.body) {
        if (statement.kind === 'let') note(statement.value)
        if (statement.kind === 'slot') note(statement.filler)
        if (statement.kind === 'return') statement.values.forEach(note)
        if (statement.kind === 'weight') callees.set(keyOf(statement.span), 'weight')
      }
    }
  const model = modules.find((each) => each.kind === 'model' && each.span.file === file && each.name.text === name)
  const slots = new Map(model?.body.flatMap((each) => (each.kind === 'slot' ? [[each.name.text, each] as const] : [])))
  const names = new Set(modules.map((module) => module.name.text))
  const modulesIn = (expression: Expression): string[] =>
    expression.kind === 'name'
      ? [expression.name].filter((callee) => names.has(callee))
      : callsIn(expression).flatMap((call) => (names.has(call.callee.text) ? [call.callee.text] : []))
  return {
    slots,
    replaced,
    model,
    around: (span) =>
      span && modules.find((each) => each.span.file === span.file && each.span.start <= span.start && span.end <= each.span.end),
    calleeAt: (span) => span && callees.get(keyOf(span)),
    calledBy(owner, name) {
      const slot = owner === model ? slots.get(name) : undefined
      if (slot) return modulesIn(replaced.get(name)?.filler ?? slot.filler)
      const statement = owner?.body.find((each) => each.kind === 'let' && each.names.map((one) => one.text).join('_') === name)
      return statement?.kind === 'let' ? modulesIn(statement.value) : undefined
    },
  }
}
