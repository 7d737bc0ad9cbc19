import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { bytesAt } from '../ir/cost.ts'
import type { Graph, Node } from '../ir/graph.ts'
import { primitiveNamed } from '../ops/registry.ts'
import type { CompiledModel, Objective } from '../plan.ts'
import { evaluate, type Size } from '../shapes/size.ts'

/** A tensor of more bytes than this is worth a word. */
const large = 2 ** 30

/** Warnings about what a compiled model would do at the sizes of its training. */
export function lintGraph({ train }: CompiledModel): Diagnostic[] {
  if (!train) return []
  return train.objectives.flatMap((objective) => [...largeIntermediates(objective.graph, train.sizes), ...unmoved(objective)])
}

function largeIntermediates(graph: Graph, sizes: Readonly<Record<string, number>>): Diagnostic[] {
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

/** Weights that the optimiser moves and that no gradient reaches: the loss sees them only through what has none. */
function unmoved({ graph, group }: Objective): Diagnostic[] {
  const reached = new Set(graph.outputs.flatMap(({ name, value }) => (name === 'loss' ? [value] : [])))
  const moved = new Set<string>()
  for (const node of graph.nodes.toReversed()) {
    const isMoving = node.results.some((result) => reached.has(result) && graph.values[result]!.dtype === 'f32')
    if (!isMoving || primitiveNamed(node.op).constant) continue
    node.inputs.forEach((input) => reached.add(input))
    node.weights.forEach((weight) => moved.add(weight))
  }
  const users = new Map<string, Node>(graph.nodes.flatMap((node) => node.weights.map((weight) => [weight, node])))
  return graph.weights.flatMap(({ path, trainable, group: own }) => {
    const span: Span | undefined = users.get(path)?.span
    return trainable && own === group && !moved.has(path) && span ? [diagnostic('no-gradient', { name: path }, span)] : []
  })
}
