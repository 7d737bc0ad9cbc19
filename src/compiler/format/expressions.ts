import * as doc from 'prettier/doc'
import type { Argument, Call, Expression, Lambda, Pipeline, Repetition, SliceEntry, Stage } from '../syntax/tree.ts'
import { bracketed, enclosed, listed } from './brackets.ts'
import type { Doc, Words } from './words.ts'

const { align, group, ifBreak, indent, line, softline } = doc.builders

/** Beyond this column the stages of a pipeline do not stand under its first arrow. */
const farthestArrow = 40

/** What the layout must know of the page. */
export interface Page {
  /** The room for a statement of a module: a line without its indentation. */
  readonly bodyWidth: number
  /** The width of a text in one line; infinite where it needs several. */
  widthOf(text: Doc): number
}

/** Prints the expression that the next words are. `column` is where it begins in the line, where that is known. */
export function expression(words: Words, page: Page, value: Expression, column?: number): Doc {
  const inner = (each: Expression): Doc => expression(words, page, each)
  switch (value.kind) {
    case 'number':
    case 'string':
    case 'name':
      return words.word()
    case 'member':
      return [inner(value.object), words.word(), words.word()]
    case 'slice':
      return [inner(value.of), words.word(), value.entries.map((entry, at) => sliceEntry(words, entry, at, inner)), words.word()]
    case 'list':
      return listed(words, value.items, inner)
    case 'call':
      return call(words, page, value)
    case 'negate':
      return [words.word(), inner(value.operand)]
    case 'binary':
      return chain(words, page, value)
    case 'pipeline':
      return pipeline(words, page, value, column)
    case 'lambda':
      return lambda(words, page, value)
    case 'group': {
      const open = words.word()
      return group(enclosed(words, open, [words.gap(softline), inner(value.inner)], softline))
    }
  }
}

/** Around a colon nothing is spaced: `4:20`. */
function sliceEntry(words: Words, entry: SliceEntry, at: number, inner: (each: Expression) => Doc): Doc {
  const before = at > 0 ? [words.comma(), words.gap(' ')] : ''
  if (entry.kind === 'rest') return [before, words.word()]
  if (entry.kind === 'at') return [before, inner(entry.at)]
  if (entry.kind === 'first') return [words.word(), words.gap(' '), inner(entry.to)]
  return [before, entry.from ? inner(entry.from) : '', words.word(), entry.to ? inner(entry.to) : '']
}

const strength = { '+': 1, '-': 1, '*': 2, '/': 2, '%': 2 } as const

/** Operators of one strength: where one of them begins a line, all do. */
function chain(words: Words, page: Page, value: Expression & { readonly kind: 'binary' }): Doc {
  const operands = [value.right]
  let first = value.left
  while (first.kind === 'binary' && strength[first.operator] === strength[value.operator]) {
    operands.unshift(first.right)
    first = first.left
  }
  const start = expression(words, page, first)
  const rest = operands.map((operand) => [words.sign(line), expression(words, page, operand)])
  return group([start, indent(rest)])
}

function call(words: Words, page: Page, { parenthesised, arguments: given }: Call): Doc {
  const callee = words.word()
  return parenthesised ? [callee, bracketed(words, given, (each) => argument(words, page, each))] : callee
}

const argument = (words: Words, page: Page, { name, value }: Argument): Doc => [
  name ? words.label() : '',
  expression(words, page, value),
]

function lambda(words: Words, page: Page, { parameters, body }: Lambda): Doc {
  const names = words.isNext('(')
    ? bracketed(words, parameters, () => words.word())
    : group(['(', indent([softline, words.word()]), softline, ')'])
  return [names, words.sign(), expression(words, page, body)]
}

/** One stage with its arrow: what begins in the line, and what a repetition repeats. */
interface Piece {
  readonly begun: Doc
  readonly body?: Doc
}

function piece(words: Words, page: Page, stage: Stage, arrow: Doc): Piece {
  if (stage.kind === 'call') return { begun: [arrow, call(words, page, stage)] }
  const begun = [arrow, repetitionHead(words, page, stage)]
  return { begun, body: repetitionBody(words, page, stage) }
}

/** A stage that does not fit into the line begins the next one; the body of a repetition is indented from where its line begins. */
function joined({ begun, body }: Piece, further: (rest: Doc) => Doc): Doc {
  if (body === undefined) return group(further(begun))
  const id = Symbol('stage')
  return [group(further(begun), { id }), ifBreak(further(body), body, { groupId: id })]
}

/** Stages fill the line. Those of the next lines stand under the first arrow, where that is not far right. */
function pipeline(words: Words, page: Page, { head, stages }: Pipeline, column = Infinity): Doc {
  const start = expression(words, page, head)
  const pieces = stages.map((stage) => piece(words, page, stage, words.sign(line)))
  const arrow = column + page.widthOf(start) + 1
  const isUnderArrow = arrow <= farthestArrow && arrow - 1 + page.widthOf(pieces[0]!.begun) <= page.bodyWidth
  const further = isUnderArrow ? (rest: Doc) => align(arrow, rest) : indent
  return [start, pieces.map((each) => joined(each, further))]
}

/** `repeat d in list as k collect {`. */
function repetitionHead(words: Words, page: Page, { element, over, turn, isCollected }: Repetition): Doc {
  return [
    words.words(element ? 3 : 1),
    words.gap(' '),
    expression(words, page, over),
    turn ? [words.gap(' '), words.words(2)] : '',
    isCollected ? [words.gap(' '), words.word()] : '',
    words.gap(' '),
    words.word(),
  ]
}

/** What a repetition repeats: where its first line was left open it stays so. */
function repetitionBody(words: Words, page: Page, { body }: Repetition): Doc {
  const shouldBreak = words.isOnNewLine()
  const first = words.gap(line)
  const stages = body.map((stage, index) => piece(words, page, stage, index > 0 ? words.sign(line) : ''))
  const inside = stages.map((each, index) => joined(each, index > 0 ? indent : (begun) => begun))
  return group(enclosed(words, '', [first, inside], line), { shouldBreak })
}
