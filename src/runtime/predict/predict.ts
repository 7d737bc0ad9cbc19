import * as tf from '@tensorflow/tfjs'
import { bytesAt, cost } from '../../compiler/ir/cost.ts'
import type { Graph } from '../../compiler/ir/graph.ts'
import { Arena } from '../../compiler/kernels/passes/arena.ts'
import { sizeOf } from '../../compiler/kernels/value.ts'
import { reach, type Reach } from '../../compiler/passes/reach.ts'
import { splitLinear } from '../../compiler/passes/split-linear.ts'
import { stages, type Stages } from '../../compiler/passes/stages.ts'
import type { CompiledModel, Scope } from '../../compiler/plan.ts'
import { evaluate, symbols } from '../../compiler/shapes/size.ts'
import { UserError } from '../../errors.ts'
import { degrade } from '../data/degrade.ts'
import type { Picture } from '../data/picture.ts'
import { engineBytes } from '../engine/index.ts'
import { createRandom } from '../files/random.ts'
import type { Network } from '../network/network.ts'
import { normalised } from '../train/batch.ts'
import { drawOperations } from '../train/per-item.ts'
import { everywhere, jobs, lattice, type Extent } from './candidates.ts'
import { outputOf, pictureInput, toUnit } from './roles.ts'
import { chunk, featureMemory, Sheet } from './sheet.ts'
import { coreOf, seenOf, stretches, type Stretch } from './tiles.ts'

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
  /** Keys are kept up to this many bytes; more are made and compared block by block. */
  readonly keyMemory?: number
  /** The output to compute; the samples or image output without it. */
  readonly output?: string
  readonly onProgress?: (share: number) => void
}

/** What a prediction will take. */
export interface Estimate {
  readonly multiplyAdds: number
  /** Of which comparing in `best_match`. */
  readonly matching: number
  /** What the process is predicted to hold at its fullest, the engine included. */
  readonly bytes: number
  readonly tiles: number
  /** Overlap used, and the reach of the network; equal for results that do not depend on the tiling. */
  readonly overlap: number
  readonly reach: number | undefined
  /** The op that looks at the whole picture at once, which therefore cannot be cut, and where it stands. */
  readonly whole?: string
}

/** Rows of the result, top to bottom: values where 0 is black and 1 is white, not clamped. */
export interface Rows {
  readonly from: number
  readonly to: number
  /** (to - from) * width * 3 */
  readonly values: Float32Array
}

/** A stage is rehearsed so often with the same sizes; after that memory looks as before. */
const rehearsals = 8
/** What a graph takes that is loaded for some sizes, in bytes; measured. */
const sessionBytes = 10e6
/** The engine and the weights: as they were read, in layers and in a session. */
const processBytes = ({ weights }: Network): number =>
  engineBytes + 3 * 4 * weights.reduce((total, { shape }) => total + sizeOf(shape), 0)
/** Side of a tile in low-resolution positions. */
const tileSide = 128
/** Keys are kept in memory up to here unless the options say otherwise. */
const keyMemory = 500_000_000
/** Keys that are made and compared at once where they are streamed. */
const keyBlock = 8192
/** Beyond this the matches of a whole picture are refused. */
const matchMemory = 6_000_000_000

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

/** Conditions that the text puts on a picture's size, found while shapes were proved. */
function checkSizes(model: CompiledModel, sizes: Readonly<Record<string, number>>): void {
  for (const check of model.checks)
    if (evaluate(check.size, sizes) < check.least)
      throw new UserError(
        `a picture of ${sizes['w'] ?? sizes['W']} x ${sizes['h'] ?? sizes['H']} pixels is too small for ${model.name}: ${check.problem}`,
      )
}

class WholePicture {
  constructor(
    readonly model: CompiledModel,
    readonly network: Network,
  ) {}

  estimate(low: Extent, { extent }: PredictOptions): Estimate {
    const sizes = { B: 1, h: low.height, w: low.width, H: extent.height, W: extent.width }
    const { multiplyAdds } = cost(this.model.graph, sizes)
    const arena = new Arena()
    this.network.rehearse(this.model.graph, sizes, arena)
    const bytes = processBytes(this.network) + arena.residentBytes
    return { multiplyAdds, matching: 0, bytes, tiles: 1, overlap: 0, reach: undefined }
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
      return this.network
        .lower(model.graph, model.name)
        .run({ [input.name]: tensor })
        [output.name]!.dataSync() as Float32Array
    })
    if (values.length !== height * width * 3)
      throw new UserError(
        `${model.name} enlarges ${model.scale.kind === 'fixed' ? model.scale.value : ''} times, not to ${width} x ${height}`,
      )
    yield { from: 0, to: height, values: toUnit(values, output.range) }
    options.onProgress?.(1)
  }
}

class Staged {
  readonly #reach: Reach | undefined
  readonly #whole: string | undefined

  constructor(
    readonly model: CompiledModel,
    readonly network: Network,
    readonly parts: Stages,
  ) {
    const found = reach(parts.features)
    if ('whole' in found) this.#whole = `${found.whole.op} in ${found.whole.path || model.name}`
    else this.#reach = found
  }

  /** One cell more than the encoder's reach: corners read the neighbouring cell. */
  #overlap(options: PredictOptions): number {
    return options.overlap ?? (this.#reach ? this.#reach.positions + 2 : Infinity)
  }

  #tiles(low: Extent, options: PredictOptions): { rows: Stretch[]; columns: Stretch[] } {
    const overlap = this.#overlap(options)
    const grid = this.#reach?.grid ?? 1
    const cut = (length: number): Stretch[] =>
      Number.isFinite(overlap)
        ? stretches(length, options.tile ?? tileSide, overlap, grid)
        : [{ from: 0, to: length, seenFrom: 0, seenTo: length, coreFrom: 0, coreTo: length }]
    return { rows: cut(low.height), columns: cut(low.width) }
  }

  #candidateCount({ scope, extent }: PredictOptions): number {
    const all = extent.height * extent.width
    return scope.kind === 'full' ? all : Math.min(scope.count, all)
  }

  estimate(low: Extent, options: PredictOptions): Estimate {
    const { rows, columns } = this.#tiles(low, options)
    const { features, keys, decode: plain, hoisted } = this.parts
    const queries = options.extent.height * options.extent.width
    const shared = options.scope.kind === 'full' || options.scope.kind === 'lattice'
    const streams = this.#streams(options)
    const k = keys ? this.#candidateCount(options) : 0
    const keysAtOnce = streams ? this.#blockOf(options) : k
    const tiles = rows.flatMap((y) => columns.map((x) => ({ seen: seenOf({ y, x }), core: coreOf({ y, x }) })))
    const arena = new Arena()
    let multiplyAdds = 0
    const sessions = new Map<string, { readonly multiplyAdds: number; rehearsals: number }>()
    /** Computes a stage, in thought; what it gives stays in memory until the result is called. */
    const stage = (graph: Graph, sizes: Readonly<Record<string, number>>, times = 1): (() => void) => {
      const key = JSON.stringify([graph.outputs, sizes])
      const session = sessions.get(key) ?? {
        multiplyAdds: cost(splitLinear(graph, sizes).graph, sizes).multiplyAdds,
        rehearsals: 0,
      }
      sessions.set(key, session)
      multiplyAdds += times * session.multiplyAdds
      session.rehearsals += 1
      return session.rehearsals <= rehearsals ? this.network.rehearse(graph, sizes, arena) : () => undefined
    }
    let featureBytes = 0
    const kept: { readonly free: () => void; readonly bytes: number }[] = []
    for (const { seen, core } of tiles) {
      const given = stage(features, sizesOf(seen), keys && shared && tiles.length > 1 ? 2 : 1)
      const bytes = outputBytes(features, sizesOf(core))
      kept.push({ free: arena.allocate(bytes), bytes })
      given()
      for (featureBytes += bytes; featureBytes > featureMemory && kept.length > 1;) {
        const oldest = kept.shift()!
        featureBytes -= oldest.bytes
        oldest.free()
      }
    }
    const largest = tiles[0]!.core
    const sizes = { ...sizesOf(largest), q: Math.min(chunk, queries), k }
    if (keys) {
      // The parts that tiles make, joined, then in the order of the positions.
      const bytes = outputBytes(keys, { ...sizes, q: keysAtOnce })
      const made = stage(keys, { ...sizes, q: Math.min(chunk, keysAtOnce) }, (shared ? k : queries) / Math.min(chunk, keysAtOnce))
      const joined = [arena.allocate(bytes), arena.allocate(bytes), arena.allocate(bytes)]
      made()
      joined.slice(1).forEach((free) => free())
    }
    const before = multiplyAdds
    if (hoisted && shared) {
      const all = streams ? arena.allocate(this.#matchBytes(low)) : undefined
      for (const { core } of tiles) stage(hoisted.match, { ...this.#rowCounts(core), B: 1, k: keysAtOnce }, k / keysAtOnce)()
      all?.()
    }
    if (hoisted && !shared) stage(hoisted.match, { ...this.#rowsMet(largest, low, options), B: 1, k }, queries / k)()
    const matching = multiplyAdds - before
    const found = hoisted ? arena.allocate(this.#matchBytes(streams ? low : largest)) : undefined
    stage(hoisted ? hoisted.decode : plain, sizes, queries / sizes.q)()
    found?.()
    return {
      multiplyAdds,
      matching,
      bytes: processBytes(this.network) + sessionBytes * sessions.size + arena.residentBytes,
      tiles: rows.length * columns.length,
      overlap: Number.isFinite(this.#overlap(options)) ? this.#overlap(options) : 0,
      reach: this.#reach?.positions,
      ...(this.#whole !== undefined && { whole: this.#whole }),
    }
  }

  async *rows(picture: Picture, options: PredictOptions): AsyncGenerator<Rows> {
    const { extent, scope } = options
    checkSizes(this.model, { B: 1, h: picture.height, w: picture.width, q: 1 })
    const feather = this.#reach && this.#overlap(options) < this.#reach.positions ? Math.floor(this.#overlap(options) / 2) : 0
    const whole = new Sheet(this.model, this.network, this.parts, picture, options, { ...this.#tiles(picture, options), feather })
    try {
      const shared = this.parts.keys && (scope.kind === 'full' || scope.kind === 'lattice')
      const streams = this.#streams(options)
      const held = streams ? this.#matchBytes(picture) : shared ? this.#keyBytes(options) : 0
      if (held > matchMemory)
        throw new UserError(
          `scope ${scope.kind} keeps ${(held / 1e9).toFixed(1)} GB of texture features, more than ${matchMemory / 1e9} GB`,
          'use scope lattice(2304), which agrees with full within 0.001 dB',
        )
      const chosen = shared ? (scope.kind === 'full' ? everywhere(extent) : lattice(extent, scope.count)) : undefined
      const keys = chosen && !streams ? whole.keys(chosen) : undefined
      /** Where matching is streamed, it is most of the work. */
      const matchShare = streams ? 0.9 : 0
      if (chosen && streams)
        await whole.matchStreamed(chosen, this.#blockOf(options), (share) => options.onProgress?.(matchShare * share))
      const bands = whole.cuts('rows')
      const columns = whole.cuts('columns')
      let from = 0
      let done = 0
      let pending = new Float32Array(0)
      for (const job of jobs(scope, extent, bands, columns)) {
        const own = job.ownCandidates && this.parts.keys ? whole.keys(job.positions) : undefined
        const values = whole.decode(job.positions, own ?? keys, job.ownCandidates)
        if (own) tf.dispose(own)
        const last = job.positions.at(-1)!
        const needed = (Math.floor(last / extent.width) + 1 - from) * extent.width * 3
        if (pending.length < needed) {
          const larger = new Float32Array(needed)
          larger.set(pending)
          pending = larger
        }
        job.positions.forEach((position, at) =>
          pending.set(values.subarray(3 * at, 3 * at + 3), 3 * (position - from * extent.width)),
        )
        done += job.positions.length
        options.onProgress?.(matchShare + (1 - matchShare) * (done / (extent.height * extent.width)))
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

  /** Whether keys are made and compared block by block. */
  #streams(options: PredictOptions): boolean {
    const shared = options.scope.kind === 'full' || options.scope.kind === 'lattice'
    return shared && this.parts.hoisted !== undefined && this.#keyBytes(options) > (options.keyMemory ?? keyMemory)
  }

  #blockOf(options: PredictOptions): number {
    const each = this.#keyBytes(options) / this.#candidateCount(options)
    return Math.max(16, Math.min(keyBlock, Math.floor((options.keyMemory ?? keyMemory) / each)))
  }

  /** How many rows the matched maps of an encoded picture have, as the match stage names them. */
  #rowCounts(low: Extent): Record<string, number> {
    const { maps, match } = this.parts.hoisted!
    const { inputs, values } = this.parts.hoisted!.decode
    return Object.fromEntries(
      maps.map(({ rows, feature }) => {
        const [count] = symbols(match.values[match.inputs.find(({ name }) => name === rows)!.value]!.shape[1]!)
        const [, height, width] = values[inputs.find(({ name }) => name === feature)!.value]!.shape
        return [count!, evaluate(height!, sizesOf(low)) * evaluate(width!, sizesOf(low))]
      }),
    )
  }

  /** About how many of them one chunk meets, where chunks are their own candidates. */
  #rowsMet(core: Extent, low: Extent, { scope, extent }: PredictOptions): Record<string, number> {
    const count = scope.kind === 'full' ? extent.height * extent.width : scope.count
    const side = scope.kind === 'tile' ? Math.sqrt(count) : undefined
    const height = Math.min(core.height, ((side ?? count / extent.width) * low.height) / extent.height + 2)
    const width = side ? Math.min(core.width, (side * low.width) / extent.width + 2) : core.width
    return Object.fromEntries(Object.keys(this.#rowCounts(core)).map((name) => [name, Math.ceil(height * width)]))
  }

  /** The best matches of every position of the encoder's map. */
  #matchBytes(low: Extent): number {
    return outputBytes(this.parts.hoisted!.match, { ...this.#rowCounts(low), B: 1, k: 1 })
  }

  #keyBytes(options: PredictOptions): number {
    return outputBytes(this.parts.keys!, { B: 1, q: this.#candidateCount(options), h: 1, w: 1 })
  }
}

/** What a graph gives, in bytes. */
const outputBytes = (graph: Graph, sizes: Readonly<Record<string, number>>): number =>
  graph.outputs.reduce((total, { value }) => total + bytesAt(graph, value, sizes), 0)

const sizesOf = ({ height, width }: Extent): Record<string, number> => ({ B: 1, h: height, w: width })
