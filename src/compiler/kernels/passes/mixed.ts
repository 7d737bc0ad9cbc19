import { Trace } from '../trace.ts'
import { reachable, type KernelType, type Value } from '../value.ts'
import { copied } from './simplify.ts'

/** Where the time of a step goes: products and convolutions, with their gradients. */
const heavy: ReadonlySet<string> = new Set(['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter', 'MatMul', 'BatchMatMulV2'])

/**
 * Products and convolutions in bfloat16, which has float32's range and 8 bits of its 24; everything else, weights and sums of gradients
 * among it, stays float32. After the gradient: custom gradients are forgotten. Gives what became of each value.
 */
export function mixed(roots: readonly Value[]): ReadonlyMap<Value, Value> {
  const tf = new Trace()
  const replaced = new Map<Value, Value>()
  const as = (x: Value, type: KernelType): Value => tf.emit('Cast', [x], { DstT: { kind: 'type', type } })
  const half = (x: Value): Value => {
    if (x.dtype !== 'float32') return x
    const [before] = x.inputs
    return x.kernel === 'Cast' && before!.dtype === 'bfloat16' ? before! : as(x, 'bfloat16')
  }
  for (const value of reachable(roots)) {
    const inputs = value.inputs.map((input) => replaced.get(input)!)
    const made = heavy.has(value.kernel)
      ? as(tf.emit(value.kernel, inputs.map(half), value.attributes), 'float32')
      : copied(tf, value, inputs, value.after && replaced.get(value.after))
    replaced.set(value, made)
  }
  return replaced
}
