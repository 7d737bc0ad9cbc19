import { show, type Value } from '../compiler/elaborate/values/values.ts'
import type { Expression, Name, Stage } from '../compiler/syntax/tree.ts'
import { spanKey, type Values, type Workspace } from './workspace.ts'

/** A shape that is shown in the text behind `offset`. */
export interface Hint {
  readonly offset: number
  readonly text: string
}

/** The shape of every `let`, and of every stage of a pipeline that stands in a line of its own or changes the shape. */
export function hintsOf(workspace: Workspace, file: string): readonly Hint[] {
  const values = workspace.values(file)
  const hints: Hint[] = []
  for (const statement of workspace.statements(file)) {
    if (statement.kind === 'let') {
      const value = values.get(spanKey(statement.value.span))
      if (value) hints.push(...ofNames(statement.names, statement.tuple, value))
      hints.push(...ofStages(statement.value, values))
    }
    if (statement.kind === 'return') statement.values.forEach((value) => hints.push(...ofStages(value, values)))
  }
  return hints.sort((a, b) => a.offset - b.offset)
}

function ofNames(names: readonly Name[], isTuple: boolean, value: Value): Hint[] {
  if (!isTuple) return isShown(value) ? [{ offset: names[0]!.span.end, text: `: ${show(value)}` }] : []
  return value.kind === 'several'
    ? names.flatMap((name, at) => (value.items[at] ? [{ offset: name.span.end, text: `: ${show(value.items[at].value)}` }] : []))
    : []
}

/** Of every stage but the last, whose shape the let shows. */
function ofStages(expression: Expression, values: Values): Hint[] {
  if (expression.kind === 'group') return ofStages(expression.inner, values)
  if (expression.kind !== 'pipeline') return []
  const stages: readonly Stage[] = expression.stages.slice(0, -1)
  return stages.flatMap(({ span }) => {
    const value = values.get(spanKey(span))
    return value && isShown(value) ? [{ offset: span.end, text: show(value) }] : []
  })
}

const isShown = (value: Value): boolean => value.kind === 'tensor' || value.kind === 'several'
