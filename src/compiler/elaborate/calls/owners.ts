import { ops } from '../../ops/registry.ts'
import type { Scope } from '../values/scope.ts'
import type { FileUnit, ModuleUnit } from '../../names/program.ts'
import { childrenOf, type Call, type Expression, type ModuleDeclaration, type Repetition, type Stage } from '../../syntax/tree.ts'

/** What stands in an expression, in textual order: its calls, those of nested stages and arguments included; repeats in no other one. */
interface Contents {
  readonly calls: readonly Call[]
  readonly repeats: readonly Repetition[]
}

const contents = new WeakMap<Expression | Stage, Contents>()

/** Found once: a module's statements are elaborated at each of its calls. */
function contentsOf(node: Expression | Stage): Contents {
  const before = contents.get(node)
  if (before) return before
  const calls: Call[] = []
  const repeats: Repetition[] = []
  const visit = (inner: Expression | Stage, isRepeated: boolean): void => {
    if (inner.kind === 'call') calls.push(inner)
    if (inner.kind === 'repeat' && !isRepeated) repeats.push(inner)
    childrenOf(inner).forEach((child) => visit(child, isRepeated || inner.kind === 'repeat'))
  }
  visit(node, false)
  const found = { calls, repeats }
  contents.set(node, found)
  return found
}

/** The calls of an expression in textual order, those of nested stages and arguments included. */
export const callsIn = (node: Expression | Stage): readonly Call[] => contentsOf(node).calls

/** How repeats are called in paths: nothing for the first of a statement or of another repeat's body, `repeat2` for the second. */
const repeatLabels = (nodes: readonly (Expression | Stage)[]): [Repetition, string][] =>
  nodes
    .flatMap((node) => contentsOf(node).repeats)
    .flatMap((repeat, at): [Repetition, string][] => [[repeat, at === 0 ? '' : `repeat${at + 1}`], ...repeatLabels(repeat.body)])

/** What a body may call beside ops and the modules of its file: slots, and parameters of type `module`. */
interface Callers {
  readonly file: FileUnit
  readonly slots: ReadonlySet<string>
  readonly isHeld: (name: string) => boolean
}

/**
 * Whether a callee owns weights: an op with weights, or a module with such calls. A parameter's does whatever it holds: what it
 * is given renames no neighbour.
 */
function ownsWeights(callee: string, { file, slots, isHeld }: Callers): boolean {
  if (slots.has(callee)) return false
  if (isHeld(callee)) return true
  const module = file.modules.get(callee)
  return module ? moduleOwnsWeights(module) : ops.get(callee)?.ownsWeights === true
}

const known = new WeakMap<ModuleDeclaration, boolean>()

/** Whether a module owns weights itself, and the modules that it calls, which may own some for it. */
function partsOf({ declaration, file }: ModuleUnit): { readonly isOwner: boolean; readonly called: readonly ModuleUnit[] } {
  if (declaration.kind === 'model') return { isOwner: true, called: [] }
  const held = new Set(declaration.parameters.filter(({ type }) => type.text === 'module').map(({ name }) => name.text))
  const callees = declaration.body.flatMap((statement) => {
    const values = statement.kind === 'let' ? [statement.value] : statement.kind === 'return' ? statement.values : []
    return values.flatMap((value) => callsIn(value).map((call) => call.callee.text))
  })
  const isOwner = (callee: string): boolean =>
    held.has(callee) || (!file.modules.has(callee) && ops.get(callee)?.ownsWeights === true)
  return {
    isOwner: declaration.body.some(({ kind }) => kind === 'weight') || callees.some(isOwner),
    called: callees.flatMap((callee) => (held.has(callee) ? [] : (file.modules.get(callee) ?? []))),
  }
}

/** Found for all modules at once that this one reaches, from those that own weights to those that call them: a chain may be long. */
function moduleOwnsWeights(module: ModuleUnit): boolean {
  const before = known.get(module.declaration)
  if (before !== undefined) return before
  const reached = new Set([module.declaration])
  const units = [module]
  const owners: ModuleDeclaration[] = []
  const callers = new Map<ModuleDeclaration, ModuleDeclaration[]>()
  for (const unit of units) {
    const { isOwner, called } = partsOf(unit)
    if (isOwner) owners.push(unit.declaration)
    for (const each of called) {
      callers.set(each.declaration, [...(callers.get(each.declaration) ?? []), unit.declaration])
      if (!reached.has(each.declaration)) units.push(each)
      reached.add(each.declaration)
    }
  }
  const owning = new Set(owners)
  for (const owner of owning) callers.get(owner)?.forEach((caller) => owning.add(caller))
  for (const each of reached) known.set(each, owning.has(each))
  return owning.has(module.declaration)
}

/**
 * What a call is told apart from: those of its `level`, that is outside of every `repeat` of its statement or in the same body, or all of the
 * `statement`, as in runs and files that were made before paths were independent of what stands before a `repeat`.
 */
export type PathRule = 'level' | 'statement'

/**
 * How each weight-owning call of a statement is called in paths: the callee, numbered from the second of a name on;
 * nothing for the only one of a `let`. And its repeats.
 */
export function ownerLabels(
  expressions: readonly Expression[],
  isLet: boolean,
  scope: Scope,
  rule: PathRule = 'level',
): Map<Call | Repetition, string> {
  const callers: Callers = {
    file: scope.file,
    slots: scope.slots?.names ?? new Set(),
    isHeld: (name) => scope.names.get(name)?.kind === 'callable',
  }
  const levels = rule === 'level' ? levelsOf(expressions) : [expressions.flatMap(callsIn)]
  const labels = levels.flatMap((calls) => {
    const owners = calls.filter((call) => ownsWeights(call.callee.text, callers))
    const seen = new Map<string, number>()
    return owners.map((call): [Call, string] => {
      if (isLet && owners.length === 1) return [call, '']
      const { text } = call.callee
      const count = (seen.get(text) ?? 0) + 1
      seen.set(text, count)
      return [call, count === 1 ? text : `${text}${count}`]
    })
  })
  return new Map<Call | Repetition, string>([...labels, ...repeatLabels(expressions)])
}

/** The calls of a statement that stand outside of its repeats, and those of each body. */
function levelsOf(nodes: readonly (Expression | Stage)[]): readonly (readonly Call[])[] {
  const own: Call[] = []
  const repeats: Repetition[] = []
  const visit = (node: Expression | Stage): void => {
    if (node.kind === 'call') own.push(node)
    if (node.kind === 'repeat') repeats.push(node)
    else childrenOf(node).forEach(visit)
  }
  nodes.forEach(visit)
  return [own, ...repeats.flatMap(({ body }) => levelsOf(body))]
}
