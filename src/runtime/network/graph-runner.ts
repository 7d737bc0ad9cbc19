import * as tf from '@tensorflow/tfjs'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Graph } from '../../compiler/ir/graph.ts'
import { gradients } from '../../compiler/kernels/gradient.ts'
import { traceGraph } from '../../compiler/kernels/trace-graph.ts'
import { Trace } from '../../compiler/kernels/trace.ts'
import type { Value } from '../../compiler/kernels/value.ts'
import { splitLinear } from '../../compiler/passes/split-linear.ts'
import type { CallOptions } from '../../compiler/targets/layers/layer.ts'
import { witnessesOf } from '../../compiler/targets/layers/lower.ts'
import { randomPrefix } from '../../compiler/targets/savedmodel/signatures.ts'
import { own } from '../../own.ts'
import { simplified, writeSavedModel, type Endpoints } from '../../compiler/targets/savedmodel/write.ts'
import { openSession, type Session } from '../engine/index.ts'
import { temporaryFolder } from '../files/temporary-folder.ts'
import { keptGraphs } from './ways.ts'

type Tensors = Readonly<Record<string, tf.Tensor>>

/** A graph of TensorFlow that is loaded: weights are inputs of it. */
interface Loaded {
  readonly session: Session
  readonly ends: Endpoints
}

/** Computes graphs as whole TensorFlow graphs at the sizes of what they are given. Needs the engine TensorFlow. */
export class GraphRunner {
  readonly #sessions = new Map<string, Loaded>()
  readonly #numbers = new Map<Graph, number>()
  readonly #weight: (path: string) => tf.Tensor

  /** `weight` gives the present value of a weight. */
  constructor(weight: (path: string) => tf.Tensor) {
    this.#weight = weight
  }

  /** A text that is equal for calls that one session can compute. */
  keyOf(graph: Graph, shapeOf: (name: string, value: number) => readonly number[], training = false): string {
    const number = this.#numbers.get(graph) ?? this.#numbers.size
    this.#numbers.set(graph, number)
    return `${number} ${training} ${graph.inputs.map(({ name, value }) => shapeOf(name, value).join('x')).join()}`
  }

  /** The outputs; where `differentiable`, gradients flow to float inputs and weights. The caller disposes of them. */
  run(graph: Graph, inputs: Tensors, options: CallOptions = {}, differentiable = false): Record<string, tf.Tensor> {
    const key = this.keyOf(graph, (name) => inputs[name]!.shape, options.training)
    const random = new Map<string, tf.Tensor>()
    const results = this.#compute(`forward ${key}`, graph, inputs, options, random, (_trace, outputs) => outputs)
    const computed = differentiable
      ? Object.fromEntries(
          Object.entries(results).map(([name, result]) => [
            name,
            this.#withGradient(key, graph, inputs, options, random, name, result),
          ]),
        )
      : results
    if (!differentiable) tf.dispose([...random.values()])
    return computed
  }

  /** `result`, which the gradient passes by a graph of its own. */
  #withGradient(
    key: string,
    graph: Graph,
    inputs: Tensors,
    options: CallOptions,
    random: Map<string, tf.Tensor>,
    name: string,
    result: tf.Tensor,
  ): tf.Tensor {
    const given = graph.inputs.filter(({ value }) => graph.values[value]!.dtype === 'f32')
    const leaves = [
      ...given.map((input) => inputs[input.name]!),
      ...graph.weights.map(({ path: weight }) => this.#weight(weight)),
    ]
    if (result.dtype !== 'float32' || leaves.length === 0) return result
    return tf.customGrad((...parts: (tf.Tensor | tf.GradSaveFunc)[]) => ({
      value: tf.clone(result),
      gradFunc: (dy: tf.Tensor) => {
        const found = this.#compute(`gradient ${name} ${key}`, graph, { ...inputs, dy }, options, random, (trace, outputs) => {
          const output = outputs[name]!
          const total = trace.sum(trace.mul(output, trace.placeholder('dy', output.shape)))
          const sources = [
            ...given.map((input) => trace.placeholder(input.name, inputs[input.name]!.shape)),
            ...graph.weights.map(({ path: weight, shape }) => trace.variable(weight, shape)),
          ]
          return Object.fromEntries(
            gradients(trace, total, sources).map((gradient, at) => [
              String(at),
              trace.broadcastTo(gradient ?? trace.scalar(0), sources[at]!.shape),
            ]),
          )
        })
        return parts.slice(0, leaves.length).map((_, at) => found[at]!)
      },
    }))(...leaves)
  }

  #compute(
    key: string,
    graph: Graph,
    inputs: Tensors,
    options: CallOptions,
    random: Map<string, tf.Tensor>,
    wanted: (trace: Trace, outputs: Record<string, Value>) => Record<string, Value>,
  ): Record<string, tf.Tensor> {
    const loaded = this.#sessions.get(key) ?? this.#load(graph, inputs, options, wanted)
    this.#sessions.delete(key)
    this.#sessions.set(key, loaded)
    for (const [old, { session }] of this.#sessions) {
      if (this.#sessions.size <= keptGraphs) break
      session.close()
      this.#sessions.delete(old)
    }
    return loaded.session.run(loaded.ends, (name) => this.#given(name, inputs, options, random))
  }

  #given(name: string, inputs: Tensors, options: CallOptions, random: Map<string, tf.Tensor>): tf.Tensor {
    if (!name.startsWith(randomPrefix)) return own(inputs, name) ?? this.#weight(name)
    const layer = name.slice(randomPrefix.length)
    const [count, label] = [Number(layer.slice(0, layer.indexOf(' '))), layer.slice(layer.indexOf(' ') + 1)]
    const known = random.get(name) ?? tf.keep(options.draw?.(count, label) ?? tf.randomUniform([count]))
    random.set(name, known)
    return known
  }

  #load(
    graph: Graph,
    inputs: Tensors,
    options: CallOptions,
    wanted: (trace: Trace, outputs: Record<string, Value>) => Record<string, Value>,
  ): Loaded {
    const trace = new Trace()
    const sizes = sizesOf(graph, inputs)
    const draw = (count: number, layer: string): Value => trace.placeholder(`${randomPrefix}${count} ${layer}`, [count])
    const training = options.training ?? false
    const outputs = wanted(trace, traceGraph(trace, splitLinear(graph, sizes).graph, sizes, {}, { training, draw }))
    const { bytes, endpoints } = writeSavedModel([simplified({ name: 'run', outputs, assigned: new Map() })], new Map())
    const { folder, remove } = temporaryFolder('graph')
    try {
      writeFileSync(path.join(folder, 'saved_model.pb'), bytes)
      return { session: openSession(folder), ends: endpoints.get('run')! }
    } finally {
      remove()
    }
  }
}

/** The numbers behind a graph's symbols, read off its inputs. */
export const sizesOf = (graph: Graph, inputs: Tensors): Record<string, number> =>
  Object.fromEntries(
    witnessesOf(graph).map(({ symbol, input, axis, factor }) => [
      symbol,
      inputs[graph.inputs[input]!.name]!.shape[axis]! / factor,
    ]),
  )
