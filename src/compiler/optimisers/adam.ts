import { amount, decayed, decays, type Given, type Optimiser, type Setting, type Settings } from './optimiser.ts'

const rate: Setting = {
  about: 'learning rate',
  type: 'number',
  // A step of Adam is about as long as its rate, and weights are not that large.
  range: 'above 0 and at most 1',
  isIn: (value) => value > 0 && value <= 1,
}
const beta = (about: string, standard: number): Setting => ({
  about,
  type: 'number',
  standard,
  range: 'at least 0 and below 1',
  isIn: (value) => value >= 0 && value < 1,
})
const own = {
  lr: rate,
  beta1: beta('share of the first moment that is kept', 0.9),
  beta2: beta('share of the second moment that is kept', 0.999),
  epsilon: {
    about: 'added to the root of the second moment',
    type: 'number',
    standard: 1e-8,
    range: 'any number',
    isIn: () => true,
  },
} satisfies Record<string, Setting>

type Numbers = Readonly<Record<'lr' | 'beta1' | 'beta2' | 'epsilon', number>>
const numbersOf = (settings: Settings): Numbers => settings as unknown as Numbers

/** Bias corrections in double precision, in update `count` + 1. */
function corrected(settings: Settings, rate: number, count: number): Given {
  const { beta1, beta2 } = numbersOf(settings)
  return { rate: rate / (1 - beta1 ** (count + 1)), correction: 1 / Math.sqrt(1 - beta2 ** (count + 1)) }
}

const step: Optimiser['step'] = (on, { x, gradient, state }, settings, { rate, correction }) => {
  const { beta1, beta2, epsilon } = numbersOf(settings)
  const m = on.add(on.mul(state['m']!, beta1), on.mul(gradient, 1 - beta1))
  const v = on.add(on.mul(state['v']!, beta2), on.mul(on.square(gradient), 1 - beta2))
  const divisor = on.add(on.mul(on.sqrt(v), correction!), epsilon)
  return [on.sub(x, on.mul(on.div(m, divisor), rate!)), m, v]
}

/** Adam as PyTorch computes it: x -= rate (m / (1 - beta1^k)) / (sqrt(v / (1 - beta2^k)) + epsilon) in update k. */
export const adam: Optimiser = {
  name: 'adam',
  settings: own,
  state: ['m', 'v'],
  given: corrected,
  step,
  kernel: {
    name: 'ResourceApplyAdam',
    // Its own bias correction, which is not PyTorch's, is left out by the two zeros.
    takes: [0, 0, { given: 'rate' }, { setting: 'beta1' }, { setting: 'beta2' }, { given: 'epsilon' }, 'gradient'],
    given(settings, rate, count) {
      const { beta1, beta2, epsilon } = numbersOf(settings)
      const correction = Math.sqrt(1 - beta2 ** (count + 1))
      return { rate: (rate * correction) / (1 - beta1 ** (count + 1)), epsilon: epsilon * correction }
    },
  },
}

/** Adam with decay apart from the gradient (Loshchilov and Hutter 2019), as PyTorch computes it: x times 1 - rate decay, then Adam. */
export const adamw: Optimiser = {
  name: 'adamw',
  settings: { ...own, weight_decay: amount('share of a weight that goes, times the rate', 0.01), decay: decayed },
  state: ['m', 'v'],
  given: (settings, rate, count, rank) => ({
    ...corrected(settings, rate, count),
    keep: decays(settings, rank) ? 1 - rate * (settings['weight_decay'] as number) : 1,
  }),
  step: (on, update, settings, given) => step(on, { ...update, x: on.mul(update.x, given['keep']!) }, settings, given),
}
