/**
 * Names with places for numbers and words: `layers.{i}.blocks.{j}.attn`, `imnet.layers.{2*i}`, `model.{2*last+1}`,
 * `{cell}.branch1x1`.
 */
export interface Template {
  readonly text: string
  readonly parts: readonly Part[]
  /** What names of this form look like on each side. */
  readonly patterns: Readonly<Record<Side, RegExp>>
}

type Part =
  | { readonly kind: 'text'; readonly text: string }
  /** A whole number `factor * name + offset`. */
  | { readonly kind: 'number'; readonly name: string; readonly factor: number; readonly offset: number }
  | { readonly kind: 'word'; readonly name: string }

/** What the places of a template stand for. Words are kept as the official name has them. */
export type Bindings = ReadonlyMap<string, number | string>

/** Words by place: the official word and what it is called in archc. */
export type Words = Readonly<Record<string, Readonly<Record<string, string>>>>

/** Reads a template; places that `words` names are words, all others numbers. */
export function parseTemplate(text: string, words: Words): Template {
  const parts = text.split(/(\{[^}]*\})/).flatMap((piece): Part[] => {
    if (piece === '') return []
    if (!piece.startsWith('{')) return [{ kind: 'text', text: piece }]
    const inside = piece.slice(1, -1)
    if (Object.hasOwn(words, inside)) return [{ kind: 'word', name: inside }]
    const [, factor, name, offset] = /^(?:(\d+)\*)?([a-z]+)(?:\+(\d+))?$/.exec(inside) ?? []
    if (!name) throw new Error(`${text}: {${inside}} is neither a number such as {2*i+1} nor a word of its own`)
    return [{ kind: 'number', name, factor: Number(factor ?? 1), offset: Number(offset ?? 0) }]
  })
  return { text, parts, patterns: { official: patternOf(parts, words, 'official'), archc: patternOf(parts, words, 'archc') } }
}

/** Which side of a word is written: the official one or archc's. */
export type Side = 'official' | 'archc'

function patternOf(parts: readonly Part[], words: Words, side: Side): RegExp {
  const pieces = parts.map((part) => {
    if (part.kind === 'text') return escaped(part.text)
    if (part.kind === 'number') return '(\\d+)'
    const table = words[part.name]!
    const spoken = side === 'official' ? Object.keys(table) : Object.values(table)
    // Longer words first: one may begin with another.
    return `(${[...spoken].sort((one, other) => other.length - one.length).map(escaped).join('|')})` // prettier-ignore
  })
  return new RegExp(`^${pieces.join('')}$`)
}

/** What the places stand for where `text` has this form; undefined where it has another. */
export function matchTemplate({ parts, patterns }: Template, text: string, words: Words, side: Side): Bindings | undefined {
  const found = patterns[side].exec(text)
  if (!found) return undefined
  const bindings = new Map<string, number | string>()
  const places = parts.filter((part) => part.kind !== 'text')
  for (const [at, part] of places.entries()) {
    const written = found[at + 1]!
    let value: number | string
    if (part.kind === 'word') {
      value = side === 'official' ? written : Object.entries(words[part.name]!).find(([, inside]) => inside === written)![0]
    } else {
      value = (Number(written) - part.offset) / part.factor
      if (!Number.isInteger(value) || value < 0) return undefined
    }
    if ((bindings.get(part.name) ?? value) !== value) return undefined
    bindings.set(part.name, value)
  }
  return bindings
}

/** The template with its places filled. */
export const fillTemplate = ({ parts }: Template, bindings: Bindings, words: Words, side: Side): string =>
  parts
    .map((part) => {
      if (part.kind === 'text') return part.text
      const value = bindings.get(part.name)
      if (value === undefined) throw new Error(`nothing is known for {${part.name}}`)
      if (part.kind === 'number') return String(part.factor * Number(value) + part.offset)
      return side === 'official' ? value : words[part.name]![value]!
    })
    .join('')

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
