import { fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import type { BinaryOperator } from '../../syntax/tree.ts'
import {
  add,
  ceilDiv,
  constant,
  divide,
  floorDiv,
  format,
  maximum,
  minimum,
  mod,
  mul,
  sub,
  type Size,
} from '../../shapes/size.ts'
import { fraction, isInteger, kindOf, real, requireExact, show, sizeValue, type StaticNumber, type Value } from './values.ts'

type Scalar = Extract<Value, { kind: 'number' | 'size' }>

export const isScalar = (value: Value): value is Scalar => value.kind === 'number' || value.kind === 'size'

export const asSize = (value: Scalar): Size | undefined =>
  value.kind === 'size' ? value.size : Number.isSafeInteger(value.value) ? constant(value.value) : undefined

/** Arithmetic of static numbers and sizes. */
export function staticBinary(operator: BinaryOperator, left: Scalar, right: Scalar, span: Span): Value {
  if (left.kind === 'number' && right.kind === 'number') return numbers(operator, left, right, span)
  requireExact(left, span)
  requireExact(right, span)
  const a = asSize(left)
  const b = asSize(right)
  if (!a || !b) fail('static-value', { problem: `${show(a ? right : left)} is not an integer and can't be part of a size` }, span)
  switch (operator) {
    case '+':
      return sizeValue(add(a, b))
    case '-':
      return sizeValue(sub(a, b))
    case '*':
      return sizeValue(mul(a, b))
    case '/': {
      const quotient = divide(a, b)
      if (!quotient)
        fail('not-divisible', { size: format(a), by: format(b), where: '' }, span, {
          help: 'floor(a / b) or ceil(a / b) says what is meant',
        })
      return sizeValue(quotient)
    }
    case '%':
      return sizeValue(mod(a, positive(right, span)))
  }
}

function positive(value: Scalar, span: Span): number {
  requireExact(value, span)
  if (!isInteger(value) || value.value < 1)
    fail('static-value', { problem: `a size divides by a positive constant only, not by ${show(value)}` }, span)
  return value.value
}

function numbers(operator: BinaryOperator, left: StaticNumber, right: StaticNumber, span: Span): StaticNumber {
  if ((operator === '/' || operator === '%') && right.value === 0) fail('static-value', { problem: 'this divides by zero' }, span)
  const [a, b] = [left.value, right.value]
  if (left.exact && right.exact) {
    const [n, d] = left.exact.map(BigInt) as [bigint, bigint]
    const [m, e] = right.exact.map(BigInt) as [bigint, bigint]
    switch (operator) {
      case '+':
        return fraction(n * e + m * d, d * e)
      case '-':
        return fraction(n * e - m * d, d * e)
      case '*':
        return fraction(n * m, d * e)
      case '/':
        return fraction(n * e, d * m)
      case '%': {
        const [whole, by] = [n * e, m * d]
        const rest = whole % by
        return fraction(rest !== 0n && rest < 0n !== by < 0n ? rest + by : rest, d * e)
      }
    }
  }
  switch (operator) {
    case '+':
      return real(a + b)
    case '-':
      return real(a - b)
    case '*':
      return real(a * b)
    case '/':
      return real(a / b)
    case '%':
      return real(a - b * Math.floor(a / b))
  }
}

/** floor(a / b) and ceil(a / b) of sizes. */
export function divideSize(rounding: 'floor' | 'ceil', left: Scalar, right: Scalar, span: Span): Value {
  if (left.kind === 'number' && right.kind === 'number') return real(Math[rounding](numbers('/', left, right, span).value))
  requireExact(left, span)
  const a = asSize(left)
  if (!a) fail('static-value', { problem: `${show(left)} is not an integer` }, span)
  return sizeValue((rounding === 'floor' ? floorDiv : ceilDiv)(a, positive(right, span)))
}

const oneArgument: Readonly<Record<string, (x: number) => number>> = {
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  round: Math.round,
  log2: Math.log2,
  exp: Math.exp,
  abs: Math.abs,
}

export const staticFunctions: readonly string[] = [
  ...Object.keys(oneArgument),
  'min',
  'max',
  'pow',
  'sum',
  'product',
  'length',
  'reverse',
]

/** A function of static values; undefined when `name` is none. */
export function staticCall(name: string, values: readonly Value[], span: Span): Value {
  const takes = (count: number): void => {
    if (values.length !== count)
      fail('arity', { callee: name, takes: `${count} ${count === 1 ? 'value' : 'values'}`, given: values.length }, span)
  }
  const number = (value: Value): number =>
    value.kind === 'number'
      ? value.value
      : fail('not-static', { name: `the argument of ${name}`, on: value.kind === 'size' ? show(value) : kindOf(value) }, span)
  if (name === 'sum' || name === 'product' || name === 'length' || name === 'reverse') {
    takes(1)
    const [list] = values
    if (list?.kind !== 'list') fail('attribute-type', { name, takes: 'a list', given: kindOf(list!) }, span)
    if (name === 'length') return real(list.items.length)
    if (name === 'reverse') return { kind: 'list', items: [...list.items].reverse() }
    const operator = name === 'sum' ? '+' : '*'
    return list.items.reduce<Value>(
      (total, item) =>
        isScalar(item) && isScalar(total)
          ? staticBinary(operator, total, item, span)
          : fail('attribute-type', { name, takes: 'a list of numbers', given: show(item) }, span),
      real(name === 'sum' ? 0 : 1),
    )
  }
  if (name === 'min' || name === 'max') {
    if (values.length < 2) fail('arity', { callee: name, takes: 'two values', given: values.length }, span)
    return values.reduce((a, b) => {
      if (a.kind === 'number' && b.kind === 'number') return (name === 'min') === a.value <= b.value ? a : b
      const [left, right] = [isScalar(a) ? asSize(a) : undefined, isScalar(b) ? asSize(b) : undefined]
      if (!left || !right) fail('attribute-type', { name, takes: 'numbers or sizes', given: show(left ? b : a) }, span)
      return sizeValue((name === 'min' ? minimum : maximum)(left, right))
    })
  }
  if (name === 'pow') {
    takes(2)
    return real(number(values[0]!) ** number(values[1]!))
  }
  takes(1)
  return real(oneArgument[name]!(number(values[0]!)))
}
