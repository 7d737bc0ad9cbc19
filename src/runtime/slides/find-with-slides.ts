import { UserError } from '../../errors.ts'
import { findData, lookedAt, refuseAll, type DataEntry, type Pictures } from '../data/dataset.ts'
import { onlySlides, pictureEndings } from '../data/picture.ts'
import type { FieldSettings, SlidesUsed, SlideUsed } from '../data/slide-part.ts'
import { fieldDefinition, fieldsOf } from './fields.ts'
import { heldOpen } from './held-open.ts'
import { isSlide } from './is-slide.ts'

export interface FindOptions {
  /** A folder of low-resolution pictures. */
  readonly low?: string
  readonly fields: FieldSettings
  /** What OpenSlide says where it is brought. */
  readonly say?: (line: string) => void
  readonly onProgress?: (done: number, total: number, what: string) => void
}

/**
 * `findPictures`, where slides are taken too: fields with tissue, each a picture (`fieldsOf`). A slide without such fields is left out, and so is
 * one that is there in another file.
 * @throws UserError that names all slides that cannot be read, or says that none has tissue.
 */
export async function findWithSlides(source: string | readonly string[], options: FindOptions): Promise<Pictures> {
  const { fields: settings, low, say, onProgress } = options
  const listing = await findData(source, low, [...pictureEndings, ...onlySlides])
  const slides = new Set<DataEntry>()
  for (const entry of listing.entries) if (await isSlide(entry.path)) slides.add(entry)
  if (slides.size === 0) return lookedAt(listing)
  const withSlide = heldOpen(say)
  const entries: DataEntry[] = []
  const used: SlideUsed[] = []
  const copies: (readonly [string, string])[] = []
  const known = new Map<string, string>()
  const wrong: UserError[] = []
  let done = 0
  for (const entry of listing.entries) {
    if (!slides.has(entry)) {
      entries.push(entry)
      continue
    }
    onProgress?.(done, slides.size, entry.name)
    done += 1
    try {
      requireNoLow(entry)
      await withSlide(entry.path, async (slide) => {
        // Formats of several files, as DICOM, open the whole slide by each of them.
        const quick = slide.beside?.properties.get('openslide.quickhash-1')
        const marks = [entry.sha256, ...(quick === undefined ? [] : [quick])]
        const same = marks.map((mark) => known.get(mark)).find((name) => name !== undefined)
        if (same !== undefined) return copies.push([entry.name, same])
        marks.forEach((mark) => known.set(mark, entry.name))
        const found = await fieldsOf(entry, slide, settings, withSlide)
        used.push(found.used)
        return entries.push(...found.fields)
      })
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      wrong.push(error)
    }
  }
  onProgress?.(slides.size, slides.size, 'tissue')
  refuseAll(wrong, `${wrong.length} of ${slides.size} slides cannot be taken:`)
  if (entries.length === 0)
    throw new UserError(
      `no field of ${settings.side} x ${settings.side} pixels has ${Math.round(100 * settings.tissue)} % tissue in ${used.map(({ name }) => name).join(', ')}`,
      'Take a smaller --side or --tissue.',
    )
  const all: SlidesUsed = { ...settings, definition: fieldDefinition(settings), slides: used, copies }
  return lookedAt({ ...listing, entries, slides: all })
}

function requireNoLow({ name, low }: DataEntry): void {
  if (low)
    throw new UserError(
      `${name} is a slide, and has ${low.name} for its low-resolution picture`,
      'those of slides come from a coarser level: --low-level 1',
    )
}
