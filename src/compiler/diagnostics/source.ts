import type { Span } from './diagnostic.ts'

/** A text and where its lines begin. Lines end with LF, CR LF or CR, as editors have it. */
export interface Source {
  readonly text: string
  /** The offset of each line's first character. */
  readonly lineStarts: readonly number[]
}

/** A place as people count: both from 1, the column in UTF-16 units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Finds the lines of a text. */
export function source(text: string): Source {
  const lineStarts = [0]
  for (const { index, 0: end } of text.matchAll(/\r\n|\n|\r/g)) lineStarts.push(index + end.length)
  return { text, lineStarts }
}

/** Where an offset is; one outside the text is taken for the nearer end. */
export function positionAt({ text, lineStarts }: Source, offset: number): Position {
  const inside = Math.min(Math.max(offset, 0), text.length)
  let low = 0
  let high = lineStarts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (lineStarts[middle]! <= inside) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: inside - lineStarts[low]! + 1 }
}

/** Where a span begins and ends; `end` is exclusive. */
export interface Place extends Position {
  readonly endLine: number
  readonly endColumn: number
}

/** Finds files; undefined for those that `read` does not know. Each is read once. */
export function sourcesOf(read: (file: string) => string | undefined): (file: string) => Source | undefined {
  const sources = new Map<string, Source | undefined>()
  return (file) => {
    if (!sources.has(file)) {
      const text = read(file)
      sources.set(file, text === undefined ? undefined : source(text))
    }
    return sources.get(file)
  }
}

/** Finds places of spans; undefined for those in files that `read` does not know. */
export function places(read: (file: string) => string | undefined): (span: Span) => Place | undefined {
  const sourceOf = sourcesOf(read)
  return ({ file, start, end }) => {
    const known = sourceOf(file)
    if (!known) return undefined
    const to = positionAt(known, end)
    return { ...positionAt(known, start), endLine: to.line, endColumn: to.column }
  }
}

/** The text of a line (counted from 1) without its end; empty for a line that is not there. */
export function lineAt({ text, lineStarts }: Source, line: number): string {
  const start = lineStarts[line - 1]
  return start === undefined ? '' : text.slice(start, lineStarts[line]).replace(/[\r\n]+$/, '')
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Finding graphemes takes long: in a line that no terminal shows whole, code points stand for them. */
const mostSegmented = 2_000

function* segmentsOf(line: string): Generator<string> {
  for (const { segment } of graphemes.segment(line)) yield segment
}

const tabStop = 4

/** East Asian wide and fullwidth characters, and what is drawn as a picture: two cells each. */
const wide =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Extended_Pictographic}\ufe0f)/u

const invisible = /^[\p{Mn}\p{Me}\p{Cf}]+$/u

const control = /\p{Cc}/gu

/** What a terminal prints as one, and where: `cell` is the first of its `width` cells. */
export interface Glyph {
  readonly text: string
  readonly cell: number
  readonly width: number
}

/** A line as a terminal shows it: its glyphs, and for each UTF-16 offset (and the end) the cell that it begins in. */
export interface Layout {
  readonly glyphs: readonly Glyph[]
  readonly cells: readonly number[]
}

const laidOut = new WeakMap<Source, Map<number, Layout>>()

/** How a terminal shows a line, counted from 1; each is laid out once. */
export function layoutAt(text: Source, line: number): Layout {
  const known = laidOut.get(text) ?? new Map<number, Layout>()
  laidOut.set(text, known)
  const layout = known.get(line) ?? layOut(lineAt(text, line))
  known.set(line, layout)
  return layout
}

/**
 * Lays out one line: tabs go to the next multiple of four, wide characters take two cells, and what a terminal would act on shows as
 * U+FFFD.
 */
export function layOut(line: string): Layout {
  if (/^[ -~]*$/.test(line)) return plain(line)
  const glyphs: Glyph[] = []
  const cells: number[] = []
  let cell = 0
  for (const segment of line.length > mostSegmented ? line : segmentsOf(line)) {
    const width = segment === '\t' ? tabStop - (cell % tabStop) : widthOf(segment)
    glyphs.push({ text: segment === '\t' ? ' '.repeat(width) : segment.replace(control, '\ufffd'), cell, width })
    for (let i = 0; i < segment.length; i += 1) cells.push(cell)
    cell += width
  }
  return { glyphs, cells: [...cells, cell] }
}

/** A line of printable ASCII, which most are: a cell a character. */
const plain = (line: string): Layout => ({
  glyphs: Array.from(line, (text, cell) => ({ text, cell, width: 1 })),
  cells: Array.from({ length: line.length + 1 }, (_, cell) => cell),
})

function widthOf(grapheme: string): number {
  if (invisible.test(grapheme)) return 0
  return wide.test(grapheme) ? 2 : 1
}

/** Text as a terminal may print it. */
export const printable = (text: string): string =>
  /^[ -~]*$/.test(text)
    ? text
    : layOut(text)
        .glyphs.map((glyph) => glyph.text)
        .join('')

/** How many cells text takes. */
export const textWidth = (text: string): number => (/^[ -~]*$/.test(text) ? text.length : layOut(text).cells.at(-1)!)
