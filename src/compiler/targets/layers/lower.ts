import type * as tfjs from '@tensorflow/tfjs'
import type { Graph, Node } from '../../ir/graph.ts'
import { nodeNames } from '../../ir/node-names.ts'
import { frozenIn, isLearning, learnsNothing } from '../../ops/learning.ts'
import type { Tfjs } from './backend.ts'
import { asInteger, evaluate, symbols, toJSON, type Size } from '../../shapes/size.ts'
import { layerClasses, type ArchcLayer, type CallOptions, type Witness } from './layer.ts'
import { own } from '../../../own.ts'

/** Layers that own weights, by those weights: graphs lowered with one store share them. */
export type LayerStore = Map<string, ArchcLayer>

/** A graph as a TensorFlow.js layers model. */
export interface LayersModel {
  readonly model: tfjs.LayersModel
  /** Variables by weight path. */
  readonly variables: ReadonlyMap<string, tfjs.LayerVariable>
  /** Computes the outputs; the caller disposes of them (or calls inside `tf.tidy`). */
  run(inputs: Readonly<Record<string, tfjs.Tensor>>, options?: CallOptions): Record<string, tfjs.Tensor>
}

/**
 * Lowers a graph to a functional model of archc's registered layers, one layer a node. Sizes stay symbolic: one model
 * serves all pictures. Weights start at zero; the runtime fills them.
 */
export function lowerToLayers(tf: Tfjs, graph: Graph, name: string, store: LayerStore = new Map()): LayersModel {
  const classes = layerClasses(tf)
  const weights = new Map(graph.weights.map((weight) => [weight.path, weight]))
  const tensors = new Map<number, tfjs.SymbolicTensor>()
  const inputs = graph.inputs.map((input) => {
    const { shape, dtype } = graph.values[input.value]!
    const tensor = tf.input({ batchShape: shape.map(dimension), name: input.name, dtype: dtype === 'i32' ? 'int32' : 'float32' })
    tensors.set(input.value, tensor)
    return tensor
  })
  const witnesses = witnessesOf(graph)
  const names = nodeNames(graph)
  const variables = new Map<string, tfjs.LayerVariable>()
  const seen = new Set<string>()
  const calls: LayerCall[] = []

  for (const node of graph.nodes) {
    const needed = [...new Set(Object.values(node.sizes).flat().flatMap(symbols))].map((symbol) => witnessed(witnesses, symbol))
    const shown = node.inputs.length === 0 && needed.length === 0 ? [0] : [...new Set(needed.map((witness) => witness.input))]
    const operands = node.inputs.map((value) => tensors.get(value)!)
    const taken = [...new Set([...node.inputs, ...shown.map((input) => graph.inputs[input]!.value)])]
    const all = [...new Set([...operands, ...shown.map((input) => inputs[input]!)])]
    const config = {
      name: names.get(node)!,
      attributes: node.attributes,
      sizes: Object.fromEntries(Object.entries(node.sizes).map(([key, list]) => [key, list.map(toJSON)])),
      operands: operands.map((operand) => all.indexOf(operand)),
      witnesses: needed.map((witness) => ({ ...witness, input: all.indexOf(inputs[witness.input]!) })),
      ...(node.frozen && { frozen: true as const }),
      outputs: node.results.map((result) => graph.values[result]!.shape.map(dimension)),
      dtypes: node.results.map((result) => (graph.values[result]!.dtype === 'i32' ? ('int32' as const) : ('float32' as const))),
      owned: node.weights.map((path) => {
        const { shape, trainable } = weights.get(path)!
        return { path, name: path.split('.').at(-1)!, shape, trainable }
      }),
    }
    const identity =
      node.weights.length > 0 ? `${node.op} ${node.weights.join()} ${JSON.stringify([config.attributes, config.sizes])}` : ''
    const layer = store.get(identity) ?? new (classes.get(node.op)!)(config)
    const result = layer.apply(all.length === 1 ? all[0]! : all) as tfjs.SymbolicTensor | tfjs.SymbolicTensor[]
    if (identity) {
      store.set(identity, layer)
      node.weights.forEach((path, at) => {
        if (seen.has(path) && variables.get(path) !== layer.variables[at]) throw new Error(`${path} is owned by two layers`)
        seen.add(path)
        variables.set(path, layer.variables[at]!)
      })
    }
    calls.push({ node, layer, inputs: taken })
    const results = Array.isArray(result) ? result : [result]
    node.results.forEach((value, at) => tensors.set(value, results[at]!))
  }

  const results = [...new Set(graph.outputs.map((output) => output.value))]
  const model = tf.model({ inputs, outputs: results.map((value) => tensors.get(value)!), name })
  return {
    model,
    variables,
    run(given, options = {}) {
      const list = graph.inputs.map((input) => {
        const tensor = own(given, input.name)
        if (!tensor) throw new Error(`${name} needs the input ${input.name}`)
        return tensor
      })
      if (options.learning && graph.nodes.some(isLearning)) return inOrder(graph, calls, list, options)
      const computed = model.apply(list.length === 1 ? list[0]! : list, options as never) as tfjs.Tensor | tfjs.Tensor[]
      const outputs = Array.isArray(computed) ? computed : [computed]
      return Object.fromEntries(graph.outputs.map((output) => [output.name, outputs[results.indexOf(output.value)]!]))
    },
  }
}

/** A node's layer, and the values that it is given. */
interface LayerCall {
  readonly node: Node
  readonly layer: ArchcLayer
  readonly inputs: readonly number[]
}

/** Computes calls in the order of the text, which the layers model does not keep and what is learned depends on. */
function inOrder(
  graph: Graph,
  calls: readonly LayerCall[],
  given: readonly tfjs.Tensor[],
  options: CallOptions,
): Record<string, tfjs.Tensor> {
  const values = new Map(graph.inputs.map(({ value }, at) => [value, given[at]!]))
  const frozen = frozenIn(graph)
  for (const { node, layer, inputs } of calls) {
    const isFrozen = learnsNothing(node, frozen)
    const taken = inputs.map((value) => values.get(value)!)
    const result = layer.call(taken, (isFrozen ? { ...options, training: false } : options) as never)
    ;[result].flat().forEach((each, at) => values.set(node.results[at]!, each))
    if (options.learning && !isFrozen) layer.learn(node, taken, options.learning)
  }
  return Object.fromEntries(graph.outputs.map(({ name, value }) => [name, values.get(value)!]))
}

const dimension = (size: Size): number | null => asInteger(size) ?? null

/** For every symbol of the inputs an axis that is a constant multiple of it. */
export function witnessesOf(graph: Graph): Witness[] {
  return graph.inputs.flatMap(({ value }, input) =>
    graph.values[value]!.shape.flatMap((size, axis) => {
      const [symbol, ...others] = symbols(size)
      if (!symbol || others.length > 0) return []
      const factor = evaluate(size, { [symbol]: 1 })
      const linear = evaluate(size, { [symbol]: 2 }) === 2 * factor && evaluate(size, { [symbol]: 7 }) === 7 * factor
      return linear ? [{ symbol, input, axis, factor }] : []
    }),
  )
}

function witnessed(witnesses: readonly Witness[], symbol: string): Witness {
  const found = witnesses.find((witness) => witness.symbol === symbol)
  if (!found) throw new Error(`no input shows how large ${symbol} is`)
  return found
}
