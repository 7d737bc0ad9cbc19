import type { Budget, ExperimentText } from './experiment.ts'
import type { Results, SideRecord } from './results.ts'
import { fewestUnits, resamples } from './significance.ts'

const budgetText = (budget: Budget): string =>
  'steps' in budget
    ? `${budget.steps.toLocaleString('en')} steps a training`
    : 'minutes' in budget
      ? `${budget.minutes} minutes a training`
      : 'the epochs of each train block'

const sideText = ({ pictures, groups, digest }: SideRecord): string =>
  `${pictures} ${pictures === 1 ? 'picture' : 'pictures'}${groups.length > 0 ? ` of ${groups.join(', ')}` : ''} (SHA-256 ${digest.slice(0, 16)})`

/** What was run, on what: names and values, in order. */
export function factsOf(text: ExperimentText, results: Results): (readonly [string, string])[] {
  const { data, tile, trainings, evaluations, scales } = results
  const machines = [
    ...new Set(
      [...trainings, ...evaluations]
        .flatMap(({ machine }) => machine ?? [])
        .map(
          ({ cpu, cores, memory, system, engine, archc }) =>
            `${cpu}, ${cores} cores, ${memory}, ${system}, ${engine}, archc ${archc}`,
        ),
    ),
  ]
  const sets = text.set ?? []
  return [
    ...(results.budget ? [['budget', budgetText(results.budget)] as const, ['trained on', sideText(data.train)] as const] : []),
    ['judged on', `${sideText(data.test)}; ${scales[0]?.tiles.length ?? 0} tiles of at most ${tile} x ${tile} a scale`],
    ...(data.isGiven ? [['the pictures', 'were named on the command line instead of those of the file'] as const] : []),
    ['split', text.data.split],
    ['leaks', text.data.leaks],
    ...(data.shared.length > 0 ? [['groups on both sides', data.shared.join(', ')] as const] : []),
    ...(sets.length > 0 ? [['set for all', sets.join('; ')] as const] : []),
    ['machines', machines.join('; ')],
  ]
}

/** Definitions of the numbers of some systems; of all where `of` is not there. */
export interface Definitions {
  readonly of?: string
  readonly lines: readonly string[]
}

/** What numbers go by: what holds for all, then what is particular to some systems. */
export function definitionsOf({ resample = 'tiles' }: ExperimentText, { definitions, evaluations }: Results): Definitions[] {
  const all = Object.entries(definitions)
  const named = ([name, text]: readonly [string, string]): string =>
    text.toLowerCase().startsWith(name) ? text : `${name}: ${text}`
  const [, first = {}] = all[0] ?? []
  const common = Object.entries(first).filter(([name, text]) => all.every(([, each]) => each[name] === text))
  const isCommon = new Set(common.map(([name]) => name))
  const shaves = [...new Map(evaluations.map(({ m, shave }) => [m, shave]))].sort(([a], [b]) => a - b)
  return [
    {
      lines: [
        ...common.map(named),
        `border left out for PSNR: ${shaves.map(([m, shave]) => `${shave} px at x${m}`).join(', ')}`,
        `differences: tile by tile, of several seeds the mean of each tile. Their interval is the percentile bootstrap of the mean, 95 %, ${resamples.toLocaleString('en')} resamples of ${resample}, seeded; with fewer than ${fewestUnits} ${resample} there is none. It says nothing of other slides, nor of other seeds`,
      ],
    },
    ...all.flatMap(([id, each]): Definitions[] => {
      const own = Object.entries(each).filter(([name]) => !isCommon.has(name))
      const systems = [...new Set(evaluations.filter((record) => record.definitions === id).map(({ system }) => system))]
      return own.length > 0 ? [{ of: systems.join(', '), lines: own.map(named) }] : []
    }),
  ]
}
