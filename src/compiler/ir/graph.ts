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
  const made = producers(graph)
  const given = new Set(inputs.map((input) => input.value))
  const needed = new Set<Node>()
  const visit = (value: number): void => {
    if (given.has(value)) return
    const node = made.get(value)
    if (!node) {
      const name = graph.inputs.find((input) => input.value === value)?.name ?? `value ${value}`
      throw new Error(`the part of the graph needs ${name}, which is not given`)
    }
    if (needed.has(node)) return
    needed.add(node)
    node.inputs.forEach(visit)
  }
  outputs.forEach((output) => visit(output.value))
  const nodes = graph.nodes.filter((node) => needed.has(node))
  const paths = new Set(nodes.flatMap((node) => node.weights))
  const kept = new Set([...given, ...nodes.flatMap((node) => node.results)])
  return {
    inputs,
    weights: graph.weights.filter((weight) => paths.has(weight.path)),
    nodes,
    values: graph.values,
    outputs,
    lets: new Map([...graph.lets].filter(([, value]) => kept.has(value))),
  }
}

/** Numbers of learned parameters; stored statistics are not counted. */
export const parameterCount = (graph: Graph, group?: string): number =>
  graph.weights
    .filter((weight) => weight.trainable && weight.group === group)
    .reduce((total, weight) => total + weight.shape.reduce((product, size) => product * size, 1), 0)
