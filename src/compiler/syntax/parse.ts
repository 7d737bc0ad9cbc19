import type { ILexingError, IRecognitionException, IToken } from 'chevrotain'
import { ArchParser, type MixedPipeline } from '../../../grammar/parser.ts'
import * as t from '../../../grammar/tokens.ts'
import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import { shownText } from './shown-text.ts'
import { habitDiagnostics, mendCharacters, mendWords, type Found } from './mend.ts'
import { beginsLine, beginsStatement, repairBrackets, spanOf, withoutStatement } from './recover.ts'
import type { Expression, SourceFile } from './tree.ts'
import { positionAt, source } from '../diagnostics/source.ts'

const parser = new ArchParser()
/** A file that is longer was not written by a person, and is not to be read by one. The longest known one has 3,000 words. */
const mostCharacters = 1_000_000
const mostWords = 20_000
/** A file with so many characters that mean nothing is none of this language. */
const mostCharacterErrors = 1_000
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
  const tooMany = (of: string, limit: number): Parsed => ({
    source: { file, text, declarations: [], remarks: [] },
    diagnostics: [
      diagnostic(
        'too-many',
        { what: 'the file has', limit, of },
        { file, start: 0, end: 0 },
        {
          help: 'parts of a network stand in files of their own: import Block from "./block.arch"',
        },
      ),
    ],
  })
  if (text.length > mostCharacters) return tooMany('characters', mostCharacters)
  const lines = source(text)
  const lineOf = (offset: number): number => positionAt(lines, offset).line
  const habits = new Map<unknown, Found>()
  const wrong = t.lexer.tokenize(text)
  if (wrong.tokens.length > mostWords) return tooMany('words', mostWords)
  if (wrong.errors.length > mostCharacterErrors) {
    const first = wrong.errors.slice(0, mostErrors).map((error) => lexical(file, text, error))
    return { source: { file, text, declarations: [], remarks: [] }, diagnostics: first }
  }
  const readable = mendCharacters(file, text, wrong.errors.map(({ offset }) => offset), habits) // prettier-ignore
  const lexed = readable === text ? wrong : t.lexer.tokenize(readable)
  const documentation = lexed.groups['documentation'] ?? []
  const repaired = repairBrackets(file, text, lexed.tokens)
  const numbers = badNumbers(file, text, lexed.tokens)
  const found = [...lexed.errors.map((error) => lexical(file, text, error)), ...numbers, ...repaired.diagnostics]
  const remarks = (lexed.groups['remarks'] ?? []).map(({ startOffset, image }) => ({
    file,
    start: startOffset,
    end: startOffset + image.length,
  }))
  const none = { file, text, declarations: [], remarks }
  /** Lines of habits that no mending makes right: nothing more is said of them. */
  const given = new Set<number>()
  const said = (more: readonly Diagnostic[] = []): Diagnostic[] => {
    const others = found.filter(({ primary }) => !given.has(lineOf(primary.span.start)))
    return inOrder([...others, ...habitDiagnostics(habits.values()), ...more])
  }
  if (repaired.hopeless) return { source: none, diagnostics: said().slice(0, mostErrors) }
  let { tokens } = repaired
  // A line that could not even be cut in words says nothing more.
  const badLines = new Set([...lexed.errors.map(({ offset }) => offset), ...numbers.map(({ primary }) => primary.span.start)].map(lineOf)) // prettier-ignore
  const onBadLine = (at: number): boolean => badLines.has(lineOf(tokens[at]?.startOffset ?? text.length))
  for (let turn = 0; turn < 2 * mostErrors && found.length < mostErrors; turn += 1) {
    const declarations = parser.parseFile(file, tokens, documentation)
    const error = parser.errors[0]
    if (!error) {
      const mixed = mixedPipelines(file, text, parser.mixed)
      return { source: { file, text, declarations, remarks }, diagnostics: said(mixed) }
    }
    const at = culprit(text, tokens, errorIndex(tokens, error))
    const habit = mendWords(file, text, tokens, at, ruleOf(error), habits)
    if (habit && !habit.isMended) given.add(lineOf(tokens[at]!.startOffset))
    if (!habit && !onBadLine(at)) found.push(unexpected(file, text, tokens, at, error))
    if (tokens.length === 0) break
    tokens = habit?.tokens ?? withoutStatement(text, tokens, at)
  }
  return { source: none, diagnostics: said().slice(0, mostErrors) }
}

const inOrder = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  [...diagnostics].sort((a, b) => a.primary.span.start - b.primary.span.start)

/** Parses an expression, as given to `--set`. `file` names where it came from in messages. */
export function parseExpression(file: string, text: string): { expression?: Expression; diagnostics: readonly Diagnostic[] } {
  const lexed = t.lexer.tokenize(text)
  if (lexed.errors.length > 0)
    return { diagnostics: lexed.errors.slice(0, mostErrors).map((error) => lexical(file, text, error)) }
  const { diagnostics } = repairBrackets(file, text, lexed.tokens)
  if (diagnostics.length > 0) return { diagnostics }
  if (lexed.tokens.length > mostWords) {
    const span = { file, start: 0, end: text.length }
    return { diagnostics: [diagnostic('too-many', { what: 'this has', limit: mostWords, of: 'words' }, span)] }
  }
  const expression = parser.parseExpression(file, lexed.tokens)
  const error = parser.errors[0]
  if (error) {
    const at = errorIndex(lexed.tokens, error)
    const habits = new Map<unknown, Found>()
    const isHabit = mendWords(file, text, lexed.tokens, at, ruleOf(error), habits)
    return { diagnostics: isHabit ? habitDiagnostics(habits.values()) : [unexpected(file, text, lexed.tokens, at, error)] }
  }
  const mixed = mixedPipelines(file, text, parser.mixed)
  return mixed.length > 0 ? { diagnostics: mixed } : { expression, diagnostics: [] }
}

/** `a + b -> f` and `f -> g + h`: which is meant is not guessed. Each outermost one, with its readings as fixes. */
function mixedPipelines(file: string, text: string, found: readonly MixedPipeline[]): Diagnostic[] {
  const outermost = found.filter(
    (one) => !found.some((other) => other !== one && other.span.start <= one.span.start && one.span.end <= other.span.end),
  )
  return outermost.map(({ span, operator, readings }) => {
    const texts = readings.map((parentheses) => inserted(text, span, parentheses))
    const written = text.slice(span.start, span.end)
    return diagnostic('mixed-pipeline', { written: oneLine(written), readings: texts.map(oneLine) }, operator, {
      label: 'an operator beside -> without parentheses',
      fixes: readings.map((parentheses, at) => ({
        title: oneLine(texts[at]!),
        edits: parentheses.map(({ at: start, text: sign }) => ({ span: { file, start, end: start }, text: sign })),
      })),
    })
  })
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ')

function inserted(text: string, span: Span, signs: MixedPipeline['readings'][number]): string {
  const cuts = [...signs].sort((a, b) => a.at - b.at)
  let result = ''
  let from = span.start
  for (const { at, text: sign } of cuts) {
    result += text.slice(from, at) + sign
    from = at
  }
  return result + text.slice(from, span.end)
}

function lexical(file: string, text: string, error: ILexingError): Diagnostic {
  const span = { file, start: error.offset, end: error.offset + error.length }
  if (text[error.offset] === '"') return diagnostic('bad-string', {}, span)
  return diagnostic('bad-character', { found: shownText(text.slice(span.start, Math.min(span.end, span.start + 12))) }, span)
}

/** `1e`, `2x`, `1.2.3`: what begins as a number and goes on as none. */
function badNumbers(file: string, text: string, tokens: readonly IToken[]): Diagnostic[] {
  const isNext = (at: number): boolean =>
    tokens[at + 1] !== undefined && spanOf(file, tokens[at]!).end === tokens[at + 1]!.startOffset
  const isName = (at: number): boolean => /^[A-Za-z_]/.test(tokens[at]!.image)
  return tokens.flatMap((token, at) => {
    if (token.tokenType !== t.Num || !isNext(at)) return []
    const isBad = isName(at + 1) || (tokens[at + 1]!.tokenType === t.Dot && isNext(at + 1) && tokens[at + 2]!.tokenType === t.Num)
    if (!isBad) return []
    const written = /^[\w.]+/.exec(text.slice(token.startOffset))![0]
    return [diagnostic('bad-number', { written }, { file, start: token.startOffset, end: token.startOffset + written.length })]
  })
}

/** The rule of the grammar that is broken. */
const ruleOf = (error: IRecognitionException): string => error.context.ruleStack.at(-1) ?? ''

function errorIndex(tokens: readonly IToken[], error: IRecognitionException): number {
  const index = tokens.indexOf(error.token)
  return index >= 0 ? index : tokens.length
}

/**
 * The token to speak of: where a statement's word was read as a name of the statement before it, as in `a + return f`,
 * that word.
 */
function culprit(text: string, tokens: readonly IToken[], at: number): number {
  return at > 0 && beginsStatement(text, tokens, at - 1) && !isStatementPart(tokens, at) ? at - 1 : at
}

/** Whether the token may follow the statement's word before it: then the word is no name, and the mistake is here. */
function isStatementPart(tokens: readonly IToken[], at: number): boolean {
  const before = tokens[at - 2]
  return before === undefined || !(operatorsBefore.has(before.tokenType) || nameBefore.has(before.tokenType))
}

/** Behind these an expression goes on. */
const operatorsBefore = new Set([
  t.Plus, t.Minus, t.Star, t.Slash, t.Percent, t.Equals, t.Arrow, t.FatArrow, t.Comma, t.Colon, t.DotDot, t.EqualEqual, t.AtLeast, t.In,
]) // prettier-ignore
/** Behind these stands a name. */
const nameBefore = new Set([t.As, t.Dot, t.Question, t.Of, ...t.statementWords, ...t.declarationWords])

function unexpected(file: string, text: string, tokens: readonly IToken[], at: number, error: IRecognitionException): Diagnostic {
  const token = tokens[at]
  const previous = tokens[at - 1]
  const end = previous ? spanOf(file, previous).end : 0
  const span = token ? spanOf(file, token) : { file, start: end, end }
  const found = token ? `'${token.image}'` : 'the end of the file'
  if (token && beginsLine(text, token) && token.tokenType === t.Identifier) {
    const inside = error.context.ruleStack.length > 1
    const names = (inside ? t.statementWords : t.declarationWords).map((word) => word.name.slice(1, -1))
    const close = nearest(token.image, names)
    if (close.length > 0) return diagnostic('unknown-keyword', { name: token.image, near: close }, span)
    if (!inside) return diagnostic('unknown-keyword', { name: token.image, near: [], accepted: names }, span)
  }
  const isMoved = token !== undefined && token !== error.token
  const expected = !isMoved ? expectation(error) : previous && nameBefore.has(previous.tokenType) ? 'a name' : phrases['unary']!
  return diagnostic('unexpected-token', { expected, found }, span, {
    ...(previous && token && { related: [{ span: spanOf(file, previous), label: 'after this' }] }),
  })
}

const declaration = `a declaration (${t.declarationWords.map((word) => word.name.slice(1, -1)).join(', ')})`
/** What a rule would have taken, where several tokens may stand. */
const phrases: Readonly<Record<string, string>> = {
  expression: 'a name, a number or a parenthesis',
  unary: 'a name, a number or a parenthesis',
  primary: 'a name, a number or a parenthesis',
  stage: "the name of a layer or 'repeat' after '->'",
  axis: 'a size',
  moduleDeclaration: `a statement (${t.statementWords.map((word) => word.name.slice(1, -1)).join(', ')}) or '}'`,
  statement: `a statement (${t.statementWords.map((word) => word.name.slice(1, -1)).join(', ')})`,
  declaration,
  slotStatement: 'a shape such as [B, h, w, c] or, with several, a parenthesis',
  letStatement: 'a name',
  parameter: 'a type',
  condition: "'==' or '>='",
  field: "':' and a value",
  trainField: "':' and a value",
  scaleStatement: "'in' and a range, or '=' and a value",
}

/** What the parser would have taken, in words. */
function expectation(error: IRecognitionException): string {
  if (error.name === 'NotAllInputParsedException') return declaration
  const rule = ruleOf(error)
  const single = /^Expecting(?: token of type)? ?-->? ?(.+?) <--/.exec(error.message)?.[1]
  if (single && !(rule === 'moduleDeclaration' && single === "'}'"))
    return single === "')'" || single === "']'" ? `',' or ${single}` : single
  return phrases[rule] ?? 'something else'
}
