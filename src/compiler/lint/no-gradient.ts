import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import type { Node } from '../ir/graph.ts'
import { primitiveNamed } from '../ops/registry.ts'
import type { Objective } from '../plan.ts'

/** Weights that the optimiser moves and that no gradient reaches: the loss sees them only through what has none. */
export function unmoved({ graph, group }: Objective): Diagnostic[] {
  const reached = new Set(graph.outputs.flatMap(({ name, value }) => (name === 'loss' ? [value] : [])))
  const moved = new Set<string>()
  for (const node of graph.nodes.toReversed()) {
    const isMoving = node.results.some((result) => reached.has(result) && graph.values[result]!.dtype === 'f32')
    if (!isMoving || primitiveNamed(node.op).constant) continue
    node.inputs.forEach((input) => reached.add(input))
    node.weights.forEach((weight) => moved.add(weight))
  }
  const users = new Map<string, Node>(graph.nodes.flatMap((node) => node.weights.map((weight) => [weight, node])))
  return graph.weights.flatMap(({ path, trainable, group: own, rate }) => {
    const span: Span | undefined = users.get(path)?.span
    return trainable && rate !== 0 && own === group && !moved.has(path) && span
      ? [diagnostic('no-gradient', { name: path }, span)]
      : []
  })
}
