import type { Scope } from '../../compiler/plan.ts'
import { countOf, everywhere, sliceOf, type Area, type Extent } from './places.ts'

/** The plastic number: the R2 sequence's golden ratio in two dimensions (Roberts, 2018). */
const plastic = 1.324717957244746

/** Positions spread evenly over a picture by the R2 sequence; `count` of them, fewer where they coincide. */
export function lattice({ height, width }: Extent, count: number): Area {
  if (count >= height * width) return everywhere({ height, width })
  const positions = new Set<number>()
  for (let i = 0; i < count; i += 1) {
    const y = Math.floor(((0.5 + i / plastic ** 2) % 1) * height)
    const x = Math.floor(((0.5 + i / plastic) % 1) * width)
    positions.add(y * width + x)
  }
  return [...positions].map((position) => {
    const [top, left] = [Math.floor(position / width), position % width]
    return { top, bottom: top + 1, left, right: left + 1 }
  })
}

/** How a scope is written in reports and metadata. */
export const scopeText = (scope: Scope): string => (scope.kind === 'full' ? 'full' : `${scope.kind}(${scope.count})`)

/** Positions that are computed together. */
export interface Job {
  readonly area: Area
  /** True where the positions themselves are what `best_match` chooses from. */
  readonly ownCandidates: boolean
}

/**
 * The jobs of a picture in an order in which its rows get whole from top to bottom. `bands`: the rows where the
 * low-resolution tiles meet (for scopes that choose from the whole picture), each cut at `columns`.
 */
export function* jobs(scope: Scope, extent: Extent, bands: readonly number[], columns: readonly number[]): Generator<Job> {
  const { height, width } = extent
  if (scope.kind === 'raster') {
    const all = everywhere(extent)
    const count = countOf(all)
    for (let from = 0; from < count; from += scope.count)
      yield { area: sliceOf(all, from, Math.min(from + scope.count, count)), ownCandidates: true }
    return
  }
  const side = scope.kind === 'tile' ? Math.max(1, Math.floor(Math.sqrt(scope.count))) : 0
  const rows = side ? steps(height, side) : bands
  const cuts = side ? steps(width, side) : columns
  for (let band = 0; band + 1 < rows.length; band += 1)
    for (let column = 0; column + 1 < cuts.length; column += 1) {
      const [top, bottom, left, right] = [rows[band]!, rows[band + 1]!, cuts[column]!, cuts[column + 1]!]
      yield { area: [{ top, bottom, left, right }], ownCandidates: side > 0 }
    }
}

const steps = (length: number, step: number): number[] => [
  ...Array.from({ length: Math.ceil(length / step) }, (_, at) => at * step),
  length,
]
