import { Consequence, fail, type Context } from '../diagnostics/catalogue.ts'
import type { PathRule } from './calls/owners.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import { negation } from '../ops/activation.ts'
import type { TensorValue } from '../ops/op.ts'
import { ops } from '../ops/registry.ts'
import type { Size } from '../shapes/size.ts'
import type { Expression, Pipeline, Repetition, Stage } from '../syntax/tree.ts'
import { initialiserNames } from './values/attributes.ts'
import { attempt, exactly, type Mistakes } from './attempt.ts'
import type { Builder } from './calls/builder.ts'
import { binary } from './calls/binary.ts'
import { call } from './calls/call.ts'
import type { Memory } from './calls/recording.ts'
import { slice } from './calls/slice.ts'
import { childScope, join, type Place, type Scope } from './values/scope.ts'
import { isScalar, staticBinary } from './values/static.ts'
import { failed, isInteger, kindOf, real, requireExact, show, sizeValue, written, type Value } from './values/values.ts'

/** The most turns that one `repeat` may have. */
const mostTurns = 10_000
/** The most module calls inside one another. */
export const deepestCalls = 64

export interface Elaboration {
  readonly builder: Builder
  /** Calls that are being elaborated, outermost first: where an error inside a module is shown. */
  readonly calls: { readonly name: string; readonly span: Span }[]
  /** What module calls did, for equal ones. */
  readonly memory: Memory
  /** Takes mistakes and warnings. */
  readonly report: (diagnostic: Diagnostic) => void
  readonly mistakes: Mistakes
  /** How weights are called; by levels without it. */
  readonly paths?: PathRule
  /** Is told what every expression and every stage of a pipeline gives. */
  readonly observe?: Observer
}

/** Where an expression stands: what its names mean, who owns its weights, and the elaboration that it is a part of. */
export interface Caller {
  readonly scope: Scope
  readonly place: Place
  readonly e: Elaboration
}

/** `sizes`: what the names of the module around stand for. */
export type Observer = (span: Span, value: Value, sizes: ReadonlyMap<string, Size>) => void

/** Elaborates an expression. Nodes go into the builder; mistakes leave through `fail`. */
export function evaluate(expression: Expression, here: Caller): Value {
  const { scope, e } = here
  e.builder.step()
  const value = exactly(expression.span, () => evaluated(expression, here))
  e.observe?.(expression.span, value, scope.sizes)
  return value
}

/** The same where what stands beside it is looked at whatever becomes of it: after a mistake nothing is known of its value. */
export const attempted = (expression: Expression, here: Caller): Value =>
  attempt(here.e, () => evaluate(expression, here)) ?? failed

/** Expressions that are all needed. */
export function together(expressions: readonly Expression[], here: Caller): Value[] {
  const values = expressions.map((expression) => attempted(expression, here))
  if (values.includes(failed)) throw new Consequence()
  return values
}

function evaluated(expression: Expression, here: Caller): Value {
  const { scope, place, e } = here
  switch (expression.kind) {
    case 'number':
      return written(expression.text)
    case 'string':
      return { kind: 'text', text: expression.text }
    case 'name':
      return lookUp(expression.name, expression.span, scope)
    case 'group':
      return evaluate(expression.inner, here)
    case 'list':
      return { kind: 'list', items: together(expression.items, here) }
    case 'lambda':
      return fail('lambda-place', {}, expression.span)
    case 'negate': {
      const value = evaluate(expression.operand, here)
      if (value.kind === 'tensor') return e.builder.emit(negation, [value], {}, pathOf(place), expression.span)[0]!
      if (isScalar(value)) return staticBinary('-', real(0), value, expression.span)
      return fail('attribute-type', { name: '-', takes: 'a number or a tensor', given: show(value) }, expression.operand.span)
    }
    case 'binary': {
      const [left, right] = together([expression.left, expression.right], here) as [Value, Value]
      return binary(expression.operator, [left, right], expression, here)
    }
    case 'member':
      return member(evaluate(expression.object, here), expression.member.text, expression.member.span)
    case 'slice':
      return slice(expression, here)
    case 'call':
      return call(expression, undefined, here)
    case 'pipeline':
      return pipeline(expression, here)
  }
}

export function asTensor(value: Value, what: string, span: Span, context: Context = {}): TensorValue {
  if (value.kind === 'several' && value.items.length === 1) return value.items[0]!.value
  if (value.kind === 'tensor') return value
  if (value.kind === 'failed') throw new Consequence()
  const help =
    value.kind === 'several'
      ? `name one of them: ${value.items.map((item, at) => item.name ?? `let (.., ${at + 1}) = ..`).join(', ')}`
      : undefined
  return fail(
    'not-a-tensor',
    { what, given: `${kindOf(value)} ${value.kind === 'several' ? show(value) : `(${show(value)})`}` },
    span,
    help ? { help } : context,
  )
}

export const pathOf = (place: Place): string => join(place.scope, place.name)

function lookUp(name: string, span: Span, scope: Scope): Value {
  const value = scope.names.get(name)
  if (value?.kind === 'failed') throw new Consequence()
  if (value) return value
  const size = scope.sizes.get(name)
  if (size) return sizeValue(size)
  if (name === 'pi') return { kind: 'number', value: Math.PI }
  if (name === 'true' || name === 'false') return { kind: 'boolean', value: name === 'true' }
  if (initialiserNames.includes(name)) return { kind: 'initialiser', initialiser: { kind: name } as never }
  // What is not there is one mistake, however often it is used.
  if (scope.missing.has(name)) throw new Consequence()
  scope.missing.add(name)
  if (scope.perItem === name)
    fail('scale-static', { name }, span, {
      help: `scale ${name} = 2 is static and a number everywhere; a network that needs what is drawn takes input s: [B, 1] as scale, or input cell: [B, q, 2] as cell, the size of an output pixel`,
    })
  const later = scope.places?.get(name)
  if (later) fail('used-before-defined', { name }, span, { related: [{ span: later, label: 'defined here' }] })
  const known = [...scope.names.keys(), ...scope.sizes.keys()].filter((candidate) => candidate !== '_')
  return fail(
    'unknown-name',
    { name, near: nearest(name, known) },
    span,
    ops.has(name) ? { help: `${name} is an op: it is called, ${name}(..), or stands behind ->` } : {},
  )
}

function member(value: Value, name: string, span: Span): Value {
  if (value.kind !== 'several')
    return fail('attribute-type', { name: `.${name}`, takes: 'several named results', given: kindOf(value) }, span)
  const names = value.items.flatMap((item) => (item.name ? [item.name] : []))
  const found = value.items.find((item) => item.name === name)
  return found?.value ?? fail('unknown-name', { name, near: nearest(name, names), accepted: names }, span)
}

function pipeline(expression: Pipeline, here: Caller): Value {
  return through(expression.stages, attempted(expression.head, here), expression.head.span, here)
}

/** What stages make of `value`, one after another; a mistake in one does not hide those in the next. */
function through(stages: readonly Stage[], value: Value, from: Span, here: Caller): Value {
  const { scope, e } = here
  for (const [at, stage] of stages.entries()) {
    e.builder.step()
    const input = value
    const given = stages[at - 1]?.span ?? from
    value = attempt(e, () => exactly(stage.span, () => applyStage(stage, input, given, here))) ?? failed
    if (value !== failed) e.observe?.(stage.span, value, scope.sizes)
  }
  if (value === failed) throw new Consequence()
  return value
}

function applyStage(stage: Stage, input: Value, from: Span, here: Caller): Value {
  return stage.kind === 'repeat' ? repeat(stage, input, from, here) : call(stage, { value: input, span: from }, here)
}

function repeat(stage: Repetition, input: Value, from: Span, here: Caller): Value {
  const { scope, place, e } = here
  const over = evaluate(stage.over, here)
  let turns: readonly (Value | undefined)[]
  if (stage.element) {
    if (over.kind !== 'list')
      return fail(
        'attribute-type',
        { name: 'repeat .. in', takes: 'a list', given: `${kindOf(over)} ${show(over)}` },
        stage.over.span,
      )
    turns = over.items
  } else {
    requireExact(over, stage.over.span)
    if (!isInteger(over) || over.value < 0 || over.value > mostTurns)
      return fail(
        'repeat-count',
        { written: stage.over.kind === 'name' ? stage.over.name : 'the count', value: show(over) },
        stage.over.span,
      )
    turns = Array.from({ length: over.value }, () => undefined)
  }
  const label = place.labels.get(stage) ?? ''
  const path = label ? join(place.name, label) : place.name || 'repeat'
  const given: Value[] = []
  let value = input
  turns.forEach((element, turn) => {
    const inner = childScope(scope, [
      ...(stage.element && element ? [[stage.element.text, element] as const] : []),
      ...(stage.turn ? [[stage.turn.text, real(turn)] as const] : []),
    ])
    const own = { ...place, name: `${path}[${turn}]` }
    value = through(stage.body, value, turn === 0 ? from : stage.body.at(-1)!.span, { scope: inner, place: own, e })
    given.push(value)
  })
  return stage.isCollected ? { kind: 'list', items: given } : value
}
