import type { Optimiser } from './optimiser.ts'

const beta = (standard: number) => ({
  standard,
  range: 'at least 0 and below 1',
  isIn: (value: number): boolean => value >= 0 && value < 1,
})

/**
 * Adam as PyTorch computes it: x -= rate (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + epsilon) in update k, with bias
 * corrections in double precision.
 */
export const adam: Optimiser = {
  name: 'adam',
  settings: {
    // A step of Adam is about as long as its rate, and weights are not that large.
    lr: { range: 'above 0 and at most 1', isIn: (value) => value > 0 && value <= 1 },
    beta1: beta(0.9),
    beta2: beta(0.999),
    epsilon: { standard: 1e-8, range: 'any number', isIn: () => true },
  },
  state: ['m', 'v'],
  step(on, { x, gradient, state }, { beta1, beta2, epsilon }, rate, count) {
    const m = on.add(on.mul(state['m']!, beta1!), on.mul(gradient, 1 - beta1!))
    const v = on.add(on.mul(state['v']!, beta2!), on.mul(on.square(gradient), 1 - beta2!))
    const correction = 1 / Math.sqrt(1 - beta2! ** (count + 1))
    const divisor = on.add(on.mul(on.sqrt(v), correction), epsilon!)
    return [on.sub(x, on.mul(on.div(m, divisor), rate / (1 - beta1! ** (count + 1)))), m, v]
  },
  kernel: {
    name: 'ResourceApplyAdam',
    // Its own bias correction, which is not PyTorch's, is left out by the two zeros.
    takes: [0, 0, { given: 'rate' }, { setting: 'beta1' }, { setting: 'beta2' }, { given: 'epsilon' }, 'gradient'],
    given({ beta1, beta2, epsilon }, rate, count) {
      const correction = Math.sqrt(1 - beta2! ** (count + 1))
      return { rate: (rate * correction) / (1 - beta1! ** (count + 1)), epsilon: epsilon! * correction }
    },
  },
}
