import { fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { rearrangement } from '../../ops/convolution.ts'
import { slicing, withoutAxis } from '../../ops/layout.ts'
import type { TensorValue } from '../../ops/op.ts'
import { asInteger, atLeast, compare, constant, format, sub, type Size } from '../../shapes/size.ts'
import type { Expression, SliceEntry } from '../../syntax/tree.ts'
import { evaluate, pathOf, type Caller } from '../evaluate.ts'
import { asSize, isScalar } from '../values/static.ts'
import { isInteger, kindOf, shapeText, show, type Value } from '../values/values.ts'

type Slice = Extract<Expression, { kind: 'slice' }>

/** `list[k]`, `list[.. k]`, `list[1:]` of a list, `x[.., 4:20]` of a tensor. */
export function slice(expression: Slice, here: Caller): Value {
  const { of, entries } = expression
  const value = evaluate(of, here)
  if (value.kind === 'list') return ofList(value.items, expression, here)
  const tensor = value.kind === 'several' && value.items.length === 1 ? value.items[0]!.value : value
  if (tensor.kind === 'tensor' && entries[0]!.kind !== 'first') return ofTensor(tensor, expression, here)
  return fail('attribute-type', { name: '[..]', takes: 'a list', given: kindOf(value) }, of.span, {
    ...(value.kind === 'tensor' && { help: 'the first channels of a tensor are x[.., :k]' }),
    ...(value.kind === 'several' && { help: 'several results are named: let (a, b) = ..' }),
  })
}

function ofList(items: readonly Value[], { entries, span }: Slice, here: Caller): Value {
  const [entry, second] = entries
  if (second || entry!.kind === 'rest')
    fail('static-value', { problem: 'a list has one axis: list[k], list[1:] or list[.. k]' }, span)
  const index = (bound: Expression, most: number): number => {
    const at = evaluate(bound, here)
    if (!isInteger(at) || at.value < 0 || at.value > most)
      fail('static-value', { problem: `the list has ${items.length} items; ${show(at)} is outside` }, bound.span)
    return at.value
  }
  if (entry!.kind === 'at') return items[index(entry!.at, items.length - 1)]!
  const { from, to } = { from: undefined, ...(entry as Extract<SliceEntry, { kind: 'first' | 'range' }>) }
  const start = from ? index(from, items.length) : 0
  return { kind: 'list', items: items.slice(start, to ? index(to, items.length) : items.length) }
}

/** NumPy's basic slicing without steps and without counting from the end. */
function ofTensor(x: TensorValue, { entries, span }: Slice, here: Caller): TensorValue {
  const rests = entries.filter(({ kind }) => kind === 'rest')
  const named = entries.length - rests.length
  if (rests.length > 1 || named > x.shape.length)
    fail('rank-mismatch', { callee: '[..]', takes: `at most ${x.shape.length} entries and one ..`, name: 'x', given: shapeText(x) }, span) // prettier-ignore
  const rest = entries.findIndex(({ kind }) => kind === 'rest')
  const axisOf = (at: number): number => (rest >= 0 && at > rest ? x.shape.length - entries.length + at : at)
  let result = x
  entries.forEach((entry, at) => {
    if (entry.kind === 'at' || entry.kind === 'range') result = cut(result, axisOf(at), entry, here)
  })
  const gone = entries.flatMap((entry, at) => (entry.kind === 'at' ? [axisOf(at)] : []))
  return gone.reduceRight(
    (value, axis) => here.e.builder.emit(rearrangement, [value], withoutAxis(value, axis), pathOf(here.place), span)[0]!,
    result,
  )
}

/** The positions of one axis that an entry asks for. */
function cut(x: TensorValue, axis: number, entry: Extract<SliceEntry, { kind: 'at' | 'range' }>, here: Caller): TensorValue {
  const length = x.shape[axis]!
  const bound = (expression: Expression): Size => {
    const value = evaluate(expression, here)
    const size = isScalar(value) ? asSize(value) : undefined
    const known = size && asInteger(size)
    if (known !== undefined && known < 0)
      fail('static-value', { problem: `positions count from 0; from the end they are written ${format(length)} - ${-known}` }, expression.span) // prettier-ignore
    return size ?? fail('attribute-type', { name: '[..]', takes: 'an int or a size', given: show(value) }, expression.span)
  }
  const isAt = entry.kind === 'at'
  const from = isAt ? bound(entry.at) : entry.from ? bound(entry.from) : constant(0)
  const to = !isAt && entry.to ? bound(entry.to) : undefined
  const count = isAt ? constant(1) : sub(to ?? length, from)
  if (compare(count, length) === 'equal' && asInteger(from) === 0) return x
  const written = isAt ? format(from) : `${format(from)}:${to ? format(to) : ''}`
  const holds = (size: Size, least: number, span: Span): void => {
    const problem = `[${written}] is cut from axis ${axis}, which has ${format(length)}`
    const verdict = atLeast(size, least)
    if (verdict === 'never') fail('window-too-large', { problem }, span, { label: `gives ${shapeText(x)}` })
    if (verdict === 'sometimes') here.e.builder.check({ size, least, problem, span })
  }
  holds(count, 1, entry.span)
  holds(sub(sub(length, from), count), 0, entry.span)
  const sizes = { from: [from], count: [count] }
  return here.e.builder.emit(slicing, [x], { attributes: { axis }, sizes }, pathOf(here.place), entry.span)[0]!
}
