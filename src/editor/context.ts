import type { IToken } from 'chevrotain'
import * as t from '../../grammar/tokens.ts'

/** Where in a text an offset is, told by the words before it alone: the text need not parse. */
export interface Context {
  /** What has been typed of the word at the offset, and where it begins. */
  readonly typed: string
  readonly start: number
  /** The word before that, such as `->`, `replace` or `.`. */
  readonly before: string
  /** The names before a dot, when a path is being written: `encoder` of `encoder.em`. */
  readonly path: readonly string[]
  /** The innermost call that is open, with its arguments so far. */
  readonly call?: OpenCall
  /** The record that is open: train, evaluate or preset; a nested one's name behind. */
  readonly record?: readonly string[]
  /** Whether the offset is inside a module or a model. */
  readonly isInModule: boolean
  /** Whether a statement, a declaration or a field may begin here. */
  readonly isAtStart: boolean
  readonly isInText: boolean
  readonly isInRemark: boolean
}

export interface OpenCall {
  readonly callee: string
  /** Names of arguments that stand already. */
  readonly named: readonly string[]
  /** How many commas there are before the offset. */
  readonly position: number
  /** Whether a value is piped into it. */
  readonly isPiped: boolean
  /** The argument whose value is being written, if it has a name. */
  readonly argument?: string
}

const openers: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' }

export function contextAt(text: string, offset: number): Context {
  const { tokens, groups } = t.lexer.tokenize(text)
  const end = (token: IToken): number => token.startOffset + token.image.length
  const isInside = (token: IToken): boolean => token.startOffset < offset && offset <= end(token)
  const isInRemark = [...(groups['remarks'] ?? []), ...(groups['documentation'] ?? [])].some(isInside)
  const isInText = tokens.some((token) => token.tokenType === t.Text && token.startOffset < offset && offset < end(token)) || opensText(text, offset) // prettier-ignore
  const word = tokens.find((token) => isInside(token) && /^\w/.test(token.image))
  const start = word?.startOffset ?? offset
  const earlier = tokens.filter((token) => end(token) <= start)
  const before = earlier.at(-1)?.image ?? ''
  const open: number[] = []
  earlier.forEach(({ image }, at) => {
    if (Object.hasOwn(openers, image)) open.push(at)
    else if (open.length > 0 && image === openers[earlier[open.at(-1)!]!.image]) open.pop()
  })
  const braces = open.filter((at) => earlier[at]!.image === '{').map((at) => ownerOf(earlier, at))
  const [outermost] = braces
  const isRecord = outermost === 'train' || outermost === 'evaluate' || outermost === 'preset'
  const inner = open.at(-1)
  const call = inner !== undefined && earlier[inner]!.image === '(' ? openCall(earlier, inner) : undefined
  const isNewLine = !/\S/.test(text.slice(text.lastIndexOf('\n', start - 1) + 1, start))
  return {
    typed: text.slice(start, offset),
    start,
    before,
    path: pathBefore(earlier),
    ...(call && { call }),
    ...(isRecord && { record: braces }),
    isInModule: outermost === 'module' || outermost === 'model',
    isAtStart: isRecord ? (before === '{' || before === ',' || isNewLine) && call === undefined : isNewLine || before === '{',
    isInText,
    isInRemark,
  }
}

/** Whether a string that was begun on the line has no end yet. */
function opensText(text: string, offset: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset)
  return !line.includes('//') && (line.split('"').length - 1) % 2 === 1
}

/** What a brace belongs to: the first word of its line, or the word before it inside of a record. */
function ownerOf(tokens: readonly IToken[], brace: number): string {
  const before = tokens[brace - 1]
  if (!before) return ''
  const line = tokens.slice(0, brace).findLast(({ tokenType }) => t.declarationWords.includes(tokenType))
  const isOwn = line && ['module', 'model', 'preset', 'train', 'evaluate'].includes(line.image)
  const isNested = line && tokens.slice(tokens.indexOf(line), brace).some(({ image }) => image === '{')
  return isOwn && !isNested ? line.image : before.image
}

function openCall(tokens: readonly IToken[], bracket: number): OpenCall | undefined {
  const callee = tokens[bracket - 1]
  if (!callee || !/^[A-Za-z_]/.test(callee.image)) return undefined
  const named: string[] = []
  let position = 0
  let depth = 0
  let argument: string | undefined
  for (let at = bracket + 1; at < tokens.length; at += 1) {
    const { image } = tokens[at]!
    if (Object.hasOwn(openers, image)) depth += 1
    else if (Object.values(openers).includes(image)) depth -= 1
    else if (depth === 0 && image === ',') [position, argument] = [position + 1, undefined]
    else if (depth === 0 && image === ':') named.push((argument = tokens[at - 1]!.image))
  }
  const isPiped = tokens[bracket - 2]?.image === '->'
  return { callee: callee.image, named, position, isPiped, ...(argument !== undefined && { argument }) }
}

function pathBefore(tokens: readonly IToken[]): string[] {
  const path: string[] = []
  for (let at = tokens.length - 1; at > 0 && tokens[at]!.image === '.'; at -= 2) path.unshift(tokens[at - 1]!.image)
  return path
}
