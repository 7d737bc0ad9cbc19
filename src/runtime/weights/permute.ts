import type { Tensor } from '../files/safetensors.ts'
import { denseStrides, gathered } from './strides.ts'

/** The tensor with its axes in another order: axis `k` of the result is axis `order[k]` of the tensor. */
export function permuted({ shape, dtype, data }: Tensor, order: readonly number[]): Tensor {
  const strides = denseStrides(shape)
  const turned = order.map((axis) => shape[axis]!)
  return { shape: turned, dtype, data: gathered(data, turned, order.map((axis) => strides[axis]!)) } as Tensor // prettier-ignore
}
