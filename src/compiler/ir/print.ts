import { format } from '../shapes/size.ts'
import type { Graph, Node, TensorType } from './graph.ts'

const shape = (type: TensorType): string => `${type.dtype}[${type.shape.map(format).join(', ')}]`

/** The stable text form of a graph: one line an input, a weight, a node, an output. Equal graphs have equal texts. */
export const printGraph = (graph: Graph): string => [...graphLines(graph), ''].join('\n')

/** Whether two graphs have equal texts; begun only as far as it takes. */
export function sameGraph(a: Graph, b: Graph): boolean {
  if (a.nodes.length !== b.nodes.length || a.weights.length !== b.weights.length) return false
  const [first, second] = [graphLines(a), graphLines(b)]
  for (;;) {
    const [one, other] = [first.next(), second.next()]
    if (one.done || other.done) return one.done === other.done
    if (one.value !== other.value) return false
  }
}

function* graphLines(graph: Graph): Generator<string, void> {
  const number = new Map<number, number>()
  const name = (value: number): string => {
    if (!number.has(value)) number.set(value, number.size)
    return `%${number.get(value)}`
  }
  for (const input of graph.inputs) yield `input ${input.name} ${name(input.value)}: ${shape(graph.values[input.value]!)}`
  for (const weight of graph.weights)
    yield `weight ${weight.path}: [${weight.shape.join(', ')}] ${JSON.stringify(weight.initialiser)}${weight.trainable ? '' : ' stored'}${weight.group ? ` of ${weight.group}` : ''}`
  for (const node of graph.nodes) yield printNode(graph, node, name)
  for (const output of graph.outputs) yield `output ${output.name}: ${name(output.value)}`
}

function printNode(graph: Graph, node: Node, name: (value: number) => string): string {
  const inputs = node.inputs.map(name)
  const weights = node.weights.map((path) => `@${path}`)
  const attributes = Object.entries(node.attributes).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  const sizes = Object.entries(node.sizes).map(([key, list]) => `${key}: [${list.map(format).join(', ')}]`)
  const results = node.results.map((result) => `${name(result)}: ${shape(graph.values[result]!)}`)
  return `${results.join(', ')} = ${node.op}(${[...inputs, ...weights, ...attributes, ...sizes].join(', ')})  // ${node.path}`
}
