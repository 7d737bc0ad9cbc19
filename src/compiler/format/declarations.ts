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
      return [words.words(3), filler(words, page, value.filler)]
    case 'set':
      return [
        words.word(),
        words.gap(' '),
        path(words, value.path),
        words.gap(' '),
        words.word(),
        filler(words, page, value.value),
      ]
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
  const name = [words.word(), words.word(), words.gap(' ')]
  const type = list ? [words.word(), words.word(), words.word()] : words.word()
  if (!standard) return [name, type]
  return [name, type, words.gap(' '), words.word(), words.gap(' '), expression(words, page, standard)]
}

function statement(words: Words, page: Page, value: Statement): Doc {
  switch (value.kind) {
    case 'input': {
      const start = [
        words.word(),
        words.gap(' '),
        words.word(),
        words.word(),
        words.gap(' '),
        tensorType(words, page, value.type),
      ]
      const meaning = value.role ? [words.gap(line), role(words, page, value.role)] : ''
      if (value.where.length === 0) return group([start, indent(meaning)])
      const where = [words.gap(line), words.word(), words.gap(' ')]
      const conditions = value.where.map(({ left, right }, index) => [
        index > 0 ? [words.comma(), words.gap(line)] : '',
        ...[expression(words, page, left), words.gap(' '), words.word(), words.gap(' '), expression(words, page, right)],
      ])
      return group([start, indent([meaning, where, conditions])])
    }
    case 'output': {
      const start = [words.word(), words.gap(' '), value.name ? [words.word(), words.word(), words.gap(' ')] : '']
      const type = tensorType(words, page, value.type)
      const meaning = value.role ? [words.gap(line), role(words, page, value.role)] : ''
      return group([start, type, indent(meaning)])
    }
    case 'scale': {
      const start = [words.words(3), words.gap(' ')]
      if (value.fixed) return [start, expression(words, page, value.fixed)]
      return [start, range(words, page, value.from!, value.to!)]
    }
    case 'slot':
      return slot(words, page, value)
    case 'let': {
      const start = [words.word(), words.gap(' ')]
      const names = value.tuple ? bracketed(words, value.names, () => words.word()) : words.word()
      const before = [start, names, words.gap(' '), words.word(), words.gap(' ')]
      return [before, expression(words, page, value.value, page.widthOf(before))]
    }
    case 'weight': {
      const start = [
        words.word(),
        words.gap(' '),
        words.word(),
        words.word(),
        words.gap(' '),
        tensorType(words, page, value.type),
      ]
      return [start, words.gap(' '), words.word(), filler(words, page, value.initialiser)]
    }
    case 'return': {
      const start = [words.word(), words.gap(' ')]
      const column = value.values.length === 1 ? page.widthOf(start) : undefined
      const values = value.values.map((each, index) => [
        index > 0 ? [words.comma(), indent(words.gap(line))] : '',
        expression(words, page, each, column),
      ])
      return group([start, values])
    }
  }
}

function slot(words: Words, page: Page, { takes, gives, filler: value }: SlotStatement): Doc {
  const start = [words.word(), words.gap(' '), words.word(), words.word(), words.gap(' ')]
  const results = (each: Result): Doc => [
    each.name ? [words.word(), words.word(), words.gap(' ')] : '',
    tensorType(words, page, each.type),
  ]
  const taken = words.isNext('(')
    ? bracketed(words, takes, (each) => tensorType(words, page, each))
    : tensorType(words, page, takes[0]!)
  const arrow = [words.gap(line), words.word(), words.gap(' ')]
  const given = words.isNext('(') ? bracketed(words, gives, results) : results(gives[0]!)
  const contract = group([start, taken, indent([arrow, given])])
  return [contract, words.gap(' '), words.word(), filler(words, page, value)]
}

/** What stands behind `=` or `with`: in the next line where this one has no room. */
const filler = (words: Words, page: Page, value: Expression): Doc =>
  group(indent([words.gap(line), expression(words, page, value)]))

/** `i32[B, q, ?t]`. */
function tensorType(words: Words, page: Page, { dtype, axes }: TensorType): Doc {
  return [dtype ? words.word() : '', bracketed(words, axes, (each) => axis(words, page, each))]
}

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

const range = (words: Words, page: Page, from: Expression, to: Expression): Doc => [
  ...[expression(words, page, from), words.gap(' '), words.word(), words.gap(' '), expression(words, page, to)],
]

/** `as enlarged in 0 .. 1 by [..]`. */
function role(words: Words, page: Page, { range: values, by }: Role): Doc {
  const name = words.words(2)
  const within = values ? [words.gap(' '), words.word(), words.gap(' '), range(words, page, values.from, values.to)] : ''
  return [name, within, by ? [words.gap(' '), words.word(), words.gap(' '), expression(words, page, by)] : '']
}

const path = (words: Words, names: readonly Name[]): Doc => names.map((_, index) => [index > 0 ? words.word() : '', words.word()])

const record = (words: Words, page: Page, { fields }: Record): Doc => recorded(words, fields, (each) => field(words, page, each))

function field(words: Words, page: Page, { path: names, value }: Field): Doc {
  const name = path(words, names)
  if (isRecord(value)) return [name, words.gap(' '), record(words, page, value)]
  return [name, words.word(), words.gap(' '), expression(words, page, value)]
}
