import sharp from 'sharp'
import { micrometres } from '../figures/scale-bar.ts'
import type { Compression } from '../data/compression.ts'
import type { Picture } from '../data/picture.ts'
import { openPicture } from '../data/read-picture.ts'
import type { PictureSource } from '../data/source.ts'
import type { Extent } from '../predict/places.ts'
import { groundOf } from '../slides/ground.ts'
import { isSlide } from '../slides/is-slide.ts'
import { openSlide } from '../slides/open-slide.ts'
import { levelFor, thumbnailOf, thumbnailSize, type Slide } from '../slides/slide.ts'
import { openSlideSource, type SlideSource } from '../upscale/slide-source.ts'
import type { Region } from '../upscale/slide-target.ts'
import { slideCompression } from '../upscale/slide.ts'

/** A slide or a picture that is looked at: its pixels in sRGB, and nothing that is said of a patient. */
export interface Shown {
  readonly file: string
  readonly width: number
  readonly height: number
  /** Micrometres a pixel, where the file says. */
  readonly mpp?: { readonly x: number; readonly y: number }
  readonly magnification?: number
  readonly compression?: Compression
  /** The full size. */
  readonly source: PictureSource
  /** A region made smaller, or as it is, `width` x `height` RGB pixels. */
  scanned(region: Region, width: number, height: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** Regions of a level that are read at once are no larger; of what is coarser than the levels the overview is shown. */
const mostRead = 4096 ** 2
/** The longer side of the overview. */
const overviewSide = 2048

/** @throws UserError naming the file. */
export const openShown = async (file: string, say: (line: string) => void): Promise<Shown> =>
  (await isSlide(file)) ? shownSlide(file, await openSlide(file, say)) : shownPicture(file)

async function shownSlide(file: string, slide: Slide): Promise<Shown> {
  try {
    const ground = await groundOf(slide)
    const sources = new Map<number, Promise<SlideSource>>()
    const sourceOf = (level: number): Promise<SlideSource> => {
      const known = sources.get(level) ?? openSlideSource(slide, level, ground)
      sources.set(level, known)
      return known
    }
    const source = await sourceOf(0)
    const { width, height } = source
    const { levels, mpp, magnification } = slide
    const overview = overviewOf({ levels, region: async (level, ...place) => (await sourceOf(level)).region(...place) })
    const compression = await slideCompression(slide, ground)
    return {
      file,
      width,
      height,
      ...(mpp && { mpp: { x: mpp.x, y: mpp.y } }),
      ...(magnification && { magnification: magnification.value }),
      ...(compression && { compression }),
      source,
      async scanned(region, across, down) {
        const level = levelFor(levels, (width * across) / region.width, (height * down) / region.height)
        const there = levels[level]!
        const place = placeIn(region, { width, height }, there)
        if (place.width * place.height > mostRead) return cut(await overview(), region, { width, height }, across, down)
        const { data } = await (await sourceOf(level)).region(place.x, place.y, place.width, place.height)
        return resized({ data, width: place.width, height: place.height }, across, down)
      },
      async close() {
        for (const each of sources.values()) await (await each).close()
        slide.close()
      },
    }
  } catch (error) {
    slide.close()
    throw error
  }
}

/** All of it, made once where it is asked for. */
function overviewOf(of: Pick<Slide, 'levels' | 'region'>): () => Promise<Picture> {
  let made: Promise<Picture> | undefined
  return () => (made ??= thumbnailOf(of, ...thumbnailSize(of, overviewSide)))
}

async function shownPicture(file: string): Promise<Shown> {
  const opened = await openPicture(file, { profile: 'convert', traces: true })
  const { source, density, compression } = opened
  const { width, height } = source
  const mpp = micrometres(density)
  const levels = [{ width, height, downsample: 1 }]
  const overview = overviewOf({ levels, region: (_, ...place) => source.region(...place) })
  return {
    file,
    width,
    height,
    ...(mpp !== undefined && { mpp: { x: mpp, y: mpp } }),
    ...(compression && { compression }),
    source,
    async scanned(region, across, down) {
      if (region.width * region.height > mostRead && region.width > 2 * across)
        return cut(await overview(), region, { width, height }, across, down)
      return resized(await source.region(region.x, region.y, region.width, region.height), across, down)
    },
    close: () => opened.close(),
  }
}

/** A region of the full size in pixels of a level, one at least. */
function placeIn({ x, y, width, height }: Region, full: Extent, level: Extent): Region {
  const [across, down] = [level.width / full.width, level.height / full.height]
  const left = Math.min(level.width - 1, Math.floor(x * across + 1e-6))
  const top = Math.min(level.height - 1, Math.floor(y * down + 1e-6))
  const right = Math.min(level.width, Math.max(left + 1, Math.round((x + width) * across)))
  const bottom = Math.min(level.height, Math.max(top + 1, Math.round((y + height) * down)))
  return { x: left, y: top, width: right - left, height: bottom - top }
}

async function cut(picture: Picture, region: Region, full: Extent, width: number, height: number): Promise<Uint8Array> {
  const { x: left, y: top, ...size } = placeIn(region, full, picture)
  const raw = { width: picture.width, height: picture.height, channels: 3 } as const
  return sharp(picture.data, { raw })
    .extract({ left, top, ...size })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
}

function resized({ data, ...size }: Picture, width: number, height: number): Promise<Uint8Array> | Uint8Array {
  if (size.width === width && size.height === height) return data
  return sharp(data, { raw: { ...size, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
}
