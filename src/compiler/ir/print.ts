import { format } from '../shapes/size.ts'
import type { Graph, Initialiser, Node, TensorType, Weight } from './graph.ts'

const shape = (type: TensorType): string => `${type.dtype}[${type.shape.map(format).join(', ')}]`

/** The stable text form of a graph: one line an input, a weight, a node, an output. Equal graphs have equal texts. */
export function printGraph(graph: Graph): string {
  const number = new Map<number, number>()
  const name = (value: number): string => {
    if (!number.has(value)) number.set(value, number.size)
    return `%${number.get(value)}`
  }
  return [
    ...graph.inputs.map((input) => `input ${input.name} ${name(input.value)}: ${shape(graph.values[input.value]!)}`),
    ...graph.weights.map(printWeight),
    ...graph.nodes.map((node) => printNode(graph, node, name)),
    ...graph.outputs.map((output) => `output ${output.name}: ${name(output.value)}`),
    '',
  ].join('\n')
}

/** Whether two graphs have equal texts. */
export function sameGraph(a: Graph, b: Graph): boolean {
  if (a.nodes.length !== b.nodes.length || a.weights.length !== b.weights.length) return false
  const numbers = new Map<number, number>()
  const others = new Map<number, number>()
  const isSameValue = (one: number, other: number): boolean => {
    if (!numbers.has(one)) numbers.set(one, numbers.size)
    if (!others.has(other)) others.set(other, others.size)
    return numbers.get(one) === others.get(other)
  }
  const isSameNode = (one: Node, other: Node): boolean =>
    one.op === other.op &&
    one.path === other.path &&
    isSameList(one.weights, other.weights) &&
    isSameList(one.inputs, other.inputs, isSameValue) &&
    isSameList(one.results, other.results, (x, y) => isSameValue(x, y) && isSameType(a.values[x]!, b.values[y]!)) &&
    // Equal calls of a module share these.
    (one.attributes === other.attributes || JSON.stringify(one.attributes) === JSON.stringify(other.attributes)) &&
    (one.sizes === other.sizes || isSameList(sizesTexts(one), sizesTexts(other)))
  return (
    isSameList(
      a.inputs,
      b.inputs,
      (x, y) => x.name === y.name && isSameValue(x.value, y.value) && isSameType(a.values[x.value]!, b.values[y.value]!),
    ) &&
    isSameList(a.weights, b.weights, (x, y) => printWeight(x) === printWeight(y)) &&
    isSameList(a.nodes, b.nodes, isSameNode) &&
    isSameList(a.outputs, b.outputs, (x, y) => x.name === y.name && isSameValue(x.value, y.value))
  )
}

const isSameList = <T>(a: readonly T[], b: readonly T[], isSame = (x: T, y: T): boolean => x === y): boolean =>
  a.length === b.length && a.every((item, at) => isSame(item, b[at]!))

const isSameType = (a: TensorType, b: TensorType): boolean =>
  (a.shape === b.shape && a.dtype === b.dtype) || shape(a) === shape(b)

const printWeight = ({ path, shape, initialiser, trainable, group, rate }: Weight): string =>
  `weight ${path}: [${shape.join(', ')}] ${JSON.stringify(initialiser)}${trainable ? '' : ' stored'}${group ? ` of ${group}` : ''}${rate === undefined ? '' : ` at ${rate} of the rate`}`

const sizesTexts = (node: Node): string[] =>
  Object.entries(node.sizes).map(([key, list]) => `${key}: [${list.map(format).join(', ')}]`)

function printNode(graph: Graph, node: Node, name: (value: number) => string): string {
  const inputs = node.inputs.map(name)
  const weights = node.weights.map((path) => `@${path}`)
  const attributes = Object.entries(node.attributes).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  const results = node.results.map((result) => `${name(result)}: ${shape(graph.values[result]!)}`)
  return `${results.join(', ')} = ${node.op}(${[...inputs, ...weights, ...attributes, ...sizesTexts(node)].join(', ')})  // ${node.path}`
}

export const initialiserText = (initialiser: Initialiser): string =>
  'std' in initialiser
    ? `${initialiser.kind}(std: ${initialiser.std})`
    : 'bound' in initialiser
      ? `uniform(bound: ${initialiser.bound})`
      : 'value' in initialiser
        ? String(initialiser.value)
        : initialiser.kind
