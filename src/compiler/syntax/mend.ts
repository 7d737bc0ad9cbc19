import type { IToken } from 'chevrotain'
import * as t from '../../../grammar/tokens.ts'
import { alsoAt, diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Fix, Span } from '../diagnostics/diagnostic.ts'
import { expand, habitIn } from '../diagnostics/habits.ts'
import { characterHabits, textHabits, type TextHabit } from '../diagnostics/text-habits.ts'
import { beginsLine, lineEnd, spanOf, withoutLine, withoutStatement } from './recover.ts'

/** Texts with habits of other languages in them, and as they are read on: what is written here stands in their place. */

type Edit = Fix['edits'][number]

/** How many words before the wrong one a habit may show in. */
const wordsBefore = 8

/** One habit in a file: it is named where it stands first, and mended everywhere. */
export interface Found {
  readonly first: Diagnostic
  readonly others: Span[]
  readonly title: string
  readonly edits: Edit[]
}

/** A diagnostic a habit, with a fix for all places of it. */
export const habitDiagnostics = (found: Iterable<Found>): Diagnostic[] =>
  [...found].map(({ first, others, title, edits }) => ({
    ...alsoAt(first, others),
    fixes: edits.length > 0 ? [{ title: others.length > 0 ? `${title}, and alike at the other places` : title, edits }] : [],
  }))

function note(habits: Map<unknown, Found>, habit: unknown, first: Diagnostic, title: string, edits: readonly Edit[]): void {
  const known = habits.get(habit)
  if (known) {
    known.others.push(first.primary.span)
    known.edits.push(...edits)
  } else habits.set(habit, { first, others: [], title, edits: [...edits] })
}

/** The text as long as before, without characters that are habits; `mistakes`: where the lexer stopped. */
export function mendCharacters(file: string, text: string, mistakes: readonly number[], found: Map<unknown, Found>): string {
  const parts: string[] = []
  let end = 0
  for (const start of mistakes) {
    if (start < end) continue
    const rest = text.slice(start)
    const habit = characterHabits.find(({ pattern }) => pattern.test(rest))
    if (!habit) continue
    const [whole] = habit.pattern.exec(rest)!
    parts.push(text.slice(end, start), habit.read(whole))
    end = start + whole.length
    const span = { file, start, end: start + 1 }
    const write = expand(habit.write, habit.pattern, rest)
    const said = diagnostic('bad-character', { found: JSON.stringify(text[start]) }, span, {
      help: expand(habit.help, habit.pattern, rest),
    })
    note(found, habit, said, write === '' ? 'leave it out' : `write ${write}`, [{ span: { file, start, end }, text: write }])
  }
  return parts.join('') + text.slice(end)
}

/**
 * The tokens with the habit mended that shows at `at`; undefined where none does. `rule`: the rule of the grammar that is broken
 * there. What there is no mending is taken out, and no more is said of its line.
 */
export function mendWords(
  file: string,
  text: string,
  tokens: readonly IToken[],
  at: number,
  rule: string,
  found: Map<unknown, Found>,
): { readonly tokens: IToken[]; readonly isMended: boolean } | undefined {
  if (at >= tokens.length) return undefined
  const subject = subjectOf(text, tokens, at, rule)
  const habit = textHabits.find(({ pattern }) => pattern.test(subject))
  if (!habit) return undefined
  const { pattern, help, fix } = habit
  // An op that is called otherwise here, or not there at all, is what there is to say: `f.view(..)`.
  const op = help.includes('$<op>') ? habitIn('unknown-op', pattern.exec(subject)!.groups!['op']!) : undefined
  const filled = (template: string): string => expand(template, pattern, subject)
  const from = habit.from ?? Math.min(fix?.from ?? 0, 0)
  const { start } = spanOf(file, tokens[at + from]!)
  const marked = tokens.slice(at + from, from < 0 ? at : at + 1).filter((token) => token.startOffset < lineEnd(text, start))
  const span = { file, start, end: spanOf(file, marked.at(-1)!).end }
  const said = { expected: habit.expected, found: `'${text.slice(span.start, span.end)}'` }
  const edits = fix && !op ? [editOf(file, text, tokens, at, fix, filled(fix.text))] : []
  const written = op?.help ?? (op ? op.near.map((name) => `${name}(x, ..)`).join(' or ') : filled(help))
  note(found, habit, diagnostic('unexpected-token', said, span, { help: written }), filled(fix?.title ?? ''), edits)
  if (!fix) {
    const isLine = beginsLine(text, tokens[at + from]!)
    return { tokens: isLine ? withoutLine(text, tokens, at + from) : withoutStatement(text, tokens, at), isMended: false }
  }
  const words = t.lexer.tokenize(filled(fix.text)).tokens.map((word) => ({
    ...word,
    startOffset: Math.min(start, text.length - word.image.length),
  }))
  return { tokens: [...tokens.slice(0, at + fix.from), ...words, ...tokens.slice(at + fix.to)], isMended: true }
}

/** `inside callArguments: ( x , padding ‸ = 1 )`: what the patterns of `textHabits` are held against. */
function subjectOf(text: string, tokens: readonly IToken[], at: number, rule: string): string {
  const end = lineEnd(text, tokens[at]!.startOffset)
  const before = tokens.slice(Math.max(at - wordsBefore, 0), at)
  const rest = tokens.slice(at).filter((token) => token.startOffset < end)
  const braces = tokens.slice(0, at).map(({ tokenType }) => (tokenType === t.OpenBrace ? 1 : tokenType === t.CloseBrace ? -1 : 0))
  const isInside = braces.reduce<number>((depth, step) => depth + step, 0) > 0
  const words = [...before.map(({ image }) => image), '‸', ...rest.map(({ image }) => image)]
  return `${isInside ? 'inside' : 'outside'} ${rule}: ${words.join(' ')}`
}

/** White space at the ends of what is written stands in place of what was there. */
function editOf(
  file: string,
  text: string,
  tokens: readonly IToken[],
  at: number,
  { from, to }: NonNullable<TextHabit['fix']>,
  written: string,
): Edit {
  const endOf = (token: IToken): number => spanOf(file, token).end
  if (from === to) return { span: { file, start: tokens[at]!.startOffset, end: tokens[at]!.startOffset }, text: written }
  let start = tokens[at + from]!.startOffset
  let end = endOf(tokens[at + to - 1]!)
  if (/^[\s:]/.test(written)) start -= /[ \t]*$/.exec(text.slice(0, start))![0].length
  if (/\s$/.test(written)) end += /^[ \t]*/.exec(text.slice(end))![0].length
  return { span: { file, start, end }, text: written }
}
