import { fail } from '../../diagnostics/catalogue.ts'
import { ops } from '../../ops/registry.ts'
import type { FileUnit, ModuleUnit } from '../../names/program.ts'
import type { Call, Expression, ModuleDeclaration, Stage } from '../../syntax/tree.ts'

/** The calls of an expression in textual order, those of nested stages and arguments included. */
export const callsIn = (expression: Expression): Call[] => stagesIn(expression).filter((item) => item.kind === 'call')

/** One statement has at most one `repeat`: its turns are told apart by one number in paths. */
function requireOneRepeat(expressions: readonly Expression[]): void {
  const [, second] = expressions.flatMap(stagesIn).filter((item) => item.kind === 'repeat')
  if (second) fail('repeat-twice', {}, second.span, { help: 'give the second a let of its own, or an inner one a module' })
}

function stagesIn(expression: Expression): Stage[] {
  const found: Stage[] = []
  const stage = (item: Stage): void => {
    if (item.kind === 'repeat') {
      found.push(item)
      visit(item.over)
      item.body.forEach(stage)
    } else visit(item)
  }
  const visit = (item: Expression): void => {
    switch (item.kind) {
      case 'call':
        found.push(item)
        return item.arguments.forEach((argument) => visit(argument.value))
      case 'pipeline':
        visit(item.head)
        item.stages.forEach(stage)
        return
      case 'binary':
        visit(item.left)
        visit(item.right)
        return
      case 'negate':
        return visit(item.operand)
      case 'group':
        return visit(item.inner)
      case 'member':
        return visit(item.object)
      case 'element':
        visit(item.list)
        return visit(item.at)
      case 'first':
        visit(item.list)
        return visit(item.count)
      case 'list':
        return item.items.forEach(visit)
      case 'lambda':
        return visit(item.body)
      default:
    }
  }
  visit(expression)
  return found
}

/** Whether a callee owns weights when it is called in `file`: an op with weights, or a module with such calls. */
function ownsWeights(
  callee: string,
  file: FileUnit,
  slots: ReadonlySet<string>,
  visiting: ReadonlySet<ModuleDeclaration> = new Set(),
): boolean {
  if (slots.has(callee)) return false
  const module = file.modules.get(callee)
  return module ? moduleOwnsWeights(module, visiting) : ops.get(callee)?.ownsWeights === true
}

const known = new WeakMap<ModuleDeclaration, boolean>()

function moduleOwnsWeights({ declaration, file }: ModuleUnit, visiting: ReadonlySet<ModuleDeclaration>): boolean {
  const before = known.get(declaration)
  if (before !== undefined) return before
  if (visiting.has(declaration)) return false
  const inside = new Set([...visiting, declaration])
  const owns = declaration.body.some((statement) => {
    if (statement.kind === 'weight') return true
    const values = statement.kind === 'let' ? [statement.value] : statement.kind === 'return' ? statement.values : []
    return values.some((value) => callsIn(value).some((call) => ownsWeights(call.callee.text, file, new Set(), inside)))
  })
  known.set(declaration, owns)
  return owns
}

/**
 * How each weight-owning call of a statement is called in paths: the callee, numbered from the second of a name on;
 * nothing for the only one of a `let`.
 */
export function ownerLabels(
  expressions: readonly Expression[],
  isLet: boolean,
  file: FileUnit,
  slots: ReadonlySet<string>,
): Map<Call, string> {
  requireOneRepeat(expressions)
  const owners = expressions.flatMap(callsIn).filter((call) => ownsWeights(call.callee.text, file, slots))
  const seen = new Map<string, number>()
  return new Map(
    owners.map((call) => {
      if (isLet && owners.length === 1) return [call, '']
      const count = (seen.get(call.callee.text) ?? 0) + 1
      seen.set(call.callee.text, count)
      return [call, count === 1 ? call.callee.text : `${call.callee.text}${count}`]
    }),
  )
}
