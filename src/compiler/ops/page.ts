import type { AttributeSpec, Op } from './op.ts'

/** `int, at least 1: how many; 1 without it`. */
export function attributeText({ type, words, standard, optional, least, about }: AttributeSpec): string {
  const kind = words && type === 'word' ? words.join(' | ') : type
  const bounds = least === undefined ? '' : `, at least ${least}`
  const usual = standard !== undefined ? `; ${standardText(standard)} without it` : optional ? '; may be left out' : ''
  return `${kind}${bounds}: ${about}${usual}`
}

/** `conv(x: [B, h, w, c], out: int, kernel: pair, ..)`: each part of a signature, the tensors first. */
export const opParts = ({ takes, attributes, pattern }: Op): string[] => [
  ...takes,
  ...(pattern ? ['"pattern"'] : []),
  ...Object.entries(attributes).map(
    ([name, { type, words }]) => `${name}: ${words && type === 'word' ? words.join(' | ') : type}`,
  ),
]

const standardText = (standard: NonNullable<AttributeSpec['standard']>): string =>
  typeof standard === 'object' && 'kind' in standard ? standard.kind : JSON.stringify(standard)
