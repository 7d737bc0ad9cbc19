import { UserError } from '../../errors.ts'
import type { Tensor } from '../files/safetensors.ts'
import { loadWeights } from '../network/network.ts'
import type { OpenedNetwork } from '../network/open-network.ts'

/**
 * Gives the first network the mean of the weights of all, each counted once: the tail of a training averaged, or several
 * trainings that began at the same weights.
 * @throws UserError where there is one network only, or one has other weights than the first.
 */
export function averageWeights([first, ...others]: readonly OpenedNetwork[]): void {
  if (first === undefined || others.length === 0)
    throw new UserError('a mean needs two sets of weights at least', 'name several runs, checkpoints or network files')
  const sums = [...first.network.read()].map(([path, { shape, data }]) => [path, shape, Float64Array.from(data)] as const)
  for (const { network, source } of others) {
    const tensors = network.read()
    loadWeights(first.network, tensors, source)
    for (const [path, , sum] of sums) tensors.get(path)!.data.forEach((value, at) => (sum[at]! += value))
  }
  const count = others.length + 1
  first.network.assign(
    new Map(
      sums.map(([path, shape, sum]): [string, Tensor] => [
        path,
        { shape, dtype: 'F32', data: Float32Array.from(sum, (value) => value / count) },
      ]),
    ),
  )
}
