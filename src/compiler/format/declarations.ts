import * as doc from 'prettier/doc'
import {
  isRecord,
  type Axis,
  type Declaration,
  type Expression,
  type Field,
  type Located,
  type ModuleDeclaration,
  type Name,
  type Parameter,
  type Record,
  type Result,
  type Role,
  type SlotStatement,
  type Statement,
  type TensorType,
} from '../syntax/tree.ts'
import { bracketed, enclosed, recorded } from './brackets.ts'
import { expression, type Page } from './expressions.ts'
import type { Doc, Words } from './words.ts'

const { group, hardline, indent, line } = doc.builders

/** How the declarations of a file look; `words` are its words. */
export function layout(declarations: readonly Declaration[], words: Words, page: Page): Doc {
  const lines = declarations.map((each) => [words.lineEnd(), ownLines(words, each, () => declaration(words, page, each))])
  return [lines, words.lineEnd()]
}

/** A statement or declaration, as written where the line above it says `// prettier-ignore`. */
const ownLines = (words: Words, { span }: Located, print: () => Doc): Doc => (words.isIgnored() ? words.verbatim(span) : print())

function declaration(words: Words, page: Page, value: Declaration): Doc {
  switch (value.kind) {
    case 'import':
      return words.words(4)
    case 'variant':
      return words.words(6)
    case 'module':
    case 'model':
      return moduleDeclaration(words, page, value)
    case 'preset':
      return [words.words(2), words.gap(' '), record(words, page, value.record)]
    case 'train':
    case 'evaluate':
      return [words.word(), words.gap(' '), record(words, page, value.record)]
    case 'replace':
      return [words.words(2), assigned(words, page, value.filler)]
    case 'set':
      return [words.word(), words.gap(' '), path(words, value.path), assigned(words, page, value.value)]
  }
}

function moduleDeclaration(words: Words, page: Page, { parameters, body }: ModuleDeclaration): Doc {
  const name = words.words(2)
  const taken = words.isNext('(') ? bracketed(words, parameters, (each) => parameter(words, page, each)) : ''
  const before = words.gap(' ')
  const open = words.word()
  if (body.length === 0) return [name, taken, before, enclosed(words, open, '', '')]
  const lines = body.map((each) => [words.lineEnd(), ownLines(words, each, () => statement(words, page, each))])
  return [name, taken, before, enclosed(words, open, lines, hardline)]
}

function parameter(words: Words, page: Page, { list, standard }: Parameter): Doc {
  const name = words.label()
  const type = list ? [words.word(), words.word(), words.word()] : words.word()
  return [name, type, standard ? [words.sign(), expression(words, page, standard)] : '']
}

function statement(words: Words, page: Page, value: Statement): Doc {
  const keyword = [words.word(), words.gap(' ')]
  switch (value.kind) {
    case 'input': {
      const start = [words.label(), tensorType(words, page, value.type)]
      const meaning = value.role ? role(words, page, value.role) : ''
      const conditions = value.where.map((each, index) => [
        index > 0 ? [words.comma(), words.gap(line)] : words.sign(line),
        relation(words, page, each.left, each.right),
      ])
      return group([keyword, start, indent([meaning, conditions])])
    }
    case 'output': {
      const name = value.name ? words.label() : ''
      const type = tensorType(words, page, value.type)
      return group([keyword, name, type, indent(value.role ? role(words, page, value.role) : '')])
    }
    case 'scale': {
      const start = [keyword, words.word(), words.sign()]
      if (value.fixed) return [start, expression(words, page, value.fixed)]
      return [start, relation(words, page, value.from!, value.to!)]
    }
    case 'slot':
      return [keyword, slot(words, page, value)]
    case 'let': {
      const names = value.tuple ? bracketed(words, value.names, () => words.word()) : words.word()
      const start = [keyword, names, words.sign()]
      return [start, expression(words, page, value.value, page.widthOf(start))]
    }
    case 'weight': {
      const start = [words.label(), tensorType(words, page, value.type)]
      return [keyword, start, assigned(words, page, value.initialiser)]
    }
    case 'return': {
      const column = value.values.length === 1 ? page.widthOf(keyword) : undefined
      const values = value.values.map((each, index) => [
        index > 0 ? [words.comma(), indent(words.gap(line))] : '',
        expression(words, page, each, column),
      ])
      return group([keyword, values])
    }
  }
}

function slot(words: Words, page: Page, { frozen, takes, gives, filler }: SlotStatement): Doc {
  const type = (each: TensorType): Doc => tensorType(words, page, each)
  const result = (each: Result): Doc => [each.name ? words.label() : '', type(each.type)]
  const name = frozen ? [words.word(), words.gap(' '), words.label()] : words.label()
  const taken = words.isNext('(') ? bracketed(words, takes, type) : type(takes[0]!)
  const arrow = words.sign(line)
  const given = words.isNext('(') ? bracketed(words, gives, result) : result(gives[0]!)
  return [group([name, taken, indent([arrow, given])]), assigned(words, page, filler)]
}

/** `=` or `with` and what stands behind it: in the next line where this one has no room. */
const assigned = (words: Words, page: Page, value: Expression): Doc => [
  words.gap(' '),
  words.word(),
  group(indent([words.gap(line), expression(words, page, value)])),
]

/** `i32[B, q, ?t]`. */
const tensorType = (words: Words, page: Page, { dtype, axes }: TensorType): Doc => [
  dtype ? words.word() : '',
  bracketed(words, axes, (each) => axis(words, page, each)),
]

function axis(words: Words, page: Page, value: Axis): Doc {
  switch (value.kind) {
    case 'size':
      return expression(words, page, value.size)
    case 'open':
      return [words.word(), value.name ? words.word() : '']
    case 'leading':
      return words.word()
  }
}

/** `0 .. 1` or `c % heads == 0`. */
const relation = (words: Words, page: Page, left: Expression, right: Expression): Doc => [
  expression(words, page, left),
  words.sign(),
  expression(words, page, right),
]

/** `as enlarged in 0 .. 1 by [..]`. */
function role(words: Words, page: Page, { range, by }: Role): Doc {
  const name = [words.gap(line), words.words(2)]
  const within = range ? [words.sign(), relation(words, page, range.from, range.to)] : ''
  return [name, within, by ? [words.sign(), expression(words, page, by)] : '']
}

const path = (words: Words, names: readonly Name[]): Doc => names.map((_, index) => [index > 0 ? words.word() : '', words.word()])

function record(words: Words, page: Page, { fields, lets = [] }: Record): Doc {
  const items = [...fields, ...lets].sort((a, b) => a.span.start - b.span.start)
  return recorded(words, items, (each) => ('kind' in each ? statement(words, page, each) : field(words, page, each)))
}

function field(words: Words, page: Page, { path: names, value }: Field): Doc {
  const name = path(words, names)
  if (isRecord(value)) return [name, words.gap(' '), record(words, page, value)]
  return [name, words.word(), words.gap(' '), expression(words, page, value)]
}
