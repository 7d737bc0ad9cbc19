import { opParts } from '../compiler/ops/page.ts'
import { ops } from '../compiler/ops/registry.ts'
import { contextAt } from './context.ts'
import { slotsOf } from './occurrences.ts'
import { inputsOf, moduleParts, outputText, typeText } from './words.ts'
import type { Workspace } from './workspace.ts'

export interface Signature {
  readonly label: string
  readonly documentation: string
  /** Where each part stands in the label. */
  readonly parts: readonly (readonly [start: number, end: number])[]
  /** The part that is being written. */
  readonly active: number
}

/** The call around an offset: what it takes, and which of it is being written. */
export function signatureAt(workspace: Workspace, file: string, offset: number): Signature | undefined {
  const read = workspace.read(file)
  const call = 'text' in read ? contextAt(read.text, offset).call : undefined
  const said = call && described(workspace, file, call.callee)
  if (!call || !said) return undefined
  const { parts, tensors, gives, documentation } = said
  const named = call.argument === undefined ? -1 : parts.findIndex((part) => part.startsWith(`${call.argument}:`) || part === call.argument) // prettier-ignore
  const position = call.position + (call.isPiped ? 1 : 0)
  // `..tensors` takes any number.
  const active = named >= 0 ? named : Math.min(position, Math.max(0, tensors - 1))
  let at = call.callee.length + 1
  const places = parts.map((part): [number, number] => {
    const place: [number, number] = [at, at + part.length]
    at += part.length + 2
    return place
  })
  return { label: `${call.callee}(${parts.join(', ')}) -> ${gives}`, documentation, parts: places, active }
}

interface Described {
  readonly parts: readonly string[]
  /** How many of the parts stand without a name. */
  readonly tensors: number
  readonly gives: string
  readonly documentation: string
}

function described(workspace: Workspace, file: string, name: string): Described | undefined {
  const slot = slotsOf(workspace.model(file)).find((each) => each.name.text === name)
  if (slot) {
    const gives = slot.gives
      .map(({ name: result, type }) => `${result ? `${result.text}: ` : ''}${typeText(workspace, type)}`)
      .join(', ')
    return {
      parts: slot.takes.map((type) => typeText(workspace, type)),
      tensors: slot.takes.length,
      gives,
      documentation: 'a slot',
    }
  }
  const module = workspace.unit(file)?.modules.get(name)?.declaration
  if (module)
    return { parts: moduleParts(workspace, module), tensors: inputsOf(module.body).length, gives: outputText(workspace, module), documentation: module.documentation } // prettier-ignore
  const op = ops.get(name)
  return op && { parts: opParts(op), tensors: op.takes.length + (op.pattern ? 1 : 0), gives: op.gives, documentation: op.summary }
}
