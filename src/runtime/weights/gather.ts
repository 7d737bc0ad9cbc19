import type { Tensor } from '../files/safetensors.ts'
import { denseStrides, gathered } from './strides.ts'
import { decode } from '../files/safetensors-types.ts'
import type { TorchFile } from './torch-file.ts'
import type { Storage, StoredTensor } from './torch-world.ts'

type Decoded = Exclude<ReturnType<typeof decode>, { readonly unfit: bigint }>

/**
 * How many elements tensors may take together: so many times those of the storages that were read for them, and some more. Tied weights share a
 * storage, and strides of 0 repeat it; a forged file would fill the memory with that.
 */
const most = { times: 16, more: 2 ** 22 } as const

/**
 * Reads tensors of a file one by one, row-major whatever their strides are. A storage that several tensors share is read once.
 * Throws what `broken` makes of a tensor that reaches beyond its storage or holds what 32 bits cannot.
 */
export function createGather(
  file: TorchFile,
  broken: (what: string) => Error,
): (name: string, tensor: StoredTensor) => Promise<Tensor> {
  const storages = new Map<Storage, Decoded>()
  let [stored, given] = [0, 0]
  const storageOf = async (name: string, storage: Storage): Promise<Decoded> => {
    const known = storages.get(storage)
    if (known) return known
    const decoded = decode(storage.dtype, await file.read(storage, name))
    if ('unfit' in decoded) throw broken(`tensor ${name} holds ${decoded.unfit}, which does not fit a 32-bit integer`)
    storages.set(storage, decoded)
    stored += storage.count
    return decoded
  }
  return async (name, tensor) => {
    const { shape, strides, offset, storage } = tensor
    const count = shape.reduce((product, size) => product * size, 1)
    const last = offset + shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, 0)
    if (count > 0 && last >= storage.count)
      throw broken(`tensor ${name} ([${shape.join(', ')}]) reaches beyond its storage of ${storage.count} elements`)
    const { dtype, data } = await storageOf(name, storage)
    given += count
    if (given > most.times * stored + most.more)
      throw broken(
        `tensor ${name} ([${shape.join(', ')}]) repeats ${storage.count} elements, and the file has ${stored} for ${given}`,
      )
    return { shape, dtype, data: arranged(data, tensor, count) } as Tensor
  }
}

/** The elements of a tensor in row-major order, a copy. */
function arranged<A extends Decoded['data']>(data: A, { shape, strides, offset }: StoredTensor, count: number): A {
  const dense = denseStrides(shape)
  if (shape.every((size, axis) => size === 1 || strides[axis] === dense[axis])) return data.slice(offset, offset + count) as A
  return gathered(data, shape, strides, offset)
}
