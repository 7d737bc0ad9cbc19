import { plural } from '../../../errors.ts'
import { Consequence, fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import type { ModuleUnit } from '../../names/program.ts'
import type { Op } from '../../ops/op.ts'
import { ops } from '../../ops/registry.ts'
import type { Argument, Call, Expression } from '../../syntax/tree.ts'
import { evaluate, type Caller, type Elaboration } from '../evaluate.ts'
import { nowhere, childScope, type Given, type Scope } from '../values/scope.ts'
import type { Value } from '../values/values.ts'
import { callModule, type NamedValues } from './call-module.ts'
import { callOp, isNamed } from './call-op.ts'
import { ownerLabels } from './owners.ts'

/** What stands for a network part: a module, an op or a lambda, at work in a slot or in a module's parameter. */
export interface Filling {
  /** The slot's or the parameter's name, and where it is declared. */
  readonly name: string
  readonly declared: Span
  readonly expression: Expression
  readonly inputs: readonly Given[]
  /** What the filler's names mean. */
  readonly scope: Scope
  /** Of what it owns. */
  readonly path: string
  readonly e: Elaboration
  /** What stands in place of the values that a module filler is written with. */
  given?(unit: ModuleUnit, written: NamedValues): NamedValues
}

export const ungroup = (expression: Expression): Expression =>
  expression.kind === 'group' ? ungroup(expression.inner) : expression

/** What an expression calls, as a filler: `relu`, `leaky_relu(slope: 0.2)`, `Block(heads: 8)`; nothing of other expressions. */
export const calleeOf = (expression: Expression): string =>
  expression.kind === 'call' ? expression.callee.text : expression.kind === 'name' ? expression.name : ''

export function fill(filling: Filling): Value {
  const expression = ungroup(filling.expression)
  if (expression.kind === 'lambda') return fillByLambda(filling, expression)
  const callee = calleeOf(expression)
  const given = expression.kind === 'call' ? expression.arguments : []
  const unit = filling.scope.file.modules.get(callee)
  if (unit) return fillByModule(filling, unit, given)
  const op = ops.get(callee)
  return op ? fillByOp(filling, op, expression, given) : noFiller(expression, filling.scope)
}

export function noFiller(expression: Expression, scope: Scope): never {
  const callee = calleeOf(expression)
  const known = [...scope.file.modules.keys(), ...ops.keys()]
  return fail('unknown-op', { name: callee || 'that', near: nearest(callee, known) }, expression.span, {
    help: 'a slot is filled by a module call, an op call, or a lambda such as (x) => x, and so is a parameter of type module',
  })
}

function fillByLambda(
  { name, declared, inputs, scope, path, e }: Filling,
  { parameters, body, span }: Extract<Expression, { kind: 'lambda' }>,
): Value {
  if (parameters.length !== inputs.length)
    fail('lambda-arity', { slot: name, takes: inputs.length, names: parameters.length }, span, {
      related: [{ span: declared, label: 'declared here' }],
    })
  const taken = new Set<string>()
  for (const { text, span: at } of parameters) {
    if (text !== '_' && taken.has(text)) fail('duplicate-name', { name: text, what: 'an input of this lambda' }, at)
    taken.add(text)
  }
  const bound = parameters.flatMap((parameter, at) =>
    parameter.text === '_' ? [] : [[parameter.text, inputs[at]!.value] as const],
  )
  const labels = ownerLabels([body], false, scope, e.paths)
  return evaluate(body, { scope: childScope(scope, bound), place: { scope: path, name: '', labels }, e })
}

function unnamedArgument(given: readonly Argument[], callee: string, inputs: number): void {
  const unnamed = given.find((argument) => !argument.name)
  if (unnamed)
    fail('arity', { callee, takes: `the slot's ${plural(inputs, 'input')} and named values`, given: inputs + 1 }, unnamed.span)
}

function fillByModule(filling: Filling, unit: ModuleUnit, named: readonly Argument[]): Value {
  const { inputs, scope, path, e } = filling
  unnamedArgument(named, unit.declaration.name.text, inputs.length)
  const here: Caller = { scope, place: nowhere, e }
  const written: NamedValues = new Map(
    named.map(({ name, value }) => [name!.text, { expression: value, nameSpan: name!.span, here: () => here }]),
  )
  const given = filling.given?.(unit, written) ?? written
  return callModule({ unit, inputs, named: given, path, span: filling.expression.span }, e)
}

function fillByOp({ inputs, scope, path, e }: Filling, op: Op, expression: Expression, given: readonly Argument[]): Value {
  const { span } = expression
  const pattern = op.pattern ? given.filter((argument) => !argument.name) : []
  if (!op.pattern) unnamedArgument(given, op.name, inputs.length)
  const call: Call =
    expression.kind === 'call'
      ? expression
      : { kind: 'call', callee: { text: op.name, span }, arguments: [], parenthesised: false, span }
  // The inputs stand in the call under names that no text can write.
  const positional = inputs.map((_, at) => ({ value: { kind: 'name' as const, name: `#${at}`, span }, span }))
  const inner = childScope(scope, inputs.map((input, at) => [`#${at}`, input.value] as const)) // prettier-ignore
  return callOp(
    { op, call, positional: [...positional, ...pattern], named: given.filter(isNamed) },
    { scope: inner, place: nowhere, e },
    op.ownsWeights ? `${path}.${op.name}` : path,
  )
}

// ---- parameters of type module --------------------------------------------------------------------------------------

/** What a parameter of type `module` is given: it sees what its place sees. */
export function capture(expression: Expression, { scope }: Caller): Value {
  const filler = ungroup(expression)
  const callee = calleeOf(filler)
  if (filler.kind === 'name') {
    const known = scope.names.get(callee)
    if (known?.kind === 'failed') throw new Consequence()
    if (known?.kind === 'callable') return known
  }
  const isSlot = filler.kind === 'name' && scope.slots?.names.has(callee)
  if (filler.kind !== 'lambda' && !isSlot && !scope.file.modules.has(callee) && !ops.has(callee)) noFiller(filler, scope)
  return { kind: 'callable', expression: filler, scope }
}

type Callable = Extract<Value, { kind: 'callable' }>

/** Calls what a parameter holds. */
export function callCallable(
  { expression, scope }: Callable,
  {
    name,
    inputs,
    path,
    span,
  }: { readonly name: string; readonly inputs: readonly Given[]; readonly path: string; readonly span: Span },
  e: Elaboration,
): Value {
  const callee = calleeOf(expression)
  if (scope.slots?.names.has(callee)) return scope.slots.call(callee, inputs, span)
  return fill({ name, declared: expression.span, expression, inputs, scope, path, e })
}
