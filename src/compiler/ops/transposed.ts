import { add, constant, mul, sub, type Size } from '../shapes/size.ts'
import type { Tensor } from './backend.ts'
import { elementFacts, f32, type Op, type Primitive, type PrimitiveCall } from './op.ts'
import { byWindows, type Window } from './positions.ts'
import { addBias, sliceAxis, zeroPad } from './formula-tools.ts'

interface Placed {
  readonly kernel: readonly [number, number]
  readonly stride: number
  readonly pad: readonly [number, number]
  readonly output_pad: readonly [number, number]
}

const placed = (attributes: PrimitiveCall['attributes']): Placed => attributes as unknown as Placed

/** stride (length - 1) + kernel - 2 pad + output_pad */
const lengthened = (length: Size, { kernel, stride, pad, output_pad }: Placed, axis: 0 | 1): Size =>
  add(mul(constant(stride), sub(length, constant(1))), constant(kernel[axis] - 2 * pad[axis] + output_pad[axis]))

/**
 * The gradient of a convolution as a layer: each position adds the kernel, weighted, to a window of the result (Zeiler et al.
 * 2010; PyTorch's ConvTranspose2d). Kernel [rows, columns, out, c].
 */
export const transposedConvolution: Primitive = {
  ...elementFacts,
  name: 'transposed',
  // A result looks back at every stride-th position whose window it is in.
  reach: byWindows(({ attributes }) => {
    const { kernel, stride, pad } = placed(attributes)
    return new Map(
      kernel.map((length, axis): [number, Window] => [
        axis + 1,
        { before: (length - 1 - pad[axis]!) / stride, behind: pad[axis]! / stride, stride: 1 / stride },
      ]),
    )
  }),
  results({ inputs, attributes, weights }) {
    const [batch, height, width] = inputs[0]!.shape
    const where = placed(attributes)
    return [f32([batch!, lengthened(height!, where, 0), lengthened(width!, where, 1), constant(weights[0]!.shape[2]!)])]
  },
  multiplyAdds({ inputs, weights }) {
    const [batch, height, width] = inputs[0]!.shape
    return mul(mul(batch!, mul(height!, width!)), constant(weights[0]!.shape.reduce((product, length) => product * length, 1)))
  },
  compute(tf, [x], [kernel, bias], { attributes }) {
    const { kernel: lengths, stride, pad, output_pad } = placed(attributes)
    const [batch, height, width] = x!.shape as [number, number, number, number]
    // No window smaller than the stride, as in conv: zeros below and to the right of it change nothing.
    const missing = lengths.map((length) => Math.max(0, stride - length)) as [number, number]
    const window = missing.every((count) => count === 0)
      ? kernel!
      : tf.pad(kernel!, [[0, missing[0]], [0, missing[1]], [0, 0], [0, 0]]) // prettier-ignore
    const whole = [height, width].map((length, axis) => (length - 1) * stride + window.shape[axis]!) as [number, number]
    const all = tf.conv2dTranspose(x!, window, [batch, ...whole, kernel!.shape[2]!], stride, 'valid')
    const y = ([0, 1] as const).reduce<Tensor>((made, axis) => {
      const length = ([height, width][axis]! - 1) * stride + lengths[axis] - 2 * pad[axis] + output_pad[axis]
      const there = Math.min(length, whole[axis] - pad[axis])
      const kept = there === made.shape[axis + 1] ? made : sliceAxis(tf, made, axis + 1, pad[axis], there)
      const beyond = length - there
      return axis === 0 ? zeroPad(tf, kept, 0, beyond, 0, 0) : zeroPad(tf, kept, 0, 0, 0, beyond)
    }, all)
    return [bias ? addBias(tf, y, bias) : y]
  },
}

export const transposed: Op = {
  name: 'transposed',
  summary:
    'Transposed convolution over the two picture axes, PyTorch’s ConvTranspose2d: each position adds a window to the result.',
  takes: ['x: [B, h, w, c]'],
  gives: '[B, stride (h - 1) + kernel - 2 pad + output_pad, .., out]',
  ownsWeights: true,
  attributes: {
    out: { type: 'int', least: 1, about: 'channels of the result' },
    kernel: { type: 'pair', least: 1, about: 'rows and columns of the window; the weight is [rows, columns, out, c]' },
    stride: { type: 'int', standard: 1, least: 1, about: 'step of the window, which is the enlargement' },
    pad: { type: 'pair', standard: [0, 0], least: 0, about: 'rows and columns that are left out on each side of the result' },
    output_pad: { type: 'pair', standard: [0, 0], least: 0, about: 'rows below and columns to the right, fewer than stride' },
    bias: { type: 'bool', standard: true, about: 'whether a constant is added to each channel' },
    init: { type: 'init', standard: { kind: 'default' }, about: 'how the kernel starts' },
    bias_init: { type: 'init', standard: { kind: 'default' }, about: 'how the bias starts' },
  },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    call.requireFloat(0)
    const [rows, columns] = call.ints('kernel') as [number, number]
    const [stride, out] = [call.int('stride'), call.int('out')]
    const [pad, output_pad] = [call.ints('pad'), call.ints('output_pad')] as [[number, number], [number, number]]
    const channels = call.static(x.shape[3]!, 'the channels of its input')
    if (Math.max(...output_pad) >= stride)
      call.fail(
        'attribute-value',
        { name: 'output_pad', accepted: `below stride, which is ${stride}`, given: String(Math.max(...output_pad)) },
        call.spanOf('output_pad'),
      )
    const where: Placed = { kernel: [rows, columns], stride, pad, output_pad }
    ;([0, 1] as const).forEach((axis) => {
      const length = lengthened(x.shape[axis + 1]!, where, axis)
      call.requireAtLeast(length, 1, 'what pad leaves of the result')
    })
    // PyTorch counts what a result's channel gives, as it has the kernel: [c, out, rows, columns].
    const fanIn = rows * columns * out
    const weights = [call.weight('kernel', [rows, columns, out, channels], call.initialiser('init'), { fanIn })]
    if (call.bool('bias')) weights.push(call.weight('bias', [out], call.initialiser('bias_init'), { fanIn }))
    return call.emit(transposedConvolution, [x], { attributes: { ...where }, weights })[0]!
  },
  example: { inputs: { x: [1, 3, 4, 3] }, code: 'transposed(x, out: 2, kernel: 4, stride: 2, pad: 1)' },
}
