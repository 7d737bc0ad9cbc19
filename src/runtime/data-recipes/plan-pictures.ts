import path from 'node:path'
import { shortened } from '../files/short-name.ts'
import { UserError } from '../../errors.ts'
import { findPictures, picturesLines, withoutLow } from '../data/dataset.ts'
import { decodeAll, pixelCache, withPixels, type Trained } from '../data/decoded.ts'
import { readPicture } from '../data/read-picture.ts'
import { groupsOf, type GroupBy } from './groups.ts'
import { countRemarks, type Piece, type Plan, type Source, type SplitSettings } from './plan.ts'
import { splitGroups, splitUnits } from './split.ts'

export interface PicturesSettings extends SplitSettings {
  readonly recipe: 'tma' | 'fields'
  /** Folders, CSVs, pictures. */
  readonly from: readonly string[]
  readonly splitBy: 'picture' | 'group'
  /** Without it the column of a CSV or, where there is none, each picture is its own group. */
  readonly groupBy?: GroupBy
}

/** The set made of pictures: TMA cores, or fields at hand. Nothing is written. Throws UserError. */
export async function planPictures(settings: PicturesSettings): Promise<Plan> {
  const { recipe, from, splitBy, groupBy, split, seed, tile } = settings
  const found = await decodeAll(await findPictures(from), { cache: pixelCache() })
  const entries = withoutLow(found.entries, 'a set')
  refuseCopies(withPixels(found))
  const groups =
    groupBy !== undefined
      ? groupsOf(entries, groupBy)
      : splitBy === 'group'
        ? groupsOf(entries, 'column')
        : entries.map(({ name, group }) => group ?? name)
  const stems = entries.map(({ name }) => stemOf(name))
  const twice = stems.find((stem, at) => stems.indexOf(stem) !== at)
  if (twice !== undefined) throw new UserError(`two pictures would be called ${twice}`, 'Rename one of them.')
  const units = entries.map(({ sha256 }, at) => ({ key: sha256, group: groups[at]! }))
  const sides = splitBy === 'group' ? splitGroups(units, split, seed) : splitUnits(units, split, seed)
  const sources = entries.map(({ name, sha256, bytes, mpp }, at): Source => ({
    name,
    sha256,
    bytes,
    group: groups[at]!,
    ...(mpp !== undefined && { mpp }),
  }))
  const pieces = entries.map(({ path: file, sha256 }, at): Piece => ({
    source: sources[at]!,
    split: sides.get(sha256)!,
    stem: stems[at]!,
    x: 0,
    y: 0,
    read: async () => (await readPicture(file)).picture,
  }))
  return {
    recipe,
    parameters: {
      split: split.join('/'),
      seed,
      tile,
      splitBy,
      groupBy: groupBy instanceof RegExp ? groupBy.source : (groupBy ?? null),
    },
    sources,
    pieces,
    tile,
    split: {
      by: splitBy,
      says:
        splitBy === 'group'
          ? `whole groups (${new Set(groups).size} of them): none stands on two sides`
          : 'pictures at random: those of one patient or slide may stand on two sides',
    },
    remarks: [...picturesLines(found), ...(splitBy === 'group' ? [] : countRemarks(entries.length, split, 'pictures'))],
  }
}

const stemOf = (name: string): string =>
  shortened(path.posix.join(path.posix.dirname(name), path.posix.parse(name).name).replaceAll('/', '__'))

/** The same picture under two names, whatever format it has, would stand on both sides. */
function refuseCopies(entries: readonly Trained[]): void {
  const files = new Map<string, string>()
  const samples = new Map<string, string>()
  for (const { name, sha256, pixels } of entries) {
    const copied = files.get(sha256)
    if (copied !== undefined) throw new UserError(`${name} is a copy of ${copied}`, 'Leave one of them out.')
    const same = pixels === undefined ? undefined : samples.get(pixels)
    if (same !== undefined) throw new UserError(`${name} has the same pixels as ${same}`, 'Leave one of them out.')
    files.set(sha256, name)
    if (pixels !== undefined) samples.set(pixels, name)
  }
}
