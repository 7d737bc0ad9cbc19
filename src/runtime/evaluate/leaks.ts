import { someOf } from '../../errors.ts'
import { leaksOf, withPixels, type Decoded, type Leak, type Trained } from '../data/decoded.ts'
import type { Run, RunRecord } from '../files/run-layout.ts'

const named = (leaks: readonly Leak[], text: (leak: Leak) => string): string => someOf(leaks.map(text), 3)

const trainedOn = ({ data }: RunRecord, side: 'train' | 'val'): Trained[] =>
  data.flatMap(({ path, split, ...entry }) => (split === side ? [{ name: path, ...entry }] : []))

/**
 * Which pictures a run has seen, by what it keeps of its data: the same files, the same samples in other files, others of the same groups;
 * undefined where there are none.
 */
export function runLeaks({ record }: Pick<Run, 'record'>, pictures: Pick<Decoded, 'entries' | 'pixels'>): string | undefined {
  const judged = withPixels(pictures)
  const leaks = leaksOf(judged, trainedOn(record, 'train'))
  const seen = new Set(leaks.map(({ name }) => name))
  const chosen = leaksOf(judged, trainedOn(record, 'val')).filter(({ name, by }) => by === 'same' && !seen.has(name))
  const of = (by: Leak['by']): Leak[] => leaks.filter((leak) => leak.by === by)
  const lines = [
    ...(of('same').length > 0
      ? [
          `${of('same').length} of ${judged.length} pictures were trained on (run.json): ${named(of('same'), ({ name, with: other }) => (name === other ? name : `${name} as ${other}`))}`,
        ]
      : []),
    ...(of('group').length > 0
      ? [
          `${of('group').length} of ${judged.length} belong to groups that were trained on (run.json): ${named(of('group'), ({ name, with: group }) => `${name} of ${group}`)}`,
        ]
      : []),
    ...(chosen.length > 0
      ? [
          `${chosen.length} of ${judged.length} were set aside in training, where the best checkpoint is told by them: ${named(chosen, ({ name }) => name)}`,
        ]
      : []),
  ]
  return lines.length > 0 ? lines.join('; ') : undefined
}
