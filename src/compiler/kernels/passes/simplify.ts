import { numbers } from '../kernels.ts'
import { Trace } from '../trace.ts'
import { reachable, sizeOf, type Value } from '../value.ts'

/** What became of each value, and how many were rewritten by which rule. */
export interface Simplified {
  readonly replaced: ReadonlyMap<Value, Value>
  readonly counts: Readonly<Record<string, number>>
}

const scalar = (value: Value): number | undefined =>
  value.kernel === 'Const' && value.shape.length === 0 ? value.data![0] : undefined

/** Whether a transpose moves axes of length 1 only: then it is a reshape. */
function keepsOrder(x: Value, order: readonly number[]): boolean {
  const long = order.filter((axis) => x.shape[axis] !== 1)
  return long.every((axis, at) => at === 0 || long[at - 1]! < axis)
}

type Rule = (tf: Trace, kernel: Value, inputs: readonly Value[]) => Value | undefined

/** Each gives an equal value that costs less, or nothing. */
const rules: Readonly<Record<string, Rule>> = {
  identities: (_, { kernel, after }, [x]) => (kernel === 'Identity' && !after ? x : undefined),
  'views of views': (tf, { kernel, shape }, [x]) => (kernel === 'Reshape' && x!.kernel === 'Reshape' ? tf.reshape(x!.inputs[0]!, shape) : undefined),
  'moves of moves': (tf, { kernel }, [x, order]) => {
    if (kernel !== 'Transpose' || x!.kernel !== 'Transpose') return undefined
    const first = numbers(x!.inputs[1]!)
    return tf.transpose(x!.inputs[0]!, numbers(order!).map((axis) => first[axis]!))
  },
  'moves that change nothing': (tf, { kernel, shape }, [x, order]) =>
    kernel === 'Transpose' && keepsOrder(x!, numbers(order!)) ? tf.reshape(x!, shape) : undefined,
  'times one': (_, { kernel, shape }, [a, b]) =>
    kernel === 'Mul' && scalar(b!) === 1 && sizeOf(a!.shape) === sizeOf(shape) && a!.shape.length === shape.length
      ? a
      : kernel === 'Mul' && scalar(a!) === 1 && sizeOf(b!.shape) === sizeOf(shape) && b!.shape.length === shape.length
        ? b
        : undefined,
  'plus zero': (_, { kernel, shape }, [a, b]) =>
    (kernel === 'AddV2' || kernel === 'Sub') && scalar(b!) === 0 && a!.shape.length === shape.length && sizeOf(a!.shape) === sizeOf(shape)
      ? a
      : undefined,
  'minus minus': (_, { kernel }, [x]) => (kernel === 'Neg' && x!.kernel === 'Neg' ? x!.inputs[0] : undefined),
} // prettier-ignore

/**
 * Removes what computes nothing: identities, layout moves that cancel, ones and zeros; equal calls become one, and what
 * nobody needs is left behind. After the gradient: custom gradients are forgotten.
 */
export function simplify(roots: readonly Value[]): Simplified {
  const tf = new Trace()
  const replaced = new Map<Value, Value>()
  const counts: Record<string, number> = {}
  for (const value of reachable(roots)) {
    const inputs = value.inputs.map((input) => replaced.get(input)!)
    let made: Value | undefined
    for (const [name, rule] of Object.entries(rules)) {
      made = rule(tf, value, inputs)
      if (!made) continue
      counts[name] = (counts[name] ?? 0) + 1
      break
    }
    replaced.set(value, made ?? copied(tf, value, inputs, value.after && replaced.get(value.after)))
  }
  return { replaced, counts }
}

/** A kernel's value over other inputs. */
export function copied(tf: Trace, value: Value, inputs: readonly Value[], after: Value | undefined): Value {
  if (after) return tf.again(inputs[0]!, after)
  switch (value.kernel) {
    case 'Placeholder':
      return tf.placeholder(value.name!, value.shape, value.dtype)
    case 'ReadVariableOp':
      return tf.variable(value.name!, value.shape)
    case 'Const':
      return tf.constant(value.data!, value.shape)
    default:
      return tf.emit(value.kernel, inputs, value.attributes)
  }
}
