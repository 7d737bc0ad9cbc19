import { subgraph, type Node } from '../ir/graph.ts'
import { standing } from '../ops/positions.ts'
import { primitiveNamed } from '../ops/registry.ts'
import type { CompiledModel } from '../plan.ts'
import { symbols } from '../shapes/size.ts'
import { callOf } from './cost.ts'
import { positionsOf } from './reach.ts'

/** The op by which the samples at one query depend on the others, and the name that counts them. */
export interface Across {
  readonly node: Node
  readonly output: string
  readonly axis: string
}

/**
 * Where a value at one query depends on which other queries are computed with it; undefined where none does. What `best_match`
 * chooses from is not meant: it is given to it.
 */
export function acrossQueries({
  graph,
  inputs,
  outputs,
}: Pick<CompiledModel, 'graph' | 'inputs' | 'outputs'>): Across | undefined {
  const queries = inputs.find(({ role }) => role === 'coordinates')?.shape[1]
  const output = outputs.find(({ role }) => role === 'samples')
  const [axis] = queries ? symbols(queries) : []
  if (axis === undefined || !output) return undefined
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
  const node = counting ?? first
  return node && { node, output: output.name, axis }
}
