import { type ColourProfile, cmykAsPillow, isSrgb, readProfile, type Space, toSrgb } from './profile.ts'

/** 8-bit samples in the file's own colours, upright. */
export interface Stored {
  readonly width: number
  readonly height: number
  readonly space: Space
  /** Interleaved, without alpha. */
  readonly samples: Uint8Array
  readonly alpha: Uint8Array | undefined
}

/** What is noted of a picture, whether its pixels are looked at or its header alone. */
export const noted = {
  grey: 'grey widened to RGB',
  cmyk: 'CMYK taken to RGB without a profile',
  alpha: 'alpha composited on white',
} as const

/** 8-bit RGB. */
export interface Coloured {
  readonly rgb: Uint8Array
  readonly profile?: string
  readonly isSrgb?: boolean
  /** The RGB profile that the samples were converted from. */
  readonly converted?: ColourProfile
}

/** The samples as RGB, by the mode of `ReadOptions`; what was done, and what was not, goes into `notes`. */
export async function colour(
  stored: Stored,
  icc: Buffer | undefined,
  mode: 'convert' | 'ignore',
  notes: string[],
): Promise<Coloured> {
  const known = icc === undefined ? undefined : readProfile(icc)
  const profile = known === undefined ? {} : { profile: known.name }
  const fitting = known !== undefined && fits(known, stored.space) ? known : undefined
  const said = known === undefined ? undefined : `colour profile "${known.name}"`
  if (icc !== undefined && known === undefined) notes.push('the colour profile is damaged or describes no samples: not applied')
  if (known !== undefined && fitting === undefined)
    notes.push(`${said} is for ${known.space}, not for ${stored.space}: not applied`)
  // CMYK is never sRGB; of a profile that is, nothing is lost by leaving it out.
  const isSame = fitting !== undefined && stored.space !== 'CMYK' && (await isSrgb(fitting))
  if (fitting !== undefined && mode === 'ignore' && !isSame) notes.push(`${said} not applied`)

  if (stored.space === 'CMYK') {
    if (mode === 'ignore') {
      notes.push(noted.cmyk)
      return { rgb: cmykAsPillow(stored.samples), ...profile }
    }
    notes.push(`CMYK converted to sRGB by ${fitting === undefined ? 'a general CMYK profile' : `its ${said}`}`)
    return { rgb: await toSrgb(stored.samples, stored.width, stored.height, 'CMYK', fitting), ...profile, isSrgb: true }
  }
  if (stored.space === 'GRAY') notes.push(noted.grey)
  const asStored = (): Uint8Array => (stored.space === 'GRAY' ? widened(stored.samples) : stored.samples)
  if (isSame) return { rgb: asStored(), ...profile, isSrgb: true }
  if (fitting === undefined || mode === 'ignore') return { rgb: asStored(), ...profile }
  notes.push(`converted to sRGB by its ${said}`)
  const space = fitting.space === 'GRAY' ? 'GRAY' : 'RGB'
  const samples = space === 'GRAY' ? stored.samples : asStored()
  const rgb = await toSrgb(samples, stored.width, stored.height, space, fitting)
  return { rgb, ...profile, isSrgb: true, ...(space === 'RGB' && { converted: fitting }) }
}

/** Grey samples also go through an RGB profile, as equal channels. */
function fits(profile: ColourProfile, space: Space): boolean {
  return profile.space === space || (profile.space === 'RGB' && space === 'GRAY')
}

function widened(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3)
  for (let pixel = 0; pixel < grey.length; pixel += 1) rgb.fill(grey[pixel]!, pixel * 3, pixel * 3 + 3)
  return rgb
}

/** The picture without its alpha. */
export function onWhite(rgb: Uint8Array, alpha: Uint8Array | undefined, notes: string[]): Uint8Array {
  if (alpha === undefined) return rgb
  const opaque = alpha.every((value) => value === 255)
  notes.push(opaque ? 'alpha dropped (opaque everywhere)' : noted.alpha)
  if (opaque) return rgb
  return rgb.map((sample, at) => {
    const cover = alpha[Math.floor(at / 3)]!
    return Math.round((sample * cover + 255 * (255 - cover)) / 255)
  })
}
