import type { Graph, Node } from '../ir/graph.ts'
import { nodeNames } from '../ir/node-names.ts'
import { frozenIn, learn, learnsNothing, type Learning } from '../ops/learning.ts'
import { primitiveNamed } from '../ops/registry.ts'
import { evaluate } from '../shapes/size.ts'
import { gradients } from './gradient.ts'
import { dependent, regionsOf, type Region } from './passes/recompute.ts'
import type { Trace } from './trace.ts'
import type { Value } from './value.ts'
import { own } from '../../own.ts'

export interface TraceOptions {
  readonly training?: boolean
  /** Uniform numbers for the call of that name. */
  readonly draw?: (count: number, name: string) => Value
  /** Repeated blocks keep only what enters them; the rest is computed again when the gradient needs it. */
  readonly recompute?: boolean
  /** Takes what training makes of weights that no optimiser moves. */
  readonly learning?: Learning
  /** The variable that is read for a weight; that of its path without it. */
  readonly variableOf?: (path: string) => string
}

/**
 * A graph as kernels, at sizes that are numbers. `given` are values by input name, for what is no placeholder; weights
 * are read once. Returns the outputs by name.
 */
export function traceGraph(
  trace: Trace,
  graph: Graph,
  sizes: Readonly<Record<string, number>>,
  given: Readonly<Record<string, Value>> = {},
  options: TraceOptions = {},
): Record<string, Value> {
  const values = new Map<number, Value>()
  for (const { name, value } of graph.inputs) {
    const { shape, dtype } = graph.values[value]!
    const lengths = shape.map((size) => evaluate(size, sizes))
    values.set(value, own(given, name) ?? trace.placeholder(name, lengths, dtype === 'i32' ? 'int32' : 'float32'))
  }
  const tracer = new Tracer(trace, graph, sizes, options)
  const regions = options.recompute ? regionsOf(graph, sizes) : new Map<Node, Region>()
  const done = new Set<Region>()
  // What depends on sizes alone comes first: no block waits for another one's mask.
  const moving = dependent(graph)
  const isStill = (node: Node): boolean => node.results.every((result) => !moving.has(result))
  for (const node of [...graph.nodes.filter(isStill), ...graph.nodes.filter((each) => !isStill(each))]) {
    const region = regions.get(node)
    if (!region) tracer.node(node, values)
    else if (!done.has(region)) {
      done.add(region)
      values.set(region.output, tracer.region(region, values))
    }
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values.get(value)!]))
}

class Tracer {
  readonly #names
  readonly #shapes: ReadonlyMap<string, readonly number[]>
  readonly #frozen: ReadonlySet<string>

  constructor(
    readonly trace: Trace,
    graph: Graph,
    readonly sizes: Readonly<Record<string, number>>,
    readonly options: TraceOptions,
  ) {
    this.#names = nodeNames(graph)
    this.#frozen = frozenIn(graph)
    this.#shapes = new Map(graph.weights.map(({ path, shape }) => [path, shape]))
  }

  #weight(path: string): Value {
    return this.trace.variable(this.options.variableOf?.(path) ?? path, this.#shapes.get(path)!)
  }

  node(node: Node, values: Map<number, Value>): void {
    const name = this.#names.get(node)!
    const { draw, training = false, learning } = this.options
    const isFrozen = learnsNothing(node, this.#frozen)
    const inputs = node.inputs.map((input) => values.get(input)!)
    const weights = node.weights.map((path) => this.#weight(path))
    const call = {
      attributes: node.attributes,
      sizes: Object.fromEntries(
        Object.entries(node.sizes).map(([key, list]) => [key, list.map((size) => evaluate(size, this.sizes))]),
      ),
      training: training && !isFrozen && !node.frozen,
      draw: (count: number) => {
        if (!draw) throw new Error(`${name} acts at random, and no random numbers are given`)
        return draw(count, name)
      },
    }
    const results = primitiveNamed(node.op).compute(this.trace, inputs, weights, call) as Value[]
    if (learning && !isFrozen) learn(this.trace, node, inputs, weights, call, learning)
    node.results.forEach((result, at) => values.set(result, results[at]!))
  }

  /** The value that a region gives. Its gradient begins by computing the region again. */
  region(region: Region, values: ReadonlyMap<number, Value>): Value {
    const entering = region.inputs.map((input) => values.get(input)!)
    const weights = [...new Set(region.nodes.flatMap((node) => node.weights))].map((path) => this.#weight(path))
    const computed = (inputs: readonly Value[]): Value => {
      const inside = new Map(region.inputs.map((input, at) => [input, inputs[at]!]))
      for (const node of region.nodes) this.node(node, inside)
      return inside.get(region.output)!
    }
    return this.trace.emit('Identity', [computed(entering)], {}, {
      inputs: [...entering, ...weights],
      gradient: (dy) => {
        const anew = entering.map((value) => this.trace.again(value, dy))
        const sources = [...anew, ...weights]
        return gradients(this.trace, computed(anew), sources, dy).map((found, at) => found ?? this.trace.fill(sources[at]!.shape, 0))
      },
    }) // prettier-ignore
  }
}
