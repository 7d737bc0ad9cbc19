import type { TrainingRecord } from './results.ts'

/** Okabe and Ito's colours, which the colour-blind tell apart; their black and yellow are left out for dark and light pages. */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00']
/** A line of its own for what the colours do not reach. */
const dashes = [
  [1, 0],
  [6, 3],
  [2, 2],
]

/** The losses of a block's trainings over their steps, one line each, as an SVG element; undefined where there are none. */
export async function drawCurves(trainings: readonly TrainingRecord[]): Promise<string | undefined> {
  const name = ({ system, at, seed }: TrainingRecord): string =>
    [system, ...(at === undefined ? [] : [`x${at}`]), `seed ${seed}`].join(', ')
  const values = trainings.flatMap((training) =>
    training.losses.map(([step, loss]) => ({ step, loss, training: name(training) })),
  )
  if (values.length === 0) return undefined
  const names = trainings.map(name)
  const losses = values.map(({ loss }) => loss)
  const isLogarithmic = Math.min(...losses) > 0 && Math.max(...losses) > 5 * Math.min(...losses)
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')])
  const { spec } = compile({
    width: 760,
    height: 300,
    padding: 4,
    background: 'transparent',
    data: { values },
    mark: { type: 'line', strokeWidth: 1.75 },
    encoding: {
      x: { field: 'step', type: 'quantitative', title: 'training step', axis: { grid: false, format: ',d', tickMinStep: 1 } },
      y: {
        field: 'loss',
        type: 'quantitative',
        title: isLogarithmic ? 'loss (logarithmic)' : 'loss',
        scale: isLogarithmic ? { type: 'log', nice: false } : { zero: false },
        axis: { format: '~g', tickCount: 6 },
      },
      color: {
        field: 'training',
        type: 'nominal',
        title: null,
        sort: names,
        scale: { domain: names, range: names.map((_, at) => colours[at % colours.length]!) },
      },
      strokeDash: {
        field: 'training',
        type: 'nominal',
        title: null,
        sort: names,
        scale: { domain: names, range: names.map((_, at) => dashes[Math.floor(at / colours.length) % dashes.length]!) },
      },
    },
    config: {
      aria: false,
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      legend: { labelColor: 'currentColor', labelFontSize: 12, labelLimit: 240, symbolSize: 200 },
      axis: {
        labelColor: 'currentColor',
        titleColor: 'currentColor',
        domainColor: 'currentColor',
        tickColor: 'currentColor',
        gridColor: 'currentColor',
        gridOpacity: 0.14,
        labelFontSize: 12,
        titleFontSize: 12.5,
        titleFontWeight: 500,
      },
    },
  })
  const view = new vega.View(vega.parse(spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  return svg
}
