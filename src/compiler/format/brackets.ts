import * as doc from 'prettier/doc'
import type { Doc, Words } from './words.ts'

const { fill, group, hardline, ifBreak, indent, line, softline } = doc.builders

/** `open`, what is inside, and the closing bracket, which is the next word; before it `plain`, or remarks and a line end. */
export function enclosed(words: Words, open: Doc, inside: Doc, plain: Doc): Doc {
  const remarks = words.remarks()
  return [open, indent([inside, remarks]), remarks === '' ? plain : hardline, words.word()]
}

/** `( .. )` or `[ .. ]`: all in one line; else what is inside in one line; else an item a line. */
export function bracketed<Item>(words: Words, items: readonly Item[], print: (item: Item) => Doc): Doc {
  const open = words.word()
  if (items.length === 0) return enclosed(words, open, '', '')
  const first = words.gap(softline)
  const inside = items.map((item, index) => [index > 0 ? [words.comma(), words.gap(line)] : '', print(item)])
  return group(enclosed(words, open, [first, group(inside)], softline))
}

/** `[ .. ]` of values: rows that were written under one another stay so. */
export function listed<Item>(words: Words, items: readonly Item[], print: (item: Item) => Doc): Doc {
  if (items.length === 0 || !words.isOpenedByLineEnd()) return bracketed(words, items, print)
  const open = words.word()
  const first = words.lineEnd()
  const rows = items.flatMap((item, index) => {
    const content = [print(item), words.comma()]
    if (index === items.length - 1) return [content]
    return [content, words.isOnNewLine() ? words.lineEnd() : words.gap(line)]
  })
  return enclosed(words, open, [first, fill(rows)], hardline)
}

/** `{ .. }` of fields: as a list, and where a line ends no comma is needed. */
export function recorded<Item>(words: Words, fields: readonly Item[], print: (field: Item) => Doc): Doc {
  const isOpen = words.isOpenedByLineEnd()
  const open = words.word()
  if (fields.length === 0) return enclosed(words, open, '', '')
  const first = isOpen ? words.lineEnd() : words.gap(line)
  const rows = fields.flatMap((field, index) => {
    const content = print(field)
    // Without its comma `f -> repeat, x { .. }` would be a repetition.
    const isNeeded = words.isBehind('repeat')
    words.comma()
    if (index === fields.length - 1) return [content]
    if (isOpen && words.isOnNewLine()) return [content, [isNeeded ? ',' : '', words.lineEnd()]]
    const between = words.gap(line)
    if (between !== line) return [content, [isNeeded || between === ' ' ? ',' : '', between]]
    return [content, [isNeeded ? ',' : ifBreak('', ','), line]]
  })
  return group(enclosed(words, open, [first, fill(rows)], line), { shouldBreak: isOpen })
}
