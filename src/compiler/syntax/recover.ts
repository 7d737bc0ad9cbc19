import type { IToken } from 'chevrotain'
import * as t from '../../../grammar/tokens.ts'
import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'

const closerOf = new Map([
  [t.OpenParen, t.CloseParen],
  [t.OpenSquare, t.CloseSquare],
  [t.OpenBrace, t.CloseBrace],
])
const closers = [...closerOf.values()]
/** Beyond this depth of brackets, and so many operators inside one another, the parser's own stack would be in danger. */
const deepest = 100
const mostOperators = 1000
const operators = [t.Plus, t.Minus, t.Star, t.Slash, t.Percent, t.Dot, t.FatArrow]
/** Behind a word of the language these say that it is only a name: `weight: x`, `scale * 2`. */
const nameFollowers = [
  t.Colon,
  t.Comma,
  t.Arrow,
  ...operators.filter((operator) => operator !== t.Minus),
  t.CloseParen,
  t.CloseSquare,
]

export const spanOf = (file: string, token: IToken): Span => ({
  file,
  start: token.startOffset,
  end: token.startOffset + token.image.length,
})

/** Whether only white space stands before the token on its line. */
export function beginsLine(text: string, token: IToken): boolean {
  const lineStart = text.lastIndexOf('\n', token.startOffset - 1) + 1
  return text.slice(lineStart, token.startOffset).trim() === ''
}

interface Repaired {
  readonly tokens: IToken[]
  readonly diagnostics: readonly Diagnostic[]
  /** Nesting is beyond what is parsed at all. */
  readonly hopeless: boolean
}

/**
 * Reports brackets that are never closed, and takes the statements out that they spoil: a statement's word at the
 * beginning of a line closes what is open in the statement before.
 */
export function repairBrackets(file: string, text: string, given: readonly IToken[]): Repaired {
  const tokens: IToken[] = []
  const diagnostics: Diagnostic[] = []
  let open: IToken[] = []
  let counts = [0]
  let statement = { at: 0, depth: 0 }
  /** Braces that are open in the rest of a statement that was taken out; undefined outside of one. */
  let rest: number | undefined
  const unclosed = (opener: IToken, noticed: IToken | undefined, where: string): void => {
    const related = noticed ? [{ span: spanOf(file, noticed), label: where }] : []
    diagnostics.push(diagnostic('unclosed', { bracket: opener.image }, spanOf(file, opener), { related }))
  }
  const dropStatement = (): void => {
    tokens.length = statement.at
    open = open.slice(0, statement.depth)
    counts = counts.slice(0, statement.depth + 1)
  }
  for (const [index, token] of given.entries()) {
    const top = open.at(-1)
    if (beginsStatement(text, given, index)) {
      rest = undefined
      if (top && top.tokenType !== t.OpenBrace) {
        unclosed(top, token, 'noticed here')
        dropStatement()
      }
      const outer = open.at(-1)
      const isDeclaration = t.declarationWords.includes(token.tokenType) && beginsText(text, token)
      if (outer && isDeclaration) {
        unclosed(outer, token, 'noticed here')
        tokens.push(...open.map(() => closingBrace(token)))
        open = []
        counts = [0]
      }
      statement = { at: tokens.length, depth: open.length }
      counts[counts.length - 1] = 0
    } else if (rest !== undefined) {
      if (token.tokenType === t.OpenBrace) rest += 1
      if (token.tokenType !== t.CloseBrace || rest > 0) {
        if (token.tokenType === t.CloseBrace) rest -= 1
        continue
      }
      rest = undefined
    }
    if (closers.includes(token.tokenType)) {
      const opener = open.at(-1)
      if (
        open.length === 1 &&
        opener!.tokenType === t.OpenBrace &&
        token.tokenType === t.CloseBrace &&
        !beginsLine(text, token) &&
        goesOn(given[index + 1])
      ) {
        diagnostics.push(diagnostic('unexpected-token', { expected: "'{' before it", found: "'}'" }, spanOf(file, token)))
        continue
      }
      if (opener && closerOf.get(opener.tokenType) !== token.tokenType) {
        unclosed(opener, token, 'noticed here')
        dropStatement()
        if (token.tokenType !== t.CloseBrace) {
          rest = 0
          continue
        }
      }
      open.pop()
      if (counts.length > 1) counts.pop()
      if (open.length < statement.depth) statement = { at: tokens.length + 1, depth: open.length }
    } else if (closerOf.has(token.tokenType)) {
      if (token.tokenType === t.OpenSquare) counts[counts.length - 1]! += 1 // an element of an element
      open.push(token)
      counts.push(0)
    } else if (token.tokenType === t.Comma) counts[counts.length - 1] = 0
    else if (operators.includes(token.tokenType)) counts[counts.length - 1]! += 1
    const limit =
      open.length > deepest ? deepest : counts.reduce((sum, count) => sum + count, 0) > mostOperators ? mostOperators : undefined
    if (limit !== undefined) {
      diagnostics.push(diagnostic('too-deep', { limit }, spanOf(file, token)))
      return { tokens: [], diagnostics, hopeless: true }
    }
    tokens.push(token)
  }
  const last = given.at(-1)
  const opener = open.at(-1)
  if (opener && last) {
    unclosed(opener, last, 'noticed here, at the end of the file')
    if (opener.tokenType !== t.OpenBrace) dropStatement()
    tokens.push(...open.map(() => closingBrace(last)))
  }
  return { tokens, diagnostics, hopeless: false }
}

/** Whether what follows a brace says that it does not end a declaration: neither the end of the text, nor another one. */
const goesOn = (next: IToken | undefined): boolean => next !== undefined && !t.declarationWords.includes(next.tokenType)

const beginsText = (text: string, token: IToken): boolean =>
  token.startOffset === 0 || /[\r\n]/.test(text[token.startOffset - 1]!)

const closingBrace = (at: IToken): IToken => ({
  ...at,
  image: '}',
  tokenType: t.CloseBrace,
  tokenTypeIdx: t.CloseBrace.tokenTypeIdx!,
})

/** A word of the language that begins a line and is no name there. */
export function beginsStatement(text: string, tokens: readonly IToken[], at: number): boolean {
  const token = tokens[at]!
  const next = tokens[at + 1]
  if (![...t.statementWords, ...t.declarationWords].includes(token.tokenType) || !beginsLine(text, token)) return false
  return next !== undefined && !nameFollowers.includes(next.tokenType)
}

/**
 * The tokens without the statement around `at`: from the last line that begins with a statement's or declaration's
 * word to the next such line (or the closing brace) at the same depth.
 */
export function withoutStatement(text: string, tokens: readonly IToken[], at: number): IToken[] {
  const depths = depthBefore(tokens)
  const words = [...t.statementWords, ...t.declarationWords]
  const starts = (index: number): boolean => {
    const token = tokens[index]!
    if (!beginsLine(text, token)) return false
    return depths[index] === 0
      ? t.declarationWords.includes(token.tokenType)
      : depths[index] === 1 && words.includes(token.tokenType)
  }
  const broken = tokens[Math.min(at, tokens.length - 1)]!
  // An unknown word that begins a line is a statement of its own.
  const own = at < tokens.length && beginsLine(text, broken) && (depths[at] ?? 0) <= 1 && broken.tokenType === t.Identifier
  let from = Math.min(at, tokens.length - 1)
  if (!own) {
    if (at < tokens.length && starts(from)) from -= 1
    while (from > 0 && !starts(from)) from -= 1
  }
  from = Math.max(from, 0)
  const depth = depths[from] ?? 0
  let to = Math.max(from + 1, own ? at + 1 : at)
  // A brace of the statement's own, of a repeat, does not end it.
  const ends = (index: number): boolean =>
    tokens[index]!.tokenType === t.CloseBrace ? depths[index]! < Math.max(depth, 1) : depths[index]! <= depth && starts(index)
  while (to < tokens.length && !ends(to)) to += 1
  if (depth === 0 && tokens[to]?.tokenType === t.CloseBrace) to += 1
  return [...tokens.slice(0, from), ...tokens.slice(Math.max(to, from + 1))]
}

/** Where the line of an offset ends. */
export const lineEnd = (text: string, offset: number): number => offset + /[\r\n]|$/.exec(text.slice(offset))!.index

/**
 * The tokens without the line that begins at `at`, without what is in the brackets that it opens and, where it ends with a
 * colon, without the lines below that are indented more: they are its body in Python.
 */
export function withoutLine(text: string, tokens: readonly IToken[], at: number): IToken[] {
  const column = (offset: number): number => offset - (text.lastIndexOf('\n', offset - 1) + 1)
  const { startOffset } = tokens[at]!
  const end = lineEnd(text, startOffset)
  let open = 0
  let to = at
  while (to < tokens.length && (tokens[to]!.startOffset < end || open > 0)) {
    const { tokenType } = tokens[to]!
    if (closers.includes(tokenType)) open -= 1
    if (open < 0) break
    if (closerOf.has(tokenType)) open += 1
    to += 1
  }
  if (tokens[to - 1]?.tokenType === t.Colon)
    while (to < tokens.length && column(tokens[to]!.startOffset) > column(startOffset)) to += 1
  return [...tokens.slice(0, at), ...tokens.slice(Math.max(to, at + 1))]
}

/** How many braces are open before each token; a closing brace counts as outside. */
function depthBefore(tokens: readonly IToken[]): number[] {
  let depth = 0
  return tokens.map((token) => {
    if (token.tokenType === t.CloseBrace) depth = Math.max(0, depth - 1)
    const before = depth
    if (token.tokenType === t.OpenBrace) depth += 1
    return before
  })
}
