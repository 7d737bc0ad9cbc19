import type { Backend, Tensor } from './backend.ts'
import { add, asInteger, constant, floorDiv, mul, type Size } from '../shapes/size.ts'
import { elementFacts, f32, type Op, type OpCall, type Primitive } from './op.ts'
import { byLayout, byWindows, type Window } from './positions.ts'
import { normAttribute, normalisedKernel } from './spectral.ts'
import { addBias, reflectAxis, sliceAxis, zeroPad } from './formula-tools.ts'

/** floor((length + 2 pad - dilation (kernel - 1) - 1) / stride) + 1 */
export const windowed = (length: Size, kernel: number, stride: number, pad: number, dilation = 1): Size =>
  add(floorDiv(add(length, constant(2 * pad - dilation * (kernel - 1) - 1)), stride), constant(1))

const pair = (value: unknown): readonly [number, number] => value as readonly [number, number]

export const convolution: Primitive = {
  ...elementFacts,
  name: 'conv',
  reach: byWindows(({ attributes }) => {
    const pad = pair(attributes['pad'])
    const dilation = attributes['dilation'] as number
    const stride = attributes['stride'] as number
    return new Map(
      pair(attributes['kernel']).map((kernel, at): [number, Window] => [
        at + 1,
        { before: pad[at]!, behind: dilation * (kernel - 1) - pad[at]!, stride },
      ]),
    )
  }),
  results({ inputs, attributes, weights }) {
    const [batch, height, width] = inputs[0]!.shape
    const [rows, columns] = pair(attributes['kernel'])
    const [padY, padX] = pair(attributes['pad'])
    const stride = attributes['stride'] as number
    const dilation = attributes['dilation'] as number
    const out = inputs[1]?.shape[3] ?? constant(weights[0]!.shape[3]!)
    return [
      f32([batch!, windowed(height!, rows, stride, padY, dilation), windowed(width!, columns, stride, padX, dilation), out]),
    ]
  },
  multiplyAdds(call) {
    const [batch, height, width] = this.results(call)[0]!.shape
    const [rows, columns, perGroup, out] = call.weights[0]!.shape
    return mul(mul(batch!, mul(height!, width!)), constant(rows! * columns! * perGroup! * out!))
  },
  compute(tf, [x], [kernel, bias], { attributes }) {
    const [padY, padX] = pair(attributes['pad'])
    const stride = attributes['stride'] as number
    const dilation = attributes['dilation'] as number
    const groups = attributes['groups'] as number
    const [rows, columns] = pair(attributes['kernel'])
    // TensorFlow's own zero padding where it means the same: no padded copy is kept for the gradient.
    const same =
      attributes['mode'] === 'zero' && stride === 1 && 2 * padY === dilation * (rows - 1) && 2 * padX === dilation * (columns - 1)
    const padded = same
      ? x!
      : attributes['mode'] === 'reflect'
        ? reflectAxis(tf, reflectAxis(tf, x!, 1, padY, padY), 2, padX, padX)
        : zeroPad(tf, x!, padY, padY, padX, padX)
    const convolve = (part: Tensor, weights: Tensor): Tensor => {
      const spread = dilated(tf, weights, dilation)
      const [picture, window] = same ? [part, spread] : atLeastStride(tf, part, spread, stride)
      return tf.conv2d(picture, window, stride, same ? 'same' : 'valid', 'NHWC')
    }
    const kernels = groups === 1 ? [] : tf.split(kernel!, groups, 3)
    const y =
      groups === 1
        ? convolve(padded, kernel!)
        : tf.concat(
            tf.split(padded, groups, 3).map((part, at) => convolve(part, kernels[at]!)),
            3,
          )
    return [bias ? addBias(tf, y, bias) : y]
  },
}

/** The same by a kernel that is computed: its second tensor. */
export const convolutionBy: Primitive = {
  ...convolution,
  name: 'conv_by',
  multiplyAdds(call) {
    const pixels = this.results(call)[0]!.shape.slice(0, 3)
    return [...pixels, ...call.inputs[1]!.shape].reduce(mul)
  },
  compute: (tf, [x, kernel], bias, call) => convolution.compute(tf, [x!], [kernel!, ...bias], call),
}

/**
 * Kernel and picture with zeros below and to the right, so that no window is smaller than the stride: TensorFlow 2.21's
 * gradient kernels write outside of their memory there (1x1 with stride 2). The result is the same.
 */
function atLeastStride(tf: Backend, x: Tensor, kernel: Tensor, stride: number): [Tensor, Tensor] {
  const [rows, columns] = kernel.shape as [number, number]
  const [belowKernel, besideKernel] = [rows, columns].map((length) => Math.max(0, stride - length)) as [number, number]
  if (belowKernel === 0 && besideKernel === 0) return [x, kernel]
  const missing = (axis: 1 | 2, window: number, added: number): number =>
    added === 0 ? 0 : Math.max(0, (Math.floor((x.shape[axis]! - window) / stride) + 1) * stride - x.shape[axis]!)
  const wide = tf.pad(kernel, [[0, belowKernel], [0, besideKernel], [0, 0], [0, 0]]) // prettier-ignore
  return [zeroPad(tf, x, 0, missing(1, rows, belowKernel), 0, missing(2, columns, besideKernel)), wide]
}

/** The kernel with zeros between its rows and columns: tfjs has no gradient for dilated convolutions. */
function dilated(tf: Backend, kernel: Tensor, dilation: number): Tensor {
  return [0, 1].reduce((spread, axis) => {
    const length = spread.shape[axis]!
    if (dilation === 1 || length === 1) return spread
    const shape = spread.shape.with(axis, length * dilation)
    const apart = [...spread.shape.slice(0, axis + 1), 1, ...spread.shape.slice(axis + 1)]
    const gaps = tf.zeros(apart.with(axis + 1, dilation - 1))
    const wide = tf.concat([spread.reshape(apart), gaps], axis + 1).reshape(shape)
    return sliceAxis(tf, wide, axis, 0, (length - 1) * dilation + 1)
  }, kernel)
}

export const conv: Op = {
  name: 'conv',
  summary: 'Convolution over the two picture axes.',
  takes: ['x: [B, h, w, c]'],
  gives: '[B, floor((h + 2 pad - dilation (kernel - 1) - 1) / stride) + 1, .., out]',
  ownsWeights: true,
  attributes: {
    out: { type: 'int', least: 1, about: 'channels of the result' },
    kernel: { type: 'pair', least: 1, about: 'rows and columns of the window' },
    stride: { type: 'int', standard: 1, least: 1, about: 'step of the window' },
    pad: {
      type: 'padding',
      words: ['same', 'reflect'],
      standard: 'same',
      about: 'same (stride 1, odd kernel), reflect (as same, by mirror), or zeros on each side',
    },
    dilation: { type: 'int', standard: 1, least: 1, about: 'distance between the rows and columns that are read' },
    groups: { type: 'int', standard: 1, least: 1, about: 'channel groups that are convolved apart' },
    bias: { type: 'bool', standard: true, about: 'whether a constant is added to each channel' },
    norm: normAttribute,
    init: { type: 'init', standard: { kind: 'default' }, about: 'how the kernel starts' },
    bias_init: { type: 'init', standard: { kind: 'default' }, about: 'how the bias starts' },
  },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    call.requireFloat(0)
    const [rows, columns] = call.ints('kernel') as [number, number]
    const stride = call.int('stride')
    const dilation = call.int('dilation')
    const { pad, mode } = padding(call, rows, columns, stride, dilation)
    const channels = call.static(x.shape[3]!, 'the channels of its input')
    const groups = call.int('groups')
    const out = call.int('out')
    if (channels % groups !== 0 || out % groups !== 0)
      call.fail('not-divisible', {
        size: channels % groups !== 0 ? `c = ${channels}` : `out = ${out}`,
        by: `groups = ${groups}`,
        where: '',
      })
    const fits = (length: Size, kernel: number, p: number): void => {
      const span = dilation * (kernel - 1) + 1
      if (mode === 'reflect') call.requireAtLeast(length, p + 1, `reflect pad of ${p}`)
      else call.requireAtLeast(length, span - 2 * p, `a kernel of ${kernel} with pad ${p}`)
    }
    fits(x.shape[1]!, rows, pad[0])
    fits(x.shape[2]!, columns, pad[1])
    const fanIn = (rows * columns * channels) / groups
    const shape = [rows, columns, channels / groups, out]
    const kernel = call.weight('kernel', shape, call.initialiser('init'), { fanIn })
    const bias = call.bool('bias') ? [call.weight('bias', [out], call.initialiser('bias_init'), { fanIn })] : []
    const attributes = { kernel: [rows, columns], stride, pad, mode, dilation, groups }
    const normalised = normalisedKernel(call, kernel, shape)
    return normalised
      ? call.emit(convolutionBy, [x, normalised], { attributes, weights: bias })[0]!
      : call.emit(convolution, [x], { attributes, weights: [kernel, ...bias] })[0]!
  },
  example: { inputs: { x: [1, 5, 6, 3] }, code: 'conv(x, out: 4, kernel: 3)' },
}

/** Reads `pad: same`, `reflect`, an int or a pair. */
function padding(call: OpCall, rows: number, columns: number, stride: number, dilation: number) {
  const given = call.attribute('pad')
  if (given !== 'same' && given !== 'reflect') {
    const [y, x] = call.ints('pad') as [number, number]
    return { pad: [y, x] as const, mode: 'zero' as const }
  }
  if (rows % 2 === 0 || columns % 2 === 0 || stride !== 1)
    call.fail(
      'attribute-value',
      { name: 'pad', accepted: 'a number of zeros on each side where the kernel is even or the stride is not 1', given },
      call.has('pad') ? call.spanOf('pad') : call.span,
    )
  const pad = [(dilation * (rows - 1)) / 2, (dilation * (columns - 1)) / 2] as const
  return { pad, mode: given === 'same' ? ('zero' as const) : ('reflect' as const) }
}

export const pixel_shuffle: Op = {
  name: 'pixel_shuffle',
  summary: 'Channels become pixels: by * by channels make a square (PyTorch’s channel order).',
  takes: ['x: [B, h, w, c * by * by]'],
  gives: '[B, by * h, by * w, c]',
  attributes: { by: { type: 'int', least: 1, about: 'factor along both picture axes' } },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    const by = call.int('by')
    const [batch, height, width, channels] = x.shape
    const count = call.static(channels!, 'the channels of its input')
    if (count % (by * by) !== 0)
      call.fail('not-divisible', { size: `c = ${count}`, by: `by * by = ${by * by}`, where: '' }, call.inputSpans[0])
    const split = [batch!, height!, width!, constant(count / (by * by)), constant(by), constant(by)]
    return call.emit(rearrangement, [x], {
      attributes: { permute: [0, 1, 4, 2, 5, 3] },
      sizes: { split, merge: [batch!, mul(height!, constant(by)), mul(width!, constant(by)), constant(count / (by * by))] },
    })[0]!
  },
  example: { inputs: { x: [1, 2, 3, 8] }, code: 'pixel_shuffle(x, by: 2)' },
}

/** Reshape to `split`, permute, reshape to `merge`: every change of layout. */
export const rearrangement: Primitive = {
  ...elementFacts,
  name: 'rearrange',
  reach: byLayout,
  folds: (_call, [x]) => (x === undefined ? undefined : { filled: x }),
  results: ({ inputs, sizes }) => [{ shape: sizes['merge']!, dtype: inputs[0]!.dtype }],
  compute(_tf, [x], _weights, { attributes, sizes }) {
    const permute = attributes['permute'] as readonly number[]
    const apart = x!.reshape([...sizes['split']!])
    const moved = permute.every((axis, at) => axis === at) ? apart : apart.transpose([...permute])
    return [moved.reshape([...sizes['merge']!])]
  },
}

export const isOne = (size: Size): boolean => asInteger(size) === 1
