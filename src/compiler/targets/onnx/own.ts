import type { Graph, Node } from '../../ir/graph.ts'
import type { Size } from '../../shapes/size.ts'
import type { Builder } from './builder.ts'

/** What writes a node as ONNX' own operator, where that knows more than the kernels: sizes of any picture, groups, dilation. */
export interface Own {
  readonly shape: readonly Size[]
  /** `weight`: a weight by its place, its axes in `order`. */
  write(builder: Builder, inputs: readonly string[], weight: (at: number, order?: readonly number[]) => string): string
}

/** Keys' cubic (`samplingMatrix`). */
const cubic = -0.5

const toFirst = { perm: [0, 3, 1, 2] }
const toLast = { perm: [0, 2, 3, 1] }

/** Undefined for what its kernels are written of. */
export function ownOperator(node: Node, graph: Graph): Own | undefined {
  const { shape } = graph.values[node.results[0]!]!
  if (node.op === 'interpolate') return { shape, write: interpolation(node, shape) }
  if (node.op === 'conv' && node.attributes['mode'] !== 'reflect') return { shape, write: convolution(node) }
  return undefined
}

const interpolation =
  ({ attributes, sizes }: Node, shape: readonly Size[]): Own['write'] =>
  (builder, [input]) => {
    const to = builder.sizes([shape[0]!, shape[3]!, ...sizes['to']!])
    const kernel = attributes['kernel'] as 'nearest' | 'bilinear' | 'bicubic'
    const made = builder.node('Resize', [builder.node('Transpose', [input!], toFirst), '', '', to], {
      mode: { nearest: 'nearest', bilinear: 'linear', bicubic: 'cubic' }[kernel],
      coordinate_transformation_mode: attributes['align'] === 'corners' ? 'align_corners' : 'half_pixel',
      nearest_mode: 'round_prefer_ceil',
      cubic_coeff_a: { float: cubic },
    })
    return builder.node('Transpose', [made], toLast)
  }

const convolution =
  ({ attributes, weights }: Node): Own['write'] =>
  (builder, [input], weight) => {
    const pads = attributes['pad'] as readonly number[]
    const [stride, dilation] = [attributes['stride'], attributes['dilation']] as [number, number]
    const given = [builder.node('Transpose', [input!], toFirst), weight(0, [3, 2, 0, 1])]
    const made = builder.node('Conv', weights.length > 1 ? [...given, weight(1)] : given, {
      kernel_shape: attributes['kernel'] as readonly number[],
      pads: [...pads, ...pads],
      strides: [stride, stride],
      dilations: [dilation, dilation],
      group: attributes['groups'] as number,
    })
    return builder.node('Transpose', [made], toLast)
  }
