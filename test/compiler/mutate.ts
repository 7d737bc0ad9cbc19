import { lexer } from '../../grammar/tokens.ts'
import type { Random } from '../../src/runtime/files/random.ts'

/** One word of a text is another one: of the same kind, a number near it, or gone. */
export function mutated(text: string, random: Random): string {
  const { tokens } = lexer.tokenize(text)
  const token = random.pick(tokens)
  const { image, startOffset, tokenType } = token
  const alike = tokens.filter((other) => other.tokenType === tokenType && other.image !== image).map((other) => other.image)
  const value = Number(image)
  const others = [
    ...(alike.length > 0 ? [random.pick(alike)] : []),
    ...(tokenType.name === 'Number' ? [String(value + 1), String(value * 2), '0'] : []),
    ...(tokenType.name === 'Identifier' && image.length > 2 ? [image.slice(0, -1), `${image}s`] : []),
    '',
  ]
  return text.slice(0, startOffset) + random.pick(others) + text.slice(startOffset + image.length)
}
