import { compare, constant, divide, divisible, asInteger, atLeast, equality, format, mul, symbol, symbols } from './size.ts'
import type { Size } from './size.ts'

/** A part of a pattern: UTF-16 offsets within its string, `end` exclusive. */
interface Place {
  readonly start: number
  readonly end: number
}

export interface PatternError extends Place {
  readonly kind: 'pattern-syntax'
  readonly message: string
}

/** Why a pattern does not fit the shapes. `start` and `end` say which part of the pattern is meant. */
export type PlanError =
  | PatternError
  | (Place & { readonly kind: 'pattern-mismatch'; readonly message: string })
  | (Place & {
      readonly kind: 'shape-mismatch'
      readonly message: string
      readonly axis: string
      readonly sizes: readonly [Size, Size]
    })
  | (Place & {
      readonly kind: 'shape-unknown'
      readonly claim: string
      /** The names in it. */
      readonly names: readonly string[]
      readonly axis: string
      readonly sizes: readonly [Size, Size]
    })
  | (Place & {
      readonly kind: 'not-divisible'
      readonly message: string
      readonly axis: string
      readonly size: Size
      readonly by: Size
    })

export interface PatternAxis extends Place {
  readonly name: string
}

/** One axis of a tensor as a pattern writes it: a name, names in parentheses (last fastest), or `1` (no names). */
export interface Group extends Place {
  readonly kind: 'axis' | 'composite' | 'one'
  readonly axes: readonly PatternAxis[]
}

/** A pattern taken apart: the tensors on the left (one for rearrange) and the one on the right. */
export interface Parsed {
  readonly inputs: readonly (readonly Group[])[]
  readonly output: readonly Group[]
}

interface Token extends Place {
  readonly kind: 'name' | 'number' | '(' | ')' | ',' | '->' | 'other'
  readonly text: string
}

function* tokenize(pattern: string): Generator<Token> {
  for (const match of pattern.matchAll(/->|[\p{L}_][\p{L}\p{N}_]*|\p{N}+|\.+|\S/gu)) {
    const [text] = match
    const place = { text, start: match.index, end: match.index + text.length }
    if (text === '(' || text === ')' || text === ',' || text === '->') yield { kind: text, ...place }
    else yield { kind: /^[\p{L}_]/u.test(text) ? 'name' : /^\p{N}/u.test(text) ? 'number' : 'other', ...place }
  }
}

const syntaxError = (message: string, { start, end }: Place): PatternError => ({ kind: 'pattern-syntax', message, start, end })

const isError = (result: object): result is PatternError => 'message' in result

function parsePattern(pattern: string): Parsed | PatternError {
  const inputs: Group[][] = [[]]
  let output: Group[] | undefined
  let open: (Place & { axes: PatternAxis[] }) | undefined
  for (const token of tokenize(pattern)) {
    const side = output ?? inputs.at(-1)!
    const { start, end, text } = token
    if (open && (token.kind === '->' || token.kind === ',')) return syntaxError('( is never closed', open)
    switch (token.kind) {
      case 'name':
        if (open) open.axes.push({ name: text, start, end })
        else side.push({ kind: 'axis', axes: [{ name: text, start, end }], start, end })
        break
      case 'number':
        if (text !== '1')
          return syntaxError(`a size is not written in the pattern: name the axis and give it as an attribute, n: ${text}`, token)
        if (open) return syntaxError('an axis of 1 stands outside parentheses', token)
        side.push({ kind: 'one', axes: [], start, end })
        break
      case '(':
        if (open) return syntaxError('parentheses do not nest', token)
        open = { axes: [], start, end }
        break
      case ')':
        if (!open) return syntaxError(') closes nothing', token)
        if (open.axes.length === 0) return syntaxError('( ) is empty; an axis of 1 is written 1', { start: open.start, end })
        side.push({ kind: 'composite', axes: open.axes, start: open.start, end })
        open = undefined
        break
      case ',':
        if (output) return syntaxError('only one tensor comes out', token)
        inputs.push([])
        break
      case '->':
        if (output) return syntaxError('a pattern has one ->', token)
        output = []
        break
      case 'other':
        if (/^\.\.+$/.test(text)) return syntaxError(`${text} is not part of a pattern; every axis has a name`, token)
        return syntaxError(`${text} is not part of a pattern; it has names, 1, ( ) and ->`, token)
    }
  }
  if (open) return syntaxError('( is never closed', open)
  if (!output) return syntaxError('-> is missing', { start: pattern.length, end: pattern.length })
  return { inputs, output }
}

/** A pattern of one tensor, `"B (u i) c -> B u (i c)"`, or what is wrong with its spelling. */
export function parseRearrange(pattern: string): Parsed | PatternError {
  const parsed = parsePattern(pattern)
  if (isError(parsed) || parsed.inputs.length === 1) return parsed
  const comma = pattern.indexOf(',')
  return syntaxError('rearrange takes one tensor; axes are separated by spaces', { start: comma, end: comma + 1 })
}

/** A pattern of two tensors, `"B n d, B k d -> B n k"`, or what is wrong with its spelling. */
function parseEinsum(pattern: string): Parsed | PatternError {
  const parsed = parsePattern(pattern)
  if (isError(parsed)) return parsed
  const odd = [...parsed.inputs, parsed.output].flat().find((group) => group.kind !== 'axis')
  if (odd) return syntaxError('einsum has names only; rearrange splits, joins and adds axes', odd)
  if (parsed.inputs.length === 2) return parsed
  const count = parsed.inputs.length
  return syntaxError(`einsum takes 2 tensors and the pattern has ${count}`, { start: 0, end: pattern.indexOf('->') })
}

const axesOf = (groups: readonly Group[]): PatternAxis[] => groups.flatMap((group) => group.axes)

/** The part of a pattern that a side takes up; the whole pattern's start for an empty side. */
function placeOf(groups: readonly Group[]): Place {
  return { start: groups[0]?.start ?? 0, end: groups.at(-1)?.end ?? 0 }
}

const mismatch = (message: string, { start, end }: Place): PlanError => ({ kind: 'pattern-mismatch', message, start, end })

function repeated(axes: readonly PatternAxis[], where: string): PlanError | undefined {
  const again = axes.find((axis, i) => axes.findIndex((other) => other.name === axis.name) < i)
  return again && mismatch(`axis ${again.name} stands twice ${where}`, again)
}

const without = (axes: readonly PatternAxis[], others: readonly PatternAxis[]): PatternAxis | undefined =>
  axes.find((axis) => others.every((other) => other.name !== axis.name))

const plural = (count: number): string => (count === 1 ? '1 axis' : `${count} axes`)

const rankMismatch = (groups: readonly Group[], operand: string, rank: number): PlanError | undefined =>
  groups.length === rank
    ? undefined
    : mismatch(`the pattern has ${plural(groups.length)} and ${operand} has ${rank}`, placeOf(groups))

const product = (sizes: readonly Size[]): Size => sizes.reduce(mul, constant(1))

/**
 * A rearrangement in three steps: reshape to `split`, transpose by `permute` (the axes of `split` in their new order), reshape to
 * `merge`.
 */
export interface RearrangePlan {
  readonly split: Size[]
  readonly permute: number[]
  readonly merge: Size[]
  /** Every name of the pattern and its size. */
  readonly axes: Map<string, Size>
}

/**
 * Plans a change of layout by an einops pattern (docs/language.md, Ops). Names on both sides are the same; parentheses
 * join axes, the last of them fastest; a `1` on the left takes an axis of 1 away and a `1` on the right adds one. In each group at most
 * one size is neither in `given` nor found by exact division. `operand` names the tensor in messages.
 */
export function planRearrange(
  pattern: string,
  shape: readonly Size[],
  given: Readonly<Record<string, Size>>,
  operand = 'x',
): RearrangePlan | PlanError {
  const parsed = parseRearrange(pattern)
  if (isError(parsed)) return parsed
  const input = parsed.inputs[0]!
  const wrong = rankMismatch(input, operand, shape.length) ?? checkNames(pattern, input, parsed.output, given)
  if (wrong) return wrong

  const axes = new Map<string, Size>(Object.entries(given))
  for (const [i, group] of input.entries()) {
    const problem = solveGroup(group, shape[i]!, i, axes)
    if (problem) return problem
  }
  const order = axesOf(input).map((axis) => axis.name)
  return {
    split: order.map((name) => axes.get(name)!),
    permute: axesOf(parsed.output).map((axis) => order.indexOf(axis.name)),
    merge: parsed.output.map((group) => product(group.axes.map((axis) => axes.get(axis.name)!))),
    axes,
  }
}

function checkNames(
  pattern: string,
  input: readonly Group[],
  output: readonly Group[],
  given: Readonly<Record<string, Size>>,
): PlanError | undefined {
  const left = axesOf(input)
  const right = axesOf(output)
  const twice = repeated(left, 'on the left') ?? repeated(right, 'on the right')
  if (twice) return twice
  const lost = without(left, right)
  if (lost) return mismatch(`axis ${lost.name} is on the left only`, lost)
  const found = without(right, left)
  if (found) return mismatch(`axis ${found.name} is on the right only`, found)
  for (const [name, size] of Object.entries(given)) {
    const axis = left.find((candidate) => candidate.name === name)
    if (!axis) return mismatch(`${name} is given and is not in the pattern`, { start: 0, end: pattern.length })
    if (atLeast(size, 1) === 'never') return mismatch(`${name} is ${format(size)}; an axis has at least 1`, axis)
  }
  return undefined
}

/** Checks one axis of the tensor against its group, and adds the group's unknown name to `axes`. */
function solveGroup(group: Group, size: Size, position: number, axes: Map<string, Size>): PlanError | undefined {
  const { start, end } = group
  const unknown = group.axes.filter((axis) => !axes.has(axis.name))
  if (unknown.length > 1) {
    const names = unknown.map((axis) => axis.name)
    return mismatch(`the sizes of ${names.slice(0, -1).join(', ')} and ${names.at(-1)} are not given; one of them must be`, group)
  }
  const by = product(group.axes.flatMap((axis) => axes.get(axis.name) ?? []))
  const [missing] = unknown
  if (!missing) return checkEqual(group, size, by, position, axes)
  const quotient = divide(size, by)
  if (quotient) {
    axes.set(missing.name, quotient)
    return undefined
  }
  const divisor = asInteger(by)
  if (divisor !== undefined && divisible(size, divisor) === 'no') {
    const factors = group.axes.filter((axis) => axis !== missing).map((axis) => axis.name)
    const message = `${format(size)} does not divide by ${factors.join(' * ')} = ${format(by)}`
    return { kind: 'not-divisible', message, axis: missing.name, size, by, start, end }
  }
  return cannotShow(group, missing.name, size, by, axes)
}

function checkEqual(
  group: Group,
  size: Size,
  expected: Size,
  position: number,
  axes: ReadonlyMap<string, Size>,
): PlanError | undefined {
  const { start, end } = group
  const verdict = compare(size, expected)
  if (verdict === 'equal') return undefined
  const axis = group.axes.map((one) => one.name).join(' ') || '1'
  if (verdict === 'unknown') return cannotShow(group, axis, size, expected, axes)
  const message = `axis ${position} is ${format(size)} and the pattern makes it ${format(expected)}`
  return { kind: 'shape-mismatch', message, axis, sizes: [size, expected], start, end }
}

/** `cannot show that H * W = q`: known sizes are written out, the unknown one by its name. */
function cannotShow(
  { axes: names, start, end }: Group,
  axis: string,
  size: Size,
  by: Size,
  axes: ReadonlyMap<string, Size>,
): PlanError {
  const factors = names.map(({ name }) => {
    const known = axes.get(name)
    if (!known) return name
    return known.terms.length > 1 ? `(${format(known)})` : format(known)
  })
  const claim = `${factors.join(' * ') || '1'} = ${format(size)}`
  const written = names.flatMap(({ name }) => symbols(axes.get(name) ?? symbol(name)))
  return {
    kind: 'shape-unknown',
    claim,
    names: [...new Set([...written, ...symbols(size)])],
    axis,
    sizes: [size, by],
    start,
    end,
  }
}

/**
 * A product of two tensors, summed over the axes that the output leaves out. Names in each list are in the order of the output, or
 * else of their tensor.
 */
export interface EinsumPlan {
  /** In both tensors and in the output. */
  readonly batch: string[]
  /** For each tensor: in it and in the output only. */
  readonly free: string[][]
  /** In both tensors and not in the output. */
  readonly contracted: string[]
  /** For each tensor: nowhere else, so summed before the product. */
  readonly summed: string[][]
  /** The axes of each tensor, in order. */
  readonly operands: string[][]
  readonly output: string[]
  readonly sizes: Map<string, Size>
}

/**
 * Plans `einsum` of two tensors (docs/language.md, Ops). An axis of one name must provably have one size; nothing is
 * broadcast. `operands` names the tensors in messages.
 */
export function planEinsum(
  pattern: string,
  shapes: readonly (readonly Size[])[],
  operands: readonly string[] = ['a', 'b'],
): EinsumPlan | PlanError {
  const parsed = parseEinsum(pattern)
  if (isError(parsed)) return parsed
  const sizes = new Map<string, Size>()
  for (const [i, groups] of parsed.inputs.entries()) {
    const operand = operands[i] ?? `tensor ${i + 1}`
    const shape = shapes[i] ?? []
    const wrong =
      rankMismatch(groups, operand, shape.length) ??
      repeated(axesOf(groups), `in ${operand}`) ??
      bind(groups, shape, sizes, operands)
    if (wrong) return wrong
  }
  const output = axesOf(parsed.output)
  const unbound = without(output, parsed.inputs.flatMap(axesOf))
  const wrong = repeated(output, 'on the right') ?? (unbound && mismatch(`axis ${unbound.name} is on the right only`, unbound))
  if (wrong) return wrong

  const names = parsed.inputs.map((groups) => axesOf(groups).map((axis) => axis.name))
  const [first, second] = [names[0]!, names[1]!]
  const kept = output.map((axis) => axis.name)
  const only = (own: readonly string[], other: readonly string[]): { free: string[]; summed: string[] } => ({
    free: kept.filter((name) => own.includes(name) && !other.includes(name)),
    summed: own.filter((name) => !kept.includes(name) && !other.includes(name)),
  })
  const [left, right] = [only(first, second), only(second, first)]
  return {
    batch: kept.filter((name) => first.includes(name) && second.includes(name)),
    free: [left.free, right.free],
    contracted: first.filter((name) => second.includes(name) && !kept.includes(name)),
    summed: [left.summed, right.summed],
    operands: names,
    output: kept,
    sizes,
  }
}

/** Adds the sizes of one tensor's axes, and checks those that the other tensor has too. */
function bind(
  groups: readonly Group[],
  shape: readonly Size[],
  sizes: Map<string, Size>,
  operands: readonly string[],
): PlanError | undefined {
  for (const [i, { name, start, end }] of axesOf(groups).entries()) {
    const size = shape[i]!
    const before = sizes.get(name) ?? size
    sizes.set(name, before)
    const verdict = compare(before, size)
    if (verdict === 'equal') continue
    const details = { axis: name, sizes: [before, size] as const, start, end }
    if (verdict === 'unknown') {
      const { claim, sizes: named } = equality(before, size)
      return { kind: 'shape-unknown', claim: `${claim} (axis ${name})`, names: named, ...details }
    }
    const message = `axis ${name} is ${format(before)} in ${operands[0] ?? 'tensor 1'} and ${format(size)} in ${operands[1] ?? 'tensor 2'}`
    return { kind: 'shape-mismatch', message, ...details }
  }
  return undefined
}
