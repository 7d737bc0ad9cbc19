import type { Graph, Node } from '../ir/graph.ts'
import type { Backend, Tensor } from './backend.ts'
import type { ComputedCall } from './op.ts'
import { primitiveNamed } from './registry.ts'

/**
 * What one step of training makes of weights that no optimiser moves, such as the statistics of a batch norm. A step's losses
 * share one: a call that stands in several of them is one call.
 */
export interface Learning<T extends Tensor = Tensor> {
  /** New values by weight. */
  readonly made: Map<string, T>
  /** First results of the nodes that have learned. */
  readonly done: Set<number>
}

export const newLearning = <T extends Tensor>(): Learning<T> => ({ made: new Map(), done: new Set() })

/** Whether calls of a primitive change weights in training. */
export const isLearning = ({ op }: Node): boolean => primitiveNamed(op).learn !== undefined

/** Whether a call that would learn is frozen with all its weights: it computes as it does after training, and learns nothing. */
export const learnsNothing = (node: Node, frozen: ReadonlySet<string>): boolean =>
  isLearning(node) && node.weights.every((path) => frozen.has(path))

/** Paths of the weights of a graph that are frozen. */
export const frozenIn = ({ weights }: Pick<Graph, 'weights'>): ReadonlySet<string> =>
  new Set(weights.flatMap(({ path, rate }) => (rate === 0 ? [path] : [])))

/**
 * Lets a node learn of its inputs, once in a step; nodes are asked in their order, each with the weights as the one before left
 * them. `keep` is asked for every value that is made.
 */
export function learn(
  on: Backend,
  node: Node,
  inputs: readonly Tensor[],
  weights: readonly Tensor[],
  call: Pick<ComputedCall, 'attributes' | 'sizes'>,
  { made, done }: Learning,
  keep: (made: Tensor) => void = () => undefined,
): void {
  const rule = primitiveNamed(node.op).learn
  if (!rule || node.frozen || done.has(node.results[0]!)) return
  done.add(node.results[0]!)
  const present = node.weights.map((path, at) => made.get(path) ?? weights[at]!)
  for (const [at, value] of rule(on, inputs, present, call)) {
    keep(value)
    const path = node.weights[at]!
    made.get(path)?.dispose()
    made.set(path, value)
  }
}
