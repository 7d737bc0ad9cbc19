import * as tf from '@tensorflow/tfjs'
import type { Graph } from '../../compiler/ir/graph.ts'
import type { Separable } from '../../compiler/passes/separable.ts'
import type { MatchedMap, Stages } from '../../compiler/passes/stages.ts'
import { isPerQuery, type CompiledModel } from '../../compiler/plan.ts'
import type { Picture } from '../data/picture.ts'
import type { PictureSource } from '../data/source.ts'
import { pixelCentre } from '../network/coordinates.ts'
import { cellIn, clipOf, pictureValues, tensorsOf } from '../network/per-picture.ts'
import type { Network } from '../network/network.ts'
import { isLuma, normalised } from '../network/normalised.ts'
import { Painter } from './painter.ts'
import { placesOf, type Places, type Rectangle } from './places.ts'
import type { Keys, PredictOptions } from './predict.ts'
import { outputOf, pictureInput } from './roles.ts'
import type { Block, Computed } from './canvas.ts'
import { featuresOf, keyName, matchesOf, tileAt, type Asked, type Step, type TilePlan } from './schedule.ts'
import { TakenCells } from './taken-cells.ts'
import { coreOf, cropOf, lowPosition, seenOf, sharesOf, type Stretch, type Tile } from './tiles.ts'

type Tensors = Readonly<Record<string, tf.Tensor>>

/** One picture on the table: does the steps of its schedule, in their order. */
export class Sheet {
  /** Features, matches and keys, by the names that the schedule gives them. */
  readonly #kept = new Map<string, Tensors>()
  /** Keys that are not joined yet. */
  readonly #parts: { readonly at: Int32Array; readonly outputs: Tensors }[] = []
  readonly #cells: TakenCells
  readonly #painter: Painter | undefined
  /** What was read for the step to come. */
  #seen: Picture | undefined

  constructor(
    readonly model: CompiledModel,
    readonly network: Network,
    readonly parts: Stages,
    readonly picture: PictureSource,
    readonly options: PredictOptions,
    readonly tiles: TilePlan,
    plan?: Separable,
  ) {
    this.#cells = new TakenCells(parts.taken, picture, options)
    this.#painter = plan && new Painter(network, plan, this.#cells, picture, options.extent)
    if (options.keys) this.#kept.set(keyName, options.keys.tensors)
    if (options.encoded) this.#kept.set(featuresOf(0), options.encoded.tensors)
  }

  /** Gives the keys away that were made. */
  takeKeys(): Keys {
    const tensors = this.#taken(keyName)
    return { tensors, dispose: () => tf.dispose(tensors) }
  }

  /** Gives the features of a tile away that were made. */
  takeFeatures(tile: number): Tensors {
    return this.#taken(featuresOf(tile))
  }

  #taken(name: string): Tensors {
    const tensors = this.#kept.get(name)!
    this.#kept.delete(name)
    return tensors
  }

  async run(step: Step): Promise<Computed | Block | undefined> {
    switch (step.do) {
      case 'read': {
        const { x, y } = tileAt(this.tiles, step.tile)
        const { height, width } = seenOf({ x, y })
        this.#seen = await this.picture.region(x.seenFrom, y.seenFrom, width, height)
        return undefined
      }
      case 'encode':
        this.#kept.set(step.kept.name, this.#encode(tileAt(this.tiles, step.tile), this.#seen!))
        this.#seen = undefined
        return undefined
      case 'keys': {
        const places = placesOf(step.asked.pieces, step.asked.from, step.asked.to)
        this.#parts.push({ at: places.at, outputs: this.#compute(step.call.graph, step.asked.tile, places, {}) })
        return undefined
      }
      case 'join':
        this.#kept.set(step.kept.name, this.#join())
        return undefined
      case 'match':
        this.#match(step.tile)
        return undefined
      case 'decode':
        return this.#decode(step.asked, step.call.graph, step.match !== undefined)
      case 'paint':
        return this.#paint(step.tile, step.place)
      case 'forget':
        tf.dispose(this.#kept.get(step.name)!)
        this.#kept.delete(step.name)
        return undefined
      default:
        return undefined
    }
  }

  dispose(): void {
    if (this.options.keys) this.#kept.delete(keyName)
    if (this.options.encoded) this.#kept.delete(featuresOf(0))
    tf.dispose([...this.#kept.values(), ...this.#parts.map(({ outputs }) => outputs)])
    this.#kept.clear()
    this.#painter?.dispose()
    this.#cells.dispose()
  }

  #features(tile: number): Tensors {
    return this.#kept.get(featuresOf(tile))!
  }

  #encode(tile: Tile, { width, height, data }: Picture): Tensors {
    const input = pictureInput(this.model)
    return tf.tidy(() => {
      const picture = tf.tensor(normalised(data, input), [1, height, width, isLuma(input) ? 1 : 3])
      const given = { [input.name]: picture, ...this.#whole(height, width) }
      // What samples the picture itself has nothing to encode.
      const { features: encoder } = this.parts
      const features = encoder.outputs.length === 0 ? {} : this.network.lower(encoder, `${this.model.name}_features`).run(given)
      return Object.fromEntries(
        Object.entries({ ...features, [input.name]: picture }).map(([name, tensor]) => {
          const cut = cropOf(tensor.shape, tile)
          const [batch, , , channels] = tensor.shape as [number, number, number, number]
          return [name, cut ? tf.slice(tensor, [0, ...cut.begin, 0], [batch, ...cut.size, channels]) : tensor]
        }),
      )
    })
  }

  /** What a stage gives for positions of a tile. */
  #compute(graph: Graph, index: number, places: Places, more: Tensors): Tensors {
    return tf.tidy(() => {
      const tile = tileAt(this.tiles, index)
      const { height, width } = coreOf(tile)
      const own = { ...this.#whole(height, width), ...this.#queries(tile, places) }
      const inputs = { ...this.#features(index), ...this.#cells.at(tile, places), ...more, ...own }
      return this.network.lower(graph, `${this.model.name}_stage`).run(inputs)
    })
  }

  /** What is the same in the whole picture, in the frame of a part of it that is `height` x `width` positions large. */
  #whole(height: number, width: number): Tensors {
    const { m, extent, cellClip, compression } = this.options
    const clip = clipOf(m, cellClip)
    const cell = [
      clip * cellIn(height, this.picture.height, extent.height),
      clip * cellIn(width, this.picture.width, extent.width),
    ] as const
    return tensorsOf(this.model, pictureValues(this.model, { cell, scale: m, compression }))
  }

  /** Coordinates and cells of positions in the frame of the tile's core, under the names of the inputs that take them. */
  #queries(tile: Tile, { rows, columns }: Places): Tensors {
    const { extent, m, cellClip } = this.options
    const { height, width } = this.picture
    const clip = clipOf(m, cellClip)
    const axis = (stretch: Stretch, low: number, high: number) => {
      const length = stretch.coreTo - stretch.coreFrom
      return {
        centre: (index: number): number =>
          length === low ? pixelCentre(index, high) : (2 * (lowPosition(index, low, high) - stretch.coreFrom)) / length - 1,
        cell: clip * cellIn(length, low, high),
      }
    }
    const y = axis(tile.y, height, extent.height)
    const x = axis(tile.x, width, extent.width)
    const coord = new Float32Array(rows.length * 2)
    const cell = new Float32Array(rows.length * 2)
    for (let at = 0; at < rows.length; at += 1) {
      coord[2 * at] = y.centre(rows[at]!)
      coord[2 * at + 1] = x.centre(columns[at]!)
      cell[2 * at] = y.cell
      cell[2 * at + 1] = x.cell
    }
    const given = { coordinates: coord, cell }
    return Object.fromEntries(
      this.model.inputs
        .filter(isPerQuery)
        .map(({ role, name }) => [name, tf.tensor(given[role as keyof typeof given], [1, rows.length, 2])]),
    )
  }

  /** The parts of the keys in the order of their positions. */
  #join(): Tensors {
    const order = new Int32Array(this.#parts.reduce((total, { at }) => total + at.length, 0))
    let row = 0
    for (const { at } of this.#parts)
      for (const place of at) {
        order[place] = row
        row += 1
      }
    const outputs = this.#parts.splice(0).map((part) => part.outputs)
    const joined = this.parts.keyValues.map(({ name }) => [
      name,
      tf.tidy(() => tf.gather(tf.concat(outputs.map((each) => each[name]!), 1), tf.tensor1d(order, 'int32'), 1)),
    ]) // prettier-ignore
    tf.dispose(outputs)
    return Object.fromEntries(joined) as Tensors
  }

  /** Where a tile has matches already the better ones stay; of equals those. */
  #match(tile: number): void {
    const { maps } = this.parts.hoisted!
    const name = matchesOf(tile)
    const best = this.#kept.get(name)
    const next = tf.tidy(() => this.#matched(this.#rowsOf(this.#features(tile))))
    this.#kept.set(name, best ? tf.tidy(() => better(maps, best, next)) : next)
    if (best) tf.dispose([best, next])
  }

  #matched(rows: Tensors): Tensors {
    const inputs = { ...rows, ...this.#kept.get(keyName)! }
    return this.network.lower(this.parts.hoisted!.match, `${this.model.name}_match`).run(inputs)
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

  /** The best matches of those rows of the maps that these positions take; of the others nothing. */
  #matchesAt(tile: number, places: Places): Tensors {
    const { maps } = this.parts.hoisted!
    return tf.tidy(() => {
      const all = this.#rowsOf(this.#features(tile))
      const cells = this.#cells.at(tileAt(this.tiles, tile), places)
      const taken = new Map(
        maps.map((map) => [map.rows, tf.tensor1d(Int32Array.from(new Set(cells[map.index]!.dataSync())).sort(), 'int32')]),
      )
      const some = maps.map(({ rows }) => [rows, tf.gather(all[rows]!, taken.get(rows)!, 1)] as const)
      const matched = this.#matched(Object.fromEntries(some))
      return Object.fromEntries(
        maps.flatMap(({ rows, found }) =>
          found.map((name) => [name, scattered(matched[name]!, taken.get(rows)!, all[rows]!.shape[1]!)]),
        ),
      )
    })
  }

  #decode({ tile, pieces, from, to }: Asked, graph: Graph, isOwn: boolean): Computed {
    const places = placesOf(pieces, from, to)
    const own = isOwn ? this.#matchesAt(tile, places) : undefined
    const found = own ?? this.#kept.get(matchesOf(tile)) ?? this.#kept.get(keyName) ?? {}
    const outputs = this.#compute(graph, tile, places, found)
    const values = outputs[outputOf(this.model, this.options.output).name]!.dataSync<'float32'>()
    tf.dispose([outputs, ...(own ? [own] : [])])
    return { rows: places.rows, columns: places.columns, values, ...this.#weightsOf(tile, places) }
  }

  #paint(index: number, place: Rectangle): Block {
    const tile = tileAt(this.tiles, index)
    const { height, width } = coreOf(tile)
    const whole = this.#whole(height, width)
    const painted = this.#painter!.paint(tile, place, this.#features(index), whole)
    const values = painted.dataSync<'float32'>()
    tf.dispose([painted, whole])
    return { place, values }
  }

  /** How much a tile counts at positions; all of it where tiles are not mixed. */
  #weightsOf(index: number, { rows, columns }: Places): { readonly weights?: Float32Array } {
    const { feather } = this.tiles
    if (feather === 0) return {}
    const weights = (axis: 'rows' | 'columns', own: number): ((at: number) => number) => {
      const [low, high] =
        axis === 'rows' ? [this.picture.height, this.options.extent.height] : [this.picture.width, this.options.extent.width]
      const known = new Map<number, number>() // the same rows and columns come again and again
      return (at) => {
        const before = known.get(at)
        if (before !== undefined) return before
        const weight =
          sharesOf(this.tiles[axis], lowPosition(at, low, high), feather).find(({ stretch }) => stretch === own)?.weight ?? 0
        known.set(at, weight)
        return weight
      }
    }
    const across = this.tiles.columns.length
    const [y, x] = [weights('rows', Math.floor(index / across)), weights('columns', index % across)]
    const all = new Float32Array(rows.length)
    for (let at = 0; at < all.length; at += 1) all[at] = y(rows[at]!) * x(columns[at]!)
    return { weights: all }
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
