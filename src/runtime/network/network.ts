import * as tf from '@tensorflow/tfjs'
import { bytesAt, cost } from '../../compiler/ir/cost.ts'
import type { Graph, Weight } from '../../compiler/ir/graph.ts'
import type { Arena } from '../../compiler/kernels/passes/arena.ts'
import { evaluation } from '../../compiler/targets/savedmodel/signatures.ts'
import { memoryOf } from '../../compiler/targets/savedmodel/write.ts'
import { lowerToLayers, type LayersModel, type LayerStore } from '../../compiler/targets/layers/lower.ts'
import { UserError } from '../../errors.ts'
import { createRandom } from '../files/random.ts'
import type { Tensor } from '../files/safetensors.ts'
import { GraphRunner, sizesOf } from './graph-runner.ts'

/** A network that can be computed: graphs lowered on demand over one set of weights. */
export interface Network {
  readonly weights: readonly Weight[]
  /** The layers model of a graph whose weights are among this network's. Lowered once. */
  lower(graph: Graph, name: string): LayersModel
  /** Fills every weight from its initialiser, each from a generator of its own path: an ablation starts the rest alike. */
  initialise(seed: number): void
  /** Sets weights by path; those that are not given stay. Throws where a shape differs. */
  assign(tensors: ReadonlyMap<string, Tensor>): void
  /** A copy of all weights, or of those named. */
  read(paths?: readonly string[]): Map<string, Tensor>
  /** The variable behind a weight. */
  variable(path: string): tf.LayerVariable
  /** What computing a graph will take of TensorFlow's memory, weights apart. The outputs stay until the result is called. */
  rehearse(graph: Graph, sizes: Readonly<Record<string, number>>, arena: Arena): () => void
}

/** Bytes of values above which a graph is not computed layer by layer. */
const muchMemory = 100_000_000

/**
 * How graphs are computed: layer by layer; each as one TensorFlow graph, which is compiled for the sizes of its inputs;
 * or `repeated` ones so, from their second call with the same sizes on, and at once where layers would hold much (they
 * keep every value to the end). The last two need the engine TensorFlow.
 */
export type Execution = 'layers' | 'graphs' | 'repeated'

/** `graphs` are all graphs that will be asked for: their weights make the network. */
export function createNetwork(graphs: readonly Graph[], execution: Execution = 'layers'): Network {
  const store: LayerStore = new Map()
  const variables = new Map<string, tf.LayerVariable>()
  const lowered = new Map<Graph, LayersModel>()
  const weights = [...new Map(graphs.flatMap((graph) => graph.weights).map((weight) => [weight.path, weight])).values()]
  const lower = (graph: Graph, name: string): LayersModel => {
    const known = lowered.get(graph)
    if (known) return known
    const layers = lowerToLayers(tf, graph, name, store)
    for (const [path, variable] of layers.variables) variables.set(path, variable)
    const model = execution === 'layers' ? layers : { ...layers, run: asGraph(graph, layers) }
    lowered.set(graph, model)
    return model
  }
  const worthwhile = new Set<string>()
  const runner = new GraphRunner((path) => variable(path).read())
  const asGraph =
    (graph: Graph, layers: LayersModel): LayersModel['run'] =>
    (inputs, options) => {
      if (execution === 'graphs') return runner.run(graph, inputs, options, true)
      const key = runner.keyOf(graph, inputs, options?.training)
      if (worthwhile.has(key)) return runner.run(graph, inputs, options)
      worthwhile.add(key)
      return isLarge(graph, sizesOf(graph, inputs)) ? runner.run(graph, inputs, options) : layers.run(inputs, options)
    }
  graphs.forEach((graph, at) => lower(graph, `graph${at}`))
  const variable = (path: string): tf.LayerVariable => {
    const found = variables.get(path)
    if (!found) throw new Error(`no weight is called ${path}`)
    return found
  }
  return {
    weights,
    lower,
    variable,
    rehearse(graph, sizes, arena) {
      const asGraph = execution === 'graphs' || (execution === 'repeated' && isLarge(graph, sizes))
      if (asGraph) return memoryOf(evaluation('run', graph, sizes), arena).freeOutputs
      const allocate = (value: number) => arena.allocate(bytesAt(graph, value, sizes))
      const frees = new Map(graph.nodes.flatMap(({ results }) => results.map((value) => [value, allocate(value)])))
      const outputs = graph.outputs.flatMap(({ value }) => frees.get(value) ?? [])
      frees.forEach((free) => outputs.includes(free) || free())
      return () => outputs.forEach((free) => free())
    },
    initialise(seed) {
      this.assign(initialWeights(weights, seed))
    },
    assign(tensors) {
      for (const [path, tensor] of tensors) {
        const target = variable(path)
        if (tensor.shape.join() !== target.shape.join())
          throw new Error(`${path} is [${target.shape.join(', ')}], given [${tensor.shape.join(', ')}]`)
        const value = tf.tensor(tensor.data, [...tensor.shape], 'float32')
        target.write(value)
        value.dispose()
      }
    },
    read(paths = weights.map((weight) => weight.path)) {
      return new Map(
        paths.map((path) => [
          path,
          {
            shape: [...variable(path).shape] as number[],
            dtype: 'F32',
            data: variable(path).read().dataSync() as Float32Array,
          } satisfies Tensor,
        ]),
      )
    },
  }
}

/** Whether layers would hold much of a graph: they keep every value to the end. */
const isLarge = (graph: Graph, sizes: Readonly<Record<string, number>>): boolean =>
  cost(graph, sizes).activationBytes > muchMemory

/** Where training starts: every weight from its initialiser. */
export const initialWeights = (weights: readonly Weight[], seed: number): Map<string, Tensor> =>
  new Map(
    weights.map((weight) => [
      weight.path,
      { shape: [...weight.shape], dtype: 'F32', data: startValues(weight, seed) } satisfies Tensor,
    ]),
  )

/** The start of one weight: a function of seed and path alone. */
function startValues({ path, shape, initialiser, fanIn }: Weight, seed: number): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1)
  const values = new Float32Array(count)
  const random = createRandom(seed).split(path)
  switch (initialiser.kind) {
    case 'zeros':
      return values
    case 'ones':
      return values.fill(1)
    case 'constant':
      return values.fill(initialiser.value)
    case 'default':
    case 'uniform': {
      const bound = initialiser.kind === 'uniform' ? initialiser.bound : 1 / Math.sqrt(fanIn)
      return values.map(() => random.uniform(-bound, bound))
    }
    case 'normal':
      return values.map(() => random.normal(0, initialiser.std))
    case 'truncated_normal':
      // PyTorch's trunc_normal_: cut at -2 and 2, which for these deviations lies far outside.
      return values.map(() => {
        for (;;) {
          const value = random.normal(0, initialiser.std)
          if (Math.abs(value) <= 2) return value
        }
      })
  }
}

export interface WeightComparison {
  readonly missing: readonly string[]
  readonly extra: readonly string[]
  readonly misshapen: readonly string[]
}

/** Which weights of a network a file lacks, has too many, or has in another shape. */
export function compareWeights(weights: readonly Weight[], tensors: ReadonlyMap<string, Tensor>): WeightComparison {
  const known = new Map(weights.map((weight) => [weight.path, weight]))
  return {
    missing: weights.filter((weight) => !tensors.has(weight.path)).map((weight) => weight.path),
    extra: [...tensors.keys()].filter((path) => !known.has(path)),
    misshapen: [...tensors].flatMap(([path, tensor]) => {
      const weight = known.get(path)
      return weight && weight.shape.join() !== tensor.shape.join()
        ? [`${path} is [${tensor.shape.join(', ')}], the network's is [${weight.shape.join(', ')}]`]
        : []
    }),
  }
}

/** Sets all weights from a file's tensors; anything missing, left over or misshapen is named in full. */
export function loadWeights(network: Network, tensors: ReadonlyMap<string, Tensor>, file: string): void {
  const { missing, extra, misshapen } = compareWeights(network.weights, tensors)
  const problems = [
    ...missing.map((path) => `missing: ${path}`),
    ...extra.map((path) => `left over: ${path}`),
    ...misshapen.map((line) => `another shape: ${line}`),
  ]
  if (problems.length > 0)
    throw new UserError(
      `${file} does not fit the network (${problems.length} of ${network.weights.length} weights):\n  ${problems.join('\n  ')}`,
      'the file, the variant and the preset must be those of the training',
    )
  network.assign(tensors)
}
