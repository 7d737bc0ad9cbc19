import type { Backend, Tensor } from './backend.ts'
import { constant } from '../shapes/size.ts'
import { elementFacts, f32, type AttributeSpec, type OpCall, type Primitive, type TensorValue } from './op.ts'
import { untaped } from './formula-tools.ts'

/** PyTorch's: below this a vector is not divided by its length. */
const least = 1e-12

const unit = (tf: Backend, x: Tensor): Tensor => tf.div(x, tf.maximum(tf.sqrt(tf.sum(tf.square(x))), least))

/** A kernel [.., out] as the matrix [rest, out]. */
const matrixOf = (kernel: Tensor): Tensor => kernel.reshape([-1, kernel.shape.at(-1)!])

/** One turn of the power iteration (Miyato et al. 2018, algorithm 1): v [rest, 1] of u [out, 1], then u of it. */
function iterated(tf: Backend, matrix: Tensor, u: Tensor): { u: Tensor; v: Tensor } {
  const v = unit(tf, tf.matMul(matrix, u))
  return { u: unit(tf, tf.matMul(matrix, v, true)), v }
}

const column = (x: Tensor): Tensor => x.reshape([-1, 1])

/**
 * A kernel divided by its largest singular value, as the vectors `u` [out] and `v` (the kernel's shape without `out`) tell it:
 * u' W v. A step of training turns them once, however often the kernel is used; no gradient flows through that.
 */
export const spectralNormalisation: Primitive = {
  ...elementFacts,
  name: 'spectral_norm',
  results: ({ weights }) => [f32(weights[0]!.shape.map(constant))],
  compute(tf, _inputs, [kernel, storedU, storedV], { training }) {
    const matrix = matrixOf(kernel!)
    const turned = (pick: 'u' | 'v', stored: Tensor): Tensor =>
      training ? untaped(tf, () => iterated(tf, matrix, column(storedU!))[pick]) : column(stored)
    const [u, v] = [turned('u', storedU!), turned('v', storedV!)]
    return [tf.div(kernel!, tf.sum(tf.mul(tf.matMul(matrix, v, true), u)))]
  },
  learn(tf, _inputs, [kernel, u, v]) {
    const turned = iterated(tf, matrixOf(kernel!), column(u!))
    return [[1, turned.u.reshape([...u!.shape])], [2, turned.v.reshape([...v!.shape])]] // prettier-ignore
  },
}

export const normAttribute: AttributeSpec = {
  type: 'word',
  words: ['none', 'spectral'],
  standard: 'none',
  about: 'spectral divides the kernel by its largest singular value, which training follows',
}

/** The kernel of a call as a tensor that is computed, where it is normalised; undefined where it is used as it is. */
export function normalisedKernel(call: OpCall, path: string, shape: readonly number[]): TensorValue | undefined {
  if (call.word('norm') !== 'spectral') return undefined
  const vectors = [
    call.weight('u', [shape.at(-1)!], { kind: 'direction' }, { trainable: false }),
    call.weight('v', shape.slice(0, -1), { kind: 'direction' }, { trainable: false }),
  ]
  return call.emit(spectralNormalisation, [], { weights: [path, ...vectors] })[0]!
}
