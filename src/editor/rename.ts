import type { Span } from '../compiler/diagnostics/diagnostic.ts'
import { ops } from '../compiler/ops/registry.ts'
import { UserError } from '../errors.ts'
import { occurrenceAt, occurrences, placesOf, type Occurrence } from './occurrences.ts'
import type { Workspace } from './workspace.ts'

/** The name that can be renamed at an offset; none for what the language itself knows. */
export function renamedAt(
  workspace: Workspace,
  file: string,
  offset: number,
): { readonly span: Span; readonly text: string } | undefined {
  const found = occurrenceAt(workspace, file, offset)
  return isOurs(workspace, found) ? { span: found.span, text: found.text } : undefined
}

/** What the project declares: in archc's own networks nothing is written. */
const isOurs = (workspace: Workspace, found: Occurrence | undefined): found is Occurrence & { readonly target: Span } =>
  found?.target !== undefined && workspace.files().includes(found.target.file)

/** Every place that changes with a name, in all files. Throws a UserError where the new one is no name, or is taken. */
export function renameAt(workspace: Workspace, file: string, offset: number, name: string): readonly Span[] {
  const found = occurrenceAt(workspace, file, offset)
  if (!isOurs(workspace, found)) throw new UserError('nothing here can be renamed')
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new UserError(`${name} is no name`, 'letters, digits and _')
  if ((found.kind === 'module' || found.kind === 'slot') && ops.has(name)) throw new UserError(`${name} is an op`)
  const places = placesOf(workspace, found.target)
  for (const place of places) {
    const around = workspace.unit(place.file)?.source.declarations.find(({ span }) => span.start <= place.start && place.end <= span.end) // prettier-ignore
    const taken = occurrences(workspace, place.file).find(
      ({ text, span, target }) =>
        text === name && target && (!around || (span.start >= around.span.start && span.end <= around.span.end)),
    )
    if (taken) throw new UserError(`${name} is a ${taken.kind} already in ${place.file}`)
  }
  return places
}
