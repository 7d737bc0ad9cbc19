import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { FileUnit } from '../names/program.ts'
import {
  isRecord,
  mentioned,
  type Declaration,
  type Expression,
  type LetStatement,
  type Record as FieldRecord,
} from '../syntax/tree.ts'
import { mentionedIn, mentionedInRecord, reached } from './mentions.ts'

/** Lets, weights, inputs, imports and modules that nothing uses; `units` are all files that are looked at: they may import from it. */
export const unused = (unit: FileUnit, units: readonly FileUnit[]): Diagnostic[] => [
  ...unusedInside(unit),
  ...unusedInTraining(unit),
  ...unusedImports(unit),
  ...unusedModules(unit, units),
]

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

/** Lets of `train` that no loss needs. */
function unusedInTraining(unit: FileUnit): Diagnostic[] {
  const letsOf = ({ lets = [], fields }: FieldRecord): LetStatement[] => [
    ...lets,
    ...fields.flatMap(({ value }) => (isRecord(value) ? letsOf(value) : [])),
  ]
  return [...unit.models.values()].flatMap((model) => {
    const live = reached(model)
    const names = model.train ? letsOf(model.train.record).flatMap((statement) => statement.names) : []
    return names.flatMap(({ text, span }) =>
      live.has(text) || text.startsWith('_') ? [] : [diagnostic('unused-let', { name: text }, span)],
    )
  })
}

/** Every name that a file mentions. */
function usedIn(unit: FileUnit): Set<string> {
  const used = new Set<string>()
  const visit = (declaration: Declaration): void => {
    if (declaration.kind === 'module' || declaration.kind === 'model') mentionedIn(declaration).forEach((name) => used.add(name))
    if (declaration.kind === 'replace') mentioned(declaration.filler, used)
    if (declaration.kind === 'set') mentioned(declaration.value, used)
    if ('record' in declaration) mentionedInRecord(declaration.record, used)
  }
  unit.source.declarations.forEach(visit)
  return used
}

/** Modules beside a model that nothing calls; a file without a model is a library. */
function unusedModules(unit: FileUnit, units: readonly FileUnit[]): Diagnostic[] {
  if (unit.models.size === 0) return []
  const used = usedIn(unit)
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
  const used = usedIn(unit)
  return unit.source.declarations.flatMap((declaration) =>
    declaration.kind === 'import' && !used.has(declaration.name.text)
      ? [diagnostic('unused-import', { name: declaration.name.text }, declaration.name.span)]
      : [],
  )
}
