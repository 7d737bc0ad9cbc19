import { createHash } from 'node:crypto'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import type { DataEntry } from '../data/dataset.ts'
import type { FieldSettings, SlidePart, SlideUsed } from '../data/slide-part.ts'
import { shuffled } from '../files/shuffled.ts'
import type { WithSlide } from './held-open.ts'
import { isInside, levelScale, requireSamePlace } from './level-pairs.ts'
import type { Slide } from './slide.ts'
import { squareLevel, withTissue } from './squares.ts'
import { definition } from './tissue.ts'

/** What a field is, to be kept with results. */
export const fieldDefinition = ({ side, level, tissue, most, seed, lowLevel }: FieldSettings): string =>
  `squares of ${side} x ${side} pixels of level ${level}, of a grid that starts in its corner, with at least ${Math.round(100 * tissue)} % tissue (${definition}); of a slide at most ${most}, chosen by seed ${seed}${lowLevel === undefined ? '' : `; low-resolution pictures are the same parts of level ${lowLevel}`}`

/** A slide's identifier: its file's name before the first point, as TCGA names its files. */
export const slideId = (file: string): string => path.basename(file).split('.')[0]!

/** Micrometres a pixel of a level; `full`: of the full size, whatever the file says. */
export const mppOf = ({ mpp, levels }: Slide, level: number, full = mpp?.x): number | undefined =>
  full === undefined ? undefined : Number((full * levels[level]!.downsample).toPrecision(6))

/**
 * Fields of a slide with tissue, as pictures of a data set, none where there are none. They depend on the file, the settings and their seed alone.
 * Pixels are read when somebody asks for them; those of level pairs also here, to see that levels show the same place.
 * @throws UserError naming the slide: no such level, one that is smaller than a field, levels that are no pair, a region that is damaged.
 */
export async function fieldsOf(
  entry: DataEntry,
  slide: Slide,
  settings: FieldSettings,
  withSlide: WithSlide,
): Promise<{ readonly used: SlideUsed; readonly fields: readonly DataEntry[] }> {
  const { path: file, name, sha256, group = slideId(name) } = entry
  const { side, most, level, lowLevel, tissue, seed } = settings
  const chosen = squareLevel(file, slide, level, side, 'field')
  const m = lowLevel === undefined ? undefined : levelScale(file, slide, level, lowLevel, [side])
  const candidates = (await withTissue(slide, chosen, side, tissue))
    .filter(({ x, y }) => m === undefined || isInside(x, y, side, m, slide.levels[lowLevel!]!))
    .map(({ x, y }) => ({ x, y, key: `${sha256} ${x} ${y}` }))
  const mpp = mppOf(slide, level, entry.mpp)
  const notes = [
    ...(slide.blank === undefined ? [] : [slide.blank]),
    ...(slide.fluorescence === undefined ? [] : [`fluorescence: ${slide.fluorescence}`]),
  ]
  const partAt = (at: number, x: number, y: number, length: number): DataEntry & { readonly part: SlidePart } => {
    const place = `[${x},${y}]${at === 0 ? '' : ` level ${at}`}`
    return {
      path: `${file} ${place}`,
      name: `${name} ${place}`,
      group,
      sha256: createHash('sha256').update(`${sha256} ${at} ${x} ${y} ${length} ${length}`).digest('hex'),
      bytes: 3 * length * length,
      part: {
        slide: { name, sha256 },
        level: at,
        x,
        y,
        width: length,
        height: length,
        notes,
        read: () =>
          withSlide(file, (opened) => opened.region(at, x, y, length, length)).catch((error: unknown) => {
            if (!(error instanceof UserError)) throw error
            throw new UserError(`${error.message}, at ${x}, ${y} of level ${at}`, error.help, { cause: error })
          }),
      },
    }
  }
  const fields: DataEntry[] = []
  const taken = shuffled(candidates, seed, 'choose').slice(0, most)
  for (const { x, y } of taken.sort((a, b) => a.y - b.y || a.x - b.x)) {
    const high = { ...partAt(level, x, y, side), ...(mpp !== undefined && { mpp }) }
    if (m === undefined) {
      fields.push(high)
      continue
    }
    const { path: lowPath, name: lowName, sha256: lowSum, part } = partAt(lowLevel!, x / m, y / m, side / m)
    requireSamePlace(name, { x, y }, await high.part.read(), await part.read(), m)
    fields.push({ ...high, low: { path: lowPath, name: lowName, sha256: lowSum, part } })
  }
  return {
    used: { name, sha256, ...(mpp !== undefined && { mpp }), withTissue: candidates.length, taken: fields.length },
    fields,
  }
}
