import type { Initialiser } from '../../ir/graph.ts'
import { initialiserText } from '../../ir/print.ts'
import type { TensorValue } from '../../ops/op.ts'
import type { Expression } from '../../syntax/tree.ts'
import type { Scope } from './scope.ts'
import { asInteger, format, notExact, type Size } from '../../shapes/size.ts'
import { fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'

/** A static number: a double, with its exact fraction as long as there is one. */
export interface StaticNumber {
  readonly kind: 'number'
  readonly value: number
  readonly exact?: readonly [numerator: number, denominator: number]
}

export interface Several {
  readonly kind: 'several'
  readonly items: readonly { readonly name?: string; readonly value: TensorValue }[]
}

/** What an expression can be while the text is elaborated. */
export type Value =
  | TensorValue
  | StaticNumber
  | { readonly kind: 'size'; readonly size: Size }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'initialiser'; readonly initialiser: Initialiser }
  | Several
  /** A part of a network that a parameter stands for: a module, an op, a slot or a lambda, with what its names mean. */
  | { readonly kind: 'callable'; readonly expression: Expression; readonly scope: Scope }
  /** What a mistake would have been: who uses it is silently left out. */
  | { readonly kind: 'failed' }

export const failed: Value = { kind: 'failed' }

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? (a < 0n ? -a : a) : gcd(b, a % b))

/** A quotient of integers. What it is made of is multiplied before it is divided: those products may be beyond what a double has. */
export function fraction(numerator: bigint, denominator: bigint): StaticNumber {
  const divisor = gcd(numerator, denominator) * (denominator < 0n ? -1n : 1n)
  const n = Number(divisor === 0n ? numerator : numerator / divisor)
  const d = Number(divisor === 0n ? denominator : denominator / divisor)
  return Number.isSafeInteger(n) && Number.isSafeInteger(d)
    ? { kind: 'number', value: n / d, exact: [n, d] }
    : { kind: 'number', value: n / d }
}

export const real = (value: number): StaticNumber =>
  Number.isSafeInteger(value) ? { kind: 'number', value, exact: [value, 1] } : { kind: 'number', value }

/** `0.1` is one tenth, exactly. */
export function written(text: string): StaticNumber {
  const [mantissa, exponent = '0'] = text.toLowerCase().split('e') as [string, string?]
  const [whole, decimals = ''] = mantissa.split('.') as [string, string?]
  const shift = Number(exponent) - decimals.length
  const digits = Number(whole + decimals)
  if (!Number.isSafeInteger(digits) || Math.abs(shift) > 15) return { kind: 'number', value: Number(text) }
  return shift >= 0 ? fraction(BigInt(digits) * 10n ** BigInt(shift), 1n) : fraction(BigInt(digits), 10n ** BigInt(-shift))
}

export const isInteger = (value: Value): value is StaticNumber => value.kind === 'number' && Number.isSafeInteger(value.value)

/** Leaves where an integer is too large to be one exactly: of no use as a count or a size. */
export function requireExact(value: Value, span: Span): void {
  if (value.kind === 'number' && Number.isInteger(value.value) && !Number.isSafeInteger(value.value))
    fail('too-large', { problem: notExact(String(value.value)).message }, span)
}

/** A size as a value: a number where it is known. */
export function sizeValue(size: Size): Value {
  const known = asInteger(size)
  return known === undefined ? { kind: 'size', size } : real(known)
}

export const shapeText = (value: { shape: readonly Size[]; dtype: string }): string =>
  `${value.dtype === 'i32' ? 'i32' : ''}[${value.shape.map(format).join(', ')}]`

/** `relu`, `leaky_relu(..)`, `(x) => ..`. */
function calledText(expression: Expression): string {
  if (expression.kind === 'lambda') return `(${expression.parameters.map(({ text }) => text).join(', ')}) => ..`
  if (expression.kind === 'call') return `${expression.callee.text}(${expression.arguments.length > 0 ? '..' : ''})`
  return expression.kind === 'name' ? expression.name : '..'
}

/** The most items of lists inside one another that a message has. */
const mostShown = 24

/** How a value is written in a message; of a list that is too long its beginning. */
export function show(value: Value, left = { items: mostShown }): string {
  switch (value.kind) {
    case 'tensor':
      return shapeText(value)
    case 'number':
      return String(value.value)
    case 'size':
      return format(value.size)
    case 'boolean':
      return String(value.value)
    case 'list':
      return `[${shownItems(value.items, left).join(', ')}]`
    case 'text':
      return JSON.stringify(value.text)
    case 'initialiser':
      return initialiserText(value.initialiser)
    case 'callable':
      return calledText(value.expression)
    case 'failed':
      return 'nothing'
    case 'several':
      return `(${value.items.map((item) => (item.name ? `${item.name}: ` : '') + shapeText(item.value)).join(', ')})`
  }
}

function shownItems(items: readonly Value[], left: { items: number }): string[] {
  const shown: string[] = []
  for (const item of items) {
    if (left.items <= 0) return [...shown, '..']
    left.items -= 1
    shown.push(show(item, left))
  }
  return shown
}

/** What kind of thing a value is, for `takes a tensor, not a number`. */
export function kindOf(value: Value): string {
  const names = {
    tensor: 'a tensor',
    number: 'a number',
    size: 'a size',
    boolean: 'true or false',
    list: 'a list',
    text: 'a string',
    initialiser: 'an initialiser',
    several: 'several results',
    callable: 'a module',
    failed: 'nothing',
  } as const
  return names[value.kind]
}
