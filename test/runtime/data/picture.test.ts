import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Channels, type Sharp } from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { crop, type Picture } from '../../../src/runtime/data/picture.ts'
import { pngWriter, writePng } from '../../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { temporaryBeside } from '../../../src/runtime/files/atomic.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'archc-picture-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** A picture without repetition, so that a byte out of place shows. */
function noise(width: number, height: number): Picture {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24) }
}

/** The raw samples as a picture for sharp. */
function samples(values: number[], width: number, height: number, channels: Channels): Sharp {
  return sharp(Uint8Array.from(values), { raw: { width, height, channels } })
}

async function file(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, bytes)
  return path
}

describe('reading', () => {
  test.each([
    ['grey.png', () => samples([7, 200], 2, 1, 1).toColourspace('b-w').png(), [7, 7, 7, 200, 200, 200], ['grey widened to RGB']],
    ['grey.jpg', () => samples([90, 90], 2, 1, 1).toColourspace('b-w').jpeg(), [90, 90, 90, 90, 90, 90], ['grey widened to RGB']],
    ['rgb.tif', () => samples([1, 2, 3, 4, 5, 6], 2, 1, 3).tiff({ compression: 'lzw' }), [1, 2, 3, 4, 5, 6], []],
    ['opaque.png', () => samples([1, 2, 3, 255], 1, 1, 4).png(), [1, 2, 3], ['alpha dropped (opaque everywhere)']],
    [
      'clear.png',
      () => samples([0, 100, 200, 51, 1, 2, 3, 0], 2, 1, 4).png(),
      [204, 224, 244, 255, 255, 255],
      ['alpha composited on white'],
    ],
    ['palette.png', () => samples([10, 20, 30, 10, 20, 30], 2, 1, 3).png({ palette: true }), [10, 20, 30, 10, 20, 30], []],
  ])('%s', async (name, make, data, notes) => {
    const read = await readPicture(await file(name, await make().toBuffer()))
    expect([...read.picture.data]).toEqual(data)
    expect(read.notes).toEqual(notes)
    expect(read.density).toBeUndefined()
  })

  test('the name does not decide the format', async () => {
    const { picture } = await readPicture(await file('really-png.jpg', await samples([1, 2, 3], 1, 1, 3).png().toBuffer()))
    expect([...picture.data]).toEqual([1, 2, 3])
  })

  test.each(['png', 'jpeg', 'tiff'] as const)('the resolution of a %s', async (format) => {
    const tagged = await samples([1, 2, 3], 1, 1, 3).withMetadata({ density: 300 }).toFormat(format).toBuffer()
    expect((await readPicture(await file(`tagged.${format}`, tagged))).density).toBeCloseTo(300, 1)
  })

  test('EXIF orientation is applied and noted', async () => {
    const lying = await samples([1, 1, 1, 9, 9, 9], 2, 1, 3).withMetadata({ orientation: 6 }).png().toBuffer()
    const { picture, notes } = await readPicture(await file('lying.png', lying))
    expect([picture.width, picture.height]).toEqual([1, 2])
    expect(notes).toContain('turned upright (EXIF orientation 6)')
  })
})

describe('refused, by name and reason', () => {
  const png = (): Promise<Buffer> =>
    sharp(noise(64, 64).data, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toBuffer()
  const jpeg = (): Promise<Buffer> =>
    sharp(noise(64, 64).data, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer()
  const flipped = (bytes: Buffer, at: number): Buffer => {
    bytes[at] = bytes[at]! ^ 0xff
    return bytes
  }
  const half = (bytes: Buffer): Buffer => bytes.subarray(0, bytes.length / 2)
  test.each([
    ['corrupt.png', async () => flipped(await png(), 2000), /truncated or corrupt/],
    ['truncated.png', async () => half(await png()), /truncated or corrupt/],
    ['no-end.png', async () => (await png()).subarray(0, -12), /truncated or corrupt \(its closing chunk is missing\)/],
    ['truncated.jpg', async () => half(await jpeg()), /truncated or corrupt .*premature end/],
    ['header-only.jpg', async () => (await jpeg()).subarray(0, 4), /truncated or corrupt/],
    [
      'truncated.tif',
      async () =>
        (
          await samples([...noise(64, 64).data], 64, 64, 3)
            .tiff()
            .toBuffer()
        ).subarray(0, 2000),
      /truncated or corrupt/,
    ],
    [
      'pyramid.tif',
      () =>
        samples([...noise(300, 300).data], 300, 300, 3)
          .tiff({ pyramid: true, tile: true })
          .toBuffer(),
      /it holds \d+ pages, as slides/,
    ],
    ['moving.png', async () => withAnimationChunk(await png()), /animated PNG/],
    ['other.gif', () => samples([1, 2, 3], 1, 1, 3).gif().toBuffer(), /not a PNG, JPEG or TIFF file/],
    ['text.png', () => Promise.resolve(Buffer.from('hello')), /not a PNG, JPEG or TIFF file/],
    ['empty.png', () => Promise.resolve(Buffer.alloc(0)), /the file is empty/],
    ['scan.svs', () => png(), /whole-slide files are not read/],
    ['scan.NDPI', () => png(), /whole-slide files are not read/],
  ])('%s', async (name, make, reason) => {
    const path = await file(name, await make())
    const error = await readPicture(path).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toMatch(reason)
    expect((error as UserError).message).toContain(path)
  })

  test('a missing file and a folder', async () => {
    await expect(readPicture(join(folder, 'none.png'))).rejects.toThrow(/none\.png: there is no such file/)
    await expect(readPicture(folder)).rejects.toThrow(/: it is a folder$/)
  })
})

describe('writing', () => {
  test.each([
    [1, 1],
    [5, 3],
    [700, 600],
  ])('%i x %i comes back as it was, with resolution and text', async (width, height) => {
    const picture = noise(width, height)
    const path = join(folder, `whole-${width}.png`)
    await writePng(picture, path, { density: 254, text: { Software: 'archc', Comment: 'computed, 3 µm → 1 µm' } })
    expect(await readPicture(path)).toEqual({ picture, density: 254, notes: [] })
    const { comments } = await sharp(path).metadata()
    expect(comments).toEqual([
      { keyword: 'Software', text: 'archc' },
      { keyword: 'Comment', text: 'computed, 3 µm → 1 µm' },
    ])
  })

  test('in bands of any height, and small where neighbours are alike', async () => {
    const [width, height] = [300, 200]
    const data = Uint8Array.from(
      { length: width * height * 3 },
      (_, i) => (Math.floor(i / 3) % width) / 2 + Math.floor(i / 3 / width) / 4,
    )
    const path = join(folder, 'bands.png')
    const writer = await pngWriter(path, width, height)
    for (let row = 0, rows = 1; row < height; row += rows, rows = (rows % 7) + 1) {
      await writer.write(data.subarray(row * width * 3, Math.min(row + rows, height) * width * 3))
      await expect(readFile(path)).rejects.toThrow(/ENOENT/)
    }
    await writer.close()
    await writer.abort()
    expect((await readPicture(path)).picture.data).toEqual(data)
    expect((await readFile(path)).length).toBeLessThan(data.length / 20)
  })

  test('nothing is left of an aborted or unfinished file, and the old one stays', async () => {
    const path = join(folder, 'aborted.png')
    await writeFile(path, 'old')
    const before = await readdir(folder)
    const aborted = await pngWriter(path, 10, 10)
    await aborted.write(new Uint8Array(90))
    await aborted.abort()
    await expect(aborted.write(new Uint8Array(30))).rejects.toThrow(/closed before/)
    const unfinished = await pngWriter(path, 10, 10)
    await expect(unfinished.close()).rejects.toThrow(/10 of 10 rows/)
    const uneven = await pngWriter(path, 10, 10)
    await expect(uneven.write(new Uint8Array(31))).rejects.toThrow(RangeError)
    expect(await readdir(folder)).toEqual(before)
    expect(await readFile(path, 'utf8')).toBe('old')
  })

  test('what a killed process left in the folder goes, what a living one writes stays', async () => {
    const own = join(folder, 'leftovers')
    await mkdir(own)
    // No process has a number beyond Linux's largest, 2^22.
    const living = temporaryBeside('other.png')
    const dead = living.replace(/-\d+-/, '-99999999-')
    for (const name of [living, dead]) await writeFile(join(own, name), '')
    await writePng(noise(1, 1), join(own, 'out.png'))
    expect((await readdir(own)).sort()).toEqual([living, 'out.png'].sort())
  })

  test('unwritable places', async () => {
    const note = await file('note.txt', Buffer.from('x'))
    const cases: [string, RegExp][] = [
      [join(note, 'out.png'), /a part of the path is a file, not a folder/],
      [folder, /it is a folder/],
      ['/proc/out.png', /cannot write \/proc\/out\.png/],
    ]
    for (const [path, reason] of cases) {
      const error = await writePng(noise(1, 1), path).catch((error: unknown) => error)
      expect(error, path).toBeInstanceOf(UserError)
      expect((error as UserError).message).toMatch(reason)
    }
  })

  test('a text keyword that PNG forbids', async () => {
    await expect(writePng(noise(1, 1), join(folder, 'keyword.png'), { text: { ' bad': '' } })).rejects.toThrow(
      /not a PNG keyword/,
    )
  })
})

test('crop', () => {
  const picture = noise(4, 3)
  const part = crop(picture, 1, 1, 2, 2)
  expect([...part.data]).toEqual([...picture.data.subarray(15, 21), ...picture.data.subarray(27, 33)])
  expect(() => crop(picture, 3, 0, 2, 1)).toThrow(/not inside 4 x 3/)
})

/** An animation control chunk after the header; its checksum is not looked at. */
function withAnimationChunk(png: Buffer): Buffer {
  const chunk = Buffer.alloc(20)
  chunk.writeUInt32BE(8, 0)
  chunk.write('acTL', 4, 'latin1')
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)])
}
