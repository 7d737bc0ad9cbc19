import type { Span } from '../compiler/diagnostics/diagnostic.ts'
import { pathText, type Declaration, type Name, type Statement } from '../compiler/syntax/tree.ts'
import type { Workspace } from './workspace.ts'

/** A declaration or a statement with what is inside of it. */
export interface Outline {
  readonly name: string
  readonly kind: Declaration['kind'] | Statement['kind']
  readonly span: Span
  readonly nameSpan: Span
  readonly inside: readonly Outline[]
}

/** What a file declares, nested as it is written. */
export const outlineOf = (workspace: Workspace, file: string): readonly Outline[] =>
  (workspace.unit(file)?.source.declarations ?? []).map(outlined)

function outlined(declaration: Declaration): Outline {
  const { kind, span } = declaration
  const named = ({ text, span: nameSpan }: Name, inside: readonly Outline[] = []): Outline => ({
    name: text,
    kind,
    span,
    nameSpan,
    inside,
  })
  switch (declaration.kind) {
    case 'module':
    case 'model':
      return named(declaration.name, declaration.body.flatMap(ofStatement))
    case 'import':
    case 'preset':
      return named(declaration.name)
    case 'train':
    case 'evaluate':
      return { name: kind, kind, span, nameSpan: { ...span, end: span.start + kind.length }, inside: [] }
    case 'variant':
      return { ...named(declaration.base), name: declaration.title }
    case 'replace':
      return named(declaration.slot)
    case 'set':
      return { name: pathText(declaration.path), kind, span, nameSpan: declaration.path[0]!.span, inside: [] }
  }
}

function ofStatement(statement: Statement): Outline[] {
  const { kind, span } = statement
  const names = statement.kind === 'let' ? statement.names : 'name' in statement && statement.name ? [statement.name] : []
  return names.map(({ text, span: nameSpan }) => ({ name: text, kind, span, nameSpan, inside: [] }))
}

/** Stretches that can be folded: declarations in braces, and documentation and remarks of several lines. */
export function foldsOf(workspace: Workspace, file: string): readonly (Span & { readonly isRemark: boolean })[] {
  const source = workspace.unit(file)?.source
  if (!source) return []
  const isLong = ({ start, end }: Span): boolean => source.text.slice(start, end).includes('\n')
  const braced = source.declarations
    .filter(({ kind }) => ['module', 'model', 'preset', 'train', 'evaluate'].includes(kind))
    .map(({ span }) => ({ ...span, isRemark: false }))
  const remarks = [...source.text.matchAll(/(?:^[ \t]*\/\/[^\n]*\n?)+/gm)].map(({ index, 0: block }) => ({
    file,
    start: index,
    end: index + block.trimEnd().length,
    isRemark: true,
  }))
  return [...braced, ...remarks].filter(isLong)
}
