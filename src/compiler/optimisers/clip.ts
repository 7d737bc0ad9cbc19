import type { Backend, Tensor } from '../ops/backend.ts'

/** What gradients are cut down to: together to a length, or each number to a size. */
export interface Clip {
  readonly kind: 'norm' | 'value'
  readonly at: number
}

/** As PyTorch's `clip_grad_norm_`, which adds this to the length, and `clip_grad_value_`. */
const spare = 1e-6

/** The gradients of one optimiser, clipped. */
export function clipped<T extends Tensor>(on: Backend<T>, gradients: readonly T[], { kind, at }: Clip): T[] {
  if (kind === 'value') return gradients.map((gradient) => on.clipByValue(gradient, -at, at))
  const squares = gradients.map((gradient) => on.sum(on.square(gradient)))
  const length = on.sqrt(squares.slice(1).reduce((total, each) => on.add(total, each), squares[0]!))
  const share = on.minimum(on.div(on.fill([], at), on.add(length, spare)), 1)
  return gradients.map((gradient) => on.mul(gradient, share))
}
