import * as tf from '@tensorflow/tfjs'
import { producers, subgraph, type Graph, type Node } from '../../compiler/ir/graph.ts'
import type { Tensor } from '../files/safetensors.ts'
import type { Network } from '../network/network.ts'
import { permuted } from '../weights/permute.ts'

/** A value inside a network: a `let`, what the call that owns a weight gives, or the first tensor that it takes. */
export type Address =
  { readonly let: string } | { readonly outOf: string } | { readonly into: string } | { readonly output: string }

/** The value that an address means; undefined where the network has none such. */
export function valueAt(graph: Graph, address: Address): number | undefined {
  if ('let' in address) return graph.lets.get(address.let)
  if ('output' in address) return graph.outputs.find((output) => output.name === address.output)?.value
  const weight = 'outOf' in address ? address.outOf : address.into
  const node = graph.nodes.find((candidate: Node) => candidate.weights.includes(weight))
  return 'outOf' in address ? node?.results[0] : node?.inputs[0]
}

/** Computes values of a graph. Inputs are in archc's layout; the results are copies on this side. */
export function compute(
  network: Network,
  graph: Graph,
  wanted: ReadonlyMap<string, number>,
  inputs: Readonly<Record<string, Tensor>>,
): Map<string, Tensor> {
  const outputs = [...wanted].map(([name, value]) => ({ name, value }))
  const made = producers(graph)
  const given = outputs.filter(({ value }) => !made.has(value))
  if (given.length > 0) throw new Error(`${given[0]!.name} is an input of the network, not computed by it`)
  const lowered = network.lower(partOf(graph, outputs), 'parity')
  return scoped(() => {
    const results = lowered.run(Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, asTf(tensor)])))
    return new Map(outputs.map(({ name }) => [name, fromTf(results[name]!)]))
  })
}

/** Runs with a scope of its own: tensors made inside are freed, whatever else comes back stays. */
export function scoped<T>(run: () => T): T {
  tf.engine().startScope()
  try {
    return run()
  } finally {
    tf.engine().endScope()
  }
}

const parts = new WeakMap<Graph, Map<string, Graph>>()

/** The part of a graph that gives these outputs, the same object for the same outputs: it is lowered once. */
function partOf(graph: Graph, outputs: Graph['outputs']): Graph {
  const known = parts.get(graph) ?? new Map<string, Graph>()
  parts.set(graph, known)
  const key = outputs.map(({ name, value }) => `${name}=${value}`).join()
  const part = known.get(key) ?? subgraph(graph, graph.inputs, outputs)
  known.set(key, part)
  return part
}

export const asTf = (tensor: Tensor): tf.Tensor =>
  tf.tensor(tensor.data, [...tensor.shape], tensor.dtype === 'F32' ? 'float32' : 'int32')

export function fromTf(tensor: tf.Tensor): Tensor {
  const data = tensor.dataSync()
  return tensor.dtype === 'float32'
    ? { shape: tensor.shape, dtype: 'F32', data: data as Float32Array }
    : { shape: tensor.shape, dtype: 'I32', data: Int32Array.from(data) }
}

/** Pictures and maps: PyTorch's batch, channel, row, column to archc's batch, row, column, channel. */
export const channelsLast = (tensor: Tensor): Tensor => permuted(tensor, [0, 2, 3, 1])
/** The way back. */
export const channelsFirst = (tensor: Tensor): Tensor => permuted(tensor, [0, 3, 1, 2])

/** The same numbers under another shape. */
export const reshaped = (tensor: Tensor, shape: readonly number[]): Tensor => ({ ...tensor, shape })

/** Rows `from` to before `to` of one axis. */
export function sliced(tensor: Tensor, axis: number, from: number, to: number): Tensor {
  const inner = tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1)
  const length = tensor.shape[axis]!
  const outer = tensor.data.length / inner / length
  const pieces = Array.from({ length: outer }, (_, at) =>
    tensor.data.subarray((at * length + from) * inner, (at * length + to) * inner),
  )
  return filled(tensor, tensor.shape.with(axis, to - from), pieces)
}

/** Tensors one after the other along an axis. */
export function joined(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors as [Tensor]
  const inner = first.shape.slice(axis + 1).reduce((product, size) => product * size, 1)
  const outer = first.shape.slice(0, axis).reduce((product, size) => product * size, 1)
  const total = tensors.reduce((sum, tensor) => sum + tensor.shape[axis]!, 0)
  const pieces = Array.from({ length: outer }, (_, at) =>
    tensors.map((tensor) => tensor.data.subarray(at * tensor.shape[axis]! * inner, (at + 1) * tensor.shape[axis]! * inner)),
  ).flat()
  return filled(first, first.shape.with(axis, total), pieces)
}

function filled(like: Tensor, shape: readonly number[], pieces: readonly Tensor['data'][]): Tensor {
  const total = shape.reduce((product, size) => product * size, 1)
  const data =
    like.dtype === 'F32' ? new Float32Array(total) : like.dtype === 'I32' ? new Int32Array(total) : new Uint8Array(total)
  let at = 0
  for (const piece of pieces) {
    data.set(piece, at)
    at += piece.length
  }
  return { shape, dtype: like.dtype, data } as Tensor
}
