import * as tf from '@tensorflow/tfjs'
import { cost } from '../../compiler/ir/cost.ts'
import { reach } from '../../compiler/passes/reach.ts'
import { stages, type Stages } from '../../compiler/passes/stages.ts'
import type { CompiledModel, ModelInput, Scope } from '../../compiler/plan.ts'
import { evaluate } from '../../compiler/shapes/size.ts'
import { UserError } from '../../errors.ts'
import { degrade } from '../data/degrade.ts'
import { crop, type Picture } from '../data/picture.ts'
import { createRandom } from '../files/random.ts'
import { pixelCentre } from '../network/coordinates.ts'
import type { Network } from '../network/network.ts'
import { normalised } from '../train/batch.ts'
import { drawOperations } from '../train/per-item.ts'
import { everywhere, jobs, lattice, type Extent } from './candidates.ts'
import { extentOf, firstOutput, lowPosition, stretches, stretchOf, type Stretch, type Tile } from './tiles.ts'

export interface PredictOptions {
  /** The size of the result. */
  readonly extent: Extent
  /** The enlargement, as the cell clip and picture operations read it. */
  readonly m: number
  readonly scope: Scope
  /** Cells are multiplied by max(m / clip, 1). */
  readonly cellClip?: number
  /** Low-resolution positions along the side of a tile, its overlap apart. */
  readonly tile?: number
  /** Overlap in low-resolution positions; the network's reach when it is left out. */
  readonly overlap?: number
  /** The output to compute; the samples or image output without it. */
  readonly output?: string
  readonly onProgress?: (share: number) => void
}

/** What a prediction will take. */
export interface Estimate {
  readonly multiplyAdds: number
  /** Of which comparing in `best_match`. */
  readonly matching: number
  /** Activations that are alive at one time, weights and keys included. */
  readonly bytes: number
  readonly tiles: number
  /** Overlap used, and the reach of the network; equal for results that do not depend on the tiling. */
  readonly overlap: number
  readonly reach: number | undefined
}

/** Rows of the result, top to bottom: values where 0 is black and 1 is white, not clamped. */
export interface Rows {
  readonly from: number
  readonly to: number
  /** (to - from) * width * 3 */
  readonly values: Float32Array
}

/** Queries that are decoded at once. */
const chunk = 8192
/** Side of a tile in low-resolution positions. */
const tileSide = 128
/** Features of tiles are kept up to this many bytes. */
const featureMemory = 1_000_000_000
/** Keys are kept in memory; beyond this a scope is refused. */
const keyMemory = 6_000_000_000

export interface Predictor {
  estimate(low: Extent, options: PredictOptions): Estimate
  /** The result, rows as they get whole. */
  rows(picture: Picture, options: PredictOptions): AsyncGenerator<Rows>
  /** The whole result at once. */
  whole(picture: Picture, options: PredictOptions): Promise<Float32Array>
}

/** Computes pictures with a network: in tiles and chunks where it has coordinates, whole where it has none. */
export function createPredictor(model: CompiledModel, network: Network): Predictor {
  const staged = stages(model)
  const predictor = staged ? new Staged(model, network, staged) : new WholePicture(model, network)
  return {
    estimate: (low, options) => predictor.estimate(low, options),
    rows: (picture, options) => predictor.rows(picture, options),
    async whole(picture, options) {
      const { height, width } = options.extent
      const values = new Float32Array(height * width * 3)
      for await (const rows of predictor.rows(picture, options)) values.set(rows.values, rows.from * width * 3)
      return values
    },
  }
}

const pictureInput = (model: CompiledModel): ModelInput => model.inputs.find((input) => input.role === 'image' || input.role === 'enlarged')!

/** Conditions that the text puts on a picture's size, found while shapes were proved. */
function checkSizes(model: CompiledModel, sizes: Readonly<Record<string, number>>): void {
  for (const check of model.checks)
    if (evaluate(check.size, sizes) < check.least) throw new UserError(`a picture of ${sizes['w'] ?? sizes['W']} x ${sizes['h'] ?? sizes['H']} pixels is too small for ${model.name}: ${check.problem}`)
}

const outputOf = (model: CompiledModel, name: string | undefined) => {
  const output = model.outputs.find((candidate) => (name ? candidate.name === name : candidate.role === 'samples' || candidate.role === 'image'))
  if (!output) throw new UserError(`${model.name} has no output ${name}`, `it has ${model.outputs.map((candidate) => candidate.name).join(', ')}`)
  return output
}

/** [lo, hi] becomes [0, 1]. */
const toUnit = (values: Float32Array, [from, to]: readonly [number, number]): Float32Array => values.map((value) => (value - from) / (to - from))

class WholePicture {
  constructor(
    readonly model: CompiledModel,
    readonly network: Network,
  ) {}

  estimate(low: Extent, { extent }: PredictOptions): Estimate {
    const { multiplyAdds, peakBytes } = cost(this.model.graph, { B: 1, h: low.height, w: low.width, H: extent.height, W: extent.width })
    return { multiplyAdds, matching: 0, bytes: peakBytes, tiles: 1, overlap: 0, reach: undefined }
  }

  async *rows(picture: Picture, options: PredictOptions): AsyncGenerator<Rows> {
    const { model } = this
    const { height, width } = options.extent
    checkSizes(model, { B: 1, h: picture.height, w: picture.width, H: height, W: width })
    const input = pictureInput(model)
    const operations = drawOperations(input.by ?? [], createRandom(0), { m: options.m, epoch: 0, epochs: 1 })
    const shown = input.role === 'enlarged' ? degrade(picture, operations, width, height) : picture
    const output = outputOf(model, options.output)
    const values = tf.tidy(() => {
      const tensor = tf.tensor(normalised(shown.data, input.range), [1, shown.height, shown.width, 3])
      return this.network.lower(model.graph, model.name).run({ [input.name]: tensor, target: tf.zeros([1]) })[output.name]!.dataSync() as Float32Array
    })
    if (values.length !== height * width * 3) throw new UserError(`${model.name} enlarges ${model.scale.kind === 'fixed' ? model.scale.value : ''} times, not to ${width} x ${height}`)
    yield { from: 0, to: height, values: toUnit(values, output.range) }
    options.onProgress?.(1)
  }
}

type Tensors = Record<string, tf.Tensor>

class Staged {
  readonly #reach: ReturnType<typeof reach>

  constructor(
    readonly model: CompiledModel,
    readonly network: Network,
    readonly parts: Stages,
  ) {
    this.#reach = reach(parts.features)
  }

  /** One cell more than the encoder's reach: corners read the neighbouring cell. */
  #overlap(options: PredictOptions): number {
    return options.overlap ?? (this.#reach ? this.#reach.positions + 2 : Infinity)
  }

  #tiles(low: Extent, options: PredictOptions): { rows: Stretch[]; columns: Stretch[] } {
    const overlap = this.#overlap(options)
    const grid = this.#reach?.grid ?? 1
    const cut = (length: number): Stretch[] => (Number.isFinite(overlap) ? stretches(length, options.tile ?? tileSide, overlap, grid) : [{ from: 0, to: length, seenFrom: 0, seenTo: length }])
    return { rows: cut(low.height), columns: cut(low.width) }
  }

  #candidateCount({ scope, extent }: PredictOptions): number {
    const all = extent.height * extent.width
    return scope.kind === 'full' ? all : Math.min(scope.count, all)
  }

  estimate(low: Extent, options: PredictOptions): Estimate {
    const { rows, columns } = this.#tiles(low, options)
    const queries = options.extent.height * options.extent.width
    const k = this.parts.keys ? this.#candidateCount(options) : 0
    let encoding = 0
    let bytes = 0
    for (const y of rows)
      for (const x of columns) {
        const { height, width } = extentOf({ y, x })
        const tile = cost(this.parts.features, { B: 1, h: height, w: width })
        encoding += tile.multiplyAdds
        bytes = Math.max(bytes, tile.peakBytes)
      }
    const sizes = { B: 1, h: Math.min(low.height, tileSide), w: Math.min(low.width, tileSide), q: Math.min(chunk, queries), k }
    const decode = cost(this.parts.decode, sizes)
    const without = cost(this.parts.decode, { ...sizes, k: 0 })
    const chunks = queries / sizes.q
    const keys = this.parts.keys ? cost(this.parts.keys, { ...sizes, q: k }) : undefined
    const passes = this.parts.keys && options.scope.kind !== 'raster' && options.scope.kind !== 'tile' && rows.length * columns.length > 1 ? 2 : 1
    return {
      multiplyAdds: passes * encoding + chunks * decode.multiplyAdds + (keys?.multiplyAdds ?? 0),
      matching: chunks * (decode.multiplyAdds - without.multiplyAdds),
      bytes: Math.max(bytes, decode.peakBytes) + (keys?.peakBytes ?? 0),
      tiles: rows.length * columns.length,
      overlap: Number.isFinite(this.#overlap(options)) ? this.#overlap(options) : 0,
      reach: this.#reach?.positions,
    }
  }

  async *rows(picture: Picture, options: PredictOptions): AsyncGenerator<Rows> {
    const { extent, scope } = options
    checkSizes(this.model, { B: 1, h: picture.height, w: picture.width, q: 1 })
    const whole = new Sheet(this.model, this.network, this.parts, picture, options, this.#tiles(picture, options))
    try {
      const shared = this.parts.keys && (scope.kind === 'full' || scope.kind === 'lattice')
      if (shared && this.#keyBytes(options) > keyMemory)
        throw new UserError(`scope ${scope.kind} keeps ${(this.#keyBytes(options) / 1e9).toFixed(1)} GB of texture features, more than ${keyMemory / 1e9} GB`, 'use scope lattice(2304), which agrees with full within 0.001 dB')
      const keys = shared ? whole.keys(scope.kind === 'full' ? everywhere(extent) : lattice(extent, scope.count)) : undefined
      const bands = whole.cuts('rows')
      const columns = whole.cuts('columns')
      let from = 0
      let done = 0
      let pending = new Float32Array(0)
      for (const job of jobs(scope, extent, bands, columns)) {
        const own = job.ownCandidates && this.parts.keys ? whole.keys(job.positions) : undefined
        const values = whole.decode(job.positions, own ?? keys)
        own && tf.dispose(own)
        const last = job.positions.at(-1)!
        const needed = (Math.floor(last / extent.width) + 1 - from) * extent.width * 3
        if (pending.length < needed) {
          const larger = new Float32Array(needed)
          larger.set(pending)
          pending = larger
        }
        job.positions.forEach((position, at) => pending.set(values.subarray(3 * at, 3 * at + 3), 3 * (position - from * extent.width)))
        done += job.positions.length
        options.onProgress?.(done / (extent.height * extent.width))
        if (job.rowsDone > from) {
          const length = (job.rowsDone - from) * extent.width * 3
          yield { from, to: job.rowsDone, values: pending.slice(0, length) }
          pending = pending.slice(length)
          from = job.rowsDone
        }
        await new Promise(setImmediate)
      }
    } finally {
      whole.dispose()
    }
  }

  #keyBytes(options: PredictOptions): number {
    const count = this.#candidateCount(options)
    return this.parts.keyValues.reduce((total, { value }) => {
      const { shape } = this.parts.keys!.values[value]!
      return total + 4 * shape.reduce((product, size) => product * evaluate(size, { B: 1, q: count, h: 1, w: 1 }), 1)
    }, 0)
  }
}

/** One picture on the table: its tiles, their features, and what is computed at positions of the result. */
class Sheet {
  readonly #features = new Map<number, Tensors>()
  readonly #shared: Tensors[] = []
  #held = 0

  constructor(
    readonly model: CompiledModel,
    readonly network: Network,
    readonly parts: Stages,
    readonly picture: Picture,
    readonly options: PredictOptions,
    readonly tiles: { readonly rows: readonly Stretch[]; readonly columns: readonly Stretch[] },
  ) {}

  /** Rows or columns of the result where tiles meet. */
  cuts(axis: 'rows' | 'columns'): number[] {
    const [low, high] = axis === 'rows' ? [this.picture.height, this.options.extent.height] : [this.picture.width, this.options.extent.width]
    return [...this.tiles[axis].map((stretch) => firstOutput(stretch.from, low, high)), high]
  }

  /** What `best_match` chooses from, at these positions, in their order. */
  keys(positions: Int32Array): Tensors {
    const pieces = this.#grouped(positions).map(({ tile, at }) => ({ at, outputs: this.#compute(this.parts.keys!, tile, positions, at, {}) }))
    const joined = Object.fromEntries(
      this.parts.keyValues.map(({ name }) => [
        name,
        tf.tidy(() => {
          const rows = tf.concat(pieces.map(({ outputs }) => outputs[name]!), 1)
          const order = new Int32Array(positions.length)
          let row = 0
          for (const { at } of pieces) for (const index of at) order[index] = row++
          return tf.gather(rows, tf.tensor1d(order, 'int32'), 1)
        }),
      ]),
    )
    pieces.forEach(({ outputs }) => tf.dispose(outputs))
    this.#shared.push(joined)
    return joined
  }

  /** Values in [0, 1] at positions, three a position. */
  decode(positions: Int32Array, keys: Tensors | undefined): Float32Array {
    const output = outputOf(this.model, this.options.output)
    const values = new Float32Array(positions.length * 3)
    for (const { tile, at } of this.#grouped(positions)) {
      const outputs = this.#compute(this.parts.decode, tile, positions, at, keys ?? {})
      const computed = outputs[output.name]!.dataSync() as Float32Array
      at.forEach((index, row) => values.set(computed.subarray(3 * row, 3 * row + 3), 3 * index))
      tf.dispose(outputs)
    }
    return toUnit(values, output.range)
  }

  dispose(): void {
    this.#features.forEach((features) => tf.dispose(features))
    this.#shared.forEach((keys) => tf.dispose(keys))
    this.#features.clear()
  }

  /** Positions by tile, in chunks; `at` are indices into `positions`. */
  #grouped(positions: Int32Array): { tile: number; at: Int32Array }[] {
    const { extent } = this.options
    const groups = new Map<number, number[]>()
    const { rows, columns } = this.tiles
    positions.forEach((position, at) => {
      const y = lowPosition(Math.floor(position / extent.width), this.picture.height, extent.height)
      const x = lowPosition(position % extent.width, this.picture.width, extent.width)
      const tile = stretchOf(rows, y) * columns.length + stretchOf(columns, x)
      const group = groups.get(tile)
      if (group) group.push(at)
      else groups.set(tile, [at])
    })
    return [...groups].flatMap(([tile, at]) => Array.from({ length: Math.ceil(at.length / chunk) }, (_, part) => ({ tile, at: Int32Array.from(at.slice(part * chunk, (part + 1) * chunk)) })))
  }

  #tile(index: number): Tile {
    const { rows, columns } = this.tiles
    return { y: rows[Math.floor(index / columns.length)]!, x: columns[index % columns.length]! }
  }

  #compute(graph: Stages['decode'], index: number, positions: Int32Array, at: Int32Array, keys: Tensors): Tensors {
    const features = this.#featuresOf(index)
    return tf.tidy(() => {
      const { coord, cell } = this.#queries(this.#tile(index), positions, at)
      const inputs: Tensors = { ...features, ...keys }
      for (const input of this.model.inputs) {
        if (input.role === 'coordinates') inputs[input.name] = coord
        if (input.role === 'cell') inputs[input.name] = cell
      }
      return this.network.lower(graph, `${this.model.name}_stage`).run(inputs)
    })
  }

  /** Coordinates and cells of positions in the frame of what a tile's encoder sees. */
  #queries(tile: Tile, positions: Int32Array, at: Int32Array): { coord: tf.Tensor; cell: tf.Tensor } {
    const { extent, m, cellClip } = this.options
    const { height, width } = this.picture
    const axis = (stretch: Stretch, low: number, high: number) => {
      const seen = stretch.seenTo - stretch.seenFrom
      const isWhole = seen === low
      return {
        centre: (index: number): number => (isWhole ? pixelCentre(index, high) : (2 * (lowPosition(index, low, high) - stretch.seenFrom)) / seen - 1),
        cell: ((2 / high) * low) / seen,
      }
    }
    const y = axis(tile.y, height, extent.height)
    const x = axis(tile.x, width, extent.width)
    const clip = cellClip === undefined ? 1 : Math.max(m / cellClip, 1)
    const coord = new Float32Array(at.length * 2)
    const cell = new Float32Array(at.length * 2)
    at.forEach((index, row) => {
      const position = positions[index]!
      coord[2 * row] = y.centre(Math.floor(position / extent.width))
      coord[2 * row + 1] = x.centre(position % extent.width)
      cell[2 * row] = y.cell * clip
      cell[2 * row + 1] = x.cell * clip
    })
    return { coord: tf.tensor(coord, [1, at.length, 2]), cell: tf.tensor(cell, [1, at.length, 2]) }
  }

  /** Features of a tile, kept while there is memory; the one that was used longest ago goes first. */
  #featuresOf(index: number): Tensors {
    const known = this.#features.get(index)
    if (known) {
      this.#features.delete(index)
      this.#features.set(index, known)
      return known
    }
    const tile = this.#tile(index)
    const { height, width } = extentOf(tile)
    const input = pictureInput(this.model)
    const part = crop(this.picture, tile.x.seenFrom, tile.y.seenFrom, width, height)
    const picture = tf.tensor(normalised(part.data, input.range), [1, height, width, 3])
    const features = { ...tf.tidy(() => this.network.lower(this.parts.features, `${this.model.name}_features`).run({ [input.name]: picture })), [input.name]: picture }
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
}

const bytesOf = (tensors: Tensors): number => Object.values(tensors).reduce((total, tensor) => total + 4 * tensor.size, 0)
