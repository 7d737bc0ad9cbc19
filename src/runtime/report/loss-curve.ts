import type { TopLevelSpec } from 'vega-lite'

/** One logged loss. */
export interface LossPoint {
  readonly step: number
  readonly loss: number
}

export interface LossCurve {
  /** An SVG element that takes its colours from the page (`currentColor`, `--point`, `--line`). */
  readonly svg: string
  /** What the picture shows, in a sentence for those who do not see it. */
  readonly summary: string
  /** How points and line were made. */
  readonly caption: string
}

const mostPoints = 800

/** At most `mostPoints` of them, evenly chosen, the last included. */
function thin<T>(points: readonly T[]): T[] {
  const stride = Math.ceil(points.length / mostPoints)
  return points.filter((_, index) => (points.length - 1 - index) % stride === 0)
}

/**
 * Centred moving average over `2 half + 1` points, so that the line does not lag behind a fall. It starts with seven points, where the loss
 * falls fast, and at the end takes those there are.
 */
function smooth(points: readonly LossPoint[], half: number): LossPoint[] {
  const sums = new Float64Array(points.length + 1)
  points.forEach(({ loss }, index) => (sums[index + 1] = sums[index]! + loss))
  return points.map(({ step }, index) => {
    const reach = Math.min(half, Math.max(3, index))
    const from = Math.max(0, index - reach)
    const to = Math.min(points.length, index + reach + 1)
    return { step, loss: (sums[to]! - sums[from]!) / (to - from) }
  })
}

function specification(points: readonly LossPoint[], line: readonly LossPoint[], logarithmic: boolean): TopLevelSpec {
  const x = {
    field: 'step',
    type: 'quantitative',
    title: 'training step',
    axis: { grid: false, format: ',d', tickMinStep: 1, tickCount: 10 },
  } as const
  const y = {
    field: 'loss',
    type: 'quantitative',
    title: logarithmic ? 'loss (logarithmic)' : 'loss',
    scale: logarithmic ? ({ type: 'log', nice: false } as const) : { zero: false },
    axis: { format: '~g', tickCount: 6 },
  } as const
  return {
    width: 960,
    height: 300,
    padding: 4,
    background: 'transparent',
    layer: [
      {
        data: { values: [...points] },
        mark: { type: 'circle', size: 14, opacity: 0.4, color: 'var(--point)' },
        encoding: { x, y },
      },
      { data: { values: [...line] }, mark: { type: 'line', strokeWidth: 2.25, color: 'var(--line)' }, encoding: { x, y } },
    ],
    config: {
      aria: false,
      font: 'system-ui, sans-serif',
      view: { stroke: null },
      axis: {
        labelColor: 'currentColor',
        titleColor: 'currentColor',
        domainColor: 'currentColor',
        tickColor: 'currentColor',
        gridColor: 'currentColor',
        gridOpacity: 0.14,
        domainOpacity: 0.5,
        tickOpacity: 0.5,
        labelFontSize: 12,
        titleFontSize: 12.5,
        titleFontWeight: 500,
        titlePadding: 10,
      },
    },
  }
}

const shortened = (value: number): string => String(Number(value.toPrecision(3)))

/**
 * Draws the loss over the steps: every logged value as a point, a smoothed line over them, the loss on a logarithmic axis when it is
 * positive throughout and spans a factor of five. Losses that are not finite are left out. Undefined when none is left.
 */
export async function drawLossCurve(losses: readonly LossPoint[]): Promise<LossCurve | undefined> {
  const points = losses.filter(({ loss }) => Number.isFinite(loss)).toSorted((a, b) => a.step - b.step)
  const [first, last] = [points[0], points.at(-1)]
  if (first === undefined || last === undefined) return undefined
  // Only a page needs them, and they cost a tenth of a second.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')])
  const half = Math.max(1, Math.round(points.length / 80))
  const line = smooth(points, half)
  const shown = thin(points)
  const [lowest, highest] = points.reduce(
    ([low, high], { loss }) => [Math.min(low, loss), Math.max(high, loss)],
    [Infinity, -Infinity],
  )
  const { spec } = compile(specification(shown, thin(line), lowest > 0 && highest > 5 * lowest))
  const view = new vega.View(vega.parse(spec), { renderer: 'none' })
  const svg = await view.toSVG()
  view.finalize()
  const chosen = shown.length < points.length ? ` (${shown.length} of ${points.length} shown)` : ''
  const end = line.at(-1)?.loss ?? last.loss
  return {
    svg,
    summary: `Loss over training steps ${first.step} to ${last.step}: from ${shortened(first.loss)} to ${shortened(end)} (smoothed).`,
    caption: `Points: logged losses${chosen}. Line: centred moving average over ${2 * half + 1} of them.`,
  }
}
