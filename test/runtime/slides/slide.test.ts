import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { crop } from '../../../src/runtime/data/picture.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { readProfile } from '../../../src/runtime/data/profile.ts'
import { openByOpenslide, openSlide, openslide } from '../../../src/runtime/slides/open-slide.ts'
import type { Slide } from '../../../src/runtime/slides/slide.ts'
import { temporaryFolder, testField } from '../network/small.ts'
import { smear, writePyramid } from '../data-recipes/synthetic.ts'

const half = expect.closeTo(0.5, 6) as number
const folder = temporaryFolder()
const inside = (name: string): string => path.join(folder, name)
const whole = smear(300, 260, 150)
const pixels = { raw: { width: 300, height: 260, channels: 3 as const } }

describe.each([false, true])('a pyramid of tiles, BigTIFF %s', (bigtiff) => {
  const file = inside(`pyramid-${bigtiff}.tif`)
  beforeAll(() => writePyramid(whole, file, { bigtiff }))

  it('has its levels and its resolution', async () => {
    const { levels, mpp } = await openSlide(file)
    expect(levels.map(({ width, height }) => [width, height])).toEqual([
      [300, 260],
      [150, 130],
      [75, 65],
      [37, 32],
    ])
    expect(levels.map(({ downsample }) => downsample)).toEqual([1, 2, 4, 300 / 37])
    expect(mpp).toEqual({ x: half, y: half, from: 'the resolution tags of TIFF' })
  })

  it('gives regions to the bit, and others of other levels', async () => {
    const slide = await openSlide(file)
    expect(await slide.region(0, 37, 150, 120, 90)).toEqual(crop(whole, 37, 150, 120, 90))
    expect(await slide.region(1, 80, 60, 70, 70)).toMatchObject({ width: 70, height: 70 })
    expect(await slide.thumbnail(100, 87)).toMatchObject({ width: 100, height: 87 })
  })
})

it.each<[string, string, Pick<Slide, 'mpp' | 'magnification'>]>([
  ['Aperio', 'Aperio Image Library|AppMag = 20|MPP = 0.4990|Left = 25', { mpp: { x: 0.499, y: 0.499, from: "Aperio's MPP" }, magnification: { value: 20, from: "Aperio's AppMag" } }],
  ['OME', '<OME><Objective NominalMagnification="40"/><Pixels PhysicalSizeX="0.227" PhysicalSizeXUnit="µm" PhysicalSizeY="228" PhysicalSizeYUnit="nm"/></OME>', { mpp: { x: 0.227, y: 0.228, from: "OME's PhysicalSize" }, magnification: { value: 40, from: "OME's NominalMagnification" } }],
  ['OME without a unit', '<OME><Pixels PhysicalSizeX="0.25"/></OME>', { mpp: { x: 0.25, y: 0.25, from: "OME's PhysicalSize" } }],
  ['OME in pixels', '<OME><Pixels PhysicalSizeX="1" PhysicalSizeXUnit="pixel"/></OME>', { mpp: { x: half, y: half, from: 'the resolution tags of TIFF' } }],
  ['OME in colour', '<OME><Pixels SizeC="3" SizeZ="1" SizeT="1" PhysicalSizeX="0.25"><Channel SamplesPerPixel="3"/></Pixels></OME>', { mpp: { x: 0.25, y: 0.25, from: "OME's PhysicalSize" } }],
])('the resolution in the words of %s goes before the tags', async (what, words, facts) => {
  const file = inside(`${what}.tif`)
  await writePyramid(whole, file)
  writeFileSync(file, described(readFileSync(file), words))
  const { mpp, magnification } = await openSlide(file)
  expect({ mpp, magnification }).toEqual({ magnification: undefined, ...facts })
}) // prettier-ignore

it.each<[string, string, RegExp]>([
  ['a z-stack of OME', '<OME><Pixels SizeC="3" SizeZ="7"><Channel SamplesPerPixel="3"/></Pixels></OME>', /it is a z-stack of 7 focal planes$/],
  ['a z-stack of ImageJ', 'ImageJ=1.54f\nimages=5\nslices=5\n', /it is a z-stack of 5 focal planes$/],
  ['channels', '<OME><Pixels SizeC="4"><Channel Name="DAPI" SamplesPerPixel="1"/><Channel Name="FITC"/></Pixels></OME>', /it has 4 channels of 8 bits \(DAPI, FITC\), as fluorescence has, not the RGB of bright-field$/],
  ['times', '<OME><Pixels SizeT="9"/></OME>', /it is a series of 9 times$/],
])('refuses %s by name', async (what, words, message) => {
  const file = inside(`${what}.tif`)
  await writePyramid(whole, file)
  writeFileSync(file, described(readFileSync(file), words))
  await expect(openSlide(file)).rejects.toMatchObject({ message: expect.stringMatching(message) as string, help: expect.stringContaining('export') as string })
}) // prettier-ignore

it('has the profile and the compression that its file has', async () => {
  const file = inside('jpeg.tif')
  await sharp(whole.data, pixels)
    .withIccProfile('srgb')
    .tiff({ tile: true, tileWidth: 64, tileHeight: 64, compression: 'jpeg', quality: 80, pyramid: true })
    .toFile(file)
  const { icc, compression, levels } = await openSlide(file)
  expect(levels).toHaveLength(4)
  expect(readProfile(icc!)!.name).toMatch(/srgb/i)
  expect(compression).toMatchObject({ kind: 'jpeg', quality: 80, from: 'tables' })
})

/** The TIFF file with its first directory written anew at the end, with a description. */
function described(bytes: Buffer, words: string): Buffer {
  const at = bytes.readUInt32LE(4)
  const count = bytes.readUInt16LE(at)
  const entries = Array.from({ length: count }, (_, i) => bytes.subarray(at + 2 + i * 12, at + 14 + i * 12))
  const text = Buffer.from(`${words}\0`)
  const entry = Buffer.alloc(12)
  entry.writeUInt16LE(270, 0)
  entry.writeUInt16LE(2, 2)
  entry.writeUInt32LE(text.length, 4)
  entry.writeUInt32LE(bytes.length, 8)
  const all = [...entries.filter((one) => one.readUInt16LE(0) !== 270), entry].sort(
    (a, b) => a.readUInt16LE(0) - b.readUInt16LE(0),
  )
  const head = Buffer.alloc(2)
  head.writeUInt16LE(all.length, 0)
  const next = bytes.subarray(at + 2 + count * 12, at + 6 + count * 12)
  const whole = Buffer.concat([bytes, text, head, ...all, next])
  whole.writeUInt32LE(bytes.length + text.length, 4)
  return whole
}

it.each<[string, string, () => Promise<unknown>, RegExp, RegExp]>([
  ['another format by its name alone', 'a.ndpi', () => Promise.resolve(writeFileSync(inside('a.ndpi'), 'x')), /^.*a\.ndpi: it is no slide that archc reads$/, /NDPI.* \.ndpi is none of these or damaged/],
  ['what is no TIFF', 'b.svs', () => Promise.resolve(writeFileSync(inside('b.svs'), 'no slide, but long enough')), /^.*b\.svs: it is no slide that archc reads$/, /get it again/],
  ['a file that ends', 'c.tif', () => Promise.resolve(writeFileSync(inside('c.tif'), Buffer.from('49492a00ff000000', 'hex'))), /c\.tif: a directory is not inside the file$/, /Get the file again/],
  ['grey', 'd.tif', () => sharp(whole.data, pixels).toColourspace('b-w').tiff({ tile: true }).toFile(inside('d.tif')), /d\.tif: it has 1 channel of 8 bits, not RGB of 8 bits$/, /Bright-field/],
])('refuses %s', async (_what, name, make, message, help) => {
  await make()
  await expect(openSlide(inside(name))).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringMatching(message) as string,
    help: expect.stringMatching(help) as string,
  })
}) // prettier-ignore

const near = (value: number): number => expect.closeTo(value, 4) as number
const real = process.env['ARCHC_DATA']
if (!real) console.warn('ARCHC_DATA is not set: no slide of a scanner is read in these tests')

describe.skipIf(!real)('slides of scanners, below ARCHC_DATA', () => {
  it.each<[string, [number, number][], object]>([
    ['CMU-1-Small-Region.svs', [[2220, 2967]], { mpp: { x: 0.499, y: 0.499, from: "Aperio's MPP" }, magnification: { value: 20 }, compression: { quality: 30 } }],
    ['derived_CMU-1-Small-Region_pyramid.tif', [[2220, 2967], [1110, 1483], [555, 741], [277, 370], [138, 185]], { mpp: { x: near(0.499) }, compression: { quality: 90 } }],
    ['OS-1-detail.ome.tif', [[1101, 1101]], { mpp: { x: near(0.227097), y: near(0.227102) }, compression: { quality: 75, subsampling: '4:2:0' } }],
  ])('%s', async (name, sizes, facts) => {
    const slide = await openSlide(found(name))
    expect(slide.levels.map(({ width, height }) => [width, height])).toEqual(sizes)
    expect(slide).toMatchObject({ reader: 'libvips', ...facts })
    const { data } = await slide.region(0, 500, 600, 100, 50)
    expect(data).toHaveLength(100 * 50 * 3)
  }) // prettier-ignore

  it('a region of CMU-1 is the field of the samples that was cut there', async () => {
    const { picture } = await readPicture(testField)
    const slide = await openSlide(found('CMU-1-Small-Region.svs'))
    const { data } = await slide.region(0, 620, 560, picture.width, picture.height)
    expect(Buffer.compare(data, picture.data)).toBe(0)
  })

  it.each<[string, number, object]>([
    ['TCGA-CR-7395-01A-01-TS1.svs', 2, { vendor: 'aperio', icc: expect.objectContaining({ length: 3144 }) as Buffer }],
    ['camelyon_multiframe_small.dcm', 1, { vendor: 'dicom', mpp: { x: near(28.969), y: near(28.968), from: 'openslide.mpp-x, openslide.mpp-y' } }],
    ['test3-DAPI-2-387_fluorescence.ndpi', 7, { vendor: 'hamamatsu', mpp: { x: near(0.228175) }, magnification: { value: 40, from: 'openslide.objective-power' }, compression: { quality: 90 }, fluorescence: 'DAPI 2 (387), excited at 387 nm, seen at 455 nm' }],
  ])('%s, by OpenSlide', async (name, levels, facts) => {
    const slide = await openSlide(found(name))
    expect(slide).toMatchObject({ reader: 'OpenSlide', ...facts })
    expect(slide.levels).toHaveLength(levels)
    if (!('mpp' in facts)) expect(slide).not.toHaveProperty('mpp')
    const [whole] = slide.levels
    const { data } = await slide.region(0, 100, 80, 60, 40)
    expect(data).toHaveLength(60 * 40 * 3)
    expect(await slide.thumbnail(64, Math.round((64 * whole!.height) / whole!.width))).toMatchObject({ width: 64 })
    slide.close()
  }) // prettier-ignore

  it('a DICOM of one channel is refused by name', async () => {
    const bytes = readFileSync(found('camelyon_multiframe_small.dcm'))
    const samples = Buffer.from([0x28, 0, 2, 0, 0x55, 0x53, 2, 0, 3, 0])
    bytes[bytes.indexOf(samples) + 8] = 1
    const file = inside('one.dcm')
    writeFileSync(file, bytes)
    await expect(openSlide(file)).rejects.toThrow(/one\.dcm: it has 1 channel, as fluorescence has/)
  })

  it('the two readers agree on what both read, but for how they decode JPEG', async () => {
    const file = found('CMU-1-Small-Region.svs')
    const ours = await (await openSlide(file)).region(0, 600, 500, 256, 200)
    const others = await (await openByOpenslide(file, await openslide(() => undefined))).region(0, 600, 500, 256, 200)
    const differences = [...ours.data].map((value, at) => Math.abs(value - others.data[at]!))
    expect(differences.reduce((sum, each) => sum + each, 0) / differences.length).toBeLessThan(0.5)
    expect(differences.reduce((most, each) => Math.max(most, each), 0)).toBeLessThan(12)
  })
})

function found(name: string): string {
  const places = [path.join(real!, name), path.join(real!, 'wsi', name)]
  return places.find((place) => existsSync(place)) ?? places[0]!
}
