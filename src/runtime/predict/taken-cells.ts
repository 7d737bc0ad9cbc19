import * as tf from '@tensorflow/tfjs'
import { primitiveNamed } from '../../compiler/ops/registry.ts'
import type { Taken } from '../../compiler/passes/stages.ts'
import { evaluate } from '../../compiler/shapes/size.ts'
import { onTfjs } from '../../compiler/targets/layers/backend.ts'
import { pixelCentre } from '../network/coordinates.ts'
import { clipOf } from '../network/per-picture.ts'
import type { Extent, Places } from './places.ts'
import type { PredictOptions } from './predict.ts'
import { coreOf, type Tile } from './tiles.ts'

/** Along one axis, for every row (or column) of the result and both sides of it: cells of the whole map, offsets, weights. */
export interface Axis {
  readonly rows: readonly Float32Array[]
  readonly offsets: readonly Float32Array[]
  readonly weights: readonly Float32Array[]
  /** The result's pixel in cells of the low-resolution picture. */
  readonly cell: number
}

/** One op's cells, along both axes. */
export interface Table {
  readonly taken: Taken
  readonly y: Axis
  readonly x: Axis
}

/**
 * The cells that the positions of a result take from a picture's maps. All are found once, in the frame of the whole
 * picture, and given to a tile as rows of its own maps: what a position computes does not depend on the tile that does.
 */
export class TakenCells {
  readonly #tables: readonly Table[]
  /** The cells' sizes are the same at all positions: a tensor a table, as long as the positions were before. */
  readonly #sizes = new Map<Table, tf.Tensor>()

  constructor(taken: readonly Taken[], { height, width }: Extent, { extent, m, cellClip }: PredictOptions) {
    const clip = clipOf(m, cellClip)
    const sizes = { B: 1, h: height, w: width }
    this.#tables = taken.map((each) => {
      const [lengths, extended] = [each.node.sizes['picture']!, each.node.sizes['map']!]
      const axis = (at: 0 | 1, count: number): Axis =>
        axisOf(each, count, evaluate(lengths[at]!, sizes), evaluate(extended[at]!, sizes), clip)
      return { taken: each, y: axis(0, extent.height), x: axis(1, extent.width) }
    })
  }

  /** One op's cells, along both axes. */
  along(taken: Taken): Table {
    return this.#tables.find((table) => table.taken === taken)!
  }

  /** What the stages take for positions, in the frame of the tile's core, by the names of the stages' inputs. */
  at(tile: Tile, { rows, columns }: Pick<Places, 'rows' | 'columns'>): Record<string, tf.Tensor> {
    const core = coreOf(tile)
    const sizes = { B: 1, h: core.height, w: core.width }
    return Object.assign(
      {},
      ...this.#tables.map((table) => {
        const { taken: { node, names }, y, x } = table // prettier-ignore
        const [mapHeight, mapWidth] = node.sizes['map']!.map((size) => evaluate(size, sizes)) as [number, number]
        const count = y.rows.length * x.rows.length
        const index = new Int32Array(rows.length * count)
        const offset = new Float32Array(rows.length * count * 2)
        const weight = new Float32Array(rows.length * count)
        let corner = 0
        for (const vertical of sidesOf(y))
          for (const horizontal of sidesOf(x)) {
            for (let at = 0; at < rows.length; at += 1) {
              const [row, column] = [rows[at]!, columns[at]!]
              // A tile that sees less than the network reaches may lack a neighbour: its own last cell stands for it.
              const wholeRow = vertical.rows[row]! - tile.y.coreFrom
              const tileRow = wholeRow < 0 ? 0 : wholeRow < mapHeight ? wholeRow : mapHeight - 1
              const wholeColumn = horizontal.rows[column]! - tile.x.coreFrom
              const tileColumn = wholeColumn < 0 ? 0 : wholeColumn < mapWidth ? wholeColumn : mapWidth - 1
              const place = at * count + corner
              index[place] = tileRow * mapWidth + tileColumn
              offset[2 * place] = vertical.offsets[row]! + 2 * (wholeRow - tileRow)
              offset[2 * place + 1] = horizontal.offsets[column]! + 2 * (wholeColumn - tileColumn)
              weight[place] = vertical.weights[row]! * horizontal.weights[column]!
            }
            corner += 1
          }
        const shape = [1, rows.length, count]
        const [indexName, offsetName, cellName, weightName] = names
        return {
          [indexName]: tf.tensor(index, shape, 'int32'),
          [offsetName]: tf.tensor(offset, [...shape, 2]),
          [cellName]: this.#sizesOf(table, [...shape, 2]),
          [weightName]: tf.tensor(weight, shape),
        }
      }),
    )
  }

  #sizesOf(table: Table, shape: number[]): tf.Tensor {
    const known = this.#sizes.get(table)
    if (known && known.shape[1] === shape[1]) return known
    known?.dispose()
    const { y, x } = table
    const made = tf.keep(tf.tidy(() => tf.tile(tf.tensor([y.cell, x.cell], [1, 1, 1, 2]), [1, shape[1]!, shape[2]!, 1])))
    this.#sizes.set(table, made)
    return made
  }

  dispose(): void {
    tf.dispose([...this.#sizes.values()])
    this.#sizes.clear()
  }
}

/** One side of an axis after the other. */
const sidesOf = ({ rows, offsets, weights }: Axis) =>
  rows.map((each, side) => ({ rows: each, offsets: offsets[side]!, weights: weights[side]! }))

/** The cells of the pixels 0 to count - 1, computed by the op itself. */
function axisOf({ node }: Taken, count: number, length: number, extended: number, clip: number): Axis {
  const centres = Float32Array.from({ length: count }, (_, index) => pixelCentre(index, count))
  const found = tf.tidy(() =>
    onTfjs(tf, (on) => {
      const { sides, weights } = primitiveNamed(node.op).axisCells!(on, tf.tensor1d(centres), length, extended, node.attributes)
      return [...sides.map(({ row }) => row), ...sides.map(({ offset }) => offset), ...weights]
    }),
  )
  const values = found.map((tensor) => tensor.dataSync<'float32'>())
  tf.dispose(found)
  const sides = values.length / 3
  return {
    rows: values.slice(0, sides),
    offsets: values.slice(sides, 2 * sides),
    weights: values.slice(2 * sides),
    cell: Math.fround(Math.fround((clip * 2) / count) * length),
  }
}
