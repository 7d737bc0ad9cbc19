import * as tf from '@tensorflow/tfjs'
import type { Graph } from '../../compiler/ir/graph.ts'
import { samplingMatrix } from '../../compiler/ops/resample.ts'
import { evaluate } from '../../compiler/shapes/size.ts'
import type { Base, Painting, Separable } from '../../compiler/passes/separable.ts'
import type { Network } from '../network/network.ts'
import type { Extent, Rectangle } from './places.ts'
import type { Axis, TakenCells } from './taken-cells.ts'
import { lowPosition, type Stretch, type Tile } from './tiles.ts'

type Tensors = Record<string, tf.Tensor>

/** Taps of a kernel on each side of a position, at most. */
const tapsAround = 2

/** Rows of a map that an interval of the result takes, one side of the queries after the other, in the frame of the part from `first`. */
interface Span {
  readonly first: number
  readonly count: number
  readonly sides: readonly Int32Array[]
}

/** Computes places of the result axis by axis: no query is computed by itself, and nothing is gathered for each. */
export class Painter {
  /** By painting: which products of a row of the map and of the basis make a channel, [d, channels * k]. */
  readonly #mixing = new Map<Painting, { readonly matrix: tf.Tensor2D; readonly channels: number; readonly depth: number }>()

  constructor(
    readonly network: Network,
    readonly plan: Separable,
    readonly cells: TakenCells,
    readonly picture: Extent,
    readonly extent: Extent,
  ) {}

  dispose(): void {
    for (const { matrix } of this.#mixing.values()) matrix.dispose()
    this.#mixing.clear()
  }

  /** Three values a position of the place, from a tile's features and what is the same in the whole picture, in the tile's frame. */
  paint(tile: Tile, place: Rectangle, features: Tensors, whole: Tensors): tf.Tensor {
    return tf.tidy(() => {
      const parts = [
        ...this.plan.bases.map((base) => this.#sampled(base, tile, place, features)),
        ...this.plan.paintings.map((painting) => this.#painted(painting, tile, place, { ...features, ...whole })),
      ]
      return parts.reduce((sum, part) => tf.add(sum, part))
    })
  }

  #sampled({ picture, kernel }: Base, { y, x }: Tile, { top, bottom, left, right }: Rectangle, features: Tensors): tf.Tensor {
    const map = features[picture]!
    const [, height, width, channels] = map.shape as [number, number, number, number]
    const along = (from: number, to: number, axis: 'height' | 'width', stretch: Stretch, count: number): number[] =>
      // a map of the core may be longer than it, as a feature is that was padded
      Array.from({ length: to - from }, (_, at) => {
        const position = lowPosition(from + at, this.picture[axis], this.extent[axis]) - stretch.coreFrom
        return (position * count) / (stretch.coreTo - stretch.coreFrom) - 0.5
      })
    const rows = along(top, bottom, 'height', y, height)
    const columns = along(left, right, 'width', x, width)
    const first = Math.min(Math.max(0, Math.floor(rows[0]!) - tapsAround), height - 1)
    const seen = Math.min(height, Math.floor(rows.at(-1)!) + tapsAround + 2) - first
    const matrix = (positions: readonly number[], length: number) =>
      tf.tensor2d(samplingMatrix(positions, length, kernel), [positions.length, length])
    const down = matrix(rows.map((position) => position - first), seen) // prettier-ignore
    const turned = tf.transpose(tf.slice(map, [0, first, 0, 0], [1, seen, width, channels]), [0, 1, 3, 2])
    const wide = tf.matMul(tf.reshape(turned, [seen * channels, width]), matrix(columns, width), false, true)
    const back = tf.transpose(tf.reshape(wide, [seen, channels, columns.length]), [0, 2, 1])
    const tall = tf.matMul(down, tf.reshape(back, [seen, columns.length * channels]))
    return tf.reshape(tall, [rows.length, columns.length, channels])
  }

  /**
   * Columns first: at each row of the map the coefficients that a column takes, times its factors. Then rows: those that take
   * the same rows of the map are one matrix product over k (and the sides).
   */
  #painted(painting: Painting, tile: Tile, place: Rectangle, given: Tensors): tf.Tensor {
    const { top, bottom, left, right } = place
    const { y, x } = this.cells.along(painting.taken)
    const { matrix, channels, depth } = this.#mix(painting, given[painting.map]!.shape[3]!)
    const map = given[painting.map]!
    const rows = spanOf(y, top, bottom, tile.y.coreFrom, map.shape[1]!)
    const columns = spanOf(x, left, right, tile.x.coreFrom, map.shape[2]!)
    const seen = tf.slice(map, [0, rows.first, columns.first, 0], [1, rows.count, columns.count, map.shape[3]!])
    const mixed = tf.matMul(tf.reshape(seen, [rows.count * columns.count, map.shape[3]!]), matrix)
    const coefficients = tf.reshape(mixed, [rows.count, columns.count, channels * depth])
    const down = this.#factors(painting, 'down', tile, top, bottom, given)
    const across = this.#factors(painting, 'right', tile, left, right, given)
    const width = right - left
    const taken = columns.sides.map((side, at) => {
      const picked = tf.reshape(tf.gather(coefficients, side, 1), [rows.count, width, channels, depth])
      return tf.mul(picked, tf.reshape(across[at]!, [1, width, 1, depth]))
    })
    const wide = tf.reshape(tf.addN(taken), [rows.count, width * channels, depth])

    const groups = groupsOf(rows.sides)
    const most = Math.max(...groups.map(({ count }) => count))
    const sides = rows.sides.map((side) => tf.gather(wide, groups.map(({ from }) => side[from]!), 0)) // prettier-ignore
    const slots = groups.flatMap(({ from, count }) => Array.from({ length: most }, (_, slot) => from + Math.min(slot, count - 1)))
    const functions = tf.reshape(tf.gather(tf.concat(down, 1), slots, 0), [groups.length, most, depth * rows.sides.length])
    const product = tf.matMul(tf.concat(sides, 2), functions, false, true) // [groups, width * channels, most]
    const all = tf.reshape(tf.transpose(product, [0, 2, 1]), [groups.length * most, width, channels])
    if (groups.every(({ count }) => count === most)) return all
    const kept = groups.flatMap(({ count }, group) => Array.from({ length: count }, (_, slot) => group * most + slot))
    return tf.gather(all, kept, 0)
  }

  /** What rows (or columns) give to the basis, [count, k] a side, times the weights of the sides. */
  #factors(painting: Painting, axis: 'down' | 'right', tile: Tile, from: number, to: number, given: Tensors): tf.Tensor[] {
    const graph = painting[axis]
    const table = this.cells.along(painting.taken)
    const own = axis === 'down' ? table.y : table.x
    const count = to - from
    const positions = Int32Array.from({ length: count }, (_, at) => from + at)
    const still = new Int32Array(count)
    const [rows, columns] = axis === 'down' ? [positions, still] : [still, positions]
    const product = (factors: tf.Tensor[]): tf.Tensor | undefined =>
      factors.length === 0 ? undefined : factors.reduce((all, factor) => tf.mul(all, factor))
    const computed =
      graph.outputs.length === 0
        ? undefined
        : product(Object.values(run(this.network, graph, { ...given, ...this.cells.at(tile, { rows, columns }) })))
    const lanes = table.x.rows.length
    const { depth } = this.#mixing.get(painting)!
    return own.rows.map((_, side) => {
      const lane = axis === 'down' ? side * lanes : side
      const values = computed
        ? tf.reshape(tf.slice(computed, [0, 0, lane, 0], [1, count, 1, depth]), [count, depth])
        : tf.ones([count, depth])
      if (!painting.isWeighted || own.rows.length === 1) return values
      return tf.mul(values, tf.tensor2d(own.weights[side]!.slice(from, to), [count, 1]))
    })
  }

  /** Asks the product, which is linear in both, for every pair of units. */
  #mix(painting: Painting, width: number) {
    const known = this.#mixing.get(painting)
    if (known) return known
    const { product } = painting
    const depth = evaluate(product.values[product.inputs.find(({ name }) => name === 'basis')!.value]!.shape.at(-1)!, {})
    const lanes = this.cells.along(painting.taken)
    const sides = lanes.y.rows.length * lanes.x.rows.length
    const made = tf.tidy(() => {
      const units = (count: number) => tf.eye(count)
      const spread = (x: tf.Tensor) => tf.tile(tf.expandDims(tf.expandDims(x, 1), 0), [1, 1, sides, 1])
      const rows = spread(tf.reshape(tf.tile(tf.expandDims(units(width), 1), [1, depth, 1]), [width * depth, width]))
      const basis = spread(tf.tile(units(depth), [width, 1]))
      const found = run(this.network, product, { rows, basis })['product']!
      const channels = found.shape[3]!
      const pairs = tf.reshape(tf.slice(found, [0, 0, 0, 0], [1, width * depth, 1, channels]), [width, depth, channels])
      return tf.keep(tf.reshape(tf.transpose(pairs, [0, 2, 1]), [width, channels * depth]) as tf.Tensor2D)
    })
    const mixing = { matrix: made, channels: made.shape[1] / depth, depth }
    this.#mixing.set(painting, mixing)
    return mixing
  }
}

const run = (network: Network, graph: Graph, given: Tensors): Tensors =>
  network.lower(graph, 'axis').run(Object.fromEntries(graph.inputs.map(({ name }) => [name, given[name]!])))

function spanOf(axis: Axis, from: number, to: number, start: number, length: number): Span {
  const inTile = axis.rows.map((rows) =>
    Int32Array.from(rows.subarray(from, to), (row) => Math.min(Math.max(row - start, 0), length - 1)),
  )
  const [first, last] = [Math.min(...inTile.map((rows) => rows[0]!)), Math.max(...inTile.map((rows) => rows.at(-1)!))]
  return { first, count: last - first + 1, sides: inTile.map((rows) => rows.map((row) => row - first)) }
}

/** Neighbours that take the same rows on every side. */
function groupsOf(sides: readonly Int32Array[]): { readonly from: number; readonly count: number }[] {
  const groups: { from: number; count: number }[] = []
  for (let at = 0; at < sides[0]!.length; at += 1) {
    const last = groups.at(-1)
    if (last && sides.every((side) => side[at] === side[last.from])) last.count += 1
    else groups.push({ from: at, count: 1 })
  }
  return groups
}
