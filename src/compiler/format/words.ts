import type { IToken } from 'chevrotain'
import * as doc from 'prettier/doc'
import * as t from '../../../grammar/tokens.ts'
import type { Span } from '../diagnostics/diagnostic.ts'
import { beginsStatement } from '../syntax/recover.ts'

const { hardline, join, line, lineSuffix, literalline, softline } = doc.builders
export type Doc = doc.builders.Doc

/** Stands before a remark behind a word until `alignRemarks` has found its column: neither word nor remark holds this sign. */
export const remarkSign = '\r'

/** `//` or `///`. */
interface Remark {
  readonly text: string
  /** On the line of the word before it. */
  readonly isBehind: boolean
  readonly hasBlankAbove: boolean
}

/** The words of a text in their order, with what stands between them: every word and every remark comes out once. */
export interface Words {
  /** The next word. */
  word(): Doc
  /** The next words, a space between them. */
  words(count: number): Doc
  /** `name: `. */
  label(): Doc
  /** A sign or a word between two others, `before` and a space around it. */
  sign(before?: Doc): Doc
  /** What separates the word before from the next one: `plain`, or the remarks there and a line end. */
  gap(plain: Doc): Doc
  /** The end of a statement's line: with the remarks and at most one blank line before the next word. */
  lineEnd(): Doc
  /** The remarks before a closing bracket, behind which a line must end; '' where there are none. */
  remarks(): Doc
  /** The comma, if one is next; the remarks before it go behind it. */
  comma(): Doc
  isNext(image: string): boolean
  isBehind(image: string): boolean
  /** Whether a line ends, a comma aside, between the word before and the next one. */
  isOnNewLine(): boolean
  /** Whether a line ends behind the next word. */
  isOpenedByLineEnd(): boolean
  /** Whether the line above asks to leave what follows as it is. */
  isIgnored(): boolean
  /** Everything up to the end of `span`, as written. */
  verbatim(span: Span): Doc
}

/** The words of a text without errors of syntax, whose lines end with `\n`. */
export function wordsOf(text: string): Words {
  const { tokens } = t.lexer.tokenize(text)
  const moved = new Map<number, readonly Remark[]>()
  let at = 0
  /** Before which word remarks were shown last. */
  let shown = -1

  const endOf = (token: IToken | undefined): number => (token ? token.startOffset + token.image.length : 0)
  const between = (index: number): string => text.slice(endOf(tokens[index - 1]), tokens[index]?.startOffset)
  const remarksAt = (index: number): readonly Remark[] => moved.get(index) ?? remarksIn(between(index), index === 0)
  const isFirstInside = (): boolean => openers.includes(tokens[at - 1]?.tokenType)

  const remarks = (): Doc => {
    const found = shown === at ? [] : remarksAt(at)
    shown = at
    if (found.length === 0) return ''
    return found.map((remark, index) =>
      remark.isBehind
        ? lineSuffix(remarkSign + remark.text)
        : [remark.hasBlankAbove && !(index === 0 && isFirstInside()) ? hardline : '', hardline, remark.text],
    )
  }

  const gap = (plain: Doc): Doc => {
    const found = remarks()
    if (found !== '') return [found, hardline]
    // At the beginning of a line a word such as `scale` would begin a statement.
    if ((plain === line || plain === softline) && beginsStatement('', tokens, at)) return plain === line ? ' ' : ''
    return plain
  }

  const word = (): Doc => {
    const before = gap('')
    at += 1
    return [before, tokens[at - 1]!.image]
  }

  return {
    word,
    words: (count) => Array.from({ length: count }, (_, index) => [index > 0 ? gap(' ') : '', word()]),
    label: () => [word(), word(), gap(' ')],
    sign: (before = ' ') => [gap(before), word(), gap(' ')],
    gap,
    remarks,
    lineEnd() {
      const isBlank = /\n[ \t]*\n[ \t]*$/.test(between(at)) && !(isFirstInside() && remarksAt(at).length === 0)
      return [remarks(), isBlank ? hardline : '', hardline]
    },
    comma() {
      if (tokens[at]?.tokenType !== t.Comma) return ''
      const before = remarksAt(at)
      const behind = remarksAt(at + 1)
      if (before.length > 0) moved.set(at + 1, [...before, ...behind.map((remark) => ({ ...remark, isBehind: false }))])
      at += 1
      return ','
    },
    isNext: (image) => tokens[at]?.image === image,
    isBehind: (image) => tokens[at - 1]?.image === image,
    isOnNewLine: () => between(at).includes('\n') || (tokens[at - 1]?.tokenType === t.Comma && between(at - 1).includes('\n')),
    isOpenedByLineEnd: () => between(at + 1).includes('\n'),
    isIgnored() {
      const above = remarksAt(at).at(-1)
      return above !== undefined && !above.isBehind && /^\/\/\s*prettier-ignore\b/.test(above.text)
    },
    verbatim(span) {
      while (at < tokens.length && tokens[at]!.startOffset < span.end) at += 1
      return join(literalline, text.slice(span.start, span.end).split('\n'))
    },
  }
}

const openers: readonly unknown[] = [t.OpenParen, t.OpenSquare, t.OpenBrace]

/** The remarks in a stretch between two words. */
function remarksIn(stretch: string, isAtStart: boolean): Remark[] {
  const lines = stretch.split('\n').map((each) => each.trim())
  return lines.flatMap((text, index) =>
    text === '' ? [] : [{ text, isBehind: index === 0 && !isAtStart, hasBlankAbove: index > 1 && lines[index - 1] === '' }],
  )
}
