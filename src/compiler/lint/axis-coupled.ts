import { diagnostic } from '../diagnostics/catalogue.ts'
import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import type { Graph, Node } from '../ir/graph.ts'
import type { CompiledModel } from '../plan.ts'
import { symbols, type Size } from '../shapes/size.ts'

/**
 * Warns where a value at one query depends on which other queries are computed with it: pictures are evaluated in pieces,
 * and would come out in other colours for pieces of another size. What `best_match` chooses from is governed by `scope`.
 */
export function axisCoupled({ graph, inputs, outputs }: CompiledModel): Diagnostic[] {
  const queries = inputs.find(({ role }) => role === 'coordinates')?.shape[1]
  const output = outputs.find(({ role }) => role === 'samples')
  const [name] = queries ? symbols(queries) : []
  if (name === undefined || !output) return []
  const needed = new Set(graph.outputs.filter((each) => each.name === output.name).map(({ value }) => value))
  const isLong = isAlong(name)
  let first: Node | undefined
  for (let at = graph.nodes.length - 1; at >= 0; at -= 1) {
    const node = graph.nodes[at]!
    if (!node.results.some((result) => needed.has(result))) continue
    node.inputs.forEach((input) => needed.add(input))
    if (mixes(graph, node, isLong)) first = node
  }
  return first?.span
    ? [diagnostic('axis-coupled', { output: output.name, axis: name, op: first.op, path: first.path }, first.span)]
    : []
}

type IsLong = (size: Size | undefined) => boolean

/** Whether a size has this symbol in it; equal calls of a module share their sizes. */
function isAlong(name: string): IsLong {
  const known = new Map<Size | undefined, boolean>([[undefined, false]])
  return (size) => {
    const found = known.get(size) ?? symbols(size!).includes(name)
    known.set(size, found)
    return found
  }
}

/** Whether a node joins positions along an axis that is as long as there are queries. */
function mixes(graph: Graph, { op, inputs, attributes, sizes }: Node, counts: IsLong): boolean {
  const shapes = inputs.map((input) => graph.values[input]!.shape)
  const along = (...axes: readonly number[]): boolean => axes.some((axis) => counts(shapes[0]?.at(axis)))
  switch (op) {
    case 'reduce_mean':
    case 'reduce_sum':
    case 'reduce_max':
    case 'roll':
      return along(...(attributes['axes'] as readonly number[]))
    case 'softmax':
    case 'concat':
    case 'slice':
      return along(attributes['axis'] as number)
    case 'linear':
    case 'layer_norm':
    case 'batch_norm':
      return along(-1)
    case 'conv':
    case 'unfold':
    case 'avg_pool':
    case 'max_pool':
    case 'pad':
    case 'interpolate':
      return along(1, 2)
    case 'sample':
    case 'take':
    case 'lookup':
      return shapes[0]!.some(counts)
    case 'einsum': {
      const summed = ['left', 'right'].flatMap((side, at) => {
        const order = attributes[`${side}Order`] as readonly number[]
        return order.slice(order.length - (attributes[`${side}Summed`] as number)).map((axis) => shapes[at]![axis]!)
      })
      return [...sizes['inner']!, ...summed].some(counts)
    }
    case 'range':
      return sizes['n']!.some(counts)
    // Arithmetic with the number of queries.
    default:
      return [...(sizes['leftSize'] ?? []), ...(sizes['rightSize'] ?? [])].some(counts)
  }
}
