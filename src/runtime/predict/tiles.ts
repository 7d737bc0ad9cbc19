import { piecesOf, type Area, type Extent, type Piece } from './places.ts'

/** One tile along one axis of the low-resolution picture. */
export interface Stretch {
  /** What it is responsible for. */
  readonly from: number
  readonly to: number
  /** What its encoder sees. */
  readonly seenFrom: number
  readonly seenTo: number
  /** Of whose features queries are decoded: its own positions and one grid step around. */
  readonly coreFrom: number
  readonly coreTo: number
}

/** A tile of the low-resolution picture. */
export interface Tile {
  readonly y: Stretch
  readonly x: Stretch
}

/**
 * Cuts `length` positions in stretches of about `size`, each seen with `overlap` more on both sides; all cuts lie on
 * multiples of `grid`, so that windows fall where they fall in the whole picture.
 */
export function stretches(length: number, size: number, overlap: number, grid: number): Stretch[] {
  const step = Math.max(grid, 2)
  const up = (value: number): number => Math.ceil(value / step) * step
  const inner = Math.max(step, up(size))
  const margin = up(overlap)
  if (length <= inner + 2 * margin) return [{ from: 0, to: length, seenFrom: 0, seenTo: length, coreFrom: 0, coreTo: length }]
  const around = (from: number, to: number, by: number): readonly [number, number] => [
    Math.max(0, from - by),
    Math.min(length, to + by),
  ]
  return Array.from({ length: Math.ceil(length / inner) }, (_, at) => {
    const from = at * inner
    const to = Math.min(length, from + inner)
    // A sliver at the end is too small to be mirrored: its encoder sees one step more.
    const [seenFrom, seenTo] = around(from, to, Math.max(margin, to - from < step ? step : 0))
    const [coreFrom, coreTo] = around(from, to, Math.min(step, margin))
    return { from, to, seenFrom, seenTo, coreFrom, coreTo }
  })
}

/**
 * The one stretch that the positions `from` to before `to` of the result need. Wherever they are it is of one size, so that one graph computes
 * them all; at an end of the axis it sees more of the other side.
 */
export function stretchAround(
  [from, to]: readonly [number, number],
  low: number,
  high: number,
  overlap: number,
  grid: number,
): Stretch {
  const step = Math.max(grid, 2)
  const up = (value: number): number => Math.ceil(value / step) * step
  const down = (value: number): number => Math.max(0, Math.floor(value / step) * step)
  const margin = up(overlap)
  const size = up(((to - from) * low) / high + 1) + step
  const seen = size + 2 * margin
  const first = down(Math.min(lowPosition(from, low, high), low - size))
  const seenFrom = down(Math.min(first - margin, low - seen))
  // Less than a step before the end is the end: the size of an axis need not be a whole number of steps.
  const ending = (at: number): number => (low - at < step ? low : at)
  const [last, seenTo] = [ending(first + size), ending(seenFrom + seen)]
  const core = Math.min(step, margin)
  return {
    from: first,
    to: last,
    seenFrom,
    seenTo,
    coreFrom: Math.max(0, first - core),
    coreTo: Math.min(seenTo, last + core),
  }
}

/** The first output index whose pixel centre lies at or behind low-resolution position `at`. */
export const firstOutput = (at: number, low: number, high: number): number =>
  Math.min(high, Math.max(0, Math.ceil((at * high) / low - 0.5)))

/** Where an output pixel's centre lies in the low-resolution picture, in its pixels. */
export const lowPosition = (index: number, low: number, high: number): number => ((index + 0.5) * low) / high

/** Which stretch a low-resolution position belongs to. */
export const stretchOf = (all: readonly Stretch[], position: number): number =>
  Math.min(all.length - 1, Math.floor(position / all[0]!.to))

/** A stretch's share of a position. */
export interface Share {
  readonly stretch: number
  readonly weight: number
}

/**
 * The stretches that share a position, with weights that sum to 1: its own, and within `feather` of a cut (less where
 * cores are small) the neighbour's, linearly.
 */
export function sharesOf(all: readonly Stretch[], position: number, feather: number): Share[] {
  const own = stretchOf(all, position)
  // A neighbour's features end with its core, and corners read one position further; at most two tiles are mixed along an axis.
  const mixed = Math.min(feather, all[0]!.to / 2, all[1] ? all[1].from - all[1].coreFrom - 1 : 0)
  if (mixed <= 0) return [{ stretch: own, weight: 1 }]
  const { from, to } = all[own]!
  const share = (distance: number): number => 0.5 - distance / (2 * mixed)
  if (own > 0 && position - from < mixed) {
    const weight = share(position - from)
    return [{ stretch: own, weight: 1 - weight }, { stretch: own - 1, weight }] // prettier-ignore
  }
  if (own + 1 < all.length && to - position < mixed) {
    const weight = share(to - position)
    return [{ stretch: own, weight: 1 - weight }, { stretch: own + 1, weight }] // prettier-ignore
  }
  return [{ stretch: own, weight: 1 }]
}

/** The shares of every position of the result along an axis. */
export const sharesAlong = (all: readonly Stretch[], low: number, high: number, feather: number): Share[][] =>
  Array.from({ length: high }, (_, index) => sharesOf(all, lowPosition(index, low, high), feather))

/** The positions of an area that one tile computes. */
export interface Part {
  readonly tile: number
  readonly pieces: readonly Piece[]
}

/** An area by its tiles, in the order in which they are met; `across` tiles stand side by side. */
export function partsOf(area: Area, rows: readonly Share[][], columns: readonly Share[][], across: number): Part[] {
  const parts = new Map<number, Piece[]>()
  for (const whole of piecesOf(area)) {
    const xs = spans(columns, whole.left, whole.right)
    const met = spans(rows, whole.top, whole.bottom)
      .flatMap((y) => xs.map((x) => ({ y, x })))
      .sort((a, b) => a.y.from - b.y.from || a.x.from - b.x.from || a.y.rank - b.y.rank || a.x.rank - b.x.rank)
    for (const { y, x } of met) {
      const tile = y.stretch * across + x.stretch
      const first = whole.first + (y.from - whole.top) * whole.stride + x.from - whole.left
      const piece = { top: y.from, bottom: y.to, left: x.from, right: x.to, first, stride: whole.stride }
      const pieces = parts.get(tile) ?? []
      parts.set(tile, pieces)
      pieces.push(piece)
    }
  }
  return [...parts].map(([tile, pieces]) => ({ tile, pieces }))
}

/** Where along an axis a stretch has a share, and the how manieth it is where that begins. */
interface Span {
  readonly stretch: number
  readonly from: number
  readonly to: number
  readonly rank: number
}

function spans(shares: readonly Share[][], from: number, to: number): Span[] {
  const found = new Map<number, Span>()
  for (let index = from; index < to; index += 1)
    shares[index]!.forEach(({ stretch }, rank) => {
      const begun = found.get(stretch) ?? { stretch, from: index, to: index, rank }
      found.set(stretch, { ...begun, to: index + 1 })
    })
  return [...found.values()]
}

export const seenOf = (tile: Tile): Extent => ({
  height: tile.y.seenTo - tile.y.seenFrom,
  width: tile.x.seenTo - tile.x.seenFrom,
})
export const coreOf = (tile: Tile): Extent => ({
  height: tile.y.coreTo - tile.y.coreFrom,
  width: tile.x.coreTo - tile.x.coreFrom,
})

/** Where a map of a tile's encoder is cut to the core; one that was padded at the picture's end keeps its padding there. Undefined for what is no map. */
export function cropOf(
  shape: readonly number[],
  tile: Tile,
): { readonly begin: readonly [top: number, left: number]; readonly size: readonly [rows: number, columns: number] } | undefined {
  const [, height, width] = shape as [number, number, number, number]
  const [seen, core] = [seenOf(tile), coreOf(tile)]
  if (shape.length !== 4 || height < seen.height || width < seen.width) return undefined
  const cut = (
    length: number,
    coreLength: number,
    { seenFrom, seenTo, coreFrom, coreTo }: Stretch,
  ): readonly [number, number] => {
    const from = coreFrom - seenFrom
    return [from, coreTo === seenTo ? length - from : coreLength]
  }
  const [top, rows] = cut(height, core.height, tile.y)
  const [left, columns] = cut(width, core.width, tile.x)
  return { begin: [top, left], size: [rows, columns] }
}
