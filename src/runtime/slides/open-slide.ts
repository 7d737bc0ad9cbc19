import path from 'node:path'
import { plural, UserError } from '../../errors.ts'
import { bringOpenslide } from './bring-openslide.ts'
import { getAgain } from './get-again.ts'
import type { OpenslideFacts } from './openslide-messages.ts'
import { openslideProcess, type OpenslideProcess, type OpenslideSlide } from './openslide-process.ts'
import { fluorescent, refusePlanes, stack } from './refuse-planes.ts'
import { thumbnailOf, type Slide } from './slide.ts'
import { undecodable } from './undecodable.ts'
import { openTiffSlide, tiffFacts } from './tiff-slide.ts'

/**
 * Opens a slide: Aperio's SVS with JPEG inside, pyramidal TIFF and OME-TIFF by libvips, whatever else by OpenSlide (SVS with JPEG 2000, NDPI, MRXS,
 * SCN, BIF, DICOM, ..), which is brought at first use.
 * @throws UserError naming the file: a format that neither knows, other samples, a damaged file.
 */
export async function openSlide(file: string, say: (line: string) => void = () => undefined): Promise<Slide> {
  const slide = tiffEndings.includes(path.extname(file).toLowerCase()) ? await openTiffSlide(file) : undefined
  return slide ?? openByOpenslide(file, await openslide(say))
}

/** What OpenSlide says of what libvips reads; undefined where it does not know or open it. */
export async function besideIn(file: string, say: (line: string) => void): Promise<OpenslideFacts | undefined> {
  const slide = (await openslide(say)).slide(file)
  try {
    return await slide.facts().catch(() => undefined)
  } finally {
    slide.close()
  }
}

/** What may be a plain TIFF: other formats lay theirs out in ways of their own. */
const tiffEndings = ['.svs', '.tif', '.tiff']

let known: Promise<OpenslideProcess> | undefined

/** OpenSlide, brought where it is not there. */
export function openslide(say: (line: string) => void): Promise<OpenslideProcess> {
  known ??= bringOpenslide({ steps: { say, progress: () => undefined, signal: new AbortController().signal } })
    .then((library) => openslideProcess(library))
    .catch((error: unknown) => {
      known = undefined
      throw error
    })
  return known
}

/** By OpenSlide, as `openSlide` opens what libvips does not read. */
export async function openByOpenslide(file: string, there: OpenslideProcess): Promise<Slide> {
  const opened = there.slide(file)
  try {
    return await slideOf(file, opened)
  } catch (error) {
    opened.close()
    throw error
  }
}

async function slideOf(file: string, opened: OpenslideSlide): Promise<Slide> {
  const facts = await opened.facts().catch((error: unknown) => {
    throw unopened(file, error)
  })
  if (!facts)
    throw new UserError(
      `${file}: it is no slide that archc reads`,
      `OpenSlide and libvips know SVS, NDPI, MRXS, SCN, BIF, DICOM, VMS, VSF, Philips and pyramidal TIFF; ${path.extname(file) || 'this'} is none of these or damaged: get it again, or convert it by its maker's software`,
    )
  // What OpenSlide takes and this does not is no reason to refuse it.
  const tiff = await tiffFacts(file).catch(() => undefined)
  if (tiff) refusePlanes(file, tiff.pages)
  const { vendor, levels, properties, associated } = facts
  const said = (name: string): number | undefined => {
    const value = Number(properties.get(name))
    return value > 0 ? value : undefined
  }
  const [x, y, power] = ['openslide.mpp-x', 'openslide.mpp-y', 'openslide.objective-power'].map(said)
  const mpp = x === undefined ? tiff?.mpp : { x, y: y ?? x, from: 'openslide.mpp-x, openslide.mpp-y' }
  const magnification = power === undefined ? tiff?.magnification : { value: power, from: 'openslide.objective-power' }
  const icc = facts.icc ?? tiff?.icc
  const compression = tiff?.compression
  const fluorescence = fluorescenceIn(properties)
  const region: Slide['region'] = async (level, x, y, width, height) => {
    const { downsample } = levels[level]!
    try {
      return await opened.region(level, Math.round(x * downsample), Math.round(y * downsample), width, height)
    } catch (error) {
      if (error instanceof UserError) throw error
      throw await undecodable(file, (error as Error).message, error)
    }
  }
  return {
    reader: 'OpenSlide',
    vendor,
    levels,
    ...(mpp && { mpp }),
    ...(magnification && { magnification }),
    ...(icc && { icc }),
    ...(compression && { compression }),
    ...(fluorescence !== undefined && { fluorescence }),
    beside: { properties, associated },
    region,
    thumbnail: (width, height) => thumbnailOf({ levels, region }, width, height),
    close: () => opened.close(),
  }
}

/** Hamamatsu writes what it lit with into the shading data of an NDPI. */
function fluorescenceIn(properties: ReadonlyMap<string, string>): string | undefined {
  const shading = [...properties].map(([name, value]) => `${name}=${value}`).find((text) => text.includes('ExcitationWaveLength'))
  const value = (name: string): string => new RegExp(`(?:^|;)${name}=([^;]*)`).exec(shading ?? '')?.[1]?.trim() ?? ''
  const [excitation, emission] = ['ExcitationWaveLength', 'EmissionWaveLength'].map((name) => Number(value(name)))
  if (!excitation || !emission) return undefined
  // Names come out of files and go to terminals.
  const name = value('Name')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 40)
  return `${name === '' ? '' : `${name}, `}excited at ${excitation} nm, seen at ${emission} nm`
}

/** By what OpenSlide says of a DICOM that it does not open. */
const otherPlanes: readonly (readonly [RegExp, (file: string, value: number) => UserError])[] = [
  [/Attribute TotalPixelMatrixFocalPlanes value (\d+) /, stack],
  [/Attribute SamplesPerPixel value (\d+) /, (file, count) => fluorescent(file, plural(count, 'channel'))],
  [/Attribute BitsAllocated value (\d+) /, (file, bits) => fluorescent(file, `samples of ${bits} bits`)],
]

function unopened(file: string, error: unknown): unknown {
  if (error instanceof UserError || !(error instanceof Error)) return error
  for (const [pattern, refusal] of otherPlanes) {
    const value = pattern.exec(error.message)?.[1]
    if (value !== undefined) return refusal(file, Number(value))
  }
  return new UserError(`${file}: it cannot be opened as a slide (${error.message})`, getAgain, { cause: error })
}
