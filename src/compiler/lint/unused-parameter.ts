import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { FileUnit, ModelUnit } from '../names/program.ts'
import { mentioned } from '../syntax/tree.ts'
import { mentionedIn, mentionedInRecord } from './mentions.ts'

/**
 * Parameters whose value makes no difference. Those of a model may be used by its records, its presets, and the variants of it
 * among `units`, the files that are looked at: giving them a value is no use.
 */
export const unusedParameters = (unit: FileUnit, units: readonly FileUnit[]): Diagnostic[] =>
  unit.source.declarations.flatMap((declaration) => {
    if (declaration.kind !== 'module' && declaration.kind !== 'model') return []
    const used = mentionedIn(declaration)
    const model = unit.models.get(declaration.name.text)
    if (model?.declaration === declaration) aroundModel(model, units, used)
    return declaration.parameters.flatMap(({ name: { text, span } }) =>
      used.has(text) || text.startsWith('_')
        ? []
        : [diagnostic('unused-parameter', { name: text, owner: declaration.name.text }, span)],
    )
  })

function aroundModel({ declaration, train, evaluate, presets }: ModelUnit, units: readonly FileUnit[], into: Set<string>): void {
  for (const each of [train, evaluate, ...presets.values()]) if (each) mentionedInRecord(each.record, into)
  for (const { variant } of units)
    if (variant?.declaration.base.text === declaration.name.text)
      for (const edit of variant.edits) mentioned(edit.kind === 'replace' ? edit.filler : edit.value, into)
}
