import * as tf from '@tensorflow/tfjs'
import { optimiserNamed } from '../../compiler/optimisers/registry.ts'
import type { OptimiserPlan } from '../../compiler/plan.ts'
import { onTfjs } from '../../compiler/targets/layers/backend.ts'
import type { Tensor } from '../files/safetensors.ts'

/** An optimiser with its state, over a fixed set of variables, on the active engine. */
export interface OptimiserState {
  /** Updates that were made. */
  readonly count: number
  /** One update: `gradients` by path; what has none stays. Does not dispose of them. */
  step(gradients: ReadonlyMap<string, tf.Tensor>, rate: number): void
  /** What is kept of every weight: Adam's first moments under `m.PATH`, its second under `v.PATH`. */
  read(): Map<string, Tensor>
  /** Goes on from a saved state after `count` updates. Throws when a part of it is missing or misshapen. */
  assign(state: ReadonlyMap<string, Tensor>, count: number): void
  dispose(): void
}

/** `shares` are those of the rate at which weights move, where that is not the whole. */
export function createOptimiser(
  variables: ReadonlyMap<string, tf.Variable>,
  { name, settings }: OptimiserPlan,
  shares: ReadonlyMap<string, number> = new Map(),
): OptimiserState {
  const rule = optimiserNamed(name)
  const kept = new Map(
    rule.state.map((part) => [
      part,
      new Map([...variables].map(([path, variable]) => [path, tf.tidy(() => tf.variable(tf.zeros(variable.shape), false))])),
    ]),
  )
  let count = 0
  return {
    get count() {
      return count
    },
    step(gradients, rate) {
      for (const [path, gradient] of gradients) {
        const x = variables.get(path)
        if (!x) throw new Error(`${name} does not know ${path}`)
        const own = rule.state.map((part) => kept.get(part)!.get(path)!)
        tf.tidy(() => {
          const state = Object.fromEntries(rule.state.map((part, at) => [part, own[at]!]))
          const given = rule.given(settings, rate * (shares.get(path) ?? 1), count, x.shape.length)
          const made = onTfjs(tf, (on) => rule.step(on, { x, gradient, state }, settings, given))
          ;[x, ...own].forEach((variable, at) => variable.assign(made[at]!))
        })
      }
      count += 1
    },
    read() {
      const entries = [...kept].flatMap(([part, tensors]) =>
        [...tensors].map(([path, tensor]): [string, Tensor] => [
          `${part}.${path}`,
          { shape: tensor.shape, dtype: 'F32', data: tensor.dataSync() as Float32Array },
        ]),
      )
      return new Map(entries)
    },
    assign(state, saved) {
      for (const [part, tensors] of kept)
        for (const [path, tensor] of tensors) {
          const given = state.get(`${part}.${path}`)
          if (!given || given.shape.join() !== tensor.shape.join())
            throw new Error(`the optimiser's ${part}.${path} is ${given ? `[${given.shape.join(', ')}]` : 'missing'}`)
          tf.tidy(() => tensor.assign(tf.tensor(given.data, tensor.shape, 'float32')))
        }
      count = saved
    },
    dispose() {
      for (const tensors of kept.values()) tensors.forEach((tensor) => tensor.dispose())
    },
  }
}
