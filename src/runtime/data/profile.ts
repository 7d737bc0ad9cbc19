import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import { temporaryFolder } from '../files/temporary-folder.ts'

/** Whose samples a profile or a picture has; a profile may have others, by their ICC name. */
export type Space = 'RGB' | 'GRAY' | 'CMYK'

/** An ICC colour profile. */
export interface ColourProfile {
  readonly name: string
  readonly space: string
  readonly bytes: Buffer
}

export const channelsOf: Readonly<Record<Space, 1 | 3 | 4>> = { RGB: 3, GRAY: 1, CMYK: 4 }

const photometric: Readonly<Record<Space, number>> = { RGB: 2, GRAY: 1, CMYK: 5 }
const tableAt = 128
const longestName = 80
const bandPixels = 1 << 22

/** The profile in these bytes (ICC.1, sections 7.2 and 7.3); undefined where they are no profile that describes samples, or cut off. */
export function readProfile(bytes: Buffer): ColourProfile | undefined {
  if (bytes.length < tableAt + 4 || bytes.toString('latin1', 36, 40) !== 'acsp' || bytes.readUInt32BE(0) > bytes.length)
    return undefined
  const tags = new Map<string, Buffer>()
  const count = bytes.readUInt32BE(tableAt)
  if (tableAt + 4 + count * 12 > bytes.length) return undefined
  for (let at = tableAt + 4; tags.size < count && at < tableAt + 4 + count * 12; at += 12) {
    const [start, length] = [bytes.readUInt32BE(at + 4), bytes.readUInt32BE(at + 8)]
    if (start + length > bytes.length) return undefined
    tags.set(bytes.toString('latin1', at, at + 4), bytes.subarray(start, start + length))
  }
  const describes =
    ['A2B0', 'kTRC', 'rXYZ'].some((tag) => tags.has(tag)) && !/link|abst|nmcl/.test(bytes.toString('latin1', 12, 16))
  if (!describes) return undefined
  return { name: nameOf(tags.get('desc')), space: bytes.toString('latin1', 16, 20).trim(), bytes }
}

/** Answers of `isSrgb` by the bytes of a profile: a picture that is read in regions asks for each of them. */
const known = new WeakMap<Buffer, Promise<boolean>>()

/** Whether the profile leaves every colour of a grid (and every grey) where it is, within one step of 255, on its way to sRGB. */
export function isSrgb(profile: ColourProfile): Promise<boolean> {
  const answer = known.get(profile.bytes) ?? looksSrgb(profile)
  known.set(profile.bytes, answer)
  return answer
}

async function looksSrgb(profile: ColourProfile): Promise<boolean> {
  const steps = Array.from({ length: 18 }, (_, i) => i * 15)
  const grid = steps.flatMap((r) => steps.flatMap((g) => steps.flatMap((b) => [r, g, b])))
  const greys = Array.from({ length: 256 }, (_, i) => i)
  const probe = Uint8Array.from(profile.space === 'GRAY' ? greys : [...grid, ...greys.flatMap((grey) => [grey, grey, grey])])
  const space = profile.space === 'GRAY' ? 'GRAY' : 'RGB'
  const back = await toSrgb(probe, probe.length / channelsOf[space], 1, space, profile)
  const each = 3 / channelsOf[space]
  return back.every((sample, at) => Math.abs(sample - probe[Math.floor(at / each)]!) <= 1)
}

/**
 * Interleaved 8-bit samples without alpha as sRGB, through the profile (perceptual intent; Little CMS in libvips, by sharp), or, for
 * CMYK without one, through libvips' own CMYK profile. Works in bands of rows: a colour does not depend on its neighbours.
 */
export async function toSrgb(
  samples: Uint8Array,
  width: number,
  height: number,
  space: Space,
  profile: ColourProfile | undefined,
): Promise<Uint8Array> {
  const stride = width * channelsOf[space]
  const rgb = new Uint8Array(width * height * 3)
  const band = Math.max(1, Math.floor(bandPixels / width))
  for (let row = 0; row < height; row += band) {
    const rows = Math.min(band, height - row)
    const tagged = taggedTiff(samples.subarray(row * stride, (row + rows) * stride), width, rows, space, profile)
    const { data, info } = await sharp(tagged).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    if (info.channels !== 3) throw new Error(`toSrgb: ${info.channels} channels came back`)
    rgb.set(data, row * width * 3)
  }
  return rgb
}

/** The way from sRGB into an RGB profile. */
export interface WayBack {
  /** Interleaved 8-bit sRGB rows in the colours of the profile. */
  convert(rgb: Uint8Array, width: number): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * The way back into a profile; undefined where it has none (those of scanners and cameras often have not), seen by taking
 * greys there and back.
 */
export async function wayBack(profile: ColourProfile): Promise<WayBack | undefined> {
  const { folder, remove } = temporaryFolder('profile') // sharp takes a profile to write by its path
  const file = path.join(folder, 'profile.icc')
  await writeFile(file, profile.bytes)
  const close = (): Promise<void> => {
    remove()
    return Promise.resolve()
  }
  const convert = (rgb: Uint8Array, width: number): Promise<Uint8Array> =>
    sharp(rgb, { raw: { width, height: rgb.length / 3 / width, channels: 3 } })
      .withIccProfile(file)
      .raw()
      .toBuffer()
  try {
    const greys = Uint8Array.from({ length: 48 }, (_, at) => Math.floor(at / 3) * 17)
    const again = await toSrgb(await convert(greys, 16), 16, 1, 'RGB', profile)
    if (again.every((sample, at) => Math.abs(sample - greys[at]!) <= 4)) return { convert, close }
  } catch {
    // Little CMS refuses it: there is no way.
  }
  remove()
  return undefined
}

/** CMYK as RGB the way Pillow takes it, without any profile: `(255 - k) * (255 - c) / 255`, rounded as there. */
export function cmykAsPillow(samples: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((samples.length / 4) * 3)
  for (let from = 0, to = 0; from < samples.length; from += 4) {
    const white = 255 - samples[from + 3]!
    for (let channel = 0; channel < 3; channel += 1) {
      const product = samples[from + channel]! * white + 128
      rgb[to] = white - (((product >> 8) + product) >> 8)
      to += 1
    }
  }
  return rgb
}

/** An uncompressed TIFF of one strip: the only way to hand sharp samples with a profile that is not theirs yet. */
function taggedTiff(
  samples: Uint8Array,
  width: number,
  height: number,
  space: Space,
  profile: ColourProfile | undefined,
): Buffer {
  const channels = channelsOf[space]
  const [short, long, bytes] = [3, 4, 7]
  const tags = [
    [256, long, 1, width],
    [257, long, 1, height],
    [258, short, channels, 8],
    [259, short, 1, 1],
    [262, short, 1, photometric[space]],
    [273, long, 1, 0],
    [277, short, 1, channels],
    [278, long, 1, height],
    [279, long, 1, samples.length],
    ...(profile === undefined ? [] : [[34675, bytes, profile.bytes.length, 0] as const]),
  ] as const
  const bitsAt = 8 + 2 + tags.length * 12 + 4
  const samplesAt = bitsAt + 8
  const profileAt = samplesAt + samples.length
  const whole = Buffer.alloc(profileAt + (profile?.bytes.length ?? 0))
  whole.write('II*\0\x08\0\0\0', 'latin1')
  whole.writeUInt16LE(tags.length, 8)
  tags.forEach(([tag, type, count, value], i) => {
    const at = 10 + i * 12
    whole.writeUInt16LE(tag, at)
    whole.writeUInt16LE(type, at + 2)
    whole.writeUInt32LE(count, at + 4)
    const elsewhere = tag === 273 ? samplesAt : tag === 34675 ? profileAt : tag === 258 && channels > 1 ? bitsAt : value
    whole.writeUInt32LE(elsewhere, at + 8)
  })
  for (let channel = 0; channel < channels; channel += 1) whole.writeUInt16LE(8, bitsAt + channel * 2)
  whole.set(samples, samplesAt)
  if (profile !== undefined) whole.set(profile.bytes, profileAt)
  return whole
}

/** From a textDescriptionType (version 2) or the first record of a multiLocalizedUnicodeType (version 4). */
function nameOf(tag: Buffer | undefined): string {
  const type = tag !== undefined && tag.length >= 12 ? tag.toString('latin1', 0, 4) : ''
  let text = ''
  if (tag !== undefined && type === 'desc') text = tag.toString('latin1', 12, 12 + tag.readUInt32BE(8))
  if (tag !== undefined && type === 'mluc' && tag.length >= 28) {
    const at = tag.readUInt32BE(24)
    const units = tag.subarray(at, at + tag.readUInt32BE(20))
    text = Buffer.from(units.subarray(0, units.length & ~1))
      .swap16()
      .toString('utf16le')
  }
  // Names come out of files and go to terminals.
  const printable = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
  return printable === '' ? 'unnamed' : printable.slice(0, longestName)
}
