import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { FileUnit, ModelUnit } from '../names/program.ts'
import {
  isRecord,
  type Declaration,
  type Expression,
  type ModuleDeclaration,
  type Record as FieldRecord,
  type Stage,
  type Statement,
} from '../syntax/tree.ts'

/** Warnings about one file's own text; `units` are all files that are looked at: they may import from it. */
export function lint(unit: FileUnit, units: readonly FileUnit[]): Diagnostic[] {
  return [...unusedInside(unit), ...deadSlots(unit), ...unusedImports(unit), ...unusedModules(unit, units)]
}

/** Every name that an expression mentions: values, callees, objects of members. */
function mentioned(expression: Expression, into: Set<string>): void {
  const stage = (item: Stage): void => {
    if (item.kind === 'repeat') {
      mentioned(item.over, into)
      item.body.forEach(stage)
    } else mentioned(item, into)
  }
  switch (expression.kind) {
    case 'name':
      into.add(expression.name)
      return
    case 'call':
      into.add(expression.callee.text)
      return expression.arguments.forEach((argument) => mentioned(argument.value, into))
    case 'pipeline':
      mentioned(expression.head, into)
      return expression.stages.forEach(stage)
    case 'binary':
      mentioned(expression.left, into)
      return mentioned(expression.right, into)
    case 'negate':
      return mentioned(expression.operand, into)
    case 'group':
      return mentioned(expression.inner, into)
    case 'member':
      return mentioned(expression.object, into)
    case 'element':
      mentioned(expression.list, into)
      return mentioned(expression.at, into)
    case 'first':
      mentioned(expression.list, into)
      return mentioned(expression.count, into)
    case 'list':
      return expression.items.forEach((item) => mentioned(item, into))
    case 'lambda':
      return mentioned(expression.body, into)
    default:
  }
}

function expressionsOf(statement: Statement): readonly Expression[] {
  const sizes = (
    statement.kind === 'input' || statement.kind === 'output' || statement.kind === 'weight'
      ? [statement.type]
      : statement.kind === 'slot'
        ? [...statement.takes, ...statement.gives.map((result) => result.type)]
        : []
  ).flatMap((type) => type.axes.flatMap((axis) => (axis.kind === 'size' ? [axis.size] : [])))
  switch (statement.kind) {
    case 'let':
      return [statement.value]
    case 'return':
      return statement.values
    case 'slot':
      return [...sizes, statement.filler]
    case 'weight':
      return [...sizes, statement.initialiser]
    case 'scale':
      return [statement.fixed, statement.from, statement.to].filter((item) => item !== undefined)
    case 'input':
      return [
        ...sizes,
        ...statement.where.flatMap((condition) => [condition.left, condition.right]),
        ...(statement.role?.by ? [statement.role.by] : []),
      ]
    case 'output':
      return sizes
  }
}

function mentionedIn(declaration: ModuleDeclaration): Set<string> {
  const names = new Set<string>()
  declaration.body.flatMap(expressionsOf).forEach((expression) => mentioned(expression, names))
  declaration.parameters.forEach((parameter) => parameter.standard && mentioned(parameter.standard, names))
  return names
}

function unusedInside(unit: FileUnit): Diagnostic[] {
  const found: Diagnostic[] = []
  for (const declaration of unit.source.declarations) {
    if (declaration.kind !== 'module' && declaration.kind !== 'model') continue
    const used = mentionedIn(declaration)
    const model = declaration.kind === 'model' ? unit.models.get(declaration.name.text) : undefined
    const live = model && reached(model)
    live?.forEach((name) => used.add(name)) // losses mention inputs
    const slots = declaration.body.flatMap((statement) => (statement.kind === 'slot' ? [statement.name.text] : []))
    // A let of a dead slot is not reported beside the slot.
    const ofDeadSlot = (value: Expression): boolean => {
      const names = new Set<string>()
      mentioned(value, names)
      return slots.some((slot) => names.has(slot) && !live?.has(slot))
    }
    for (const statement of declaration.body) {
      if (statement.kind === 'let')
        for (const name of statement.names)
          if (!used.has(name.text) && !name.text.startsWith('_') && !ofDeadSlot(statement.value))
            found.push(diagnostic('unused-let', { name: name.text }, name.span))
      if (statement.kind === 'weight' && !used.has(statement.name.text))
        found.push(diagnostic('unused-let', { name: statement.name.text }, statement.name.span))
      if (statement.kind === 'input' && !used.has(statement.name.text))
        found.push(diagnostic('unused-input', { name: statement.name.text }, statement.name.span))
    }
  }
  return found
}

/** Names that an output or a loss of a model needs, through its lets. */
function reached(model: ModelUnit): Set<string> {
  const live = new Set<string>()
  const { body } = model.declaration
  for (const statement of body) if (statement.kind === 'return') statement.values.forEach((value) => mentioned(value, live))
  const losses = (record: FieldRecord | undefined): void =>
    record?.fields.forEach(({ path, value }) => {
      if (isRecord(value)) losses(value)
      else if (path.at(-1)!.text === 'loss') mentioned(value, live)
    })
  losses(model.train?.record)
  for (let before = -1; before !== live.size;) {
    before = live.size
    for (const statement of body)
      if (statement.kind === 'let' && statement.names.some((name) => live.has(name.text))) mentioned(statement.value, live)
  }
  return live
}

function deadSlots(unit: FileUnit): Diagnostic[] {
  return [...unit.models.values()].flatMap((model) => {
    const live = reached(model)
    const outputs = model.declaration.body.flatMap((statement) =>
      statement.kind === 'output' && statement.name ? [statement.name.text] : [],
    )
    return model.declaration.body.flatMap((statement) =>
      statement.kind === 'slot' && !live.has(statement.name.text)
        ? [diagnostic('dead-slot', { name: statement.name.text, outputs: outputs.join(' or ') }, statement.name.span)]
        : [],
    )
  })
}

/** Modules beside a model that nothing calls; a file without a model is a library. */
function unusedModules(unit: FileUnit, units: readonly FileUnit[]): Diagnostic[] {
  if (unit.models.size === 0) return []
  const used = new Set<string>()
  for (const declaration of unit.source.declarations)
    if (declaration.kind === 'module' || declaration.kind === 'model') mentionedIn(declaration).forEach((name) => used.add(name))
  const imported = units.filter((other) => other !== unit).flatMap((other) => [...other.modules.values()])
  return unit.source.declarations.flatMap((declaration) =>
    declaration.kind === 'module' &&
    !used.has(declaration.name.text) &&
    !imported.some((module) => module.declaration === declaration)
      ? [diagnostic('unused-module', { name: declaration.name.text }, declaration.name.span)]
      : [],
  )
}

function unusedImports(unit: FileUnit): Diagnostic[] {
  const used = new Set<string>()
  const visit = (declaration: Declaration): void => {
    if (declaration.kind === 'module' || declaration.kind === 'model') mentionedIn(declaration).forEach((name) => used.add(name))
    if (declaration.kind === 'replace') mentioned(declaration.filler, used)
  }
  unit.source.declarations.forEach(visit)
  return unit.source.declarations.flatMap((declaration) =>
    declaration.kind === 'import' && !used.has(declaration.name.text)
      ? [diagnostic('unused-import', { name: declaration.name.text }, declaration.name.span)]
      : [],
  )
}
