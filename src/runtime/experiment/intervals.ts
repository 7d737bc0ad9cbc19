import type { ExperimentText } from './experiment.ts'
import type { Results, ScaleRecord } from './results.ts'
import { fewestUnits } from './significance.ts'

/** What stands below tables about intervals. */
export interface IntervalNotes {
  /** Below differences. */
  readonly differences: string
  /** Below the numbers themselves. */
  readonly levels: string
}

/** Promises no interval where there are too few tiles (or pictures) for one, and says so. */
export function intervalNotes(
  { scales }: Pick<Results, 'scales'>,
  resample: ExperimentText['resample'] = 'tiles',
): IntervalNotes {
  const countOf = (scale: ScaleRecord): number => new Set(scale[resample]).size
  const few = scales.filter((scale) => countOf(scale) < fewestUnits)
  const usual = {
    differences: 'Beside each the 95 % interval. ≈ it holds 0: the two cannot be told apart on these pictures.',
    levels: '≈ cannot be told apart from it.',
  }
  if (few.length === 0) return usual
  const most = Math.max(...few.map(countOf))
  const reason = `${most === 1 ? `one ${resample.slice(0, -1)} is` : `${most} ${resample} are`} too few for an interval, which takes ${fewestUnits}`
  if (few.length === scales.length) {
    const none = `What can be told apart is not known: ${reason}.`
    return { differences: none, levels: none }
  }
  const at = `Not at ${few.map(({ m }) => `x${m}`).join(', ')}: ${reason}.`
  return { differences: `${usual.differences} ${at}`, levels: `${usual.levels} ${at}` }
}
