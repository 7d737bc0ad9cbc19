import type { Span } from '../diagnostics/diagnostic.ts'
import type { Size } from '../shapes/size.ts'

/**
 * The typed graph that everything after elaboration reads: values with symbolic shapes, nodes that are primitives,
 * weights with stable paths. Nodes stand in an order in which they can be computed.
 */

export type DType = 'f32' | 'i32'

export interface TensorType {
  readonly shape: readonly Size[]
  readonly dtype: DType
}

/** How a weight starts. `default` is U(-1/sqrt(fanIn), 1/sqrt(fanIn)), PyTorch's for convolutions and linear layers. */
export type Initialiser =
  | { readonly kind: 'default' | 'zeros' | 'ones' }
  /** Of length 1, each direction as likely as any other. */
  | { readonly kind: 'direction' }
  | { readonly kind: 'normal' | 'truncated_normal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number }

export interface Weight {
  /** Stable name, from the base's text: `encoder.body[0].conv.kernel`. */
  readonly path: string
  readonly shape: readonly number[]
  readonly initialiser: Initialiser
  /** For `default`. */
  readonly fanIn: number
  /** False for stored statistics: saved and loaded, neither trained nor counted. */
  readonly trainable: boolean
  /** The primitive that owns it. */
  readonly op: string
  /** The slot that is trained by a record of its own, if it belongs to one that no output reaches. */
  readonly group?: string
  /** The share of the learning rate at which a loss moves it; 0 where it is frozen. The whole without it. */
  readonly rate?: number
  /** Of a slot that nothing trains: its weights are given, from a file. */
  readonly frozen?: true
}

/** An attribute that depends on no size. */
export type Plain = number | string | boolean | readonly number[]

export interface Node {
  readonly op: string
  /** Value ids. */
  readonly inputs: readonly number[]
  /** Weight paths, in the primitive's order. */
  readonly weights: readonly string[]
  readonly attributes: Readonly<Record<string, Plain>>
  /** Attributes that are sizes, evaluated when the picture is there. */
  readonly sizes: Readonly<Record<string, readonly Size[]>>
  /** Value ids. */
  readonly results: readonly number[]
  /** Where it stands in the network: slot, let and callee. */
  readonly path: string
  readonly span?: Span
  /** Of a slot that nothing trains: in training too it does what it does after it. */
  readonly frozen?: true
}

export interface GraphInput {
  readonly name: string
  readonly value: number
}

export interface GraphOutput {
  readonly name: string
  readonly value: number
}

export interface Graph {
  readonly inputs: readonly GraphInput[]
  readonly weights: readonly Weight[]
  readonly nodes: readonly Node[]
  readonly values: readonly TensorType[]
  readonly outputs: readonly GraphOutput[]
  /** Every `let` and named result by its path, for `--inspect` and figures. */
  readonly lets: ReadonlyMap<string, number>
}

/** Everything that a weight path begins with, itself too. */
export function beginnings(path: string): string[] {
  const ends = [...path.matchAll(/[.[]/g)].map(({ index }) => index)
  return [...ends.map((end) => path.slice(0, end)), path]
}

/** The node that makes each value; inputs have none. */
export function producers(graph: Graph): Map<number, Node> {
  const map = new Map<number, Node>()
  for (const node of graph.nodes) for (const result of node.results) map.set(result, node)
  return map
}

/**
 * The part of `graph` that computes `outputs` from `inputs` (any values). Nodes, weights and inputs that are not needed
 * are left out; graph inputs whose sizes may be needed stay.
 * Throws when an output needs a graph input that is not among `inputs`.
 */
export function subgraph(graph: Graph, inputs: readonly GraphInput[], outputs: readonly GraphOutput[]): Graph {
  const isNeeded = new Uint8Array(graph.values.length)
  const isKept = new Uint8Array(graph.values.length)
  for (const { value } of outputs) isNeeded[value] = 1
  for (const { value } of inputs) [isNeeded[value], isKept[value]] = [0, 1]
  const paths = new Set<string>()
  const nodes: Node[] = []
  for (let at = graph.nodes.length - 1; at >= 0; at -= 1) {
    const node = graph.nodes[at]!
    if (!node.results.some((result) => isNeeded[result])) continue
    nodes.push(node)
    for (const input of node.inputs) if (!isKept[input]) isNeeded[input] = 1
    for (const path of node.weights) paths.add(path)
  }
  for (const { name, value } of graph.inputs)
    if (isNeeded[value]) throw new Error(`the part of the graph needs ${name}, which is not given`)
  for (const { results } of nodes) for (const result of results) isKept[result] = 1
  return {
    inputs,
    weights: graph.weights.filter((weight) => paths.has(weight.path)),
    nodes: nodes.reverse(),
    values: graph.values,
    outputs,
    lets: new Map([...graph.lets].filter(([, value]) => isKept[value])),
  }
}

/** Numbers of learned parameters; stored statistics are not counted. */
export const parameterCount = (graph: Graph, group?: string): number =>
  graph.weights
    .filter((weight) => weight.trainable && weight.group === group)
    .reduce((total, weight) => total + weight.shape.reduce((product, size) => product * size, 1), 0)
