import type { Diagnostic, Label, Span } from './diagnostic.ts'
import { places } from './source.ts'

/**
 * One JSON object a line for each diagnostic: the record, each span with `line`, `column`, `endLine` and `endColumn` (from 1, columns
 * in UTF-16 units). A span in a file that `read` does not know has its offsets only.
 */
export function renderJson(diagnostics: readonly Diagnostic[], read: (file: string) => string | undefined): string {
  const find = places(read)
  const place = (span: Span): object => ({ file: span.file, start: span.start, end: span.end, ...find(span) })
  const placeLabel = ({ span, label }: Label): object => ({ span: place(span), label })
  const lines = diagnostics.map(({ sizes: _, ...diagnostic }) =>
    JSON.stringify({
      ...diagnostic,
      primary: placeLabel(diagnostic.primary),
      related: diagnostic.related.map(placeLabel),
      fixes: diagnostic.fixes.map((fix) => ({ ...fix, edits: fix.edits.map((edit) => ({ ...edit, span: place(edit.span) })) })),
    }),
  )
  return lines.map((line) => `${line}\n`).join('')
}
