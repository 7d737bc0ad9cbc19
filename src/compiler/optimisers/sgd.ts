import { amount, decayed, decays, type Optimiser } from './optimiser.ts'

/**
 * Gradient descent as PyTorch computes it: the gradient with weight decay joins the buffer, which is kept by `momentum`; with
 * `nesterov` the step looks one update ahead.
 */
export const sgd: Optimiser = {
  name: 'sgd',
  settings: {
    lr: { about: 'learning rate', type: 'number', range: 'above 0', isIn: (value) => value > 0 },
    momentum: {
      about: 'share of the last step that is kept',
      type: 'number',
      standard: 0,
      range: 'at least 0 and below 1',
      isIn: (value) => value >= 0 && value < 1,
    },
    nesterov: { about: 'looks one update ahead', type: 'bool', standard: false },
    weight_decay: amount('share of a weight that joins its gradient', 0),
    decay: decayed,
  },
  state: ['buffer'],
  given: (settings, rate, _count, rank) => ({
    rate,
    pull: decays(settings, rank) ? (settings['weight_decay'] as number) : 0,
  }),
  step(on, { x, gradient, state }, settings, { rate, pull }) {
    const momentum = settings['momentum'] as number
    const pulled = on.add(gradient, on.mul(x, pull!))
    const buffer = on.add(on.mul(state['buffer']!, momentum), pulled)
    const taken = settings['nesterov'] ? on.add(pulled, on.mul(buffer, momentum)) : buffer
    return [on.sub(x, on.mul(taken, rate!)), buffer]
  },
}
