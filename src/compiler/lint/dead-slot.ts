import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { FileUnit } from '../names/program.ts'
import { reached } from './mentions.ts'

/** Slots that reach neither an output nor a loss. */
export function deadSlots(unit: FileUnit): Diagnostic[] {
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
