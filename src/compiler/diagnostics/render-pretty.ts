import type { Diagnostic, Label, Severity } from './diagnostic.ts'
import { layoutAt, lineAt, positionAt, printable, sourcesOf, textWidth } from './source.ts'
import type { Glyph, Source } from './source.ts'

export interface PrettyOptions {
  /** Whether to write ANSI colours. */
  readonly color: boolean
  /** Columns of the terminal: longer source lines are shown around the marks, longer notes are wrapped. */
  readonly width: number
}

/**
 * Diagnostics for people: of each the message, a frame for every line that it speaks of (`^` marks the primary span, `-` a related
 * one), the notes and the help; at the end how many there are. Empty where there are none. A file that `read` does not know is named
 * without its text.
 */
export function renderPretty(
  diagnostics: readonly Diagnostic[],
  read: (file: string) => string | undefined,
  { color, width }: PrettyOptions,
): string {
  if (diagnostics.length === 0) return ''
  const sourceOf = sourcesOf(read)
  const paint: Paint = (style, text) => (color && text !== '' ? `\u001b[${ansi[style]}m${text}\u001b[0m` : text)
  const blocks = diagnostics.map((diagnostic) => renderOne(diagnostic, sourceOf, paint, Math.max(width, leastWidth)).join('\n'))
  return `${[...blocks, summary(diagnostics, paint)].join('\n\n')}\n`
}

/** Narrower terminals are written to as if they were as wide as this. */
const leastWidth = 40

/** The letters of context that are kept left of a mark when a line is cut. */
const context = 12

const ansi = { error: '1;31', warning: '1;33', related: '36', frame: '34', strong: '1', help: '32' }
type Style = keyof typeof ansi
type Paint = (style: Style, text: string) => string

function summary(diagnostics: readonly Diagnostic[], paint: Paint): string {
  const counts = (['error', 'warning'] as const).map((severity) => {
    const count = diagnostics.filter((diagnostic) => diagnostic.severity === severity).length
    return count === 0 ? [] : [paint(severity, `${count} ${severity}${count === 1 ? '' : 's'}`)]
  })
  return counts.flat().join(', ')
}

/** One stretch of one line to be underlined. `text` stands at its end, or below its begin. */
interface Mark {
  readonly line: number
  readonly from: number
  readonly to: number
  readonly primary: boolean
  readonly text: string
}

interface Frame {
  readonly file: string
  readonly source: Source | undefined
  readonly start: number
  readonly marks: Mark[]
}

function renderOne(
  diagnostic: Diagnostic,
  sourceOf: (file: string) => Source | undefined,
  paint: Paint,
  width: number,
): string[] {
  const { severity, code, message, notes, help } = diagnostic
  const frames: Frame[] = []
  for (const label of [diagnostic.primary, ...diagnostic.related])
    addToFrames(frames, label, label === diagnostic.primary, sourceOf)
  const lastLine = Math.max(...frames.flatMap((frame) => frame.marks.map((mark) => mark.line)))
  const gutter = Math.max(2, String(lastLine).length)
  const indent = ' '.repeat(gutter)
  return [
    `${paint(severity, `${severity}[${code}]`)}${paint('strong', `: ${printable(message)}`)}`,
    ...frames.flatMap((frame) => renderFrame(frame, severity, gutter, paint, width)),
    ...notes.flatMap((note) => hanging(`${indent}${paint('frame', '=')} `, gutter + 2, note, width)),
    ...(help === undefined ? [] : hanging(`${indent}${paint('help', 'help:')} `, gutter + 6, help, width)),
  ]
}

/** Puts a label into the frame that already shows the line where it begins, or into one of its own. */
function addToFrames(
  frames: Frame[],
  { span, label }: Label,
  primary: boolean,
  sourceOf: (file: string) => Source | undefined,
): void {
  const text = sourceOf(span.file)
  const marks = text ? marksOf(text, span.start, span.end, primary, label) : [{ line: 0, from: 0, to: 0, primary, text: label }]
  const shown = frames.find(
    (frame) => frame.source && frame.file === span.file && frame.marks.some((mark) => mark.line === marks[0]!.line),
  )
  if (shown) shown.marks.push(...marks)
  else frames.push({ file: span.file, source: text, start: span.start, marks })
}

/** The cells that a span covers on its first and its last line: at least one, so that an empty span is seen. */
function marksOf(text: Source, start: number, end: number, primary: boolean, label: string): Mark[] {
  let last = Math.min(Math.max(end, start), text.text.length)
  while (last > start && /[\r\n]/.test(text.text[last - 1]!)) last -= 1
  const from = positionAt(text, start)
  const to = positionAt(text, last)
  const firstText = lineAt(text, from.line)
  const mark = (line: number, fromColumn: number, toColumn: number, words: string): Mark => {
    const { cells } = layoutAt(text, line)
    const cellAt = (column: number): number => cells[Math.min(column - 1, cells.length - 1)]!
    return { line, from: cellAt(fromColumn), to: Math.max(cellAt(toColumn), cellAt(fromColumn) + 1), primary, text: words }
  }
  if (from.line === to.line) return [mark(from.line, from.column, to.column, label)]
  const lastIndent = lineAt(text, to.line).search(/\S|$/)
  return [
    mark(from.line, from.column, firstText.length + 1, ''),
    mark(to.line, Math.min(lastIndent + 1, to.column), to.column, label),
  ]
}

function renderFrame(
  { file, source: text, start, marks }: Frame,
  severity: Severity,
  gutter: number,
  paint: Paint,
  width: number,
): string[] {
  const indent = ' '.repeat(gutter)
  const bar = `${indent}${paint('frame', '│')}`
  const name = printable(file)
  if (!text) {
    const words = marks.flatMap((mark) =>
      mark.text === '' ? [] : [`${bar} ${paint(mark.primary ? severity : 'related', printable(mark.text))}`],
    )
    return [`${indent}${paint('frame', '┌─')} ${name}`, ...words]
  }
  const { line, column } = positionAt(text, start)
  const rows = [`${indent}${paint('frame', '┌─')} ${name}:${line}:${column}`]
  let previous: number | undefined
  for (const shown of [...new Set(marks.map((mark) => mark.line))].sort((a, b) => a - b)) {
    if (previous !== undefined && shown > previous + 1) rows.push(`${indent}${paint('frame', '⋮')}`)
    previous = shown
    const own = marks.filter((mark) => mark.line === shown)
    const cut = fit(layoutAt(text, shown).glyphs, own, width - gutter - 2)
    const number = paint('frame', `${String(shown).padEnd(gutter)}│`)
    rows.push(cut.text === '' ? number : `${number} ${cut.text}`)
    rows.push(...markRows(cut.marks, severity, paint).map((row) => `${bar} ${row}`))
  }
  return rows
}

/** The part of a line, at most `width` cells, that its marks are in; they move along. */
function fit(glyphs: readonly Glyph[], marks: readonly Mark[], width: number): { text: string; marks: Mark[] } {
  const last = glyphs.at(-1)
  const length = last ? last.cell + last.width : 0
  const join = (part: readonly Glyph[]): string => part.map((glyph) => glyph.text).join('')
  if (length <= width) return { text: join(glyphs).trimEnd(), marks: [...marks] }
  const first = Math.min(...marks.map((mark) => mark.from))
  const end = Math.max(...marks.map((mark) => mark.to))
  const begin = end < width ? 0 : Math.max(0, Math.min(first - context, length - width))
  const kept = glyphs.filter(
    ({ cell, width: cells }) => (begin === 0 || cell > begin) && cell + cells <= begin + width - (begin + width < length ? 1 : 0),
  )
  const gap = ' '.repeat(Math.max(0, (kept[0]?.cell ?? 0) - begin - 1))
  const within = (cell: number): number => Math.min(Math.max(cell - begin, 0), width)
  return {
    text: `${begin > 0 ? `…${gap}` : ''}${join(kept)}${begin + width < length ? '…' : ''}`.trimEnd(),
    marks: marks.map((mark) => ({ ...mark, from: within(mark.from), to: Math.max(within(mark.to), within(mark.from) + 1) })),
  }
}

/** The row of `^` and `-`, with the words of the mark that ends last, then the other words, each below its mark, from the right. */
function markRows(marks: readonly Mark[], severity: Severity, paint: Paint): string[] {
  const styleOf = (mark: Mark): Style => (mark.primary ? severity : 'related')
  const words = (mark: Mark): string => paint(styleOf(mark), printable(mark.text))
  const owners: (Mark | undefined)[] = []
  for (const mark of [...marks].sort((a, b) => Number(a.primary) - Number(b.primary))) {
    while (owners.length < mark.to) owners.push(undefined)
    owners.fill(mark, mark.from, mark.to)
  }
  const underline = runs(owners).map(([mark, count]) =>
    mark ? paint(styleOf(mark), (mark.primary ? '^' : '-').repeat(count)) : ' '.repeat(count),
  )
  const speaking = marks.filter((mark) => mark.text !== '').sort((a, b) => b.from - a.from)
  const atEnd = speaking.find((mark) => mark.to === owners.length)
  const below = speaking.filter((mark) => mark !== atEnd)
  const rows = below.map((mark, i) => {
    const bars: (Mark | undefined)[] = Array.from({ length: mark.from })
    for (const waiting of below.slice(i + 1)) if (waiting.from < mark.from) bars[waiting.from] = waiting
    return `${bars.map((waiting) => (waiting ? paint(styleOf(waiting), '│') : ' ')).join('')}${words(mark)}`
  })
  return [`${underline.join('')}${atEnd ? ` ${words(atEnd)}` : ''}`, ...rows]
}

function runs<Item>(items: readonly Item[]): [Item, number][] {
  const found: [Item, number][] = []
  for (const item of items) {
    const last = found.at(-1)
    if (last && last[0] === item) last[1] += 1
    else found.push([item, 1])
  }
  return found
}

/** Text behind a lead of `lead` cells; its further lines, and what does not fit, stand below its begin. */
function hanging(first: string, lead: number, text: string, width: number): string[] {
  const lines = text.split('\n').flatMap((line) => wrap(printable(line), width - lead))
  return lines.map((line, i) => (i === 0 ? `${first}${line}` : `${' '.repeat(lead)}${line}`.trimEnd()))
}

/** Breaks a line at spaces where it is longer than `width`; what comes below keeps its indentation. */
function wrap(line: string, width: number): string[] {
  if (textWidth(line) <= width) return [line]
  const indent = ' '.repeat(line.search(/\S|$/))
  const rows: string[] = []
  for (const word of line.trim().split(' ')) {
    const last = rows.at(-1)
    // A word that fills more than a row stands alone, and is not measured with each that follows.
    const isShort = last !== undefined && last.length <= 4 * width
    if (isShort && textWidth(`${last} ${word}`) <= width) rows[rows.length - 1] = `${last} ${word}`
    else rows.push(`${indent}${word}`)
  }
  return rows
}
