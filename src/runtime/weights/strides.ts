/** How far elements of a row-major tensor are apart, by axis. */
export const denseStrides = (shape: readonly number[]): number[] =>
  shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1))

/** The elements at `offset` + the sum of index * stride, row-major over `shape`: a copy. */
export function gathered<A extends Float32Array | Int32Array | Uint8Array>(
  data: A,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): A {
  const count = shape.reduce((product, size) => product * size, 1)
  const copy = new (data.constructor as { new (length: number): A })(count)
  const index = shape.map(() => 0)
  let from = offset
  for (let to = 0; to < count; to += 1) {
    copy[to] = data[from]!
    for (let axis = shape.length - 1; axis >= 0; axis -= 1) {
      index[axis]! += 1
      from += strides[axis]!
      if (index[axis]! < shape[axis]!) break
      from -= strides[axis]! * shape[axis]!
      index[axis] = 0
    }
  }
  return copy
}
