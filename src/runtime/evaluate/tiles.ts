import type { EvaluatePlan } from '../../compiler/plan.ts'
import { listing, UserError } from '../../errors.ts'
import type { DataEntry } from '../data/dataset.ts'
import type { Pairs } from '../data/pairs.ts'
import type { Extent } from '../predict/places.ts'

/** A part of a picture that is enlarged and judged by itself. */
export interface Tile extends Extent {
  readonly x: number
  readonly y: number
}

/** Parts of at most `side` pixels that cover a picture, row by row: as few as there can be, all nearly of one size. */
export function tilesOf({ width, height }: Extent, side: number): Tile[] {
  const parts = (length: number): { start: number; length: number }[] => {
    const count = Math.ceil(length / side)
    const startOf = (at: number): number => Math.ceil((at * length) / count)
    return Array.from({ length: count }, (_, at) => ({ start: startOf(at), length: startOf(at + 1) - startOf(at) }))
  }
  return parts(height).flatMap((row) =>
    parts(width).map((column) => ({ x: column.start, y: row.start, width: column.length, height: row.length })),
  )
}

/** What of a tile is judged at a scale: a low-resolution picture of whole pixels, and round(low size * m) of the tile. */
export function pairSizes({ width, height }: Extent, m: number): { readonly low: Extent; readonly extent: Extent } {
  const low = { width: Math.floor(width / m), height: Math.floor(height / m) }
  if (low.width < 1 || low.height < 1) throw new UserError(`a tile of ${width} x ${height} pixels has nothing left at x${m}`)
  return {
    low,
    extent: { width: Math.min(width, Math.round(low.width * m)), height: Math.min(height, Math.round(low.height * m)) },
  }
}

/** Pixels of the border that PSNR leaves out at a scale, unless the text says how many. */
export const shaveAt = ({ shave }: Pick<EvaluatePlan, 'shave'>, m: number): number => shave ?? Math.ceil(m) + 6

/** Pixels along the largest window of SSIM that is measured. */
export const windowOf = (gaussian: boolean): number => (gaussian ? 11 : 7)

/** How what is judged is measured. */
export interface Judging {
  readonly scales: readonly number[]
  /** The most pixels along a tile. */
  readonly side: number
  /** Pixels of the border that PSNR leaves out at a scale. */
  readonly shaveOf: (m: number) => number
  /** Pixels along the largest window of SSIM. */
  readonly window: number
  readonly pairs?: Pairs | undefined
}

/**
 * Looks at the sizes of all pictures before anything is computed.
 * @throws UserError that names those that are too small to be judged at a scale.
 */
export function requireJudgeable(
  entries: readonly DataEntry[],
  sizes: readonly Extent[],
  { scales, side, shaveOf, window, pairs }: Judging,
): void {
  const wrong = entries.flatMap(({ name, path }, row) =>
    scales.flatMap((m) => {
      if (pairs && pairs.get(path)?.m !== m) return []
      const size = sizes[row]!
      const least = (tiles: readonly Extent[], of: 'width' | 'height'): number =>
        Math.min(...tiles.map((tile) => Math.min(tile[of], Math.round(Math.floor(tile[of] / m) * m))))
      const tiles = pairs ? [size] : tilesOf(size, side)
      const left = Math.min(least(tiles, 'width'), least(tiles, 'height'))
      const [{ width, height }] = tiles as [Extent]
      const parts = tiles.length > 1 ? `, in tiles of ${width} x ${height}` : ''
      const said = `${name} (${size.width} x ${size.height}${parts}) at x${m}`
      if (left < 1) return [`${said}: nothing is left when it is made smaller`]
      if (left <= 2 * shaveOf(m)) return [`${said}: a border of ${shaveOf(m)} pixels, which PSNR leaves out, leaves nothing`]
      return left < window ? [`${said}: SSIM looks at ${window} x ${window} pixels`] : []
    }),
  )
  if (wrong.length > 0)
    throw new UserError(
      listing('too small to be judged:', wrong),
      'leave them out, or these scales; a smaller border is set by --set evaluate.shave=2',
    )
}
