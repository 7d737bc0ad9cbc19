import type { PrimitiveCall } from '../ops/op.ts'
import { primitiveNamed } from '../ops/registry.ts'
import { evaluate } from '../shapes/size.ts'
import { parameterCount, type Graph, type Node } from '../ir/graph.ts'

export interface Cost {
  /** Learned numbers. */
  readonly parameters: number
  /** Of one forward pass: convolutions, linear maps, einsums and best_match; elementwise work is not counted. */
  readonly multiplyAdds: number
  /** Largest sum of the values that are alive at one time in a forward pass, float32 and int32, weights apart. */
  readonly peakBytes: number
  /** Sum of all values that a forward pass makes: what training keeps at most for the gradient. */
  readonly activationBytes: number
  /** What is written on the way, values and what ops leave inside: elementwise work takes time by this. */
  readonly movedBytes: number
}

/** What a value takes at given sizes. */
export const bytesAt = (graph: Graph, value: number, sizes: Readonly<Record<string, number>>): number =>
  4 * graph.values[value]!.shape.reduce((product, size) => product * evaluate(size, sizes), 1)

/** Costs of a graph for given sizes (`{ B: 1, h: 48, .. }`). */
export function cost(graph: Graph, sizes: Readonly<Record<string, number>>): Cost {
  const weights = new Map(graph.weights.map((weight) => [weight.path, weight]))
  const bytes = (value: number): number => bytesAt(graph, value, sizes)
  let multiplyAdds = 0
  for (const node of graph.nodes) multiplyAdds += nodeMultiplyAdds(graph, node, weights, sizes)
  const lastUse = new Map<number, number>()
  graph.nodes.forEach((node, at) => node.inputs.forEach((input) => lastUse.set(input, at)))
  for (const output of graph.outputs) lastUse.set(output.value, graph.nodes.length)
  let alive = graph.inputs.reduce((total, input) => total + bytes(input.value), 0)
  let peak = alive
  let made = alive
  graph.nodes.forEach((node, at) => {
    const fresh = primitiveNamed(node.op).isView ? 0 : node.results.reduce((total, result) => total + bytes(result), 0)
    alive += fresh
    made += fresh
    peak = Math.max(peak, alive)
    for (const value of new Set([...node.inputs, ...node.results])) if ((lastUse.get(value) ?? at) === at) alive -= bytes(value)
  })
  const inside = graph.nodes.map((node) => primitiveNamed(node.op).scratch(callOf(graph, node, weights)))
  const movedBytes = inside.reduce((total, size) => total + 4 * evaluate(size, sizes), made)
  return { parameters: parameterCount(graph), multiplyAdds, peakBytes: peak, activationBytes: made, movedBytes }
}

function nodeMultiplyAdds(
  graph: Graph,
  node: Node,
  weights: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  sizes: Readonly<Record<string, number>>,
): number {
  return evaluate(primitiveNamed(node.op).multiplyAdds(callOf(graph, node, weights)), sizes)
}

/** A node as its primitive sees it. */
export const callOf = (
  graph: Graph,
  node: Node,
  weights: ReadonlyMap<string, { readonly shape: readonly number[] }>,
): PrimitiveCall => ({
  inputs: node.inputs.map((input) => graph.values[input]!),
  weights: node.weights.map((path) => weights.get(path)!),
  attributes: node.attributes,
  sizes: node.sizes,
})
