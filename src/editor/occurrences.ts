import type { Span } from '../compiler/diagnostics/diagnostic.ts'
import type { FileUnit, ModelUnit, ModuleUnit } from '../compiler/names/program.ts'
import {
  childrenOf,
  isRecord,
  type Declaration,
  type Expression,
  type ModuleDeclaration,
  type Name,
  type Record as FieldRecord,
  type Stage,
  type Statement,
  type TensorType,
} from '../compiler/syntax/tree.ts'
import type { Workspace } from './workspace.ts'

export type Kind =
  | 'module'
  | 'model'
  | 'parameter'
  | 'input'
  | 'output'
  | 'size'
  | 'let'
  | 'weight'
  | 'slot'
  | 'scale'
  | 'preset'
  | 'op'
  | 'attribute'
  | 'field'

/** A name where it is written, and what it stands for. */
export interface Occurrence {
  readonly span: Span
  readonly text: string
  readonly kind: Kind
  /** Where the name is declared; none for what the language itself knows. */
  readonly target?: Span
  /** The callee, for an attribute. */
  readonly of?: string
}

type Names = Map<string, { readonly kind: Kind; readonly target: Span }>

/** All names of a file, in the order of the text. Ones that nothing declares are left out. */
export function occurrences(workspace: Workspace, file: string): readonly Occurrence[] {
  const unit = workspace.unit(file)
  if (!unit) return []
  const walk = new Walk(workspace, unit)
  unit.source.declarations.forEach((declaration) => walk.declaration(declaration))
  return walk.found.sort((a, b) => a.span.start - b.span.start)
}

/** The name at an offset. */
export const occurrenceAt = (workspace: Workspace, file: string, offset: number): Occurrence | undefined =>
  occurrences(workspace, file).find(({ span }) => span.start <= offset && offset <= span.end)

/** Where the name at an offset is declared; the beginning of the file whose path is there. */
export function definitionAt(workspace: Workspace, file: string, offset: number): Span | undefined {
  const path = (workspace.unit(file)?.source.declarations ?? []).find(
    (each) => (each.kind === 'import' || each.kind === 'variant') && each.fromSpan.start <= offset && offset <= each.fromSpan.end,
  )
  if (path?.kind !== 'import' && path?.kind !== 'variant') return occurrenceAt(workspace, file, offset)?.target
  const target = workspace.resolve(file, path.from)
  return workspace.unit(target) && { file: target, start: 0, end: 0 }
}

/** Every place of the project where the same thing is named. */
export function placesOf(workspace: Workspace, target: Span): readonly Span[] {
  return workspace
    .files()
    .flatMap((file) => occurrences(workspace, file))
    .filter((each) => each.target && isSamePlace(each.target, target))
    .map(({ span }) => span)
}

const isSamePlace = (a: Span, b: Span): boolean => a.file === b.file && a.start === b.start

class Walk {
  readonly found: Occurrence[] = []
  /** The model that presets, records and edits speak of. */
  #model: ModelUnit | undefined

  constructor(
    readonly workspace: Workspace,
    readonly unit: FileUnit,
  ) {
    this.#model = workspace.model(unit.source.file)
  }

  declaration(declaration: Declaration): void {
    switch (declaration.kind) {
      case 'import': {
        const module = this.unit.modules.get(declaration.name.text)
        if (module) this.#add(declaration.name, 'module', module.declaration.name.span)
        return
      }
      case 'module':
      case 'model':
        return this.#module(declaration)
      case 'preset':
        this.#add(declaration.name, 'preset', declaration.name.span)
        return declaration.record.fields.forEach(({ path, value }) => {
          this.#path(path)
          if (!isRecord(value)) this.#expression(value, this.#parameters())
        })
      case 'train':
      case 'evaluate':
        return this.#record(declaration.record)
      case 'variant':
        if (this.#model) this.#add(declaration.base, 'model', this.#model.declaration.name.span)
        return
      case 'replace':
        this.#slot(declaration.slot)
        return this.#expression(declaration.filler, this.#parameters())
      case 'set':
        this.#path(declaration.path)
        return this.#expression(declaration.value, this.#parameters())
    }
  }

  #add({ text, span }: Name, kind: Kind, target?: Span, of?: string): void {
    this.found.push({ text, span, kind, ...(target && { target }), ...(of !== undefined && { of }) })
  }

  #module(declaration: ModuleDeclaration): void {
    this.#add(declaration.name, declaration.kind, declaration.name.span)
    const names: Names = new Map()
    const declare = (name: Name, kind: Kind): void => {
      if (name.text === '_') return
      if (!names.has(name.text)) names.set(name.text, { kind, target: name.span })
      this.#add(name, kind, name.span)
    }
    for (const { name, standard } of declaration.parameters) {
      if (standard) this.#expression(standard, names)
      declare(name, 'parameter')
    }
    for (const statement of declaration.body) if (statement.kind === 'slot') names.set(statement.name.text, { kind: 'slot', target: statement.name.span }) // prettier-ignore
    for (const statement of declaration.body) if (statement.kind === 'scale') names.set(statement.name.text, { kind: 'scale', target: statement.name.span }) // prettier-ignore
    for (const statement of declaration.body) this.#statement(statement, names, declare)
  }

  #statement(statement: Statement, names: Names, declare: (name: Name, kind: Kind) => void): void {
    switch (statement.kind) {
      case 'input':
        this.#type(statement.type, names, true)
        statement.where.forEach(({ left, right }) => [left, right].forEach((side) => this.#expression(side, names)))
        if (statement.role?.by) this.#expression(statement.role.by, names)
        return declare(statement.name, 'input')
      case 'output':
        // Outputs have names of their own.
        if (statement.name) this.#add(statement.name, 'output', statement.name.span)
        return this.#type(statement.type, names, true)
      case 'scale':
        this.#add(statement.name, 'scale', statement.name.span)
        return [statement.fixed, statement.from, statement.to].forEach((each) => each && this.#expression(each, names))
      case 'slot':
        this.#add(statement.name, 'slot', statement.name.span)
        statement.takes.forEach((type) => this.#type(type, names, false))
        statement.gives.forEach(({ type }) => this.#type(type, names, true))
        return this.#expression(statement.filler, names)
      case 'let':
        this.#expression(statement.value, names)
        return statement.names.forEach((name) => declare(name, 'let'))
      case 'weight':
        this.#type(statement.type, names, false)
        this.#expression(statement.initialiser, names)
        return declare(statement.name, 'weight')
      case 'return':
        return statement.values.forEach((value) => this.#expression(value, names))
    }
  }

  /** `binds`: a name that is new here is a size from here on. */
  #type({ axes }: TensorType, names: Names, binds: boolean): void {
    for (const axis of axes) {
      if (axis.kind === 'size') {
        const { size } = axis
        if (binds && size.kind === 'name' && !names.has(size.name)) {
          names.set(size.name, { kind: 'size', target: size.span })
          this.#add({ text: size.name, span: size.span }, 'size', size.span)
        } else this.#expression(size, names)
      } else if (axis.kind === 'open' && axis.name) {
        const known = names.get(axis.name.text) ?? { kind: 'size' as const, target: axis.name.span }
        names.set(axis.name.text, known)
        this.#add(axis.name, known.kind, known.target)
      }
    }
  }

  #expression(expression: Expression, names: Names): void {
    switch (expression.kind) {
      case 'number':
      case 'string':
        return
      case 'name': {
        const known = names.get(expression.name)
        const module = this.unit.modules.get(expression.name)
        const name = { text: expression.name, span: expression.span }
        if (known) this.#add(name, known.kind, known.target)
        else if (module) this.#add(name, 'module', module.declaration.name.span)
        return
      }
      case 'call': {
        const { callee } = expression
        const known = names.get(callee.text)
        const module = this.unit.modules.get(callee.text)
        if (known?.kind === 'slot' || known?.kind === 'parameter') this.#add(callee, known.kind, known.target)
        else if (module) this.#add(callee, 'module', module.declaration.name.span)
        else this.#add(callee, 'op')
        for (const { name, value } of expression.arguments) {
          if (name) this.#argument(name, callee.text, module)
          this.#expression(value, names)
        }
        return
      }
      case 'lambda':
        return this.#expression(expression.body, this.#inner(names, expression.parameters))
      default:
        return childrenOf(expression).forEach((child) => this.#stage(child, names))
    }
  }

  #stage(stage: Expression | Stage, names: Names): void {
    if (stage.kind !== 'repeat') return this.#expression(stage, names)
    this.#expression(stage.over, names)
    const inner = this.#inner(
      names,
      [stage.element, stage.turn].filter((name) => name !== undefined),
    )
    stage.body.forEach((step) => this.#stage(step, inner))
  }

  #inner(names: Names, own: readonly Name[]): Names {
    const inner: Names = new Map(names)
    for (const name of own) {
      if (name.text === '_') continue
      inner.set(name.text, { kind: 'let', target: name.span })
      this.#add(name, 'let', name.span)
    }
    return inner
  }

  #argument(name: Name, callee: string, module: ModuleUnit | undefined): void {
    const parameter = module?.declaration.parameters.find((each) => each.name.text === name.text)
    if (parameter) this.#add(name, 'parameter', parameter.name.span)
    else if (!module) this.#add(name, 'attribute', undefined, callee)
  }

  /** What defaults of presets and fillers of variants see. */
  #parameters(): Names {
    const { declaration } = this.#model ?? {}
    const names: Names = new Map()
    for (const { name } of declaration?.parameters ?? []) names.set(name.text, { kind: 'parameter', target: name.span })
    for (const statement of declaration?.body ?? []) {
      if (statement.kind === 'scale') names.set(statement.name.text, { kind: 'scale', target: statement.name.span })
      const types =
        statement.kind === 'input' ? [statement.type] : statement.kind === 'slot' ? statement.gives.map(({ type }) => type) : []
      for (const { axes } of types)
        for (const axis of axes) {
          const name = axis.kind === 'open' ? axis.name : axis.kind === 'size' && axis.size.kind === 'name' ? { text: axis.size.name, span: axis.size.span } : undefined // prettier-ignore
          if (name && !names.has(name.text)) names.set(name.text, { kind: 'size', target: name.span })
        }
    }
    return names
  }

  /** `encoder.embed`, `width`, `train.B`. */
  #path([first, second]: readonly Name[]): void {
    if (!first) return
    if (first.text === 'train' || first.text === 'evaluate') {
      if (second) this.#add(second, 'field', undefined, first.text)
      return
    }
    if (!second) {
      const parameter = this.#parameters().get(first.text)
      if (parameter?.kind === 'parameter') this.#add(first, 'parameter', parameter.target)
      return
    }
    const filler = this.#slot(first)
    const parameter = filler?.declaration.parameters.find((each) => each.name.text === second.text)
    if (parameter) this.#add(second, 'parameter', parameter.name.span)
  }

  /** A slot of the model; gives the module that fills it here. */
  #slot(name: Name): ModuleUnit | undefined {
    const slot = slotsOf(this.#model).find((each) => each.name.text === name.text)
    if (!slot) return undefined
    this.#add(name, 'slot', slot.name.span)
    return fillerOf(this.#model!, slot.name.text, this.unit)
  }

  #record(record: FieldRecord): void {
    const names = this.#parameters()
    for (const statement of this.#model?.declaration.body ?? [])
      if ((statement.kind === 'input' || statement.kind === 'output' || statement.kind === 'slot') && statement.name)
        names.set(statement.name.text, { kind: statement.kind, target: statement.name.span })
    const fields = ({ fields: own, lets = [] }: FieldRecord, seen: Names): void => {
      const names: Names = new Map(seen)
      for (const { names: given, value } of lets) {
        this.#expression(value, names)
        for (const name of given) {
          names.set(name.text, { kind: 'let', target: name.span })
          this.#add(name, 'let', name.span)
        }
      }
      own.forEach(({ path, value }) => {
        const slot = slotsOf(this.#model).find((each) => each.name.text === path[0]!.text)
        if (isRecord(value)) {
          if (slot) this.#add(path[0]!, 'slot', slot.name.span)
          return fields(value, names)
        }
        this.#add(path[0]!, 'field', undefined, 'train')
        this.#expression(value, names)
      })
    }
    fields(record, names)
  }
}

export const slotsOf = (model: ModelUnit | undefined): Extract<Statement, { kind: 'slot' }>[] =>
  (model?.declaration.body ?? []).filter((statement) => statement.kind === 'slot')

/** The module that fills a slot: of a variant's file, else of the model's own. */
export function fillerOf(model: ModelUnit, slot: string, unit: FileUnit): ModuleUnit | undefined {
  const replaced = unit.variant?.edits.find((edit) => edit.kind === 'replace' && edit.slot.text === slot)
  const [expression, file] = replaced?.kind === 'replace' ? [replaced.filler, unit] : [slotsOf(model).find((each) => each.name.text === slot)?.filler, model.file] // prettier-ignore
  const callee = expression?.kind === 'call' ? expression.callee.text : expression?.kind === 'name' ? expression.name : ''
  return file.modules.get(callee)
}
