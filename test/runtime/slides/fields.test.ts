import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { findPictures, picturesLines, split } from '../../../src/runtime/data/dataset.ts'
import { decodeAll, leaksOf, withPixels } from '../../../src/runtime/data/decoded.ts'
import { readEntry } from '../../../src/runtime/data/entry-picture.ts'
import { pairsOf, scalesOf } from '../../../src/runtime/data/pairs.ts'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { pixelChecksum } from '../../../src/runtime/data/pixel-checksum.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import type { FieldSettings } from '../../../src/runtime/data/slide-part.ts'
import { fieldsOf } from '../../../src/runtime/slides/fields.ts'
import { findWithSlides } from '../../../src/runtime/slides/find-with-slides.ts'
import type { WithSlide } from '../../../src/runtime/slides/held-open.ts'
import { isSlide } from '../../../src/runtime/slides/is-slide.ts'
import { openSlide } from '../../../src/runtime/slides/open-slide.ts'
import { painted, temporaryFolder } from '../network/small.ts'
import { tissue, writeTissueSlide } from './tissue-slide.ts'

const folder = temporaryFolder()
const inside = (...names: string[]): string => path.join(folder, ...names)
const slide = inside('one', 'slide.a1.tif')
const settings: FieldSettings = { side: 256, most: 6, level: 0, tissue: 0.5, seed: 0 }
const found = (source: string | string[], more: Partial<FieldSettings> = {}) =>
  findWithSlides(source, { fields: { ...settings, ...more } })
const isSame = (a: Picture, b: Picture): boolean => pixelChecksum(a) === pixelChecksum(b)
const placesOf = ({ entries }: Awaited<ReturnType<typeof found>>) => entries.map(({ part }) => [part!.x, part!.y])

beforeAll(() => writeTissueSlide(slide))

describe('what is a slide', () => {
  const made: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
    'a.svs': (file) => Promise.resolve(writeFileSync(file, 'whatever')),
    'a.dcm': (file) => Promise.resolve(writeFileSync(file, 'whatever')),
    'levels.tif': writeTissueSlide,
    'levels-below.tiff': (file) => writeTissueSlide(file, { subifd: true }),
    'strips.tif': (file) => sharp(tissue).resize(300).tiff().toFile(file),
    'tiles.tif': (file) => sharp(tissue).resize(300).tiff({ tile: true }).toFile(file),
    'broken.tif': (file) => Promise.resolve(writeFileSync(file, Buffer.from('49492a00ff000000', 'hex'))),
    'png.tif': (file) => writePng(painted(20, 20), file),
    'a.png': (file) => writePng(painted(20, 20), file),
  }
  it.each(Object.keys(made))('%s', async (name) => {
    const file = inside('kinds', name)
    mkdirSync(path.dirname(file), { recursive: true })
    await made[name]!(file)
    expect(await isSlide(file)).toBe(['a.svs', 'a.dcm', 'levels.tif', 'levels-below.tiff'].includes(name))
  })
})

describe('fields of a slide', () => {
  it('lie on a grid where there is tissue, each a picture of the slide as it is stored', async () => {
    const pictures = await found(inside('one'))
    expect(pictures.entries).toHaveLength(6)
    const whole = (await readPicture(tissue)).picture
    for (const entry of pictures.entries) {
      const { x, y } = entry.part!
      expect([x % 256, y % 256, x < 1280]).toEqual([0, 0, true])
      expect(entry).toMatchObject({ name: `slide.a1.tif [${x},${y}]`, path: `${slide} [${x},${y}]`, group: 'slide', mpp: 0.25 })
      expect(pictures.looks.get(entry.path)).toEqual({ width: 256, height: 256, notes: [] })
      expect(isSame((await readEntry(entry)).picture, crop(whole, x, y, 256, 256))).toBe(true)
    }
    expect(new Set(pictures.entries.map(({ sha256 }) => sha256)).size).toBe(6)
    expect(pictures.slides).toMatchObject({ ...settings, copies: [] })
    expect(pictures.slides!.slides).toMatchObject([{ name: 'slide.a1.tif', mpp: 0.25, taken: 6 }])
    const { withTissue } = pictures.slides!.slides[0]!
    expect(withTissue).toBeGreaterThan(10)
    expect(withTissue).toBeLessThanOrEqual(20)
    expect(picturesLines(pictures)).toEqual([
      '6 pictures',
      `slides: 6 of ${withTissue} fields of 256 x 256 pixels of level 0 with at least 50 % tissue, at most 6 a slide, by seed 0`,
      `slide.a1.tif: 6 of ${withTissue} fields, 0.25 micrometres a pixel`,
    ])
  })

  it('are the same by the same seed, whatever the file is called; others by another', async () => {
    const first = await found(slide)
    const renamed = inside('renamed', 'other.tif')
    mkdirSync(path.dirname(renamed))
    copyFileSync(slide, renamed)
    const again = await found(renamed)
    expect(placesOf(again)).toEqual(placesOf(first))
    expect(again.entries.map(({ sha256 }) => sha256)).toEqual(first.entries.map(({ sha256 }) => sha256))
    expect(placesOf(await found(slide, { seed: 1 }))).not.toEqual(placesOf(first))
    expect(placesOf(await found(slide, { most: 3 })).every((place) => placesOf(first).some((one) => one.join() === place.join()))).toBe(true) // prettier-ignore
  })

  it('of another level are coarser, and another picture', async () => {
    const { entries } = await found(slide, { level: 1, side: 128, most: 2 })
    const { x, y } = entries[0]!.part!
    expect(entries[0]).toMatchObject({ name: `slide.a1.tif [${x},${y}] level 1`, mpp: 0.5 })
    const opened = await openSlide(slide)
    expect(isSame((await readEntry(entries[0]!)).picture, await opened.region(1, x, y, 128, 128))).toBe(true)
  })

  it('in pairs have the same of a coarser level', async () => {
    const { entries } = await found(slide, { lowLevel: 1, most: 3 })
    const pairs = await pairsOf(entries, { name: 'Any', scale: { kind: 'range', from: 1, to: 4 } })
    expect([pairs.size, scalesOf(pairs)]).toEqual([3, [2]])
    const [{ part, low }] = entries as [(typeof entries)[number]]
    expect(low!.part).toMatchObject({ level: 1, x: part!.x / 2, y: part!.y / 2, width: 128, height: 128 })
    expect(low!.name).toBe(`slide.a1.tif [${part!.x / 2},${part!.y / 2}] level 1`)
  })

  it('keep together what a CSV says of the slide, and stand beside pictures', async () => {
    await writePng(painted(40, 30), inside('p.png'))
    writeFileSync(inside('list.csv'), 'path,group,mpp\np.png,,\none/slide.a1.tif,patient 1,0.3\n')
    const pictures = await found(inside('list.csv'), { most: 2 })
    expect(pictures.entries.map(({ group, mpp }) => [group, mpp])).toEqual([[undefined, undefined], ['patient 1', 0.3], ['patient 1', 0.3]]) // prettier-ignore
    const { train, val } = split(pictures.entries, { val: 0.5, seed: 0 })
    expect([train, val].map((side) => new Set(side.map(({ group }) => group)).size)).toEqual([1, 1])
  })

  it('come once of a slide that is there twice; without slides pictures are what they were', async () => {
    for (const name of ['a.tif', 'b.tif']) {
      mkdirSync(inside('twice'), { recursive: true })
      copyFileSync(slide, inside('twice', name))
    }
    const twice = await found(inside('twice'))
    expect(twice.entries).toHaveLength(6)
    expect(twice.slides!.copies).toEqual([['b.tif', 'a.tif']])
    mkdirSync(inside('pictures'))
    await writePng(painted(40, 30), inside('pictures', 'p.png'))
    expect(await found(inside('pictures'))).toEqual(await findPictures(inside('pictures')))
  })

  it('are leaks of a slide that was trained on, by field, slide and group', async () => {
    const trained = withPixels(await decodeAll(await found(slide, { most: 3 })))
    const judged = withPixels(await decodeAll(await found(inside('renamed'), { most: 6 })))
    const leaks = leaksOf(judged, trained)
    expect(leaks.map(({ by }) => by).sort()).toEqual(['group', 'group', 'group', 'same', 'same', 'same'])
    expect(leaks.find(({ by }) => by === 'group')!.with).toBe('slide.a1.tif')
    const exported = inside('exported.png')
    const [field] = (await found(slide)).entries
    await writePng((await readEntry(field!)).picture, exported)
    const picture = withPixels(await decodeAll(await findPictures(exported)))
    expect(leaksOf(picture, withPixels(await decodeAll(await found(slide))))).toMatchObject([{ by: 'same', with: field!.name }])
  })

  it('that cannot be decoded are named with their place', async () => {
    const broken: WithSlide = () => Promise.reject(new UserError('slide.tif: a region cannot be decoded (why)', 'Get it again.'))
    const { fields } = await fieldsOf((await findPictures(tissue)).entries[0]!, await openSlide(slide), settings, broken)
    const { x, y } = fields[0]!.part!
    await expect(fields[0]!.part!.read()).rejects.toMatchObject({
      name: 'UserError',
      message: `slide.tif: a region cannot be decoded (why), at ${x}, ${y} of level 0`,
      help: 'Get it again.',
    })
  })

  it.each<[string, string | string[], Partial<FieldSettings>, RegExp]>([
    ['a level that it has not', 'one', { level: 9 }, /slide\.a1\.tif has no level 9$/],
    ['a level that is too small', 'one', { level: 3 }, /is smaller than a field of 256 x 256 at level 3$/],
    ['fields larger than it', 'one', { side: 2000 }, /is smaller than a field of 2000 x 2000 at level 0$/],
    [
      'a side that the levels do not divide',
      'one',
      { lowLevel: 1, side: 255 },
      /a side of 255 does not divide by the 2 of level 1$/,
    ],
    ['slides that are none', ['kinds/a.svs', 'kinds/a.dcm'], {}, /^2 of 2 slides cannot be taken:\n {2}.*a\.svs: it is no slide/],
    ['glass', 'glass.tif', {}, /^no field of 256 x 256 pixels has 50 % tissue in glass\.tif$/],
  ])('refuses %s', async (_what, source, more, message) => {
    if (!existsSync(inside('glass.tif')))
      await sharp({ create: { width: 600, height: 600, channels: 3, background: '#f1f0f2' } })
        .tiff({ tile: true, pyramid: true })
        .toFile(inside('glass.tif'))
    const names = typeof source === 'string' ? [source] : source
    await expect(found(names.map((name) => inside(name)), more)).rejects.toThrow(message) // prettier-ignore
  })

  it('refuses a low-resolution picture for a slide', async () => {
    writeFileSync(inside('low.csv'), 'path,low\none/slide.a1.tif,p.png\n')
    await expect(found(inside('low.csv'))).rejects.toThrow(/^one\/slide\.a1\.tif is a slide, and has p\.png for its low-resolution picture$/) // prettier-ignore
  })

  it('a slide without tissue beside others is left out, and said', async () => {
    const pictures = await found([slide, inside('glass.tif')], { most: 2 })
    expect(pictures.entries).toHaveLength(2)
    expect(picturesLines(pictures)).toContain('glass.tif: no field has so much tissue, left out, micrometres a pixel not said')
  })
})

const real = process.env['ARCHC_DATA']
if (!real) console.warn('ARCHC_DATA is not set: no fields of slides of scanners are taken in these tests')

it.skipIf(!real)('fields of all slides of scanners below ARCHC_DATA', async () => {
  const place = path.join(real!, 'wsi')
  const pictures = await found(place, { side: 512, most: 2 })
  expect(pictures.slides!.slides.map(({ name, mpp, taken }) => [name, mpp, taken])).toEqual([
    ['CMU-1-Small-Region.svs', 0.499, 2],
    ['TCGA-CR-7395-01A-01-TS1.svs', undefined, 2],
    ['camelyon_multiframe_small.dcm', 28.969, 0],
    ['derived_CMU-1-Small-Region_pyramid.tif', 0.499, 2],
    ['test3-DAPI-2-387_fluorescence.ndpi', 0.228175, 2],
  ])
  // OS-1-detail.ome.tif has one level, and is a picture.
  expect(pictures.entries.filter(({ part }) => !part).map(({ name }) => name)).toEqual(['OS-1-detail.ome.tif'])
  const { pixels } = await decodeAll(pictures)
  expect(pixels.size).toBe(9)
})
