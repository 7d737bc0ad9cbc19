import { Consequence, fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import type { DType } from '../../ir/graph.ts'
import type { TensorValue } from '../../ops/op.ts'
import { atLeast, compare, divisible, equality, format, sub, symbols, type Size } from '../../shapes/size.ts'
import type { Condition, Expression, Statement, TensorType } from '../../syntax/tree.ts'
import { evaluate, type Caller, type Elaboration } from '../evaluate.ts'
import { nowhere, type Given, type Scope } from './scope.ts'
import { asSize, isScalar } from './static.ts'
import { isInteger, requireExact, shapeText, show } from './values.ts'

/** Written shapes and conditions, against the sizes that are there. */

export interface ResolvedAxis {
  /** Undefined for `?`. */
  readonly size?: Size
  /** The name of `?u`. */
  readonly open?: string
}

/** The axes of a written type, with every name known; `..` is what the inputs bound. */
export function axesOf(type: TensorType, scope: Scope, e: Elaboration): ResolvedAxis[] {
  return type.axes.flatMap((axis): ResolvedAxis[] => {
    if (axis.kind === 'leading') {
      if (!scope.leading && scope.missing.has('..')) throw new Consequence()
      return (scope.leading ?? fail('unknown-dim', { name: '..', near: [] }, axis.span)).map((size) => ({ size }))
    }
    if (axis.kind === 'open') return [axis.name ? { open: axis.name.text } : {}]
    return [{ size: sizeOf(axis.size, scope, e) }]
  })
}

export function axesText(type: TensorType, axes: readonly ResolvedAxis[]): string {
  return `${type.dtype ? type.dtype.text : ''}[${axes.map(({ size, open }) => (size ? format(size) : `?${open ?? ''}`)).join(', ')}]`
}

/** A size expression; a name that nothing binds is `unknown-dim`. */
export function sizeOf(expression: Expression, scope: Scope, e: Elaboration): Size {
  if (
    expression.kind === 'name' &&
    !scope.names.has(expression.name) &&
    !scope.sizes.has(expression.name) &&
    scope.perItem !== expression.name
  ) {
    if (scope.missing.has(expression.name)) throw new Consequence()
    scope.missing.add(expression.name)
    const known = [...scope.sizes.keys(), ...scope.names.keys()]
    fail(
      'unknown-dim',
      { name: expression.name, near: nearest(expression.name, known), accepted: [...scope.sizes.keys()] },
      expression.span,
    )
  }
  const value = evaluate(expression, { scope, place: nowhere, e })
  requireExact(value, expression.span)
  const size = isScalar(value) ? asSize(value) : undefined
  return size ?? fail('attribute-type', { name: 'an axis', takes: 'an int or a size', given: show(value) }, expression.span)
}

/** Binds the names of a declared input to the sizes of what is given, or says where they conflict. */
export function bindInput(
  { name: { text: name }, type }: Extract<Statement, { kind: 'input' }>,
  { value, span }: Given<TensorValue>,
  owner: string,
  scope: Scope,
  e: Elaboration,
): void {
  const expected = (type.dtype?.text ?? 'f32') as DType
  if (value.dtype !== expected)
    fail('dtype-mismatch', { callee: owner, takes: `${expected} for ${name}`, name: 'this', given: shapeText(value) }, span, {
      related: [{ span: type.span, label: 'declared here' }],
    })
  const leadingAt = type.axes.findIndex((axis) => axis.kind === 'leading')
  const fixed = type.axes.length - (leadingAt >= 0 ? 1 : 0)
  const rankFits = leadingAt >= 0 ? value.shape.length >= fixed : value.shape.length === fixed
  const declared = `[${type.axes.map(axisText).join(', ')}]`
  if (!rankFits)
    fail('rank-mismatch', { callee: owner, takes: declared, name: 'this', given: shapeText(value) }, span, {
      related: [{ span: type.span, label: 'declared here' }],
    })
  const leadingCount = value.shape.length - fixed
  let at = 0
  for (const axis of type.axes) {
    if (axis.kind === 'leading') {
      bindLeading(value.shape.slice(at, at + leadingCount), scope, owner, span)
      at += leadingCount
      continue
    }
    const actual = value.shape[at]!
    if (axis.kind === 'size' && axis.size.kind === 'name' && !scope.names.has(axis.size.name) && !scope.sizes.has(axis.size.name))
      scope.sizes.set(axis.size.name, actual)
    else if (axis.kind === 'size') {
      const wanted = sizeOf(axis.size, scope, e)
      const verdict = compare(wanted, actual)
      const context = {
        label: `gives ${shapeText(value)}`,
        related: [{ span: axis.span, label: `${owner} takes ${declared} for ${name}` }],
        notes: [`axis ${at}: ${format(actual)} ${verdict === 'different' ? 'is not' : 'against'} ${format(wanted)}`],
      }
      if (verdict === 'different')
        fail(
          'shape-mismatch',
          { problem: `${owner} takes ${format(wanted)} at axis ${at} of ${name} and is given ${format(actual)}` },
          span,
          context,
        )
      if (verdict === 'unknown') fail('shape-unknown', equality(actual, wanted), span, context)
    }
    at += 1
  }
  scope.names.set(name, value)
}

function bindLeading(sizes: readonly Size[], scope: Scope, owner: string, span: Span): void {
  if (!scope.leading) {
    scope.leading = sizes
    return
  }
  const same = sizes.length === scope.leading.length && sizes.every((size, at) => compare(size, scope.leading![at]!) === 'equal')
  if (!same)
    fail(
      'shape-mismatch',
      {
        problem: `the leading axes of ${owner}'s inputs differ: [${sizes.map(format).join(', ')}] against [${scope.leading.map(format).join(', ')}]`,
      },
      span,
    )
}

const axisText = (axis: TensorType['axes'][number]): string =>
  axis.kind === 'leading'
    ? '..'
    : axis.kind === 'open'
      ? `?${axis.name?.text ?? ''}`
      : axis.size.kind === 'name'
        ? axis.size.name
        : axis.size.kind === 'number'
          ? axis.size.text
          : 'size'

/** `a % n == 0` and `a >= n`: what a caller owes. */
export function checkCondition(
  condition: Condition,
  { owner, span }: { readonly owner: string; readonly span: Span },
  scope: Scope,
  e: Elaboration,
): void {
  const { left, operator, right } = condition
  const here: Caller = { scope, place: nowhere, e }
  const related = [{ span: condition.span, label: `${owner} asks for this` }]
  const bound = evaluate(right, here)
  if (operator === '==') {
    if (left.kind !== 'binary' || left.operator !== '%' || !isInteger(bound) || bound.value !== 0)
      fail('static-value', { problem: 'where takes only a % n == 0 and a >= n' }, condition.span)
    const size = sizeOf(left.left, scope, e)
    const by = evaluate(left.right, here)
    if (!isInteger(by) || by.value < 1) fail('static-value', { problem: `${show(by)} is no positive integer` }, left.right.span)
    const verdict = divisible(size, by.value)
    const written = `${sourceName(left.left)} = ${format(size)}`
    if (verdict === 'no')
      fail('not-divisible', { size: written, by: `${sourceName(left.right)} = ${by.value}`, where: ` (${owner})` }, span, {
        related,
      })
    if (verdict === 'unknown')
      fail('shape-unknown', { claim: `${format(size)} divides by ${by.value}`, sizes: symbols(size) }, span, { related })
    return
  }
  const least = isScalar(bound) ? asSize(bound) : undefined
  if (!least) fail('static-value', { problem: `${show(bound)} is no size` }, right.span)
  const rest = sub(sizeOf(left, scope, e), least)
  const verdict = atLeast(rest, 0)
  const problem = `${owner} needs ${sourceName(left)} of at least ${show(bound)}`
  if (verdict === 'never') fail('window-too-large', { problem }, span, { related })
  if (verdict === 'sometimes') e.builder.check({ size: rest, least: 0, problem, span: condition.span })
}

const sourceName = (expression: Expression): string =>
  expression.kind === 'name' ? expression.name : expression.kind === 'number' ? expression.text : 'it'
