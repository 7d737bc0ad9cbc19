import type { Log, PhysicalLocation, Region, ReportingDescriptor, Result } from 'sarif'
import { catalogue, type Code } from './catalogue.ts'
import type { Diagnostic, Label, Span } from './diagnostic.ts'
import { places } from './source.ts'

/** SARIF 2.1.0 for code scanning: one run, every code that occurs as a rule, described by `sentenceOf`, fixes as replacements. */
export function renderSarif(
  diagnostics: readonly Diagnostic[],
  read: (file: string) => string | undefined,
  version: string,
  sentenceOf: (code: Code) => string,
): string {
  const place = places(read)
  const codes = [...new Set(diagnostics.map(({ code }) => code))].sort()
  const rules = codes.map((code): ReportingDescriptor => ({
    id: code,
    shortDescription: { text: sentenceOf(code) },
    // The page as the package of this version has it.
    helpUri: `https://unpkg.com/archc@${version}/docs/errors/${code}.md`,
    defaultConfiguration: { level: catalogue[code].severity },
  }))
  const region = (span: Span): Region => {
    const at = place(span)
    if (!at) return { charOffset: span.start, charLength: span.end - span.start }
    const { line, column, endLine, endColumn } = at
    return { startLine: line, startColumn: column, endLine, endColumn }
  }
  const physical = (span: Span): PhysicalLocation => ({
    artifactLocation: { uri: uriOf(span.file) },
    region: region(span),
  })
  const related = ({ span, label }: Label, id: number) => ({ id, physicalLocation: physical(span), message: { text: label } })
  const results = diagnostics.map((diagnostic): Result => {
    const { code, severity, message, primary, notes, help, fixes } = diagnostic
    const text = [message, primary.label, ...notes, ...(help === undefined ? [] : [`help: ${help}`])].filter(Boolean)
    return {
      ruleId: code,
      ruleIndex: codes.indexOf(code),
      level: severity,
      message: { text: text.join('\n') },
      locations: [{ physicalLocation: physical(primary.span) }],
      ...(diagnostic.related.length > 0 && { relatedLocations: diagnostic.related.map(related) }),
      ...(fixes.length > 0 && {
        fixes: fixes.map(({ title, edits }) => ({
          description: { text: title },
          artifactChanges: [...new Set(edits.map((edit) => edit.span.file))].map((file) => ({
            artifactLocation: { uri: uriOf(file) },
            replacements: edits
              .filter((edit) => edit.span.file === file)
              .map((edit) => ({ deletedRegion: region(edit.span), insertedContent: { text: edit.text } })),
          })),
        })),
      }),
    }
  })
  const log: Log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'archc', version, rules } }, columnKind: 'utf16CodeUnits', results }],
  }
  return `${JSON.stringify(log, undefined, 2)}\n`
}

/** A relative reference with `/`, escaped. */
const uriOf = (file: string): string => file.split(/[\\/]/).map(encodeURIComponent).join('/')
