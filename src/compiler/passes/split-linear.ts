import { producers, type Graph, type Node, type TensorType } from '../ir/graph.ts'
import { arithmeticNamed } from '../ops/arithmetic.ts'
import { isA } from '../ops/registry.ts'
import { asInteger, constant, evaluate, type Size } from '../shapes/size.ts'

/** A graph after a pass, and what the pass did, or why nothing. */
export interface Passed {
  readonly graph: Graph
  readonly said: string
}

/**
 * Exact algebra: W [take(F, i); rest] = take(W1 F, i) + W2 rest. The part of a linear map that works on rows taken from a map is
 * done once a row of the map. Used where more rows are taken than the map has, at the sizes that are known.
 */
export function splitLinear(graph: Graph, sizes: Readonly<Record<string, number>>): Passed {
  const made = producers(graph)
  const values: TensorType[] = [...graph.values]
  const add = (shape: readonly Size[]): number => values.push({ shape, dtype: 'f32' }) - 1
  const rowsOf = (value: number): number =>
    graph.values[value]!.shape.slice(0, -1).reduce((product, size) => product * evaluate(size, sizes), 1)
  const said: string[] = []
  let seen = 0
  const nodes = graph.nodes.flatMap((node): Node[] => {
    const joined = isA(node, 'linear in the last axis') ? made.get(node.inputs[0]!) : undefined
    if (!isA(joined, 'joins along an axis') || node.attributes['rows']) return [node]
    const rank = graph.values[joined.inputs[0]!]!.shape.length
    const at = joined.inputs.findIndex((input) => isA(made.get(input), 'rows of a map'))
    if (joined.attributes['axis'] !== rank - 1 || at === -1) return [node]
    const picking = made.get(joined.inputs[at]!)!
    const [map, index] = picking.inputs as [number, number]
    const [once, taken] = [rowsOf(map), rowsOf(joined.inputs[at]!)]
    seen += 1
    if (taken <= once) {
      said.push(`${node.path}: not split, for ${taken} rows are taken of ${once}`)
      return [node]
    }
    const widths = joined.inputs.map((input) => asInteger(graph.values[input]!.shape.at(-1)!))
    if (widths.some((width) => width === undefined)) return [node]
    const from = (widths as number[]).slice(0, at).reduce((sum, width) => sum + width, 0)
    const width = widths[at]!
    const rest = joined.inputs.filter((_, other) => other !== at)
    if (rest.length === 0 || (at > 0 && at < joined.inputs.length - 1)) return [node] // the rest must be rows in one piece
    const total = (widths as number[]).reduce((sum, each) => sum + each, 0)
    const out = graph.values[node.results[0]!]!.shape.at(-1)!
    const wide = (value: number): Size[] => [...values[value]!.shape.slice(0, -1), out]
    const others = rest.length === 1 ? rest[0]! : add([...graph.values[rest[0]!]!.shape.slice(0, -1), constant(total - width)])
    const [whole, picked, beside] = [add(wide(map)), add(wide(joined.inputs[at]!)), add(wide(others))]
    const like = (fields: Pick<Node, 'op' | 'inputs' | 'results'> & Partial<Node>): Node => ({
      weights: [],
      attributes: {},
      sizes: {},
      path: node.path,
      ...fields,
    })
    said.push(`${node.path}: ${width} of ${total} columns once for each of ${once} rows instead of ${taken} times`)
    return [
      ...(rest.length === 1 ? [] : [like({ op: joined.op, inputs: rest, results: [others], attributes: { axis: rank - 1 } })]),
      like({
        op: node.op,
        inputs: [map],
        results: [whole],
        weights: node.weights.slice(0, 1),
        attributes: { rows: [from, width] },
      }),
      like({ op: picking.op, inputs: [whole, index], results: [picked] }),
      {
        ...node,
        inputs: [others],
        results: [beside],
        attributes: { ...node.attributes, rows: [at === 0 ? width : 0, total - width] },
      },
      like({ op: arithmeticNamed('add').name, inputs: [picked, beside], results: node.results }),
    ]
  })
  return {
    graph: { ...graph, nodes, values },
    said: said.join('; ') || (seen === 0 ? 'no linear map begins with rows that were taken from a map' : 'nothing was split'),
  }
}
