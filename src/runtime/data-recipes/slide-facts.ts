import { readProfile } from '../data/profile.ts'
import type { Compression } from '../data/compression.ts'
import type { PixelSize } from '../data/micrometres.ts'
import type { Magnification } from '../slides/magnification.ts'
import { besideIn, openSlide } from '../slides/open-slide.ts'
import { thumbnailSize, type SlideLevel } from '../slides/slide.ts'
import { definition, tissueMask } from '../slides/tissue.ts'

/** What a slide says of itself, without what could name a patient. */
export interface SlideFacts {
  /** Aperio, Hamamatsu, .., by OpenSlide's names; undefined where OpenSlide does not know the format and libvips reads it. */
  readonly vendor?: string
  readonly levels: readonly SlideLevel[]
  /** Micrometres a pixel of level 0, and what says so. */
  readonly mpp?: PixelSize
  /** The objective's magnification, and what says so. */
  readonly magnification?: Magnification
  /** The name of its ICC profile. */
  readonly profile?: string
  /** How level 0 was compressed, where it is of JPEGs. */
  readonly compression?: Compression
  /** What it was lit by, where it says that it was lit for fluorescence. */
  readonly fluorescence?: string
  /** The share of a thumbnail that is tissue, and what that is. */
  readonly tissue: { readonly share: number; readonly definition: string }
  /** Pictures beside the slide, of which labels and macros show names and dates. */
  readonly associated: readonly { readonly kind: string; readonly width: number; readonly height: number }[]
  /** What is not in the file. */
  readonly blank?: string
  /** All that the file says: names, dates and free text too. */
  readonly properties?: Readonly<Record<string, string>>
}

/** The longer side of the thumbnail that tissue is looked for on. */
const thumbnailSide = 1024

/** Looks at a slide. `all`: with what could name a patient. @throws UserError where it is none that can be read. */
export async function slideFacts(file: string, all: boolean, say: (line: string) => void): Promise<SlideFacts> {
  const slide = await openSlide(file, say)
  try {
    const { levels, mpp, magnification, icc, compression, fluorescence, blank } = slide
    const other = slide.beside ? undefined : await besideIn(file, say)
    const vendor = slide.vendor ?? other?.vendor
    const { properties, associated } = slide.beside ?? other ?? { properties: new Map<string, string>(), associated: [] }
    const { isTissue } = tissueMask(await slide.thumbnail(...thumbnailSize(slide, thumbnailSide)))
    return {
      ...(vendor !== undefined && { vendor }),
      levels,
      ...(mpp && { mpp }),
      ...(magnification && { magnification }),
      ...(icc && { profile: readProfile(icc)?.name ?? 'damaged' }),
      ...(compression && { compression }),
      ...(fluorescence !== undefined && { fluorescence }),
      tissue: { share: isTissue.reduce((sum, each) => sum + each, 0) / isTissue.length, definition },
      associated: associated.map(({ name, ...size }) => ({ kind: name, ...size })),
      ...(blank !== undefined && { blank }),
      ...(all && { properties: Object.fromEntries(properties) }),
    }
  } finally {
    slide.close()
  }
}
