import { fail, Reported } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { nearest } from '../diagnostics/suggest.ts'
import { subgraph, type DType, type Graph, type GraphOutput } from '../ir/graph.ts'
import type { FileUnit, ModelUnit, VariantUnit } from '../names/program.ts'
import { f32, typed, type TensorValue } from '../ops/op.ts'
import type {
  CompiledModel,
  InputRole,
  ModelInput,
  ModelOutput,
  Objective,
  OutputRole,
  Resolved,
  Scale,
  TrainPlan,
} from '../plan.ts'
import { asInteger, compare, constant, format, mod, sub, symbol, symbols, type Size } from '../shapes/size.ts'
import {
  isRecord,
  pathText,
  type Edit,
  type Expression,
  type Name,
  type Parameter,
  type SlotStatement,
  type Statement,
} from '../syntax/tree.ts'
import { Builder } from './builder.ts'
import { callOp } from './call-op.ts'
import { axesOf, axesText, bindParameters, elaborateStatement, enter, laterNames, returned, sizeOf } from './call-module.ts'
import { asTensor, evaluate, type Elaboration } from './evaluate.ts'
import { callsIn, ownerLabels } from './owners.ts'
import { FieldReader, type Fields, type ScopedField } from './records.ts'
import { childScope, join, type Place, type Scope } from './scope.ts'
import { real, shapeText, show, type Value } from './values.ts'
import { ops } from '../ops/registry.ts'

/** What is applied to a base: variants in order, then values from outside. */
export interface Application {
  readonly preset: string
  readonly variants: readonly VariantUnit[]
  readonly sets: readonly { readonly path: readonly Name[]; readonly value: Expression; readonly origin: string }[]
}

interface Override {
  readonly expression: Expression
  readonly file: FileUnit
  readonly span: Span
  readonly origin: string
}

interface Filler {
  readonly expression: Expression
  /** Whose modules it may call. */
  readonly file: FileUnit
  readonly replaced?: { readonly span: Span; readonly origin: string }
}

const trainFields = ['B', 'h', 'w', 'H', 'W', 'q', 'm', 'degrade', 'augment', 'loss', 'optimizer', 'schedule', 'epochs', 'repeat']
const evaluateFields = ['m', 'metrics', 'scope', 'cell_clip', 'tile', 'shave']
const objectiveFields = ['loss', 'optimizer', 'schedule', 'every']
const inputRoles: readonly InputRole[] = ['image', 'enlarged', 'coordinates', 'cell']
const outputRoles: readonly OutputRole[] = ['samples', 'image', 'features', 'inspect']

/** Elaborates one model with everything applied. Problems are collected in `report`; undefined when there are errors. */
export function elaborateModel(
  unit: ModelUnit,
  application: Application,
  report: (diagnostic: Diagnostic) => void,
): CompiledModel | undefined {
  try {
    return new ModelElaboration(unit, application, report).run()
  } catch (error) {
    if (!(error instanceof Reported)) throw error
    report(error.diagnostic)
    return undefined
  }
}

class ModelElaboration {
  readonly #unit: ModelUnit
  readonly #application: Application
  readonly #report: (diagnostic: Diagnostic) => void
  readonly #e: Elaboration = { builder: new Builder(), calls: [] }
  readonly #slots = new Map<string, SlotStatement>()
  readonly #fillers = new Map<string, Filler>()
  readonly #overrides = new Map<string, Override>()
  readonly #values: Resolved[] = []
  readonly #name: string
  #scope!: Scope
  #parameterScope!: Scope
  #failed = false

  constructor(unit: ModelUnit, application: Application, report: (diagnostic: Diagnostic) => void) {
    this.#unit = unit
    this.#application = application
    this.#report = report
    this.#name = unit.declaration.name.text
  }

  run(): CompiledModel | undefined {
    const { declaration } = this.#unit
    for (const statement of declaration.body)
      if (statement.kind === 'slot') {
        if (this.#slots.has(statement.name.text))
          fail('duplicate-name', { name: statement.name.text, what: 'a slot' }, statement.name.span)
        this.#slots.set(statement.name.text, statement)
        this.#fillers.set(statement.name.text, { expression: statement.filler, file: this.#unit.file })
      }
    this.#checkPresets()
    this.#replace()
    this.#override()
    const parameters = this.#parameters()
    const { inputs, outputs, values, scale } = this.#body(parameters)
    if (this.#failed) return undefined
    const all = this.#e.builder.graph()
    const graph = subgraph(all, all.inputs, values)
    const train = this.#train(scale, inputs, outputs, values, graph)
    const evaluatePlan = this.#evaluate(scale, train)
    if (this.#failed) return undefined
    return {
      name: this.#name,
      file: this.#unit.file.source.file,
      variants: this.#application.variants.map((variant) => variant.declaration.title),
      preset: this.#application.preset,
      scale,
      inputs,
      outputs,
      graph,
      ...(train && { train }),
      ...(evaluatePlan && { evaluate: evaluatePlan }),
      checks: this.#e.builder.checks.map(({ size, least, problem }) => ({ size, least, problem })),
      values: this.#values,
      text: '',
    }
  }

  /** Runs one statement; what it reports does not stop the next. */
  #attempt(run: () => void): void {
    try {
      run()
    } catch (error) {
      if (!(error instanceof Reported)) throw error
      this.#failed = true
      this.#report(error.diagnostic)
    }
  }

  // ---- paths ----------------------------------------------------------------------------------------------------

  /** Every path of every preset is checked against the base, used or not. */
  #checkPresets(): void {
    for (const { record } of this.#unit.presets.values())
      for (const field of record.fields) this.#attempt(() => this.#checkPath(field.path, this.#fillers))
  }

  #checkPath(path: readonly Name[], fillers: ReadonlyMap<string, Filler>): void {
    const [first, second] = path as [Name, Name | undefined]
    const parameters = this.#unit.declaration.parameters
    const unknown = (name: Name, owner: string, kind: string, accepted: readonly string[]): never =>
      fail('unknown-path', { owner, kind, name: name.text, near: nearest(name.text, accepted), accepted }, name.span)
    if (first.text === 'train' || first.text === 'evaluate') {
      const accepted = first.text === 'train' ? [...trainFields, ...this.#slots.keys()] : evaluateFields
      if (!second)
        unknown(
          first,
          this.#name,
          'value',
          accepted.map((field) => `${first.text}.${field}`),
        )
      else if (!accepted.includes(second.text))
        fail(
          'unknown-field',
          { record: first.text, name: second.text, near: nearest(second.text, accepted), accepted },
          second.span,
        )
      else if (this.#slots.has(second.text) && first.text === 'train') {
        const third = path[2]
        if (!third || !objectiveFields.includes(third.text))
          unknown(third ?? second, `train.${second.text}`, 'field', objectiveFields)
      }
      return
    }
    if (path.length === 1) {
      if (!parameters.some((parameter) => parameter.name.text === first.text))
        unknown(first, this.#name, 'parameter', [
          ...parameters.map((parameter) => parameter.name.text),
          ...[...this.#slots.keys()].map((slot) => `${slot}.`),
        ])
      return
    }
    const filler = fillers.get(first.text)
    if (!filler) return unknown(first, this.#name, 'slot', [...this.#slots.keys()])
    const accepted = this.#fillerParameters(filler).map((parameter) => parameter.name.text)
    if (path.length > 2) unknown(path[2]!, pathText(path.slice(0, 2)), 'part', [])
    if (!accepted.includes(second!.text)) unknown(second!, `the filler of ${first.text}`, 'parameter', accepted)
  }

  #fillerParameters(filler: Filler): readonly Parameter[] {
    const callee =
      filler.expression.kind === 'call'
        ? filler.expression.callee.text
        : filler.expression.kind === 'name'
          ? filler.expression.name
          : ''
    return filler.file.modules.get(callee)?.declaration.parameters ?? []
  }

  // ---- edits ----------------------------------------------------------------------------------------------------

  #replace(): void {
    const edited = new Map<string, { variant: string; span: Span }>()
    const claim = (variant: VariantUnit, edit: Edit): void => {
      const path = edit.kind === 'replace' ? edit.slot.text : pathText(edit.path)
      for (const [other, { variant: first }] of edited)
        if (
          first !== variant.file.source.file &&
          (other === path || other.startsWith(`${path}.`) || path.startsWith(`${other}.`))
        )
          fail(
            'edit-conflict',
            { first, second: variant.file.source.file, path: other.length < path.length ? other : path },
            edit.span,
          )
      edited.set(path, { variant: variant.file.source.file, span: edit.span })
    }
    for (const variant of this.#application.variants)
      for (const edit of variant.edits)
        this.#attempt(() => {
          claim(variant, edit)
          if (edit.kind === 'set') return
          const slot = this.#slots.get(edit.slot.text)
          if (!slot) this.#notASlot(edit.slot)
          this.#fillers.set(edit.slot.text, {
            expression: edit.filler,
            file: variant.file,
            replaced: { span: edit.span, origin: `${variant.file.source.file}, replace` },
          })
          this.#values.push({
            path: edit.slot.text,
            value: this.#source(edit.filler, variant.file),
            origin: `${variant.file.source.file}, replace`,
          })
        })
  }

  #notASlot(name: Name): never {
    const slots = [...this.#slots.keys()].sort()
    const body = this.#unit.declaration.body
    if (body.some((statement) => statement.kind === 'let' && statement.names.some((candidate) => candidate.text === name.text)))
      fail('not-a-slot', { name: name.text, what: 'a let', slots }, name.span)
    if (this.#unit.file.modules.has(name.text)) fail('not-a-slot', { name: name.text, what: 'a module', slots }, name.span)
    fail('unknown-path', { owner: this.#name, kind: 'slot', name: name.text, near: nearest(name.text, slots) }, name.span, {
      notes: [`slots of ${this.#name}: ${slots.join(', ')}`],
    })
  }

  #source(expression: Expression, file: FileUnit): string {
    return expression.span.file === file.source.file
      ? file.source.text.slice(expression.span.start, expression.span.end)
      : 'given'
  }

  #override(): void {
    const { preset, variants, sets } = this.#application
    const chosen = this.#unit.presets.get(preset)
    if (!chosen && preset !== '') {
      const accepted = [...this.#unit.presets.keys()]
      fail(
        'unknown-preset',
        { model: this.#name, name: preset, near: nearest(preset, accepted), accepted },
        this.#unit.declaration.name.span,
        {
          notes: [`presets of ${this.#name}: ${accepted.join(', ') || '(none)'}`],
        },
      )
    }
    for (const field of chosen?.record.fields ?? []) {
      const slot = field.path.length > 1 ? this.#fillers.get(field.path[0]!.text) : undefined
      if (slot?.replaced || isRecord(field.value)) continue
      this.#overrides.set(pathText(field.path), {
        expression: field.value,
        file: this.#unit.file,
        span: field.span,
        origin: `preset ${preset}`,
      })
    }
    for (const variant of variants)
      for (const edit of variant.edits)
        if (edit.kind === 'set')
          this.#attempt(() => {
            this.#checkPath(edit.path, this.#fillers)
            this.#overrides.set(pathText(edit.path), {
              expression: edit.value,
              file: variant.file,
              span: edit.span,
              origin: `${variant.file.source.file}, set`,
            })
          })
    for (const set of sets)
      this.#attempt(() => {
        this.#checkPath(set.path, this.#fillers)
        this.#overrides.set(pathText(set.path), {
          expression: set.value,
          file: this.#unit.file,
          span: set.value.span,
          origin: set.origin,
        })
      })
  }

  // ---- parameters -----------------------------------------------------------------------------------------------

  #given(parameters: readonly Parameter[], prefix: string, scope: () => Scope): Parameters<typeof bindParameters>[2] {
    const place: Place = { scope: '', name: '', labels: new Map() }
    return new Map(
      parameters.flatMap((parameter) => {
        const override = this.#overrides.get(join(prefix, parameter.name.text))
        if (!override) return []
        const evaluateHere = (x: Expression): Value => evaluate(x, { ...scope(), file: override.file }, place, this.#e)
        return [
          [parameter.name.text, { expression: override.expression, evaluate: evaluateHere, nameSpan: override.span }] as const,
        ]
      }),
    )
  }

  #parameters(): Map<string, Value> {
    const { parameters } = this.#unit.declaration
    const empty: Scope = { file: this.#unit.file, names: new Map(), sizes: new Map(), later: new Set() }
    const bound = bindParameters(
      this.#name,
      parameters,
      this.#given(parameters, '', () => empty),
      this.#unit.declaration.name.span,
      this.#unit.file,
      this.#e,
    )
    for (const [name, value] of bound)
      this.#values.push({ path: name, value: show(value), origin: this.#overrides.get(name)?.origin ?? 'default' })
    return bound
  }

  // ---- the body -------------------------------------------------------------------------------------------------

  #body(parameters: Map<string, Value>) {
    const { declaration, file } = this.#unit
    const scale = this.#scale(parameters)
    this.#parameterScope = {
      file,
      names: parameters,
      sizes: new Map(),
      later: new Set(),
      ...(scale.perItem && { perItem: scale.perItem }),
    }
    this.#scope = {
      ...this.#parameterScope,
      names: new Map(parameters),
      later: laterNames(declaration.body),
      slots: { names: new Set(this.#slots.keys()), call: (name, inputs, _place, span) => this.#callSlot(name, inputs, span) },
    }
    if (scale.name && scale.scale.kind === 'fixed') {
      this.#scope.names.set(scale.name, real(scale.scale.value))
      this.#parameterScope.names.set(scale.name, real(scale.scale.value))
    }
    this.#parameterScope = { ...this.#parameterScope, sizes: this.#scope.sizes }
    const inputs: ModelInput[] = []
    const outputs: ModelOutput[] = []
    let values: GraphOutput[] = []
    const declared = declaration.body.filter((statement) => statement.kind === 'output')
    let returns = false
    for (const statement of declaration.body) {
      if (statement.kind === 'input') this.#attempt(() => inputs.push(this.#input(statement)))
      else if (statement.kind === 'return') {
        returns = true
        if (!this.#failed)
          this.#attempt(() => {
            const value = returned(statement, declared, this.#name, '', this.#scope, this.#e)
            const items = value.kind === 'several' ? value.items.map((item) => item.value) : [value as TensorValue]
            values = items.map((item, at) => ({ name: declared[at]?.name?.text ?? 'output', value: item.id }))
            declared.forEach((output, at) => outputs.push(this.#output(output, items[at]!)))
          })
      } else if (!this.#failed || statement.kind === 'slot')
        this.#attempt(() => elaborateStatement(statement, '', this.#scope, this.#e))
    }
    if (!returns) fail('return-missing', { name: this.#name }, declaration.name.span)
    if (!this.#failed) this.#checkRoles(inputs, outputs)
    return { inputs, outputs, values, scale: scale.scale }
  }

  #scale(parameters: Map<string, Value>): { scale: Scale; name?: string; perItem?: string } {
    const statement = this.#unit.declaration.body.find(
      (candidate): candidate is Extract<Statement, { kind: 'scale' }> => candidate.kind === 'scale',
    )
    if (!statement) return { scale: { kind: 'fixed', value: 1 } }
    const scope: Scope = { file: this.#unit.file, names: parameters, sizes: new Map(), later: new Set() }
    const number = (expression: Expression): number => {
      const value = evaluate(expression, scope, { scope: '', name: '', labels: new Map() }, this.#e)
      return value.kind === 'number'
        ? value.value
        : fail('attribute-type', { name: 'scale', takes: 'a number', given: show(value) }, expression.span)
    }
    if (statement.fixed) {
      const value = number(statement.fixed)
      if (!(value >= 1)) fail('scale-range', { problem: `a scale is at least 1, not ${value}` }, statement.fixed.span)
      return { scale: { kind: 'fixed', value }, name: statement.name.text }
    }
    const [from, to] = [number(statement.from!), number(statement.to!)]
    if (!(from >= 1 && to >= from))
      fail('scale-range', { problem: `a scale goes from at least 1 upwards, not from ${from} to ${to}` }, statement.span)
    return { scale: { kind: 'range', from, to }, name: statement.name.text, perItem: statement.name.text }
  }

  #input(statement: Extract<Statement, { kind: 'input' }>): ModelInput {
    const shape = statement.type.axes.map((axis): Size => {
      if (axis.kind !== 'size') return fail('unknown-dim', { name: axis.kind === 'leading' ? '..' : '?', near: [] }, axis.span)
      if (axis.size.kind === 'name' && !this.#scope.names.has(axis.size.name)) {
        const known = this.#scope.sizes.get(axis.size.name)
        if (known) return known
        const size = symbol(axis.size.name)
        this.#scope.sizes.set(axis.size.name, size)
        return size
      }
      return sizeOf(axis.size, this.#scope, this.#e)
    })
    const role = statement.role
    if (!role)
      return fail(
        'role-missing',
        { model: this.#name, role: `role for ${statement.name.text}; write as ${inputRoles.join(', ')}` },
        statement.name.span,
      )
    const name = role.name.text as InputRole
    if (!inputRoles.includes(name))
      fail('role-unknown', { name, near: nearest(name, inputRoles), accepted: inputRoles }, role.name.span)
    this.#roleShape(name, shape, statement.name)
    const dtype = (statement.type.dtype?.text ?? 'f32') as DType
    const value = this.#e.builder.input(statement.name.text, typed(shape, dtype))
    if (this.#scope.names.has(statement.name.text))
      fail('duplicate-name', { name: statement.name.text, what: 'defined here' }, statement.name.span)
    this.#scope.names.set(statement.name.text, value)
    this.#scope.later.delete(statement.name.text)
    this.#e.builder.lets.set(statement.name.text, value.id)
    for (const condition of statement.where) this.#boundary(condition)
    const by = role.by ? this.#enlargement(role.by) : undefined
    if (name === 'enlarged' && !by) fail('missing-attribute', { callee: 'enlarged', name: 'by [..]' }, role.span)
    return { name: statement.name.text, role: name, shape, range: this.#range(role), ...(by && { by }) }
  }

  #enlargement(expression: Expression) {
    const reader = new FieldReader('enlarged', new Map(), this.#parameterScope, this.#e, expression.span)
    const items = expression.kind === 'list' ? expression.items : [expression]
    return reader.operations(items, ['resize', 'blur'], ['m'])
  }

  #range(role: NonNullable<Extract<Statement, { kind: 'input' }>['role']>): readonly [number, number] {
    if (!role.range) return [-1, 1]
    const [from, to] = [role.range.from, role.range.to].map((expression) => {
      const value = evaluate(expression, this.#parameterScope, { scope: '', name: '', labels: new Map() }, this.#e)
      return value.kind === 'number'
        ? value.value
        : fail('attribute-type', { name: 'in', takes: 'numbers', given: show(value) }, expression.span)
    }) as [number, number]
    if (!(from < to))
      fail('attribute-value', { name: 'in', accepted: 'a range that grows', given: `${from} .. ${to}` }, role.span)
    return [from, to]
  }

  #roleShape(role: InputRole | OutputRole, shape: readonly Size[], name: Name): void {
    const rule: Readonly<Record<string, { rank: number; takes: string; last?: number }>> = {
      image: { rank: 4, takes: '[B, h, w, c]' },
      enlarged: { rank: 4, takes: '[B, H, W, c]' },
      coordinates: { rank: 3, takes: '[B, q, 2]', last: 2 },
      cell: { rank: 3, takes: '[B, q, 2]', last: 2 },
      samples: { rank: 3, takes: '[B, q, c]' },
      features: { rank: 2, takes: '[B, n]' },
    }
    const expected = rule[role]
    if (!expected) return
    const last = shape.at(-1)
    const wrong = shape.length !== expected.rank || (expected.last !== undefined && asInteger(last!) !== expected.last)
    if (wrong)
      fail('role-shape', { role, takes: expected.takes, name: name.text, given: `[${shape.map(format).join(', ')}]` }, name.span)
  }

  #boundary(condition: Extract<Statement, { kind: 'input' }>['where'][number]): void {
    const { left, operator, right } = condition
    const place: Place = { scope: '', name: '', labels: new Map() }
    const problem = this.#unit.file.source.text.slice(condition.span.start, condition.span.end)
    if (operator === '==') {
      const by = left.kind === 'binary' && left.operator === '%' ? evaluate(left.right, this.#scope, place, this.#e) : undefined
      if (left.kind !== 'binary' || by?.kind !== 'number')
        return fail('static-value', { problem: 'where takes only a % n == 0 and a >= n' }, condition.span)
      const rest = mod(sizeOf(left.left, this.#scope, this.#e), by.value)
      this.#e.builder.checks.push({ size: sub(constant(0), rest), least: 0, problem, span: condition.span })
    } else {
      const rest = sub(sizeOf(left, this.#scope, this.#e), sizeOf(right, this.#scope, this.#e))
      this.#e.builder.checks.push({ size: rest, least: 0, problem, span: condition.span })
    }
  }

  #output(statement: Extract<Statement, { kind: 'output' }>, value: TensorValue): ModelOutput {
    const name = statement.name ?? fail('role-missing', { model: this.#name, role: 'name for this output' }, statement.span)
    const role = (statement.role?.name.text ?? '') as OutputRole
    if (!outputRoles.includes(role))
      fail(
        'role-unknown',
        { name: role || '(none)', near: nearest(role, outputRoles), accepted: outputRoles },
        statement.role?.name.span ?? name.span,
      )
    this.#roleShape(role, value.shape, name)
    return { name: name.text, role, shape: value.shape, range: statement.role ? this.#range(statement.role) : [-1, 1] }
  }

  #checkRoles(inputs: readonly ModelInput[], outputs: readonly ModelOutput[]): void {
    const { span } = this.#unit.declaration.name
    const made = outputs.filter((output) => output.role === 'samples' || output.role === 'image').length
    const features = outputs.filter((output) => output.role === 'features').length
    if (!(made === 1 && features === 0) && !(made === 0 && features > 0))
      fail('role-count', { model: this.#name, problem: 'exactly one samples or image output, or one or more features' }, span)
    if (!inputs.some((input) => input.role === 'image' || input.role === 'enlarged'))
      fail('role-missing', { model: this.#name, role: 'input as image or enlarged' }, span)
    if (outputs.some((output) => output.role === 'samples') && !inputs.some((input) => input.role === 'coordinates'))
      fail('role-missing', { model: this.#name, role: 'input as coordinates, which samples need' }, span)
  }

  // ---- slots ----------------------------------------------------------------------------------------------------

  #callSlot(name: string, inputs: readonly { value: Value; span: Span }[], span: Span): Value {
    const slot = this.#slots.get(name)!
    const filler = this.#fillers.get(name)!
    if (inputs.length !== slot.takes.length)
      fail(
        'arity',
        { callee: name, takes: `${slot.takes.length} ${slot.takes.length === 1 ? 'tensor' : 'tensors'}`, given: inputs.length },
        inputs[slot.takes.length]?.span ?? span,
      )
    const tensors = inputs.map((input) => asTensor(input.value, name, input.span))
    slot.takes.forEach((type, at) => this.#contract(name, type, tensors[at]!, inputs[at]!.span, type.span, false))
    const result = this.#fill(
      slot,
      filler,
      tensors.map((value, at) => ({ value, span: inputs[at]!.span })),
      span,
    )
    return this.#promised(slot, filler, result, span)
  }

  /** Arguments against what the slot takes. */
  #contract(
    slot: string,
    type: SlotStatement['takes'][number],
    value: TensorValue,
    at: Span,
    declared: Span,
    isResult: boolean,
  ): void {
    const axes = axesOf(type, this.#scope, this.#e)
    const text = axesText(type, axes)
    const context = {
      label: `gives ${shapeText(value)}`,
      related: [{ span: declared, label: isResult ? `promised here: ${text}` : `${slot} takes ${text}` }],
    }
    const wrong = (note: string): never =>
      isResult
        ? fail('slot-contract', { slot, problem: `gives ${shapeText(value)} where ${text} is promised` }, at, {
            ...context,
            notes: [note],
          })
        : fail('shape-mismatch', { problem: `${slot} takes ${text} and is given ${shapeText(value)}` }, at, {
            ...context,
            notes: [note],
          })
    const dtype = type.dtype?.text ?? 'f32'
    if (dtype !== value.dtype) wrong(`${value.dtype} is not ${dtype}`)
    if (axes.length !== value.shape.length) wrong(`${value.shape.length} axes, not ${axes.length}`)
    axes.forEach(({ size, open }, axis) => {
      const actual = value.shape[axis]!
      if (!size) {
        if (!open) return
        const before = this.#scope.sizes.get(open)
        if (before && compare(before, actual) !== 'equal')
          wrong(`axis ${axis}: ${open} is ${format(before)} already, not ${format(actual)}`)
        this.#scope.sizes.set(open, actual)
        return
      }
      const verdict = compare(size, actual)
      if (verdict === 'different') wrong(`axis ${axis}: ${format(actual)} is not ${format(size)}`)
      if (verdict === 'unknown') fail('shape-unknown', { claim: `${format(actual)} = ${format(size)}` }, at, context)
    })
  }

  #fill(slot: SlotStatement, filler: Filler, inputs: readonly { value: TensorValue; span: Span }[], span: Span): Value {
    const name = slot.name.text
    const scope: Scope = { ...this.#parameterScope, file: filler.file, sizes: this.#scope.sizes }
    const at = filler.expression.span
    const expression = filler.expression.kind === 'group' ? filler.expression.inner : filler.expression
    if (expression.kind === 'lambda') {
      if (expression.parameters.length !== inputs.length)
        fail('lambda-arity', { slot: name, takes: inputs.length, names: expression.parameters.length }, at, {
          related: [{ span: slot.contractSpan, label: 'declared here' }],
        })
      const bound = expression.parameters.flatMap((parameter, index) =>
        parameter.text === '_' ? [] : [[parameter.text, inputs[index]!.value] as const],
      )
      const labels = ownerLabels([expression.body], false, filler.file, new Set())
      return evaluate(expression.body, childScope(scope, bound), { scope: name, name: '', labels }, this.#e)
    }
    const callee = expression.kind === 'call' ? expression.callee.text : expression.kind === 'name' ? expression.name : ''
    const named = expression.kind === 'call' ? expression.arguments : []
    const module = filler.file.modules.get(callee)
    const op = ops.get(callee)
    if (!module && !op) {
      const known = [...filler.file.modules.keys(), ...ops.keys()]
      fail('unknown-op', { name: callee || 'this', near: nearest(callee, known) }, at, {
        help: 'a slot is filled by a module call, an op call, or a lambda such as (x) => x',
      })
    }
    const place: Place = { scope: '', name: '', labels: new Map() }
    const evaluateHere = (x: Expression): Value => evaluate(x, scope, place, this.#e)
    const unnamed = named.find((argument) => !argument.name)
    if (unnamed && !(op && !module && op.pattern))
      fail('arity', { callee, takes: 'the slot’s inputs and named values', given: 1 + inputs.length }, unnamed.span)
    if (module) {
      const given = new Map(
        named.map((argument) => [
          argument.name!.text,
          { expression: argument.value, evaluate: evaluateHere, nameSpan: argument.name!.span },
        ]),
      )
      for (const [parameter, override] of this.#given(module.declaration.parameters, name, () => ({
        ...scope,
        names: this.#parameterScope.names,
      })))
        given.set(parameter, override)
      for (const parameter of module.declaration.parameters) {
        const origin = this.#overrides.get(`${name}.${parameter.name.text}`)?.origin
        const written = given.get(parameter.name.text)?.expression ?? parameter.standard
        if (written)
          this.#values.push({
            path: `${name}.${parameter.name.text}`,
            value: this.#writtenText(written),
            origin: origin ?? (given.has(parameter.name.text) ? 'filler' : 'default'),
          })
      }
      return enter(module, inputs, given, name, at, this.#e)
    }
    const call =
      expression.kind === 'call'
        ? expression
        : { kind: 'call' as const, callee: { text: callee, span: at }, arguments: [], parenthesised: false, span: at }
    const extra = named.filter((argument): argument is typeof argument & { name: Name } => argument.name !== undefined)
    const pattern = named.filter((argument) => !argument.name)
    const positional = inputs.map((_, index) => ({ value: { kind: 'name' as const, name: `#${index}`, span: at }, span: at }))
    const inner = childScope(
      scope,
      inputs.map((input, index) => [`#${index}`, input.value] as const),
    )
    return callOp(op!, call, [...positional, ...pattern], extra, undefined, {
      scope: inner,
      place,
      e: this.#e,
      path: name,
      evaluate: (x) => evaluate(x, inner, place, this.#e),
    })
  }

  #writtenText(expression: Expression): string {
    const unit = [
      this.#unit.file,
      ...this.#application.variants.map((variant) => variant.file),
      ...[...this.#unit.file.modules.values()].map((module) => module.file),
    ].find((candidate) => candidate.source.file === expression.span.file)
    return unit ? unit.source.text.slice(expression.span.start, expression.span.end) : 'given'
  }

  /** A filler's result against what the slot promises; a number is spread over the promised shape. */
  #promised(slot: SlotStatement, filler: Filler, result: Value, span: Span): Value {
    const name = slot.name.text
    const at = filler.expression.span
    if (slot.gives.length === 1 && !slot.gives[0]!.name) {
      const [{ type }] = slot.gives as [SlotStatement['gives'][number]]
      if (result.kind === 'number') {
        const axes = axesOf(type, this.#scope, this.#e)
        const shape = axes.map(
          ({ size }) =>
            size ??
            fail('slot-contract', { slot: name, problem: `is a number; its shape ${axesText(type, axes)} is not known` }, at),
        )
        return this.#e.builder.fill(result.value, shape, name, at)
      }
      const value = asTensor(result, name, at)
      this.#contract(name, type, value, at, type.span, true)
      return value
    }
    const items = result.kind === 'several' ? result.items : []
    return {
      kind: 'several',
      items: slot.gives.map(({ name: wanted, type }) => {
        const item = items.find((candidate) => candidate.name === wanted?.text)
        if (!item)
          fail('slot-contract', { slot: name, problem: `gives no ${wanted?.text}` }, at, {
            related: [{ span: slot.contractSpan, label: 'promised here' }],
          })
        this.#contract(name, type, item.value, at, type.span, true)
        return { name: wanted!.text, value: item.value }
      }),
    }
  }

  // ---- train and evaluate ---------------------------------------------------------------------------------------

  #fields(record: 'train' | 'evaluate'): { fields: Fields; span: Span } | undefined {
    const declared = this.#unit[record]
    if (!declared) return undefined
    const accepted = record === 'train' ? [...trainFields, ...this.#slots.keys()] : evaluateFields
    const fields = new Map<string, ScopedField>()
    for (const field of declared.record.fields) {
      const name = field.path[0]!
      if (field.path.length > 1 || !accepted.includes(name.text))
        fail('unknown-field', { record, name: pathText(field.path), near: nearest(name.text, accepted), accepted }, name.span)
      if (fields.has(name.text)) fail('duplicate-name', { name: name.text, what: 'given' }, name.span)
      fields.set(name.text, { value: field.value, span: field.span, origin: 'default' })
    }
    for (const [path, override] of this.#overrides) {
      const [head, name, ...rest] = path.split('.')
      if (head !== record || rest.length > 0) continue
      fields.set(name!, { value: override.expression, span: override.span, origin: override.origin })
    }
    for (const [name, field] of fields)
      if (!isRecord(field.value))
        this.#values.push({ path: `${record}.${name}`, value: this.#writtenText(field.value), origin: field.origin })
    return { fields, span: declared.span }
  }

  #train(
    scale: Scale,
    inputs: readonly ModelInput[],
    outputs: readonly ModelOutput[],
    values: readonly GraphOutput[],
    graph: Graph,
  ): TrainPlan | undefined {
    const declared = this.#fields('train')
    if (!declared) return undefined
    const reader = new FieldReader('train', declared.fields, this.#parameterScope, this.#e, declared.span)
    const sizes: Record<string, number> = {}
    for (const input of inputs)
      for (const size of input.shape)
        for (const name of symbols(size)) {
          if (!reader.has(name)) fail('unbound-dim', { record: 'train', dim: name }, declared.span)
          sizes[name] = reader.int(name)
        }
    const m = reader.has('m')
      ? reader.perItem(reader.expression('m'), ['epoch', 'epochs'])
      : this.#staticScale(scale, declared.span)
    this.#checkDraw(m, scale, reader.has('m') ? reader.expression('m').span : declared.span)
    const main = this.#objective(reader, outputs, values, undefined)
    const objectives = [main]
    for (const slot of this.#slots.keys()) {
      const record = declared.fields.get(slot)
      if (!record) continue
      if (!isRecord(record.value))
        fail('attribute-type', { name: slot, takes: 'a record { loss, optimizer, .. }', given: 'a value' }, record.span)
      const inner = new Map<string, ScopedField>()
      for (const field of record.value.fields) {
        const name = pathText(field.path)
        if (!objectiveFields.includes(name))
          fail(
            'unknown-field',
            { record: `train.${slot}`, name, near: nearest(name, objectiveFields), accepted: objectiveFields },
            field.span,
          )
        const override = this.#overrides.get(`train.${slot}.${name}`)
        inner.set(name, { value: override?.expression ?? field.value, span: field.span, origin: 'default' })
      }
      objectives.push(
        this.#objective(
          new FieldReader(`train.${slot}`, inner, this.#parameterScope, this.#e, record.span),
          outputs,
          values,
          slot,
        ),
      )
    }
    const own = new Set(graph.weights.map((weight) => weight.path))
    const grouped = objectives.map((objective) => ({
      ...objective,
      graph: {
        ...objective.graph,
        weights: objective.graph.weights.map((weight) =>
          own.has(weight.path) ? weight : { ...weight, group: weight.path.split('.')[0]! },
        ),
      },
    }))
    return {
      sizes,
      m,
      degrade: reader.has('degrade')
        ? reader.operations(reader.items('degrade'), ['blur', 'resize'], ['m', 'epoch', 'epochs'])
        : [{ op: 'resize', kernel: 'bicubic' }],
      augment: reader.has('augment') ? reader.operations(reader.items('augment'), ['flip_x', 'flip_y', 'transpose'], []) : [],
      objectives: grouped,
      epochs: reader.int('epochs', 1),
      repeat: reader.int('repeat', 1),
    }
  }

  #staticScale(scale: Scale, span: Span) {
    if (scale.kind === 'range') fail('missing-field', { record: 'train', name: 'm' }, span)
    return { kind: 'number' as const, value: scale.value }
  }

  #checkDraw(m: TrainPlan['m'], scale: Scale, span: Span): void {
    const bounds = scale.kind === 'range' ? ([scale.from, scale.to] as const) : ([scale.value, scale.value] as const)
    const numbers =
      m.kind === 'number' ? [m] : m.kind === 'choice' ? m.items : m.kind === 'call' && m.name === 'uniform' ? m.arguments : []
    for (const item of numbers)
      if (item.kind === 'number' && (item.value < bounds[0] || item.value > bounds[1]))
        fail('out-of-range', { name: 'm', range: `${bounds[0]} .. ${bounds[1]}`, given: String(item.value) }, span)
  }

  #objective(
    reader: FieldReader,
    outputs: readonly ModelOutput[],
    values: readonly GraphOutput[],
    group: string | undefined,
  ): Objective {
    const expression = reader.expression('loss')
    const builder = this.#e.builder
    const target = this.#target(outputs)
    const names = new Map<string, Value>([...this.#parameterScope.names])
    const all = builder.graph()
    const tensor = (value: number): TensorValue => ({ kind: 'tensor', id: value, ...all.values[value]! })
    for (const input of all.inputs) names.set(input.name, tensor(input.value))
    for (const output of values) names.set(output.name, tensor(output.value))
    names.set('target', target)
    const scope: Scope = { ...this.#scope, names, later: new Set() }
    const place: Place = {
      scope: '',
      name: 'loss',
      labels: ownerLabels([expression], false, this.#unit.file, new Set(this.#slots.keys())),
    }
    const loss = asTensor(evaluate(expression, scope, place, this.#e), 'loss', expression.span)
    if (loss.shape.length !== 0) fail('loss-shape', { callee: 'loss', left: shapeText(loss), right: 'a number' }, expression.span)
    const calls = callsIn(expression).filter((call) => call.callee.text === 'l1' || call.callee.text === 'mse')
    const terms = calls.map((call) => ({
      name: this.#writtenText(call),
      value: asTensor(evaluate(call, scope, place, this.#e), 'loss', call.span).id,
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

  #targetValue: TensorValue | undefined
  #target(outputs: readonly ModelOutput[]): TensorValue {
    const output = outputs.find((candidate) => candidate.role === 'samples' || candidate.role === 'image')
    if (!output)
      return fail(
        'role-missing',
        { model: this.#name, role: 'samples or image output to train on' },
        this.#unit.declaration.name.span,
      )
    this.#targetValue ??= this.#e.builder.input('target', f32(output.shape))
    return this.#targetValue
  }

  #evaluate(scale: Scale, train: TrainPlan | undefined): CompiledModel['evaluate'] {
    const declared = this.#fields('evaluate')
    if (!declared) return undefined
    const reader = new FieldReader('evaluate', declared.fields, this.#parameterScope, this.#e, declared.span)
    const plan = reader.evaluatePlan(train?.degrade ?? [{ op: 'resize', kernel: 'bicubic' }])
    const bounds = scale.kind === 'range' ? ([scale.from, scale.to] as const) : ([scale.value, scale.value] as const)
    for (const m of plan.m)
      if (m < bounds[0] || m > bounds[1])
        fail('out-of-range', { name: 'm', range: `${bounds[0]} .. ${bounds[1]}`, given: String(m) }, reader.expression('m').span)
    return plan
  }
}
