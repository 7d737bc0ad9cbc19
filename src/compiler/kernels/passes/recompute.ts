import type { Graph, Node } from '../../ir/graph.ts'
import { evaluate } from '../../shapes/size.ts'

/** A part of a graph with one result, which is computed again for its gradient instead of being kept. */
export interface Region {
  readonly nodes: readonly Node[]
  /** Values that enter it. */
  readonly inputs: readonly number[]
  readonly output: number
}

/** A turn is computed again when its values are this many times those at its borders. */
const worthwhile = 4

/** The innermost turn of a `repeat` that a node belongs to. */
const turnOf = ({ path }: Node): string | undefined => /^.*\[\d+\]/.exec(path)?.[0]

/**
 * The turns of repeated blocks as regions, by node: those that enter by floats, give one float to what follows, and
 * depend on nothing that is made from their own result. What depends on sizes alone, such as a mask that other turns
 * share, is left outside. A turn must hold several times what enters and leaves it, else nothing is won.
 */
export function regionsOf(graph: Graph, sizes: Readonly<Record<string, number>>): ReadonlyMap<Node, Region> {
  const moving = dependent(graph)
  const groups = new Map<string, Node[]>()
  for (const node of graph.nodes) {
    const turn = turnOf(node)
    if (turn !== undefined && node.results.some((result) => moving.has(result)))
      groups.set(turn, [...(groups.get(turn) ?? []), node])
  }
  const outside = new Set(graph.outputs.map((output) => output.value))
  const given = new Set(graph.inputs.map(({ value }) => value))
  const regions = new Map<Node, Region>()
  for (const nodes of groups.values()) {
    const own = new Set(nodes)
    const made = new Set(nodes.flatMap((node) => node.results))
    const inputs = [...new Set(nodes.flatMap((node) => node.inputs).filter((value) => !made.has(value)))]
    const readElsewhere = graph.nodes.flatMap((node) => (own.has(node) ? [] : node.inputs))
    const leaving = [...new Set([...readElsewhere, ...outside].filter((value) => made.has(value)))]
    const first = graph.nodes.indexOf(nodes[0]!)
    const before = new Set(graph.nodes.slice(0, first).flatMap((node) => node.results))
    const isThere = (value: number): boolean => before.has(value) || !moving.has(value) || given.has(value)
    if (nodes.length < 2 || leaving.length !== 1 || !inputs.every(isThere)) continue
    const elements = (values: Iterable<number>): number =>
      [...values].reduce(
        (sum, value) => sum + graph.values[value]!.shape.reduce((count, size) => count * evaluate(size, sizes), 1),
        0,
      )
    if (elements(made) < worthwhile * elements([...inputs, ...leaving])) continue
    const region = { nodes, inputs, output: leaving[0]! }
    nodes.forEach((node) => regions.set(node, region))
  }
  return regions
}

/** Values that depend on an input or a weight; what does not, depends on sizes alone. */
export function dependent(graph: Graph): ReadonlySet<number> {
  const found = new Set(graph.inputs.map((input) => input.value))
  for (const node of graph.nodes)
    if (node.weights.length > 0 || node.inputs.some((value) => found.has(value)))
      node.results.forEach((value) => found.add(value))
  return found
}
