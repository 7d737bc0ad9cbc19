import * as tf from '@tensorflow/tfjs'
import { samplingMatrix } from '../../compiler/ops/resample.ts'
import { resizeWeights, type ResizeWeights } from '../data/pillow.ts'
import type { PictureSource } from '../data/source.ts'
import { rowsOf, type Rows } from './canvas.ts'
import type { Extent, Rectangle } from './places.ts'
import { lowPosition } from './tiles.ts'

/** Rows and columns of the result that are projected at once; fewer rows of a wide one. */
const side = 512
/** Rows that are held take about so many bytes. */
const heldBytes = 64_000_000
/** Low-resolution pixels that one turn reaches: two by making smaller, two by making larger again. */
const reach = 4

/** What must be computed around a part so that its projection does not depend on where it is cut. */
export function widened({ top, bottom, left, right }: Rectangle, low: Extent, extent: Extent, turns: number): Rectangle {
  const [down, across] = [extent.height / low.height, extent.width / low.width].map(
    (ratio) => Math.ceil(reach * turns * ratio) + 1,
  )
  return {
    top: Math.max(0, top - down!),
    bottom: Math.min(extent.height, bottom + down!),
    left: Math.max(0, left - across!),
    right: Math.min(extent.width, right + across!),
  }
}

/**
 * Iterative back-projection (Irani and Peleg 1991): what the result lacks of the picture that came in, made smaller again by bicubic with
 * antialiasing, is made larger by bicubic and added, `turns` times. `all` are the rows of `wide`, which is `widened(part)`; given are those of the part.
 */
export async function* projected(
  all: AsyncIterable<Rows>,
  picture: PictureSource,
  {
    extent,
    part,
    wide,
    turns,
  }: { readonly extent: Extent; readonly part: Rectangle; readonly wide: Rectangle; readonly turns: number },
  onDone: (from: number, to: number) => void,
): AsyncGenerator<Rows> {
  const job: Job = {
    picture,
    extent,
    turns,
    y: resizeWeights(extent.height, picture.height, 'bicubic'),
    x: resizeWeights(extent.width, picture.width, 'bicubic'),
  }
  const stride = 3 * (wide.right - wide.left)
  const height = Math.max(16, Math.min(side, Math.floor(heldBytes / (4 * stride))))
  let held = new Float32Array(0)
  let first = wide.top
  let next = part.top
  for await (const rows of all) {
    const more = rows.values()
    const joined = new Float32Array(held.length + more.length)
    joined.set(held)
    joined.set(more, held.length)
    held = joined
    while (next < part.bottom) {
      const block = { ...part, top: next, bottom: Math.min(part.bottom, next + height) }
      if (widened(block, picture, extent, turns).bottom > rows.to) break
      const values = await projectRows(job, { values: held, top: first, stride, left: wide.left }, block)
      onDone(block.top, block.bottom)
      yield rowsOf(block.top, block.bottom, values)
      next = block.bottom
      const { top } = widened({ ...part, top: next, bottom: next }, picture, extent, turns)
      held = held.slice((top - first) * stride)
      first = top
    }
  }
}

/** A projection, with how both axes are made smaller. */
interface Job {
  readonly picture: PictureSource
  readonly extent: Extent
  readonly turns: number
  readonly y: ResizeWeights
  readonly x: ResizeWeights
}

/** Rows of the result: the first is row `top`, each begins with column `left`. */
interface Held {
  readonly values: Float32Array
  readonly top: number
  readonly left: number
  readonly stride: number
}

/** A block of rows, columns by columns. */
async function projectRows(job: Job, held: Held, block: Rectangle): Promise<Float32Array> {
  const width = block.right - block.left
  const result = new Float32Array(3 * (block.bottom - block.top) * width)
  for (let left = block.left; left < block.right; left += side) {
    const own = { ...block, left, right: Math.min(block.right, left + side) }
    const around = widened(own, job.picture, job.extent, job.turns)
    const values = await projectBlock(job, held, around)
    const [length, stride] = [3 * (own.right - own.left), 3 * (around.right - around.left)]
    for (let row = own.top; row < own.bottom; row += 1) {
      const from = (row - around.top) * stride + 3 * (own.left - around.left)
      result.set(values.subarray(from, from + length), 3 * ((row - block.top) * width + own.left - block.left))
    }
  }
  return result
}

async function projectBlock(job: Job, held: Held, { top, bottom, left, right }: Rectangle): Promise<Float32Array> {
  const { picture, extent, turns } = job
  const [height, width] = [bottom - top, right - left]
  const y = axisOf(job.y, extent.height, top, bottom)
  const x = axisOf(job.x, extent.width, left, right)
  const low = await picture.region(x.from, y.from, x.count, y.count)
  const values = new Float32Array(3 * height * width)
  for (let row = 0; row < height; row += 1) {
    const from = (top + row - held.top) * held.stride + 3 * (left - held.left)
    values.set(held.values.subarray(from, from + 3 * width), 3 * row * width)
  }
  const computed = tf.tidy(() => {
    const [downY, upY, downX, upX] = [y.down, y.up, x.down, x.up].map((matrix) => tf.tensor2d(matrix.values, matrix.shape)) as [
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
      tf.Tensor2D,
    ]
    const came = apart(tf.tensor1d(Float32Array.from(low.data, (byte) => byte / 255)), y.count, x.count)
    let result = tf.tensor2d(values, [height, 3 * width])
    for (let turn = 0; turn < turns; turn += 1) {
      const lacking = tf.matMul(tf.sub(came, smallerOf(result, downY, downX)), upX, false, true)
      const joined = tf.reshape(tf.transpose(tf.reshape(lacking, [y.count, 3, width]), [0, 2, 1]), [y.count, 3 * width])
      result = tf.add(result, tf.matMul(upY, joined))
    }
    return result
  })
  const found = computed.dataSync<'float32'>()
  computed.dispose()
  return found
}

interface Matrix {
  readonly values: Float32Array
  readonly shape: [rows: number, columns: number]
}

/** What a part of the result lacks of the picture: the sum of its squares, and the number of samples. */
interface Lacking {
  readonly squares: number
  readonly samples: number
}

/**
 * Says of parts of the result, in 8 bits with `stride` samples a row, what they lack of the picture that came in where they are made smaller again: of
 * those pixels of the picture that are made of the part alone.
 */
export function lackingOf(
  picture: PictureSource,
  extent: Extent,
): (part: Rectangle, pixels: Uint8Array, stride: number) => Promise<Lacking> {
  const rows = resizeWeights(extent.height, picture.height, 'bicubic')
  const columns = resizeWeights(extent.width, picture.width, 'bicubic')
  return async ({ top, bottom, left, right }, pixels, stride) => {
    const y = axisOf(rows, extent.height, top, bottom)
    const x = axisOf(columns, extent.width, left, right)
    if (y.count === 0 || x.count === 0) return { squares: 0, samples: 0 }
    const low = await picture.region(x.from, y.from, x.count, y.count)
    const made = tf.tidy(() => {
      const all = tf.cast(tf.tensor2d(pixels, [pixels.length / stride, stride], 'int32'), 'float32')
      const part = tf.slice(all, [0, 0], [bottom - top, 3 * (right - left)])
      const smaller = smallerOf(part, tf.tensor2d(y.down.values, y.down.shape), tf.tensor2d(x.down.values, x.down.shape))
      return tf.transpose(tf.reshape(smaller, [y.count, 3, x.count]), [0, 2, 1])
    })
    const values = made.dataSync<'float32'>()
    made.dispose()
    let squares = 0
    for (let at = 0; at < values.length; at += 1)
      squares += (Math.min(255, Math.max(0, Math.round(values[at]!))) - low.data[at]!) ** 2
    return { squares, samples: values.length }
  }
}

/** Interleaved pixels, `rows` x `columns`, with a channel a row. */
const apart = (pixels: tf.Tensor, rows: number, columns: number): tf.Tensor2D =>
  tf.reshape(tf.transpose(tf.reshape(pixels, [rows, columns, 3]), [0, 2, 1]), [3 * rows, columns])

/** Interleaved pixels made smaller along both axes, with a channel a row. */
const smallerOf = (pixels: tf.Tensor2D, down: tf.Tensor2D, across: tf.Tensor2D): tf.Tensor2D =>
  tf.matMul(apart(tf.matMul(down, pixels), down.shape[0], across.shape[1]), across, false, true)

/** Along one axis: the low-resolution pixels that are made of pixels `top` to before `bottom` of the result alone, and both ways between them. */
function axisOf(
  { first, count, weights }: ResizeWeights,
  high: number,
  top: number,
  bottom: number,
): { readonly from: number; readonly count: number; readonly down: Matrix; readonly up: Matrix } {
  const low = first.length
  const whole = Array.from({ length: low }, (_, at) => at).filter((at) => first[at]! >= top && first[at]! + count[at]! <= bottom)
  const from = whole[0] ?? 0
  const length = bottom - top
  const down = new Float32Array(whole.length * length)
  whole.forEach((at, row) => {
    for (let tap = 0; tap < count[at]!; tap += 1) down[row * length + first[at]! + tap - top] = weights(at, tap)
  })
  const positions = Array.from({ length }, (_, at) => lowPosition(top + at, low, high) - 0.5 - from)
  return {
    from,
    count: whole.length,
    down: { values: down, shape: [whole.length, length] },
    up: { values: samplingMatrix(positions, whole.length, 'bicubic'), shape: [length, whole.length] },
  }
}
