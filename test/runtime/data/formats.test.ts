import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { readProfile, toSrgb } from '../../../src/runtime/data/profile.ts'
import { readTiff } from '../../../src/runtime/data/tiff-directories.ts'

const fixtures = fileURLToPath(new URL('../../fixtures/pictures', import.meta.url))
const fixture = (name: string): string => join(fixtures, name)
const expected = JSON.parse(readFileSync(fixture('expected.json'), 'utf8')) as Record<string, string>
const pillow = (name: string): number[] => [...Buffer.from(expected[name]!, 'base64')]

const [WIDTH, HEIGHT] = [40, 24]
/** The samples of `colour` for every pixel, as make.py has them. */
const painted = (colour: (x: number, y: number) => number[]): number[] =>
  Array.from({ length: WIDTH * HEIGHT }, (_, pixel) => colour(pixel % WIDTH, Math.floor(pixel / WIDTH))).flat()
const thrice = (value: number): number[] => [value, value, value]
const rgb = painted((x, y) => [6 * x, 11 * y, 255 - 4 * (x + y)])
const grey = painted((x) => thrice(6 * x))
const onWhite = (samples: readonly number[]): number[] =>
  samples.map((sample, at) => {
    const alpha = 255 - 5 * (Math.floor(at / 3) % WIDTH)
    return Math.round((sample * alpha + 255 * (255 - alpha)) / 255)
  })
const palette = (colours: number): number[] =>
  painted((x, y) => {
    const index = (x + 2 * y) % colours
    return [(index * 7) % 256, (index * 50) % 256, 255 - index]
  })
/** The largest difference: 0 says that every sample agrees. */
const furthest = (data: Uint8Array, wanted: readonly number[]): number => {
  expect(data.length).toBe(wanted.length)
  return data.reduce((most, sample, at) => Math.max(most, Math.abs(sample - wanted[at]!)), 0)
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archc-formats-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('samples of every kind', () => {
  const WIDENED = 'grey widened to RGB'
  const ROUNDED = '16 bits rounded to 8'
  const COMPOSITED = 'alpha composited on white'
  test.each<[string, number[], string[]]>([
    ['rgb16.png', rgb, [ROUNDED]],
    ['rgba16.png', onWhite(rgb), [ROUNDED, COMPOSITED]],
    ['grey16.png', grey, [ROUNDED, WIDENED]],
    ['grey1.png', painted((x, y) => thrice(((x + 2 * y) % 2) * 255)), [WIDENED]],
    ['grey2.png', painted((x, y) => thrice(((x + 2 * y) % 4) * 85)), [WIDENED]],
    ['grey4.png', painted((x, y) => thrice(((x + 2 * y) % 16) * 17)), [WIDENED]],
    ['palette1.png', palette(2), []],
    ['palette2.png', palette(4), []],
    ['palette8.png', palette(256), []],
    ['lzw.tif', rgb, []],
    ['deflate.tif', rgb, []],
    ['packbits.tif', rgb, []],
    ['jpeg.tif', pillow('jpeg.tif'), []],
    ['tiled.tif', rgb, []],
    ['strips.tif', rgb, []],
    ['planar.tif', rgb, []],
    ['bigtiff.tif', rgb, []],
    ['bigtiff-be.tif', rgb, []],
    ['big-endian.tif', rgb, []],
    ['rgb16.tif', rgb, [ROUNDED]],
    ['rgb16-planar.tif', rgb, [ROUNDED]],
    ['white-is-zero16.tif', grey, [ROUNDED, WIDENED]],
    ['palette.tif', pillow('palette.tif'), []],
    ['fax4.tif', painted((x, y) => thrice((x + 2 * y) % 3 === 0 ? 255 : 0)), [WIDENED]],
    ['turned.tif', rgb, ['turned upright (EXIF orientation 6)']],
    ['thumbnail.tif', rgb, ['thumbnail left out']],
    ['thumbnail-first.tif', rgb, ['thumbnail left out']],
    ['thumbnail-below.tif', rgb, ['thumbnail left out']],
    ['mask.tif', rgb, ['mask left out']],
  ])('%s', async (name, wanted, notes) => {
    for (const profile of ['ignore', 'convert'] as const) {
      const read = await readPicture(fixture(name), { profile })
      expect([read.picture.width, read.picture.height]).toEqual([WIDTH, HEIGHT])
      expect(furthest(read.picture.data, wanted)).toBe(0)
      expect(read.notes).toEqual(notes)
      expect(read).not.toHaveProperty('profile')
      expect(read).not.toHaveProperty('colours')
    }
  })

  test('a palette with clear colours', async () => {
    const { picture, notes } = await readPicture(fixture('palette4.png'))
    const alphas = [0, 51, ...Array.from({ length: 14 }, () => 255)]
    const wanted = palette(16).map((sample, at) => {
      const pixel = Math.floor(at / 3)
      const alpha = alphas[((pixel % WIDTH) + 2 * Math.floor(pixel / WIDTH)) % 16]!
      return Math.round((sample * alpha + 255 * (255 - alpha)) / 255)
    })
    expect(furthest(picture.data, wanted)).toBe(0)
    expect(notes).toEqual(['alpha composited on white'])
  })

  test('premultiplied alpha comes out as straight alpha does, but for its rounding', async () => {
    const { picture } = await readPicture(fixture('premultiplied.tif'))
    expect(furthest(picture.data, onWhite(rgb))).toBeLessThanOrEqual(1)
  })
})

describe('colour profiles', () => {
  const WIDE = 'colour profile "Test wide"'
  test.each<[string, number[], string[], number[], string[], string]>([
    ['wide.png', rgb, [`${WIDE} not applied`], pillow('wide'), [`converted to sRGB by its ${WIDE}`], 'Test wide'],
    [
      'wide-alpha.png',
      onWhite(rgb),
      [`${WIDE} not applied`, 'alpha composited on white'],
      onWhite(pillow('wide')),
      [`converted to sRGB by its ${WIDE}`, 'alpha composited on white'],
      'Test wide',
    ],
    [
      'linear16.tif',
      rgb,
      ['16 bits rounded to 8', 'colour profile "Test linear" not applied'],
      pillow('linear'),
      ['16 bits rounded to 8', 'converted to sRGB by its colour profile "Test linear"'],
      'Test linear',
    ],
    [
      'grey-profile.png',
      grey,
      ['colour profile "Test grey" not applied', 'grey widened to RGB'],
      pillow('grey'),
      ['grey widened to RGB', 'converted to sRGB by its colour profile "Test grey"'],
      'Test grey',
    ],
    [
      'grey-wide.tif',
      grey,
      [`${WIDE} not applied`, 'grey widened to RGB'],
      pillow('grey-wide'),
      ['grey widened to RGB', `converted to sRGB by its ${WIDE}`],
      'Test wide',
    ],
    [
      'cmyk-profile.tif',
      pillow('cmyk'),
      ['colour profile "Test inks" not applied', 'CMYK taken to RGB without a profile'],
      pillow('inks'),
      ['CMYK converted to sRGB by its colour profile "Test inks"'],
      'Test inks',
    ],
  ])('%s', async (name, stored, ignored, srgb, converted, profile) => {
    const asPillow = await readPicture(fixture(name))
    expect(furthest(asPillow.picture.data, stored)).toBe(0)
    expect(asPillow).toMatchObject({ notes: ignored, profile })
    expect(asPillow).not.toHaveProperty('colours')
    const forNetwork = await readPicture(fixture(name), { profile: 'convert' })
    expect(furthest(forNetwork.picture.data, srgb)).toBeLessThanOrEqual(1)
    expect(forNetwork).toMatchObject({ notes: converted, profile, colours: 'srgb' })
  })

  test.each(['ignore', 'convert'] as const)('of sRGB: there is nothing to %s, and nothing to note', async (mode) => {
    const read = await readPicture(fixture('srgb.png'), { profile: mode })
    expect(furthest(read.picture.data, rgb)).toBe(0)
    expect(read).toMatchObject({ notes: [], profile: 'sRGB built-in', colours: 'srgb' })
  })

  test('of a JPEG, whose decoders may differ by a step before the profile', async () => {
    const { picture, colours } = await readPicture(fixture('wide.jpg'), { profile: 'convert' })
    const wanted = pillow('wide.jpg')
    expect(colours).toBe('srgb')
    expect(picture.data.reduce((sum, sample, at) => sum + Math.abs(sample - wanted[at]!), 0) / wanted.length).toBeLessThan(0.2)
  })

  test.each([
    ['damaged-profile.tif', 'the colour profile is damaged or describes no samples: not applied', undefined],
    ['inks-on-rgb.tif', 'colour profile "Test inks" is for CMYK, not for RGB: not applied', 'Test inks'],
  ])('%s: samples stay as stored, with a note', async (name, note, profile) => {
    const read = await readPicture(fixture(name), { profile: 'convert' })
    expect(furthest(read.picture.data, rgb)).toBe(0)
    expect(read.notes).toEqual([note])
    expect(read.profile).toBe(profile)
    expect(read).not.toHaveProperty('colours')
  })

  test('a picture of several bands is converted as one of one band', async () => {
    const { icc } = await sharp(fixture('wide.png')).metadata()
    const profile = readProfile(icc!)!
    const [width, rows, times] = [WIDTH * 64, HEIGHT, 70]
    const row = Uint8Array.from({ length: width * 3 * rows }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24)
    const small = await toSrgb(row, width, rows, 'RGB', profile)
    const all = new Uint8Array(row.length * times)
    for (let i = 0; i < times; i++) all.set(row, i * row.length)
    const large = await toSrgb(all, width, rows * times, 'RGB', profile)
    for (let i = 0; i < times; i++) expect(Buffer.compare(large.subarray(i * row.length, (i + 1) * row.length), small)).toBe(0)
  })

  test('names of both versions, and what is no profile', async () => {
    const { icc } = await sharp(fixture('srgb.png')).metadata()
    expect(readProfile(icc!)).toMatchObject({ name: 'sRGB built-in', space: 'RGB' })
    expect(icc!.includes('mluc')).toBe(true)
    const cut = Buffer.from(icc!.subarray(0, 200))
    expect(readProfile(cut)).toBeUndefined()
    expect(readProfile(Buffer.alloc(0))).toBeUndefined()
    const link = Buffer.from(icc!)
    link.write('link', 12, 'latin1')
    expect(readProfile(link)).toBeUndefined()
  })
})

describe('CMYK', () => {
  test.each(['cmyk.tif', 'cmyk16.tif', 'cmyk.jpg'])('%s', async (name) => {
    const bits = name === 'cmyk16.tif' ? ['16 bits rounded to 8'] : []
    const { picture, notes } = await readPicture(fixture(name))
    expect(furthest(picture.data, pillow(name === 'cmyk.jpg' ? name : 'cmyk'))).toBe(0)
    expect(notes).toEqual([...bits, 'CMYK taken to RGB without a profile'])
    const converted = await readPicture(fixture(name), { profile: 'convert' })
    expect(converted.notes).toEqual([...bits, 'CMYK converted to sRGB by a general CMYK profile'])
    expect(converted.colours).toBe('srgb')
    const whole = await sharp(fixture(name)).toColourspace('srgb').raw().toBuffer()
    expect(furthest(converted.picture.data, [...whole])).toBeLessThanOrEqual(name === 'cmyk16.tif' ? 2 : 0)
  })

  test('a general profile: no ink is white, black ink is dark, single inks have their hue', async () => {
    const inks = [0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0]
    const [white, black, cyan, magenta, yellow] = await toSrgb(Uint8Array.from(inks), 5, 1, 'CMYK', undefined).then((samples) =>
      [0, 3, 6, 9, 12].map((at) => [...samples.subarray(at, at + 3)]),
    )
    expect(Math.min(...white!)).toBeGreaterThan(250)
    expect(Math.max(...black!)).toBeLessThan(60)
    expect(cyan![0]).toBeLessThan(cyan![2]! - 100)
    expect(magenta![1]).toBeLessThan(magenta![0]! - 100)
    expect(yellow![2]).toBeLessThan(yellow![0]! - 100)
  })
})

describe('refused, by name and reason', () => {
  test.each([
    ['float32.tif', /its samples are 32-bit floating point/],
    ['float16.tif', /its samples are 16-bit floating point/],
    ['signed16.tif', /its samples are signed 16-bit numbers/],
    ['unsigned32.tif', /its samples are of 32 bits/],
    ['lab.tif', /its colours are CIELab, not RGB/],
    ['ycbcr.tif', /its colours are YCbCr without JPEG compression/],
    ['zstd.tif', /its TIFF compression is Zstandard, which is not read/],
    ['planar-tiled.tif', /it is tiled with a plane for each channel/],
    ['pages.tif', /it holds 2 pages/],
    ['levels.tif', /it holds 3 pages, as slides and pyramids do/],
    ['levels-below.tif', /it is a pyramid of several resolutions/],
    ['animated.png', /it is an animated PNG/],
  ])('%s', async (name, reason) => {
    const error = await readPicture(fixture(name)).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toMatch(reason)
    expect((error as UserError).message).toContain(fixture(name))
  })

  test('a TIFF cut anywhere, or whose directories go in a circle, is broken and nothing worse', async () => {
    const ends = [
      ['big-endian.tif', Infinity],
      ['bigtiff.tif', Infinity],
      // From here on only samples of the thumbnail are missing, which is left out anyway.
      ['thumbnail-below.tif', 2896],
    ] as const
    for (const [name, end] of ends) {
      const whole = readFileSync(fixture(name))
      for (let length = 4; length < Math.min(end, whole.length); length += Math.ceil(whole.length / 40)) {
        const path = join(folder, `cut-${length}-${name}`)
        await writeFile(path, whole.subarray(0, length))
        await expect(readPicture(path), `${name} cut to ${length}`).rejects.toThrow(/truncated or corrupt|compression|colours/)
      }
    }
    const circle = Buffer.alloc(32)
    circle.write('II*\0\x08\0\0\0', 'latin1')
    circle.writeUInt32LE(8, 10) // no entries; the next directory is this one
    const bytes = {
      size: circle.length,
      at: (start: number, length: number) => Promise.resolve(circle.subarray(start, start + length)),
    }
    await expect(readTiff(bytes)).rejects.toThrow(/go in a circle/)
  })
})

describe('writing', () => {
  test('an sRGB picture says so, another says nothing', async () => {
    const { picture } = await readPicture(fixture('lzw.tif'))
    const [marked, bare] = [join(folder, 'marked.png'), join(folder, 'bare.png')]
    await writePng(picture, marked, { colours: 'srgb', density: 254, text: { Software: 'archc' } })
    await writePng(picture, bare)
    // The samples may be in any number of chunks.
    const chunks = (path: string): string[] => {
      const bytes = readFileSync(path)
      const found = new Set<string>()
      for (let at = 8; at < bytes.length; at += bytes.readUInt32BE(at) + 12) found.add(bytes.toString('latin1', at + 4, at + 8))
      return [...found]
    }
    expect(chunks(marked)).toEqual(['IHDR', 'sRGB', 'gAMA', 'cHRM', 'pHYs', 'iTXt', 'IDAT', 'IEND'])
    expect(chunks(bare)).toEqual(['IHDR', 'IDAT', 'IEND'])
    expect(await readPicture(marked)).toEqual({ picture, density: 254, notes: [] })
  })
})
