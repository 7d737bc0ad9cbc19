import { bytesAt } from '../../compiler/passes/cost.ts'
import type { Graph } from '../../compiler/ir/graph.ts'
import type { Separable } from '../../compiler/passes/separable.ts'
import type { Hoisted, Stages } from '../../compiler/passes/stages.ts'
import { evaluate, symbols } from '../../compiler/shapes/size.ts'
import type { Sizes } from '../network/rehearsal.ts'
import { jobs, lattice } from './candidates.ts'
import { countOf, everywhere, inside, partOf, sliceOf, type Area, type Extent, type Piece, type Rectangle } from './places.ts'
import type { PredictOptions } from './predict.ts'
import { coreOf, cropOf, firstOutput, partsOf, seenOf, sharesAlong, type Share, type Stretch, type Tile } from './tiles.ts'

/** A graph that a step computes, with its sizes. */
export interface Call {
  readonly graph: Graph
  readonly sizes: Sizes
}

/** What a step leaves in memory, under a name, until that is forgotten. */
export interface Kept {
  readonly name: string
  readonly bytes: number
}

/** Positions of one tile: those from `from` to before `to`, counted through the pieces. */
export interface Asked {
  readonly tile: number
  readonly pieces: readonly Piece[]
  readonly from: number
  readonly to: number
}

/** One piece of the work on a picture. */
export type Step =
  /** What a tile sees of the picture, for the step after it. */
  | { readonly do: 'read'; readonly tile: number }
  /** Features of a tile. */
  | { readonly do: 'encode'; readonly tile: number; readonly call: Call; readonly kept: Kept }
  /** A part of what `best_match` chooses from, of so many bytes. */
  | { readonly do: 'keys'; readonly asked: Asked; readonly call: Call; readonly bytes: number }
  /** The parts since the last one, joined in the order of the area's positions. */
  | { readonly do: 'join'; readonly kept: Kept }
  /** The best matches of all rows of a tile's maps among the keys, or among these and those before. */
  | { readonly do: 'match'; readonly tile: number; readonly call: Call; readonly kept: Kept }
  /** Values at positions; with `match` they find their own matches first, which take so many bytes. */
  | { readonly do: 'decode'; readonly asked: Asked; readonly call: Call; readonly match?: Call & { readonly bytes: number } }
  /** Values of a place of the result, axis by axis; `bytes`: what is written on the way. */
  | {
      readonly do: 'paint'
      readonly tile: number
      readonly place: Rectangle
      readonly multiplyAdds: number
      readonly bytes: number
    }
  /** A tile of a network without coordinates: all values of that place of the result. */
  | { readonly do: 'picture'; readonly tile: number; readonly place: Rectangle; readonly call: Call }
  /** These rows were projected onto the picture; beside the schedule, as rows get whole. */
  | { readonly do: 'project'; readonly from: number; readonly to: number }
  | { readonly do: 'forget'; readonly name: string }
  /** These rows of the result are whole: they are given away. */
  | { readonly do: 'rows'; readonly from: number; readonly to: number }

export interface TilePlan {
  readonly rows: readonly Stretch[]
  readonly columns: readonly Stretch[]
  /** Within this many low-resolution pixels of a cut, neighbouring tiles are mixed. */
  readonly feather: number
}

/** A picture's work, whole: what is estimated, and what is done. */
export interface Schedule {
  /** The same each time that they are gone through. */
  readonly steps: Iterable<Step>
  readonly tiles: TilePlan
}

/** Pixels of the result that are given away at once. */
const pixelsAtOnce = 1 << 20
/** Pixels of the result that are painted at once. */
const paintedAtOnce = 1 << 18
/** Rows of the result that are computed together take no more bytes than this. */
const bandBytes = 128_000_000
/** Queries that are computed at once. */
const chunk = 8192
/** Features of tiles are kept up to this many bytes. */
const featureMemory = 256_000_000
/** Keys are kept in memory up to here unless the options say otherwise. */
const keyMemory = 500_000_000
/** Keys that are made and compared at once where they are streamed. */
const keyBlock = 8192

/** All of an axis at once. */
export const single = (to: number): Stretch => ({ from: 0, to, seenFrom: 0, seenTo: to, coreFrom: 0, coreTo: to })

/** Rows of a tile of `side` low-resolution positions: fewer where a band of so wide a result would hold too much. */
export function bandOf(side: number, low: Extent, options: PredictOptions): number {
  const { left, right } = partOf(options)
  const most = bandBytes / (12 * (right - left))
  return Math.max(Math.min(side, 32), Math.min(side, Math.floor((most * low.height) / options.extent.height)))
}

/** One of the tiles, counted row by row. */
export const tileAt = ({ rows, columns }: TilePlan, index: number): Tile => ({
  y: rows[Math.floor(index / columns.length)]!,
  x: columns[index % columns.length]!,
})

/** A picture by a network without coordinates, tile by tile. */
export const plainSchedule = (graph: Graph, tiles: TilePlan, low: Extent, options: PredictOptions): Schedule => ({
  steps: { [Symbol.iterator]: () => plainSteps(graph, tiles, low, options) },
  tiles,
})

function* plainSteps(graph: Graph, tiles: TilePlan, low: Extent, options: PredictOptions): Generator<Step> {
  const { extent } = options
  const part = partOf(options)
  for (const [band, { from, to }] of tiles.rows.entries()) {
    const [top, bottom] = [from, to].map((at) => Math.round((at * extent.height) / low.height)) as [number, number]
    const [first, last] = [Math.max(top, part.top), Math.min(bottom, part.bottom)]
    if (first >= last) continue
    for (const [column, stretch] of tiles.columns.entries()) {
      const [left, right] = [stretch.from, stretch.to].map((at) => Math.round((at * extent.width) / low.width)) as [
        number,
        number,
      ]
      if (left >= part.right || right <= part.left) continue
      const tile = band * tiles.columns.length + column
      const seen = seenOf(tileAt(tiles, tile))
      const isWhole = tiles.rows.length * tiles.columns.length === 1
      const sizes = { ...sizesOf(seen), ...(isWhole && { H: extent.height, W: extent.width }) }
      yield { do: 'read', tile }
      yield { do: 'picture', tile, place: { top, bottom, left, right }, call: { graph, sizes } }
    }
    yield* rowsOf(first, last, part)
  }
}

/** Rows of a part that are whole, some million pixels at a time. */
function* rowsOf(from: number, to: number, { left, right }: Rectangle): Generator<Step> {
  const count = Math.max(1, Math.floor(pixelsAtOnce / (right - left)))
  for (let row = from; row < to; row += count) yield { do: 'rows', from: row, to: Math.min(row + count, to) }
}

/** A picture in tiles and chunks. */
export const stagedSchedule = (parts: Stages, tiles: TilePlan, low: Extent, options: PredictOptions): Schedule => ({
  steps: { [Symbol.iterator]: () => new Planner(parts, tiles, low, options).steps() },
  tiles,
})

/** A picture whose samples are computed axis by axis. */
export const paintedSchedule = (
  parts: Stages,
  plan: Separable,
  tiles: TilePlan,
  low: Extent,
  options: PredictOptions,
): Schedule => ({
  steps: { [Symbol.iterator]: () => paintedSteps(parts, plan, tiles, low, options) },
  tiles,
})

function* paintedSteps(parts: Stages, plan: Separable, tiles: TilePlan, low: Extent, options: PredictOptions): Generator<Step> {
  const { extent } = options
  const part = partOf(options)
  for (const [band, y] of tiles.rows.entries()) {
    const [from, to] = [y.from, y.to].map((at) => firstOutput(at, low.height, extent.height)) as [number, number]
    const [first, last] = [Math.max(from, part.top), Math.min(to, part.bottom)]
    if (first >= last) continue
    for (const [column, x] of tiles.columns.entries()) {
      const [left, right] = [
        Math.max(firstOutput(x.from, low.width, extent.width), part.left),
        Math.min(firstOutput(x.to, low.width, extent.width), part.right),
      ]
      if (left >= right) continue
      const index = band * tiles.columns.length + column
      const tile = { y, x }
      if (!options.encoded) yield* encoding(parts, tile, index)
      const rows = Math.max(1, Math.floor(paintedAtOnce / (right - left)))
      for (let top = first; top < last; top += rows) {
        const place = { top, bottom: Math.min(top + rows, last), left, right }
        yield { do: 'paint', tile: index, place, ...paintingOf(parts, plan, tile, place, low, extent) }
        if (tiles.columns.length === 1) yield* rowsOf(top, place.bottom, part)
      }
      if (!options.encoded) yield { do: 'forget', name: featuresOf(index) }
    }
    if (tiles.columns.length > 1) yield* rowsOf(first, last, part)
  }
}

/** A tile is read and encoded; its features are kept. */
export function* encoding(parts: Stages, tile: Tile, index: number): Generator<Step> {
  yield { do: 'read', tile: index }
  const call = { graph: parts.features, sizes: sizesOf(seenOf(tile)) }
  yield { do: 'encode', tile: index, call, kept: { name: featuresOf(index), bytes: featureBytes(parts, tile) } }
}

/** What a place takes: multiply-adds, and the bytes of what is written on the way. */
function paintingOf({ decode }: Stages, plan: Separable, tile: Tile, place: Rectangle, low: Extent, extent: Extent) {
  const [height, width] = [place.bottom - place.top, place.right - place.left]
  const rows = (height * low.height) / extent.height + 4
  const core = coreOf(tile)
  const sampled = plan.bases.map(() => ({
    multiplyAdds: 3 * width * core.height * (core.width + height),
    values: 3 * width * (2 * core.height + 2 * height),
  }))
  const painted = plan.paintings.map(({ product, taken }) => {
    const [depth, basis] = ['rows', 'basis'].map((name) =>
      evaluate(product.values[product.inputs.find((input) => input.name === name)!.value]!.shape.at(-1)!, {}),
    ) as [number, number]
    const channels = evaluate(product.values[product.outputs[0]!.value]!.shape.at(-1)!, {})
    const sides = Math.sqrt(evaluate(decode.values[taken.node.results[0]!]!.shape[2]!, {}))
    return {
      multiplyAdds: channels * basis * (rows * core.width * depth + sides * height * width),
      values: channels * basis * (rows * core.width + (2 * sides + 1) * rows * width) + 2 * channels * height * width,
    }
  })
  const all = [...sampled, ...painted]
  return {
    multiplyAdds: all.reduce((sum, each) => sum + each.multiplyAdds, 0),
    bytes: 4 * all.reduce((sum, each) => sum + each.values, 0),
  }
}

/** What all positions of a picture choose from; undefined where nothing is matched, or positions among themselves. */
export function sharedCandidates({ keys }: Stages, { scope, extent }: PredictOptions): Area | undefined {
  if (!keys || (scope.kind !== 'full' && scope.kind !== 'lattice')) return undefined
  return scope.kind === 'full' ? everywhere(extent) : lattice(extent, scope.count)
}

export const keyBytes = ({ keys }: Stages, count: number): number => outputBytes(keys!, { B: 1, q: count, h: 1, w: 1 })

/** How many keys are made and compared at once: all, or where they would take too much, a block of them. */
export function keysAtOnce(parts: Stages, count: number, options: PredictOptions): number {
  const most = options.keyMemory ?? keyMemory
  const bytes = keyBytes(parts, count)
  return parts.hoisted && bytes > most ? Math.max(16, Math.min(keyBlock, Math.floor((most * count) / bytes))) : count
}

/** The best matches of every row of an encoded picture's maps, in bytes. */
export const matchBytes = (hoisted: Hoisted, low: Extent): number =>
  outputBytes(hoisted.match, { ...rowCounts(hoisted, low), B: 1, k: 1 })

class Planner {
  readonly #parts: Stages
  readonly #low: Extent
  readonly #options: PredictOptions
  readonly #tiles: TilePlan
  readonly #shares: Readonly<Record<'rows' | 'columns', { readonly own: Share[][]; readonly mixed: Share[][] }>>
  /** Bytes of the features that are kept, by tile, the one used longest ago first. */
  readonly #kept = new Map<number, number>()

  constructor(parts: Stages, tiles: TilePlan, low: Extent, options: PredictOptions) {
    this.#parts = parts
    this.#tiles = tiles
    this.#low = low
    this.#options = options
    const along = (all: readonly Stretch[], from: number, to: number) => {
      const own = sharesAlong(all, from, to, 0)
      return { own, mixed: tiles.feather === 0 ? own : sharesAlong(all, from, to, tiles.feather) }
    }
    const { height, width } = options.extent
    this.#shares = { rows: along(tiles.rows, low.height, height), columns: along(tiles.columns, low.width, width) }
  }

  *steps(): Generator<Step> {
    const { scope, extent } = this.#options
    const { keys, hoisted, across } = this.#parts
    const shared = sharedCandidates(this.#parts, this.#options)
    const count = shared ? countOf(shared) : 0
    const block = shared ? keysAtOnce(this.#parts, count, this.#options) : 0
    const isStreamed = block < count && !this.#options.keys
    if (shared && isStreamed) yield* this.#streamed(shared, block)
    else if (shared && !this.#options.keys) yield* this.#keys(shared)
    const part = partOf(this.#options)
    let matched: number | undefined
    let from = part.top
    for (const { area, ownCandidates } of jobs(scope, extent, this.#cuts('rows'), this.#cuts('columns'))) {
      const wanted = inside(area, part)
      if (wanted.length === 0) continue
      const isOwn = ownCandidates && keys !== undefined
      if (isOwn) yield* this.#keys(area)
      for (const asked of this.#chunks(across ? area : wanted, 'mixed')) {
        yield* this.#features(asked.tile)
        if (shared && hoisted && !isStreamed && matched !== asked.tile) {
          if (matched !== undefined) yield { do: 'forget', name: matchesOf(matched) }
          yield this.#match(asked.tile, count)
          matched = asked.tile
        }
        yield this.#decode(asked, isOwn ? countOf(area) : count, isOwn)
      }
      if (isOwn) yield { do: 'forget', name: keyName }
      if (!ownCandidates && this.#tiles.feather === 0) yield* this.#done(wanted)
      const last = wanted.at(-1)!
      const whole = last.right === part.right ? last.bottom : last.top
      if (whole > from) yield* rowsOf(from, whole, part)
      from = Math.max(from, whole)
    }
  }

  /** Rows or columns of the result where tiles meet. */
  #cuts(axis: 'rows' | 'columns'): number[] {
    const side = axis === 'rows' ? 'height' : 'width'
    const [low, high] = [this.#low[side], this.#options.extent[side]]
    return [...this.#tiles[axis].map((stretch) => firstOutput(stretch.from, low, high)), high]
  }

  /** An area by tiles, so many positions at once. */
  *#chunks(area: Area, shares: 'own' | 'mixed'): Generator<Asked> {
    const { rows, columns } = this.#shares
    for (const { tile, pieces } of partsOf(area, rows[shares], columns[shares], this.#tiles.columns.length)) {
      const count = countOf(pieces)
      const most = this.#parts.across ? count : chunk
      for (let from = 0; from < count; from += most) yield { tile, pieces, from, to: Math.min(from + most, count) }
    }
  }

  /** A tile's features, unless they are there; those that were used longest ago make room. */
  *#features(index: number): Generator<Step> {
    if (this.#options.encoded) return
    const known = this.#kept.get(index)
    if (known !== undefined) {
      this.#kept.delete(index)
      this.#kept.set(index, known)
      return
    }
    const tile = tileAt(this.#tiles, index)
    const bytes = featureBytes(this.#parts, tile)
    yield* encoding(this.#parts, tile, index)
    this.#kept.set(index, bytes)
    let total = [...this.#kept.values()].reduce((sum, each) => sum + each, 0)
    for (const [old, size] of this.#kept) {
      if (total <= featureMemory || old === index) break
      total -= size
      this.#kept.delete(old)
      yield { do: 'forget', name: featuresOf(old) }
    }
  }

  /** Features of the tiles of an area are not needed again. */
  *#done(area: Area): Generator<Step> {
    for (const { tile } of this.#chunks(area, 'own')) if (this.#kept.delete(tile)) yield { do: 'forget', name: featuresOf(tile) }
  }

  *#keys(area: Area): Generator<Step> {
    const graph = this.#parts.keys!
    for (const asked of this.#chunks(area, 'own')) {
      yield* this.#features(asked.tile)
      const sizes = { ...sizesOf(coreOf(tileAt(this.#tiles, asked.tile))), q: asked.to - asked.from }
      yield { do: 'keys', asked, call: { graph, sizes }, bytes: outputBytes(graph, sizes) }
    }
    yield { do: 'join', kept: { name: keyName, bytes: keyBytes(this.#parts, countOf(area)) } }
  }

  /** Matches of all tiles among keys that never stand in memory together. */
  *#streamed(area: Area, block: number): Generator<Step> {
    const count = countOf(area)
    const tiles = this.#tiles.rows.length * this.#tiles.columns.length
    for (let from = 0; from < count; from += block) {
      const part = sliceOf(area, from, Math.min(from + block, count))
      yield* this.#keys(part)
      for (let tile = 0; tile < tiles; tile += 1) {
        yield* this.#features(tile)
        yield this.#match(tile, countOf(part))
      }
      yield { do: 'forget', name: keyName }
    }
  }

  #match(index: number, keys: number): Step {
    const hoisted = this.#parts.hoisted!
    const core = coreOf(tileAt(this.#tiles, index))
    return {
      do: 'match',
      tile: index,
      call: { graph: hoisted.match, sizes: { ...rowCounts(hoisted, core), B: 1, k: keys } },
      kept: { name: matchesOf(index), bytes: matchBytes(hoisted, core) },
    }
  }

  #decode(asked: Asked, keys: number, isOwn: boolean): Step {
    const { hoisted, decode } = this.#parts
    const tile = tileAt(this.#tiles, asked.tile)
    const sizes = { ...sizesOf(coreOf(tile)), q: asked.to - asked.from, k: keys }
    const graph = keys > 0 && hoisted ? hoisted.decode : decode
    const match = isOwn &&
      hoisted && {
        graph: hoisted.match,
        sizes: { ...this.#rowsMet(asked, hoisted), B: 1, k: keys },
        bytes: matchBytes(hoisted, coreOf(tile)),
      }
    return { do: 'decode', asked, call: { graph, sizes }, ...(match && { match }) }
  }

  /** About how many rows of a tile's maps positions meet: those under the rectangle around them, and one on each side. */
  #rowsMet({ tile, pieces, from, to }: Asked, hoisted: Hoisted): Sizes {
    const core = coreOf(tileAt(this.#tiles, tile))
    const share = (to - from) / countOf(pieces)
    const { extent } = this.#options
    const span = (first: number, last: number, low: number, high: number, most: number): number =>
      Math.min(most, ((last - first) * low) / high + 2)
    const top = Math.min(...pieces.map((piece) => piece.top))
    const bottom = Math.max(...pieces.map((piece) => piece.bottom))
    const left = Math.min(...pieces.map((piece) => piece.left))
    const right = Math.max(...pieces.map((piece) => piece.right))
    const height = span(0, share * (bottom - top), this.#low.height, extent.height, core.height)
    const width = span(left, right, this.#low.width, extent.width, core.width)
    return Object.fromEntries(Object.keys(rowCounts(hoisted, core)).map((name) => [name, Math.ceil(height * width)]))
  }
}

export const keyName = 'keys'
export const featuresOf = (tile: number): string => `features ${tile}`
export const matchesOf = (tile: number): string => `matches ${tile}`

const sizesOf = ({ height, width }: Extent): Record<string, number> => ({ B: 1, h: height, w: width })

/** What a graph gives, in bytes. */
const outputBytes = (graph: Graph, sizes: Sizes): number =>
  graph.outputs.reduce((total, { value }) => total + bytesAt(graph, value, sizes), 0)

/** What is kept of a tile: its features and its part of the picture, cut to the core. */
export function featureBytes({ features }: Stages, tile: Tile): number {
  const sizes = sizesOf(seenOf(tile))
  const core = coreOf(tile)
  return features.outputs.reduce(
    (total, { value }) => {
      const shape = features.values[value]!.shape.map((size) => evaluate(size, sizes))
      const crop = cropOf(shape, tile)
      return total + 4 * (crop ? shape[0]! * crop.size[0] * crop.size[1] * shape[3]! : shape.reduce((product, size) => product * size, 1))
    },
    4 * core.height * core.width * 3,
  ) // prettier-ignore
}

/** How many rows the matched maps of an encoded picture have, as the match stage names them. */
function rowCounts({ maps, match, decode }: Hoisted, low: Extent): Record<string, number> {
  return Object.fromEntries(
    maps.map(({ rows, feature }) => {
      const [count] = symbols(match.values[match.inputs.find(({ name }) => name === rows)!.value]!.shape[1]!)
      const [, height, width] = decode.values[decode.inputs.find(({ name }) => name === feature)!.value]!.shape
      return [count!, evaluate(height!, sizesOf(low)) * evaluate(width!, sizesOf(low))]
    }),
  )
}
