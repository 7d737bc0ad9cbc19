import type { IToken } from 'chevrotain'
import { lexer } from '../../grammar/tokens.ts'
import type { Random } from '../../src/runtime/files/random.ts'

/** What may stand in place of a word: a number near it, a name spelt wrongly, nothing. */
function others({ image, tokenType }: IToken): string[] {
  const value = Number(image)
  return [
    ...(tokenType.name === 'Number' ? [String(value + 1), String(value * 2), '0'] : []),
    ...(tokenType.name === 'Identifier' && image.length > 2 ? [image.slice(0, -1), `${image}s`] : []),
    '',
  ]
}

/** Other words of the same kind in a text. */
const alike = (tokens: readonly IToken[], { image, tokenType }: IToken): string[] => [
  ...new Set(tokens.filter((other) => other.tokenType === tokenType && other.image !== image).map((other) => other.image)),
]

const changed = (text: string, { image, startOffset }: IToken, other: string): string =>
  text.slice(0, startOffset) + other + text.slice(startOffset + image.length)

/** One word of a text is another one: of the same kind, a number near it, or gone. */
export function mutated(text: string, random: Random): string {
  const { tokens } = lexer.tokenize(text)
  const token = random.pick(tokens)
  const same = alike(tokens, token)
  return changed(text, token, random.pick([...(same.length > 0 ? [random.pick(same)] : []), ...others(token)]))
}

/** Every text that differs in one word; of the words of its kind the nearest two. */
export function* mutations(text: string): Generator<string> {
  const { tokens } = lexer.tokenize(text)
  for (const [at, token] of tokens.entries())
    for (const other of [...alike(tokens.slice(at), token).slice(0, 2), ...others(token)]) yield changed(text, token, other)
}
