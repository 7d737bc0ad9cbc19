import {
  elementwiseOps,
  elementwisePrimitives,
  cumsum,
  drop_path,
  dropout,
  normalExponential,
  prelu,
  sharedSlope,
  silu,
  softmax,
  stochasticDepth,
  summation,
  thinning,
} from './activation.ts'
import { arithmetic, cast, maximum, minimum } from './arithmetic.ts'
import { charbonnier, gradient, gram, ssim, windowMeans } from './comparison.ts'
import { conv, convolution, convolutionBy, pixel_shuffle, rearrangement } from './convolution.ts'
import { corners, ensemble, ensembleCorners, nearest, take, take_along, taking, takingAlong } from './implicit.ts'
import * as layout from './layout.ts'
import {
  batch_norm,
  channelNormalisation,
  dense,
  denseBy,
  layer_norm,
  linear,
  lookup,
  normalisation,
  tableLookup,
} from './linear.ts'
import { l1, meanAbsolute, meanSquare, mse } from './loss.ts'
import { best_match, matching } from './match.ts'
import {
  group_norm,
  groupNormalisation,
  instance_norm,
  instanceNormalisation,
  l2_normalise,
  rms_norm,
  rootMeanSquare,
} from './norm.ts'
import type { Algebra, Op, Primitive } from './op.ts'
import { averaging, avg_pool, max_pool, maximising } from './pooling.ts'
import { reductionOps, reductions } from './reduce.ts'
import { interpolate, interpolation, sample, sampling } from './resample.ts'
import { spectralNormalisation } from './spectral.ts'
import { counting, filled, ownWeight, range } from './source.ts'
import { transposed, transposedConvolution } from './transposed.ts'

/** Every op of the language, by name. Adding one: its object in a file of this folder, and its name here. */
export const ops: ReadonlyMap<string, Op> = new Map(
  [
    conv, transposed, pixel_shuffle, linear, layer_norm, batch_norm, group_norm, instance_norm, rms_norm, l2_normalise, lookup,
    prelu, silu, softmax, drop_path, dropout, cumsum, ...elementwiseOps,
    minimum, maximum, ...reductionOps,
    layout.rearrange, layout.einsum, layout.concat, layout.split, layout.unstack, layout.pad, layout.pad_to, layout.crop,
    layout.roll, layout.unfold, layout.expand, avg_pool, max_pool, interpolate, sample, corners, nearest, take, take_along, ensemble,
    best_match, range, l1, mse, charbonnier, ssim, gradient, gram,
  ].map((op) => [op.name, op]), // prettier-ignore
)

/** What the IR is made of, by name. */
export const primitives: ReadonlyMap<string, Primitive> = new Map(
  [
    convolution, convolutionBy, rearrangement, dense, denseBy, spectralNormalisation, normalisation, channelNormalisation, tableLookup, sharedSlope, normalExponential,
    stochasticDepth, ...elementwisePrimitives, ...reductions, ...arithmetic, cast, layout.contraction, layout.joining,
    transposedConvolution, layout.stretching, groupNormalisation, instanceNormalisation, rootMeanSquare, thinning, summation,
    layout.slicing, layout.bordering, layout.rolling, layout.neighbourhoods, averaging, maximising, interpolation, sampling,
    ensembleCorners, taking, takingAlong, matching, counting, filled, ownWeight, meanAbsolute, meanSquare, windowMeans,
  ].map((primitive) => [primitive.name, primitive]), // prettier-ignore
)

/** Whether a node's primitive is one that a pass may do this with. */
export const isA = <N extends { readonly op: string }>(node: N | undefined, algebra: Algebra): node is N =>
  node !== undefined && primitiveNamed(node.op).algebra === algebra

export function primitiveNamed(name: string): Primitive {
  const primitive = primitives.get(name)
  if (!primitive) throw new Error(`no primitive is called ${name}`)
  return primitive
}
