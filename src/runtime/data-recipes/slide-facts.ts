import { readProfile } from '../data/profile.ts'
import { openSlide, openslide } from '../slides/open-slide.ts'
import type { SlideLevel } from '../slides/slide.ts'
import { definition, tissueMask } from '../slides/tissue.ts'

/** What a slide says of itself, without what could name a patient. */
export interface SlideFacts {
  /** Aperio, Hamamatsu, .., by OpenSlide's names; undefined where OpenSlide does not know the format and libvips reads it. */
  readonly vendor?: string
  readonly levels: readonly SlideLevel[]
  /** Micrometres a pixel of level 0, and what says so. */
  readonly mpp?: { readonly x: number; readonly y: number; readonly from: string }
  /** The objective's magnification, and what says so. */
  readonly magnification?: { readonly value: number; readonly from: string }
  /** The name of its ICC profile. */
  readonly profile?: string
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
  const library = await openslide(say)
  const vendor = library.vendor(file)
  const slide = await openSlide(file, say)
  const known = vendor === undefined ? undefined : library.open(file)
  try {
    const [full] = slide.levels as [SlideLevel]
    const scale = Math.min(1, thumbnailSide / Math.max(full.width, full.height))
    const [width, height] = [full.width, full.height].map((side) => Math.max(1, Math.round(side * scale))) as [number, number]
    const { isTissue } = tissueMask(await slide.thumbnail(width, height))
    const properties = known?.properties ?? new Map<string, string>()
    const numberIn = (name: string): number | undefined => {
      const value = Number(properties.get(name))
      return value > 0 ? value : undefined
    }
    const [x, y] = [numberIn('openslide.mpp-x'), numberIn('openslide.mpp-y')]
    const own = slide.mpp === undefined ? undefined : { x: slide.mpp, y: slide.mpp, from: 'the words or the tags of the file' }
    const mpp = x === undefined ? own : { x, y: y ?? x, from: 'openslide.mpp-x, openslide.mpp-y' }
    const power = numberIn('openslide.objective-power')
    const profile = known?.icc && readProfile(known.icc)
    return {
      ...(vendor !== undefined && { vendor }),
      levels: slide.levels,
      ...(mpp && { mpp }),
      ...(power !== undefined && { magnification: { value: power, from: 'openslide.objective-power' } }),
      ...(known?.icc && { profile: profile?.name ?? 'damaged' }),
      tissue: { share: isTissue.reduce((sum, each) => sum + each, 0) / isTissue.length, definition },
      associated: (known?.associated ?? []).map(({ name, ...size }) => ({ kind: name, ...size })),
      ...(slide.blank !== undefined && { blank: slide.blank }),
      ...(all && { properties: Object.fromEntries(properties) }),
    }
  } finally {
    known?.close()
    slide.close()
  }
}
