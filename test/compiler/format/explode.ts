import type { IToken } from 'chevrotain'
import * as t from '../../../grammar/tokens.ts'
import { parse } from '../../../src/compiler/syntax/parse.ts'
import { beginsStatement } from '../../../src/compiler/syntax/recover.ts'
import type { Random } from '../../../src/runtime/files/random.ts'

/** A stretch between two brackets: whether a line end says something there, and whether it is the body of a module. */
interface Inside {
  readonly isFree: boolean
  readonly isBody: boolean
}

/** A text with other spaces and line ends between its words. Blank lines, remarks, and lines of lists and braces stay. */
export function exploded(text: string, random: Random): string {
  const { tokens } = t.lexer.tokenize(text)
  const bodies = new Set(bodiesOf(text, tokens))
  const open: Inside[] = [{ isFree: true, isBody: true }]
  let result = ''
  let end = 0
  tokens.forEach((token, at) => {
    const isClosing = [t.CloseParen, t.CloseSquare, t.CloseBrace].includes(token.tokenType)
    const inside = (isClosing ? open.pop() : open.at(-1))!
    result += gap(text.slice(end, token.startOffset), tokens, at, inside, random) + token.image
    end = token.startOffset + token.image.length
    const isBody = bodies.has(token)
    if ([t.OpenParen, t.OpenSquare, t.OpenBrace].includes(token.tokenType))
      open.push({ isFree: isBody || token.tokenType === t.OpenParen, isBody })
  })
  return result + text.slice(end)
}

/** The braces that open modules. */
const bodiesOf = (text: string, tokens: readonly IToken[]): IToken[] =>
  parse('a.arch', text).source.declarations.flatMap(({ kind, span }) =>
    kind === 'module' || kind === 'model'
      ? tokens.filter(({ startOffset, tokenType }) => startOffset > span.start && tokenType === t.OpenBrace).slice(0, 1)
      : [],
  )

function gap(written: string, tokens: readonly IToken[], at: number, { isFree, isBody }: Inside, random: Random): string {
  const spaces = (): string => ' '.repeat(random.int(4))
  if (written.includes('//') || /\n\s*\n/.test(written)) return written.replace(/ +$/gm, spaces).replace(/^ *(?=\/\/)/, spaces)
  const mayBreak = isBody || !beginsStatement('', tokens, at)
  const isBroken = isFree ? mayBreak && random.int(2) === 0 : written.includes('\n')
  return isBroken ? `${spaces()}\n${spaces()}` : between(tokens, at, spaces())
}

/** `spaces`, or one where the two words would be read as another one without. */
function between(tokens: readonly IToken[], at: number, spaces: string): string {
  const [before, next] = [tokens[at - 1], tokens[at]!]
  if (spaces !== '' || !before) return spaces
  const read = t.lexer.tokenize(before.image + next.image).tokens.map(({ image }) => image)
  const isNumber = before.tokenType === t.Num && /^\w/.test(next.image)
  return read.length === 2 && read[0] === before.image && !isNumber ? '' : ' '
}
