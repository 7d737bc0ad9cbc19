import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import { crop, type Picture } from '../data/picture.ts'
import { isPngDensity, writePng } from '../data/png-writer.ts'
import { appendLine, makeFolder, readLines, writeAtomic } from '../files/atomic.ts'
import { fileError } from '../files/file-error.ts'
import { checksum } from '../files/checksum.ts'
import { pixelChecksum } from '../data/pixel-checksum.ts'
import { requireSamePlace } from '../slides/level-pairs.ts'
import { shortened } from '../files/short-name.ts'
import { counted, csvFiles, digestOf, filesOf, type LowOutput, type Output, type SetManifest } from './manifest.ts'
import type { Piece, Plan } from './plan.ts'
import { splitNames } from './split.ts'

/** Where a set grows until it is whole. */
const growing = (folder: string): string =>
  path.join(path.dirname(path.resolve(folder)), `${shortened(path.basename(path.resolve(folder)), 240)}.partial`)
const notes = 'progress.jsonl'
const planned = 'plan.sha256'

export interface Prepared {
  readonly manifest: SetManifest
  /** Pieces that an earlier start had finished. */
  readonly resumed: number
}

/** A line of `progress.jsonl`: a finished piece. */
interface Finished {
  readonly piece: string
  readonly outputs: readonly Output[]
}

/**
 * Writes a set into `folder`, which must not be there: pictures, `train.csv`, `val.csv`, `test.csv`, `manifest.json`. It grows under
 * another name beside it and gets its own when it is whole; started again after a kill with the same plan, it goes on there. A piece at
 * a time is in memory. Throws UserError.
 */
export async function prepareSet(
  plan: Plan,
  folder: string,
  onProgress?: (done: number, total: number, what: string) => void,
): Promise<Prepared> {
  if (existsSync(folder) && (await readdir(folder)).length > 0)
    throw new UserError(`${folder} is there already`, 'Name another folder; archc data verify looks at a set that is there.')
  const place = growing(folder)
  const done = await begin(plan, place)
  const finished: Output[] = []
  let resumed = 0
  for (const [at, piece] of plan.pieces.entries()) {
    const key = keyOf(piece)
    const known = done.get(key)
    if (known && (await areThere(place, known))) {
      finished.push(...known)
      resumed += 1
      continue
    }
    const outputs = await writePiece(piece, plan.tile, place)
    await appendLine(path.join(place, notes), { piece: key, outputs } satisfies Finished)
    finished.push(...outputs)
    onProgress?.(at + 1, plan.pieces.length, `${piece.split}, ${piece.source.name}`)
  }
  const manifest = manifestOf(plan, finished)
  for (const [name, text] of csvFiles(finished)) await writeAtomic(path.join(place, name), text)
  await writeAtomic(path.join(place, 'manifest.json'), `${JSON.stringify(manifest, undefined, 1)}\n`)
  await rename(place, folder).catch((error: unknown) => {
    throw fileError(error, 'write', folder)
  })
  for (const name of [notes, planned]) await rm(path.join(folder, name), { force: true })
  return { manifest, resumed }
}

/** Makes the growing folder, or finds what it has: it must be of this plan. */
async function begin(plan: Plan, place: string): Promise<Map<string, readonly Output[]>> {
  const file = path.join(place, planned)
  const sources = plan.sources.map(({ name, sha256, group, mpp }) => [name, sha256, group, mpp])
  const pieces = plan.pieces.map((piece) => [keyOf(piece), piece.stem])
  const written = createHash('sha256')
    .update(JSON.stringify([plan.recipe, plan.parameters, sources, pieces]))
    .digest('hex')
  const before = await readFile(file, 'utf8').catch(() => undefined)
  if (before !== undefined && before !== written)
    throw new UserError(
      `${place} holds the beginning of another set`,
      'Remove it, or start with the settings and files that it was begun with.',
    )
  if (before === undefined) {
    const isPaired = plan.pieces.some(({ low }) => low !== undefined)
    for (const side of splitNames)
      for (const name of [side, ...(isPaired ? [path.join('low', side)] : [])]) await makeFolder(path.join(place, name))
    await writeAtomic(file, written)
  }
  const lines = (await readLines(path.join(place, notes))) as Finished[]
  return new Map(lines.map(({ piece, outputs }) => [piece, outputs]))
}

const keyOf = ({ source, x, y, split }: Piece): string => `${split} ${source.sha256} ${x} ${y}`

async function areThere(place: string, outputs: readonly Output[]): Promise<boolean> {
  for (const { path: name, bytes } of filesOf(outputs))
    if ((await stat(path.join(place, name)).catch(() => undefined))?.size !== bytes) return false
  return true
}

async function writePiece(piece: Piece, side: Plan['tile'], place: string): Promise<Output[]> {
  const { source, split, stem } = piece
  const whole = await piece.read()
  const wholeLow = await piece.low?.read()
  const m = piece.low?.m ?? 1
  if (wholeLow) requireSamePlace(source.name, piece, whole, wholeLow, m)
  const outputs: Output[] = []
  for (const { x, y, picture } of tilesOf(whole, side)) {
    const [left, top] = [piece.x + x, piece.y + y]
    const at = side === 'whole' && left === 0 && top === 0 ? '' : `_x${left}_y${top}`
    const name = `${split}/${stem}${at}.png`
    const file = path.join(place, name)
    await writePng(picture, file, densityOf(source.mpp))
    outputs.push({
      path: name,
      split,
      group: source.group,
      ...(source.mpp !== undefined && { mpp: source.mpp }),
      source: source.name,
      x: left,
      y: top,
      width: picture.width,
      height: picture.height,
      ...(await checksum(file)),
      pixels: pixelChecksum(picture),
      ...(wholeLow && {
        low: await writeLow(crop(wholeLow, x / m, y / m, picture.width / m, picture.height / m), name, source.mpp, m, place),
      }),
    })
  }
  return outputs
}

/** A low-resolution picture under the name of its own, below `low`. */
async function writeLow(picture: Picture, of: string, mpp: number | undefined, m: number, place: string): Promise<LowOutput> {
  const name = `low/${of}`
  const file = path.join(place, name)
  await writePng(picture, file, densityOf(mpp === undefined ? undefined : mpp * m))
  const { width, height } = picture
  return { path: name, width, height, ...(await checksum(file)), pixels: pixelChecksum(picture) }
}

/** Whole tiles from the upper left corner; what is smaller than a tile stays whole. */
function tilesOf(whole: Picture, side: number | 'whole'): { x: number; y: number; picture: Picture }[] {
  if (side === 'whole' || whole.width < side || whole.height < side) return [{ x: 0, y: 0, picture: whole }]
  const steps = (length: number): number[] => Array.from({ length: Math.floor(length / side) }, (_, i) => i * side)
  return steps(whole.height).flatMap((y) => steps(whole.width).map((x) => ({ x, y, picture: crop(whole, x, y, side, side) })))
}

function manifestOf({ recipe, parameters, split, sources, pieces }: Plan, outputs: readonly Output[]): SetManifest {
  return {
    format: 1,
    recipe,
    parameters,
    split: { ...split, pieces: counted(pieces), pictures: counted(outputs) },
    versions: {
      archc: archcVersion(),
      node: process.versions.node,
      sharp: sharp.versions.sharp ?? '',
      libvips: sharp.versions.vips,
    },
    sources,
    outputs,
    digest: digestOf(outputs),
  }
}

/** Pixels per inch of so many micrometres a pixel, where a PNG can say it; the CSV has it in any case. */
const densityOf = (mpp: number | undefined): { readonly density?: number } =>
  mpp !== undefined && isPngDensity(25_400 / mpp) ? { density: 25_400 / mpp } : {}
