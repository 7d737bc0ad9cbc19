import { someOf, UserError } from '../../errors.ts'
import type { DataEntry } from '../data/dataset.ts'

/** How pictures are told to belong together: by the first folder, by the column of a CSV, or by a pattern over the path. */
export type GroupBy = 'folder' | 'column' | RegExp

/** `folder`, `column`, or a regular expression; anything else is a UserError. */
export function parseGroupBy(text: string): GroupBy {
  if (text === 'folder' || text === 'column') return text
  try {
    return new RegExp(text, 'u')
  } catch (error) {
    throw new UserError(
      `${text} is no regular expression (${(error as Error).message})`,
      'folder, column, or such as ^(TMA-[0-9]+)',
      { cause: error },
    )
  }
}

/** The group of each picture. A picture without one is a UserError that names it: it could stand on both sides. */
export function groupsOf(entries: readonly DataEntry[], by: GroupBy): string[] {
  const found = entries.map((entry) => groupOf(entry, by))
  const without = entries.filter((_, at) => !found[at]).map(({ name }) => name)
  if (without.length > 0) {
    const how =
      by instanceof RegExp ? `matches ${by.source}` : by === 'folder' ? 'is in a folder of its own' : 'has a group in the CSV'
    throw new UserError(`no group for ${someOf(without, 5)}`, `Only what ${how} has one; see --group-by.`)
  }
  return found as string[]
}

function groupOf({ name, group }: DataEntry, by: GroupBy): string | undefined {
  if (by === 'column') return group
  if (by === 'folder') return name.includes('/') ? name.slice(0, name.indexOf('/')) : undefined
  const match = by.exec(name)
  return match ? (match.slice(1).find((part) => part) ?? match[0]) : undefined
}
