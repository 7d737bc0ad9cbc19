import type { Backend, Tensor } from './backend.ts'
import { compare, constant, format, mul } from '../shapes/size.ts'
import { elementFacts, f32, i32, type Op, type Primitive } from './op.ts'
import { overAxes } from './positions.ts'
import { batchMatMul, firstRows, gatherRows, inTurn, sliceAxis, untaped } from './formula-tools.ts'

/** Keys that are compared at once: what bounds memory, never what is chosen. */
const keyBlock = 1024
/** Queries that are compared at once. */
const queryBlock = 4096

/** [B, n, lanes, d] as [B * lanes, n, d]. */
const lanesFirst = (x: Tensor): Tensor => {
  const [batch, rows, lanes, width] = x.shape as [number, number, number, number]
  return lanes === 1 ? x.reshape([batch, rows, width]) : x.transpose([0, 2, 1, 3]).reshape([batch * lanes, rows, width])
}

/** Divides rows by max(length, 1e-12), as PyTorch's normalize does. */
const unit = (tf: Backend, x: Tensor): Tensor => {
  const length = tf.sqrt(tf.sum(tf.square(x), -1, true))
  return tf.div(x, tf.maximum(length, 1e-12))
}

/**
 * For each row of `a` [n, q, d] the index of the row of `b` [n, k, d] with the largest inner product; ties go to the
 * lowest index. Streams over blocks of both: no array of q * k exists.
 */
export function bestRows(tf: Backend, a: Tensor, b: Tensor): { score: Tensor; index: Tensor } {
  const queries = a.shape[1]!
  const keys = b.shape[1]!
  const scores: Tensor[] = []
  const indices: Tensor[] = []
  for (let from = 0; from < queries; from += queryBlock) {
    const [score, index] = tf.tidy(() => {
      const part = sliceAxis(tf, inTurn(tf, a, indices.at(-1)), 1, from, Math.min(queryBlock, queries - from))
      let best: Tensor | undefined
      let at: Tensor | undefined
      for (let key = 0; key < keys; key += keyBlock) {
        const block = sliceAxis(tf, inTurn(tf, b, at ?? indices.at(-1)), 1, key, Math.min(keyBlock, keys - key))
        const alike = batchMatMul(tf, part, block, true)
        const value = tf.max(alike, 2)
        const position = tf.add(tf.argMax(alike, 2), tf.scalar(key, 'int32'))
        alike.dispose()
        if (!best || !at) [best, at] = [value, position]
        else {
          const better = tf.greater(value, best)
          ;[best, at] = [tf.where(better, value, best), tf.where(better, position, at)]
        }
      }
      return [best!, at!]
    })
    scores.push(score!)
    indices.push(index!)
  }
  return scores.length === 1
    ? { score: scores[0]!, index: indices[0]! }
    : { score: tf.concat(scores, 1), index: tf.concat(indices, 1) }
}

/**
 * Equation 3 of the ISTE paper: the most alike row of b for each row of a, its index and its cosine. The arg-max takes
 * no part in the gradient; the score is computed again for the chosen row only, so nothing of size q * k is kept.
 */
export const matching: Primitive = {
  ...elementFacts,
  name: 'best_match',
  algebra: 'best row along axis 1',
  scoped: 1,
  reach: (call, [a, b]) => {
    const rows = b ? 'everywhere' : overAxes(() => [-1])(call, [a])
    return rows === 'everywhere' ? rows : [rows[0]!, rows[0]!]
  },
  results({ inputs }) {
    const shape = inputs[0]!.shape.slice(0, -1)
    return [f32(shape), i32(shape)]
  },
  multiplyAdds({ inputs }) {
    return mul(inputs[0]!.shape.reduce(mul, constant(1)), inputs[1]!.shape[1]!)
  },
  scratch({ inputs }) {
    // Every score; it is read once for the largest and once for where that is.
    const rows = inputs[0]!.shape.slice(0, -1).reduce(mul, constant(1))
    return mul(mul(rows, inputs[1]!.shape[1]!), constant(3))
  },
  compute(tf, [a, b]) {
    const [batch, queries] = a!.shape as [number, number]
    const lanes = a!.shape.slice(2, -1).reduce((product, size) => product * size, 1)
    const width = a!.shape.at(-1)!
    const keys = b!.shape[1]!
    const pixel = unit(tf, a!.reshape([batch, queries, lanes, width]))
    const texture = unit(tf, b!.reshape([batch, keys, lanes, width]))
    const index = untaped(tf, () => {
      const best = bestRows(tf, lanesFirst(pixel), lanesFirst(texture)).index
      return best.reshape([batch, lanes, queries]).transpose([0, 2, 1])
    })
    const start = firstRows(tf, batch, keys * lanes, 3)
    const lane = tf.range(0, lanes, 1, 'int32').reshape([1, 1, lanes])
    const position = tf.add(tf.add(tf.mul(index, tf.scalar(lanes, 'int32')), start), lane)
    const chosen = gatherRows(tf, texture.reshape([batch * keys * lanes, width]), position)
    const shape = a!.shape.slice(0, -1)
    return [tf.sum(tf.mul(pixel, chosen), -1).reshape(shape), index.reshape(shape)]
  },
}

export const best_match: Op = {
  name: 'best_match',
  summary:
    'For each row of a the row of b that is most like it along an axis: score and index. Streams; ties go to the lowest index.',
  takes: ['a: [B, q, .., d]', 'b: [B, k, .., d]'],
  gives: '(score: [B, q, ..], index: i32[B, q, ..])',
  attributes: {
    over: { type: 'int', least: 1, about: 'the axis of b that is searched; 1' },
    by: { type: 'word', words: ['cosine'], standard: 'cosine', about: 'what is compared' },
  },
  build(call) {
    const a = call.requireFloat(0)
    const b = call.requireFloat(1)
    if (call.int('over') !== 1)
      call.fail('attribute-value', { name: 'over', accepted: '1', given: String(call.int('over')) }, call.spanOf('over'))
    if (a.shape.length < 3 || a.shape.length !== b.shape.length)
      call.fail(
        'rank-mismatch',
        {
          callee: 'best_match',
          takes: 'a [B, q, .., d] and b [B, k, .., d]',
          name: 'b',
          given: `[${b.shape.map(format).join(', ')}]`,
        },
        call.inputSpans[1],
      )
    a.shape.forEach((size, at) => {
      const other = b.shape[at]!
      if (at !== 1 && compare(size, other) !== 'equal')
        call.requireEqual(
          size,
          other,
          () => `best_match compares rows of ${format(size)} with rows of ${format(other)} at axis ${at}`,
          call.inputSpans[1],
        )
    })
    const [score, index] = call.emit(matching, [a, b])
    return { score: score!, index: index! }
  },
  example: { inputs: { x: [1, 5, 2, 3] }, code: 'best_match(x, roll(x, by: [1], axes: [3]), over: 1, by: cosine).score' },
}
