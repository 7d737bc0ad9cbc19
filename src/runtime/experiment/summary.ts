import { finitePlaces } from '../metrics/mean.ts'
import type { Metric } from './experiment.ts'
import { rowName, scalesOf, type EvaluationRecord, type Results, type ScaleRecord } from './results.ts'
import { bootstrapMean, isOpen, pairedUnits, type Interval } from './significance.ts'

/** One row's number at one scale. */
export interface Value {
  /** Over tiles, then over seeds. */
  readonly mean: number
  /** The least and the most over seeds, where there are several. */
  readonly range?: readonly [number, number]
  /** Against Bicubic and against the block's reference: what the paired differences of tiles say. */
  readonly toBicubic: Difference
  readonly toReference?: Difference
  readonly isReference: boolean
}

export interface Difference {
  readonly mean: number
  /** Undefined where there are too few tiles for one. */
  readonly interval?: Interval
  /** Whether the interval leaves open which is better; undefined without one. */
  readonly isOpen?: boolean
}

/** A system, or a system with one of its scopes. */
export interface Row {
  readonly name: string
  readonly seeds: readonly number[]
  /** By metric and scale. */
  readonly values: ReadonlyMap<string, Value>
}

export interface BlockSummary {
  readonly name: string
  readonly rows: readonly Row[]
  /** The mean of Bicubic by metric and scale. */
  readonly bicubic: ReadonlyMap<string, number>
  /** Tiles that somebody reproduces exactly, by metric and scale: they are in no mean. */
  readonly exact: ReadonlyMap<string, readonly string[]>
}

/** The key of a number in a row. */
export const cellKey = (metric: Metric, m: number): string => `${metric} x${m}`

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** One block in numbers. `reference`: a system of it; the best of each column without one. */
export function summarise(
  results: Results,
  block: string,
  resample: 'tiles' | 'pictures',
  reference: string | undefined,
): BlockSummary {
  const records = results.evaluations.filter((evaluation) => evaluation.block === block)
  const names = [...new Set(records.map(rowName))]
  const values = new Map(names.map((name) => [name, new Map<string, Value>()]))
  const bicubic = new Map<string, number>()
  const exact = new Map<string, readonly string[]>()
  for (const scale of scalesOf(results, block))
    for (const metric of results.metrics) {
      const key = cellKey(metric, scale.m)
      const beside = scale.bicubic[metric]!
      const all = names.flatMap((name) => {
        const own = records.filter((record) => record.m === scale.m && rowName(record) === name)
        return own.length > 0 ? [column(name, own, metric)] : []
      })
      // What one reproduces exactly is left out of all means: they are over the same tiles.
      const places = finitePlaces([beside, ...all.map(({ tiles }) => tiles)])
      const columns = all.map((each) => only(each, places))
      const kept = { ...scale, tiles: places.map((at) => scale.tiles[at]!), pictures: places.map((at) => scale.pictures[at]!) }
      const besideKept = places.map((at) => beside[at]!)
      if (places.length < beside.length)
        exact.set(
          key,
          scale.tiles.filter((_, at) => !places.includes(at)),
        )
      bicubic.set(key, mean(besideKept))
      const best = columns.find(({ system }) => system === reference) ?? columns.toSorted((a, b) => b.mean - a.mean)[0]
      for (const { name, tiles, mean: own, seeds } of columns) {
        const isReference = name === best?.name
        values.get(name)!.set(key, {
          mean: own,
          ...(seeds.length > 1 && { range: [Math.min(...seeds), Math.max(...seeds)] as const }),
          toBicubic: difference(tiles, besideKept, kept, resample),
          ...(best && !isReference && { toReference: difference(tiles, best.tiles, kept, resample) }),
          isReference,
        })
      }
    }
  return {
    name: block,
    rows: names.map((name) => ({
      name,
      seeds: [...new Set(records.filter((record) => rowName(record) === name).map(({ seed }) => seed))],
      values: values.get(name)!,
    })),
    bicubic,
    exact,
  }
}

interface Column {
  readonly name: string
  readonly system: string
  readonly perSeed: readonly (readonly number[])[]
  /** Each tile's mean over seeds. */
  readonly tiles: readonly number[]
  readonly mean: number
  readonly seeds: readonly number[]
}

/** A column over some of its tiles. */
function only({ perSeed, ...column }: Column, places: readonly number[]): Column {
  const seeds = perSeed.map((values) => places.map((at) => values[at]!))
  const tiles = places.map((at) => column.tiles[at]!)
  return { ...column, perSeed: seeds, tiles, mean: mean(tiles), seeds: seeds.map(mean) }
}

function column(name: string, records: readonly EvaluationRecord[], metric: Metric): Column {
  const perSeed = records.map(({ values }) => values[metric]!)
  const tiles = perSeed[0]!.map((_, tile) => mean(perSeed.map((values) => values[tile]!)))
  return { name, system: records[0]!.system, perSeed, tiles, mean: mean(tiles), seeds: perSeed.map(mean) }
}

function difference(
  a: readonly number[],
  b: readonly number[],
  { tiles, pictures }: ScaleRecord,
  resample: 'tiles' | 'pictures',
): Difference {
  const units = pairedUnits(a, b, (tile) => (resample === 'tiles' ? tiles : pictures)[tile]!)
  const interval = bootstrapMean(units)
  return { mean: mean(a.map((value, tile) => value - b[tile]!)), ...(interval && { interval, isOpen: isOpen(interval) }) }
}
