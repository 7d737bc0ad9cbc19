import { ops } from '../../ops/registry.ts'
import type { Scope } from '../values/scope.ts'
import type { FileUnit, ModuleUnit } from '../../names/program.ts'
import { childrenOf, type Call, type Expression, type ModuleDeclaration, type Repetition, type Stage } from '../../syntax/tree.ts'

/** The calls of an expression in textual order, those of nested stages and arguments included. */
export const callsIn = (node: Expression | Stage): Call[] => [
  ...(node.kind === 'call' ? [node] : []),
  ...childrenOf(node).flatMap(callsIn),
]

/** Repeats that stand in no other one. */
const repeatsIn = (node: Expression | Stage): Repetition[] =>
  node.kind === 'repeat' ? [node] : childrenOf(node).flatMap(repeatsIn)

/** How repeats are called in paths: nothing for the first of a statement or of another repeat's body, `repeat2` for the second. */
const repeatLabels = (nodes: readonly (Expression | Stage)[]): [Repetition, string][] =>
  nodes
    .flatMap(repeatsIn)
    .flatMap((repeat, at): [Repetition, string][] => [[repeat, at === 0 ? '' : `repeat${at + 1}`], ...repeatLabels(repeat.body)])

/** What a body may call beside ops and the modules of its file: slots, and parameters of type `module`. */
interface Callers {
  readonly file: FileUnit
  readonly slots: ReadonlySet<string>
  readonly held: ReadonlySet<string>
}

/**
 * Whether a callee owns weights: an op with weights, or a module with such calls. A parameter's does whatever it holds: what it
 * is given renames no neighbour.
 */
function ownsWeights(
  callee: string,
  { file, slots, held }: Callers,
  visiting: ReadonlySet<ModuleDeclaration> = new Set(),
): boolean {
  if (slots.has(callee)) return false
  if (held.has(callee)) return true
  const module = file.modules.get(callee)
  return module ? moduleOwnsWeights(module, visiting) : ops.get(callee)?.ownsWeights === true
}

const known = new WeakMap<ModuleDeclaration, boolean>()

function moduleOwnsWeights({ declaration, file }: ModuleUnit, visiting: ReadonlySet<ModuleDeclaration>): boolean {
  const before = known.get(declaration)
  if (before !== undefined) return before
  if (visiting.has(declaration)) return false
  if (declaration.kind === 'model') return true
  const inside = new Set([...visiting, declaration])
  const held = declaration.parameters.filter(({ type }) => type.text === 'module').map(({ name }) => name.text)
  const callers: Callers = { file, slots: new Set(), held: new Set(held) }
  const owns = declaration.body.some((statement) => {
    if (statement.kind === 'weight') return true
    const values = statement.kind === 'let' ? [statement.value] : statement.kind === 'return' ? statement.values : []
    return values.some((value) => callsIn(value).some((call) => ownsWeights(call.callee.text, callers, inside)))
  })
  known.set(declaration, owns)
  return owns
}

/**
 * How each weight-owning call of a statement is called in paths: the callee, numbered from the second of a name on;
 * nothing for the only one of a `let`. And its repeats.
 */
export function ownerLabels(expressions: readonly Expression[], isLet: boolean, scope: Scope): Map<Call | Repetition, string> {
  const held = [...scope.names].filter(([, { kind }]) => kind === 'callable').map(([name]) => name)
  const callers: Callers = { file: scope.file, slots: scope.slots?.names ?? new Set(), held: new Set(held) }
  const owners = expressions.flatMap(callsIn).filter((call) => ownsWeights(call.callee.text, callers))
  const seen = new Map<string, number>()
  const labelOf = (call: Call): string => {
    if (isLet && owners.length === 1) return ''
    const count = (seen.get(call.callee.text) ?? 0) + 1
    seen.set(call.callee.text, count)
    return count === 1 ? call.callee.text : `${call.callee.text}${count}`
  }
  return new Map<Call | Repetition, string>([
    ...owners.map((call) => [call, labelOf(call)] as const),
    ...repeatLabels(expressions),
  ])
}
