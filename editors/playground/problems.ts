import type { Diagnostic as Marked } from '@codemirror/lint'
import type { Diagnostic, Fix, Span } from '../../src/compiler/diagnostics/diagnostic.ts'
import { button, element } from './dom.ts'

/** What can be done about a problem. */
export interface Remedies {
  goTo(span: Span): void
  apply(fix: Fix): void
  /** `iste.arch:12`. */
  placeOf(span: Span): string
}

/** A problem as it is said in the editor and below it. */
function said({ code, message, primary, related, notes, help }: Diagnostic, { goTo, placeOf }: Remedies): HTMLElement {
  return element(
    'div',
    { class: 'said' },
    element('p', {}, element('b', {}, message), ' ', element('code', { class: 'code' }, code)),
    ...(primary.label ? [element('p', {}, primary.label)] : []),
    ...related.map(({ span, label }) =>
      element(
        'p',
        {},
        `${label || 'here'} (`,
        button(placeOf(span), () => goTo(span), { class: 'link' }),
        ')',
      ),
    ),
    ...notes.map((note) => element('p', { class: 'note' }, `= ${note}`)),
    ...(help ? [element('p', {}, element('b', {}, 'help: '), help)] : []),
  )
}

/** Squiggles and their tooltips, for the problems of one file. */
export const marked = (diagnostics: readonly Diagnostic[], file: string, length: number, remedies: Remedies): Marked[] =>
  diagnostics
    .filter(({ primary }) => primary.span.file === file && primary.span.end <= length)
    .map((diagnostic) => ({
      from: diagnostic.primary.span.start,
      to: diagnostic.primary.span.end,
      severity: diagnostic.severity,
      message: diagnostic.message,
      ...(diagnostic.code.startsWith('unused-') && { markClass: 'is-unused' }),
      renderMessage: () => said(diagnostic, remedies),
      actions: diagnostic.fixes.map((fix) => ({ name: fix.title, apply: () => remedies.apply(fix) })),
    }))

/** The list below the editor. */
export const listed = (diagnostics: readonly Diagnostic[], remedies: Remedies): HTMLElement[] =>
  diagnostics.map((diagnostic) =>
    element(
      'li',
      { class: diagnostic.severity },
      button(remedies.placeOf(diagnostic.primary.span), () => remedies.goTo(diagnostic.primary.span), { class: 'link place' }),
      said(diagnostic, remedies),
      ...diagnostic.fixes.map((fix) => button(fix.title, () => remedies.apply(fix), { class: 'fix' })),
    ),
  )
