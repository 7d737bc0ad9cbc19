import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { listData, listPictures } from '../../../src/runtime/data/dataset.ts'
import { continued, crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { pairsOf, scalesOf } from '../../../src/runtime/data/pairs.ts'
import { resize } from '../../../src/runtime/data/pillow.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { besideBy } from '../../../src/runtime/slides/level-pairs.ts'
import { planPictures } from '../../../src/runtime/data-recipes/plan-pictures.ts'
import { planSlides, type SlidesSettings } from '../../../src/runtime/data-recipes/plan-slides.ts'
import { openSlide } from '../../../src/runtime/slides/open-slide.ts'
import { prepareSet } from '../../../src/runtime/data-recipes/prepare.ts'
import { verifySet } from '../../../src/runtime/data-recipes/verify.ts'
import { painted, temporaryFolder } from '../network/small.ts'
import { smear, writePyramid } from './synthetic.ts'

/** Mean of the squared differences. */
const mse = (a: Picture, b: Picture): number =>
  a.data.reduce((sum, value, at) => sum + (value - b.data[at]!) ** 2, 0) / a.data.length

const folder = temporaryFolder()
const inside = (...names: string[]): string => path.join(folder, ...names)
const slides = inside('slides')
const cores = inside('cores')
const name = (at: number): string => `TCGA-0${at}-1594-01Z-00-DX1`

/** 4 x 3 sub-images of 64 on each of three slides, of which the left two columns have tissue. */
const settings: SlidesSettings = {
  slides: [slides], within: '.', side: 64, level: 0, tissue: 0.5, split: [12, 3, 3], seed: 0, tile: 32, splitBy: 'sub-image',
} // prettier-ignore

beforeAll(async () => {
  for (const at of [1, 2, 3]) {
    mkdirSync(path.join(slides, `uuid-${at}`), { recursive: true })
    await writePyramid(smear(260, 200, 130, at), path.join(slides, `uuid-${at}`, `${name(at)}.0a-1b.tif`))
  }
  mkdirSync(cores)
  for (const at of [1, 2, 3, 4, 5, 6])
    await writePng(painted(50, 40, at), path.join(cores, `p${Math.ceil(at / 2)}_core${at}.png`))
})

describe('slides', () => {
  it('sub-images with tissue, cut in tiles, in lists that training reads, with all that made them', async () => {
    const plan = await planSlides(settings)
    expect(plan.parameters).toMatchObject({ candidates: 18, splitBy: 'sub-image', split: '12/3/3' })
    const { manifest, resumed } = await prepareSet(plan, inside('set'))
    expect({ resumed, remarks: plan.remarks }).toEqual({ resumed: 0, remarks: ['3 slides'] })
    expect(manifest.split).toMatchObject({
      by: 'sub-image',
      says: expect.stringMatching(/slides stand on several sides/) as string,
      pieces: { train: 12, val: 3, test: 3 },
      pictures: { train: 48, val: 12, test: 12 },
    })
    expect(readdirSync(inside('set')).sort()).toEqual([
      'manifest.json',
      'test',
      'test.csv',
      'train',
      'train.csv',
      'val',
      'val.csv',
    ])
    const train = await listData(inside('set', 'train.csv'))
    expect(train).toHaveLength(48)
    for (const { group, mpp } of train)
      expect([group?.slice(0, 12), mpp]).toEqual([expect.stringMatching(/^TCGA-0[123]-1594$/), 0.5])
    const [output] = manifest.outputs
    const source = smear(260, 200, 130, Number(/TCGA-0(\d)/.exec(output!.group)![1]))
    expect((await readPicture(inside('set', output!.path))).picture).toEqual(crop(source, output!.x, output!.y, 32, 32))
    expect(output!.x).toBeLessThan(128)
    expect(manifest.sources).toHaveLength(3)
    expect(await verifySet(inside('set'))).toEqual({ manifest, problems: [] })
  })

  it('the same set from files elsewhere, named in another order and by identifiers; another by another seed', async () => {
    const digest = async (out: string, more: Partial<SlidesSettings>): Promise<string> =>
      (await prepareSet(await planSlides({ ...settings, ...more }), inside(out))).manifest.digest
    const first = await digest('first', {})
    expect(await digest('named', { slides: [3, 1, 2].map((at) => `TCGA-0${at}`), within: folder })).toBe(first)
    expect(await digest('seeded', { seed: 1 })).not.toBe(first)
  })

  it('by slide: none stands on two sides', async () => {
    const plan = await planSlides({ ...settings, splitBy: 'slide' })
    const sides = new Map<string, Set<string>>()
    for (const { source, split } of plan.pieces) sides.set(source.group, (sides.get(source.group) ?? new Set()).add(split))
    expect([...sides.values()].map((set) => [...set].join()).sort()).toEqual(['test', 'train', 'val'])
    expect(plan.split).toEqual({ by: 'slide', says: 'whole slides (3 of them): none stands on two sides' })
  })

  it('another level is coarser, and its resolution is said', async () => {
    const plan = await planSlides({ ...settings, level: 1, side: 32 })
    expect(plan.sources.map(({ mpp }) => mpp)).toEqual([1, 1, 1])
  })

  it('level pairs: each picture with the same from a coarser level, in lists that training reads', async () => {
    const plan = await planSlides({ ...settings, lowLevel: 1 })
    const { manifest } = await prepareSet(plan, inside('pairs'))
    expect(manifest.parameters).toMatchObject({ level: 0, lowLevel: 1 })
    expect(readdirSync(inside('pairs', 'low')).sort()).toEqual(['test', 'train', 'val'])
    const train = await listPictures(inside('pairs', 'train.csv'))
    expect(train).toHaveLength(48)
    const pairs = await pairsOf(train, { name: 'Any', scale: { kind: 'range', from: 1, to: 4 } })
    expect([pairs.size, scalesOf(pairs)]).toEqual([48, [2]])
    // What the level holds there, and nearly what the finer one becomes.
    const [output] = manifest.outputs
    const slide = await openSlide(path.join(slides, `uuid-${/TCGA-0(\d)/.exec(output!.group)![1]}`, output!.source))
    const low = (await readPicture(inside('pairs', output!.low!.path))).picture
    expect(low).toEqual(await slide.region(1, output!.x / 2, output!.y / 2, 16, 16))
    const high = await slide.region(0, output!.x, output!.y, 32, 32)
    const smaller = resize(high, 16, 16, 'bilinear')
    expect(mse(low, smaller)).toBeLessThan(
      mse(low, resize(await slide.region(0, output!.x + 4, output!.y, 32, 32), 16, 16, 'bilinear')) / 4,
    )
    expect(await verifySet(inside('pairs'))).toEqual({ manifest, problems: [] })
    rmSync(inside('pairs', output!.low!.path))
    expect((await verifySet(inside('pairs'))).problems).toEqual([`${output!.low!.path}: it is missing`])
    // The pictures themselves are those of a set without pairs; the set is another.
    const plain = (await verifySet(inside('set'))).manifest
    expect(manifest.outputs.map(({ pixels }) => pixels)).toEqual(plain.outputs.map(({ pixels }) => pixels))
    expect(manifest.digest).not.toBe(plain.digest)
  })

  it('levels that lie beside each other are found', () => {
    const high = painted(80, 60, 2)
    const low = resize(high, 40, 30, 'bilinear')
    expect(besideBy(high, low, 2)).toBeUndefined()
    expect(besideBy(high, crop(resize(continued(high, -4, 0, 84, 60), 42, 30, 'bilinear'), 0, 0, 40, 30), 2)).toEqual([2, 0])
    expect(besideBy(high, crop(resize(continued(high, 0, 2, 80, 60), 40, 30, 'bilinear'), 0, 0, 40, 30), 2)).toEqual([0, -1])
    const flat = { width: 80, height: 60, data: new Uint8Array(80 * 60 * 3).fill(200) }
    expect(besideBy(flat, resize(flat, 40, 30, 'bilinear'), 2)).toBeUndefined()
  })

  it('fewer than asked for are split in the proportion, which is said', async () => {
    const plan = await planSlides({ ...settings, split: [320, 40, 40] })
    expect(plan.remarks).toEqual(['3 slides', '18 sub-images with tissue, not 400: split in the proportion 320/40/40'])
    expect(['train', 'val', 'test'].map((side) => plan.pieces.filter(({ split }) => split === side).length)).toEqual([14, 2, 2])
  })

  it('started again after a kill, it goes on, and ends with the same set', async () => {
    const plan = await planSlides(settings)
    let read = 0
    const pieces = plan.pieces.map((piece) => ({
      ...piece,
      read: () => (++read > 5 ? Promise.reject(new Error('killed')) : piece.read()),
    }))
    await expect(prepareSet({ ...plan, pieces }, inside('killed'))).rejects.toThrow('killed')
    expect(existsSync(inside('killed'))).toBe(false)
    rmSync(inside('killed.partial', readdirSync(inside('killed.partial', 'train')).map((file) => `train/${file}`)[0]!))
    const { manifest, resumed } = await prepareSet(plan, inside('killed'))
    expect(resumed).toBe(4)
    expect(existsSync(inside('killed.partial'))).toBe(false)
    expect(manifest.digest).toBe((await verifySet(inside('set'))).manifest.digest)
  })

  it('the beginning of another set is not gone on with', async () => {
    const plan = await planSlides(settings)
    const pieces = plan.pieces.map((piece) => ({ ...piece, read: () => Promise.reject(new Error('killed')) }))
    await expect(prepareSet({ ...plan, pieces }, inside('other'))).rejects.toThrow('killed')
    await expect(prepareSet(await planSlides({ ...settings, seed: 1 }), inside('other'))).rejects.toThrow(
      /other\.partial holds the beginning of another set$/,
    )
    await expect(prepareSet(plan, inside('set'))).rejects.toThrow(/set is there already$/)
  })

  it.each<[string, Partial<SlidesSettings>, RegExp]>([
    ['an identifier that is nowhere', { slides: ['TCGA-99'], within: '.' }, /^no slide below \. with the identifier TCGA-99$/],
    ['an identifier of several', { slides: ['TCGA-0'], within: 'SLIDES' }, /^3 slides below .* with the identifier TCGA-0$/],
    ['a folder without slides', { slides: ['CORES'] }, /cores: no slides in it$/],
    ['a level that it has not', { level: 7 }, /has no level 7$/],
    ['a low level that it has not', { lowLevel: 9 }, /has no level 9$/],
    [
      'a low level that is not coarser',
      { level: 1, lowLevel: 0, side: 32 },
      /a pixel of level 0 is not two or more whole pixels of level 1$/,
    ],
    ['tiles that do not divide', { lowLevel: 1, tile: 31 }, /a side of 31 does not divide by the 2 of level 1$/],
    ['sub-images larger than the slide', { side: 1000 }, /is smaller than a sub-image of 1000 x 1000 at level 0$/],
    ['too few slides to keep apart', { slides: ['ONE'], splitBy: 'slide' }, /^1 group cannot be split 12\/3\/3$/],
  ])('refuses %s', async (_what, more, message) => {
    const places: Readonly<Record<string, string>> = { SLIDES: slides, CORES: cores, ONE: path.join(slides, 'uuid-1') }
    const named = (more.slides ?? settings.slides).map((one) => places[one] ?? one)
    const within = places[more.within ?? ''] ?? settings.within
    await expect(planSlides({ ...settings, ...more, slides: named, within })).rejects.toThrow(message)
  })
})

describe('pictures', () => {
  const tma = { recipe: 'tma', from: [cores], splitBy: 'picture', split: [4, 1, 1], seed: 0, tile: 'whole' } as const

  it('cores at random, whole', async () => {
    const plan = await planPictures(tma)
    const { manifest } = await prepareSet(plan, inside('tma'))
    expect(manifest.split).toMatchObject({ by: 'picture', pictures: { train: 4, val: 1, test: 1 } })
    expect(manifest.outputs.map((one) => path.basename(one.path)).sort()).toEqual(readdirSync(cores).sort())
    expect((await verifySet(inside('tma'))).problems).toEqual([])
  })

  it('whole groups by a pattern', async () => {
    const plan = await planPictures({ ...tma, recipe: 'fields', splitBy: 'group', groupBy: /^(p\d)_/u })
    expect(plan.sources.map(({ group }) => group)).toEqual(['p1', 'p1', 'p2', 'p2', 'p3', 'p3'])
    expect(['train', 'val', 'test'].map((side) => new Set(plan.pieces.filter(({ split }) => split === side).map((piece) => piece.source.group)).size)).toEqual([1, 1, 1]) // prettier-ignore
  })

  it('without groups, fields are refused; so are copies', async () => {
    await expect(planPictures({ ...tma, recipe: 'fields', splitBy: 'group' })).rejects.toThrow(/^no group for p1_core1\.png, /)
    const twice = inside('twice')
    mkdirSync(twice)
    for (const copy of ['a.png', 'b.png']) writeFileSync(path.join(twice, copy), readFileSync(path.join(cores, 'p1_core1.png')))
    await expect(planPictures({ ...tma, from: [twice] })).rejects.toThrow('b.png is a copy of a.png')
  })
})

describe('verify', () => {
  it('names what is changed, missing and added; other compression is the same picture', async () => {
    const set = inside('spoilt')
    const { manifest } = await prepareSet(await planSlides(settings), set)
    const [a, b, c, d] = manifest.outputs.map((output) => output.path) as [string, string, string, string]
    await writePng(painted(32, 32), path.join(set, a))
    rmSync(path.join(set, b))
    writeFileSync(path.join(set, c), 'x')
    await sharp(readFileSync(path.join(set, d))).png({ compressionLevel: 0 }).toFile(path.join(set, `${d}.new`)) // prettier-ignore
    writeFileSync(path.join(set, d), readFileSync(path.join(set, `${d}.new`)))
    writeFileSync(path.join(set, 'val.csv'), 'path\n')
    expect((await verifySet(set)).problems).toEqual([
      `${a}: it has other pixels`,
      `${b}: it is missing`,
      `${c}: it cannot be read`,
      'val.csv: it lists other pictures',
      `${d}.new: it is not in the manifest`,
    ])
  })

  it('a folder that is no set', async () => {
    await expect(verifySet(cores)).rejects.toThrow(/^cannot read .*manifest\.json: there is no such file$/)
    writeFileSync(path.join(folder, 'manifest.json'), '{}')
    await expect(verifySet(folder)).rejects.toThrow(/manifest\.json is not the manifest of a set$/)
  })
})
