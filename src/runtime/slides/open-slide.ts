import path from 'node:path'
import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'
import { bringOpenslide } from './bring-openslide.ts'
import { loadOpenslide, type Openslide, type OpenslideFile } from './openslide.ts'
import { thumbnailOf, type Slide } from './slide.ts'
import { openTiffSlide } from './tiff-slide.ts'

/**
 * Opens a slide: Aperio's SVS with JPEG inside, pyramidal TIFF and OME-TIFF by libvips, whatever else by OpenSlide (SVS with JPEG 2000, NDPI, MRXS,
 * SCN, BIF, DICOM, ..), which is brought at first use.
 * @throws UserError naming the file: a format that neither knows, other samples, a damaged file.
 */
export async function openSlide(file: string, say: (line: string) => void = () => undefined): Promise<Slide> {
  const slide = tiffEndings.includes(path.extname(file).toLowerCase()) ? await openTiffSlide(file) : undefined
  return slide ?? ofOpenslide(file, await openslide(say))
}

/** What may be a plain TIFF: other formats lay theirs out in ways of their own. */
const tiffEndings = ['.svs', '.tif', '.tiff']

/** Opens slides by turns: a slide stays open until another one is asked for, since each holds memory. Ask for one at a time. */
export function slidesByTurns(say?: (line: string) => void): (file: string) => Promise<Slide> {
  let last: { readonly file: string; readonly slide: Slide } | undefined
  return async (file) => {
    if (last?.file === file) return last.slide
    last?.slide.close()
    last = undefined
    const slide = await openSlide(file, say)
    last = { file, slide }
    return slide
  }
}

let known: Promise<Openslide> | undefined

/** OpenSlide, brought where it is not there. */
export function openslide(say: (line: string) => void): Promise<Openslide> {
  known ??= bringOpenslide({ steps: { say, progress: () => undefined, signal: new AbortController().signal } })
    .then(loadOpenslide)
    .catch((error: unknown) => {
      known = undefined
      throw error
    })
  return known
}

function ofOpenslide(file: string, library: Openslide): Slide {
  let opened = openedBy(library, file)
  const { levels, properties } = opened
  const mpp = Number(properties.get('openslide.mpp-x'))
  const read = async (level: number, x: number, y: number, width: number, height: number): Promise<Picture> => {
    const { downsample } = levels[level]!
    try {
      const pixels = await opened.region(level, Math.round(x * downsample), Math.round(y * downsample), width, height)
      return { width, height, data: onWhite(pixels) }
    } catch (error) {
      // An error stays on what was opened.
      opened.close()
      opened = openedBy(library, file)
      const reason = (error as Error).message
      throw new UserError(`${file}: a region cannot be decoded (${reason})`, 'Get the file again from where it came.', {
        cause: error,
      })
    }
  }
  return {
    reader: 'OpenSlide',
    levels,
    ...(mpp > 0 && { mpp }),
    region: read,
    thumbnail: (width, height) => thumbnailOf({ levels, region: read }, width, height),
    close: () => opened.close(),
  }
}

function openedBy(library: Openslide, file: string): OpenslideFile {
  // Formats of several files are told by their names too.
  if (library.vendor(file) === undefined)
    throw new UserError(
      `${file}: it is no slide that archc reads`,
      `OpenSlide and libvips know SVS, NDPI, MRXS, SCN, BIF, DICOM, VMS, VSF, Philips and pyramidal TIFF; ${path.extname(file) || 'this'} is none of these or damaged: get it again, or convert it by its maker's software`,
    )
  try {
    return library.open(file)
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(
      `${file}: it cannot be opened as a slide (${(error as Error).message})`,
      'Get the file again from where it came.',
      {
        cause: error,
      },
    )
  }
}

/** B, G, R multiplied by alpha, and alpha, as R, G, B on white. */
function onWhite(pixels: Buffer): Uint8Array {
  const data = new Uint8Array((pixels.length / 4) * 3)
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    const white = 255 - pixels[from + 3]!
    data[to] = pixels[from + 2]! + white
    data[to + 1] = pixels[from + 1]! + white
    data[to + 2] = pixels[from]! + white
  }
  return data
}
