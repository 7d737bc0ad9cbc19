import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { findPictures, picturesLines, readAs } from '../../../src/runtime/data/dataset.ts'
import { decodeAll, leaksOf, withPixels } from '../../../src/runtime/data/decoded.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { runLeaks } from '../../../src/runtime/evaluate/leaks.ts'
import type { RunRecord } from '../../../src/runtime/files/run-layout.ts'
import { painted, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const at = (...names: string[]): string => path.join(folder, ...names)

beforeAll(async () => {
  for (const name of ['all', 'all/@eaDir', 'broken']) mkdirSync(at(name))
  for (const seed of [1, 2, 3]) await writePng(painted(40, 30, seed), at('all', `p${seed}.png`))
  await sharp(at('all', 'p1.png')).tiff({ compression: 'lzw' }).toFile(at('all', 'same.tif'))
  await sharp(at('all', 'p2.png')).toColourspace('b-w').png().toFile(at('all', 'grey.png'))
  for (const name of ['a.bmp', 'b.BMP', 'c.webp', 'README', '@eaDir/p1.png', '.hidden.png']) writeFileSync(at('all', name), 'x')
  for (const name of ['p1.png', 'p2.png']) writeFileSync(at('broken', name), readFileSync(at('all', name)))
  const jpeg = await sharp(at('all', 'p3.png')).jpeg().toBuffer()
  for (const name of ['x.jpg', 'y.jpg']) writeFileSync(at('broken', name), jpeg.subarray(0, name === 'x.jpg' ? -200 : -250))
})

describe('what pictures are read, and how', () => {
  it('is said in a line each: how many, what was left out, what was changed', async () => {
    const pictures = await findPictures(at('all'))
    expect(picturesLines(pictures)).toEqual([
      '5 pictures; 4 other files left out (2 .bmp, 1 .webp, 1 without an ending); not looked into: @eaDir/',
      'grey widened to RGB: grey.png',
    ])
    expect(readAs(pictures)).toEqual({
      leftOut: { '.bmp': 2, '.webp': 1, '@eaDir/': 1, 'without an ending': 1 },
      notes: { 'grey widened to RGB': 1 },
    })
  })

  it('is said of all where it is done to all, and of a few by name', async () => {
    const { entries, leftOut } = await findPictures(at('all'))
    const looks = (count: number) =>
      new Map(entries.map(({ path: file }, index) => [file, { width: 1, height: 1, notes: index < count ? ['turned'] : [] }]))
    expect(picturesLines({ entries, leftOut, looks: looks(5) })[1]).toBe('turned: all of them')
    expect(picturesLines({ entries, leftOut, looks: looks(4) })[1]).toBe('turned: grey.png, p1.png, p2.png and 1 more')
  })
})

describe('pictures that are decoded once', () => {
  it('have a checksum of their samples, which is the same in another format, and are kept', async () => {
    const cache = at('cache', 'pixels.jsonl')
    const pictures = await findPictures(at('all'))
    const told: number[] = []
    const first = await decodeAll(pictures, { cache, onProgress: (done) => told.push(done) })
    expect(told).toEqual([1, 2, 3, 4, 5])
    const sums = new Map(withPixels(first).map(({ name, pixels }) => [name, pixels]))
    expect(sums.get('same.tif')).toBe(sums.get('p1.png'))
    expect(new Set(sums.values()).size).toBe(4)
    const again = await decodeAll(pictures, { cache, onProgress: () => expect.fail('nothing is left to decode') })
    expect(again.pixels).toEqual(first.pixels)
  })

  it('are named together where they cannot be, though their headers are whole', async () => {
    const said = await decodeAll(await findPictures(at('broken'))).catch((error: unknown) => (error as Error).message)
    expect(said).toMatch(/^2 of 4 pictures cannot be decoded:\n.*[xy]\.jpg: the picture cannot be decoded.*\n.*[xy]\.jpg: /)
  })
})

describe('leaks', () => {
  const trained = [
    { name: 'a.png', sha256: 'A', pixels: '1', group: 'S1' },
    { name: 'b.png', sha256: 'B', group: 'S2' },
  ]
  it.each([
    ['the same file', { sha256: 'A' }, { by: 'same', with: 'a.png' }],
    ['the same pixels in another file', { sha256: 'X', pixels: '1' }, { by: 'same', with: 'a.png' }],
    ['another picture of a group', { sha256: 'X', pixels: '9', group: 'S2' }, { by: 'group', with: 'S2' }],
    ['the same picture, whatever its group', { sha256: 'B', group: 'S9' }, { by: 'same', with: 'b.png' }],
    ['another group', { sha256: 'X', pixels: '9', group: 'S3' }, undefined],
    ['nothing known', { sha256: 'X' }, undefined],
  ])('%s', (_what, judged, leak) => {
    expect(leaksOf([{ name: 't.png', ...judged }], trained)).toEqual(leak ? [{ name: 't.png', ...leak }] : [])
  })

  it('of a run are told by its record, in words', async () => {
    const pictures = await decodeAll(await findPictures(at('all')))
    const sums = withPixels(pictures)
    const of = (name: string) => sums.find((each) => each.name === name)!
    const data: RunRecord['data'] = [
      { path: 'mine.png', sha256: 'none', pixels: of('p1.png').pixels!, split: 'train' },
      { path: 'p2.png', sha256: of('p2.png').sha256, split: 'train' },
      { path: 'p3.png', sha256: of('p3.png').sha256, split: 'val' },
    ]
    expect(runLeaks({ record: { data } as unknown as RunRecord }, pictures)).toBe(
      '3 of 5 pictures were trained on (run.json): p1.png as mine.png, p2.png, same.tif as mine.png; ' +
        '1 of 5 were set aside in training, where the best checkpoint is told by them: p3.png',
    )
    expect(runLeaks({ record: { data: [] } as unknown as RunRecord }, pictures)).toBeUndefined()
  })
})
