import type { Backend, Keep, Tensor } from './backend.ts'

/**
 * Computes outside of the gradient: nothing inside is recorded, and the result is a constant to whoever uses it.
 */
export const untaped = (tf: Backend, compute: () => Tensor): Tensor =>
  tf.customGrad((anchor) => ({ value: compute(), gradFunc: () => tf.zerosLike(anchor as Tensor) }))(tf.scalar(0))

/**
 * A function with a gradient of its own. `forward` gets the inputs and returns the value with what the gradient needs;
 * `backward` gets the gradient of the value and what was kept.
 */
export function withGradient(
  tf: Backend,
  inputs: Tensor[],
  forward: (inputs: readonly Tensor[]) => { value: Tensor; keep: Tensor[] },
  backward: (dy: Tensor, kept: readonly Tensor[]) => Tensor[],
): Tensor {
  return tf.customGrad((...parts) => {
    const keepForGradient = parts.at(-1) as Keep
    const { value, keep } = forward(parts.slice(0, -1) as Tensor[])
    keepForGradient(keep)
    return { value, gradFunc: (dy, kept) => backward(dy, kept) }
  })(...inputs)
}

/** Rows that are added one after the other; more are added block by block, which keeps the rounding of long sums small. */
const summedAtOnce = 32

/** The sum of all rows of `x` [n, c]: [c]. */
export function sumOfRows(tf: Backend, x: Tensor): Tensor {
  const [rows, width] = x.shape as [number, number]
  const blocks = Math.floor(rows / summedAtOnce)
  if (blocks < 2) return tf.sum(x, 0)
  const whole = blocks * summedAtOnce
  const partial = tf.sum(sliceAxis(tf, x, 0, 0, whole).reshape([blocks, summedAtOnce, width]), 1)
  const total = sumOfRows(tf, partial)
  return whole === rows ? total : tf.add(total, tf.sum(sliceAxis(tf, x, 0, whole, rows - whole), 0))
}

/** `x` [.., c] plus `bias` [c]. */
export const addBias = (tf: Backend, x: Tensor, bias: Tensor): Tensor =>
  withGradient(
    tf,
    [x, bias],
    ([input, constant]) => ({ value: tf.add(input!, constant!), keep: [] }),
    (dy) => [tf.clone(dy), sumOfRows(tf, dy.reshape([-1, bias.shape[0]!]))],
  )

/** Rows of `table` [n, c] at `index` (any shape, i32), with the gradient scattered back: [.., c]. */
export function gatherRows(tf: Backend, table: Tensor, index: Tensor): Tensor {
  const flat = index.reshape([-1])
  const [rows, width] = table.shape as [number, number]
  const picked = withGradient(
    tf,
    [table],
    ([values]) => ({ value: tf.gather(values!, flat, 0), keep: [flat] }),
    (dy, [kept]) => [tf.unsortedSegmentSum(dy, kept!, rows)],
  )
  return picked.reshape([...index.shape, width])
}

/** `a` [.., n, k] by `b` [.., k, m] over the same leading sizes, given as three axes. */
export const batchMatMul = (tf: Backend, a: Tensor, b: Tensor, transposeB = false): Tensor => tf.matMul(a, b, false, transposeB)

/** `x` again, but in a graph not before `after` is there: blocks that are made in turn are not all held at once. */
export const inTurn = (tf: Backend, x: Tensor, after: Tensor | undefined): Tensor => {
  return after && tf.again ? tf.again(x, after) : x
}

/** A slice along one axis. */
export function sliceAxis(tf: Backend, x: Tensor, axis: number, from: number, count: number): Tensor {
  const begin = x.shape.map((_, at) => (at === axis ? from : 0))
  const size = x.shape.map((length, at) => (at === axis ? count : length))
  return tf.slice(x, begin, size)
}

/** Pads one axis by mirror without repeating the edge; gradients flow. */
export function reflectAxis(tf: Backend, x: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return x
  const length = x.shape[axis]!
  const parts = [x]
  if (before > 0) parts.unshift(tf.reverse(sliceAxis(tf, x, axis, 1, before), axis))
  if (after > 0) parts.push(tf.reverse(sliceAxis(tf, x, axis, length - 1 - after, after), axis))
  return tf.concat(parts, axis)
}

export const zeroPad = (tf: Backend, x: Tensor, top: number, bottom: number, left: number, right: number, value = 0): Tensor =>
  top === 0 && bottom === 0 && left === 0 && right === 0
    ? x
    : tf.pad(x, [[0, 0], [top, bottom], [left, right], [0, 0]], value) // prettier-ignore

/** The first of `rows` rows of each sample, where all samples' rows stand one after the other: [batch, 1, ..] of `rank` axes. */
export const firstRows = (tf: Backend, batch: number, rows: number, rank: number): Tensor =>
  tf.mul(tf.range(0, batch, 1, 'int32'), tf.scalar(rows, 'int32')).reshape([batch, ...Array.from({ length: rank - 1 }, () => 1)])
