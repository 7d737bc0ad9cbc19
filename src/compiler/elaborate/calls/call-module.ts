import { plural } from '../../../errors.ts'
import { Consequence, fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import type { ModuleUnit } from '../../names/program.ts'
import type { TensorValue } from '../../ops/op.ts'
import { ownWeight } from '../../ops/source.ts'
import { compare, equality, format } from '../../shapes/size.ts'
import type { Expression, Parameter, Statement } from '../../syntax/tree.ts'
import { attempt, exactly, missOnce } from '../attempt.ts'
import { listTypes, parameterTypes, readInitialiser, readParameter } from '../values/attributes.ts'
import { asTensor, deepestCalls, evaluate, type Caller, type Elaboration } from '../evaluate.ts'
import { capture } from './filler.ts'
import { insideModel } from '../inside-model.ts'
import { ownerLabels } from './owners.ts'
import { callIdentity } from './recording.ts'
import { axesOf, axesText, bindInput, checkCondition } from '../values/tensor-types.ts'
import { forgive, join, namesOf, nowhere, type Given, type Place, type Scope } from '../values/scope.ts'
import { failed, isInteger, shapeText, sizeValue, type Value } from '../values/values.ts'

/** A value that a call gives by its name: what is written, and what that is where it stands. */
export interface NamedValue {
  readonly expression: Expression
  readonly nameSpan: Span
  /** Where it stands; `earlier`: the parameters before it. */
  here(earlier: ReadonlyMap<string, Value>): Caller
}

export type NamedValues = ReadonlyMap<string, NamedValue>

/** What has parameters: a module, or a model. `span` is shown where one is missing. */
export interface Parametrised {
  readonly owner: string
  readonly parameters: readonly Parameter[]
  readonly file: Scope['file']
  readonly span: Span
}

/** One call of a module. */
export interface ModuleCall {
  readonly unit: ModuleUnit
  readonly inputs: readonly Given[]
  readonly named: NamedValues
  /** The call's own path: the scope of what is inside. */
  readonly path: string
  readonly span: Span
}

/**
 * Parameters from a call's named arguments and the declared defaults, left to right. One that is wrong is `failed`: the
 * others are read.
 */
export function bindParameters(
  { owner, parameters, file, span }: Parametrised,
  given: NamedValues,
  e: Elaboration,
): Map<string, Value> {
  const values = new Map<string, Value>()
  const accepted = parameters.map((parameter) => parameter.name.text)
  const unknown = [...given].filter(([name]) => !accepted.includes(name))
  for (const [name, { nameSpan }] of unknown) {
    const near = nearest(name, accepted)
    const miss = (): never =>
      missOnce(e, `${file.source.file} ${owner}.${near.length > 0 ? name : ''}`, () =>
        fail('unknown-attribute', { callee: owner, name, near, accepted }, nameSpan),
      )
    if (near.length > 0) attempt(e, miss)
    // A call that is written for something else says nothing of the module.
    else miss()
  }
  const read = (parameter: Parameter): Value => {
    const name = parameter.name.text
    if (!(parameter.list ? listTypes : parameterTypes).includes(parameter.type.text))
      fail(
        'unknown-name',
        {
          name: parameter.type.text,
          near: nearest(parameter.type.text, parameterTypes),
          accepted: [...parameterTypes, ...listTypes.map((type) => `[${type}]`)],
        },
        parameter.type.span,
      )
    const argument = given.get(name)
    const scope: Scope = { file, names: values, sizes: new Map(), missing: new Set() }
    const expression = argument?.expression ?? parameter.standard
    // It may be what an unknown one was meant to be.
    if (!expression && unknown.length > 0) throw new Consequence()
    if (!expression) fail('missing-attribute', { callee: owner, name }, span)
    const here = argument?.here(values) ?? { scope, place: nowhere, e }
    if (parameter.type.text === 'module') return capture(expression, here)
    return readParameter(name, parameter.type.text, parameter.list, expression, (x) => evaluate(x, here))
  }
  for (const parameter of parameters) {
    const { text: name, span: at } = parameter.name
    if (values.has(name)) attempt(e, () => fail('duplicate-name', { name, what: 'a parameter' }, at))
    else values.set(name, attempt(e, () => read(parameter)) ?? failed)
  }
  return values
}

/** Elaborates the body of a module, or of a model that another one calls. */
export function callModule(call: ModuleCall, e: Elaboration): Value {
  const { unit, named, span } = call
  const { declaration, file } = unit
  const owner = declaration.name.text
  if (e.calls.some((around) => around.name === owner && around.span.file === span.file && around.span.start === span.start))
    fail('module-cycle', { name: owner }, span)
  // What was entered was looked at, whatever becomes of it.
  if (!e.memory.has(unit)) e.memory.set(unit, new Map())
  e.calls.push({ name: owner, span })
  const value = attempt(e, () =>
    exactly(span, () => {
      const parameters = bindParameters({ owner, parameters: declaration.parameters, file, span }, named, e)
      return remembered(call, parameters, e)
    }),
  )
  e.calls.pop()
  if (!value) throw new Consequence()
  return value
}

/** The body, or what an equal call has recorded; an equal call that failed fails again, in silence. */
function remembered(call: ModuleCall, parameters: Map<string, Value>, e: Elaboration): Value {
  const { unit, inputs, path } = call
  const name = unit.declaration.name.text
  const given = inputs.map(({ value, span: at }) =>
    value.kind === 'tensor' ? value : (attempt(e, () => asTensor(value, name, at)) ?? failed),
  )
  const identity = callIdentity(parameters, given)
  if (e.mistakes.calls.get(unit)?.has(identity)) throw new Consequence()
  const body = (values: readonly Value[]): Value =>
    elaborateBody({ ...call, inputs: values.map((value, at) => ({ value, span: inputs[at]!.span })) }, parameters, e)
  const before = e.mistakes.count
  try {
    if ([...parameters.values(), ...given].includes(failed)) return body(given)
    const tensors = given as TensorValue[]
    const recordings = e.memory.get(unit)!
    const known = recordings.get(identity)
    if (known && e.calls.length - 1 + known.depth <= deepestCalls) return e.builder.replay(known, path, tensors)
    const { value, recording } = e.builder.record(path, tensors, body)
    if (recording && e.mistakes.count === before) recordings.set(identity, recording)
    return value
  } finally {
    if (e.mistakes.count > before) e.mistakes.calls.set(unit, (e.mistakes.calls.get(unit) ?? new Set()).add(identity))
  }
}

/** Statements of one module with its inputs bound; gives what it returns. A mistake in one of them leaves the others. */
function elaborateBody({ unit, inputs, path, span }: ModuleCall, parameters: Map<string, Value>, e: Elaboration): Value {
  const { file } = unit
  const { name: owner, body } = unit.declaration
  const name = owner.text
  const isModel = unit.declaration.kind === 'model'
  const scope: Scope = isModel
    ? insideModel(unit, { parameters, path }, e)
    : { file, names: new Map(parameters), sizes: new Map(), missing: new Set(), places: placesOf(body) }
  bindInputs(body, { inputs, span }, name, scope, e)
  const outputs = body.filter((statement) => statement.kind === 'output')
  for (const statement of body) {
    const isRight = attempt(e, () => {
      if (!isModel) onlyInModels(statement, name)
      if (statement.kind !== 'return') exactly(statement.span, () => elaborateStatement(statement, path, scope, e))
      return true
    })
    if (!isRight) forgive(scope, statement, body)
    if (statement.kind === 'return') return returned(statement, { outputs, owner: name, path }, scope, e)
  }
  return fail('return-missing', { name }, owner.span)
}

/** Where a call does not keep what the inputs ask for, nothing is known of them. */
function bindInputs(
  body: readonly Statement[],
  { inputs, span }: Pick<ModuleCall, 'inputs' | 'span'>,
  name: string,
  scope: Scope,
  e: Elaboration,
): void {
  const declared = body.filter((statement) => statement.kind === 'input')
  const before = e.mistakes.count
  attempt(e, () => {
    if (declared.length !== inputs.length)
      fail(
        'arity',
        { callee: name, takes: plural(declared.length, 'tensor'), given: inputs.length },
        inputs[declared.length]?.span ?? span,
      )
  })
  if (e.mistakes.count === before)
    declared.forEach((statement, at) => {
      const { value, span: givenAt } = inputs[at]!
      attempt(e, () => bindInput(statement, { value: asTensor(value, name, givenAt), span: givenAt }, name, scope, e))
    })
  if (e.mistakes.count === before)
    for (const condition of declared.flatMap((statement) => statement.where))
      attempt(e, () => checkCondition(condition, { owner: name, span }, scope, e))
  if (e.mistakes.count === before) return
  scope.sizes.clear()
  delete scope.leading
  for (const statement of declared) {
    scope.names.delete(statement.name.text)
    forgive(scope, statement, body)
  }
}

function onlyInModels(statement: Statement, name: string): void {
  if ((statement.kind === 'input' || statement.kind === 'output') && statement.role)
    fail('only-in-models', { what: 'a role', name }, statement.role.span)
  if (statement.kind === 'slot' || statement.kind === 'scale')
    fail('only-in-models', { what: `a ${statement.kind}`, name }, statement.span)
}

/** Where the names of a body are declared first. */
export function placesOf(body: readonly Statement[]): ReadonlyMap<string, Span> {
  const places = new Map<string, Span>()
  for (const { text, span } of body.flatMap(namesOf)) if (!places.has(text)) places.set(text, span)
  return places
}

/** `let` and `weight`; other statements are handled by whoever owns the body. */
export function elaborateStatement(statement: Statement, path: string, scope: Scope, e: Elaboration): void {
  const define = (name: { text: string; span: Span }, value: Value): void => {
    if (name.text === '_') return
    const what = scope.names.has(name.text)
      ? 'defined here'
      : scope.sizes.has(name.text)
        ? 'a size'
        : scope.slots?.names.has(name.text)
          ? 'a slot'
          : ''
    const place = scope.places?.get(name.text)
    if (what) fail('duplicate-name', { name: name.text, what }, name.span, place && place !== name.span ? { related: [{ span: place, label: 'the first' }] } : {}) // prettier-ignore
    scope.names.set(name.text, value)
    if (value.kind === 'tensor') e.builder.name(join(path, name.text), value)
    if (value.kind === 'list')
      value.items.forEach((item, at) => item.kind === 'tensor' && e.builder.name(`${join(path, name.text)}[${at}]`, item))
    if (value.kind === 'several')
      value.items.forEach((item) => item.name && e.builder.name(join(path, name.text, item.name), item.value))
  }
  if (statement.kind === 'weight') {
    const shape = axesOf(statement.type, scope, e).map((axis) => axis.size)
    const sizes = shape.map((size) => {
      const value = size ? sizeValue(size) : undefined
      if (!value || !isInteger(value))
        fail(
          'not-static',
          { name: `the shape of ${statement.name.text}`, on: size ? format(size) : 'an open axis' },
          statement.type.span,
        )
      return value.value
    })
    const here: Caller = { scope, place: { ...nowhere, scope: path }, e }
    const initialiser = readInitialiser(statement.name.text, statement.initialiser, (x) => evaluate(x, here))
    const weight = e.builder.weight(
      {
        path: join(path, statement.name.text),
        shape: sizes,
        initialiser,
        fanIn: sizes[0] ?? 1,
        trainable: true,
        op: 'weight',
      },
      statement.span,
    )
    define(
      statement.name,
      e.builder.emit(ownWeight, [], { weights: [weight] }, join(path, statement.name.text), statement.span)[0]!,
    )
  }
  if (statement.kind === 'let') {
    const labels = ownerLabels([statement.value], true, scope, e.paths)
    const place: Place = { scope: path, name: statement.names.map((name) => name.text).join('_'), labels }
    const value = evaluate(statement.value, { scope, place, e })
    if (!statement.tuple) define(statement.names[0]!, value)
    else {
      const items = value.kind === 'several' ? value.items : []
      if (items.length !== statement.names.length)
        fail(
          'arity',
          {
            callee: `let (${statement.names.map((name) => name.text).join(', ')})`,
            takes: `${statement.names.length} results`,
            given: value.kind === 'several' ? items.length : 1,
          },
          statement.value.span,
        )
      statement.names.forEach((name, at) => define(name, items[at]!.value))
    }
  }
}

type Output = Extract<Statement, { kind: 'output' }>

/** Results of `return` against the declared outputs. */
export function returned(
  statement: Extract<Statement, { kind: 'return' }>,
  { outputs, owner, path }: { readonly outputs: readonly Output[]; readonly owner: string; readonly path: string },
  scope: Scope,
  e: Elaboration,
): Value {
  if (statement.values.length !== outputs.length)
    fail(
      'arity',
      {
        callee: `return of ${owner}`,
        takes: plural(outputs.length, 'output'),
        given: statement.values.length,
      },
      statement.span,
    )
  const labels = ownerLabels(statement.values, false, scope, e.paths)
  const items = statement.values.flatMap((expression, at) => {
    const output = outputs[at]!
    const value = attempt(e, () => {
      const given = asTensor(
        evaluate(expression, { scope, place: { scope: path, name: '', labels }, e }),
        'return',
        expression.span,
      )
      exactly(expression.span, () => checkOutput(output, { value: given, span: expression.span }, owner, scope, e))
      return given
    })
    return value ? [{ ...(output.name && { name: output.name.text }), value }] : []
  })
  if (items.length < outputs.length) throw new Consequence()
  return items.length === 1 ? items[0]!.value : { kind: 'several', items }
}

function checkOutput(output: Output, { value, span }: Given<TensorValue>, owner: string, scope: Scope, e: Elaboration): void {
  const name = output.name?.text ?? `the output of ${owner}`
  const axes = axesOf(output.type, scope, e)
  const context = { label: `gives ${shapeText(value)}`, related: [{ span: output.type.span, label: `declared here` }] }
  const mismatch = (note: string): never =>
    fail('output-mismatch', { name, declared: axesText(output.type, axes), returned: shapeText(value) }, span, {
      ...context,
      notes: [note],
    })
  if ((output.type.dtype?.text ?? 'f32') !== value.dtype) mismatch(`${value.dtype} is not ${output.type.dtype?.text ?? 'f32'}`)
  if (axes.length !== value.shape.length) mismatch(`${value.shape.length} axes, not ${axes.length}`)
  axes.forEach(({ size, open }, at) => {
    const actual = value.shape[at]!
    if (!size) {
      if (open) scope.sizes.set(open, actual)
      return
    }
    const verdict = compare(size, actual)
    if (verdict === 'different') mismatch(`axis ${at}: ${format(actual)} is not ${format(size)}`)
    if (verdict === 'unknown') fail('shape-unknown', equality(actual, size), span, context)
  })
}
