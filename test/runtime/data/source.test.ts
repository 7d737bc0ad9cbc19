import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { openPicture, readPicture } from '../../../src/runtime/data/read-picture.ts'
import { openSink } from '../../../src/runtime/data/sink.ts'
import { temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const [width, height] = [300, 230]
const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => Math.imul(at + 1, 2654435761) >>> 24)
const noise = (): Sharp => sharp(data, { raw: { width, height, channels: 3 } })
const deep = (): Sharp =>
  sharp(
    Uint16Array.from(data, (value) => 257 * value),
    { raw: { width, height, channels: 3 } },
  ).toColourspace('rgb16')
const temporary = (): string[] => readdirSync(os.tmpdir()).filter((name) => name.startsWith('archc-picture-'))

// A place of its own, since other tests read pictures too.
const usual = process.env['TMPDIR']
beforeAll(() => void (process.env['TMPDIR'] = folder))
afterAll(() => {
  delete process.env['TMPDIR']
  if (usual !== undefined) process.env['TMPDIR'] = usual
})

test.each<[string, () => Promise<unknown>, string]>([
  ['tiles.tif', () => noise().tiff({ tile: true, tileWidth: 64, tileHeight: 64, compression: 'lzw' }).toFile(inside('tiles.tif')), 'tiles'],
  ['strips.tif', () => noise().tiff({ compression: 'lzw' }).toFile(inside('strips.tif')), 'laid out'],
  ['plain.png', () => noise().png().toFile(inside('plain.png')), 'laid out'],
  ['passes.png', () => noise().png({ progressive: true }).toFile(inside('passes.png')), 'laid out'],
  ['sixteen.png', () => deep().png().toFile(inside('sixteen.png')), 'laid out'],
  ['grey.png', () => noise().toColourspace('b-w').png().toFile(inside('grey.png')), 'laid out'],
  ['clear.png', () => noise().ensureAlpha(0.4).png().toFile(inside('clear.png')), 'laid out'],
  ['photo.jpg', () => noise().jpeg({ quality: 90 }).toFile(inside('photo.jpg')), 'laid out'],
  ['turned.jpg', () => noise().jpeg({ quality: 90 }).withMetadata({ orientation: 6 }).toFile(inside('turned.jpg')), 'laid out'],
])('%s that is not held has the regions of the whole', async (name, make, how) => {
  await make()
  const before = temporary()
  const whole = await readPicture(inside(name), { profile: 'convert' })
  const { source, notes, close, ...facts } = await openPicture(inside(name), { profile: 'convert', heldPixels: 0 })
  const { picture, notes: said, ...known } = whole
  expect([source.width, source.height]).toEqual([picture.width, picture.height])
  expect(facts).toEqual(known)
  expect(notes.filter((note) => !note.startsWith('stored in passes'))).toEqual(said)
  expect(notes.some((note) => note.startsWith('stored in passes'))).toBe(name === 'passes.png')
  for (const [x, y, w, h] of [[0, 0, source.width, source.height], [61, 70, 90, 100], [source.width - 1, source.height - 1, 1, 1]] as const)
    expect(await source.region(x, y, w, h)).toEqual(crop(picture, x, y, w, h))
  expect(temporary().length - before.length).toBe(how === 'tiles' ? 0 : 1)
  await close()
  expect(temporary()).toEqual(before)
}) // prettier-ignore

test('a picture that is held is not laid out, and one that is broken leaves nothing', async () => {
  await noise().png().toFile(inside('held.png'))
  const before = temporary()
  const { source, close } = await openPicture(inside('held.png'))
  expect((await source.region(5, 6, 7, 8)).data).toEqual(crop({ width, height, data } satisfies Picture, 5, 6, 7, 8).data)
  await close()
  const { data: bytes } = await noise().jpeg().toBuffer({ resolveWithObject: true })
  await sharp(bytes).toFile(inside('whole.jpg'))
  writeFileSync(inside('cut.jpg'), readFileSync(inside('whole.jpg')).subarray(0, 20_000))
  await expect(openPicture(inside('cut.jpg'), { heldPixels: 0 })).rejects.toThrow(/cut\.jpg: the picture cannot be decoded/)
  expect(temporary()).toEqual(before)
})

test('a sink is chosen by the ending', async () => {
  const sink = await openSink(inside('out.PNG'), 2, 1, {})
  await sink.write(Uint8Array.from([1, 2, 3, 4, 5, 6]))
  expect(existsSync(inside('out.PNG'))).toBe(false)
  await sink.close()
  expect([...(await readPicture(inside('out.PNG'))).picture.data]).toEqual([1, 2, 3, 4, 5, 6])
  expect(() => openSink(inside('out.gif'), 2, 1, {})).toThrow(/out\.gif: pictures are written as \.png$/)
})

function inside(name: string): string {
  return path.join(folder, name)
}
