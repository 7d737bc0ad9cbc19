/** The second IR: kernels of TensorFlow over tensors whose sizes are numbers. A graph is its values; each knows what makes it. */

import type { Tensor } from '../ops/backend.ts'

export type KernelType = 'float32' | 'int32' | 'bool' | 'bfloat16'

/** An attribute as a NodeDef has it. */
export type KernelAttribute =
  | { readonly kind: 'type'; readonly type: KernelType }
  | { readonly kind: 'bool'; readonly bool: boolean }
  | { readonly kind: 'real'; readonly real: number }
  | { readonly kind: 'ints'; readonly ints: readonly number[] }
  | { readonly kind: 'text'; readonly text: string }

export type KernelAttributes = Readonly<Record<string, KernelAttribute>>

/** A function with a gradient of its own: `inputs` are what it depends on, whatever stands inside. */
export interface CustomGradient {
  readonly inputs: readonly Value[]
  gradient(dy: Value): readonly Value[]
}

export interface ValueType {
  readonly shape: readonly number[]
  readonly dtype: KernelType
}

/** What one kernel makes. */
export interface Recorded extends ValueType {
  /** The name of its kernel. */
  readonly kernel: string
  readonly inputs: readonly Value[]
  readonly attributes: KernelAttributes
  /** The name of an input, or the path of a weight. */
  readonly name?: string
  /** The numbers of a constant. */
  readonly data?: Float32Array | Int32Array
  readonly custom?: CustomGradient
  /** Is made when this is there, though it does not read it. */
  readonly after?: Value
}

/** A tensor that one kernel makes, as formulas take it. */
export interface Value extends Recorded, Tensor {
  readonly id: number
  readonly dtype: KernelType
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, length) => product * length, 1)

/** How many numbers tensors have together. */
export const totalOf = (shapes: ReadonlyMap<string, readonly number[]>): number =>
  [...shapes.values()].reduce((total, shape) => total + sizeOf(shape), 0)

const bytesEach: Readonly<Record<KernelType, number>> = { float32: 4, int32: 4, bool: 1, bfloat16: 2 }

export const bytesOf = ({ shape, dtype }: ValueType): number => sizeOf(shape) * bytesEach[dtype]

/** What must be there before a value is made. */
export const needs = ({ inputs, after }: Value): readonly Value[] => (after ? [...inputs, after] : inputs)

/** Everything that `outputs` need, in an order in which it can be computed. */
export function reachable(outputs: readonly Value[]): Value[] {
  const order: Value[] = []
  const seen = new Set<Value>()
  const stack: { value: Value; entered: boolean }[] = outputs.map((value) => ({ value, entered: false })).reverse()
  while (stack.length > 0) {
    const { value, entered } = stack.pop()!
    if (entered) order.push(value)
    else if (!seen.has(value)) {
      seen.add(value)
      stack.push({ value, entered: true })
      for (const input of needs(value).toReversed()) if (!seen.has(input)) stack.push({ value: input, entered: false })
    }
  }
  return order
}
