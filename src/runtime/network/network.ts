import type { CompiledModel } from '../../compiler/plan.ts'
import * as tf from '@tensorflow/tfjs'
import type { Graph, Weight } from '../../compiler/ir/graph.ts'
import { evaluate } from '../../compiler/shapes/size.ts'
import { lowerToLayers, type LayersModel, type LayerStore } from '../../compiler/targets/layers/lower.ts'
import { UserError } from '../../errors.ts'
import { createRandom } from '../files/random.ts'
import type { Tensor } from '../files/safetensors.ts'
import { GraphRunner, sizesOf } from './graph-runner.ts'
import { isLarge, Rehearsal, type Sizes } from './rehearsal.ts'
import { Ways, type Execution } from './ways.ts'

export type { Execution }

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
  /** Goes through the calls to come, from how things are now. */
  rehearsal(): Rehearsal
}

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
  const ways = new Ways(execution)
  const runner = new GraphRunner((path) => variable(path).read())
  const asGraph =
    (graph: Graph, layers: LayersModel): LayersModel['run'] =>
    (inputs, options) => {
      if (execution === 'graphs') return runner.run(graph, inputs, options, true)
      const key = runner.keyOf(graph, (name) => inputs[name]!.shape, options?.training)
      const way = ways.next(key, () => isLarge(graph, sizesOf(graph, inputs)))
      return way === 'layers' ? layers.run(inputs, options) : runner.run(graph, inputs, options)
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
    rehearsal() {
      const shapeOf = (graph: Graph, sizes: Sizes) => (_name: string, value: number) =>
        graph.values[value]!.shape.map((size) => evaluate(size, sizes))
      return new Rehearsal(new Ways(execution, ways), (graph, sizes) => runner.keyOf(graph, shapeOf(graph, sizes)))
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
    case 'direction': {
      const drawn = Float64Array.from(values, () => random.normal(0, 1))
      const length = Math.sqrt(drawn.reduce((sum, value) => sum + value ** 2, 0))
      return values.map((_, at) => drawn[at]! / length)
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
  readonly misshapen: readonly { readonly path: string; readonly given: readonly number[]; readonly needed: readonly number[] }[]
}

/** Which weights of a network a file lacks, has too many, or has in another shape. */
export function compareWeights(weights: readonly Weight[], tensors: ReadonlyMap<string, Tensor>): WeightComparison {
  const known = new Map(weights.map((weight) => [weight.path, weight]))
  return {
    missing: weights.filter((weight) => !tensors.has(weight.path)).map((weight) => weight.path),
    extra: [...tensors.keys()].filter((path) => !known.has(path)),
    misshapen: [...tensors].flatMap(([path, tensor]) => {
      const weight = known.get(path)
      return weight && weight.shape.join() !== tensor.shape.join() ? [{ path, given: tensor.shape, needed: weight.shape }] : []
    }),
  }
}

/** `body[0].kernel is [3, 3, 4, 8], the network's is [3, 3, 8, 8]`. */
export const misshapenText = ({ path, given, needed }: WeightComparison['misshapen'][number]): string =>
  `${path} is [${given.join(', ')}], the network's is [${needed.join(', ')}]`

/** Sets all weights from a file's tensors; anything missing, left over or misshapen is named in full. */
export function loadWeights(network: Network, tensors: ReadonlyMap<string, Tensor>, file: string): void {
  const { missing, extra, misshapen } = compareWeights(network.weights, tensors)
  const problems = [
    ...missing.map((path) => `missing: ${path}`),
    ...extra.map((path) => `left over: ${path}`),
    ...misshapen.map((each) => `another shape: ${misshapenText(each)}`),
  ]
  if (problems.length > 0)
    throw new UserError(
      `${file} does not fit the network (${problems.length} of ${network.weights.length} weights):\n  ${problems.join('\n  ')}`,
      'the file, the variant and the preset must be those of the training',
    )
  requireFiniteWeights(tensors, file)
  network.assign(tensors)
}

/** @throws UserError naming the tensors that hold NaN, infinity, or what float32 has no number for. */
export function requireFiniteWeights(tensors: ReadonlyMap<string, Tensor>, file: string): void {
  const bad = [...tensors].flatMap(([name, { data }]) => {
    let count = 0
    for (const value of data) if (!Number.isFinite(value)) count += 1
    return count > 0 ? [`${name}: ${count} of ${data.length}`] : []
  })
  if (bad.length > 0)
    throw new UserError(
      `${file} holds weights that are not finite:\n  ${bad.join('\n  ')}`,
      'they give no picture: take a checkpoint from before its loss was not finite',
    )
}

/** The weights of the model and of what only its losses call. */
export function trainedWeights({ graph, train }: Pick<CompiledModel, 'graph' | 'train'>): Weight[] {
  const all = [graph, ...(train?.objectives ?? []).map((objective) => objective.graph)].flatMap(({ weights }) => weights)
  return [...new Map(all.map((weight) => [weight.path, weight])).values()]
}
