import type { Tensor } from './backend.ts'
import { windowed } from './convolution.ts'
import { elementFacts, f32, type Op, type Primitive } from './op.ts'
import { byWindows } from './positions.ts'
import { zeroPad } from './formula-tools.ts'

const attributes = {
  kernel: { type: 'int', least: 1, about: 'rows and columns of the window' },
  stride: { type: 'int', least: 1, about: 'step of the window' },
  pad: { type: 'int', standard: 0, least: 0, about: 'positions added on each side' },
} as const

const shapeRule: Primitive['results'] = ({ inputs, attributes: given }) => {
  const [batch, height, width, channels] = inputs[0]!.shape
  const { kernel, stride, pad } = given as Record<'kernel' | 'stride' | 'pad', number>
  return [f32([batch!, windowed(height!, kernel, stride, pad), windowed(width!, kernel, stride, pad), channels!])]
}

const reach = byWindows(({ attributes: given }) => {
  const { kernel, stride, pad } = given as Record<'kernel' | 'stride' | 'pad', number>
  const window = { before: pad, behind: kernel - 1 - pad, stride }
  return new Map([[1, window], [2, window]]) // prettier-ignore
})

export const averaging: Primitive = {
  ...elementFacts,
  reach,
  name: 'avg_pool',
  results: shapeRule,
  compute(tf, [x], _weights, { attributes: given }) {
    const { kernel, stride, pad } = given as Record<'kernel' | 'stride' | 'pad', number>
    const pool = (picture: Tensor): Tensor => tf.avgPool(zeroPad(tf, picture, pad, pad, pad, pad), kernel, stride, 'valid')
    const mean = pool(x!)
    if (given['count_pad'] || pad === 0) return [mean]
    const [, height, width] = x!.shape as [number, number, number, number]
    return [tf.div(mean, pool(tf.ones([1, height, width, 1])))]
  },
}

export const maximising: Primitive = {
  ...elementFacts,
  reach,
  name: 'max_pool',
  results: shapeRule,
  compute(tf, [x], _weights, { attributes: given }) {
    const { kernel, stride, pad } = given as Record<'kernel' | 'stride' | 'pad', number>
    return [tf.maxPool(zeroPad(tf, x!, pad, pad, pad, pad, -3.4e38), kernel, stride, 'valid')]
  },
}

const pooling = (primitive: Primitive, summary: string, extra: Op['attributes']): Op => ({
  name: primitive.name,
  summary,
  takes: ['x: [B, h, w, c]'],
  gives: '[B, floor((h + 2 pad - kernel) / stride) + 1, .., c]',
  attributes: { ...attributes, ...extra },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    call.requireFloat(0)
    const given = Object.fromEntries(['kernel', 'stride', 'pad'].map((name) => [name, call.int(name)]))
    const need = given['kernel']! - 2 * given['pad']!
    ;[1, 2].forEach((axis) =>
      call.requireAtLeast(x.shape[axis]!, need, `a window of ${given['kernel']} with pad ${given['pad']}`),
    )
    return call.emit(primitive, [x], {
      attributes: { ...given, ...('count_pad' in extra && { count_pad: call.bool('count_pad') }) },
    })[0]!
  },
  example: { inputs: { x: [1, 5, 6, 2] }, code: `${primitive.name}(x, kernel: 3, stride: 2, pad: 1)` },
})

export const avg_pool = pooling(averaging, 'Mean over a window.', {
  count_pad: { type: 'bool', standard: true, about: 'whether padding counts as zeros in the mean' },
})
export const max_pool = pooling(maximising, 'Largest value in a window.', {})
