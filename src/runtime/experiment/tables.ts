import type { ExperimentText, Metric, Paper } from './experiment.ts'
import { intervalNotes, type IntervalNotes } from './intervals.ts'
import { rowName, scalesOf, type Results } from './results.ts'
import { cellKey, summarise, type BlockSummary, type Difference, type Row, type Value } from './summary.ts'

export interface Cell {
  readonly text: string
  /** Stands smaller behind it: an interval, a range. */
  readonly beside?: string
  /** What it is sorted by. */
  readonly value?: number
  readonly isStrong?: boolean
}

export interface Table {
  readonly title: string
  /** The first is the row's name; `group` stands above. */
  readonly columns: readonly { readonly title: string; readonly group?: string }[]
  readonly rows: readonly { readonly name: string; readonly cells: readonly Cell[] }[]
  readonly notes: readonly string[]
}

export interface BlockTables {
  readonly name: string
  readonly note?: string
  readonly tables: readonly Table[]
}

const titles = {
  psnr: 'PSNR (dB)',
  ssim: 'SSIM',
  ssim_gaussian: 'SSIM, Gaussian window',
  consistency: 'Consistency: made smaller again, against what was enlarged (dB)',
  fid: 'FID',
} as const
const places = (metric: keyof typeof titles): number =>
  metric === 'psnr' || metric === 'fid' || metric === 'consistency' ? 2 : 4

const fixed = (value: number, metric: keyof typeof titles): string =>
  value === Infinity ? 'exact' : value.toFixed(places(metric))
const signed = (value: number, metric: keyof typeof titles): string => {
  // A difference may be of another size than what it is of.
  const text = value.toFixed(places(metric) + (metric === 'psnr' ? 1 : 0))
  return Number(text) === 0 ? text.replace('-', '') : value > 0 ? `+${text}` : text
}

const nothing: Cell = { text: '' }

/** All tables of an experiment. */
export function tablesOf(text: ExperimentText, results: Results): BlockTables[] {
  const isIn = new Set(text.scales.in)
  const scales = [...new Set(results.scales.map(({ m }) => m))]
  const intervals = intervalNotes(results, text.resample)
  const blocks = text.blocks.flatMap(({ name, note, reference }): BlockTables[] => {
    const summary = summarise(results, name, text.resample ?? 'tiles', reference)
    if (summary.rows.length === 0) return []
    const beside = reference ?? 'the best network'
    // Where nothing was trained no scale is inside or outside of what anybody learned.
    const isTrained = results.trainings.some(({ block, steps }) => block === name && steps !== undefined)
    const columns: Table['columns'] = [
      { title: 'system' },
      ...scales.map((m) => ({
        title: `x${m}`,
        ...(isTrained && { group: isIn.has(m) ? 'in distribution' : 'out of distribution' }),
      })),
    ]
    return [
      {
        name,
        ...(note !== undefined && { note }),
        tables: [
          ...results.metrics.map((metric) => levels(summary, metric, scales, columns, beside, intervals)),
          ...results.metrics.map((metric) => differences(summary, metric, scales, columns, 'toBicubic', 'Bicubic', intervals)),
          ...results.metrics.map((metric) => differences(summary, metric, scales, columns, 'toReference', beside, intervals)),
          ...distances(results, name, scales, columns),
          costs(results, summary),
        ],
      },
    ]
  })
  return text.paper
    ? [...blocks, { name: 'The paper’s numbers', note: text.paper.source, tables: published(text.paper, isIn) }]
    : blocks
}

function levels(
  summary: BlockSummary,
  metric: Metric,
  scales: readonly number[],
  columns: Table['columns'],
  beside: string,
  intervals: IntervalNotes,
): Table {
  const cell = (value: Value | undefined): Cell => {
    if (!value) return nothing
    return {
      text: `${fixed(value.mean, metric)}${value.toReference?.isOpen ? ' ≈' : ''}`,
      ...(value.range && { beside: value.range.map((each) => fixed(each, metric)).join(' to ') }),
      value: value.mean,
      ...(value.isReference && { isStrong: true }),
    }
  }
  const hasSeeds = summary.rows.some(({ seeds }) => seeds.length > 1)
  return {
    title: titles[metric],
    columns,
    rows: [
      {
        name: 'Bicubic',
        cells: scales.map((m) => {
          const value = summary.bicubic.get(cellKey(metric, m))!
          return { text: fixed(value, metric), value }
        }),
      },
      ...summary.rows.map(({ name, values }) => ({ name, cells: scales.map((m) => cell(values.get(cellKey(metric, m)))) })),
    ],
    notes: [
      `Bold: ${beside}. ${intervals.levels}`,
      ...exactNotes(summary, metric, scales),
      ...(hasSeeds ? ['Of several seeds the mean; beside it the least and the most.'] : []),
    ],
  }
}

/** Which tiles the means leave out. */
const exactNotes = ({ exact }: BlockSummary, metric: Metric, scales: readonly number[]): string[] =>
  scales.flatMap((m) => {
    const tiles = exact.get(cellKey(metric, m))
    return tiles ? [`At x${m} without ${tiles.join(', ')}, which somebody reproduces exactly (an infinite number).`] : []
  })

function differences(
  { rows }: BlockSummary,
  metric: Metric,
  scales: readonly number[],
  columns: Table['columns'],
  which: 'toBicubic' | 'toReference',
  beside: string,
  intervals: IntervalNotes,
): Table {
  const cell = (value: Value | undefined): Cell => {
    if (!value) return nothing
    const found = value[which]
    return found ? differenceCell(found, metric) : { text: '–', value: 0 }
  }
  return {
    title: `${titles[metric]}: difference from ${beside}`,
    columns,
    rows: rows.map(({ name, values }) => ({ name, cells: scales.map((m) => cell(values.get(cellKey(metric, m)))) })),
    notes: [intervals.differences],
  }
}

const differenceCell = ({ mean, interval, isOpen }: Difference, metric: Metric): Cell => ({
  text: `${signed(mean, metric)}${isOpen ? ' ≈' : ''}`,
  ...(interval && { beside: `${signed(interval.low, metric)} to ${signed(interval.high, metric)}` }),
  value: mean,
})

/** The Frechet distance, which is of all tiles together: there are no differences of tiles to draw from. */
function distances(results: Results, block: string, scales: readonly number[], columns: Table['columns']): Table[] {
  const records = results.evaluations.filter((record) => record.block === block && record.frechet)
  const [first] = records
  if (!first) return []
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const cell = (values: readonly (number | undefined)[]): Cell => {
    const known = values.filter((value) => value !== undefined)
    if (known.length === 0) return nothing
    const [least, most] = [Math.min(...known), Math.max(...known)].map((value) => value.toFixed(2))
    return {
      text: mean(known).toFixed(2),
      ...(known.length > 1 && { beside: `${least} to ${most}` }),
      value: mean(known),
    }
  }
  const at = (m: number, rows: typeof records): typeof records => rows.filter((record) => record.m === m)
  const { name, samples, features, remark } = first.frechet!
  return [
    {
      title: name,
      columns,
      rows: [
        {
          name: 'Bicubic',
          cells: scales.map((m) =>
            cell(
              at(m, records)
                .slice(0, 1)
                .map(({ frechet }) => frechet!.bicubic),
            ),
          ),
        },
        ...[...new Set(records.map(rowName))].map((row) => ({
          name: row,
          cells: scales.map((m) =>
            cell(
              at(m, records)
                .filter((record) => rowName(record) === row)
                .map(({ frechet }) => frechet!.model),
            ),
          ),
        })),
      ],
      notes: [
        `Lower is better. ${remark ?? `${samples} samples for ${features} features`}. Of several seeds the mean; beside it the least and the most.`,
      ],
    },
  ]
}

/** What the rows cost: of a system with several trainings (a scale each) one row each. */
function costs(results: Results, { name, rows }: BlockSummary): Table {
  const trainings = results.trainings.filter(({ block }) => block === name)
  const records = results.evaluations.filter(({ block }) => block === name)
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const listed = rows.flatMap((row: Row) => {
    const own = records.filter((record) => rowName(record) === row.name)
    const scales = [...new Set(trainings.filter(({ system }) => system === own[0]!.system).map(({ at }) => at))]
    return scales.map((at) => {
      const these = trainings.filter((training) => training.system === own[0]!.system && training.at === at)
      const keys = new Set(these.map(({ key }) => key))
      const paces = own
        .filter(({ training }) => keys.has(training))
        .map(({ m, seconds }) => seconds / scalesOf(results, name).find((scale) => scale.m === m)!.megapixels)
      const trained = these.flatMap(({ seconds }) => seconds ?? [])
      const minutes = mean(trained) / 60
      const number = (value: number, text: string): Cell => ({ text, value })
      return {
        name: at === undefined ? row.name : `${row.name}, x${at}`,
        cells: [
          number(these[0]!.parameters, these[0]!.parameters.toLocaleString('en')),
          ...(trained.length === 0
            ? [nothing, nothing, nothing]
            : [
                number(these[0]!.steps!, these[0]!.steps!.toLocaleString('en')),
                { text: these.map(({ seed }) => seed).join(', ') },
                number(minutes, minutes.toFixed(1)),
              ]),
          paces.length > 0 ? number(mean(paces), mean(paces).toFixed(1)) : nothing,
        ],
      }
    })
  })
  return {
    title: 'Costs',
    columns: ['system', 'parameters', 'steps', 'seeds', 'minutes a training', 'seconds a megapixel'].map((title) => ({ title })),
    rows: listed,
    notes: ['Seconds a megapixel of what is written, over all scales, metrics and the first compilation of graphs included.'],
  }
}

function published({ scales, rows }: Paper, isIn: ReadonlySet<number>): Table[] {
  const datasets = [...new Set(rows.map(({ dataset }) => dataset))]
  return datasets.flatMap((dataset) =>
    (['psnr', 'ssim', 'fid'] as const).flatMap((metric): Table[] => {
      const own = rows.filter((row) => row.dataset === dataset && row[metric])
      const base = own.find(({ system }) => system === 'Bicubic')?.[metric]
      if (own.length === 0) return []
      const isGain = metric !== 'fid' && base !== undefined
      return [
        {
          title: `${dataset}: ${titles[metric]}`,
          columns: [
            { title: 'system' },
            ...scales.map((m) => ({ title: `x${m}`, group: isIn.has(m) ? 'in distribution' : 'out of distribution' })),
          ],
          rows: own.map((row) => ({
            name: row.system,
            cells: row[metric]!.map((value, at) => ({
              text: fixed(value, metric),
              ...(isGain &&
                row.system !== 'Bicubic' && { beside: `${value > base[at]! ? '+' : ''}${fixed(value - base[at]!, metric)}` }),
              value,
            })),
          })),
          notes: isGain
            ? ['Beside each the difference from Bicubic: of other pictures only that may be held beside the numbers above.']
            : [],
        },
      ]
    }),
  )
}
