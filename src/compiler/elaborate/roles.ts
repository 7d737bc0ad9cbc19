import { Consequence, fail } from '../diagnostics/catalogue.ts'
import type { Fix } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import type { DType, TensorType } from '../ir/graph.ts'
import { typed } from '../ops/op.ts'
import { isPerQuery, type InputRole, type ModelInput, type ModelOutput, type OutputRole, type PictureOperation } from '../plan.ts'
import { asInteger, compare, constant, format, mod, sub, symbol, type Size } from '../shapes/size.ts'
import type { Condition, Expression, Name, Role, Statement, TensorType as WrittenType } from '../syntax/tree.ts'
import type { ModelContext } from './context.ts'
import { evaluate } from './evaluate.ts'
import { factual, type Facts } from './values/facts.ts'
import { checkSizes, operations } from './records/operations.ts'
import { FieldReader } from './records/reader.ts'
import { axesOf, sizeOf } from './values/tensor-types.ts'
import { failed, isInteger, shapeText, show } from './values/values.ts'
import { nowhere } from './values/scope.ts'

type InputStatement = Extract<Statement, { kind: 'input' }>
type OutputStatement = Extract<Statement, { kind: 'output' }>

const inputRoles: readonly InputRole[] = ['image', 'enlarged', 'coordinates', 'cell', 'scale', 'compression']
const outputRoles: readonly OutputRole[] = ['samples', 'image', 'features', 'inspect']

interface RoleShape {
  readonly takes: string
  holds(shape: readonly Size[]): boolean
  /** Channels stand last. */
  readonly isPicture?: true
}

const ranked = (rank: number, takes: string, last?: number): RoleShape => ({
  takes,
  holds: (shape) => shape.length === rank && (last === undefined || asInteger(shape.at(-1)!) === last),
})
/** Red, green and blue, or luma. */
const isColours = (channels: Size): boolean => [1, 3].includes(asInteger(channels) ?? 0)
const pictured = (takes: string): RoleShape => ({
  takes,
  holds: (shape) => shape.length === 4 && isColours(shape[3]!),
  isPicture: true,
})

const oncePerPicture: RoleShape = {
  takes: '[B], or B and ones behind it',
  holds: (shape) => shape.length > 0 && shape.slice(1).every((size) => asInteger(size) === 1),
}

/** What a role's tensor looks like (docs/language.md, Roles); `inspect` may be anything. */
const shapes: { readonly [role in InputRole | OutputRole]?: RoleShape } = {
  image: pictured('[B, h, w, c], c 3 for red, green, blue or 1 for luma'),
  enlarged: pictured('[B, H, W, c], c 3 for red, green, blue or 1 for luma'),
  coordinates: ranked(3, '[B, q, 2]', 2),
  cell: {
    takes: '[B, q, 2], or [B, 2] once for the picture',
    holds: (shape) => (shape.length === 3 || shape.length === 2) && asInteger(shape.at(-1)!) === 2,
  },
  scale: oncePerPicture,
  compression: oncePerPicture,
  samples: {
    takes: '[B, q, c], c 3 for red, green, blue or 1 for luma',
    holds: (shape) => shape.length === 3 && isColours(shape[2]!),
  },
  features: ranked(2, '[B, n]'),
}

/** Declares one input of a model: binds its sizes, reads its role, and notes its conditions as checks of every picture. */
export function declareInput(context: ModelContext, statement: InputStatement, facts: Facts): ModelInput {
  const { scope, e } = context
  const { name, type, role } = statement
  if (scope.names.has(name.text)) fail('duplicate-name', { name: name.text, what: 'defined here' }, name.span)
  const shape = type.axes.map((axis): Size => {
    if (axis.kind !== 'size') return fail('unknown-dim', { name: axis.kind === 'leading' ? '..' : '?', near: [] }, axis.span)
    if (axis.size.kind !== 'name' || scope.names.has(axis.size.name)) return sizeOf(axis.size, scope, e)
    const size = scope.sizes.get(axis.size.name) ?? factual(axis.size.name, facts)
    scope.sizes.set(axis.size.name, size)
    return size
  })
  const value = e.builder.input(name.text, typed(shape, (type.dtype?.text ?? 'f32') as DType), name.span)
  scope.names.set(name.text, value)
  e.builder.name(name.text, value)
  statement.where.forEach((condition) => noteCondition(context, condition, facts))
  if (!role) {
    const help = `say ${inputRoles.map((candidate) => `as ${candidate}`).join(', ')} behind its shape`
    return fail('role-missing', { model: context.name, role: `role for ${name.text}` }, name.span, { help })
  }
  const kind = role.name.text as InputRole
  if (!inputRoles.includes(kind))
    fail('role-unknown', { name: kind, near: nearest(kind, inputRoles), accepted: inputRoles }, role.name.span)
  if (!context.attempt(() => checkShape(context, kind, shape, statement))) {
    scope.names.set(name.text, failed)
    throw new Consequence()
  }
  if (kind === 'enlarged' && !role.by) fail('missing-attribute', { callee: 'enlarged', name: 'by [..]' }, role.span)
  const by = role.by && enlargement(context, role.by)
  return { name: name.text, role: kind, shape, range: rangeOf(context, role), ...(by && { by }) }
}

function enlargement(context: ModelContext, expression: Expression): PictureOperation[] {
  const reader = new FieldReader('train', 'enlarged', new Map(), true, context, expression.span)
  const by = operations(reader, expression.kind === 'list' ? expression.items : [expression], ['resize', 'blur'], ['m'])
  checkSizes(by, expression.span)
  return by
}

/** `in 0 .. 1`: where 0 and 255 of the picture go. */
function rangeOf(context: ModelContext, role: Role): readonly [number, number] {
  if (!role.range) return [-1, 1]
  const [from, to] = [role.range.from, role.range.to].map((expression) => {
    const value = evaluate(expression, { scope: context.parameters, place: nowhere, e: context.e })
    return value.kind === 'number'
      ? value.value
      : fail('attribute-type', { name: 'in', takes: 'numbers', given: show(value) }, expression.span)
  }) as [number, number]
  if (!(from < to)) fail('attribute-value', { name: 'in', accepted: 'a range that grows', given: `${from} .. ${to}` }, role.span)
  return [from, to]
}

function checkShape(
  context: ModelContext,
  role: InputRole | OutputRole,
  shape: readonly Size[],
  { name, type }: { readonly name: Name; readonly type: WrittenType },
): true {
  const expected = shapes[role]
  if (!expected) return true
  const { takes, isPicture } = expected
  if (expected.holds(shape)) return true
  return fail('role-shape', { role, takes, name: name.text, given: `[${shape.map(format).join(', ')}]` }, name.span, {
    fixes: isPicture ? channelsLast(context, shape, type) : [],
  })
}

/** Writes `[B, 3, h, w]` as `[B, h, w, 3]`. */
function channelsLast(context: ModelContext, shape: readonly Size[], { axes }: WrittenType): Fix[] {
  const [, channels, height, width] = axes.map(({ span }) => context.textOf({ kind: 'name', name: '', span }))
  if (shape.length !== 4 || axes.length !== 4 || asInteger(shape[1]!) === undefined) return []
  const text = `${height}, ${width}, ${channels}`
  return [
    { title: `write ${text} for the last three axes`, edits: [{ span: { ...axes[1]!.span, end: axes[3]!.span.end }, text }] },
  ]
}

/** A model's `where` is a check of every picture. */
function noteCondition(context: ModelContext, condition: Condition, facts: Facts): void {
  const { left, operator, right, span } = condition
  const { scope, e } = context
  const problem = `${context.name} asks for ${context.textOf({ kind: 'name', name: '', span })}`
  if (operator === '>=') {
    e.builder.check({ size: sub(sizeOf(left, scope, e), sizeOf(right, scope, e)), least: 0, problem, span })
    return
  }
  const rest = evaluate(right, { scope, place: nowhere, e })
  const by = left.kind === 'binary' && left.operator === '%' ? evaluate(left.right, { scope, place: nowhere, e }) : undefined
  if (left.kind !== 'binary' || !by || !isInteger(by) || by.value < 1 || !isInteger(rest) || rest.value !== 0)
    return fail('static-value', { problem: 'where takes only a % n == 0 and a >= n' }, span)
  // A fact is used as true while shapes are proved; what is checked is the plain symbol.
  const size = left.left.kind === 'name' && facts.has(left.left.name) ? symbol(left.left.name) : sizeOf(left.left, scope, e)
  e.builder.check({ size: sub(constant(0), mod(size, by.value)), least: 0, problem, span })
}

/** `value` is missing where it could not be computed. */
export function declareOutput(context: ModelContext, statement: OutputStatement, value: TensorType | undefined): ModelOutput {
  const { name, role } = statement
  if (!name) return fail('role-missing', { model: context.name, role: 'name for this output' }, statement.span)
  if (!role) {
    const help = `say ${outputRoles.map((candidate) => `as ${candidate}`).join(', ')} behind its shape`
    return fail('role-missing', { model: context.name, role: `role for ${name.text}` }, name.span, { help })
  }
  const kind = role.name.text as OutputRole
  if (!outputRoles.includes(kind))
    fail('role-unknown', { name: kind, near: nearest(kind, outputRoles), accepted: outputRoles }, role.name.span)
  const range = rangeOf(context, role)
  const shape = value?.shape ?? axesOf(statement.type, context.scope, context.e).flatMap(({ size }) => size ?? [])
  checkShape(context, kind, shape, { name, type: statement.type })
  if (!value) throw new Consequence()
  return { name: name.text, role: kind, shape, range }
}

/** What must be there once: a picture to begin with, and one output that is trained on, or features. */
export function checkRoles(context: ModelContext, inputs: readonly ModelInput[], outputs: readonly ModelOutput[]): void {
  const { name: model } = context
  const { span } = context.unit.declaration.name
  const count = (role: OutputRole): number => outputs.filter((output) => output.role === role).length
  const made = count('samples') + count('image')
  if (made > 1 || (made === 1) === count('features') > 0)
    fail(
      'role-count',
      {
        model,
        takes: 'one samples or image output, or one or more features',
        given: `${made} samples or image and ${count('features')} features`,
      },
      span,
    )
  for (const role of inputRoles) {
    const given = inputs.filter((input) => input.role === role)
    // A cell may stand for each query, and once for the picture.
    const isTwice = given.some((input, at) => given.findIndex((other) => isPerQuery(other) === isPerQuery(input)) < at)
    if (isTwice) fail('role-count', { model, takes: `one input as ${role}`, given: String(given.length) }, span)
  }
  if (!inputs.some((input) => input.role === 'image' || input.role === 'enlarged'))
    fail('role-missing', { model, role: 'input as image or enlarged' }, span)
  const samples = outputs.find((output) => output.role === 'samples')
  if (!samples) return
  const coordinates = inputs.find((input) => input.role === 'coordinates')
  if (!coordinates) return fail('role-missing', { model, role: 'input as coordinates, which samples need' }, span)
  if (compare(samples.shape[1]!, coordinates.shape[1]!) !== 'equal') {
    const takes = `one a query of ${coordinates.name}: ${shapeText({ shape: [...coordinates.shape.slice(0, 2), samples.shape[2]!], dtype: 'f32' })}`
    fail(
      'role-shape',
      { role: 'samples', takes, name: samples.name, given: shapeText({ shape: samples.shape, dtype: 'f32' }) },
      span,
    )
  }
}
