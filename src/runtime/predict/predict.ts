import * as tf from '@tensorflow/tfjs'
import { reach, type Reach } from '../../compiler/passes/reach.ts'
import { separable, type Separable } from '../../compiler/passes/separable.ts'
import { stages, type Stages } from '../../compiler/passes/stages.ts'
import type { CompiledModel, Scope } from '../../compiler/plan.ts'
import { evaluate } from '../../compiler/shapes/size.ts'
import { UserError } from '../../errors.ts'
import { degrade } from '../data/degrade.ts'
import type { Picture } from '../data/picture.ts'
import type { PictureSource } from '../data/source.ts'
import { createRandom } from '../files/random.ts'
import { cellIn, clipOf, pictureValues, tensorsOf } from '../network/per-picture.ts'
import type { Network } from '../network/network.ts'
import { isLuma, normalised } from '../network/normalised.ts'
import { drawOperations } from '../network/per-item.ts'
import { Canvas, type Block, type Computed, type Rows } from './canvas.ts'
import { rehearse, secondsByKind, sumOf } from './estimate.ts'
import { scopeText } from './candidates.ts'
import { countOf, inside, partOf, type Extent, type Rectangle } from './places.ts'
import {
  encodedPlaces,
  highPlace,
  largestAhead,
  lowPlace,
  tileOver,
  without,
  type Encoded,
  type KeptFeatures,
} from './kept-features.ts'
import { Course, type Progress } from './progress.ts'
import { outputOf, pictureInput } from './roles.ts'
import {
  bandOf,
  keyBytes,
  keysAtOnce,
  paintedSchedule,
  matchBytes,
  sharedCandidates,
  plainSchedule,
  single,
  stagedSchedule,
  encoding,
  featureBytes,
  tileAt,
  type Schedule,
  type Step,
  type TilePlan,
} from './schedule.ts'
import { Sheet } from './sheet.ts'
import { coloured, thrice } from './luma.ts'
import { projected, widened } from './projected.ts'
import { seenOf, stretchAround, stretches, type Stretch, type Tile } from './tiles.ts'
import { noWork, secondsOf, usualPace, workOf, type Pace, type Work } from './work.ts'

export interface PredictOptions {
  /** The size of the result. */
  readonly extent: Extent
  /** The part of it that is computed, all of it without one. Scopes stay what they are of the whole. */
  readonly part?: Rectangle
  /** The part is computed as one tile of its own: any part that asks so agrees with the whole, and those of one size are one graph. */
  readonly alone?: boolean
  /** What `best_match` chooses from in the whole picture (`Predictor.keys`), where the part is computed alone. */
  readonly keys?: Keys
  /** Features of a tile that has the part; the part is computed from them alone. */
  readonly encoded?: Encoded
  /** The enlargement, as the cell clip and picture operations read it. */
  readonly m: number
  readonly scope: Scope
  /** Cells are multiplied by max(m / clip, 1). */
  readonly cellClip?: number
  /** How often the result is projected onto the picture (`projected`); not at all without it. */
  readonly backProjection?: number
  /** How strongly the picture was compressed (`strengthOf`), for a network that takes it; 0 without it. */
  readonly compression?: number
  /** Low-resolution positions along the side of a tile, its overlap apart. */
  readonly tile?: number
  /** Overlap in low-resolution positions; the network's reach when it is left out. */
  readonly overlap?: number
  /** Keys are kept up to this many bytes; more are made and compared block by block. */
  readonly keyMemory?: number
  /** The output to compute; the samples or image output without it. */
  readonly output?: string
  /** The rows are written to a file, which takes its time too. */
  readonly writes?: boolean
  readonly onProgress?: (progress: Progress) => void
  /** All is prepared, and the steps begin. */
  readonly onStart?: () => void
  /** Gets what a step took, until whoever has the rows asks for more. */
  readonly onStep?: (step: Step, work: Work, seconds: number) => void
}

/** How a model's text says that pictures are computed; another scope goes before its own. Of what was compressed (`strengthOf`) nothing is projected onto it. */
export const asWritten = (
  { evaluate: { scope, cellClip, backProjection } }: CompiledModel,
  other?: Scope,
  compression = 0,
): Pick<PredictOptions, 'scope' | 'cellClip' | 'backProjection'> => ({
  scope: other ?? scope,
  ...(cellClip !== undefined && { cellClip }),
  ...(backProjection > 0 && compression === 0 && { backProjection }),
})

/** A place of the result in 8 bits, RGB. */
export interface Piece {
  readonly place: Rectangle
  readonly bytes: Uint8Array
}

const pieceOf = (part: Rectangle, rows: Rows): Piece => ({
  place: { ...part, top: rows.from, bottom: rows.to },
  bytes: rows.bytes(),
})

/** Keys of a whole picture, for its parts. Dispose of them. */
export interface Keys {
  readonly tensors: Readonly<Record<string, tf.Tensor>>
  dispose(): void
}

/** What a prediction will take. */
export interface Estimate {
  readonly seconds: number
  readonly multiplyAdds: number
  /** Of which comparing in `best_match`. */
  readonly matching: number
  /** What the process is predicted to hold at its fullest, the engine included. */
  readonly bytes: number
  readonly tiles: number
  /** Overlap used, and the reach of the network; equal for results that do not depend on the tiling. */
  readonly overlap: number
  readonly reach: number | undefined
  /** What looks at a whole picture at once that would be cut otherwise: an op, and where it stands. */
  readonly whole?: string
}

export type { Rows } from './canvas.ts'

/** Side of a tile in low-resolution positions. */
const tileSide = 128
/** The same of a network without coordinates, which computes the overlap of its tiles at all its depth. */
const plainSide = 512
/** Beyond this the matches of a whole picture are refused. */
const matchMemory = 6_000_000_000

export interface Predictor {
  /** The work on a picture, step by step. */
  schedule(low: Extent, options: PredictOptions): Schedule
  estimate(low: Extent, options: PredictOptions): Estimate
  /** Seconds that pictures will take, one after the other. */
  seconds(pictures: readonly { readonly low: Extent; readonly options: PredictOptions }[]): number[]
  /** @throws UserError where parts cannot be computed alone: what one chooses from, or depends on, is more than what is around it. */
  checkParts(options: PredictOptions): void
  /** Keys that all parts of a picture choose from, made of what is around each; undefined where nothing is matched. */
  keys(picture: PictureSource, options: PredictOptions): Promise<Keys | undefined>
  /** The result, rows as they get whole. */
  rows(picture: PictureSource, options: PredictOptions): AsyncGenerator<Rows>
  /** Whether features depend on the enlargement too, and are not to be kept for another. */
  readonly encodesByScale: boolean
  /** The part that is asked for, piece by piece: first what features are kept of, then what is nearest to its middle. What is encoded is kept. */
  pieces(picture: PictureSource, options: PredictOptions, kept: KeptFeatures): AsyncGenerator<Piece>
  /** Encodes what a part will need, place by place, and keeps it. */
  ahead(picture: PictureSource, options: PredictOptions, kept: KeptFeatures): AsyncGenerator<void>
  /** The whole result at once, or the part of it that is asked for. */
  whole(picture: PictureSource, options: PredictOptions): Promise<Float32Array>
}

/** What does the steps of a picture's schedule. */
interface Table {
  run(step: Step): Promise<Computed | Block | undefined>
  dispose(): void
}

/** How a network's pictures are computed. */
interface Manner {
  schedule(low: Extent, options: PredictOptions): Schedule
  /** Overlap that is used, and the reach of the network. */
  facts(options: PredictOptions): Pick<Estimate, 'overlap' | 'reach'>
  /** What cannot be cut. */
  readonly whole?: string | undefined
  /** See `Predictor.keys`. */
  keys(picture: PictureSource, options: PredictOptions): Promise<Keys | undefined>
  /** Features of a place of the picture, and what is around it; undefined where that is no stage of its own. */
  encode?(picture: PictureSource, place: Rectangle, options: PredictOptions): Promise<Encoded>
  /** @throws UserError where the picture cannot be computed. */
  table(picture: PictureSource, schedule: Schedule, options: PredictOptions): Table
}

/** Computes pictures with a network: in tiles and chunks where it has coordinates, whole where it has none. `pace`: of this machine. */
export function createPredictor(model: CompiledModel, network: Network, pace: Pace = usualPace): Predictor {
  const staged = stages(model)
  const manner = staged ? inStages(model, network, staged) : plain(model, network)
  /** Rows of the output as it is computed; of luma each value three times. */
  async function* computed(picture: PictureSource, options: PredictOptions): AsyncGenerator<Rows> {
    const schedule = manner.schedule(picture, options)
    const table = manner.table(picture, schedule, options)
    const output = outputOf(model, options.output)
    const canvas = new Canvas(partOf(options), output.range)
    const course = options.onProgress && new Course(secondsByKind(schedule, network.rehearsal(), options, pace))
    const rehearsal = network.rehearsal()
    options.onStart?.()
    try {
      for (const step of schedule.steps) {
        const { work } = workOf(step, rehearsal, options)
        const start = performance.now()
        const made = await table.run(step)
        const shown = made && isLuma(output) ? { ...made, values: thrice(made.values) } : made
        if (shown && 'place' in shown) canvas.put(shown)
        else if (shown) canvas.add(shown)
        if (step.do === 'rows') yield canvas.take(step.from, step.to)
        const seconds = (performance.now() - start) / 1000
        options.onStep?.(step, work, seconds)
        course?.took(step.do, secondsOf(work, pace), seconds)
        if (course) options.onProgress!(course.progress)
        if ('call' in step) await new Promise(setImmediate)
      }
    } finally {
      table.dispose()
    }
  }
  /** A part by kept features, and by such as are kept from now on. */
  async function* fromKept(
    picture: PictureSource,
    options: PredictOptions,
    kept: KeptFeatures,
  ): AsyncGenerator<{ readonly place: Rectangle; readonly rows: Rows }> {
    const part = partOf(options)
    const wanted = lowPlace(part, picture, options.extent)
    const shown = async function* (low: Rectangle, encoded: Encoded) {
      for (const place of inside([highPlace(low, picture, options.extent)], part))
        for await (const rows of computed(picture, { ...options, part: place, encoded }))
          yield { place: { ...place, top: rows.from, bottom: rows.to }, rows }
      kept.touch(encoded)
      await new Promise(setImmediate)
    }
    const { known } = kept.divide(wanted)
    for (const { place, encoded } of known) yield* shown(place, encoded)
    for await (const { places, encoded } of encodeMissing(picture, options, kept))
      for (const place of places) yield* shown(place, encoded)
  }
  /** Encodes what a part needs and is not kept, and keeps it: place after place, with those of the missing ones that each has. */
  async function* encodeMissing(picture: PictureSource, options: PredictOptions, kept: KeptFeatures, largest?: number) {
    const wanted = lowPlace(partOf(options), picture, options.extent)
    let { missing } = kept.divide(wanted)
    for (const place of encodedPlaces(missing, picture, wanted, largest)) {
      const places = inside(missing, place)
      if (places.length === 0) continue
      missing = missing.flatMap((each) => without(each, place))
      const encoded = await manner.encode!(picture, place, options)
      kept.add(encoded)
      yield { places, encoded }
    }
  }
  return {
    schedule: (low, options) => manner.schedule(low, options),
    estimate(low, options) {
      const schedule = manner.schedule(low, options)
      const { seconds, ...taken } = rehearse(schedule, low, network, options, pace)
      const { rows, columns } = schedule.tiles
      return {
        seconds: sumOf(seconds),
        ...taken,
        tiles: rows.length * columns.length,
        ...manner.facts(options),
        ...(manner.whole !== undefined &&
          Math.max(low.width, low.height) > (options.tile ?? tileSide) && { whole: manner.whole }),
      }
    },
    seconds(pictures) {
      const rehearsal = network.rehearsal()
      return pictures.map(({ low, options }) => sumOf(secondsByKind(manner.schedule(low, options), rehearsal, options, pace)))
    },
    checkParts({ scope }) {
      if (manner.whole !== undefined)
        throw new UserError(
          `${model.name} looks at the whole picture at once (${manner.whole}): it cannot be computed in parts`,
          'enlarge fields that are cut out, or take another network',
        )
      if (staged?.keys && scope.kind !== 'lattice')
        throw new UserError(
          `scope ${scopeText(scope)} is not known to a part by itself`,
          'take --scope "lattice(2304)": all parts choose from the same positions',
        )
    },
    keys: (picture, options) => manner.keys(picture, options),
    encodesByScale: model.inputs.some(
      ({ role, name }) => (role === 'scale' || role === 'cell') && staged?.features.inputs.some((input) => input.name === name),
    ),
    async *rows(picture, options) {
      const turns = options.output === undefined ? (options.backProjection ?? 0) : 0
      if (turns > 0) {
        const { extent } = options
        const part = partOf(options)
        const wide = widened(part, picture, extent, turns)
        const plain = this.rows(picture, { ...options, part: wide, backProjection: 0 })
        return yield* projected(plain, picture, { extent, part, wide, turns }, (from, to) =>
          options.onStep?.({ do: 'project', from, to }, noWork, 0),
        )
      }
      const output = outputOf(model, options.output)
      if (isLuma(output)) yield* coloured(computed(picture, options), picture, { extent: options.extent, part: partOf(options) })
      else yield* computed(picture, options)
    },
    async *pieces(picture, options, kept) {
      const { extent, backProjection: turns = 0 } = options
      const part = partOf(options)
      if (!manner.encode || isLuma(outputOf(model, options.output))) {
        for await (const rows of this.rows(picture, { ...options, alone: true })) yield pieceOf(part, rows)
      } else if (turns === 0) {
        for await (const { place, rows } of fromKept(picture, options, kept)) yield pieceOf(place, rows)
      } else {
        const wide = widened(part, picture, extent, turns)
        const canvas = new Canvas(wide, [0, 1])
        for await (const { place, rows } of fromKept(picture, { ...options, part: wide }, kept))
          canvas.put({ place, values: rows.values() })
        const plain = (async function* () {
          yield canvas.take(wide.top, wide.bottom)
        })()
        for await (const rows of projected(plain, picture, { extent, part, wide, turns }, () => undefined))
          yield pieceOf(part, rows)
      }
    },
    async *ahead(picture, options, kept) {
      if (!manner.encode || !kept.hasRoom) return
      for await (const _ of encodeMissing(picture, options, kept, largestAhead)) {
        if (!kept.hasRoom) return
        yield
      }
    },
    async whole(picture, options) {
      const { top, bottom, left, right } = partOf(options)
      const stride = (right - left) * 3
      const values = new Float32Array((bottom - top) * stride)
      for await (const rows of this.rows(picture, options)) values.set(rows.values(), (rows.from - top) * stride)
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

/** A network without coordinates, from the picture itself or from it enlarged. */
function plain(model: CompiledModel, network: Network): Manner {
  const input = pictureInput(model)
  const found = input.role === 'image' ? reach(model.graph) : undefined
  const reached = found && 'positions' in found ? found : undefined
  const whole = found ? ('whole' in found ? wholeText(found.whole, model) : undefined) : 'its input is the picture enlarged'
  const overlapOf = ({ overlap }: PredictOptions): number => overlap ?? reached?.positions ?? 0
  const tilesOf = (low: Extent, options: PredictOptions): TilePlan => {
    if (options.alone && reached) return tileAround(low, options, overlapOf(options), reached.grid)
    const side = options.tile ?? plainSide
    const cut = (length: number, size: number): Stretch[] =>
      reached ? stretches(length, size, overlapOf(options), reached.grid) : [single(length)]
    return { rows: cut(low.height, bandOf(side, low, options)), columns: cut(low.width, side), feather: 0 }
  }
  return {
    schedule: (low, options) => plainSchedule(model.graph, tilesOf(low, options), low, options),
    facts: (options) => ({
      overlap: overlapOf(options),
      reach: reached?.positions,
    }),
    whole,
    keys: () => Promise.resolve(undefined),
    table(picture, { tiles }, { extent: { height, width }, m, cellClip, output, compression }) {
      checkSizes(model, { B: 1, h: picture.height, w: picture.width, H: height, W: width })
      const wanted = outputOf(model, output).name
      const misfit = (): UserError =>
        new UserError(
          `${model.name} enlarges ${model.scale.kind === 'fixed' ? model.scale.value : ''} times, not to ${width} x ${height}`,
        )
      const shownTo = async (tile: Tile): Promise<Picture> => {
        const { height: rows, width: columns } = seenOf(tile)
        const seen = await picture.region(tile.x.seenFrom, tile.y.seenFrom, columns, rows)
        if (input.role === 'image') return seen
        return degrade(seen, drawOperations(input.by ?? [], createRandom(0), { m, epoch: 0, epochs: 1 }, 'whole'), width, height)
      }
      const clip = clipOf(m, cellClip)
      /** In the frame of a part of the picture of so many low-resolution rows and columns. */
      const facts = (rows: number, columns: number) => {
        const cell = [cellIn(rows, picture.height, height), cellIn(columns, picture.width, width)].map((size) => clip * size) as [
          number,
          number,
        ]
        return tensorsOf(model, pictureValues(model, { cell, scale: m, compression }))
      }
      let seen: Picture | undefined
      return {
        async run(step) {
          if (step.do === 'read') seen = await shownTo(tileAt(tiles, step.tile))
          if (step.do !== 'picture') return undefined
          const tile = tileAt(tiles, step.tile)
          const shown = seen!
          seen = undefined
          const { place } = step
          const computed = tf.tidy(() => {
            const { height: rows, width: columns } = seenOf(tile)
            const channels = isLuma(input) ? 1 : 3
            const tensor = tf.tensor(normalised(shown.data, input), [1, shown.height, shown.width, channels])
            const made = network.lower(model.graph, model.name).run({ ...facts(rows, columns), [input.name]: tensor })[wanted]!
            const [, down, across, depth] = made.shape as [number, number, number, number]
            if (down * picture.height !== height * rows || across * picture.width !== width * columns) throw misfit()
            const begin = [
              ((tile.y.from - tile.y.seenFrom) * down) / rows,
              ((tile.x.from - tile.x.seenFrom) * across) / columns,
            ] as const
            return tf.slice(made, [0, ...begin, 0], [1, place.bottom - place.top, place.right - place.left, depth])
          })
          const values = computed.dataSync<'float32'>() // tidy would look for tensors in every one of them
          computed.dispose()
          return { place, values }
        },
        dispose: () => undefined,
      }
    },
  }
}

/** The tile that a part needs by itself. */
function tileAround(low: Extent, options: PredictOptions, overlap: number, grid: number): TilePlan {
  const { extent } = options
  const { top, bottom, left, right } = partOf(options)
  return {
    rows: [stretchAround([top, bottom], low.height, extent.height, overlap, grid)],
    columns: [stretchAround([left, right], low.width, extent.width, overlap, grid)],
    feather: 0,
  }
}

const planFor = ({ y, x }: Tile): TilePlan => ({ rows: [y], columns: [x], feather: 0 })

const wholeText = ({ op, path }: { readonly op: string; readonly path: string }, model: CompiledModel): string =>
  `${op} in ${path || model.name}`

function inStages(model: CompiledModel, network: Network, parts: Stages): Manner {
  const found = reach(parts.features)
  const reached: Reach | undefined = 'whole' in found ? undefined : found
  const wide = 'whole' in found ? found.whole : parts.across
  const whole = wide && wholeText(wide, model)
  /** One cell more than the encoder's reach: corners read the neighbouring cell. */
  const overlapOf = ({ overlap }: PredictOptions): number => overlap ?? (reached ? reached.positions + 2 : Infinity)
  const plans = new Map<string, Separable | undefined>()
  /** How an output is computed axis by axis, if it can be. */
  const separated = ({ output }: PredictOptions): Separable | undefined => {
    const { name } = outputOf(model, output)
    if (!plans.has(name)) plans.set(name, separable(model, parts, name))
    return plans.get(name)
  }
  /** Tiles that are mixed are computed position by position. */
  const planOf = ({ feather }: TilePlan, options: PredictOptions) => (feather === 0 ? separated(options) : undefined)
  const tilesOf = (low: Extent, options: PredictOptions): TilePlan => {
    if (parts.across) return { rows: [single(low.height)], columns: [single(low.width)], feather: 0 }
    const overlap = overlapOf(options)
    if (options.encoded) return planFor(options.encoded.tile)
    if (options.alone) return tileAround(low, options, overlap, reached?.grid ?? 1)
    const side = options.tile ?? (separated(options) ? plainSide : tileSide)
    const cut = (length: number, size: number): Stretch[] => stretches(length, size, overlap, reached?.grid ?? 1)
    const feather = reached && overlap < reached.positions ? Math.floor(overlap / 2) : 0
    return { rows: cut(low.height, bandOf(side, low, options)), columns: cut(low.width, side), feather }
  }
  return {
    schedule(low, options) {
      const tiles = tilesOf(low, options)
      const plan = planOf(tiles, options)
      return plan ? paintedSchedule(parts, plan, tiles, low, options) : stagedSchedule(parts, tiles, low, options)
    },
    facts: (options) => ({
      overlap: Number.isFinite(overlapOf(options)) ? overlapOf(options) : 0,
      reach: reached?.positions,
    }),
    whole,
    async keys(picture, { alone: _alone, part: _part, ...options }) {
      if (!parts.keys) return undefined
      // As little as can be around each position: they are far apart.
      const few = { ...options, tile: 2 }
      const tiles = tilesOf(picture, few)
      const sheet = new Sheet(model, network, parts, picture, few, tiles)
      try {
        for (const step of stagedSchedule(parts, tiles, picture, few).steps) {
          await sheet.run(step)
          if (step.do === 'join') break
        }
        return sheet.takeKeys()
      } finally {
        sheet.dispose()
      }
    },
    ...(!wide && {
      async encode(picture: PictureSource, own: Rectangle, options: PredictOptions) {
        const tile = tileOver(own, picture, overlapOf(options), reached?.grid ?? 1)
        const sheet = new Sheet(model, network, parts, picture, options, planFor(tile))
        try {
          for (const step of encoding(parts, tile, 0)) await sheet.run(step)
          return { own, tile, tensors: sheet.takeFeatures(0), bytes: featureBytes(parts, tile) }
        } finally {
          sheet.dispose()
        }
      },
    }),
    table(picture, { tiles }, options) {
      checkSizes(model, { B: 1, h: picture.height, w: picture.width, q: 1 })
      checkMatches(parts, picture, options)
      return new Sheet(model, network, parts, picture, options, tiles, planOf(tiles, options))
    },
  }
}

/** @throws UserError where what is matched of a whole picture would take too much memory. */
function checkMatches(parts: Stages, low: Extent, options: PredictOptions): void {
  const shared = sharedCandidates(parts, options)
  if (!shared) return
  const count = countOf(shared)
  const held = keysAtOnce(parts, count, options) < count ? matchBytes(parts.hoisted!, low) : keyBytes(parts, count)
  if (held > matchMemory)
    throw new UserError(
      `scope ${options.scope.kind} keeps ${(held / 1e9).toFixed(1)} GB of texture features, more than ${matchMemory / 1e9} GB`,
      'use scope lattice(2304), which agrees with full within 0.001 dB',
    )
}
