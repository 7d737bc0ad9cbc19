import * as tf from '@tensorflow/tfjs'
import type { Adam as AdamSettings } from '../../compiler/plan.ts'
import type { Tensor } from '../files/safetensors.ts'

/** Adam with its state, over a fixed set of variables. */
export interface AdamState {
  /** Updates that were made. */
  readonly count: number
  /** One update: `gradients` by path; what has none stays. Does not dispose of them. */
  step(gradients: ReadonlyMap<string, tf.Tensor>, rate: number): void
  /** First moments under `m.PATH`, second under `v.PATH`. */
  read(): Map<string, Tensor>
  /** Goes on from a saved state after `count` updates. Throws when a moment is missing or misshapen. */
  assign(state: ReadonlyMap<string, Tensor>, count: number): void
  dispose(): void
}

/**
 * Adam as PyTorch computes it: x -= rate (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + epsilon), with bias
 * corrections in double precision.
 */
export function createAdam(
  variables: ReadonlyMap<string, tf.Variable>,
  { beta1, beta2, epsilon }: Omit<AdamSettings, 'lr'>,
): AdamState {
  const zeros = (): Map<string, tf.Variable> =>
    new Map([...variables].map(([path, variable]) => [path, tf.tidy(() => tf.variable(tf.zeros(variable.shape), false))]))
  const first = zeros()
  const second = zeros()
  let count = 0
  return {
    get count() {
      return count
    },
    step(gradients, rate) {
      count += 1
      const stepSize = rate / (1 - beta1 ** count)
      const correction = 1 / Math.sqrt(1 - beta2 ** count)
      for (const [path, gradient] of gradients) {
        const [x, m, v] = [variables.get(path), first.get(path), second.get(path)]
        if (!x || !m || !v) throw new Error(`Adam does not know ${path}`)
        tf.tidy(() => {
          m.assign(tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1)))
          v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2)))
          const divisor = tf.add(tf.mul(tf.sqrt(v), correction), epsilon)
          x.assign(tf.sub(x, tf.mul(tf.div(m, divisor), stepSize)))
        })
      }
    },
    read() {
      const entries = ([['m', first], ['v', second]] as const).flatMap(([name, moments]) =>
        [...moments].map(([path, moment]) => [`${name}.${path}`, { shape: moment.shape, dtype: 'F32', data: moment.dataSync() as Float32Array } satisfies Tensor] as const),
      ) // prettier-ignore
      return new Map<string, Tensor>(entries)
    },
    assign(state, saved) {
      for (const [name, moments] of [
        ['m', first],
        ['v', second],
      ] as const)
        for (const [path, moment] of moments) {
          const tensor = state.get(`${name}.${path}`)
          if (!tensor || tensor.shape.join() !== moment.shape.join())
            throw new Error(`the optimiser's ${name}.${path} is ${tensor ? `[${tensor.shape.join(', ')}]` : 'missing'}`)
          tf.tidy(() => moment.assign(tf.tensor(tensor.data, moment.shape, 'float32')))
        }
      count = saved
    },
    dispose() {
      for (const moments of [first, second]) moments.forEach((moment) => moment.dispose())
    },
  }
}
