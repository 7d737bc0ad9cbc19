import type { Graph, Node } from '../ir/graph.ts'

/**
 * Splits groups that a value leaves and comes back to, so that no arrow of a drawing goes back: a `let` of what stands before a
 * call and behind it becomes two boxes. Gives each node's number in its group.
 */
export function turnsOf(graph: Graph, groups: ReadonlyMap<Node, string>): ReadonlyMap<Node, number> {
  const makers = new Map<number, Node>()
  for (const node of graph.nodes) for (const result of node.results) makers.set(result, node)
  const turns = new Map<Node, number>()
  for (const group of new Set(groups.values())) {
    const reached = new Map<Node, number>()
    for (const node of graph.nodes) {
      const isInside = groups.get(node) === group
      let turn = isInside ? 0 : -1
      for (const input of node.inputs) {
        const maker = makers.get(input)
        const before = maker === undefined ? -1 : reached.get(maker)!
        turn = Math.max(turn, isInside && before >= 0 && groups.get(maker!) !== group ? before + 1 : before)
      }
      reached.set(node, turn)
      if (isInside) turns.set(node, turn)
    }
  }
  return turns
}

const layouts: ReadonlySet<string> = new Set(['rearrange', 'slice', 'to_f32'])

/**
 * Nodes that only lay out a value inside of one call, and that another box has too: equal calls are one node, which stands with the
 * first of them. Arrows go from the value itself.
 */
export function sharedLayouts(graph: Graph, boxes: ReadonlyMap<Node, string>): ReadonlySet<Node> {
  const users = new Map<number, Node[]>()
  for (const node of graph.nodes)
    for (const input of node.inputs) {
      const known = users.get(input)
      if (known) known.push(node)
      else users.set(input, [node])
    }
  const isOfOneCall = (a: Node, b: Node): boolean =>
    a.path === b.path && a.span?.file === b.span?.file && a.span?.start === b.span?.start
  return new Set(
    graph.nodes.filter((node) => {
      const takers = node.results.flatMap((result) => users.get(result) ?? [])
      return (
        layouts.has(node.op) &&
        takers.some((taker) => isOfOneCall(node, taker)) &&
        takers.some((taker) => boxes.get(taker) !== boxes.get(node))
      )
    }),
  )
}

/** Nodes that depend on sizes only, on no input and no weight. */
export function constants(graph: Graph): ReadonlySet<Node> {
  const values = new Set<number>()
  const found = new Set<Node>()
  for (const node of graph.nodes)
    if (node.weights.length === 0 && node.inputs.every((input) => values.has(input))) {
      found.add(node)
      for (const result of node.results) values.add(result)
    }
  return found
}

/** Learned numbers of nodes. */
export function parametersOf(graph: Graph): (nodes: readonly Node[]) => number {
  const counts = new Map(
    graph.weights.map(({ path, shape, trainable }) => [path, trainable ? shape.reduce((product, size) => product * size, 1) : 0]),
  )
  return (nodes) => [...new Set(nodes.flatMap((node) => node.weights))].reduce((sum, path) => sum + (counts.get(path) ?? 0), 0)
}
