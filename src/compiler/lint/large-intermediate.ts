import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { bytesAt } from '../passes/cost.ts'
import type { Graph } from '../ir/graph.ts'
import { evaluate, type Size } from '../shapes/size.ts'

/** A tensor of more bytes than this is worth a word. */
const large = 2 ** 30

/** Tensors of a graph that are large at these sizes. */
export function largeIntermediates(graph: Graph, sizes: Readonly<Record<string, number>>): Diagnostic[] {
  const names = new Map([...graph.lets].map(([name, value]) => [value, name]))
  // Equal calls of a module share their shapes.
  const known = new Map<readonly Size[], boolean>()
  const isLarge = (value: number): boolean => {
    const { shape } = graph.values[value]!
    if (!known.has(shape)) known.set(shape, bytesAt(graph, value, sizes) > large)
    return known.get(shape)!
  }
  return graph.nodes.flatMap(({ inputs, results, span, path, op }) => {
    const value = results.find(isLarge)
    // What is made from a large one and as large is the same story.
    if (value === undefined || !span || inputs.some(isLarge)) return []
    const shape = graph.values[value]!.shape.map((size) => evaluate(size, sizes))
    const gib = (bytesAt(graph, value, sizes) / 2 ** 30).toFixed(2)
    const name = names.get(value) ?? `the result of ${op} in ${path}`
    return [diagnostic('large-intermediate', { name, shape: shape.join(', '), gib }, span)]
  })
}
