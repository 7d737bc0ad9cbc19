import { Consequence, fail, type Context } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { habitIn } from '../diagnostics/habits.ts'
import { nearest } from '../diagnostics/suggest.ts'
import { modelsAreWhole } from '../names/program.ts'
import { arithmeticNamed, broadcast, cast, operatorNames, writtenAs } from '../ops/arithmetic.ts'
import { negation } from '../ops/activation.ts'
import { isTensor, type TensorValue } from '../ops/op.ts'
import { ops } from '../ops/registry.ts'
import { equality, format, type Size } from '../shapes/size.ts'
import type { Argument, BinaryOperator, Call, Expression, Pipeline, Repetition, Stage } from '../syntax/tree.ts'
import { initialiserNames } from './attributes.ts'
import { attempt, missOnce, type Mistakes } from './attempt.ts'
import type { Builder } from './builder.ts'
import { callModule } from './call-module.ts'
import { callOp } from './call-op.ts'
import type { Memory } from './recording.ts'
import { childScope, join, type Place, type Scope } from './scope.ts'
import { withNames } from './with-names.ts'
import { asSize, divideSize, isScalar, staticBinary, staticCall, staticFunctions } from './static.ts'
import { failed, isInteger, kindOf, real, shapeText, show, sizeValue, written, type Value } from './values.ts'

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
  /** Is told what every expression and every stage of a pipeline gives. */
  readonly observe?: Observer
}

/** `sizes`: what the names of the module around stand for. */
export type Observer = (span: Span, value: Value, sizes: ReadonlyMap<string, Size>) => void

/** Elaborates an expression. Nodes go into the builder; mistakes leave through `fail`. */
export function evaluate(expression: Expression, scope: Scope, place: Place, e: Elaboration): Value {
  const value = evaluated(expression, scope, place, e)
  e.observe?.(expression.span, value, scope.sizes)
  return value
}

/** The same where what stands beside it is looked at whatever becomes of it: after a mistake nothing is known of its value. */
const attempted = (expression: Expression, scope: Scope, place: Place, e: Elaboration): Value =>
  attempt(e, () => evaluate(expression, scope, place, e)) ?? failed

/** Expressions that are all needed. */
function together(expressions: readonly Expression[], scope: Scope, place: Place, e: Elaboration): Value[] {
  const values = expressions.map((expression) => attempted(expression, scope, place, e))
  if (values.includes(failed)) throw new Consequence()
  return values
}

function evaluated(expression: Expression, scope: Scope, place: Place, e: Elaboration): Value {
  switch (expression.kind) {
    case 'number':
      return written(expression.text)
    case 'string':
      return { kind: 'text', text: expression.text }
    case 'name':
      return lookUp(expression.name, expression.span, scope)
    case 'group':
      return evaluate(expression.inner, scope, place, e)
    case 'list':
      return { kind: 'list', items: together(expression.items, scope, place, e) }
    case 'lambda':
      return fail('lambda-place', {}, expression.span)
    case 'negate': {
      const value = evaluate(expression.operand, scope, place, e)
      if (value.kind === 'tensor') return e.builder.emit(negation, [value], {}, pathOf(place), expression.span)[0]!
      if (isScalar(value)) return staticBinary('-', real(0), value, expression.span)
      return fail('attribute-type', { name: '-', takes: 'a number or a tensor', given: show(value) }, expression.operand.span)
    }
    case 'binary': {
      const [left, right] = together([expression.left, expression.right], scope, place, e) as [Value, Value]
      return binary(operatorNames[expression.operator]!, expression.operator, left, right, expression, place, e)
    }
    case 'member':
      return member(evaluate(expression.object, scope, place, e), expression.member.text, expression.member.span)
    case 'element':
    case 'first':
      return part(expression, scope, place, e)
    case 'call':
      return applyCall(expression, undefined, scope, place, e)
    case 'pipeline':
      return pipeline(expression, scope, place, e)
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

const pathOf = (place: Place): string => join(place.scope, place.name)

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
      help: `scale ${name} = 2 is static and a number everywhere; a network that needs what is drawn takes input cell: [B, q, 2] as cell, the size of an output pixel`,
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

function part(expression: Extract<Expression, { kind: 'element' | 'first' }>, scope: Scope, place: Place, e: Elaboration): Value {
  const list = evaluate(expression.list, scope, place, e)
  if (list.kind !== 'list')
    return fail(
      'attribute-type',
      { name: '[..]', takes: 'a list', given: kindOf(list) },
      expression.list.span,
      list.kind === 'tensor' ? { help: 'a tensor is taken apart by split or unstack' } : {},
    )
  const where = expression.kind === 'element' ? expression.at : expression.count
  const at = evaluate(where, scope, place, e)
  const most = expression.kind === 'element' ? list.items.length - 1 : list.items.length
  if (!isInteger(at) || at.value < 0 || at.value > most)
    return fail('static-value', { problem: `the list has ${list.items.length} items; ${show(at)} is outside` }, where.span)
  return expression.kind === 'element' ? list.items[at.value]! : { kind: 'list', items: list.items.slice(0, at.value) }
}

/** `a operator b`, static or in the graph. `name` is the primitive's. */
function binary(
  name: string,
  operator: BinaryOperator | 'min' | 'max' | 'floor_divide',
  leftValue: Value,
  rightValue: Value,
  at: { span: Span; left?: Expression; right?: Expression; operatorSpan?: Span },
  place: Place,
  e: Elaboration,
): Value {
  const sign = operator === 'floor_divide' ? 'floor(a / b)' : operator
  const single = (value: Value): Value => (value.kind === 'several' && value.items.length === 1 ? value.items[0]!.value : value)
  const left = single(leftValue)
  const right = single(rightValue)
  if (isScalar(left) && isScalar(right) && operator !== 'min' && operator !== 'max' && operator !== 'floor_divide')
    return staticBinary(operator, left, right, at.span)
  const usable = (value: Value): boolean => value.kind === 'tensor' || isScalar(value)
  if (!usable(left) || !usable(right)) {
    const wrong = usable(left) ? right : left
    fail(
      'attribute-type',
      { name: sign, takes: 'numbers and tensors', given: `${kindOf(wrong)} ${show(wrong)}` },
      (usable(left) ? at.right : at.left)?.span ?? at.span,
    )
  }
  const path = pathOf(place)
  const toFloat = (value: TensorValue): TensorValue =>
    value.dtype === 'f32' ? value : e.builder.emit(cast, [value], {}, path, at.span)[0]!
  const integral = (value: Value): boolean =>
    value.kind === 'tensor'
      ? value.dtype === 'i32'
      : value.kind === 'size' || (value.kind === 'number' && Number.isSafeInteger(value.value))
  const integer = integral(left) && integral(right) && operator !== '/'
  const primitive = arithmeticNamed(
    operator === 'floor_divide' && !integer
      ? fail('dtype-mismatch', { callee: 'floor(a / b)', takes: 'integers', name: 'a or b', given: 'f32' }, at.span)
      : name,
  )
  const tensors: TensorValue[] = []
  const attributes: Record<string, number> = {}
  const sizes: Record<string, readonly ReturnType<typeof asSize>[]> = {}
  for (const [side, value] of [
    ['left', left],
    ['right', right],
  ] as const) {
    if (isTensor(value)) tensors.push(integer ? value : toFloat(value))
    else if (value.kind === 'number') attributes[side] = value.value
    else if (value.kind === 'size') sizes[`${side}Size`] = [value.size]
  }
  if (tensors.length === 2) {
    const joined = broadcast(tensors[0]!.shape, tensors[1]!.shape)
    if (!('shape' in joined)) {
      const [a, b] = tensors as [TensorValue, TensorValue]
      const rank = Math.max(a.shape.length, b.shape.length)
      const [left, right] = [a, b].map(({ shape }) => shape[joined.axis - rank + shape.length])
      const context = {
        related: [
          ...(at.left ? [{ span: at.left.span, label: `gives ${shapeText(a)}` }] : []),
          ...(at.right ? [{ span: at.right.span, label: `gives ${shapeText(b)}` }] : []),
        ],
        notes: [`axis ${joined.axis}: ${left ? format(left) : '(none)'} against ${right ? format(right) : '(none)'}`],
        help: 'only an axis written as 1 is stretched; axes are added at the left',
      }
      if (joined.unknown) fail('shape-unknown', equality(left!, right!), at.operatorSpan ?? at.span, context)
      fail(
        'broadcast',
        { operator: writtenAs(name), left: shapeText(a), right: shapeText(b), axis: `axis ${joined.axis}` },
        at.operatorSpan ?? at.span,
        context,
      )
    }
  }
  return e.builder.emit(primitive, tensors, { attributes, sizes: sizes as never }, path, at.span)[0]!
}

function pipeline(expression: Pipeline, scope: Scope, place: Place, e: Elaboration): Value {
  return through(expression.stages, attempted(expression.head, scope, place, e), expression.head.span, scope, place, e)
}

/** What stages make of `value`, one after another; a mistake in one does not hide those in the next. */
function through(stages: readonly Stage[], value: Value, from: Span, scope: Scope, place: Place, e: Elaboration): Value {
  for (const [at, stage] of stages.entries()) {
    const input = value
    const given = stages[at - 1]?.span ?? from
    value = attempt(e, () => applyStage(stage, input, given, scope, place, e)) ?? failed
    if (value !== failed) e.observe?.(stage.span, value, scope.sizes)
  }
  if (value === failed) throw new Consequence()
  return value
}

function applyStage(stage: Stage, input: Value, from: Span, scope: Scope, place: Place, e: Elaboration): Value {
  return stage.kind === 'repeat'
    ? repeat(stage, input, from, scope, place, e)
    : applyCall(stage, { value: input, span: from }, scope, place, e)
}

function repeat(stage: Repetition, input: Value, from: Span, scope: Scope, place: Place, e: Elaboration): Value {
  const over = evaluate(stage.over, scope, place, e)
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
    if (!isInteger(over) || over.value < 0 || over.value > mostTurns)
      return fail(
        'repeat-count',
        { written: stage.over.kind === 'name' ? stage.over.name : 'the count', value: show(over) },
        stage.over.span,
      )
    turns = Array.from({ length: over.value }, () => undefined)
  }
  let value = input
  turns.forEach((element, turn) => {
    const inner = childScope(scope, [
      ...(stage.element && element ? [[stage.element.text, element] as const] : []),
      ...(stage.turn ? [[stage.turn.text, real(turn)] as const] : []),
    ])
    const turnPlace = { ...place, name: `${place.name || 'repeat'}[${turn}]` }
    value = through(stage.body, value, turn === 0 ? from : stage.body.at(-1)!.span, inner, turnPlace, e)
  })
  return value
}

/** A call; `piped` is what stands left of `->`. */
function applyCall(
  call: Call,
  piped: { value: Value; span: Span } | undefined,
  scope: Scope,
  place: Place,
  e: Elaboration,
): Value {
  const name = call.callee.text
  const slot = scope.slots?.names.has(name) ? scope.slots : undefined
  const module = slot ? undefined : scope.file.modules.get(name)
  const op = ops.get(name)
  const positional = call.arguments.filter((argument) => !argument.name)
  const named = call.arguments.filter(
    (argument): argument is Argument & { name: NonNullable<Argument['name']> } => argument.name !== undefined,
  )

  if (slot) {
    if (named[0])
      fail('unknown-attribute', { callee: `the slot ${name}`, name: named[0].name.text, near: [] }, named[0].name.span, {
        help: `its filler's parameters are set where the slot is declared`,
      })
    return slot.call(name, tensorsOf(positional, piped, scope, place, e), call.span)
  }
  if (module) {
    if (e.calls.length >= deepestCalls) fail('too-deep', { limit: deepestCalls }, call.span)
    const label = place.labels.get(call) ?? name
    const inputs = tensorsOf(positional, piped, scope, place, e)
    return callModule(module, inputs, named, scope, { ...place, path: join(place.scope, place.name, label) }, call, e)
  }
  const isFloorOfQuotient = (name === 'floor' || name === 'ceil') && positional.length === 1 && !piped
  if (isFloorOfQuotient) {
    const quotient = ungroup(positional[0]!.value)
    if (quotient.kind === 'binary' && quotient.operator === '/') return roundedQuotient(name, quotient, call, scope, place, e)
  }
  if (staticFunctions.includes(name) && !(op && named.length > 0)) {
    const written = together(positional.map((argument) => argument.value), scope, place, e) // prettier-ignore
    const values = [...(piped ? [piped.value] : []), ...written]
    if (values.includes(failed)) throw new Consequence()
    if (values.every((value) => value.kind !== 'tensor' && value.kind !== 'several')) {
      if (named[0]) fail('unknown-attribute', { callee: name, name: named[0].name.text, near: [] }, named[0].name.span)
      return staticCall(name, values, call.span)
    }
    if ((name === 'min' || name === 'max') && values.length === 2) {
      const at = { span: call.span, left: positional.at(-2)?.value, right: positional.at(-1)?.value } as { span: Span }
      return binary(operatorNames[name]!, name, values[0]!, values[1]!, at, place, e)
    }
  }
  if (!op) {
    if (initialiserNames.includes(name))
      return fail('attribute-type', { name, takes: 'its place where an initialiser is asked for', given: 'a value' }, call.span)
    if (scope.missing.has(name) || scope.names.get(name)?.kind === 'failed') throw new Consequence()
    const known = [...scope.file.modules.keys(), ...(scope.slots?.names ?? []), ...ops.keys(), ...staticFunctions]
    const values = tensorsOf(positional, undefined, scope, place, e).map(({ value }) => value)
    const habit = habitIn('unknown-op', name)
    const meant = call.parenthesised ? ops.get(habit?.near[0] ?? '') : undefined
    const rewritten = meant && withNames(meant, call, (argument) => values[positional.indexOf(argument)], scope.file)
    const miss = (): never =>
      fail('unknown-op', { name, near: nearest(name, known) }, call.callee.span, {
        ...calledHelp(name, scope),
        ...(rewritten && { fixes: [rewritten.fix] }),
      })
    // What never was a name here is written anew at every place.
    return habit ? miss() : missOnce(e, `${scope.file.source.file} ${name}`, miss)
  }
  const label = place.labels.get(call) ?? name
  const path = join(place.scope, place.name, op.ownsWeights ? label : '')
  return callOp(op, call, positional, named, piped, {
    scope,
    place,
    e,
    path,
    evaluate: (expression) => evaluate(expression, scope, place, e),
  })
}

function calledHelp(name: string, scope: Scope): { help?: string } {
  if (scope.names.has(name)) return { help: `${name} is a value here; only modules, slots and ops are called` }
  return scope.file.models.has(name) ? { help: modelsAreWhole } : {}
}

const ungroup = (expression: Expression): Expression => (expression.kind === 'group' ? ungroup(expression.inner) : expression)

function roundedQuotient(
  name: 'floor' | 'ceil' | string,
  quotient: Extract<Expression, { kind: 'binary' }>,
  call: Call,
  scope: Scope,
  place: Place,
  e: Elaboration,
): Value {
  const [left, right] = together([quotient.left, quotient.right], scope, place, e) as [Value, Value]
  if (isScalar(left) && isScalar(right)) return divideSize(name as 'floor' | 'ceil', left, right, quotient.span)
  const integral = (value: Value): boolean => isScalar(value) || (value.kind === 'tensor' && value.dtype === 'i32')
  if (name === 'floor' && integral(left) && integral(right))
    return binary('floor_divide', 'floor_divide', left, right, { ...quotient, span: call.span }, place, e)
  const value = binary('divide', '/', left, right, quotient, place, e)
  if (name === 'ceil') return fail('unknown-op', { name: 'ceil of a tensor', near: ['floor'] }, call.callee.span)
  return callOp(
    ops.get('floor')!,
    call,
    [],
    [],
    { value, span: quotient.span },
    { scope, place, e, path: pathOf(place), evaluate: (x) => evaluate(x, scope, place, e) },
  )
}

/** Positional arguments, what is piped first; one that is wrong leaves the others. */
function tensorsOf(
  positional: readonly Argument[],
  piped: { value: Value; span: Span } | undefined,
  scope: Scope,
  place: Place,
  e: Elaboration,
): { value: Value; span: Span }[] {
  return [
    ...(piped ? [piped] : []),
    ...positional.map((argument) => ({ value: attempted(argument.value, scope, place, e), span: argument.span })),
  ]
}
