import { createToken, Lexer, type TokenType } from 'chevrotain'

/**
 * The words of the architecture language. Keywords are contextual: every one of them is also an `Identifier`, and the
 * parser asks for the keyword only where a declaration begins.
 */
export const Identifier = createToken({ name: 'Identifier', pattern: /[A-Za-z_][A-Za-z0-9_]*/, label: 'a name' })

const word = (text: string): TokenType =>
  createToken({
    name: `'${text}'`,
    pattern: new RegExp(text),
    longer_alt: Identifier,
    categories: [Identifier],
    label: `'${text}'`,
  })
const sign = (name: string, text: string): TokenType => createToken({ name, pattern: text, label: `'${text}'` })

export const Import = word('import')
export const From = word('from')
export const Module = word('module')
export const Model = word('model')
export const Input = word('input')
export const Output = word('output')
export const Scale = word('scale')
export const Slot = word('slot')
export const Frozen = word('frozen')
export const Let = word('let')
export const Weight = word('weight')
export const Return = word('return')
export const Preset = word('preset')
export const Train = word('train')
export const Evaluate = word('evaluate')
export const Variant = word('variant')
export const Of = word('of')
export const Replace = word('replace')
export const With = word('with')
export const Set = word('set')
export const Repeat = word('repeat')
export const Collect = word('collect')
export const In = word('in')
export const As = word('as')
export const By = word('by')
export const Where = word('where')

export const Num = createToken({ name: 'Number', pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/, label: 'a number' })
export const Text = createToken({ name: 'String', pattern: /"[^"\r\n]*"/, label: 'a string' })

export const FatArrow = sign('FatArrow', '=>')
export const Arrow = sign('Arrow', '->')
export const EqualEqual = sign('EqualEqual', '==')
export const AtLeast = sign('AtLeast', '>=')
export const Equals = sign('Equals', '=')
export const DotDot = sign('DotDot', '..')
export const Dot = sign('Dot', '.')
export const Comma = sign('Comma', ',')
export const Colon = sign('Colon', ':')
export const Question = sign('Question', '?')
export const Plus = sign('Plus', '+')
export const Minus = sign('Minus', '-')
export const Star = sign('Star', '*')
export const Slash = sign('Slash', '/')
export const Percent = sign('Percent', '%')
export const OpenParen = sign('OpenParen', '(')
export const CloseParen = sign('CloseParen', ')')
export const OpenSquare = sign('OpenSquare', '[')
export const CloseSquare = sign('CloseSquare', ']')
export const OpenBrace = sign('OpenBrace', '{')
export const CloseBrace = sign('CloseBrace', '}')

const Space = createToken({ name: 'Space', pattern: /[ \t\r\n]+/, group: Lexer.SKIPPED, line_breaks: true })
/** `///` documents the declaration below it. */
export const Documentation = createToken({ name: 'Documentation', pattern: /\/\/\/[^\r\n]*/, group: 'documentation' })
/** `//` is a remark. */
export const Remark = createToken({ name: 'Remark', pattern: /\/\/[^\r\n]*/, group: 'remarks' })

/** What may begin a line inside a module or model. */
export const statementWords = [Input, Output, Scale, Slot, Let, Weight, Return]
/** What may begin a line outside of braces. */
export const declarationWords = [Import, Module, Model, Preset, Train, Evaluate, Variant, Replace, Set]

const keywords = [...declarationWords, ...statementWords, From, Of, With, Frozen, Repeat, Collect, In, As, By, Where]

export const allTokens: TokenType[] = [
  Space, Documentation, Remark, ...keywords, Identifier, Num, Text, FatArrow, Arrow, EqualEqual, AtLeast, Equals, DotDot, Dot,
  Comma, Colon, Question, Plus, Minus, Star, Slash, Percent, OpenParen, CloseParen, OpenSquare, CloseSquare, OpenBrace, CloseBrace,
] // prettier-ignore

export const lexer = new Lexer(allTokens, { positionTracking: 'onlyOffset', ensureOptimizations: true })
