import { Consequence, fail } from '../diagnostics/catalogue.ts'
import type { Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import type { Adam, EvaluatePlan, Origin, PerItem, PictureOperation, Scale, Schedule, Scope as CandidateScope } from '../plan.ts'
import { isRecord, type Call, type Expression, type Record as FieldRecord } from '../syntax/tree.ts'
import { attempt, whole } from './attempt.ts'
import { nowhere, type ModelContext } from './context.ts'
import { evaluate } from './evaluate.ts'
import { isInteger, kindOf, show, type Value } from './values.ts'
import { computePerItem } from '../per-item.ts'

/** How large the inputs are in training. */
export const sizeFields: readonly string[] = ['B', 'h', 'w', 'H', 'W', 'q']
export const trainFields: readonly string[] = [
  ...sizeFields, 'm', 'degrade', 'augment', 'loss', 'optimizer', 'schedule', 'epochs', 'repeat',
] // prettier-ignore
export const evaluateFields: readonly string[] = ['m', 'metrics', 'scope', 'cell_clip', 'tile', 'shave']
/** Of the record of a slot that is trained by a loss of its own. */
export const objectiveFields: readonly string[] = ['loss', 'optimizer', 'schedule', 'every']

/** What each field says, with its default: for the editor. */
export const fieldPages: Readonly<Record<'train' | 'evaluate', Readonly<Record<string, string>>>> = {
  train: {
    B: 'items in a batch',
    h: 'rows of a low-resolution patch',
    w: 'columns of a low-resolution patch',
    H: 'rows of an enlarged patch',
    W: 'columns of an enlarged patch',
    q: 'queries of an item, drawn at random',
    m: 'the enlargement of an item: a number, a list, or a draw such as uniform(1, 4)',
    degrade:
      'from the picture to its low resolution, in order: blur(sigma:), resize(kernel:); [resize(kernel: bicubic)] without it',
    augment: 'each with even chance: flip_x, flip_y, transpose; none without it',
    loss: 'what is lowered: l1 and mse over outputs, inputs and target',
    optimizer: 'adam(lr:, beta1: 0.9, beta2: 0.999, epsilon: 1e-8)',
    schedule: 'of the learning rate: step(at: [epochs], factor:), cosine(to:), or constant, which it is without it',
    epochs: 'how often all pictures are gone through; 1 without it',
    repeat: 'draws from every picture in an epoch; 1 without it',
    every: 'takes part in every n-th step; 1 without it',
  },
  evaluate: {
    m: 'the enlargements that are measured',
    metrics: 'a list of psnr, ssim, ssim_gaussian, fid; [psnr, ssim] without it',
    scope: 'where best_match may choose from: full, lattice(n), raster(n), tile(n); lattice(2304) without it',
    cell_clip: 'cells are multiplied by max(m / clip, 1); none without it',
    tile: 'side of the squares that test pictures are cut in; 768 without it',
    shave: 'border that PSNR leaves out; ceil(m) + 6 without it',
  },
}

/** A field with the scope that its value sees: the base's, or a variant's. */
export interface ScopedField {
  readonly value: Expression | FieldRecord
  readonly span: Span
  readonly origin: Origin
}

export type Fields = ReadonlyMap<string, ScopedField>

/** Reads fields of train and evaluate: static ones at once, those that are drawn per item as plain expressions. */
export class FieldReader {
  constructor(
    readonly record: string,
    readonly fields: Fields,
    /** False where some were unknown: they may have been meant for those that are missing. */
    readonly isKnown: boolean,
    readonly context: Pick<ModelContext, 'parameters' | 'e' | 'textOf'>,
    /** Where `train` itself stands, for what is missing. */
    readonly span: Span,
  ) {}

  has(name: string): boolean {
    return this.fields.has(name)
  }

  /** Where a field stands, or the record where it has none. */
  spanOf(name: string): Span {
    return this.fields.get(name)?.span ?? this.span
  }

  expression(name: string): Expression {
    const field = this.fields.get(name)
    if (!field && !this.isKnown) throw new Consequence()
    if (!field) fail('missing-field', { record: this.record, name }, this.span)
    if (isRecord(field.value)) fail('attribute-type', { name, takes: 'a value', given: 'a record' }, field.span)
    return field.value
  }

  static(expression: Expression): Value {
    return evaluate(expression, this.context.parameters, nowhere, this.context.e)
  }

  int(name: string, standard?: number, least = 1): number {
    if (standard !== undefined && !this.has(name)) return standard
    const expression = this.expression(name)
    const value = this.static(expression)
    if (!isInteger(value)) fail('attribute-type', { name, takes: 'an int', given: show(value) }, expression.span)
    if (value.value < least)
      fail('attribute-value', { name, accepted: `at least ${least}`, given: String(value.value) }, expression.span)
    return value.value
  }

  number(expression: Expression, name: string): number {
    const value = this.static(expression)
    return value.kind === 'number'
      ? value.value
      : fail('attribute-type', { name, takes: 'a number', given: `${kindOf(value)} ${show(value)}` }, expression.span)
  }

  /** How a value is named in a message. */
  private textOf(expression: Expression): string {
    return expression.kind === 'call' ? expression.callee.text : this.context.textOf(expression)
  }

  /** Items of a list, or the one that stands alone. */
  items(name: string): readonly Expression[] {
    const expression = this.expression(name)
    return expression.kind === 'list' ? expression.items : [expression]
  }

  words<W extends string>(name: string, accepted: readonly W[], standard: readonly W[]): readonly W[] {
    if (!this.has(name)) return standard
    const items = this.items(name)
    this.once(
      name,
      items.map((item) => this.textOf(item)),
      items,
    )
    return items.map((item) => {
      const word = item.kind === 'name' ? item.name : ''
      if (!(accepted as readonly string[]).includes(word))
        fail('attribute-value', { name, accepted: `a list of ${accepted.join(', ')}`, given: this.textOf(item) }, item.span)
      return word as W
    })
  }

  /** A list has something in it, and nothing twice. */
  private once(name: string, values: readonly (string | number)[], items: readonly Expression[]): void {
    if (values.length === 0) fail('attribute-value', { name, accepted: 'a list of at least one', given: '[]' }, this.spanOf(name))
    const twice = values.findIndex((value, at) => values.indexOf(value) < at)
    if (twice >= 0) fail('duplicate-name', { name: String(values[twice]), what: `in ${name}` }, items[twice]!.span)
  }

  /** `uniform(1, 4)`, `(m - 1) / 2`. */
  perItem(expression: Expression, variables: readonly string[]): PerItem {
    switch (expression.kind) {
      case 'group':
        return this.perItem(expression.inner, variables)
      case 'name': {
        if (variables.includes(expression.name)) return { kind: 'variable', name: expression.name as 'm' }
        return { kind: 'number', value: this.number(expression, expression.name) }
      }
      case 'negate':
        return folded('negate', [this.perItem(expression.operand, variables)])
      case 'binary': {
        const names = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide', '%': 'remainder' } as const
        return folded(names[expression.operator], [
          this.perItem(expression.left, variables),
          this.perItem(expression.right, variables),
        ])
      }
      case 'list':
        return { kind: 'choice', items: expression.items.map((item) => this.perItem(item, variables)) }
      case 'call':
        return this.perItemCall(expression, variables)
      default:
        return { kind: 'number', value: this.number(expression, 'this') }
    }
  }

  private perItemCall(call: Call, variables: readonly string[]): PerItem {
    const name = call.callee.text
    const signatures: Readonly<Record<string, readonly string[]>> = { uniform: ['a', 'b'], normal: ['mean', 'std'] }
    const known = ['min', 'max', 'pow', 'sqrt', 'log2', 'exp', 'floor', 'ceil', 'round', 'abs']
    const signature = signatures[name]
    if (!signature && !known.includes(name))
      fail('unknown-op', { name, near: nearest(name, [...Object.keys(signatures), ...known]) }, call.callee.span)
    const values = call.arguments.map((argument, at) => {
      if (argument.name && argument.name.text !== signature?.[at])
        fail(
          'unknown-attribute',
          {
            callee: name,
            name: argument.name.text,
            near: nearest(argument.name.text, signature ?? []),
            accepted: signature ?? [],
          },
          argument.name.span,
        )
      return this.perItem(argument.value, variables)
    })
    const count = signature?.length ?? (name === 'min' || name === 'max' || name === 'pow' ? 2 : 1)
    if (values.length !== count) fail('arity', { callee: name, takes: `${count} values`, given: values.length }, call.span)
    return signature ? { kind: 'call', name, arguments: values } : folded(name, values)
  }

  operations(
    expressions: readonly Expression[],
    accepted: readonly PictureOperation['op'][],
    variables: readonly string[],
  ): PictureOperation[] {
    return expressions.map((expression) => {
      const name = expression.kind === 'call' ? expression.callee.text : expression.kind === 'name' ? expression.name : ''
      if (!(accepted as readonly string[]).includes(name)) {
        const near = nearest(name, accepted)
        fail(
          'unknown-op',
          { name: name || this.textOf(expression), near, accepted: near.length ? undefined : accepted } as never,
          expression.span,
        )
      }
      const given = expression.kind === 'call' ? expression.arguments : []
      const takes: Readonly<Record<string, readonly string[]>> = { blur: ['sigma'], resize: ['kernel'] }
      const wanted = takes[name] ?? []
      for (const argument of given)
        if (!argument.name || !wanted.includes(argument.name.text))
          fail(
            'unknown-attribute',
            { callee: name, name: argument.name?.text ?? 'an unnamed value', near: [], accepted: wanted },
            argument.span,
          )
      const missing = wanted.find((attribute) => !given.some((argument) => argument.name?.text === attribute))
      if (missing) fail('missing-attribute', { callee: name, name: missing }, expression.span)
      const value = given[0]?.value
      if (name === 'blur') return { op: 'blur', sigma: this.perItem(value!, variables) }
      if (name === 'resize') {
        const kernels = ['bicubic', 'bilinear', 'nearest'] as const
        const kernel = value!.kind === 'name' ? value!.name : ''
        if (!(kernels as readonly string[]).includes(kernel))
          fail('attribute-value', { name: 'kernel', accepted: kernels.join(' or '), given: this.textOf(value!) }, value!.span)
        return { op: 'resize', kernel: kernel as 'bicubic' }
      }
      return { op: name as 'flip_x' }
    })
  }

  optimizer(): Adam {
    const expression = this.expression('optimizer')
    if (expression.kind !== 'call' || expression.callee.text !== 'adam')
      fail('attribute-value', { name: 'optimizer', accepted: 'adam(lr: ..)', given: this.textOf(expression) }, expression.span)
    const values = this.named(expression, { lr: undefined, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })
    const adam = values as unknown as Adam
    const within = (name: keyof Adam, isRight: boolean, range: string): void => {
      const at = expression.arguments.find((argument) => argument.name?.text === name)
      if (!isRight) fail('out-of-range', { name, range, given: String(adam[name]) }, at?.value.span ?? expression.span)
    }
    within('beta1', adam.beta1 >= 0 && adam.beta1 < 1, 'at least 0 and below 1')
    within('beta2', adam.beta2 >= 0 && adam.beta2 < 1, 'at least 0 and below 1')
    // A step of Adam is about as long as its rate, and weights are not that large.
    within('lr', adam.lr > 0 && adam.lr <= 1, 'above 0 and at most 1')
    return adam
  }

  schedule(): Schedule {
    if (!this.has('schedule')) return { kind: 'constant' }
    const expression = this.expression('schedule')
    const name = expression.kind === 'call' ? expression.callee.text : expression.kind === 'name' ? expression.name : ''
    if (name === 'constant') return { kind: 'constant' }
    if (expression.kind === 'call' && name === 'cosine')
      return { kind: 'cosine', to: this.named(expression, { to: undefined })['to'] as number }
    if (expression.kind === 'call' && name === 'step') {
      const { at, factor } = this.named(expression, { at: undefined, factor: undefined }) as { at: number[]; factor: number }
      const epochs = Array.isArray(at) ? at : [at]
      if (epochs.some((epoch, each) => epoch <= (epochs[each - 1] ?? 0)))
        fail(
          'attribute-value',
          { name: 'at', accepted: 'a list of epochs that ascend', given: `[${epochs.join(', ')}]` },
          expression.span,
        )
      return { kind: 'step', at: epochs, factor }
    }
    return fail(
      'attribute-value',
      { name: 'schedule', accepted: 'step(at:, factor:), cosine(to:) or constant', given: this.textOf(expression) },
      expression.span,
    )
  }

  /** Named numbers (or lists of them) of a call such as `adam(lr: 1e-4)`. */
  private named(call: Call, standard: Readonly<Record<string, number | undefined>>): Record<string, number | number[]> {
    const accepted = Object.keys(standard)
    const given: Record<string, number | number[]> = {}
    for (const argument of call.arguments) {
      const name = argument.name?.text ?? ''
      if (!accepted.includes(name))
        fail(
          'unknown-attribute',
          { callee: call.callee.text, name: name || 'an unnamed value', near: nearest(name, accepted), accepted },
          argument.span,
        )
      given[name] =
        argument.value.kind === 'list'
          ? argument.value.items.map((item) => this.number(item, name))
          : this.number(argument.value, name)
    }
    for (const name of accepted) {
      const value = given[name] ?? standard[name]
      if (value === undefined) fail('missing-attribute', { callee: call.callee.text, name }, call.span)
      given[name] = value
    }
    return given
  }

  candidateScope(): CandidateScope {
    if (!this.has('scope')) return { kind: 'lattice', count: 2304 }
    const expression = this.expression('scope')
    if (expression.kind === 'name' && expression.name === 'full') return { kind: 'full' }
    const kinds = ['lattice', 'raster', 'tile'] as const
    if (expression.kind === 'call') {
      const kind = kinds.find((name) => name === expression.callee.text)
      const [count] = expression.arguments
      if (kind && count && expression.arguments.length === 1 && !count.name) {
        const value = this.static(count.value)
        if (!isInteger(value) || value.value < 1)
          fail('attribute-type', { name: kind, takes: 'a positive int', given: show(value) }, count.span)
        return { kind, count: value.value }
      }
    }
    return fail(
      'attribute-value',
      { name: 'scope', accepted: 'full, lattice(n), raster(n) or tile(n)', given: this.textOf(expression) },
      expression.span,
    )
  }

  /** What makes a low-resolution picture: bicubic without a field of its own. */
  degradation(): PictureOperation[] {
    if (!this.has('degrade')) return [{ op: 'resize', kernel: 'bicubic' }]
    return this.operations(this.items('degrade'), ['blur', 'resize'], ['m', 'epoch', 'epochs'])
  }

  augmentation(): PictureOperation[] {
    return this.has('augment') ? this.operations(this.items('augment'), ['flip_x', 'flip_y', 'transpose'], []) : []
  }

  evaluatePlan(scale: Scale | undefined, degrade: readonly PictureOperation[]): EvaluatePlan {
    const read = <T>(field: () => T): T | undefined => attempt(this.context.e, field)
    const cellClip = read(() => this.cellClip())
    const shave = read(() => (this.has('shave') ? this.int('shave', undefined, 0) : undefined))
    const plan = whole<EvaluatePlan>({
      m: read(() => this.evaluated(scale)),
      metrics: read(() => this.words('metrics', ['psnr', 'ssim', 'ssim_gaussian', 'fid'], ['psnr', 'ssim'])),
      scope: read(() => this.candidateScope()),
      tile: read(() => this.int('tile', 768)),
      degrade,
    })
    return { ...plan, ...(cellClip !== undefined && { cellClip }), ...(shave !== undefined && { shave }) }
  }

  /** Where `m` does not stand, the static scale. */
  private evaluated(scale: Scale | undefined): number[] {
    if (!this.has('m') && !scale) throw new Consequence()
    if (!this.has('m') && scale?.kind === 'fixed') return [scale.value]
    const items = this.items('m')
    const m = items.map((item) => this.number(item, 'm'))
    this.once('m', m, items)
    const [least, most] = limits(scale)
    for (const [at, value] of m.entries())
      if (value < least || value > most)
        fail('out-of-range', { name: 'm', range: rangeText(least, most), given: String(value) }, items[at]!.span)
    return m
  }

  private cellClip(): number | undefined {
    const clip = this.has('cell_clip') ? this.expression('cell_clip') : undefined
    if (!clip || (clip.kind === 'name' && clip.name === 'none')) return undefined
    const value = this.number(clip, 'cell_clip')
    if (value < 1)
      fail('attribute-value', { name: 'cell_clip', accepted: 'a scale of at least 1, or none', given: String(value) }, clip.span)
    return value
  }
}

export const rangeText = (least: number, most: number): string => (least === most ? `${least}` : `in ${least} .. ${most}`)

/** Between which enlargements a model is asked for. */
export function limits(scale: Scale | undefined): readonly [number, number] {
  if (!scale) throw new Consequence()
  return scale.kind === 'range' ? [scale.from, scale.to] : [scale.value, scale.value]
}

/** Arithmetic on numbers is done at once. */
function folded(name: string, values: readonly PerItem[]): PerItem {
  if (!values.every((value) => value.kind === 'number')) return { kind: 'call', name, arguments: values }
  return {
    kind: 'number',
    value: computePerItem(
      name,
      values.map((value) => value.value),
    ),
  }
}

/**
 * Between which numbers a per-item expression can come out; undefined where that is not told by its ends. The ends of `m`
 * and `epoch` are given.
 */
export function rangeOf(
  expression: PerItem,
  ends: Readonly<Record<string, readonly [number, number]>>,
): readonly [number, number] | undefined {
  const hull = (parts: readonly (readonly [number, number] | undefined)[]): readonly [number, number] | undefined =>
    parts.some((part) => part === undefined) || parts.length === 0
      ? undefined
      : [Math.min(...parts.map((part) => part![0])), Math.max(...parts.map((part) => part![1]))]
  switch (expression.kind) {
    case 'number':
      return [expression.value, expression.value]
    case 'variable':
      return ends[expression.name]
    case 'choice':
      return hull(expression.items.map((item) => rangeOf(item, ends)))
    case 'call': {
      const parts = expression.arguments.map((argument) => rangeOf(argument, ends))
      if (expression.name === 'uniform') return hull(parts)
      // These are furthest where what they are made of is: a product too, and a quotient whose divisor keeps its sign.
      const isPlain = ['add', 'subtract', 'negate', 'multiply', 'min', 'max'].includes(expression.name)
      const isQuotient = expression.name === 'divide' && parts[1] !== undefined && parts[1][0] * parts[1][1] > 0
      if ((!isPlain && !isQuotient) || parts.some((part) => part === undefined)) return undefined
      const [a, b] = parts as [readonly [number, number], readonly [number, number] | undefined]
      const values = a.flatMap((x) => (b ?? [0]).map((y) => computePerItem(expression.name, b ? [x, y] : [x])))
      return [Math.min(...values), Math.max(...values)]
    }
  }
}
