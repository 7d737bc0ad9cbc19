import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { acrossQueries } from '../passes/across-queries.ts'
import type { CompiledModel } from '../plan.ts'

/** Warns where samples depend on which queries are computed together, and the text does not say which those are. */
export function axisCoupled(model: CompiledModel): Diagnostic[] {
  if (model.evaluate.saysScope) return []
  const found = acrossQueries(model)
  if (!found) return []
  const { node, output, axis } = found
  return node.span ? [diagnostic('axis-coupled', { output, axis, op: node.op, path: node.path }, node.span)] : []
}
