import type { ILexingError, IRecognitionException, IToken } from 'chevrotain'
import { ArchParser } from '../../../grammar/parser.ts'
import * as t from '../../../grammar/tokens.ts'
import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import type { Expression, SourceFile } from './tree.ts'

const parser = new ArchParser()
const openers = new Map([
  [t.OpenParen, t.CloseParen],
  [t.OpenSquare, t.CloseSquare],
  [t.OpenBrace, t.CloseBrace],
])
/** Beyond this depth the parser's own stack would be in danger. */
const deepest = 200
/** After so many errors of syntax the rest of the file is not looked at. */
const mostErrors = 20

export interface Parsed {
  readonly source: SourceFile
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Parses a file. A broken statement is reported, taken out, and the rest parsed again: several errors are found in one
 * run, and what is not broken is in the tree.
 */
export function parse(file: string, text: string): Parsed {
  const lexed = t.lexer.tokenize(text)
  const documentation = lexed.groups['documentation'] ?? []
  const diagnostics: Diagnostic[] = lexed.errors.map((error) => lexical(file, text, error))
  const nesting = bracketProblem(file, lexed.tokens)
  if (nesting) return { source: { file, text, declarations: [] }, diagnostics: [...diagnostics, nesting] }
  let tokens = lexed.tokens
  while (diagnostics.length < mostErrors) {
    const declarations = parser.parseFile(file, tokens, documentation)
    const error = parser.errors[0]
    if (!error) return { source: { file, text, declarations }, diagnostics }
    const at = errorIndex(tokens, error)
    diagnostics.push(unexpected(file, text, tokens, at, error))
    tokens = withoutStatement(text, tokens, at)
  }
  return { source: { file, text, declarations: [] }, diagnostics }
}

/** Parses an expression, as given to `--set`. `file` names where it came from in messages. */
export function parseExpression(file: string, text: string): { expression?: Expression; diagnostics: readonly Diagnostic[] } {
  const lexed = t.lexer.tokenize(text)
  if (lexed.errors.length > 0) return { diagnostics: lexed.errors.map((error) => lexical(file, text, error)) }
  const nesting = bracketProblem(file, lexed.tokens)
  if (nesting) return { diagnostics: [nesting] }
  const expression = parser.parseExpression(file, lexed.tokens)
  const error = parser.errors[0]
  if (!error) return { expression, diagnostics: [] }
  return { diagnostics: [unexpected(file, text, lexed.tokens, errorIndex(lexed.tokens, error), error)] }
}

const spanOf = (file: string, token: IToken): Span => ({
  file,
  start: token.startOffset,
  end: token.startOffset + token.image.length,
})

function lexical(file: string, text: string, error: ILexingError): Diagnostic {
  const span = { file, start: error.offset, end: error.offset + error.length }
  if (text[error.offset] === '"') return diagnostic('bad-string', {}, span)
  return diagnostic('bad-character', { found: JSON.stringify(text.slice(span.start, Math.min(span.end, span.start + 12))) }, span)
}

/** A bracket that is never closed, a closing one too many, or nesting beyond `deepest`. */
function bracketProblem(file: string, tokens: readonly IToken[]): Diagnostic | undefined {
  const open: IToken[] = []
  for (const token of tokens) {
    if (openers.has(token.tokenType)) {
      open.push(token)
      if (open.length > deepest) return diagnostic('too-deep', { limit: deepest }, spanOf(file, token))
    } else if ([...openers.values()].includes(token.tokenType)) {
      const opener = open.pop()
      if (!opener) return undefined // the parser says what it expected instead
      if (openers.get(opener.tokenType) !== token.tokenType)
        return diagnostic('unclosed', { bracket: opener.image }, spanOf(file, opener), {
          related: [{ span: spanOf(file, token), label: 'noticed here' }],
        })
    }
  }
  const opener = open.at(-1)
  const last = tokens.at(-1)
  if (!opener || !last) return undefined
  return diagnostic('unclosed', { bracket: opener.image }, spanOf(file, opener), {
    related: [{ span: spanOf(file, last), label: 'noticed here, at the end of the file' }],
  })
}

function errorIndex(tokens: readonly IToken[], error: IRecognitionException): number {
  const index = tokens.indexOf(error.token)
  return index >= 0 ? index : tokens.length
}

function unexpected(file: string, text: string, tokens: readonly IToken[], at: number, error: IRecognitionException): Diagnostic {
  const token = tokens[at]
  const previous = tokens[at - 1]
  const span = token
    ? spanOf(file, token)
    : previous
      ? { file, start: spanOf(file, previous).end, end: spanOf(file, previous).end }
      : { file, start: 0, end: 0 }
  const found = token ? `'${token.image}'` : 'the end of the file'
  const suspect = token && beginsLine(text, token) && token.tokenType === t.Identifier ? token : undefined
  if (suspect) {
    const words = error.context.ruleStack.length > 1 ? t.statementWords : t.declarationWords
    const names = words.map((word) => word.name.slice(1, -1))
    const close = nearest(suspect.image, names)
    if (close.length > 0 || error.context.ruleStack.length <= 1)
      return diagnostic(
        'unknown-keyword',
        { name: suspect.image, near: close, accepted: close.length ? undefined : names } as never,
        span,
      )
  }
  return diagnostic('unexpected-token', { expected: expectation(error), found }, span, {
    ...(previous && token && { related: [{ span: spanOf(file, previous), label: `after this` }] }),
  })
}

/** What the parser would have taken, in words. */
function expectation(error: IRecognitionException): string {
  const rule = error.context.ruleStack.at(-1)
  const single = /Expecting token of type --> (\S+) <--/.exec(error.message)?.[1]
  const labels: { [name: string]: string } = { Identifier: 'a name', Number: 'a number', String: 'a string in quotes' }
  if (error.message.startsWith('Redundant input'))
    return 'a declaration (import, module, model, preset, train, evaluate, variant, replace, set)'
  if (single) {
    const token = t.allTokens.find((candidate) => candidate.name === single)
    return labels[single] ?? (typeof token?.LABEL === 'string' ? token.LABEL : single)
  }
  if (/Expecting token of type --> '/.test(error.message)) return /--> (.+?) <--/.exec(error.message)?.[1] ?? 'something else'
  const phrases: { [rule: string]: string } = {
    primary: 'a name, a number or a parenthesis',
    stage: "the name of a layer or 'repeat' after '->'",
    application: "the name of a layer after '->'",
    axis: 'a size',
    statement: 'a statement (input, output, scale, slot, let, weight, return)',
    declaration: 'a declaration (import, module, model, preset, train, evaluate, variant, replace, set)',
    slotStatement: 'a shape such as [B, h, w, c] or, with several, a parenthesis',
    field: "':' and a value",
    scaleStatement: "'in' and a range, or '=' and a value",
  }
  return phrases[rule ?? ''] ?? 'something else'
}

/** Whether only white space stands before the token on its line. */
function beginsLine(text: string, token: IToken): boolean {
  const lineStart = text.lastIndexOf('\n', token.startOffset - 1) + 1
  return text.slice(lineStart, token.startOffset).trim() === ''
}

/**
 * The tokens without the statement around `at`: from the last line that begins with a statement's or declaration's
 * word to the next such line (or the closing brace) at the same depth.
 */
function withoutStatement(text: string, tokens: readonly IToken[], at: number): IToken[] {
  const depths = depthBefore(tokens)
  const words = [...t.statementWords, ...t.declarationWords]
  const starts = (index: number): boolean => {
    const token = tokens[index]!
    const top = depths[index] === 0
    return (
      beginsLine(text, token) &&
      (top ? t.declarationWords.includes(token.tokenType) : depths[index] === 1 && words.includes(token.tokenType))
    )
  }
  let from = Math.min(at, tokens.length - 1)
  // An unknown word that begins a line is a statement of its own.
  const broken = tokens[from]!
  const own = at < tokens.length && beginsLine(text, broken) && (depths[from] ?? 0) <= 1 && broken.tokenType === t.Identifier
  if (!own) {
    if (at < tokens.length && starts(from)) from -= 1
    while (from > 0 && !starts(from)) from -= 1
  }
  const depth = depths[from] ?? 0
  let to = Math.max(from + 1, at < tokens.length ? at + (own ? 1 : 0) : at)
  while (
    to < tokens.length &&
    !((depths[to] ?? 0) <= depth && (starts(to) || (tokens[to]!.tokenType === t.CloseBrace && depths[to]! <= depth)))
  )
    to += 1
  if (depth === 0 && tokens[to]?.tokenType === t.CloseBrace) to += 1
  return [...tokens.slice(0, Math.max(from, 0)), ...tokens.slice(Math.max(to, from + 1))]
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
