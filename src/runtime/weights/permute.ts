import type { Tensor } from '../files/safetensors.ts'

/** The tensor with its axes in another order: axis `k` of the result is axis `order[k]` of the tensor. */
export function permuted(tensor: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => tensor.shape[axis]!)
  const strides = tensor.shape.map((_, axis) => tensor.shape.slice(axis + 1).reduce((product, size) => product * size, 1))
  const steps = order.map((axis) => strides[axis]!)
  const source = tensor.data
  const data = new (source.constructor as { new (length: number): typeof source })(source.length)
  const index = shape.map(() => 0)
  let from = 0
  for (let to = 0; to < data.length; to += 1) {
    data[to] = source[from]!
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1
      from += steps[axis]!
      if (index[axis]! < shape[axis]!) break
      from -= steps[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return { shape, dtype: tensor.dtype, data } as Tensor
}
