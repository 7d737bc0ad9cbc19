import type { Diagnostic, Span } from './diagnostic.ts'
import { places } from './source.ts'

const escapeText = (text: string): string => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A')
const escapeProperty = (text: string): string => escapeText(text).replace(/:/g, '%3A').replace(/,/g, '%2C')

/**
 * Workflow commands of GitHub Actions, one a line: each annotates its line in a pull request. Other places, notes and help
 * stand below the message.
 */
export function renderGithub(diagnostics: readonly Diagnostic[], read: (file: string) => string | undefined): string {
  const place = places(read)
  const where = (span: Span): string => {
    const at = place(span)
    return at ? `${span.file}:${at.line}:${at.column}` : span.file
  }
  return diagnostics
    .map(({ code, severity, message, primary, related, notes, help }) => {
      const at = place(primary.span)
      const properties = {
        file: primary.span.file,
        ...(at && { line: at.line, col: at.column, endLine: at.endLine, endColumn: at.endColumn }),
        title: code,
      }
      const text = [
        primary.label ? `${message} (${primary.label})` : message,
        ...related.map(({ span, label }) => `${where(span)} ${label}`.trim()),
        ...notes.map((note) => `= ${note}`),
        ...(help === undefined ? [] : [`help: ${help}`]),
      ].join('\n')
      const listed = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`)
      return `::${severity} ${listed.join(',')}::${escapeText(text)}\n`
    })
    .join('')
}
