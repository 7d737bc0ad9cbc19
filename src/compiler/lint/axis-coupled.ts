import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { callOf } from '../passes/cost.ts'
import { subgraph, type Node } from '../ir/graph.ts'
import { standing } from '../ops/positions.ts'
import { primitiveNamed } from '../ops/registry.ts'
import { positionsOf } from '../passes/reach.ts'
import type { CompiledModel } from '../plan.ts'
import { symbols } from '../shapes/size.ts'

/**
 * Warns where a value at one query depends on which other queries are computed with it: pictures are evaluated in pieces,
 * and would come out in other colours for pieces of another size. What `best_match` chooses from is governed by `scope`.
 */
export function axisCoupled({ graph, inputs, outputs }: CompiledModel): Diagnostic[] {
  const queries = inputs.find(({ role }) => role === 'coordinates')?.shape[1]
  const output = outputs.find(({ role }) => role === 'samples')
  const [name] = queries ? symbols(queries) : []
  if (name === undefined || !output) return []
  const isLong = new Set(symbols(queries!))
  /** Queries stand along axis 1 of what is asked, as rows of a picture would. */
  const stands = (value: number) => {
    const { shape } = graph.values[value]!
    return shape[1] && symbols(shape[1]).some((symbol) => isLong.has(symbol)) ? [[value, standing(shape, { y: 1 })] as const] : []
  }
  const asked = subgraph(
    graph,
    graph.inputs,
    graph.outputs.filter((each) => each.name === output.name),
  )
  const weights = new Map(asked.weights.map((weight) => [weight.path, weight]))
  const counting = asked.nodes.find((node) =>
    primitiveNamed(node.op)
      .holds?.(callOf(asked, node, weights))
      .some((size) => symbols(size).some((symbol) => isLong.has(symbol))),
  )
  const { first } = positionsOf(asked, new Map(graph.inputs.flatMap(({ value }) => stands(value))), (node, given) =>
    given.map((each, at) => (primitiveNamed(node.op).scoped === at ? undefined : each)),
  )
  const found: Node | undefined = counting ?? first
  return found?.span
    ? [diagnostic('axis-coupled', { output: output.name, axis: name, op: found.op, path: found.path }, found.span)]
    : []
}
