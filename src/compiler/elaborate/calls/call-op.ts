import { Consequence, fail, type Arguments, type Code, type Context } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import type { Initialiser } from '../../ir/graph.ts'
import { shadowedDims } from './shadowed-dims.ts'
import { isTensor, type AttributeValue, type Op, type OpCall, type OpResult, type TensorValue } from '../../ops/op.ts'
import { asInteger, atLeast, compare, equality, format, type Size } from '../../shapes/size.ts'
import type { Argument, Call } from '../../syntax/tree.ts'
import { attempt } from '../attempt.ts'
import { convert, readAttribute } from '../values/attributes.ts'
import { asTensor, evaluate, type Caller } from '../evaluate.ts'
import { join, type Given, type Scope } from '../values/scope.ts'
import { asSize, isScalar } from '../values/static.ts'
import { isPlain, withNames } from './with-names.ts'
import { failed, shapeText, show, type Value } from '../values/values.ts'
import { own } from '../../../own.ts'

export type NamedArgument = Argument & { readonly name: NonNullable<Argument['name']> }
export const isNamed = (argument: Argument): argument is NamedArgument => argument.name !== undefined

/** An op as it is called; `piped` is what stands left of `->`. */
export interface OpUse {
  readonly op: Op
  readonly call: Call
  readonly positional: readonly Argument[]
  readonly named: readonly NamedArgument[]
  readonly piped?: Given | undefined
}

/** Calls an op: reads its arguments by its own description, then lets it build. `path`: of what it owns. */
export function callOp(use: OpUse, here: Caller, path: string): Value {
  const { op, call, positional, named, piped } = use
  const { pattern, rest } = takePattern(op, call, positional)
  const inputs: TensorValue[] = []
  const spans: Span[] = []
  const unnamed: Attributes = new Map()
  const written = [
    ...(piped ? [piped] : []),
    ...rest.map(({ value }) => ({ value: attempt(here.e, () => evaluate(value, here)) ?? failed, span: value.span })),
  ]
  // What takes any number of tensors takes a list of them.
  const given = takesAny(op)
    ? written.flatMap(({ value, span }) => (value.kind === 'list' ? value.items : [value]).map((item) => ({ value: item, span })))
    : written
  const misplaced = (): Context => {
    const values = given.slice(piped ? 1 : 0).map(({ value }) => value)
    const mended = withNames(op, call, (argument) => values[rest.indexOf(argument)], here.scope.file)
    return mended ? { help: `only tensors stand without a name: ${mended.written}`, fixes: [mended.fix] } : {}
  }
  for (const [at, { value, span }] of given.entries()) {
    if (value === failed) continue
    const name = op.scalar?.at === at && value.kind !== 'tensor' && value.kind !== 'several' ? op.scalar.name : undefined
    if (name) unnamed.set(name, { value: convert(name, op.attributes[name]!, value, span), span })
    else {
      inputs.push(asTensor(value, op.name, span, isPlain(value) && !(piped && at === 0) ? misplaced() : {}))
      spans.push(span)
    }
  }
  checkArity(use, given.length, given.map(({ span }) => span)) // prettier-ignore
  const twice = named.find(({ name }) => unnamed.has(name.text))
  if (twice) fail('duplicate-name', { name: twice.name.text, what: 'given' }, twice.name.span)
  const attributes = new Map([...unnamed, ...readAttributes(op, named, here, pattern !== undefined)])
  if (given.some(({ value }) => value === failed)) throw new Consequence()
  const missing = Object.entries(op.attributes).find(
    ([name, spec]) => !attributes.has(name) && spec.standard === undefined && !spec.optional,
  )
  if (missing) fail('missing-attribute', { callee: op.name, name: missing[0] }, call.span, { help: missing[1].about })
  return asValue(op.build(opCall({ op, call, inputs, spans, attributes, pattern }, here, path)))
}

function takePattern(
  op: Op,
  call: Call,
  positional: readonly Argument[],
): { pattern?: OpCall['pattern']; rest: readonly Argument[] } {
  if (!op.pattern) return { rest: positional }
  const last = positional.at(-1)
  if (last?.value.kind !== 'string')
    return fail('missing-attribute', { callee: op.name, name: 'a pattern such as "B h w c -> B (h w) c"' }, call.span)
  return { pattern: { text: last.value.text, span: last.value.span }, rest: positional.slice(0, -1) }
}

const takesAny = (op: Op): boolean => op.takes[0]?.startsWith('..') ?? false

function checkArity({ op, call, named }: OpUse, given: number, spans: readonly Span[]): void {
  const any = takesAny(op)
  const count = op.takes.length
  const { at, name: scalar } = op.scalar ?? {}
  const isNamed = scalar !== undefined && named.some(({ name }) => name.text === scalar)
  const taken = given + (isNamed && at! < count ? 1 : 0)
  if (any ? given >= 1 : taken === count || (at === count && given === count + 1)) return
  fail(
    'arity',
    { callee: op.name, takes: any ? 'at least 1 tensor' : `${count} ${count === 1 ? 'tensor' : 'tensors'}`, given },
    spans[count] ?? call.span,
    {
      help: `${op.name}(${op.takes.join(', ')})`,
    },
  )
}

type Attributes = Map<string, { value: AttributeValue; span: Span }>

function readAttributes(op: Op, named: readonly NamedArgument[], here: Caller, hasPattern: boolean): Attributes {
  const attributes: Attributes = new Map()
  const accepted = Object.keys(op.attributes)
  const read = ({ name: { text: name, span }, value: expression }: NamedArgument): AttributeValue => {
    if (attributes.has(name)) fail('duplicate-name', { name, what: 'given' }, span)
    if (hasPattern) {
      const value = evaluate(expression, here)
      const size = isScalar(value) ? asSize(value) : undefined
      return size ?? fail('attribute-type', { name, takes: 'an int or a size', given: show(value) }, expression.span)
    }
    const spec = own(op.attributes, name)
    if (!spec) fail('unknown-attribute', { callee: op.name, name, near: nearest(name, accepted), accepted }, span)
    return readAttribute(name, spec, expression, (x) => evaluate(x, here))
  }
  let isRight = true
  for (const argument of named) {
    const value = attempt(here.e, () => read(argument))
    if (value === undefined) isRight = false
    else attributes.set(argument.name.text, { value, span: argument.span })
  }
  if (!isRight) throw new Consequence()
  return attributes
}

function asValue(result: OpResult): Value {
  if (isTensor(result)) return result
  if (Array.isArray(result)) return { kind: 'several', items: (result as readonly TensorValue[]).map((value) => ({ value })) }
  return {
    kind: 'several',
    items: Object.entries(result as Record<string, TensorValue>).map(([name, value]) => ({ name, value })),
  }
}

/** A call whose arguments are read. */
interface ReadCall {
  readonly op: Op
  readonly call: Call
  readonly inputs: readonly TensorValue[]
  readonly spans: readonly Span[]
  readonly attributes: Attributes
  readonly pattern: OpCall['pattern'] | undefined
}

function opCall(
  { op, call, inputs, spans: inputSpans, attributes, pattern }: ReadCall,
  { scope, e }: Caller,
  path: string,
): OpCall {
  const valueOf = (name: string): AttributeValue =>
    (attributes.get(name)?.value ?? op.attributes[name]?.standard) as AttributeValue
  const failAt = <C extends Code>(code: C, args: Arguments<C>, span: Span = call.span, context: Context = {}): never =>
    fail(code, args, span, {
      label: labelOf(inputs, inputSpans, span),
      related: inputLabels(inputs, inputSpans, span),
      ...context,
    })
  return {
    callee: op.name,
    span: call.span,
    inputs,
    inputSpans,
    ...(pattern && { pattern }),
    given: Object.fromEntries([...attributes].filter(() => op.pattern).map(([name, { value }]) => [name, value as Size])),
    has: (name) => attributes.has(name),
    int: (name) => valueOf(name) as number,
    real: (name) => valueOf(name) as number,
    bool: (name) => valueOf(name) as boolean,
    word: (name) => valueOf(name) as string,
    ints: (name) => valueOf(name) as readonly number[],
    size: (name) => valueOf(name) as Size,
    sizes: (name) => valueOf(name) as readonly Size[],
    initialiser: (name) => valueOf(name) as Initialiser,
    attribute: valueOf,
    spanOf: (name) => attributes.get(name)?.span ?? call.span,
    emit: (primitive, values, emission = {}) => e.builder.emit(primitive, values, emission, path, call.span),
    joined: (result, axis) =>
      e.builder.joined(result, axis, inputs.map((input, at) => ({ size: input.shape[axis]!, span: inputSpans[at]! }))), // prettier-ignore
    weight: (name, shape, initialiser, { fanIn = 1, trainable = true } = {}) =>
      e.builder.weight({ path: join(path, name), shape, initialiser, fanIn, trainable, op: op.name }, call.span),
    named: (axes) => shadowedDims(axes, scope.sizes, pattern!.span).forEach(e.report),
    static(size, what) {
      const known = asInteger(size)
      return (
        known ??
        failAt('not-static', { name: what, on: `${format(size)}, a size that each picture gives` }, inputSpans[0] ?? call.span)
      )
    },
    requireRank(index, rank, takes) {
      const value = inputs[index]!
      if (value.shape.length !== rank)
        fail(
          'rank-mismatch',
          {
            callee: op.name,
            takes,
            name: writtenName(inputSpans[index], scope) ?? op.takes[index]!.split(':')[0]!.replace('..', ''),
            given: shapeText(value),
          },
          call.span,
          {
            related: inputLabels(inputs, inputSpans, call.span),
          },
        )
      return value
    },
    requireFloat(index) {
      const value = inputs[index]!
      if (value.dtype !== 'f32')
        failAt('dtype-mismatch', { callee: op.name, takes: 'f32', name: 'its input', given: shapeText(value) }, inputSpans[index])
      return value
    },
    requireEqual(left, right, problem, span = call.span) {
      const verdict = compare(left, right)
      if (verdict === 'unknown') failAt('shape-unknown', equality(left, right), span)
      if (verdict === 'different') failAt('shape-mismatch', { problem: problem() }, span)
    },
    requireAtLeast(size, least, what, sentence) {
      const known = asInteger(size)
      const needs = known === undefined ? `${format(size)} of at least ${least}` : `at least ${least}; this has ${known}`
      const problem = sentence ?? `${what} needs ${needs}`
      const verdict = atLeast(size, least)
      if (verdict === 'never') failAt('window-too-large', { problem }, call.span)
      const inside = e.calls.at(-1)
      if (verdict === 'sometimes')
        e.builder.check({ size, least, problem: inside ? `${problem} (in ${inside.name})` : problem, span: call.span })
    },
    fail: failAt,
  }
}

/** The name that stands at a place, where it is one. */
function writtenName(span: Span | undefined, { file: { source } }: Scope): string | undefined {
  const text = span?.file === source.file ? source.text.slice(span.start, span.end) : ''
  return /^[A-Za-z_]\w*(\.\w+)?$/.test(text) ? text : undefined
}

/** What the primary place gives, where it is one of the inputs. */
function labelOf(inputs: readonly TensorValue[], spans: readonly Span[], primary: Span): string {
  const at = spans.findIndex((span) => span.file === primary.file && span.start === primary.start && span.end === primary.end)
  return inputs[at] ? `gives ${shapeText(inputs[at])}` : ''
}

function inputLabels(inputs: readonly TensorValue[], spans: readonly Span[], primary: Span): { span: Span; label: string }[] {
  return inputs
    .map((value, at) => ({ span: spans[at]!, label: `gives ${shapeText(value)}` }))
    .filter(({ span }) => span && !(span.file === primary.file && span.start === primary.start && span.end === primary.end))
}
