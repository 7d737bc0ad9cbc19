import * as tf from '@tensorflow/tfjs'
import type { Graph } from '../../compiler/ir/graph.ts'
import type { MatchedMap, Stages } from '../../compiler/passes/stages.ts'
import type { CompiledModel } from '../../compiler/plan.ts'
import { crop, type Picture } from '../data/picture.ts'
import { pixelCentre } from '../network/coordinates.ts'
import type { Network } from '../network/network.ts'
import { normalised } from '../train/batch.ts'
import type { PredictOptions } from './predict.ts'
import { TakenCells } from './taken-cells.ts'
import { outputOf, pictureInput, toUnit } from './roles.ts'
import { coreOf, firstOutput, lowPosition, seenOf, sharesOf, type Stretch, type Tile } from './tiles.ts'

/** Queries that are decoded at once. */
export const chunk = 8192
/** Features of tiles are kept up to this many bytes. */
export const featureMemory = 1_000_000_000

export type Tensors = Record<string, tf.Tensor>

export interface TilePlan {
  readonly rows: readonly Stretch[]
  readonly columns: readonly Stretch[]
  /** Within this many low-resolution pixels of a cut, neighbouring tiles are mixed. */
  readonly feather: number
}

/** Positions that one tile computes; `at` are indices into the positions asked for. */
interface Group {
  readonly tile: number
  readonly at: Int32Array
  readonly weights: Float32Array
}

/** One picture on the table: its tiles, their features, and what is computed at positions of the result. */
export class Sheet {
  readonly #features = new Map<number, Tensors>()
  readonly #matches = new Map<number, Tensors>()
  readonly #shared: Tensors[] = []
  readonly #cells: TakenCells
  #held = 0
  /** Whether all tiles have their matches already. */
  #streamed = false

  constructor(
    readonly model: CompiledModel,
    readonly network: Network,
    readonly parts: Stages,
    readonly picture: Picture,
    readonly options: PredictOptions,
    readonly plan: TilePlan,
  ) {
    this.#cells = new TakenCells(parts.taken, picture, options)
  }

  /** Rows or columns of the result where tiles meet. */
  cuts(axis: 'rows' | 'columns'): number[] {
    const [low, high] =
      axis === 'rows' ? [this.picture.height, this.options.extent.height] : [this.picture.width, this.options.extent.width]
    return [...this.plan[axis].map((stretch) => firstOutput(stretch.from, low, high)), high]
  }

  /** What `best_match` chooses from, at these positions, in their order. */
  keys(positions: Int32Array): Tensors {
    const pieces = this.#grouped(positions, 0).map(({ tile, at }) => ({
      at,
      outputs: this.#compute(this.parts.keys!, tile, positions, at, {}),
    }))
    const order = new Int32Array(positions.length)
    let row = 0
    for (const { at } of pieces) for (const index of at) order[index] = row++
    const joined = Object.fromEntries(
      this.parts.keyValues.map(({ name }) => [
        name,
        tf.tidy(() => tf.gather(tf.concat(pieces.map(({ outputs }) => outputs[name]!), 1), tf.tensor1d(order, 'int32'), 1)),
      ]),
    ) // prettier-ignore
    pieces.forEach(({ outputs }) => tf.dispose(outputs))
    this.#shared.push(joined)
    return joined
  }

  /**
   * Finds the best matches of all tiles among keys that never stand in memory together: block by block, the better of
   * what was found and what a block has; of equals the first stays. They are kept until the sheet is disposed of.
   */
  async matchStreamed(positions: Int32Array, block: number, onProgress: (share: number) => void): Promise<void> {
    const { maps } = this.parts.hoisted!
    const tiles = this.plan.rows.length * this.plan.columns.length
    for (let from = 0; from < positions.length; from += block) {
      const keys = this.keys(positions.subarray(from, from + block))
      for (let tile = 0; tile < tiles; tile += 1) {
        const next = this.#match(tile, keys)
        const best = this.#matches.get(tile)
        const merged = best ? tf.tidy(() => better(maps, best, next)) : next
        if (best) tf.dispose([best, next])
        this.#matches.set(tile, merged)
      }
      this.#shared.splice(this.#shared.indexOf(keys), 1)
      tf.dispose(keys)
      onProgress(Math.min(1, (from + block) / positions.length))
      await new Promise(setImmediate)
    }
    this.#streamed = true
  }

  /** Values in [0, 1] at positions, three a position. `own`: the keys are those of these positions, not of the picture. */
  decode(positions: Int32Array, keys: Tensors | undefined, own: boolean): Float32Array {
    const output = outputOf(this.model, this.options.output)
    const values = new Float32Array(positions.length * 3)
    const hoisted = keys || this.#streamed ? this.parts.hoisted : undefined
    for (const { tile, at, weights } of this.#grouped(positions, this.plan.feather)) {
      const found = !hoisted ? (keys ?? {}) : own ? this.#matchesAt(tile, positions, at, keys!) : this.#matchesOf(tile, keys)
      const outputs = this.#compute(hoisted?.decode ?? this.parts.decode, tile, positions, at, found)
      const computed = outputs[output.name]!.dataSync() as Float32Array
      at.forEach((index, row) => {
        for (let channel = 0; channel < 3; channel += 1)
          values[3 * index + channel]! += weights[row]! * computed[3 * row + channel]!
      })
      tf.dispose(outputs)
      if (own) tf.dispose(found)
    }
    return toUnit(values, output.range)
  }

  dispose(): void {
    for (const kept of [this.#features, this.#matches]) {
      kept.forEach((tensors) => tf.dispose(tensors))
      kept.clear()
    }
    this.#shared.forEach((keys) => tf.dispose(keys))
  }

  /** Positions by tile, in chunks. */
  #grouped(positions: Int32Array, feather: number): Group[] {
    const { extent } = this.options
    const { rows, columns } = this.plan
    const groups = new Map<number, { at: number[]; weights: number[] }>()
    positions.forEach((position, at) => {
      const ys = sharesOf(rows, lowPosition(Math.floor(position / extent.width), this.picture.height, extent.height), feather)
      const xs = sharesOf(columns, lowPosition(position % extent.width, this.picture.width, extent.width), feather)
      for (const y of ys)
        for (const x of xs) {
          const tile = y.stretch * columns.length + x.stretch
          const group = groups.get(tile) ?? { at: [], weights: [] }
          groups.set(tile, group)
          group.at.push(at)
          group.weights.push(y.weight * x.weight)
        }
    })
    return [...groups].flatMap(([tile, { at, weights }]) =>
      Array.from({ length: Math.ceil(at.length / chunk) }, (_, part) => ({
        tile,
        at: Int32Array.from(at.slice(part * chunk, (part + 1) * chunk)),
        weights: Float32Array.from(weights.slice(part * chunk, (part + 1) * chunk)),
      })),
    )
  }

  #tile(index: number): Tile {
    const { rows, columns } = this.plan
    return { y: rows[Math.floor(index / columns.length)]!, x: columns[index % columns.length]! }
  }

  #compute(graph: Graph, index: number, positions: Int32Array, at: Int32Array, more: Tensors): Tensors {
    const features = this.#featuresOf(index)
    return tf.tidy(() => {
      const tile = this.#tile(index)
      const { coord, cell } = this.#queries(tile, positions, at)
      const cells = this.#cells.at(tile, positions, at)
      return this.network
        .lower(graph, `${this.model.name}_stage`)
        .run(this.#withQueries({ ...features, ...cells, ...more }, coord, cell))
    })
  }

  #withQueries(inputs: Tensors, coord: tf.Tensor, cell: tf.Tensor): Tensors {
    const named = this.model.inputs.flatMap((input) =>
      input.role === 'coordinates' ? [[input.name, coord] as const] : input.role === 'cell' ? [[input.name, cell] as const] : [],
    )
    return { ...inputs, ...Object.fromEntries(named) }
  }

  /** Coordinates and cells of positions in the frame of the tile's core. */
  #queries(tile: Tile, positions: Int32Array, at: Int32Array): { coord: tf.Tensor; cell: tf.Tensor } {
    const { extent, m, cellClip } = this.options
    const { height, width } = this.picture
    const clip = cellClip === undefined ? 1 : Math.max(m / cellClip, 1)
    const axis = (stretch: Stretch, low: number, high: number) => {
      const length = stretch.coreTo - stretch.coreFrom
      return {
        centre: (index: number): number =>
          length === low ? pixelCentre(index, high) : (2 * (lowPosition(index, low, high) - stretch.coreFrom)) / length - 1,
        cell: clip * (length === low ? 2 / high : ((2 / high) * low) / length),
      }
    }
    const y = axis(tile.y, height, extent.height)
    const x = axis(tile.x, width, extent.width)
    const coord = new Float32Array(at.length * 2)
    const cell = new Float32Array(at.length * 2)
    at.forEach((index, row) => {
      const position = positions[index]!
      coord[2 * row] = y.centre(Math.floor(position / extent.width))
      coord[2 * row + 1] = x.centre(position % extent.width)
      cell[2 * row] = y.cell
      cell[2 * row + 1] = x.cell
    })
    return { coord: tf.tensor(coord, [1, at.length, 2]), cell: tf.tensor(cell, [1, at.length, 2]) }
  }

  /** Best matches of every position of a tile's core among the picture's keys: found once. */
  #matchesOf(index: number, keys: Tensors | undefined): Tensors {
    const known = this.#matches.get(index)
    if (known) return known
    this.#matches.forEach((tensors) => tf.dispose(tensors))
    this.#matches.clear()
    const found = this.#match(index, keys!)
    this.#matches.set(index, found)
    return found
  }

  /** The best match of every row of a tile's maps among `keys`. */
  #match(index: number, keys: Tensors): Tensors {
    const features = this.#featuresOf(index)
    return tf.tidy(() => this.#matched(this.#rowsOf(features), keys))
  }

  /** The best matches of those rows of the maps that these queries take; of the others nothing. */
  #matchesAt(index: number, positions: Int32Array, at: Int32Array, keys: Tensors): Tensors {
    const { maps } = this.parts.hoisted!
    const features = this.#featuresOf(index)
    return tf.tidy(() => {
      const all = this.#rowsOf(features)
      const cells = this.#cells.at(this.#tile(index), positions, at)
      const places = new Map(
        maps.map((map) => [map.rows, tf.tensor1d(Int32Array.from(new Set(cells[map.index]!.dataSync())).sort(), 'int32')]),
      )
      const some = maps.map(({ rows }) => [rows, tf.gather(all[rows]!, places.get(rows)!, 1)] as const)
      const matched = this.#matched(Object.fromEntries(some), keys)
      return Object.fromEntries(
        maps.flatMap(({ rows, found }) =>
          found.map((name) => [name, scattered(matched[name]!, places.get(rows)!, all[rows]!.shape[1]!)]),
        ),
      )
    })
  }

  #matched(rows: Tensors, keys: Tensors): Tensors {
    return this.network.lower(this.parts.hoisted!.match, `${this.model.name}_match`).run({ ...rows, ...keys })
  }

  /** The rows [1, n, 1, depth] of a tile's maps. */
  #rowsOf(features: Tensors): Tensors {
    return Object.fromEntries(
      this.parts.hoisted!.maps.map(({ rows, feature }) => [
        rows,
        tf.reshape(features[feature]!, [1, -1, 1, features[feature]!.shape[3]!]),
      ]),
    )
  }

  /** Features of a tile's core, kept while there is memory; the one that was used longest ago goes first. */
  #featuresOf(index: number): Tensors {
    const known = this.#features.get(index)
    if (known) {
      this.#features.delete(index)
      this.#features.set(index, known)
      return known
    }
    const tile = this.#tile(index)
    const features = tf.tidy(() => this.#cropped(this.#encode(tile), tile))
    this.#features.set(index, features)
    this.#held += bytesOf(features)
    for (const [old, tensors] of this.#features) {
      if (this.#held <= featureMemory || old === index) break
      this.#held -= bytesOf(tensors)
      tf.dispose(tensors)
      this.#features.delete(old)
    }
    return features
  }

  #encode(tile: Tile): Tensors {
    const { height, width } = seenOf(tile)
    const input = pictureInput(this.model)
    const part = crop(this.picture, tile.x.seenFrom, tile.y.seenFrom, width, height)
    const picture = tf.tensor(normalised(part.data, input.range), [1, height, width, 3])
    return {
      ...this.network.lower(this.parts.features, `${this.model.name}_features`).run({ [input.name]: picture }),
      [input.name]: picture,
    }
  }

  /** Maps cut to the core; a map that was padded at the picture's end keeps its padding there. */
  #cropped(features: Tensors, tile: Tile): Tensors {
    const seen = seenOf(tile)
    const core = coreOf(tile)
    const input = pictureInput(this.model).name
    const cut = (length: number, coreLength: number, stretch: Stretch): readonly [number, number] => {
      const from = stretch.coreFrom - stretch.seenFrom
      return [from, stretch.coreTo === stretch.seenTo ? length - from : coreLength]
    }
    return Object.fromEntries(
      Object.entries(features).map(([name, tensor]) => {
        const [batch, height, width, channels] = tensor.shape as [number, number, number, number]
        const isMap = tensor.shape.length === 4 && height >= seen.height && width >= seen.width
        if (!isMap && name !== input) return [name, tensor]
        const [top, rows] = cut(height, core.height, tile.y)
        const [left, columns] = cut(width, core.width, tile.x)
        return [name, tf.slice(tensor, [0, top, left, 0], [batch, rows, columns, channels])]
      }),
    )
  }
}

/** Per row the better of two findings, the first where both are equal. */
const better = (maps: readonly MatchedMap[], first: Tensors, second: Tensors): Tensors =>
  Object.fromEntries(
    maps.flatMap(({ found }) => {
      const isBetter = tf.greater(second[found[0]]!, first[found[0]]!)
      return found.map((name) => [name, tf.where(tf.broadcastTo(isBetter, first[name]!.shape), second[name]!, first[name]!)])
    }),
  )

/** `values` [1, n, t, d] at their `places` among `count` rows, zeros elsewhere. */
const scattered = (values: tf.Tensor, places: tf.Tensor1D, count: number): tf.Tensor => {
  const [, n, t, d] = values.shape as [number, number, number, number]
  const flat = tf.scatterND(tf.expandDims(places, 1), tf.reshape(values, [n, t * d]), [count, t * d])
  return tf.reshape(flat, [1, count, t, d])
}

const bytesOf = (tensors: Tensors): number => Object.values(tensors).reduce((total, tensor) => total + 4 * tensor.size, 0)
