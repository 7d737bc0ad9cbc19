import { Consequence, fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { habitIn } from '../../diagnostics/habits.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import { ops } from '../../ops/registry.ts'
import type { Argument, Call, Expression } from '../../syntax/tree.ts'
import { missOnce } from '../attempt.ts'
import { attempted, deepestCalls, pathOf, together, type Caller } from '../evaluate.ts'
import { initialiserNames } from '../values/attributes.ts'
import { join, type Given, type Scope } from '../values/scope.ts'
import { divideSize, isScalar, staticCall, staticFunctions } from '../values/static.ts'
import { failed, type Value } from '../values/values.ts'
import { binary } from './binary.ts'
import { callModule } from './call-module.ts'
import { callCallable, ungroup } from './filler.ts'
import { callOp, isNamed, type NamedArgument } from './call-op.ts'
import { withNames } from './with-names.ts'

/** A call with its arguments apart; `piped` is what stands left of `->`. */
interface Use {
  readonly call: Call
  readonly name: string
  readonly positional: readonly Argument[]
  readonly named: readonly NamedArgument[]
  readonly piped: Given | undefined
}

/** Calls what a name stands for here: a slot, a module, a static function or an op. */
export function call(written: Call, piped: Given | undefined, here: Caller): Value {
  const name = written.callee.text
  const positional = written.arguments.filter((argument) => !argument.name)
  const use: Use = { call: written, name, positional, named: written.arguments.filter(isNamed), piped }
  const { scope, place } = here
  if (scope.slots?.names.has(name)) return callSlot(use, here)
  const held = scope.names.get(name)
  if (held?.kind === 'callable') return callHeld(use, held, here)
  if (scope.file.modules.has(name)) return callOwnModule(use, here)
  const known = callStatic(use, here)
  if (known) return known
  const op = ops.get(name)
  if (!op) return strange(use, here)
  const path = join(place.scope, place.name, op.ownsWeights ? (place.labels.get(written) ?? name) : '')
  return callOp({ ...use, op }, here, path)
}

function callSlot({ call: written, name, positional, named, piped }: Use, here: Caller): Value {
  if (named[0])
    fail('unknown-attribute', { callee: `the slot ${name}`, name: named[0].name.text, near: [] }, named[0].name.span, {
      help: `its filler's parameters are set where the slot is declared`,
    })
  return here.scope.slots!.call(name, inputsOf(positional, piped, here), written.span)
}

/** Calls what a parameter of type `module` holds. */
function callHeld(
  { call: written, name, positional, named, piped }: Use,
  held: Extract<Value, { kind: 'callable' }>,
  here: Caller,
): Value {
  const { place, e } = here
  if (named[0])
    fail('unknown-attribute', { callee: name, name: named[0].name.text, near: [] }, named[0].name.span, {
      help: `what ${name} holds is given its parameters where it is written, as in ${name}: leaky_relu(slope: 0.2)`,
    })
  if (e.calls.length >= deepestCalls) fail('too-deep', { limit: deepestCalls }, written.span)
  const path = join(place.scope, place.name, place.labels.get(written) ?? name)
  const call = { name, inputs: inputsOf(positional, piped, here), path, span: written.span }
  return callCallable(held, call, e)
}

function callOwnModule({ call: written, name, positional, named, piped }: Use, here: Caller): Value {
  const { scope, place, e } = here
  if (e.calls.length >= deepestCalls) fail('too-deep', { limit: deepestCalls }, written.span)
  const inputs = inputsOf(positional, piped, here)
  const given = new Map(
    named.map(({ name: { text, span: nameSpan }, value: expression }) => [text, { expression, nameSpan, here: () => here }]),
  )
  const path = join(place.scope, place.name, place.labels.get(written) ?? name)
  return callModule({ unit: scope.file.modules.get(name)!, inputs, named: given, path, span: written.span }, e)
}

/** What is computed while compiling; undefined for what is not. */
function callStatic({ call: written, name, positional, named, piped }: Use, here: Caller): Value | undefined {
  if ((name === 'floor' || name === 'ceil') && positional.length === 1 && !piped) {
    const quotient = ungroup(positional[0]!.value)
    if (quotient.kind === 'binary' && quotient.operator === '/') return roundedQuotient(quotient, written, here)
  }
  if (!staticFunctions.includes(name) || (ops.has(name) && named.length > 0)) return undefined
  const values = [...(piped ? [piped.value] : []), ...together(positional.map((argument) => argument.value), here)] // prettier-ignore
  if (values.includes(failed)) throw new Consequence()
  if (values.every((value) => value.kind !== 'tensor' && value.kind !== 'several')) {
    if (named[0]) fail('unknown-attribute', { callee: name, name: named[0].name.text, near: [] }, named[0].name.span)
    return staticCall(name, values, written.span)
  }
  if ((name !== 'min' && name !== 'max') || values.length !== 2) return undefined
  const at = { span: written.span, left: positional.at(-2)?.value, right: positional.at(-1)?.value } as { span: Span }
  return binary(name, [values[0]!, values[1]!], at, here)
}

/** Nothing here is called that. */
function strange({ call: written, name, positional }: Use, here: Caller): never {
  const { scope, e } = here
  if (initialiserNames.includes(name))
    fail('attribute-type', { name, takes: 'its place where an initialiser is asked for', given: 'a value' }, written.span)
  if (scope.missing.has(name) || scope.names.get(name)?.kind === 'failed') throw new Consequence()
  const known = [...scope.file.modules.keys(), ...(scope.slots?.names ?? []), ...ops.keys(), ...staticFunctions]
  const values = inputsOf(positional, undefined, here).map(({ value }) => value)
  const habit = habitIn('unknown-op', name)
  const meant = written.parenthesised ? ops.get(habit?.near[0] ?? '') : undefined
  const rewritten = meant && withNames(meant, written, (argument) => values[positional.indexOf(argument)], scope.file)
  const miss = (): never =>
    fail('unknown-op', { name, near: nearest(name, known) }, written.callee.span, {
      ...calledHelp(name, scope),
      ...(rewritten && { fixes: [rewritten.fix] }),
    })
  // What never was a name here is written anew at every place.
  return habit ? miss() : missOnce(e, `${scope.file.source.file} ${name}`, miss)
}

function calledHelp(name: string, scope: Scope): { help?: string } {
  if (scope.names.has(name)) return { help: `${name} is a value here; only modules, slots and ops are called` }
  return scope.file.models.has(name) ? { help: `${name} is the model of this file; others import it and call it` } : {}
}

/** `floor(a / b)` of integers is an integer, computed as one. */
function roundedQuotient(quotient: Extract<Expression, { kind: 'binary' }>, call: Call, here: Caller): Value {
  const name = call.callee.text as 'floor' | 'ceil'
  const [left, right] = together([quotient.left, quotient.right], here) as [Value, Value]
  if (isScalar(left) && isScalar(right)) return divideSize(name, left, right, quotient.span)
  const integral = (value: Value): boolean => isScalar(value) || (value.kind === 'tensor' && value.dtype === 'i32')
  if (name === 'floor' && integral(left) && integral(right))
    return binary('floor_divide', [left, right], { ...quotient, span: call.span }, here)
  const value = binary('/', [left, right], quotient, here)
  if (name === 'ceil') return fail('unknown-op', { name: 'ceil of a tensor', near: ['floor'] }, call.callee.span)
  return callOp(
    { op: ops.get('floor')!, call, positional: [], named: [], piped: { value, span: quotient.span } },
    here,
    pathOf(here.place),
  )
}

/** Positional arguments, what is piped first; one that is wrong leaves the others. */
function inputsOf(positional: readonly Argument[], piped: Given | undefined, here: Caller): Given[] {
  return [
    ...(piped ? [piped] : []),
    ...positional.map((argument) => ({ value: attempted(argument.value, here), span: argument.span })),
  ]
}
