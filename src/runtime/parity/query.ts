import * as tf from '@tensorflow/tfjs'
import { onTfjs } from '../../compiler/targets/layers/backend.ts'
import type { Graph } from '../../compiler/ir/graph.ts'
import { ensembleCorners, framed } from '../../compiler/ops/implicit.ts'
import { evaluate, symbols } from '../../compiler/shapes/size.ts'
import type { Tensor } from '../files/safetensors.ts'
import type { ParityCase } from './case.ts'
import { CannotRun } from './check.ts'
import { numberOf } from './json.ts'
import { asTf, channelsLast, fromTf, reshaped, scoped, sliced } from './values.ts'

/** Inputs of one call, in archc's layout. */
export interface Query {
  readonly lr: Tensor
  readonly coord: Tensor
  readonly cell: Tensor
}

/** The inputs of a network by its names; a cell once for the picture is that of the first query. */
export const inputsOf = ({ lr, coord, cell }: Query): Record<string, Tensor> => {
  const first = sliced(cell, 1, 0, 1)
  return { lr, coord, cell, pixel: reshaped(first, [first.shape[0]!, 2]) }
}

/** A tensor's name within a set; the empty set has no prefix. */
export const join = (set: string, name: string): string => (set === '' ? name : `${set}.${name}`)

/** Prefixes of queries: `raster` where there is `raster.coord`; the empty one where there is `coord`. */
export const setsOf = ({ tensors }: ParityCase): string[] =>
  [...tensors.keys()].flatMap((name) =>
    name === 'coord' ? [''] : name.endsWith('.coord') ? [name.slice(0, -'.coord'.length)] : [],
  )

/** The inputs of a set; a set without a picture of its own takes the raster's. */
export function queryOf({ tensors }: ParityCase, set: string): Query {
  const picture = [join(set, 'input'), join(set, 'lr'), 'raster.input', 'input']
    .map((name) => tensors.get(name))
    .find((tensor) => tensor)
  const coord = tensors.get(join(set, 'coord'))
  const cell = tensors.get(join(set, 'cell'))
  if (!picture || !coord || !cell) throw new CannotRun(`the set ${set} lacks its picture, its coordinates or its cells`)
  return { lr: channelsLast(picture), coord, cell }
}

/** Some of the queries of a set. */
export const between = ({ lr, coord, cell }: Query, from: number, to: number): Query => ({
  lr,
  coord: sliced(coord, 1, from, to),
  cell: sliced(cell, 1, from, to),
})

/** max(scale / largest scale of training, 1), or the factor that the case gives. */
export function clipFactor({ values }: ParityCase, set: string): number {
  const given = numberOf(values, join(set, 'clip_factor')) ?? numberOf(values, 'clip_factor')
  if (given !== undefined) return given
  const scale = numberOf(values, join(set, 'scale')) ?? numberOf(values, 'scales', set)
  const most = numberOf(values, join(set, 'scale_max')) ?? numberOf(values, 'scale_max') ?? 4
  if (scale === undefined) throw new CannotRun(`the case does not say the scale of ${set}`)
  return Math.max(scale / most, 1)
}

/** Coordinates in the frame of the padded map, as `corners` makes them. */
export function paddedCoordinates(graph: Graph, query: Query): Tensor {
  const { picture, map } = cornerSizes(graph, query)
  return scoped(() => {
    const coord = asTf(query.coord)
    const axes = tf.unstack(coord, 2).map((axis, at) => onTfjs(tf, (on) => framed(on, axis, picture[at]!, map[at]!)))
    return fromTf(tf.stack(axes, 2))
  })
}

/** 1 where the areas of the local ensemble do not all vanish. */
export function definedWeights(graph: Graph, query: Query): Tensor {
  const { picture, map } = cornerSizes(graph, query)
  return scoped(() => {
    const [, offset] = cornersOf(query, picture, map)
    const area = tf.sum(tf.abs(tf.prod(offset!, 3)), 2)
    const { shape, data } = fromTf(area)
    return { shape, dtype: 'U8', data: Uint8Array.from(data, (value) => (value > vanishing ? 1 : 0)) }
  })
}

/** Below this an area, in cells, is what float32 leaves of 0. */
const vanishing = 1e-4

/** The sizes of the picture and of its map, as the network's own text relates them. */
const cornerSizes = (graph: Graph, { lr, coord }: Query): { picture: readonly number[]; map: readonly number[] } => {
  const node = graph.nodes.find((candidate) => candidate.op === 'corners')
  if (!node) throw new CannotRun('this network does not look at the corners of a query')
  const given = new Map<number, readonly number[]>(
    graph.inputs.map(({ name, value }) => [value, name === 'lr' ? lr.shape : coord.shape]),
  )
  const known = Object.fromEntries(
    [...given].flatMap(([value, shape]) =>
      graph.values[value]!.shape.flatMap((size, axis) => symbols(size).map((name) => [name, shape[axis]!])),
    ),
  )
  const numbers = (name: string): number[] => node.sizes[name]!.map((size) => evaluate(size, known))
  return { picture: numbers('picture'), map: numbers('map') }
}

/** The primitive `corners` alone: index, offset, cell, weight. */
function cornersOf({ coord, cell }: Query, picture: readonly number[], map: readonly number[]): tf.Tensor[] {
  const call = {
    attributes: { count: 4 },
    sizes: { picture, map },
    training: false,
    draw: (): never => {
      throw new Error('nothing is random here')
    },
  }
  return onTfjs(tf, (on) => ensembleCorners.compute(on, [asTf(coord), asTf(cell)], [], call))
}
