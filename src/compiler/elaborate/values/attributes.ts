import { fail, Reported } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import type { Initialiser } from '../../ir/graph.ts'
import type { AttributeSpec, AttributeValue } from '../../ops/op.ts'
import { atLeast, type Size } from '../../shapes/size.ts'
import type { Call, Expression } from '../../syntax/tree.ts'
import { asSize, isScalar } from './static.ts'
import { isInteger, requireExact, show, type Value } from './values.ts'
import { own } from '../../../own.ts'

const initialisers: Readonly<Record<string, { attribute?: string }>> = {
  default: {},
  zeros: {},
  ones: {},
  normal: { attribute: 'std' },
  truncated_normal: { attribute: 'std' },
  uniform: { attribute: 'bound' },
}
export const initialiserNames: readonly string[] = Object.keys(initialisers)

type Evaluate = (expression: Expression) => Value

/** `default`, `zeros`, `truncated_normal(std: 0.02)`, or a parameter that holds one. */
export function readInitialiser(name: string, expression: Expression, evaluate: Evaluate): Initialiser {
  const bad = (given: string): never =>
    fail('attribute-value', { name, accepted: initialiserNames.join(', '), given }, expression.span)
  const named = expression.kind === 'name' ? own(initialisers, expression.name) : undefined
  if (expression.kind === 'name' && named) {
    if (named.attribute) bad(`${expression.name} without ${named.attribute}`)
    return { kind: expression.name } as Initialiser
  }
  if (expression.kind === 'call' && own(initialisers, expression.callee.text)) return initialiserCall(expression, evaluate)
  if (expression.kind === 'call') bad(expression.callee.text)
  const value = evaluate(expression)
  return value.kind === 'initialiser' ? value.initialiser : bad(show(value))
}

function initialiserCall(call: Call, evaluate: Evaluate): Initialiser {
  const kind = call.callee.text
  const { attribute } = initialisers[kind]!
  if (!attribute) {
    if (call.arguments.length > 0) fail('arity', { callee: kind, takes: 'nothing', given: call.arguments.length }, call.span)
    return { kind } as Initialiser
  }
  const [argument] = call.arguments
  if (!argument || call.arguments.length !== 1) fail('missing-attribute', { callee: kind, name: attribute }, call.span)
  if (argument.name && argument.name.text !== attribute)
    fail(
      'unknown-attribute',
      { callee: kind, name: argument.name.text, near: nearest(argument.name.text, [attribute]), accepted: [attribute] },
      argument.name.span,
    )
  if (!argument.name) fail('missing-attribute', { callee: kind, name: `${attribute}: before its value` }, argument.span)
  const value = evaluate(argument.value)
  if (value.kind !== 'number' || value.value < 0)
    fail('attribute-type', { name: attribute, takes: 'a number of at least 0', given: show(value) }, argument.value.span)
  return { kind, [attribute]: value.value } as unknown as Initialiser
}

const typeNames: Readonly<Record<string, string>> = {
  int: 'an int',
  real: 'a number',
  bool: 'true or false',
  pair: 'an int or a pair',
  ints: 'an int or a list of ints',
  init: 'an initialiser',
  size: 'an int or a size',
  sizes: 'a list of sizes',
  word: 'a word',
}

const taken = ({ type, words = [] }: AttributeSpec): string =>
  type === 'padding' ? `${words.join(', ')}, an int or a pair` : typeNames[type]!

/** The value of an attribute as its spec wants it, or an error at its expression. */
export function readAttribute(name: string, spec: AttributeSpec, expression: Expression, evaluate: Evaluate): AttributeValue {
  if (expression.kind === 'lambda') fail('lambda-place', {}, expression.span)
  if (spec.type === 'init') return readInitialiser(name, expression, evaluate)
  const accepted = spec.words ?? []
  if (expression.kind === 'name' && accepted.includes(expression.name)) return expression.name
  if (spec.type === 'word') {
    const given = expression.kind === 'name' ? expression.name : show(evaluate(expression))
    return fail('attribute-value', { name, accepted: accepted.join(' or '), given }, expression.span)
  }
  if (
    spec.type === 'padding' &&
    expression.kind === 'name' &&
    nearest(expression.name, accepted).length > 0 &&
    expression.name !== name
  )
    fail('attribute-value', { name, accepted: taken(spec), given: expression.name }, expression.span)
  const value =
    spec.type === 'padding' && expression.kind === 'name' ? wordOr(name, spec, expression, evaluate) : evaluate(expression)
  return convert(name, spec, value, expression.span)
}

/** A padding is a word or a value: a name that is neither is a misspelt word. */
function wordOr(name: string, spec: AttributeSpec, expression: Extract<Expression, { kind: 'name' }>, evaluate: Evaluate): Value {
  try {
    return evaluate(expression)
  } catch (error) {
    if (!(error instanceof Reported) || error.diagnostic.code !== 'unknown-name') throw error
    return fail('attribute-value', { name, accepted: taken(spec), given: expression.name }, expression.span)
  }
}

/** A value that is already known, as an attribute's spec wants it. */
export function convert(name: string, spec: AttributeSpec, value: Value, span: Span): AttributeValue {
  const wrong = (given = show(value)): never => {
    if (value.kind === 'size' || (value.kind === 'list' && value.items.some((item) => item.kind === 'size')))
      fail('not-static', { name, on: value.kind === 'size' ? `${show(value)}, an input's size` : "an input's size" }, span)
    return fail('attribute-type', { name, takes: taken(spec), given }, span)
  }
  const integer = (item: Value): number => {
    requireExact(item, span)
    if (!isInteger(item)) return wrong(show(item))
    if (spec.least !== undefined && item.value < spec.least)
      fail('attribute-value', { name, accepted: `at least ${spec.least}`, given: String(item.value) }, span)
    return item.value
  }
  const sizeOf = (item: Value): Size | undefined => {
    requireExact(item, span)
    const size = isScalar(item) ? asSize(item) : undefined
    if (size && atLeast(size, 1) === 'never') fail('attribute-value', { name, accepted: 'at least 1', given: show(item) }, span)
    return size
  }
  switch (spec.type) {
    case 'int':
      return integer(value)
    case 'real':
      if (value.kind !== 'number') return wrong()
      if (spec.least !== undefined && value.value < spec.least)
        fail('attribute-value', { name, accepted: `at least ${spec.least}`, given: String(value.value) }, span)
      return value.value
    case 'bool':
      return value.kind === 'boolean' ? value.value : wrong()
    case 'padding':
    case 'pair': {
      if (value.kind !== 'list') return [integer(value), integer(value)]
      return value.items.length === 2 ? value.items.map(integer) : wrong()
    }
    case 'ints':
      return value.kind === 'list' ? value.items.map(integer) : [integer(value)]
    case 'size': {
      return sizeOf(value) ?? wrong()
    }
    case 'sizes': {
      if (value.kind !== 'list') return wrong()
      return value.items.map((item) => sizeOf(item) ?? wrong(show(item)))
    }
    case 'init':
    case 'word':
      throw new Error(`${spec.type} attributes are read from the expression`)
  }
}

/** A parameter's value as its declared type wants it. */
export function readParameter(name: string, type: string, list: boolean, expression: Expression, evaluate: Evaluate): Value {
  const bad = (takes: string, value: Value): never => fail('attribute-type', { name, takes, given: show(value) }, expression.span)
  if (type === 'init' && !list) return { kind: 'initialiser', initialiser: readInitialiser(name, expression, evaluate) }
  const value = evaluate(expression)
  const check = (item: Value): Value => {
    const integers = type === 'int' ? [item] : type === 'pair' ? (item.kind === 'list' ? item.items : [item]) : []
    integers.forEach((each) => requireExact(each, expression.span))
    switch (type) {
      case 'int':
        return isInteger(item)
          ? item
          : item.kind === 'size'
            ? fail('not-static', { name, on: `${show(item)}, an input's size` }, expression.span)
            : bad('an int', item)
      case 'real':
        return item.kind === 'number' ? item : bad('a number', item)
      case 'bool':
        return item.kind === 'boolean' ? item : bad('true or false', item)
      case 'pair':
        if (isInteger(item)) return { kind: 'list', items: [item, item] }
        return item.kind === 'list' && item.items.length === 2 && item.items.every(isInteger)
          ? item
          : bad('an int or a pair', item)
      default:
        throw new Error(`no parameter type ${type}`)
    }
  }
  if (!list) return check(value)
  if (value.kind !== 'list') return bad(`a list such as [1, 2]`, value)
  return { kind: 'list', items: value.items.map(check) }
}

/** Lists that a parameter may be. */
export const listTypes: readonly string[] = ['int', 'real']
export const parameterTypes: readonly string[] = ['int', 'real', 'bool', 'pair', 'init', 'module']
