import type { Diagnostic, Label, Span } from './diagnostic.ts'
import { positionAt, source } from './source.ts'
import type { Source } from './source.ts'

/**
 * One JSON object a line for each diagnostic: the record, each span with `line`, `column`, `endLine` and `endColumn` (from 1, columns
 * in UTF-16 units). A span in a file that `read` does not know has its offsets only.
 */
export function renderJson(diagnostics: readonly Diagnostic[], read: (file: string) => string | undefined): string {
  const sources = new Map<string, Source | undefined>()
  const place = (span: Span): object => {
    if (!sources.has(span.file)) {
      const text = read(span.file)
      sources.set(span.file, text === undefined ? undefined : source(text))
    }
    const known = sources.get(span.file)
    const { file, start, end } = span
    if (!known) return { file, start, end }
    const from = positionAt(known, start)
    const to = positionAt(known, end)
    return { file, start, end, line: from.line, column: from.column, endLine: to.line, endColumn: to.column }
  }
  const placeLabel = ({ span, label }: Label): object => ({ span: place(span), label })
  const lines = diagnostics.map((diagnostic) =>
    JSON.stringify({
      ...diagnostic,
      primary: placeLabel(diagnostic.primary),
      related: diagnostic.related.map(placeLabel),
      fixes: diagnostic.fixes.map((fix) => ({ ...fix, edits: fix.edits.map((edit) => ({ ...edit, span: place(edit.span) })) })),
    }),
  )
  return lines.map((line) => `${line}\n`).join('')
}
