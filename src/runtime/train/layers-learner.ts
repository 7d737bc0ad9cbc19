import * as tf from '@tensorflow/tfjs'
import { movedBy, prefixOf } from '../../compiler/targets/savedmodel/signatures.ts'
import type { Objective } from '../../compiler/plan.ts'
import type { Graph } from '../../compiler/ir/graph.ts'
import { newLearning } from '../../compiler/ops/learning.ts'
import type { HostTensors } from '../compute/messages.ts'
import type { Tensor } from '../files/safetensors.ts'
import { clipped } from '../../compiler/optimisers/clip.ts'
import { onTfjs } from '../../compiler/targets/layers/backend.ts'
import { createNetwork } from '../network/network.ts'
import { createOptimiser, type OptimiserState } from './optimiser-state.ts'
import {
  allFinite,
  drawsOf,
  meanOf,
  type Draws,
  type Learner,
  type LearnerOptions,
  type LearnerState,
  type Measured,
} from './learner.ts'

interface Trainer {
  readonly objective: Objective
  readonly variables: ReadonlyMap<string, tf.Variable>
  readonly optimiser: OptimiserState
}

/** Trains layer by layer with the gradients of TensorFlow.js: the reference, and what every engine can do. */
export function layersLearner(
  model: Graph,
  objectives: readonly Objective[],
  draws: Draws,
  { ema }: LearnerOptions = {},
): Learner {
  const network = createNetwork([model, ...objectives.map((objective) => objective.graph)])
  const trainers = objectives.map((objective): Trainer => {
    const variables = new Map(movedBy(objective).map(({ path }) => [path, network.variable(path).read() as tf.Variable]))
    const shares = new Map(movedBy(objective).map(({ path, rate = 1 }) => [path, rate]))
    return { objective, variables, optimiser: createOptimiser(variables, objective.optimizer, shares) }
  })
  const averages = new Map(
    ema === undefined ? [] : [...trainers[0]!.variables].map(([path, x]) => [path, tf.variable(x, false)] as const),
  )
  /** Every running mean keeps the share `ema` of itself, the rest is the weight. */
  const average = (share: number): void =>
    averages.forEach((mean, path) =>
      tf.tidy(() => mean.assign(tf.add(tf.mul(mean, share), tf.mul(network.variable(path).read(), 1 - share)))),
    )
  /** With the running means in place of their weights. */
  const averaged = <T>(compute: () => T): T => {
    const raw = network.read([...averages.keys()])
    network.assign(readAll(averages))
    try {
      return compute()
    } finally {
      network.assign(raw)
    }
  }
  /** The gradients of one batch, by objective and path, and what was measured on the way. */
  const backward = (active: readonly Trainer[], step: number, inputs: HostTensors, drawn: Draws) => {
    const given = onEngine(inputs)
    const measured: Record<string, number> = {}
    const learning = newLearning<tf.Tensor>()
    const draw = (count: number, layer: string): tf.Tensor => tf.tensor1d(drawn(step, count, layer))
    const gradients = active.map(({ objective, variables }) => {
      const graph = network.lower(objective.graph, `train ${objective.group ?? ''}`)
      const { value, grads } = tf.variableGrads(() => {
        const outputs = graph.run(given, { training: true, draw, learning })
        for (const [name, output] of Object.entries(outputs)) measured[prefixOf(objective) + name] = output.dataSync()[0]!
        return outputs['loss'] as tf.Scalar
      }, [...variables.values()])
      value.dispose()
      return new Map([...variables].map(([path, { name }]) => [path, grads[name]!]))
    })
    for (const [path, value] of learning.made) {
      if (allFinite(measured)) network.variable(path).write(value)
      value.dispose()
    }
    tf.dispose(given)
    return { measured, gradients }
  }
  return {
    async step(step, batches, rates) {
      const active = trainers.filter(({ objective }) => step % objective.every === 0)
      const measured: Measured[] = []
      let gathered: Gradients[] | undefined
      for (const [batch, inputs] of batches.entries()) {
        const found = backward(active, step, inputs, drawsOf(draws, batch, batches.length))
        measured.push(found.measured)
        gathered = gathered?.map((before, at) => added(before, found.gradients[at]!)) ?? found.gradients
        if (!allFinite(found.measured)) break
      }
      active.forEach(({ objective, optimiser }, at) => {
        const gradients = cutDown(shared(gathered![at]!, batches.length), objective)
        if (measured.every(allFinite)) optimiser.step(gradients, rates[trainers.indexOf(active[at]!)]!)
        gradients.forEach((gradient) => gradient.dispose())
      })
      if (ema !== undefined && measured.every(allFinite)) average(ema)
      return meanOf(measured)
    },
    async loss(inputs) {
      return averaged(() =>
        tf.tidy(() => network.lower(objectives[0]!.graph, 'train').run(onEngine(inputs))['loss']!.dataSync()[0]!),
      )
    },
    async read() {
      const optimizer = new Map<string, Tensor>()
      for (const { objective, optimiser } of trainers)
        for (const [name, tensor] of optimiser.read())
          optimizer.set(objective.group ? `${objective.group}/${name}` : name, tensor)
      return {
        weights: network.read(),
        optimizer,
        counts: trainers.map(({ optimiser }) => optimiser.count),
        ...(ema !== undefined && { averages: readAll(averages) }),
      } satisfies LearnerState
    },
    async assign({ weights, optimizer, counts, averages: means }) {
      if (weights) network.assign(weights)
      for (const [path, mean] of averages) {
        const tensor = means?.get(path) ?? weights?.get(path)
        if (tensor) tf.tidy(() => mean.assign(tf.tensor(tensor.data, mean.shape, 'float32')))
      }
      if (optimizer && counts)
        trainers.forEach(({ objective, optimiser }, at) => optimiser.assign(ofGroup(optimizer, objective.group), counts[at]!))
    },
    get peakBytes() {
      return process.resourceUsage().maxRSS * 1024
    },
    close() {
      trainers.forEach(({ optimiser }) => optimiser.dispose())
      averages.forEach((mean) => mean.dispose())
    },
  }
}

const readAll = (variables: ReadonlyMap<string, tf.Variable>): Map<string, Tensor> =>
  new Map(
    [...variables].map(([path, variable]): [string, Tensor] => [
      path,
      { shape: variable.shape, dtype: 'F32', data: variable.dataSync() as Float32Array },
    ]),
  )

type Gradients = ReadonlyMap<string, tf.Tensor>

/** Both together, which are disposed of. */
function added(before: Gradients, more: Gradients): Gradients {
  const sums = new Map([...before].map(([path, gradient]) => [path, tf.add(gradient, more.get(path)!)]))
  tf.dispose([...before.values(), ...more.values()])
  return sums
}

/** The share of one in so many; those given are disposed of. */
function shared(gradients: Gradients, count: number): Gradients {
  if (count === 1) return gradients
  const shares = new Map([...gradients].map(([path, gradient]) => [path, tf.mul(gradient, 1 / count)]))
  tf.dispose([...gradients.values()])
  return shares
}

/** Gradients clipped as the objective asks for; those given are disposed of. */
function cutDown(gradients: Gradients, { clip }: Objective): Gradients {
  if (!clip) return gradients
  const given = [...gradients.values()]
  const cut = tf.tidy(() => onTfjs(tf, (on) => clipped(on, given, clip)))
  tf.dispose(given)
  return new Map([...gradients.keys()].map((path, at) => [path, cut[at]!]))
}

/** Tensors of the active engine; the caller disposes of them. */
export const onEngine = (inputs: HostTensors): Record<string, tf.Tensor> =>
  Object.fromEntries(Object.entries(inputs).map(([name, { data, shape }]) => [name, tf.tensor(data, [...shape])]))

/** The moments of one optimiser, without the prefix of its group. */
function ofGroup(optimizer: ReadonlyMap<string, Tensor>, group: string | undefined): Map<string, Tensor> {
  const prefix = group ? `${group}/` : ''
  return new Map(
    [...optimizer]
      .filter(([name]) => (group ? name.startsWith(prefix) : !name.includes('/')))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  )
}
