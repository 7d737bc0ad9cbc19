import { alsoAt, type Code } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'

/** Where mistakes are shown that were found inside of modules, under several presets, or more than once. */

/** Mistakes of a module's own text: they are shown where they stand, whoever calls it. */
const ownMistakes: ReadonlySet<Code> = new Set<Code>([
  'unknown-name', 'unknown-op', 'unknown-attribute', 'missing-attribute', 'duplicate-name', 'unknown-dim', 'used-before-defined',
  'module-cycle', 'too-deep', 'pattern-syntax', 'return-missing', 'only-in-models', 'lambda-place',
]) // prettier-ignore

/** What does not fit inside a module is shown at the call of it, the inside as a related place. */
export function seenFrom(inner: Diagnostic, name: string, span: Span): Diagnostic {
  const { span: at } = inner.primary
  if (at.file === span.file && at.start >= span.start && at.end <= span.end) return inner
  if (ownMistakes.has(inner.code)) {
    const called = inner.related.some(({ role }) => role === 'call')
    const call = { span, label: `called from here: ${name}`, role: 'call' } as const
    return called ? inner : { ...inner, related: [...inner.related, call] }
  }
  const entered = inner.related.some(({ role }) => role === 'inside')
  const label = `inside ${name}${inner.primary.label ? `: ${inner.primary.label}` : ''}`
  const inside = { span: at, label, role: 'inside' } as const
  // Of several modules inside one another the outermost call and the innermost place are shown.
  return { ...inner, primary: { span, label: '' }, related: entered ? inner.related : [inside, ...inner.related], fixes: [] }
}

/** Where a mistake was made: inside a module the place there, so that two calls that fail there made one mistake. */
export const placeOf = ({ primary, related }: Diagnostic): Span =>
  related.find(({ role }) => role === 'inside')?.span ?? primary.span

/** What these say is said of a value, which was made elsewhere: the same of the same value is one mistake. */
const ofValues: ReadonlySet<Code> = new Set<Code>([
  'attribute-type', 'attribute-value', 'not-static', 'rank-mismatch', 'shape-mismatch', 'shape-unknown', 'not-divisible', 'broadcast',
  'concat-axes', 'dtype-mismatch', 'window-too-large', 'repeat-count',
]) // prettier-ignore

/** So many of one file are said. */
const mostOfFile = 100

/** Of a file that much is said of, the first; how many more there are is a note of the last. */
export function fewer(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const counts = new Map<string, number>()
  const countOf = ({ primary }: Diagnostic): number => counts.get(primary.span.file) ?? 0
  for (const each of diagnostics) counts.set(each.primary.span.file, countOf(each) + 1)
  const left = new Map([...counts].map(([file, count]) => [file, Math.min(count, mostOfFile)]))
  // Errors first: who is told of warnings only would take the file for right.
  const isError = ({ severity }: Diagnostic): boolean => severity === 'error'
  const kept = new Set<Diagnostic>()
  for (const each of [...diagnostics.filter(isError), ...diagnostics.filter((other) => !isError(other))]) {
    const { file } = each.primary.span
    if (left.get(file)! > 0) kept.add(each)
    left.set(file, left.get(file)! - 1)
  }
  const last = new Map([...kept].map((each) => [each.primary.span.file, each]))
  return diagnostics
    .filter((each) => kept.has(each))
    .map((each) => {
      const more = last.get(each.primary.span.file) === each ? countOf(each) - mostOfFile : 0
      return more > 0 ? { ...each, notes: [...each.notes, `and ${more} more in this file`] } : each
    })
}

/** One mistake is reported once, however often it is met; those of a file in the order of its text. */
export function inOrder(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const files = [...new Set(diagnostics.map(({ primary }) => primary.span.file))]
  const sorted = [...diagnostics].sort(
    ({ primary: { span: a } }, { primary: { span: b } }) => files.indexOf(a.file) - files.indexOf(b.file) || a.start - b.start,
  )
  const places = new Set<string>()
  const mistakes = new Map<string, Diagnostic[]>()
  for (const problem of sorted) {
    const { file, start, end } = placeOf(problem)
    const place = `${problem.code} ${file} ${start} ${end}`
    const mistake = ofValues.has(problem.code) ? `${problem.code} ${problem.primary.span.file} ${problem.message}` : place
    if (!places.has(place)) mistakes.set(mistake, [...(mistakes.get(mistake) ?? []), problem])
    places.add(place)
  }
  return [...mistakes.values()].map(([first, ...others]) => alsoAt(first!, others.map(({ primary }) => primary.span))) // prettier-ignore
}
