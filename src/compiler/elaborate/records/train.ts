import { Consequence, fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import { subgraph, type Graph, type GraphOutput } from '../../ir/graph.ts'
import { lossNames } from '../../ops/loss.ts'
import { f32, type TensorValue } from '../../ops/op.ts'
import {
  momentNames,
  type EvaluatePlan,
  type ModelInput,
  type ModelOutput,
  type Objective,
  type PerItem,
  type PictureOperation,
  type Scale,
  type TrainPlan,
} from '../../plan.ts'
import { evaluate as sizeAt, mostExact, notExact, symbols } from '../../shapes/size.ts'
import {
  isRecord,
  mentioned,
  pathText,
  type Expression,
  type LetStatement,
  type Name,
  type Record as FieldRecord,
} from '../../syntax/tree.ts'
import { whole } from '../attempt.ts'
import type { ModelContext } from '../context.ts'
import { asTensor, evaluate } from '../evaluate.ts'
import { elaborateStatement } from '../calls/call-module.ts'
import { callsIn, ownerLabels } from '../calls/owners.ts'
import { degradations, augmentations, fieldNames, sizeFields } from './fields.ts'
import { checkDrawn, checkSizes, operations, requireResize } from './operations.ts'
import { readClip, readOptimiser, readSchedule } from './optimiser.ts'
import { rangeOf } from '../../per-item.ts'
import { perItem } from './per-item.ts'
import { readEvaluate, usualScales } from './evaluate.ts'
import { readShares, withShares } from './rates.ts'
import { FieldReader, wordOf, type ScopedField } from './reader.ts'
import { limits, rangeText } from './scale.ts'
import { forgive, type Place, type Scope } from '../values/scope.ts'
import { failed, shapeText, type Value } from '../values/values.ts'

/** What the body of the model gave. */
export interface Body {
  readonly inputs: readonly ModelInput[]
  readonly outputs: readonly ModelOutput[]
  readonly values: readonly GraphOutput[]
  /** Undefined where it could not be read. */
  readonly scale: Scale | undefined
  /** Whether all inputs and outputs are there. */
  readonly isWhole: boolean
  readonly graph: Graph
}

/** The record of `train`, or undefined where the model has none. */
export function trainPlan(context: ModelContext, body: Body): TrainPlan | undefined {
  const reader = readerOf(context, 'train')
  if (!reader) return undefined
  const read = <T>(field: () => T): T | undefined => context.attempt(field)
  const sizes = read(() => readSizes(context, reader, body.inputs))
  if (sizes) read(() => checkBoundaries(context, reader, sizes))
  const m = read(() =>
    reader.has('m') ? perItem(reader, reader.expression('m'), ['epoch', 'epochs']) : scaleOf(body.scale, reader),
  )
  if (m) read(() => checkDraw(m, body.scale, reader.spanOf('m')))
  const epochs = read(() => reader.int('epochs'))
  const degrade = read(() => readDegrade(reader))
  const augment = read(() => operations(reader, reader.items('augment'), augmentations, itemVariables))
  if (m && epochs !== undefined) {
    const ends = { m: rangeOf(m, {}) ?? limits(body.scale), epoch: [0, epochs - 1], epochs: [epochs, epochs] } as const
    if (degrade)
      read(() => {
        checkDrawn(degrade, ends, reader.spanOf('degrade'))
        requireResize(degrade, body.scale, reader.spanOf('degrade'))
      })
    if (augment) read(() => checkDrawn(augment, ends, reader.spanOf('augment')))
  }
  const steps = read(() => (reader.has('steps') ? reader.int('steps') : undefined))
  const ema = read(() => readEma(reader))
  const shares = read(() => readShares(reader))
  const isHalf = read(() => readPrecision(reader)) === 'bf16'
  const plan = whole<TrainPlan>({
    sizes,
    m,
    degrade,
    augment,
    objectives: read(() => {
      const { length: before } = context.e.builder.checks
      const all = objectives(context, reader, body)
      if (sizes) context.attempt(() => checkBoundaries(context, reader, sizes, before))
      return body.isWhole && shares ? withShares(all, context.name, shares) : all
    }),
    rates: shares && Object.fromEntries(shares.map(({ path, share }) => [path, share])),
    epochs,
    repeat: read(() => reader.int('repeat')),
    accumulate: read(() => reader.int('accumulate')),
  })
  return {
    ...plan,
    ...(steps !== undefined && { steps }),
    ...(steps !== undefined && !reader.has('epochs') && { epochsFollow: true as const }),
    ...(ema !== undefined && { ema }),
    ...(isHalf && { precision: 'bf16' as const }),
  }
}

/** The record of `evaluate`, or what holds without one. */
export function evaluatePlan(context: ModelContext, body: Body, train: TrainPlan | undefined): EvaluatePlan {
  const reader = readerOf(context, 'evaluate')
  const learned = train?.degrade ?? readDegrade(unwritten(context, 'train'))
  const degrade = reader?.has('degrade') ? context.attempt(() => readOwn(reader, body.scale)) : learned
  if (!degrade) throw new Consequence()
  return reader
    ? readEvaluate(reader, body.scale, degrade)
    : readEvaluate(unwritten(context, 'evaluate'), body.scale, degrade, usualScales(body.scale))
}

function readPrecision(reader: FieldReader): string {
  const expression = reader.expression('precision')
  const word = wordOf(expression)
  if (word !== 'float32' && word !== 'bf16')
    fail('attribute-value', { name: 'precision', accepted: 'float32 or bf16', given: reader.textOf(expression) }, expression.span)
  return word
}

/** `ema: 0.999`; undefined for none. */
function readEma(reader: FieldReader): number | undefined {
  const expression = reader.expression('ema')
  if (expression.kind === 'name' && expression.name === 'none') return undefined
  const share = reader.number(expression, 'ema')
  if (!(share > 0 && share < 1))
    fail('attribute-value', { name: 'ema', accepted: 'above 0 and below 1, or none', given: String(share) }, expression.span)
  return share
}

/** What may be read by what is drawn per item. */
const itemVariables = ['m', 'epoch', 'epochs']

function readDegrade(reader: FieldReader): PictureOperation[] {
  const degrade = operations(reader, reader.items('degrade'), degradations, itemVariables)
  checkSizes(degrade, reader.spanOf('degrade'))
  return degrade
}

/** The degradation that stands in `evaluate` itself. */
function readOwn(reader: FieldReader, scale: Scale | undefined): PictureOperation[] {
  const degrade = readDegrade(reader)
  checkDrawn(degrade, { m: limits(scale), epoch: [0, 0], epochs: [1, 1] }, reader.spanOf('degrade'))
  requireResize(degrade, scale, reader.spanOf('degrade'))
  return degrade
}

/** A record that the model does not have: its fields are their defaults. */
const unwritten = (context: ModelContext, record: 'train' | 'evaluate'): FieldReader =>
  new FieldReader(record, record, new Map(), true, context, context.unit.declaration.name.span)

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
  const accepted = [...fieldNames(record), ...(record === 'train' ? context.slots.keys() : [])]
  const useful = accepted.filter((each) => !sizeFields.includes(each) || isInputSize(context, each))
  const { fields, isKnown } = fieldsOf(context, record, declared.record, accepted, useful)
  for (const [path, { expression, span, origin }] of context.overrides) {
    const [head, name, ...rest] = path.split('.')
    if (head === record && rest.length === 0) fields.set(name!, { value: expression, span, origin })
  }
  for (const [name, field] of fields)
    if (!isRecord(field.value))
      context.values.push({ path: `${record}.${name}`, value: context.textOf(field.value), origin: field.origin })
  return new FieldReader(record, record, fields, isKnown, context, declared.span)
}

/** The fields that a record may have, each once; of one that is unknown nobody knows what it was meant to be. */
function fieldsOf(
  context: ModelContext,
  record: string,
  written: FieldRecord,
  accepted: readonly string[],
  useful = accepted,
): { fields: Map<string, ScopedField>; isKnown: boolean } {
  const fields = new Map<string, ScopedField>()
  let isKnown = true
  for (const { path, value, span } of written.fields) {
    const [name, deeper] = path as [Name, Name | undefined]
    if (deeper || !accepted.includes(name.text)) {
      isKnown = false
      context.attempt(() =>
        fail('unknown-field', { record, name: pathText(path), near: nearest(name.text, useful), accepted: useful }, name.span),
      )
    } else if (fields.has(name.text))
      context.attempt(() => fail('duplicate-name', { name: name.text, what: `given in ${record}` }, name.span))
    else fields.set(name.text, { value, span, origin: { by: 'default' } })
  }
  return { fields, isKnown }
}

/** How large every size of the inputs is in training; no other size is given. */
function readSizes(context: ModelContext, reader: FieldReader, inputs: readonly ModelInput[]): Record<string, number> {
  const names = [...new Set(inputs.flatMap((input) => input.shape.flatMap(symbols)))]
  const isKnown = inputs.length === context.unit.declaration.body.filter((statement) => statement.kind === 'input').length
  if (!isKnown) names.push(...sizeFields.filter((name) => reader.has(name) && !names.includes(name)))
  for (const name of sizeFields)
    if (reader.has(name) && !names.includes(name))
      context.attempt(() =>
        fail('unknown-field', { record: 'train', name, near: [], accepted: names }, reader.spanOf(name), {
          help: `no input of the model is ${name} large`,
        }),
      )
  const sizeOf = (name: string): number => {
    if (!reader.has(name) && reader.isKnown) fail('unbound-dim', { record: 'train', dim: name }, reader.span)
    return reader.int(name)
  }
  const sizes = whole<Record<string, number>>(
    Object.fromEntries(names.map((name) => [name, context.attempt(() => sizeOf(name))])),
  )
  for (const { name, shape } of inputs)
    if (shape.reduce((product, size) => product * sizeAt(size, sizes), 1) > mostExact)
      fail(
        'too-large',
        { problem: notExact(`the number of values in a batch of ${name}`).message },
        reader.spanOf(symbols(shape[0]!)[0] ?? ''),
      )
  return sizes
}

/** Conditions on a picture's size are tested against the sizes of training, before anything runs. */
function checkBoundaries(context: ModelContext, reader: FieldReader, sizes: Readonly<Record<string, number>>, from = 0): void {
  for (const { size, least, problem, span } of context.e.builder.checks.slice(from)) {
    const names = symbols(size)
    if (!names.every((name) => Object.hasOwn(sizes, name)) || sizeAt(size, sizes) >= least) continue
    const given = names.map((name) => `${name} = ${sizes[name]}`).join(', ')
    fail('window-too-large', { problem: `${problem}; train sets ${given}` }, reader.spanOf(names[0]!), {
      related: [{ span, label: 'asked for here' }],
    })
  }
}

function scaleOf(scale: Scale | undefined, reader: FieldReader): PerItem {
  if (!scale || !reader.isKnown) throw new Consequence()
  if (scale.kind === 'range') fail('missing-field', { record: 'train', name: 'm' }, reader.span)
  return { kind: 'number', value: scale.value }
}

/** What can be told of a draw before it is drawn lies in the scale's range. */
function checkDraw(m: PerItem, scale: Scale | undefined, span: Span): void {
  const [least, most] = limits(scale)
  const ends = m.kind === 'choice' ? m.items : m.kind === 'call' && m.name === 'uniform' ? m.arguments : [m]
  for (const end of ends)
    if (end.kind === 'number' && (end.value < least || end.value > most))
      fail('out-of-range', { name: 'm', range: rangeText(least, most), given: String(end.value) }, span)
}

/** The model's own objective, and one for each slot that is called in losses only and has a record of its name. */
function objectives(context: ModelContext, reader: FieldReader, body: Body): Objective[] {
  const own = new Set(body.graph.weights.map((weight) => weight.path))
  const { record } = context.unit.train!
  const shared = withLets(context, lossScope(context, body), record.lets ?? [], 'loss')
  const main = context.attempt(() => objective(context, reader, shared, undefined))
  // Where the weights of the loss are not known, the slots that have a record and stand in its text.
  const called = new Set(
    main && body.isWhole
      ? main.graph.weights.filter((weight) => !own.has(weight.path) && !weight.frozen).map((weight) => weight.path.split('.')[0]!)
      : callsIn(reader.expression('loss')).flatMap((call) => (reader.has(call.callee.text) ? [call.callee.text] : [])),
  )
  context.attempt(() => main && ownNothing(context, own, main, reader.spanOf('loss')))
  const others = [...context.slots.keys()].map((slot) =>
    context.attempt(() => {
      const record = reader.fields.get(slot)
      const { frozen } = context.slots.get(slot)!
      if (frozen && record) fail('slot-frozen', { slot }, record.span, { related: [{ span: frozen.span, label: 'said here' }] })
      if (frozen) return []
      if (called.has(slot) && !record)
        fail('missing-field', { record: 'train', name: slot }, reader.span, {
          help: `${slot} { loss: .., optimizer: .. } says how its weights are trained; slot ${slot} frozen: .. takes them from a file and leaves them as they are`,
        })
      if (!record) return []
      if (!isRecord(record.value))
        fail('attribute-type', { name: slot, takes: 'a record { loss: .., optimizer: .. }', given: 'a value' }, record.span)
      if ([...own].some((path) => path.startsWith(`${slot}.`))) fail('objective-shared', { slot }, record.span)
      // What train.loss does not mention is neither built nor trained; its record may stay.
      if (!called.has(slot)) return []
      const made = objective(
        context,
        slotReader(context, slot, record.value, record.span),
        withLets(context, shared, record.value.lets ?? [], `${slot}.loss`),
        slot,
      )
      ownNothing(context, own, made, record.span)
      return [made]
    }),
  )
  return whole<readonly Objective[][]>([main && [main], ...others])
    .flat()
    .map((each) => ({
      ...each,
      graph: {
        ...each.graph,
        weights: each.graph.weights.map((weight) =>
          own.has(weight.path) ? weight : { ...weight, group: weight.path.split('.')[0]! },
        ),
      },
    }))
}

/** Weights in a loss are those of slots: what is called by itself would be another network at each call, and nothing would train it. */
function ownNothing(context: ModelContext, own: ReadonlySet<string>, { graph }: Objective, span: Span): void {
  const stray = graph.weights.find(({ path }) => !own.has(path) && !context.slots.has(path.split(/[.[]/)[0]!))
  if (stray)
    fail('loss-weights', { path: stray.path }, graph.nodes.find(({ weights }) => weights.includes(stray.path))?.span ?? span, {
      help: 'give it a slot, trained by a record of its own or frozen: slot seen frozen: [B, H, W, 3] -> [B, ?y, ?x, ?c] = VGG19()',
    })
}

function slotReader(context: ModelContext, slot: string, written: FieldRecord, span: Span): FieldReader {
  const record = `train.${slot}`
  const { fields, isKnown } = fieldsOf(context, record, written, fieldNames('objective'))
  for (const name of fieldNames('objective')) {
    const override = context.overrides.get(`${record}.${name}`)
    if (override) fields.set(name, { value: override.expression, span: override.span, origin: override.origin })
  }
  for (const [name, field] of fields)
    if (!isRecord(field.value))
      context.values.push({ path: `${record}.${name}`, value: context.textOf(field.value), origin: field.origin })
  return new FieldReader('objective', record, fields, isKnown, context, span)
}

/** What losses see: the names of the model's inputs, outputs and parameters, `target`, and lets that are made of them. */
interface LossScope {
  readonly scope: Scope
  readonly lets: readonly LetStatement[]
}

function lossScope(context: ModelContext, body: Body): LossScope {
  const { builder } = context.e
  const target = context.attempt(() => builder.inputNamed('target') ?? builder.input('target', f32(targetShape(context, body))))
  const { inputs, values } = body.graph
  const tensor = (value: number): TensorValue => ({ kind: 'tensor', id: value, ...values[value]! })
  const names = new Map<string, Value>([
    ...context.parameters.names,
    ...declaredNames(context).map((name) => [name, failed] as const),
    ...inputs.map((input) => [input.name, tensor(input.value)] as const),
    ...body.values.map((output) => [output.name, tensor(output.value)] as const),
    ['target', target ?? failed],
  ])
  return { scope: { ...context.scope, names, places: new Map() }, lets: [] }
}

/** The same with further lets; what one of them gets wrong is not reported again where its names are used. */
function withLets(context: ModelContext, { scope, lets }: LossScope, more: readonly LetStatement[], path: string): LossScope {
  const inner: Scope = { ...scope, names: new Map(scope.names) }
  for (const statement of more) {
    const isRight = context.attempt(() => {
      const reserved = statement.names.find(({ text }) => text === 'loss' || (momentNames as readonly string[]).includes(text))
      if (reserved) fail('duplicate-name', { name: reserved.text, what: 'what every loss has' }, reserved.span)
      readMoments(context, inner, statement.value)
      elaborateStatement(statement, path, inner, context.e)
      return true
    })
    if (!isRight) forgive(inner, statement, [])
  }
  return { scope: inner, lets: [...lets, ...more] }
}

/** Makes `step`, `steps`, `epoch` and `epochs` inputs of the graph where an expression reads them and they are nothing else. */
function readMoments({ e: { builder } }: ModelContext, { names, sizes }: Scope, expression: Expression): void {
  const read = new Set<string>()
  mentioned(expression, read)
  for (const name of momentNames)
    if (read.has(name) && !names.has(name) && !sizes.has(name))
      names.set(name, builder.inputNamed(name) ?? builder.input(name, f32([])))
}

/** A loss over outputs, inputs and `target` as a graph, with what is reported of it: lets that are numbers, and each comparison. */
function objective(context: ModelContext, reader: FieldReader, seen: LossScope, group: string | undefined): Objective {
  const lowered = context.attempt(() => lowerLoss(context, reader.expression('loss'), seen))
  const clip = context.attempt(() => readClip(reader))
  const parts = whole<Pick<Objective, 'graph' | 'terms' | 'optimizer' | 'schedule' | 'warmup' | 'every'>>({
    graph: lowered?.graph,
    terms: lowered?.terms,
    optimizer: context.attempt(() => readOptimiser(reader)),
    schedule: context.attempt(() => readSchedule(reader)),
    warmup: context.attempt(() => reader.int('warmup', 0)),
    every: context.attempt(() => (group === undefined ? 1 : reader.int('every'))),
  })
  return { ...parts, ...(clip && { clip }), ...(group && { group }) }
}

function lowerLoss(
  context: ModelContext,
  expression: Expression,
  { scope, lets }: LossScope,
): Pick<Objective, 'graph' | 'terms'> {
  const { builder } = context.e
  readMoments(context, scope, expression)
  const place: Place = {
    scope: '',
    name: 'loss',
    labels: ownerLabels([expression], false, scope, context.e.paths),
  }
  const loss = asTensor(evaluate(expression, { scope, place, e: context.e }), 'loss', expression.span)
  if (loss.shape.length !== 0)
    fail('loss-shape', { problem: `a loss is a number; this is ${shapeText(loss)}` }, expression.span, {
      help: 'l1(a, b) and mse(a, b) are numbers, and so is mean(x, axis: ..) over all axes',
    })
  const terms = [
    ...numbersIn(expression, scope, lets),
    ...callsIn(expression)
      .filter((call) => lossNames.includes(call.callee.text))
      .map((call) => ({
        name: context.textOf(call),
        value: asTensor(evaluate(call, { scope, place, e: context.e }), 'loss', call.span).id,
      })),
  ]
  const full = builder.graph()
  return {
    graph: subgraph(full, full.inputs, [{ name: 'loss', value: loss.id }, ...terms]),
    terms: terms.map((term) => term.name),
  }
}

/** The lets that a loss needs, directly or through others, and that are numbers. */
function numbersIn(expression: Expression, { names }: Scope, lets: readonly LetStatement[]): GraphOutput[] {
  const needed = new Set<string>()
  mentioned(expression, needed)
  for (const statement of lets.toReversed())
    if (statement.names.some(({ text }) => needed.has(text))) mentioned(statement.value, needed)
  return lets
    .flatMap((statement) => statement.names)
    .flatMap(({ text }) => {
      const value = names.get(text)
      const isNumber = value?.kind === 'tensor' && value.shape.length === 0 && value.dtype === 'f32'
      return needed.has(text) && isNumber ? [{ name: text, value: value.id }] : []
    })
}

/** Names of inputs and outputs; those that are not there were mistakes. */
const declaredNames = ({ unit }: ModelContext): string[] =>
  unit.declaration.body.flatMap((statement) =>
    (statement.kind === 'input' || statement.kind === 'output') && statement.name ? [statement.name.text] : [],
  )

function targetShape(context: ModelContext, { outputs, isWhole }: Body): TensorValue['shape'] {
  const output = outputs.find((candidate) => candidate.role === 'samples' || candidate.role === 'image')
  if (output) return output.shape
  if (!isWhole) throw new Consequence()
  return fail('role-missing', { model: context.name, role: 'samples or image output to train on' }, context.unit.declaration.name.span) // prettier-ignore
}
