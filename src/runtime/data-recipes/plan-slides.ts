import path from 'node:path'
import { plural, UserError } from '../../errors.ts'
import { leftOutText } from '../data/dataset.ts'
import type { Picture } from '../data/picture.ts'
import { checksum } from '../files/checksum.ts'
import { shuffled } from '../files/shuffled.ts'
import { findSlides } from './find-slides.ts'
import { countRemarks, type Piece, type Plan, type Source, type SplitSettings } from './plan.ts'
import { mppOf, slideId } from '../slides/fields.ts'
import { isInside, levelScale } from '../slides/level-pairs.ts'
import { heldOpen } from '../slides/held-open.ts'
import { squareLevel, withTissue } from '../slides/squares.ts'
import { splitGroups, splitUnits } from './split.ts'
import { definition } from '../slides/tissue.ts'

export interface SlidesSettings extends SplitSettings {
  /** Files, folders, or identifiers that are looked for in `within`. */
  readonly slides: readonly string[]
  readonly within: string
  /** Side of the sub-images. */
  readonly side: number
  readonly level: number
  /** The coarser level that low-resolution pictures come from; none without it. */
  readonly lowLevel?: number
  /** The least share of tissue in a sub-image. */
  readonly tissue: number
  readonly splitBy: 'sub-image' | 'slide'
  readonly onProgress?: (done: number, total: number, what: string) => void
  readonly say?: (line: string) => void
}

/** The set made of slides: sub-images with tissue, chosen by the seed. Slides are looked at, nothing is written. Throws UserError. */
export async function planSlides(settings: SlidesSettings): Promise<Plan> {
  const { side, level, lowLevel, tissue, split, splitBy, seed, tile, onProgress } = settings
  const { files, leftOut } = await findSlides(settings.slides, settings.within)
  const wanted = split[0] + split[1] + split[2]
  const sources: Source[] = []
  const blanks: string[] = []
  const withSlide = heldOpen(settings.say)
  const candidates: { key: string; group: string; piece: Omit<Piece, 'split'> }[] = []
  for (const [at, file] of files.entries()) {
    onProgress?.(at, files.length, path.basename(file))
    await withSlide(file, async (slide) => {
      const chosen = squareLevel(file, slide, level, side, 'sub-image')
      const mpp = mppOf(slide, level)
      const source: Source = {
        name: path.basename(file),
        ...(await checksum(file)),
        group: slideId(file),
        ...(mpp !== undefined && { mpp }),
      }
      const same = sources.find((other) => other.sha256 === source.sha256 || other.group === source.group)
      if (same) throw new UserError(`${source.name} and ${same.name} are the same slide`, 'Leave one of them out.')
      sources.push(source)
      if (slide.blank !== undefined) blanks.push(`${source.name}: ${slide.blank}`)
      const read = (from: number, x: number, y: number, length: number): Promise<Picture> =>
        withSlide(file, (opened) => opened.region(from, x, y, length, length))
      const m = lowLevel === undefined ? undefined : levelScale(file, slide, level, lowLevel, [side, tile])
      for (const { x, y } of await withTissue(slide, chosen, side, tissue)) {
        if (m !== undefined && !isInside(x, y, side, m, slide.levels[lowLevel!]!)) continue
        const low = m !== undefined && { m, read: () => read(lowLevel!, x / m, y / m, side / m) }
        candidates.push({
          key: `${source.sha256} ${x} ${y}`,
          group: source.group,
          piece: { source, stem: source.group, x, y, read: () => read(level, x, y, side), ...(low && { low }) },
        })
      }
    })
  }
  onProgress?.(files.length, files.length, 'tissue')
  if (candidates.length === 0)
    throw new UserError(
      `no sub-image of ${side} x ${side} pixels has ${tissue * 100} % tissue`,
      'Take a smaller --side or --tissue.',
    )
  const units = shuffled(candidates, seed, 'choose').slice(0, wanted)
  const sides = splitBy === 'slide' ? splitGroups(units, split, seed) : splitUnits(units, split, seed)
  return {
    recipe: 'tcga',
    parameters: {
      side,
      level,
      ...(lowLevel !== undefined && { lowLevel }),
      tissue,
      split: split.join('/'),
      seed,
      tile,
      splitBy,
      candidates: candidates.length,
      detection: definition,
    },
    sources,
    pieces: units
      .map(({ key, piece }): Piece => ({ ...piece, split: sides.get(key)! }))
      .sort((a, b) => sources.indexOf(a.source) - sources.indexOf(b.source) || a.y - b.y || a.x - b.x),
    tile,
    split: {
      by: splitBy,
      says:
        splitBy === 'slide'
          ? `whole slides (${sources.length} of them): none stands on two sides`
          : `sub-images at random, as in the paper: slides stand on several sides, so scores on the test side are better than on slides that were not trained on; --split-by slide keeps them apart`,
    },
    remarks: [
      `${plural(files.length, 'slide')}${leftOutText(leftOut)}`,
      ...blanks,
      ...countRemarks(units.length, split, 'sub-images with tissue'),
    ],
  }
}
