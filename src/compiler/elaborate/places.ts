import { alsoAt, type Code } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'

/** Where mistakes are shown that were found inside of modules, under several presets, or more than once. */

/** Mistakes of a module's own text: they are shown where they stand, whoever calls it. */
const ownMistakes: ReadonlySet<string> = new Set([
  'unknown-name', 'unknown-op', 'unknown-attribute', 'missing-attribute', 'duplicate-name', 'unknown-dim', 'used-before-defined',
  'module-cycle', 'too-deep', 'pattern-syntax', 'return-missing', 'only-in-models', 'lambda-place', 'repeat-twice',
] satisfies Code[]) // prettier-ignore

/** How the label of the place inside a module begins: two calls that fail there made one mistake. */
const insideLabel = 'inside'

/** What does not fit inside a module is shown at the call of it, the inside as a related place. */
export function seenFrom(inner: Diagnostic, name: string, span: Span): Diagnostic {
  const { span: at } = inner.primary
  if (at.file === span.file && at.start >= span.start && at.end <= span.end) return inner
  if (ownMistakes.has(inner.code)) {
    const called = inner.related.some((related) => related.label.startsWith('called from here'))
    return called ? inner : { ...inner, related: [...inner.related, { span, label: `called from here: ${name}` }] }
  }
  const entered = inner.related.some((related) => related.label.startsWith(insideLabel))
  const inside = { span: at, label: `${insideLabel} ${name}${inner.primary.label ? `: ${inner.primary.label}` : ''}` }
  // Of several modules inside one another the outermost call and the innermost place are shown.
  return { ...inner, primary: { span, label: '' }, related: entered ? inner.related : [inside, ...inner.related], fixes: [] }
}

/** Where a mistake was made: inside a module the place there. */
export const placeOf = ({ primary, related }: Diagnostic): Span =>
  related.find(({ label }) => label.startsWith(insideLabel))?.span ?? primary.span

/** What these say is said of a value, which was made elsewhere: the same of the same value is one mistake. */
const ofValues: ReadonlySet<string> = new Set([
  'attribute-type', 'attribute-value', 'not-static', 'rank-mismatch', 'shape-mismatch', 'shape-unknown', 'not-divisible', 'broadcast',
  'concat-axes', 'dtype-mismatch', 'window-too-large', 'repeat-count',
] satisfies Code[]) // prettier-ignore

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
