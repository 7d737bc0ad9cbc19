import { fail } from '../diagnostics/catalogue.ts'
import type { Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import { subgraph, type Graph, type GraphOutput } from '../ir/graph.ts'
import { f32, type TensorValue } from '../ops/op.ts'
import type { EvaluatePlan, ModelInput, ModelOutput, Objective, PerItem, PictureOperation, Scale, TrainPlan } from '../plan.ts'
import { evaluate as sizeAt, symbols } from '../shapes/size.ts'
import { isRecord, pathText, type Name } from '../syntax/tree.ts'
import type { ModelContext } from './context.ts'
import { asTensor, evaluate } from './evaluate.ts'
import { callsIn, ownerLabels } from './owners.ts'
import { evaluateFields, FieldReader, objectiveFields, rangeOf, sizeFields, trainFields, type ScopedField } from './records.ts'
import type { Place, Scope } from './scope.ts'
import { shapeText, type Value } from './values.ts'

/** What the body of the model gave. */
export interface Body {
  readonly inputs: readonly ModelInput[]
  readonly outputs: readonly ModelOutput[]
  readonly values: readonly GraphOutput[]
  readonly scale: Scale
  readonly graph: Graph
}

/** The record of `train`, or undefined where the model has none. */
export function trainPlan(context: ModelContext, body: Body): TrainPlan | undefined {
  const reader = readerOf(context, 'train')
  if (!reader) return undefined
  const sizes = readSizes(reader, body.inputs)
  checkBoundaries(context, reader, sizes)
  const m = reader.has('m') ? reader.perItem(reader.expression('m'), ['epoch', 'epochs']) : scaleOf(body.scale, reader)
  checkDraw(m, body.scale, reader.spanOf('m'))
  const epochs = reader.int('epochs', 1)
  const degrade = reader.degradation()
  checkBlur(
    degrade,
    { m: rangeOf(m, {}) ?? limits(body.scale), epoch: [0, epochs - 1], epochs: [epochs, epochs] },
    reader.spanOf('degrade'),
  )
  return {
    sizes,
    m,
    degrade,
    augment: reader.has('augment') ? reader.operations(reader.items('augment'), ['flip_x', 'flip_y', 'transpose'], []) : [],
    objectives: objectives(context, reader, body),
    epochs,
    repeat: reader.int('repeat', 1),
  }
}

/** The record of `evaluate`, or undefined where the model has none. */
export function evaluatePlan(context: ModelContext, body: Body, train: TrainPlan | undefined): EvaluatePlan | undefined {
  const reader = readerOf(context, 'evaluate')
  if (!reader) return undefined
  const fixed = body.scale.kind === 'fixed' ? body.scale.value : undefined
  const plan = reader.evaluatePlan(fixed, train?.degrade ?? [{ op: 'resize', kernel: 'bicubic' }])
  const [least, most] = limits(body.scale)
  for (const m of plan.m)
    if (m < least || m > most)
      fail('out-of-range', { name: 'm', range: `${least} .. ${most}`, given: String(m) }, reader.spanOf('m'))
  return plan
}

/** Whether an input of the model has an axis of this name. */
const isInputSize = ({ unit }: ModelContext, name: string): boolean =>
  unit.declaration.body.some(
    (statement) =>
      statement.kind === 'input' &&
      statement.type.axes.some((axis) => axis.kind === 'size' && axis.size.kind === 'name' && axis.size.name === name),
  )

/** The fields of a record with everything applied; they are closed. */
function readerOf(context: ModelContext, record: 'train' | 'evaluate'): FieldReader | undefined {
  const declared = context.unit[record]
  if (!declared) return undefined
  const accepted = record === 'train' ? [...trainFields, ...context.slots.keys()] : evaluateFields
  const fields = new Map<string, ScopedField>()
  for (const field of declared.record.fields) {
    const [name, deeper] = field.path as [Name, Name | undefined]
    if (deeper || !accepted.includes(name.text)) {
      const useful = accepted.filter((each) => !sizeFields.includes(each) || isInputSize(context, each))
      fail('unknown-field', { record, name: pathText(field.path), near: nearest(name.text, useful), accepted: useful }, name.span)
    }
    if (fields.has(name.text)) fail('duplicate-name', { name: name.text, what: `given in ${record}` }, name.span)
    fields.set(name.text, { value: field.value, span: field.span, origin: 'default' })
  }
  for (const [path, { expression, span, origin }] of context.overrides) {
    const [head, name, ...rest] = path.split('.')
    if (head === record && rest.length === 0) fields.set(name!, { value: expression, span, origin })
  }
  for (const [name, field] of fields)
    if (!isRecord(field.value))
      context.values.push({ path: `${record}.${name}`, value: context.textOf(field.value), origin: field.origin })
  return new FieldReader(record, fields, context.parameters, context.e, declared.span)
}

/** How large every size of the inputs is in training; no other size is given. */
function readSizes(reader: FieldReader, inputs: readonly ModelInput[]): Record<string, number> {
  const names = [...new Set(inputs.flatMap((input) => input.shape.flatMap(symbols)))]
  for (const name of names) if (!reader.has(name)) fail('unbound-dim', { record: 'train', dim: name }, reader.span)
  for (const name of sizeFields)
    if (reader.has(name) && !names.includes(name))
      fail('unknown-field', { record: 'train', name, near: [], accepted: names }, reader.spanOf(name), {
        help: `no input of the model is ${name} large`,
      })
  return Object.fromEntries(names.map((name) => [name, reader.int(name)]))
}

/** Conditions on a picture's size are tested against the sizes of training, before anything runs. */
function checkBoundaries(context: ModelContext, reader: FieldReader, sizes: Readonly<Record<string, number>>): void {
  for (const { size, least, problem, span } of context.e.builder.checks) {
    const names = symbols(size)
    if (!names.every((name) => name in sizes) || sizeAt(size, sizes) >= least) continue
    const given = names.map((name) => `${name} = ${sizes[name]}`).join(', ')
    fail('window-too-large', { problem: `${problem}; train sets ${given}` }, reader.spanOf(names[0]!), {
      related: [{ span, label: 'asked for here' }],
    })
  }
}

const limits = (scale: Scale): readonly [number, number] =>
  scale.kind === 'range' ? [scale.from, scale.to] : [scale.value, scale.value]

function scaleOf(scale: Scale, reader: FieldReader): PerItem {
  if (scale.kind === 'range') fail('missing-field', { record: 'train', name: 'm' }, reader.span)
  return { kind: 'number', value: scale.value }
}

/** What can be told of a draw before it is drawn lies in the scale's range. */
function checkDraw(m: PerItem, scale: Scale, span: Span): void {
  const [least, most] = limits(scale)
  const ends = m.kind === 'choice' ? m.items : m.kind === 'call' && m.name === 'uniform' ? m.arguments : [m]
  for (const end of ends)
    if (end.kind === 'number' && (end.value < least || end.value > most))
      fail('out-of-range', { name: 'm', range: `${least} .. ${most}`, given: String(end.value) }, span)
}

/** A blur that would be negative for some item stops a run at that item, so it stops here. */
function checkBlur(operations: readonly PictureOperation[], ends: Parameters<typeof rangeOf>[1], span: Span): void {
  for (const operation of operations) {
    const least = operation.op === 'blur' ? rangeOf(operation.sigma, ends)?.[0] : undefined
    if (least !== undefined && least < 0)
      fail('out-of-range', { name: 'the sigma of blur', range: '0 and above', given: `down to ${least}` }, span)
  }
}

/** The model's own objective, and one for each slot that is called in losses only and has a record of its name. */
function objectives(context: ModelContext, reader: FieldReader, body: Body): Objective[] {
  const own = new Set(body.graph.weights.map((weight) => weight.path))
  const main = objective(context, reader, body, undefined)
  const called = new Set(main.graph.weights.filter((weight) => !own.has(weight.path)).map((weight) => weight.path.split('.')[0]!))
  const all = [main]
  for (const slot of context.slots.keys()) {
    const record = reader.fields.get(slot)
    if (called.has(slot) && !record)
      fail('missing-field', { record: 'train', name: slot }, reader.span, {
        help: `${slot} { loss: .., optimizer: .. } says how its weights are trained`,
      })
    if (!record) continue
    if (!isRecord(record.value))
      return fail('attribute-type', { name: slot, takes: 'a record { loss: .., optimizer: .. }', given: 'a value' }, record.span)
    if ([...own].some((path) => path.startsWith(`${slot}.`))) fail('objective-shared', { slot }, record.span)
    // What train.loss does not mention is neither built nor trained; its record may stay.
    if (called.has(slot)) all.push(objective(context, slotReader(context, slot, record), body, slot))
  }
  return all.map((each) => ({
    ...each,
    graph: {
      ...each.graph,
      weights: each.graph.weights.map((weight) =>
        own.has(weight.path) ? weight : { ...weight, group: weight.path.split('.')[0]! },
      ),
    },
  }))
}

function slotReader(context: ModelContext, slot: string, { value, span }: ScopedField): FieldReader {
  const record = `train.${slot}`
  const fields = new Map<string, ScopedField>()
  for (const field of isRecord(value) ? value.fields : []) {
    const name = pathText(field.path)
    if (!objectiveFields.includes(name))
      fail('unknown-field', { record, name, near: nearest(name, objectiveFields), accepted: objectiveFields }, field.span)
    if (fields.has(name)) fail('duplicate-name', { name, what: `given in ${record}` }, field.span)
    fields.set(name, { value: field.value, span: field.span, origin: 'default' })
  }
  for (const name of objectiveFields) {
    const override = context.overrides.get(`${record}.${name}`)
    if (override) fields.set(name, { value: override.expression, span: override.span, origin: override.origin })
  }
  for (const [name, field] of fields)
    if (!isRecord(field.value))
      context.values.push({ path: `${record}.${name}`, value: context.textOf(field.value), origin: field.origin })
  return new FieldReader(record, fields, context.parameters, context.e, span)
}

/** A loss over outputs, inputs and `target` as a graph, with each l1 and mse as an output of its own. */
function objective(context: ModelContext, reader: FieldReader, { outputs, values }: Body, group: string | undefined): Objective {
  const { builder } = context.e
  const expression = reader.expression('loss')
  const target = context.e.builder.inputNamed('target') ?? builder.input('target', f32(targetShape(context, outputs)))
  const all = builder.graph()
  const tensor = (value: number): TensorValue => ({ kind: 'tensor', id: value, ...all.values[value]! })
  const names = new Map<string, Value>([
    ...context.parameters.names,
    ...all.inputs.map((input) => [input.name, tensor(input.value)] as const),
    ...values.map((output) => [output.name, tensor(output.value)] as const),
    ['target', target],
  ])
  const scope: Scope = { ...context.scope, names, places: new Map() }
  const place: Place = {
    scope: '',
    name: 'loss',
    labels: ownerLabels([expression], false, context.unit.file, new Set(context.slots.keys())),
  }
  const loss = asTensor(evaluate(expression, scope, place, context.e), 'loss', expression.span)
  if (loss.shape.length !== 0)
    fail('loss-shape', { problem: `a loss is a number; this is ${shapeText(loss)}` }, expression.span, {
      help: 'l1(a, b) and mse(a, b) are numbers',
    })
  const terms = callsIn(expression)
    .filter((call) => call.callee.text === 'l1' || call.callee.text === 'mse')
    .map((call) => ({
      name: context.textOf(call),
      value: asTensor(evaluate(call, scope, place, context.e), 'loss', call.span).id,
    }))
  const full = builder.graph()
  return {
    graph: subgraph(full, full.inputs, [{ name: 'loss', value: loss.id }, ...terms]),
    terms: terms.map((term) => term.name),
    ...(group && { group }),
    optimizer: reader.optimizer(),
    schedule: reader.schedule(),
    every: reader.int('every', 1),
  }
}

function targetShape(context: ModelContext, outputs: readonly ModelOutput[]): TensorValue['shape'] {
  const output = outputs.find((candidate) => candidate.role === 'samples' || candidate.role === 'image')
  return (
    output?.shape ??
    fail('role-missing', { model: context.name, role: 'samples or image output to train on' }, context.unit.declaration.name.span)
  )
}
