import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { Graph } from '../ir/graph.ts'
import { primitiveNamed } from '../ops/registry.ts'
import { callOf } from '../passes/cost.ts'
import { evaluate } from '../shapes/size.ts'

/** Normalisations of a single value at the sizes of training: whatever comes in, the shift goes out, and nothing before it learns. */
export function normsOfOne(graph: Graph, sizes: Readonly<Record<string, number>>): Diagnostic[] {
  const weights = new Map(graph.weights.map((weight) => [weight.path, weight]))
  return graph.nodes.flatMap((node) => {
    const over = primitiveNamed(node.op).spreadOver?.(callOf(graph, node, weights))
    if (!over || !node.span || evaluate(over, sizes) !== 1) return []
    return [diagnostic('norm-of-one', { op: node.op, path: node.path }, node.span)]
  })
}
