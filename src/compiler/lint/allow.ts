import { catalogue, diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { lineAt, positionAt, source } from '../diagnostics/source.ts'
import { nearest } from '../diagnostics/suggest.ts'
import type { SourceFile } from '../syntax/tree.ts'

/** `// allow CODE, CODE: why`. */
const pattern = /^\/\/\s*allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)/d

/** A warning that a remark allows: of this code, on this line. */
interface Allowance {
  readonly code: string
  readonly span: Span
  readonly line: number
}

/**
 * Warnings without those that a remark on their line, or alone on the line above, allows by code. What a remark allows in
 * vain is a warning itself. Errors stay.
 */
export function withoutAllowed(diagnostics: readonly Diagnostic[], files: readonly SourceFile[]): Diagnostic[] {
  const allowances = files.flatMap(allowancesOf)
  if (allowances.length === 0) return [...diagnostics]
  const texts = new Map(files.map(({ file, text }) => [file, source(text)]))
  const used = new Set<Allowance>()
  const places = new Map<string, Allowance[]>()
  for (const each of allowances) {
    const place = `${each.code} ${each.line} ${each.span.file}`
    places.set(place, [...(places.get(place) ?? []), each])
  }
  const kept = diagnostics.filter(({ code, severity, primary: { span } }) => {
    const text = texts.get(span.file)
    if (severity !== 'warning' || !text) return true
    const { line } = positionAt(text, span.start)
    const allowed = places.get(`${code} ${line} ${span.file}`) ?? []
    allowed.forEach((each) => used.add(each))
    return allowed.length === 0
  })
  const warnings = Object.entries(catalogue).flatMap(([code, { severity }]) => (severity === 'warning' ? [code] : []))
  const inVain = allowances.filter((each) => !used.has(each))
  return [
    ...kept,
    ...inVain.map(({ code, span }) =>
      diagnostic('unused-allow', { name: code, near: warnings.includes(code) ? [] : nearest(code, warnings) }, span),
    ),
  ]
}

function allowancesOf({ file, text, remarks }: SourceFile): Allowance[] {
  if (remarks.length === 0) return []
  const known = source(text)
  return remarks.flatMap((span) => {
    const found = pattern.exec(text.slice(span.start, span.end))
    if (!found) return []
    const { line } = positionAt(known, span.start)
    const alone = lineAt(known, line).trimStart().startsWith('//')
    const from = span.start + found.indices![1]![0]
    return [...found[1]!.matchAll(/[\w-]+/g)].map(({ 0: code, index }): Allowance => {
      const start = from + index
      return { code, line: alone ? line + 1 : line, span: { file, start, end: start + code.length } }
    })
  })
}
