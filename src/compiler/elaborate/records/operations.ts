import { fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import {
  attributesOf,
  isTaken,
  rangeText,
  wordsText,
  type PictureAttribute,
  type PictureOperationName,
} from '../../picture-operations.ts'
import type { PerItem, PictureOperation, Scale } from '../../plan.ts'
import type { Argument, Call, Expression } from '../../syntax/tree.ts'
import { show } from '../values/values.ts'
import { rangeOf } from '../../per-item.ts'
import { perItem } from './per-item.ts'
import { wordOf, type FieldReader } from './reader.ts'

/** What is done to a picture, in order; `variables` may be read by what is drawn per item. */
export function operations(
  reader: FieldReader,
  expressions: readonly Expression[],
  accepted: readonly PictureOperationName[],
  variables: readonly string[],
): PictureOperation[] {
  return expressions.map((expression) => operation(reader, expression, accepted, variables))
}

function operation(
  reader: FieldReader,
  expression: Expression,
  accepted: readonly PictureOperationName[],
  variables: readonly string[],
): PictureOperation {
  const name = wordOf(expression) as PictureOperationName
  if (!accepted.includes(name)) {
    const near = nearest(name, accepted)
    fail(
      'unknown-op',
      { name: name || reader.textOf(expression), near, accepted: near.length ? undefined : accepted } as never,
      expression.span,
    )
  }
  const call = expression.kind === 'call' ? expression : undefined
  if (name === 'choose') return chosen(reader, call, expression.span, accepted, variables)
  return { op: name, ...attributes(reader, name, call, expression.span, variables) } as PictureOperation
}

/** `choose(0.5, [..])`, `choose(0.5, [..], [..])`: an operation that stands alone is a list of one. */
function chosen(
  reader: FieldReader,
  call: Call | undefined,
  span: Span,
  accepted: readonly PictureOperationName[],
  variables: readonly string[],
): PictureOperation {
  const given = call?.arguments ?? []
  if (given.length < 2 || given.length > 3)
    fail('arity', { callee: 'choose', takes: 'a chance and one or two lists', given: given.length }, span)
  const named = given.find(({ name }) => name !== undefined)
  if (named)
    fail('unknown-attribute', { callee: 'choose', name: named.name!.text, near: [], accepted: ['(p, [..], [..])'] }, named.span)
  const [p, then, otherwise] = given.map(({ value }) => value) as [Expression, Expression, Expression | undefined]
  const list = (value: Expression | undefined): PictureOperation[] =>
    value ? operations(reader, value.kind === 'list' ? value.items : [value], accepted, variables) : []
  return { op: 'choose', p: perItem(reader, p, variables), then: list(then), otherwise: list(otherwise) }
}

/** The attributes of an operation by their names, each read by what it takes. */
function attributes(
  reader: FieldReader,
  name: PictureOperationName,
  call: Call | undefined,
  span: Span,
  variables: readonly string[],
): Readonly<Record<string, unknown>> {
  const all = Object.entries(attributesOf(name))
  const [which, rest] = readWhich(reader, name, call, span)
  const specs = all.filter(([, spec]) => spec.kind !== 'which' && (spec.of === undefined || spec.of === which))
  const written = rest ? reader.named(rest, specs.map(([attribute]) => attribute), (value) => value) : new Map<string, Expression>() // prettier-ignore
  return Object.fromEntries([
    ...(which === undefined ? [] : [[name, which]]),
    ...specs.flatMap(([attribute, spec]) => {
      const value = written.get(attribute)
      if (value) return [[attribute, read(reader, attribute, spec, value, variables)]]
      if (spec.kind === 'flag') return [[attribute, false]]
      if (spec.kind === 'word' && spec.standard !== undefined) return [[attribute, spec.standard]]
      return spec.isOptional ? [] : fail('missing-attribute', { callee: name, name: attribute }, span)
    }),
  ] as [string, unknown][])
}

/** The word that stands first without a name, where there are several operations of one name, and the call without it. */
function readWhich(
  reader: FieldReader,
  name: PictureOperationName,
  call: Call | undefined,
  span: Span,
): [which: string | undefined, rest: Call | undefined] {
  const spec = Object.values(attributesOf(name)).find((each) => each.kind === 'which')
  if (!spec) return [undefined, call]
  const [first, ...rest] = call?.arguments ?? ([] as readonly Argument[])
  if (!first || first.name) fail('missing-attribute', { callee: name, name: `${wordsText(spec)} first` }, span)
  const word = first.value.kind === 'name' ? first.value.name : ''
  if (!spec.words.includes(word))
    fail('attribute-value', { name, accepted: wordsText(spec), given: reader.textOf(first.value) }, first.span)
  return [word, { ...call!, arguments: rest }]
}

function read(
  reader: FieldReader,
  name: string,
  spec: PictureAttribute,
  value: Expression,
  variables: readonly string[],
): unknown {
  if (spec.kind === 'draw') return perItem(reader, value, variables)
  if (spec.kind === 'flag') {
    const flag = reader.static(value)
    return flag.kind === 'boolean'
      ? flag.value
      : fail('attribute-type', { name, takes: 'true or false', given: show(flag) }, value.span)
  }
  const isQuoted = spec.kind === 'word' && spec.isQuoted
  const word = (item: Expression): string => {
    const text = item.kind === 'string' && isQuoted ? item.text : item.kind === 'name' && !isQuoted ? item.name : ''
    if (!spec.words.includes(text))
      fail('attribute-value', { name, accepted: wordsText(spec), given: reader.textOf(item) }, item.span)
    return text
  }
  if (value.kind !== 'list') return word(value)
  const words = value.items.map(word)
  reader.once(name, words, value.items)
  return words
}

/** What can be drawn must be what the operation takes: a blur that would be negative for some item would stop a run at that item. */
export function checkDrawn(list: readonly PictureOperation[], ends: Parameters<typeof rangeOf>[1], span: Span): void {
  for (const operation of list) {
    if (operation.op === 'choose') [operation.then, operation.otherwise].forEach((each) => checkDrawn(each, ends, span))
    for (const [name, spec] of Object.entries(attributesOf(operation.op))) {
      const drawn = (operation as unknown as Readonly<Record<string, PerItem | undefined>>)[name]
      if (spec.kind !== 'draw' || !drawn) continue
      const range = rangeOf(drawn, ends)
      if (range === undefined) continue
      const said = { name: `the ${name} of ${operation.op}`, range: rangeText(spec) }
      if (!isTaken({ ...spec, most: Infinity }, range[0])) fail('out-of-range', { ...said, given: `down to ${range[0]}` }, span)
      if (!isTaken(spec, Math.max(range[1], range[0]))) fail('out-of-range', { ...said, given: `up to ${range[1]}` }, span)
    }
  }
}

type Size = 'own' | 'between' | 'wanted'

/** A list that never resizes gives pictures of their own size; an empty one is for low-resolution pictures that are there already. */
export function requireResize(list: readonly PictureOperation[], scale: Scale | undefined, span: Span): void {
  const isSame = scale?.kind === 'fixed' && scale.value === 1
  const after = sizesAfter(list, new Set(['own']))
  if (list.length > 0 && !isSame && after.size === 1 && after.has('own'))
    fail(
      'attribute-value',
      { name: 'degrade', accepted: 'a list with resize(kernel:), which goes to the size of the input', given: 'one without' },
      span,
    )
}

/** Whatever is chosen, a picture that was resized on the way must come to the size that is wanted. */
export function checkSizes(list: readonly PictureOperation[], span: Span): void {
  const after = sizesAfter(list, new Set(['own']))
  if (after.has('between'))
    fail(
      'attribute-value',
      { name: 'the last resize', accepted: 'one without by, which goes to the size of the input', given: 'resize(by: ..)' },
      span,
    )
  if (after.size > 1)
    fail(
      'attribute-value',
      { name: 'resize', accepted: 'outside of choose, or in both of its lists', given: 'in one of them alone' },
      span,
    )
}

const sizesAfter = (list: readonly PictureOperation[], before: ReadonlySet<Size>): ReadonlySet<Size> =>
  list.reduce<ReadonlySet<Size>>((sizes, operation) => {
    if (operation.op === 'resize') return new Set([operation.by ? 'between' : 'wanted'])
    if (operation.op !== 'choose') return sizes
    return new Set([...sizesAfter(operation.then, sizes), ...sizesAfter(operation.otherwise, sizes)])
  }, before)
