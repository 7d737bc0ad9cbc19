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

/** The first output index whose pixel centre lies at or behind low-resolution position `at`. */
export const firstOutput = (at: number, low: number, high: number): number =>
  Math.min(high, Math.max(0, Math.ceil((at * high) / low - 0.5)))

/** Where an output pixel's centre lies in the low-resolution picture, in its pixels. */
export const lowPosition = (index: number, low: number, high: number): number => ((index + 0.5) * low) / high

/** Which stretch a low-resolution position belongs to. */
export const stretchOf = (all: readonly Stretch[], position: number): number =>
  Math.min(all.length - 1, Math.floor(position / all[0]!.to))

/**
 * The stretches that share a position, with weights that sum to 1: its own, and within `feather` of a cut (less where
 * cores are small) the neighbour's, linearly.
 */
export function sharesOf(all: readonly Stretch[], position: number, feather: number): { stretch: number; weight: number }[] {
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

export const seenOf = (tile: Tile): { height: number; width: number } => ({
  height: tile.y.seenTo - tile.y.seenFrom,
  width: tile.x.seenTo - tile.x.seenFrom,
})
export const coreOf = (tile: Tile): { height: number; width: number } => ({
  height: tile.y.coreTo - tile.y.coreFrom,
  width: tile.x.coreTo - tile.x.coreFrom,
})
