import type { ModelUnit } from '../names/program.ts'
import {
  isRecord,
  mentioned,
  type Expression,
  type LetStatement,
  type ModuleDeclaration,
  type Record as FieldRecord,
  type Statement,
} from '../syntax/tree.ts'

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

/** Every name that a module mentions. */
export function mentionedIn(declaration: ModuleDeclaration): Set<string> {
  const names = new Set<string>()
  declaration.body.flatMap(expressionsOf).forEach((expression) => mentioned(expression, names))
  declaration.parameters.forEach((parameter) => parameter.standard && mentioned(parameter.standard, names))
  return names
}

/** Every name that the values of a record mention. */
export function mentionedInRecord({ fields, lets = [] }: FieldRecord, into: Set<string>): void {
  lets.forEach(({ value }) => mentioned(value, into))
  fields.forEach(({ value }) => (isRecord(value) ? mentionedInRecord(value, into) : mentioned(value, into)))
}

/** Names that an output or a loss of a model needs, through its lets. */
export function reached(model: ModelUnit): Set<string> {
  const live = new Set<string>()
  const { body } = model.declaration
  for (const statement of body) if (statement.kind === 'return') statement.values.forEach((value) => mentioned(value, live))
  const named: LetStatement[] = []
  const losses = (record: FieldRecord | undefined): void => {
    named.push(...(record?.lets ?? []))
    record?.fields.forEach(({ path, value }) => {
      if (isRecord(value)) losses(value)
      else if (path.at(-1)!.text === 'loss') mentioned(value, live)
    })
  }
  losses(model.train?.record)
  for (let before = -1; before !== live.size;) {
    before = live.size
    for (const statement of [...named, ...body])
      if (statement.kind === 'let' && statement.names.some((name) => live.has(name.text))) mentioned(statement.value, live)
  }
  return live
}
