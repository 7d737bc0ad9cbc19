import type { Backend, Tensor } from './backend.ts'
import { add, asInteger, constant, divide, format, mul, type Size } from '../shapes/size.ts'
import { elementFacts, f32, type Op, type Primitive } from './op.ts'
import { byIndex, byWindows, type Window } from './positions.ts'
import { firstRows, gatherRows } from './formula-tools.ts'

export type SamplingKernel = 'nearest' | 'bilinear' | 'bicubic'

/** Keys' cubic with a = -0.5 at distance `t` from 0 to 2 (Pillow's; OpenCV and PyTorch use -0.75). */
const cubic = (t: number): number => (t < 1 ? (1.5 * t - 2.5) * t * t + 1 : t < 2 ? ((-0.5 * t + 2.5) * t - 4) * t + 2 : 0)

/** The taps of one position: indices clamped to the border, weights that sum to 1. */
function taps(position: number, length: number, kernel: SamplingKernel): { index: number; weight: number }[] {
  const clamp = (index: number): number => Math.min(Math.max(index, 0), length - 1)
  if (kernel === 'nearest') return [{ index: clamp(Math.floor(position + 0.5)), weight: 1 }]
  const base = Math.floor(position)
  const t = position - base
  if (kernel === 'bilinear') return [0, 1].map((k) => ({ index: clamp(base + k), weight: k === 0 ? 1 - t : t }))
  return [-1, 0, 1, 2].map((k) => ({ index: clamp(base + k), weight: cubic(Math.abs(t - k)) }))
}

/** The matrix [positions, length] that resamples one axis at positions, counted in its pixels from the first one's centre. */
export function samplingMatrix(positions: readonly number[], length: number, kernel: SamplingKernel): Float32Array {
  const matrix = new Float32Array(positions.length * length)
  positions.forEach((position, row) => {
    for (const { index, weight } of taps(position, length, kernel)) matrix[row * length + index]! += weight
  })
  return matrix
}

/** The matrix [to, from] that resamples one axis. */
const resampling = (from: number, to: number, kernel: SamplingKernel, align: string): Float32Array =>
  samplingMatrix(
    Array.from({ length: to }, (_, i) =>
      align === 'corners' ? (to === 1 ? 0 : (i * (from - 1)) / (to - 1)) : ((i + 0.5) * from) / to - 0.5,
    ),
    from,
    kernel,
  )

/** Taps on each side of the pixel under an enlarged one. */
const taken: Readonly<Record<SamplingKernel, number>> = { nearest: 0, bilinear: 1, bicubic: 2 }

export const interpolation: Primitive = {
  ...elementFacts,
  name: 'interpolate',
  // A whole factor looks at neighbours; any other one, and aligned corners, where the picture's size says.
  reach: byWindows(({ inputs, attributes, sizes }) => {
    const around = taken[attributes['kernel'] as SamplingKernel]
    const factors = sizes['to']!.map((to, at) => divide(to, inputs[0]!.shape[at + 1]!)).map(
      (factor) => factor && asInteger(factor),
    )
    if (attributes['align'] === 'corners' || factors.includes(undefined)) return 'everywhere'
    return new Map(factors.map((by, at): [number, Window] => [at + 1, { before: around, behind: around, stride: 1 / by! }]))
  }),
  results: ({ inputs, sizes }) => [f32([inputs[0]!.shape[0]!, ...sizes['to']!, inputs[0]!.shape[3]!])],
  compute(tf, [x], _weights, { attributes, sizes }) {
    const kernel = attributes['kernel'] as SamplingKernel
    const align = attributes['align'] as string
    const [batch, height, width, channels] = x!.shape as [number, number, number, number]
    const [toHeight, toWidth] = sizes['to'] as [number, number]
    const rows = tf.tensor2d(resampling(height, toHeight, kernel, align), [toHeight, height])
    const columns = tf.tensor2d(resampling(width, toWidth, kernel, align), [toWidth, width])
    const tall = tf.matMul(rows, x!.transpose([1, 0, 2, 3]).reshape([height, batch * width * channels]))
    const turned = tall
      .reshape([toHeight, batch, width, channels])
      .transpose([2, 1, 0, 3])
      .reshape([width, batch * toHeight * channels])
    const wide = tf.matMul(columns, turned)
    return [wide.reshape([toWidth, batch, toHeight, channels]).transpose([1, 2, 0, 3])]
  },
}

const kernels = ['bilinear', 'bicubic', 'nearest'] as const

export const interpolate: Op = {
  name: 'interpolate',
  summary: 'A picture at another size; bicubic with a = -0.5, border replicated, no antialiasing.',
  takes: ['x: [B, h, w, c]'],
  gives: '[B, by * h, by * w, c] or [B, to[0], to[1], c]',
  attributes: {
    by: { type: 'int', least: 1, optional: true, about: 'factor along both axes; or' },
    to: { type: 'sizes', optional: true, about: 'height and width' },
    kernel: { type: 'word', words: kernels, about: 'how values between positions are made' },
    align: {
      type: 'word',
      words: ['centres', 'corners'],
      standard: 'centres',
      about: 'what of the first and last pixels stays in place',
    },
  },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    call.requireFloat(0)
    if (call.has('by') === call.has('to'))
      call.fail('missing-attribute', { callee: 'interpolate', name: 'by or to, one of them' })
    const to: readonly Size[] = call.has('by')
      ? [1, 2].map((axis) => mul(constant(call.int('by')), x.shape[axis]!))
      : call.sizes('to')
    if (to.length !== 2)
      call.fail(
        'attribute-value',
        { name: 'to', accepted: 'a height and a width', given: `${to.length} sizes` },
        call.spanOf('to'),
      )
    return call.emit(interpolation, [x], {
      attributes: { kernel: call.word('kernel'), align: call.word('align') },
      sizes: { to },
    })[0]!
  },
  example: { inputs: { x: [1, 3, 4, 2] }, code: 'interpolate(x, by: 2, kernel: bicubic)' },
}

/** Taps of one axis for positions that are only known when computed. */
function sampleAxis(
  tf: Backend,
  coordinate: Tensor,
  length: number,
  kernel: SamplingKernel,
): { index: Tensor; weight: Tensor }[] {
  const position = tf.div(tf.sub(tf.mul(tf.add(coordinate, 1), length), 1), 2)
  const clamp = (index: Tensor): Tensor => tf.cast(tf.clipByValue(index, 0, length - 1), 'int32')
  if (kernel === 'nearest') return [{ index: clamp(tf.round(position)), weight: tf.onesLike(position) }]
  const base = tf.floor(position)
  const t = tf.sub(position, base)
  if (kernel === 'bilinear')
    return [
      { index: clamp(base), weight: tf.sub(1, t) },
      { index: clamp(tf.add(base, 1)), weight: t },
    ]
  const weight = (k: number): Tensor => {
    const d = tf.abs(tf.sub(t, k))
    return k === 0 || k === 1
      ? tf.add(tf.mul(tf.sub(tf.mul(d, 1.5), 2.5), tf.square(d)), 1)
      : tf.add(tf.mul(tf.sub(tf.mul(tf.add(tf.mul(d, -0.5), 2.5), d), 4), d), 2)
  }
  return [-1, 0, 1, 2].map((k) => ({ index: clamp(tf.add(base, k)), weight: weight(k) }))
}

export const sampling: Primitive = {
  ...elementFacts,
  name: 'sample',
  algebra: 'a picture between its pixels',
  reach: byIndex,
  results: ({ inputs }) => [f32([inputs[1]!.shape[0]!, inputs[1]!.shape[1]!, inputs[0]!.shape[3]!])],
  scratch({ inputs: [x, coord], attributes }) {
    // Of every tap index and weight, its values, and these weighted.
    const taps = { nearest: 1, bilinear: 4, bicubic: 16 }[attributes['kernel'] as SamplingKernel]
    const each = add(constant(4), mul(constant(2), x!.shape[3]!))
    return [coord!.shape[0]!, coord!.shape[1]!, constant(taps), each].reduce(mul)
  },
  compute(tf, [x, coord], _weights, { attributes }) {
    const kernel = attributes['kernel'] as SamplingKernel
    const [batch, height, width, channels] = x!.shape as [number, number, number, number]
    const queries = coord!.shape[1]!
    const at = (axis: 0 | 1): Tensor => coord!.slice([0, 0, axis], [-1, -1, 1]).squeeze([2])
    const rows = sampleAxis(tf, at(0), height, kernel)
    const columns = sampleAxis(tf, at(1), width, kernel)
    const start = firstRows(tf, batch, height * width, 2)
    const flat = x!.reshape([batch * height * width, channels])
    const pairs = rows.flatMap((row) => columns.map((column) => ({ row, column })))
    const index = pairs.map(({ row, column }) =>
      tf.add(tf.add(tf.mul(row.index, tf.scalar(width, 'int32')), column.index), start),
    )
    const weight = pairs.map(({ row, column }) => tf.mul(row.weight, column.weight))
    const picked = gatherRows(tf, flat, tf.stack(index, 2)) // [B, q, taps, c]
    const mixed = tf.sum(tf.mul(picked, tf.stack(weight, 2).expandDims(3)), 2)
    return [mixed.reshape([batch, queries, channels])]
  },
}

export const sample: Op = {
  name: 'sample',
  summary: 'Values of a picture between its pixels, at coordinates in [-1, 1]; border replicated, bicubic with a = -0.5.',
  takes: ['x: [B, h, w, c]', 'coord: [B, q, 2]'],
  gives: '[B, q, c]',
  attributes: { kernel: { type: 'word', words: kernels, about: 'how values between pixels are made' } },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    const coord = call.requireRank(1, 3, '[B, q, 2]')
    call.requireFloat(0)
    call.requireFloat(1)
    call.requireEqual(
      coord.shape[2]!,
      constant(2),
      () => `sample takes (row, column) pairs; this has ${format(coord.shape[2]!)}`,
      call.inputSpans[1],
    )
    call.requireEqual(
      coord.shape[0]!,
      x.shape[0]!,
      () => `the picture has ${format(x.shape[0]!)} samples and coord ${format(coord.shape[0]!)}`,
      call.inputSpans[1],
    )
    return call.emit(sampling, [x, coord], { attributes: { kernel: call.word('kernel') } })[0]!
  },
  example: {
    inputs: { x: [1, 3, 4, 2] },
    code: 'sample(x, rearrange(range(4) * 0.2 - 0.3, "(q a) -> 1 q a", a: 2), kernel: bicubic)',
  },
}
