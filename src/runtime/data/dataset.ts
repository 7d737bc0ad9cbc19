import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { listing, plural, someOf, UserError } from '../../errors.ts'
import { checksum } from '../files/checksum.ts'
import { withSlashes } from '../files/slashes.ts'
import { quoted, readCsv } from './csv.ts'
import { filesBelow } from './files-below.ts'
import { lookAtEntry, type Readable } from './entry-picture.ts'
import { onlySlides, pictureEndings } from './picture.ts'
import type { PictureLook } from './read-picture.ts'
import { placeOf, slidesLines, type PlaceOnSlide, type SlidePart, type SlidesUsed } from './slide-part.ts'

/** One picture of a data set. */
export interface DataEntry {
  /** Absolute path; of a part of a slide with its place behind, which no other picture has and no file either. */
  readonly path: string
  /** The path as the folder or the CSV has it, with `/`: the same on every machine. */
  readonly name: string
  /** What must stay on one side of a split: a slide, a patient, a laboratory. */
  readonly group?: string
  /** Micrometres per pixel. */
  readonly mpp?: number
  /** Of the file; of a part of a slide that of the slide's and of its place. */
  readonly sha256: string
  readonly bytes: number
  /** Its low-resolution picture, where that was made elsewhere. */
  readonly low?: LowEntry
  /** Where it is a part of a slide. */
  readonly part?: SlidePart
}

/** A ready-made low-resolution picture. */
export interface LowEntry {
  /** Absolute path, as that of an entry. */
  readonly path: string
  /** As the folder or the CSV has it. */
  readonly name: string
  readonly sha256: string
  /** Where it is a part of a slide. */
  readonly part?: SlidePart
}

/** What people name as their data, as it was found. */
export interface Listing {
  readonly entries: readonly DataEntry[]
  /** How many files of its folders are none of the pictures that archc reads, by their ending; folders that were not looked into, by their name with `/`. */
  readonly leftOut: Readonly<Record<string, number>>
  /** What slides gave, where there are some among them. */
  readonly slides?: SlidesUsed
}

/** A listing whose pictures were looked at. */
export interface Pictures extends Listing {
  /** By path, those of low resolution too. */
  readonly looks: ReadonlyMap<string, PictureLook>
}

interface Listed extends Omit<DataEntry, 'sha256' | 'bytes' | 'low' | 'part'> {
  readonly low?: Omit<LowEntry, 'sha256' | 'part'>
}

const knownColumns = ['path', 'group', 'mpp', 'low']

/**
 * The pictures of a folder (searched through, hidden files left out, sorted by name), of a CSV with the columns `path,group,mpp,low` (only
 * `path` is required; `groups` is read as `group`; paths relative to the CSV, in its order), of one picture file, or of several of
 * these. `low`: a folder of their low-resolution pictures, under the same names; `endings`: which files are looked for. Nothing to be found,
 * a missing file or column, and a file listed twice are UserErrors that name it.
 */
export async function findData(
  source: string | readonly string[],
  low?: string,
  endings: readonly string[] = pictureEndings,
): Promise<Listing> {
  const sources = typeof source === 'string' ? [source] : source
  if (sources.length === 0) throw new UserError('no data given', 'Name a folder of pictures or a CSV with the column path.')
  const listed: Listed[] = []
  const leftOut = new Map<string, number>()
  for (const one of sources) listed.push(...(await listOne(one, leftOut, endings)))
  refuseRepeated(listed)
  const entries: DataEntry[] = []
  for (const entry of low === undefined ? listed : await withLow(listed, low)) {
    const { low: small, ...others } = entry
    const sums = await checksum(entry.path)
    entries.push({ ...others, ...sums, ...(small && { low: { ...small, sha256: (await checksum(small.path)).sha256 } }) })
  }
  return { entries, leftOut: Object.fromEntries([...leftOut].sort(([a], [b]) => compare(a, b))) }
}

/** `findData`, without what was left out. */
export const listData = async (source: string | readonly string[], low?: string): Promise<readonly DataEntry[]> =>
  (await findData(source, low)).entries

/** `findPictures`, the pictures alone. */
export const listPictures = async (source: string | readonly string[], low?: string): Promise<readonly DataEntry[]> =>
  (await findPictures(source, low)).entries

/** `findData` of pictures that can all be read, by what is known without decoding them: else a UserError that names those that cannot. */
export const findPictures = async (source: string | readonly string[], low?: string): Promise<Pictures> =>
  lookedAt(await findData(source, low))

/** A listing of pictures that can all be read, by what is known without decoding them: else a UserError that names those that cannot. */
export async function lookedAt(listing: Listing): Promise<Pictures> {
  const pictures = listing.entries.flatMap((entry) => [entry, ...(entry.low ? [entry.low] : [])])
  const looks = new Map<string, PictureLook>()
  const wrong: UserError[] = []
  for (const [file, found] of await lookAtEach(pictures))
    if (found instanceof UserError) wrong.push(found)
    else looks.set(file, found)
  refuseAll(wrong, `${wrong.length} of ${pictures.length} pictures cannot be read:`)
  return { ...listing, looks }
}

/** @throws UserError that names all that is wrong, below a sentence where it is more than one. */
export function refuseAll(wrong: readonly UserError[], sentence: string): void {
  const [first, ...others] = wrong
  if (!first) return
  if (others.length === 0) throw first
  const messages = wrong.map(({ message }) => message)
  throw new UserError(listing(sentence, messages), first.help)
}

/** How pictures were read: of how many something was changed to make them 8-bit RGB, by what it was. */
export interface ReadAs {
  readonly leftOut: Readonly<Record<string, number>>
  readonly notes: Readonly<Record<string, number>>
  readonly slides?: SlidesUsed
}

/** The names of pictures by what is noted of them. */
function notedPictures({ entries, looks }: Pictures): Map<string, string[]> {
  const noted = new Map<string, string[]>()
  for (const { path, name, low } of entries)
    for (const each of [{ path, name }, ...(low ? [low] : [])])
      for (const note of looks.get(each.path)?.notes ?? []) noted.set(note, [...(noted.get(note) ?? []), each.name])
  return noted
}

/** What a run keeps of how its pictures were read. */
export const readAs = (pictures: Pictures): ReadAs => ({
  leftOut: pictures.leftOut,
  notes: Object.fromEntries([...notedPictures(pictures)].map(([note, names]) => [note, names.length])),
  ...(pictures.slides && { slides: pictures.slides }),
})

/** How many pictures are used and what was left out, then what was done to some of them, a line each. */
export function picturesLines(pictures: Pictures): string[] {
  const all = pictures.entries.length
  return [
    `${plural(all, 'picture')}${leftOutText(pictures.leftOut)}`,
    ...(pictures.slides ? slidesLines(pictures.slides) : []),
    ...[...notedPictures(pictures)].map(
      ([note, names]) => `${note}: ${names.length === all && all > 1 ? 'all of them' : someOf(names, 3)}`,
    ),
  ]
}

/** `; 6 other files left out (3 .bmp, 3 .webp)`, or nothing. */
export function leftOutText(leftOut: Listing['leftOut']): string {
  const [folders, files] = [true, false].map((isFolder) =>
    Object.entries(leftOut).filter(([name]) => name.endsWith('/') === isFolder),
  )
  const count = files!.reduce((sum, [, each]) => sum + each, 0)
  const named = files!.map(([ending, each]) => (files!.length === 1 ? ending : `${each} ${ending}`)).join(', ')
  return [
    count === 0 ? '' : `; ${plural(count, 'other file')} left out (${named})`,
    folders!.length === 0 ? '' : `; not looked into: ${folders!.map(([name]) => name).join(', ')}`,
  ].join('')
}

/**
 * Entries whose low-resolution pictures were made elsewhere, for what makes its own.
 * @throws UserError where there is one.
 */
export function withoutLow(entries: readonly DataEntry[], what: string): readonly DataEntry[] {
  const paired = entries.find(({ low }) => low !== undefined)
  if (paired)
    throw new UserError(
      `${what} makes its low-resolution pictures itself; ${paired.name} has ${paired.low!.name}`,
      'leave the column low out',
    )
  return entries
}

/** What is known of pictures without decoding them, or why files cannot be read as such. */
export const lookAt = (files: readonly string[]): Promise<Map<string, PictureLook | UserError>> =>
  lookAtEach(files.map((path) => ({ path })))

/** `lookAt` pictures of a data set, by their paths. */
export async function lookAtEach(pictures: readonly Readable[]): Promise<Map<string, PictureLook | UserError>> {
  const found = new Map<string, PictureLook | UserError>()
  for (const picture of pictures)
    found.set(
      picture.path,
      await lookAtEntry(picture).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error
        return error
      }),
    )
  return found
}

/**
 * Sets about the fraction `val` of the files aside for validation: whole groups where there are groups, else whole files (equal
 * contents count as one file). Which ones depends on `seed` and on the groups' names or the files' contents alone, so neither the order
 * nor the folder matters, and both halves keep the input's order. Both get at least one group where there are two and `val` > 0.
 */
export function split(
  entries: readonly DataEntry[],
  options: { val?: number; seed: number },
): { train: DataEntry[]; val: DataEntry[] } {
  const share = options.val ?? 0.1
  if (!(share >= 0 && share < 1)) {
    throw new UserError(`--val ${share}: the share of validation pictures must be at least 0 and below 1`)
  }
  const units = new Map<string, number>()
  for (const entry of entries) units.set(unitOf(entry), (units.get(unitOf(entry)) ?? 0) + 1)
  const shuffled = [...units]
    .map(([unit, files]) => ({ unit, files, rank: sha256(`${options.seed}:${unit}`) }))
    .sort((a, b) => compare(a.rank, b.rank))

  const wanted = share * entries.length
  const chosen = new Set<string>()
  let files = 0
  for (const candidate of shuffled) {
    if (wanted === 0 || chosen.size === units.size - 1) break
    const closer = Math.abs(files + candidate.files - wanted) < Math.abs(files - wanted)
    if (chosen.size > 0 && !closer) continue
    chosen.add(candidate.unit)
    files += candidate.files
  }
  return {
    train: entries.filter((entry) => !chosen.has(unitOf(entry))),
    val: entries.filter((entry) => chosen.has(unitOf(entry))),
  }
}

/** What a run remembers of its data: JSON-able, without machine-dependent paths. */
export interface DataManifest {
  readonly count: number
  readonly bytes: number
  /** sha256 over name, group, mpp, checksum and, where it has one, the low-resolution picture of every file, independent of the order. */
  readonly digest: string
  readonly files: readonly (Omit<DataEntry, 'path' | 'low' | 'part'> & {
    readonly low?: Omit<LowEntry, 'path' | 'part'>
    readonly slide?: PlaceOnSlide
  })[]
}

/** The record of these entries, in their order. */
export function manifest(entries: readonly DataEntry[]): DataManifest {
  const files = entries.map(({ name, group, mpp, sha256, bytes, low, part }) => ({
    name,
    ...(group === undefined ? {} : { group }),
    ...(mpp === undefined ? {} : { mpp }),
    sha256,
    bytes,
    ...(low === undefined ? {} : { low: { name: low.name, sha256: low.sha256 } }),
    ...placeOf(part),
  }))
  const lines = files
    .map(({ name, group, mpp, sha256: sum, low }) =>
      JSON.stringify([name, group ?? null, mpp ?? null, sum, ...(low ? [low.name, low.sha256] : [])]),
    )
    .sort(compare)
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  return { count: files.length, bytes, digest: sha256(lines.join('\n')), files }
}

async function listOne(source: string, leftOut: Map<string, number>, endings: readonly string[]): Promise<Listed[]> {
  const kind = await stat(source).catch(() => undefined)
  if (kind === undefined) throw new UserError(`${source}: there is no such file or folder`)
  if (kind.isDirectory()) return listFolder(source, leftOut, endings)
  if (!kind.isFile()) throw new UserError(`${source}: it is no file (a pipe or a device has no picture)`)
  const ending = extname(source).toLowerCase()
  if (ending === '.csv') return listCsv(source)
  if (endings.includes(ending)) return [{ path: resolve(source), name: basename(source) }]
  throw new UserError(`${source}: neither a folder, a CSV nor a picture (${endings.join(' ')})`)
}

async function listFolder(folder: string, leftOut: Map<string, number>, endings: readonly string[]): Promise<Listed[]> {
  const found = await filesBelow(folder, endings)
  if (found.names.length === 0) {
    const others = Object.entries(found.leftOut).reduce((sum, [what, count]) => sum + (what.endsWith('/') ? 0 : count), 0)
    const said = others === 0 ? 'the folder is empty' : `no pictures among its ${plural(others, 'file')}`
    throw new UserError(`${folder}: ${said}`, `Pictures end in ${endings.join(' ')}.`)
  }
  for (const [what, count] of Object.entries(found.leftOut)) leftOut.set(what, (leftOut.get(what) ?? 0) + count)
  return found.names.map((name) => ({ path: resolve(folder, name), name }))
}

async function listCsv(file: string): Promise<Listed[]> {
  const { rows } = readCsv(file, knownColumns)
  if (rows.length === 0)
    throw new UserError(`${file}: it lists no pictures`, `The columns are ${knownColumns.join(', ')}; only path is required.`)
  const placeOf = (name: string): string => resolve(dirname(file), withSlashes(name, dirname(file)))

  const listed = rows.map(({ line, fields }): Listed => {
    const name = fields.get('path')
    if (!name) throw new UserError(`${file}:${line}: the path is empty`)
    const group = fields.get('group')
    // Two groups that look alike would stand on both sides of a split.
    if (group !== undefined && quoted(group) !== group) throw new UserError(`${file}:${line}: the group is ${quoted(group)}`, 'Take out what cannot be seen.') // prettier-ignore
    const written = fields.get('mpp')
    const mpp = Number(written)
    if (written && !(mpp > 0 && Number.isFinite(mpp))) {
      throw new UserError(`${file}:${line}: mpp is "${written}", not a number of micrometres per pixel above 0`)
    }
    const path = placeOf(name)
    const low = fields.get('low')
    return {
      path,
      name: name.replaceAll('\\', '/'),
      ...(group ? { group } : {}),
      ...(written ? { mpp } : {}),
      ...(low ? { low: { path: placeOf(low), name: low.replaceAll('\\', '/') } } : {}),
    }
  })

  const missing: string[] = []
  for (const { path, name } of listed.flatMap((each) => [each, ...(each.low ? [each.low] : [])]))
    if (!(await stat(path).catch(() => undefined))?.isFile()) missing.push(quoted(name))
  if (missing.length > 0) {
    const help = `Paths are relative to ${dirname(resolve(file))}.`
    throw new UserError(`${file}: there is no file ${someOf(missing, 5)}`, help)
  }
  return listed
}

/** The pictures of a folder under the same names; where there is none, under the same name with another picture's ending. */
async function withLow(listed: readonly Listed[], folder: string): Promise<Listed[]> {
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) throw new UserError(`${folder}: there is no such folder`)
  const own = listed.find(({ low }) => low !== undefined)
  if (own) throw new UserError(`${own.name} has a low-resolution picture in the CSV already`, 'leave the column or --low out')
  const missing: string[] = []
  const found: Listed[] = []
  for (const entry of listed) {
    const stem = entry.name.slice(0, entry.name.length - extname(entry.name).length)
    const names: string[] = []
    for (const name of [entry.name, ...pictureEndings.map((ending) => stem + ending)])
      if (!names.includes(name) && (await stat(join(folder, name)).catch(() => undefined))?.isFile()) names.push(name)
    const others = names[0] === entry.name ? [] : names.slice(1)
    if (others.length > 0)
      throw new UserError(`${folder}: ${[names[0], ...others].join(' and ')} could both belong to ${entry.name}`)
    if (names.length === 0) missing.push(entry.name)
    else found.push({ ...entry, low: { path: resolve(folder, names[0]!), name: names[0]! } })
  }
  if (missing.length > 0)
    throw new UserError(
      listing(`${folder} has no picture for ${missing.length} of ${listed.length}:`, missing),
      missing.some((name) => onlySlides.includes(extname(name).toLowerCase()))
        ? 'those of slides come from a coarser level: --low-level 1, and no --low'
        : 'low-resolution pictures have the names of the pictures that they belong to',
    )
  return found
}

function refuseRepeated(listed: readonly Listed[]): void {
  const seen = new Set<string>()
  for (const { path, name } of listed) {
    if (seen.has(path)) throw new UserError(`${name} is listed twice`, `Leave one mention of ${path} out.`)
    seen.add(path)
  }
}

function unitOf(entry: DataEntry): string {
  return entry.group === undefined ? `file:${entry.sha256}` : `group:${entry.group}`
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** By code units: the same order in every locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
