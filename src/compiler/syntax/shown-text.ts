const names: Readonly<Record<number, string>> = {
  0xfeff: 'byte order mark',
  0x00a0: 'no-break space',
  0x200b: 'zero-width space',
  0x2028: 'line separator',
}

/** A piece of a text as a message quotes it: what cannot be seen by its code point. */
export function shownText(text: string): string {
  const [first] = text
  if (first === undefined || !/[\p{Cc}\p{Cf}\p{Z}]/u.test(first)) return JSON.stringify(text)
  const name = codePointName(first)
  return name.includes(',') ? `${name},` : name
}

/** `U+00A0, a no-break space`: what stands for a character that cannot be seen. */
export function codePointName(character: string): string {
  const code = character.codePointAt(0)!
  const name = names[code]
  return `U+${code.toString(16).toUpperCase().padStart(4, '0')}${name ? `, a ${name}` : ''}`
}
