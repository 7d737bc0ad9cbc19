import type * as tfjs from '@tensorflow/tfjs'
import type { Backend, Tensor } from '../../ops/backend.ts'

/** TensorFlow.js as a value handed in: the compiler itself never imports it. */
export type Tfjs = typeof tfjs

/** TensorFlow.js as what formulas call. Where it asks for tensors of one rank, those of the formulas have it. */
const adapted = (tf: Tfjs): Backend<tfjs.Tensor> => ({
  ...tf,
  tidy: <R>(compute: () => R): R => tf.tidy(compute as () => tfjs.TensorContainer) as R,
  conv2d: (x, kernel, stride, padding, format) => tf.conv2d(x as tfjs.Tensor4D, kernel as tfjs.Tensor4D, stride, padding, format),
  conv2dTranspose: (x, kernel, shape, stride, padding) =>
    tf.conv2dTranspose(x as tfjs.Tensor4D, kernel as tfjs.Tensor4D, shape, stride, padding),
  avgPool: (x, size, stride, padding) => tf.avgPool(x as tfjs.Tensor4D, size, stride, padding),
  maxPool: (x, size, stride, padding) => tf.maxPool(x as tfjs.Tensor4D, size, stride, padding),
  unsortedSegmentSum: (x, index, count) => tf.unsortedSegmentSum(x, index as tfjs.Tensor1D, count),
  customGrad: (formula) => tf.customGrad(formula as Parameters<Tfjs['customGrad']>[0]) as (...inputs: Tensor[]) => tfjs.Tensor,
})

const backends = new WeakMap<Tfjs, Backend<tfjs.Tensor>>()

/** What formulas make on TensorFlow.js: from its tensors they can make no others. */
export function onTfjs<R extends Tensor | readonly Tensor[]>(
  tf: Tfjs,
  run: (backend: Backend) => R,
): R extends Tensor ? tfjs.Tensor : tfjs.Tensor[] {
  const backend = backends.get(tf) ?? adapted(tf)
  backends.set(tf, backend)
  return run(backend) as unknown as R extends Tensor ? tfjs.Tensor : tfjs.Tensor[]
}
