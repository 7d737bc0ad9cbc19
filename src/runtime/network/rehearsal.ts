import { bytesAt, cost, type Cost } from '../../compiler/passes/cost.ts'
import type { Graph } from '../../compiler/ir/graph.ts'
import type { Arena } from '../../compiler/kernels/passes/arena.ts'
import { splitLinear } from '../../compiler/passes/split-linear.ts'
import { evaluation } from '../../compiler/targets/savedmodel/signatures.ts'
import { memoryOf, type Signature } from '../../compiler/targets/savedmodel/write.ts'
import type { Way, Ways } from './ways.ts'

export type Sizes = Readonly<Record<string, number>>

/** A call that was not made. */
export interface Rehearsed {
  readonly way: Way
  readonly nodes: number
  readonly cost: Cost
  /** What it takes of TensorFlow's memory, weights apart. The outputs stay until the result is called. */
  hold(arena: Arena): () => void
}

/** Bytes of values above which a graph is not computed layer by layer. */
const muchMemory = 100_000_000

/** Whether layers would hold much of a graph: they keep every value to the end. */
export const isLarge = (graph: Graph, sizes: Sizes): boolean => cost(graph, sizes).activationBytes > muchMemory

/** Goes through calls of a network without making them. */
export class Rehearsal {
  readonly #known = new Map<string, Omit<Rehearsed, 'way'>>()
  readonly #ways: Ways
  readonly #keyOf: (graph: Graph, sizes: Sizes) => string

  constructor(ways: Ways, keyOf: (graph: Graph, sizes: Sizes) => string) {
    this.#ways = ways
    this.#keyOf = keyOf
  }

  /** The next call. */
  call(graph: Graph, sizes: Sizes): Rehearsed {
    const key = this.#keyOf(graph, sizes)
    const way = this.#ways.next(key, () => isLarge(graph, sizes))
    const kind = `${way === 'layers'} ${key}`
    const known = this.#known.get(kind) ?? (way === 'layers' ? byLayers(graph, sizes) : asGraph(graph, sizes))
    this.#known.set(kind, known)
    return { way, ...known }
  }
}

const byLayers = (graph: Graph, sizes: Sizes): Omit<Rehearsed, 'way'> => ({
  nodes: graph.nodes.length,
  cost: cost(graph, sizes),
  hold(arena) {
    const allocate = (value: number) => arena.allocate(bytesAt(graph, value, sizes))
    const frees = new Map(graph.nodes.flatMap(({ results }) => results.map((value) => [value, allocate(value)])))
    const outputs = graph.outputs.flatMap(({ value }) => frees.get(value) ?? [])
    frees.forEach((free) => outputs.includes(free) || free())
    return () => outputs.forEach((free) => free())
  },
})

function asGraph(graph: Graph, sizes: Sizes): Omit<Rehearsed, 'way'> {
  const split = splitLinear(graph, sizes).graph
  let signature: Signature | undefined
  return {
    nodes: split.nodes.length,
    cost: cost(split, sizes),
    hold: (arena) => memoryOf((signature ??= evaluation('run', graph, sizes)), arena).freeOutputs,
  }
}
