import type * as tfjs from '@tensorflow/tfjs'
import type { Graph } from '../ir/graph.ts'
import { primitiveNamed } from '../ops/registry.ts'
import { evaluate } from '../shapes/size.ts'
import { layerNames } from '../targets/layers/lower.ts'
import type { Trace } from './trace.ts'
import type { Value } from './value.ts'

export interface TraceOptions {
  readonly training?: boolean
  /** Uniform numbers for the call of that name. */
  readonly draw?: (count: number, name: string) => Value
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
  const shapes = new Map(graph.weights.map(({ path, shape }) => [path, shape]))
  for (const { name, value } of graph.inputs) {
    const { shape, dtype } = graph.values[value]!
    const lengths = shape.map((size) => evaluate(size, sizes))
    values.set(value, given[name] ?? trace.placeholder(name, lengths, dtype === 'i32' ? 'int32' : 'float32'))
  }
  const tf = trace.asTfjs
  const names = layerNames(graph)
  for (const node of graph.nodes) {
    const name = names.get(node)!
    const results = primitiveNamed(node.op).compute(
      tf,
      node.inputs.map((input) => values.get(input)!) as unknown as tfjs.Tensor[],
      node.weights.map((path) => trace.variable(path, shapes.get(path)!)) as unknown as tfjs.Tensor[],
      {
        attributes: node.attributes,
        sizes: Object.fromEntries(
          Object.entries(node.sizes).map(([key, list]) => [key, list.map((size) => evaluate(size, sizes))]),
        ),
        training: options.training ?? false,
        draw: (count) => {
          if (!options.draw) throw new Error(`${name} acts at random, and no random numbers are given`)
          return options.draw(count, name) as unknown as tfjs.Tensor1D
        },
      },
    ) as unknown as Value[]
    node.results.forEach((result, at) => values.set(result, results[at]!))
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values.get(value)!]))
}
