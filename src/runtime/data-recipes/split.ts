import { UserError } from '../../errors.ts'
import { shuffled } from '../files/shuffled.ts'

/** The three parts of a data set. */
export const splitNames = ['train', 'val', 'test'] as const
export type SplitName = (typeof splitNames)[number]
/** How many go where: train, val, test. */
export type Counts = readonly [number, number, number]

/** What is divided: a sub-image or a picture. */
export interface Unit {
  /** The same on every machine. */
  readonly key: string
  /** What may stay on one side: a slide, a patient. */
  readonly group: string
}

/** As many as there are, in the proportion asked for: each share rounded, at least one everywhere. */
export function countsFor(total: number, asked: Counts): Counts {
  const sum = asked[0] + asked[1] + asked[2]
  if (total === sum) return asked
  const [val, test] = [asked[1], asked[2]].map((count) => (count === 0 ? 0 : Math.max(1, Math.round((count / sum) * total)))) as [
    number,
    number,
  ]
  return [total - val - test, val, test]
}

/** Each unit on its own, in random order: units of one group come to stand on both sides. */
export function splitUnits(units: readonly Unit[], asked: Counts, seed: number): Map<string, SplitName> {
  refuseTooFew(units.length, asked, 'pictures')
  const [train, val] = countsFor(units.length, asked)
  const order = shuffled(units, seed, 'split')
  return new Map(order.map(({ key }, at) => [key, at < train ? 'train' : at < train + val ? 'val' : 'test']))
}

/** Whole groups: test first, then validation, each as near to its share as groups allow. */
export function splitGroups(units: readonly Unit[], asked: Counts, seed: number): Map<string, SplitName> {
  const sizes = new Map<string, number>()
  for (const { group } of units) sizes.set(group, (sizes.get(group) ?? 0) + 1)
  refuseTooFew(sizes.size, asked, 'groups')
  const counts = countsFor(units.length, asked)
  const sides = new Map<string, SplitName>()
  let left = shuffled([...sizes].map(([key, size]) => ({ key, size })), seed, 'group') // prettier-ignore
  for (const [side, wanted, kept] of [
    ['test', counts[2], counts[1] > 0 ? 2 : 1],
    ['val', counts[1], 1],
  ] as const) {
    let size = 0
    for (const group of left) {
      const taken = [...sides.values()].filter((other) => other === side).length
      const isCloser = Math.abs(size + group.size - wanted) < Math.abs(size - wanted)
      if (wanted === 0 || left.length - taken <= kept || (taken > 0 && !isCloser)) continue
      sides.set(group.key, side)
      size += group.size
    }
    left = left.filter(({ key }) => !sides.has(key))
  }
  return new Map(units.map(({ key, group }) => [key, sides.get(group) ?? 'train']))
}

function refuseTooFew(count: number, asked: Counts, what: string): void {
  const needed = asked.filter((share) => share > 0).length
  if (count < needed)
    throw new UserError(
      `${count} ${count === 1 ? what.slice(0, -1) : what} cannot be split ${asked.join('/')}`,
      `Each side needs one at least; give more ${what}, or a side of none (--split 1/0/0).`,
    )
}
