import { dirname, join } from 'node:path'
import { UserError } from '../../errors.ts'
import { appendLine, makeFolders, readLines } from '../files/atomic.ts'
import { cacheFolder } from '../files/cache-folder.ts'
import { refuseAll, type DataEntry, type Pictures } from './dataset.ts'
import { pixelChecksum } from './pixel-checksum.ts'
import { readEntry, type Readable } from './entry-picture.ts'
import { heldPixels } from './read-picture.ts'
import { placeOf, type PlaceOnSlide } from './slide-part.ts'

/** Pictures that were decoded once, whole: none of them is cut off or broken. */
export interface Decoded extends Pictures {
  /** Checksums of samples by the checksum of the file; a picture that is not held in memory has none. */
  readonly pixels: ReadonlyMap<string, string>
}

interface DecodeOptions {
  /** A file that keeps what was decoded before, by the checksum of the file; without it all are decoded. */
  readonly cache?: string
  readonly onProgress?: (done: number, total: number) => void
}

/** Where the checksums of what was decoded are kept. */
export const pixelCache = (): string => join(cacheFolder(), 'pixels.jsonl')

/** Pictures that are decoded at the same time. */
const atOnce = 4

/**
 * Decodes every picture, those of low resolution too, so that what is broken is said before anything is computed, and what is the same
 * picture in another file is known.
 * @throws UserError that names all that cannot be decoded.
 */
export async function decodeAll(pictures: Pictures, { cache, onProgress }: DecodeOptions = {}): Promise<Decoded> {
  const pixels = await known(cache)
  const files = new Map<string, Readable>()
  for (const entry of pictures.entries)
    for (const each of [entry, ...(entry.low ? [entry.low] : [])])
      if (!pixels.has(each.sha256) && isHeld(pictures, each.path)) files.set(each.sha256, each)
  const wrong: UserError[] = []
  const left = [...files]
  if (cache !== undefined && left.length > 0) await makeFolders(dirname(cache)).catch(() => undefined)
  let done = 0
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) {
      const [sha256, file] = next
      try {
        const sum = pixelChecksum((await readEntry(file)).picture)
        pixels.set(sha256, sum)
        // What is kept saves time the next time: a cache that cannot be written costs that alone.
        if (cache !== undefined) await appendLine(cache, { sha256, pixels: sum }).catch(() => undefined)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        wrong.push(error)
      }
      done += 1
      onProgress?.(done, files.size)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  refuseAll(wrong, `${wrong.length} of ${files.size} pictures cannot be decoded:`)
  return { ...pictures, pixels }
}

function isHeld({ looks }: Pictures, path: string): boolean {
  const look = looks.get(path)
  return look !== undefined && look.width * look.height <= heldPixels
}

async function known(cache: string | undefined): Promise<Map<string, string>> {
  const lines = cache === undefined ? [] : await readLines(cache).catch(() => [])
  return new Map(
    lines.flatMap((line) => {
      const { sha256, pixels } = line as { sha256?: unknown; pixels?: unknown }
      return typeof sha256 === 'string' && typeof pixels === 'string' ? [[sha256, pixels] as const] : []
    }),
  )
}

/** A picture that is judged, as what was trained on has it. */
export interface Leak {
  readonly name: string
  /** `same` file or pixels, or of the same group or slide. */
  readonly by: 'same' | 'group'
  /** The picture, the group or the slide that was trained on. */
  readonly with: string
}

/** What is known of a picture that was trained on. */
export type Trained = Pick<DataEntry, 'name' | 'sha256' | 'group'> & {
  readonly pixels?: string
  readonly slide?: Pick<PlaceOnSlide, 'path' | 'sha256'>
}

/** Which pictures were trained on, in this file or another, or belong to a group or a slide, whatever its file is called, that was. */
export function leaksOf(judged: readonly Trained[], trained: readonly Trained[]): Leak[] {
  const files = new Map(trained.map(({ sha256, name }) => [sha256, name]))
  const samples = new Map(trained.flatMap(({ pixels, name }) => (pixels === undefined ? [] : [[pixels, name] as const])))
  const groups = new Set(trained.flatMap(({ group }) => group ?? []))
  const slides = new Map(trained.flatMap(({ slide }) => (slide ? [[slide.sha256, slide.path] as const] : [])))
  return judged.flatMap(({ name, sha256, pixels, group, slide }): Leak[] => {
    const same = files.get(sha256) ?? (pixels === undefined ? undefined : samples.get(pixels))
    if (same !== undefined) return [{ name, by: 'same', with: same }]
    if (group !== undefined && groups.has(group)) return [{ name, by: 'group', with: group }]
    const known = slide && slides.get(slide.sha256)
    return known === undefined ? [] : [{ name, by: 'group', with: known }]
  })
}

/** Entries with the checksums of their samples. */
export const withPixels = ({ entries, pixels }: Pick<Decoded, 'entries' | 'pixels'>): Trained[] =>
  entries.map(({ name, sha256, group, part }) => {
    const sum = pixels.get(sha256)
    return { name, sha256, ...(group !== undefined && { group }), ...(sum !== undefined && { pixels: sum }), ...placeOf(part) }
  })
