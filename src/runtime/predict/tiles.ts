import type { Extent } from './candidates.ts'

/** One tile along one axis: what it is responsible for, and what its encoder sees. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly seenFrom: number
  readonly seenTo: number
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
  const up = (value: number): number => Math.ceil(value / grid) * grid
  const inner = Math.max(grid, up(size))
  const margin = up(overlap)
  if (length <= inner + 2 * margin) return [{ from: 0, to: length, seenFrom: 0, seenTo: length }]
  return Array.from({ length: Math.ceil(length / inner) }, (_, at) => {
    const from = at * inner
    const to = Math.min(length, from + inner)
    return { from, to, seenFrom: Math.max(0, from - margin), seenTo: Math.min(length, to + margin) }
  })
}

/** The first output index whose pixel centre lies at or behind low-resolution position `at`. */
export const firstOutput = (at: number, low: number, high: number): number => Math.min(high, Math.max(0, Math.ceil((at * high) / low - 0.5)))

/** Which stretch a low-resolution position belongs to. */
export function stretchOf(all: readonly Stretch[], position: number): number {
  const size = all[0]!.to
  return Math.min(all.length - 1, Math.floor(position / size))
}

export const areaOf = (tile: Tile): number => (tile.y.seenTo - tile.y.seenFrom) * (tile.x.seenTo - tile.x.seenFrom)

/** Where an output pixel's centre lies in the low-resolution picture, in its pixels. */
export const lowPosition = (index: number, low: number, high: number): number => ((index + 0.5) * low) / high

export const extentOf = (tile: Tile): Extent => ({ height: tile.y.seenTo - tile.y.seenFrom, width: tile.x.seenTo - tile.x.seenFrom })
