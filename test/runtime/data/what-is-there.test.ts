import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { blankTiles } from '../../../src/runtime/data/blank-tiles.ts'
import { withBytes } from '../../../src/runtime/data/bytes.ts'
import { lookAtPicture, openPicture, readPicture } from '../../../src/runtime/data/read-picture.ts'
import { readTiff, type TiffPage } from '../../../src/runtime/data/tiff-directories.ts'
import { temporaryFolder } from '../network/small.ts'
import { writeTiff, type Tags } from './tiff-writer.ts'

const folder = temporaryFolder()
const at = (name: string): string => path.join(folder, name)
const [width, height] = [16, 12]
const colours = Array.from({ length: width * height }, (_, pixel) => [60 + (pixel % 120), 200 - (pixel % 90), (pixel * 7) % 256])
const other = colours.map((_, pixel) => (pixel * 31) % 256)
const rgb = colours.flat()
const greys = colours.flatMap(([red]) => [red!, red!, red!])
const onWhite = (samples: readonly number[]): number[] =>
  samples.map((sample, index) => {
    const alpha = other[Math.floor(index / 3)]!
    return Math.round((sample * alpha + 255 * (255 - alpha)) / 255)
  })
const beside = (base: readonly (readonly number[])[], ...channels: readonly (readonly number[])[]): number[] =>
  base.flatMap((pixel, index) => [...pixel, ...channels.map((channel) => channel[index]!)])
const furthest = (data: Uint8Array, wanted: readonly number[]): number => {
  expect(data.length).toBe(wanted.length)
  return data.reduce((most, sample, index) => Math.max(most, Math.abs(sample - wanted[index]!)), 0)
}

const leftOut = 'a channel that is no alpha left out'
const composited = 'alpha composited on white'
const widened = 'grey widened to RGB'
const rounded = '16 bits rounded to 8'

describe('channels beside the colours of a TIFF are what ExtraSamples says', () => {
  const grey = colours.map(([red]) => [red!])
  it.each<[string, number, number[], Tags, number[], string[]]>([
    ['RGB and unspecified data', 2, beside(colours, other), { 338: [0] }, rgb, [leftOut]],
    ['RGB and nothing said', 2, beside(colours, other), {}, rgb, [leftOut]],
    ['RGB and alpha', 2, beside(colours, other), { 338: [2] }, onWhite(rgb), [composited]],
    ['RGB, data, alpha', 2, beside(colours, grey.flat(), other), { 338: [0, 2] }, onWhite(rgb), [leftOut, composited]],
    ['RGB, alpha, data', 2, beside(colours, other, grey.flat()), { 338: [2, 0] }, onWhite(rgb), [leftOut, composited]],
    ['RGB and two of data', 2, beside(colours, other, other), { 338: [0, 0] }, rgb, ['2 channels that are no alpha left out']],
    ['grey and data', 1, beside(grey, other), { 338: [0] }, greys, [leftOut, widened]],
    ['grey and nothing said', 1, beside(grey, other), {}, greys, [leftOut, widened]],
    ['grey and alpha', 1, beside(grey, other), { 338: [2] }, onWhite(greys), [widened, composited]],
  ])('%s', async (what, photometric, samples, tags, wanted, notes) => {
    const file = at(`${what}.tif`)
    writeTiff(file, { width, height, samples: Uint8Array.from(samples), photometric, tags })
    const read = await readPicture(file)
    expect(furthest(read.picture.data, wanted)).toBe(0)
    expect(read.notes).toEqual(notes)
    expect([...(await lookAtPicture(file)).notes].sort()).toEqual([...notes].sort())
    const deep = at(`${what}16.tif`)
    writeTiff(deep, { width, height, samples: Uint16Array.from(samples, (sample) => 257 * sample), photometric, tags })
    expect(furthest((await readPicture(deep)).picture.data, wanted)).toBe(0)
    const { source, close } = await openPicture(file, { heldPixels: 10 })
    expect(furthest((await source.region(0, 0, width, height)).data, wanted)).toBe(0)
    await close()
  })

  it('beside grey more than one is no picture that is known', async () => {
    const file = at('stains.tif')
    writeTiff(file, {
      width,
      height,
      samples: Uint8Array.from(beside(grey, other, other)),
      photometric: 1,
      tags: { 338: [0, 0] },
    })
    await expect(readPicture(file)).rejects.toThrow(/stains\.tif: it has 3 channels, not 1$/)
  })
})

describe('grey with alpha in a PNG', () => {
  const pixels = beside(
    colours.map(([red]) => [red!]),
    other,
  )
  it.each([8, 16])('of %i bits is composited on white', async (bits) => {
    const file = at(`la${bits}.png`)
    const raw = bits === 8 ? Uint8Array.from(pixels) : Uint16Array.from(pixels, (sample) => sample * 257)
    await sharp(raw, { raw: { width, height, channels: 2 } })
      .toColourspace(bits === 8 ? 'b-w' : 'grey16')
      .png()
      .toFile(file)
    const read = await readPicture(file)
    expect(furthest(read.picture.data, onWhite(greys))).toBe(0)
    expect(read.notes).toEqual([...(bits === 16 ? [rounded] : []), widened, composited])
  })
})

describe('the largest sample that a TIFF of 16 bits states is white', () => {
  it.each<[string, Tags, number, number, string[]]>([
    ['12 bits, by MaxSampleValue', { 281: [4095, 4095, 4095] }, 4095, 255, [rounded, '4095 is white, as the file says']],
    ['12 bits, by SMaxSampleValue', { 341: [4095, 4095, 4095] }, 4095, 255, [rounded, '4095 is white, as the file says']],
    ['any, by SMaxSampleValue', { 341: [3000, 3000, 3000] }, 1500, 128, [rounded, '3000 is white, as the file says']],
    [
      'what was used, which is no limit',
      { 281: [3000] },
      3000,
      12,
      [rounded, 'no sample is above 1/16 of white: perhaps 12 bits, of which the file says nothing'],
    ],
    ['nothing', {}, 65_535, 255, [rounded]],
  ])('%s', async (what, tags, sample, wanted, notes) => {
    const file = at(`${what}.tif`)
    writeTiff(file, { width: 2, height: 1, samples: new Uint16Array(6).fill(sample), photometric: 2, tags })
    const read = await readPicture(file)
    expect([...read.picture.data]).toEqual(Array.from({ length: 6 }, () => wanted))
    expect(read.notes).toEqual(notes)
  })
})

describe('JPEGs that every decoder reads, and this one refuses', () => {
  const jpeg = at('right.jpg')
  let bytes: Buffer
  let wanted: number[]
  beforeAll(async () => {
    await sharp(
      Uint8Array.from({ length: 3 * 64 * 48 }, (_, index) => (index * 37) % 251),
      { raw: { width: 64, height: 48, channels: 3 } },
    )
      .jpeg({ quality: 90 })
      .toFile(jpeg)
    const plain = readFileSync(jpeg)
    // The start, then a JFIF segment and one of Adobe, which sharp leaves out.
    const segments = [
      Buffer.from([0xff, 0xe0, 0, 16, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0]),
      Buffer.from([0xff, 0xee, 0, 14, ...Buffer.from('Adobe'), 0, 100, 0, 0, 0, 0, 1]),
    ]
    bytes = Buffer.concat([plain.subarray(0, 2), ...segments, plain.subarray(plain[3] === 0xe0 ? 20 : 2)])
    wanted = [...(await readPicture(jpeg)).picture.data]
  })
  const scan = (): number => bytes.indexOf(Buffer.from([0xff, 0xda]))
  const changed = (place: number, ...values: readonly number[]): Buffer => {
    const copy = Buffer.from(bytes)
    copy.set(values, place)
    return copy
  }
  it.each<[string, () => Buffer]>([
    ['as it is', () => bytes],
    [
      'coefficients 0 to 0 in the scan of a sequential frame',
      () => changed(scan() + 2 + bytes.readUInt16BE(scan() + 2) - 3, 0, 0, 0),
    ],
    ['coefficients and bits that do not exist', () => changed(scan() + 2 + bytes.readUInt16BE(scan() + 2) - 3, 1, 70, 17)],
    ['a version of JFIF that does not exist', () => changed(bytes.indexOf('JFIF') + 5, 3, 1)],
    ['a kind of colours that does not exist', () => changed(bytes.indexOf('Adobe') + 11, 7)],
    ['stray bytes between segments', () => Buffer.concat([bytes.subarray(0, 20), Buffer.from([0, 7, 0]), bytes.subarray(20)])],
    ['no end', () => bytes.subarray(0, -2)],
    ['stray bytes before the end', () => Buffer.concat([bytes.subarray(0, -2), Buffer.alloc(18), bytes.subarray(-2)])],
    ['zeros behind the end', () => Buffer.concat([bytes, Buffer.alloc(512)])],
    ['fill bytes', () => Buffer.concat([bytes.subarray(0, 2), Buffer.from([0xff, 0xff]), bytes.subarray(2)])],
  ])('%s', async (what, make) => {
    const file = at(`${what}.jpg`)
    writeFileSync(file, make())
    const read = await readPicture(file)
    expect(furthest(read.picture.data, wanted)).toBe(0)
    expect(read.compression).toMatchObject({ kind: 'jpeg', quality: 90 })
  })

  it.each<[string, () => Buffer]>([
    ['cut off', () => bytes.subarray(0, -300)],
    ['cut off, with an end', () => Buffer.concat([bytes.subarray(0, -300), Buffer.from([0xff, 0xd9])])],
    ['cut off, with a wrong scan', () => changed(scan() + 2 + bytes.readUInt16BE(scan() + 2) - 3, 0, 0, 0).subarray(0, -300)],
    ['spoilt in the middle', () => changed(scan() + 400, ...Array.from({ length: 40 }, () => 0x55))],
  ])('but not what is %s', async (what, make) => {
    const file = at(`${what}.jpg`)
    writeFileSync(file, make())
    await expect(readPicture(file)).rejects.toThrow(/the picture cannot be decoded, so it is truncated or corrupt/)
  })
})

describe('tags that are wrong and do not matter', () => {
  it.each<[string, Tags]>([
    ['an orientation twice', { 274: [1, 1] }],
    ['private ones', { 50_839: [5], 65_000: [5] }],
  ])('%s', async (what, tags) => {
    const file = at(`${what}.tif`)
    writeTiff(file, { width, height, samples: Uint8Array.from(rgb), photometric: 2, tags })
    expect(furthest((await readPicture(file)).picture.data, rgb)).toBe(0)
  })
})

describe('micrometres a pixel', () => {
  it.each<[string, Tags, number | undefined]>([
    ['inches', { 282: { over: [50_800, 1] }, 296: [2] }, 0.5],
    ['centimetres', { 282: { over: [40_000, 1] }, 296: [3] }, 0.25],
    ['72 an inch', { 282: { over: [72, 1] }, 296: [2] }, undefined],
    ['no unit', { 282: { over: [4, 1] }, 296: [1] }, undefined],
    ['ImageJ, micron', { 270: 'ImageJ=1.54f\nunit=micron\n', 282: { over: [4, 1] }, 296: [1] }, 0.25],
    ['ImageJ, µm in letters', { 270: 'ImageJ=1.54f\nunit=\\u00B5m\n', 282: { over: [2, 1] }, 296: [1] }, 0.5],
    ['ImageJ, um', { 270: 'ImageJ=1.54f\nunit=um\nloop=false\n', 282: { over: [2, 1] }, 296: [1] }, 0.5],
    ['ImageJ, nm', { 270: 'ImageJ=1.54f\nunit=nm\n', 282: { over: [1, 250] }, 296: [1] }, 0.25],
    ['ImageJ, mm', { 270: 'ImageJ=1.54f\nunit=mm\n', 282: { over: [4000, 1] }, 296: [1] }, 0.25],
    ['ImageJ, cm', { 270: 'ImageJ=1.54f\nunit=cm\n', 282: { over: [40_000, 1] }, 296: [3] }, 0.25],
    ['ImageJ, inch', { 270: 'ImageJ=1.54f\nunit=inch\n', 282: { over: [101_600, 1] }, 296: [2] }, 0.25],
    ['ImageJ, pixels', { 270: 'ImageJ=1.54f\nunit=pixel\n', 282: { over: [4, 1] }, 296: [1] }, undefined],
    ['Aperio', { 270: 'Aperio Image Library v11\r\n|AppMag = 20|MPP = 0.4990' }, 0.499],
    ['OME, no unit', { 270: '<OME><Pixels PhysicalSizeX="0.25"/></OME>' }, 0.25],
    ['OME, nm', { 270: '<OME><Pixels PhysicalSizeX="250" PhysicalSizeXUnit="nm"/></OME>' }, 0.25],
    ['OME, mm, single quotes', { 270: "<OME><Pixels PhysicalSizeX='2.5E-4' PhysicalSizeXUnit='mm'/></OME>" }, 0.25],
    ['OME, Greek mu', { 270: '<OME><Pixels PhysicalSizeX="0.25" PhysicalSizeXUnit="μm"/></OME>' }, 0.25],
    ['OME, entity', { 270: '<OME><Pixels PhysicalSizeX="0.25" PhysicalSizeXUnit="&#181;m"/></OME>' }, 0.25],
    ['OME, Ångström', { 270: '<OME><Pixels PhysicalSizeX="2500" PhysicalSizeXUnit="Å"/></OME>' }, 0.25],
    ['OME, inch', { 270: '<OME><Pixels PhysicalSizeX="0.00001" PhysicalSizeXUnit="in"/></OME>' }, 0.254],
  ])('by %s', async (what, tags, wanted) => {
    const file = at(`${what}.tif`)
    writeTiff(file, { width, height, samples: Uint8Array.from(rgb), photometric: 2, tags })
    const [page] = (await withBytes(file, readTiff)).pages
    if (wanted === undefined) expect(page).not.toHaveProperty('mpp')
    else {
      expect(page!.mpp!.x).toBeCloseTo(wanted, 9)
      expect((await readPicture(file)).density).toBeCloseTo(25_400 / wanted, 3)
    }
  })
})

describe('tiles that are not in the file are white', () => {
  const side = 64
  const [wide, high] = [200, 150]
  const painted = Uint8Array.from({ length: 3 * wide * high }, (_, index) => 40 + ((index * 13) % 120))
  /** Tiles 5 and 6 of 4 x 3, and the last, have no bytes. */
  const missing = [5, 6, 11]
  const isMissing = (x: number, y: number): boolean => missing.includes(Math.floor(y / side) * 4 + Math.floor(x / side))
  const write = async (compression: 'jpeg' | 'deflate' | 'none'): Promise<string> => {
    const file = at(`${compression}.tif`)
    await sharp(painted, { raw: { width: wide, height: high, channels: 3 } })
      .tiff({
        tile: true,
        tileWidth: side,
        tileHeight: side,
        compression,
        bigtiff: true,
        ...(compression === 'jpeg' && { quality: 90 }),
      })
      .toFile(file)
    return file
  }
  const empty = (file: string): void => {
    const bytes = readFileSync(file)
    const directory = Number(bytes.readBigUInt64LE(8))
    for (let index = 0; index < Number(bytes.readBigUInt64LE(directory)); index += 1) {
      const entry = directory + 8 + 20 * index
      if (![324, 325].includes(bytes.readUInt16LE(entry))) continue
      const each = { 3: 2, 4: 4, 16: 8 }[bytes.readUInt16LE(entry + 2)]!
      for (const tile of missing)
        bytes.fill(
          0,
          Number(bytes.readBigUInt64LE(entry + 12)) + each * tile,
          Number(bytes.readBigUInt64LE(entry + 12)) + each * (tile + 1),
        )
    }
    writeFileSync(file, bytes)
  }
  it.each(['jpeg', 'deflate', 'none'] as const)('%s, whole and by regions', async (compression) => {
    const file = await write(compression)
    const whole = (await readPicture(file)).picture.data
    empty(file)
    const read = await readPicture(file)
    const wanted = Uint8Array.from(whole, (sample, index) => {
      const pixel = Math.floor(index / 3)
      return isMissing(pixel % wide, Math.floor(pixel / wide)) ? 255 : sample
    })
    expect(furthest(read.picture.data, [...wanted])).toBe(0)
    expect(read.notes).toEqual(['3 of 12 tiles are not in the file: white there'])
    const { source, close } = await openPicture(file, { heldPixels: 10 })
    const region = await source.region(30, 50, 120, 60)
    for (let y = 0; y < 60; y += 1)
      expect([...region.data.subarray(y * 360, y * 360 + 360)]).toEqual([
        ...wanted.subarray(((50 + y) * wide + 30) * 3, ((50 + y) * wide + 150) * 3),
      ])
    await close()
  })

  it('what is present of a part is disjoint, and all but the blank tiles', () => {
    const blank = blankTiles({ missing, tiles: { width: side, height: side, count: 12 }, width: wide } as unknown as TiffPage)!
    const parts = blank.present({ x: 10, y: 5, width: 180, height: 140 })
    const covered = new Set<number>()
    for (const { x, y, width: across, height: down } of parts)
      for (let row = y; row < y + down; row += 1)
        for (let column = x; column < x + across; column += 1) {
          expect(covered.has(row * wide + column)).toBe(false)
          covered.add(row * wide + column)
        }
    for (let y = 5; y < 145; y += 1) for (let x = 10; x < 190; x += 1) expect(covered.has(y * wide + x)).toBe(!isMissing(x, y))
  })
})

it('directories that hold more than any picture needs are refused, however small the file', async () => {
  const [count, text] = [700, Buffer.alloc(1 << 20, 'x')]
  const each = 2 + 12 * 3 + 4
  const bytes = Buffer.alloc(8 + count * each)
  bytes.write('II*\0\x08\0\0\0', 'latin1')
  for (let index = 0; index < count; index += 1) {
    const start = 8 + index * each
    bytes.writeUInt16LE(3, start)
    const entry = (at: number, tag: number, type: number, values: number, value: number): void => {
      bytes.writeUInt16LE(tag, start + 2 + 12 * at)
      bytes.writeUInt16LE(type, start + 4 + 12 * at)
      bytes.writeUInt32LE(values, start + 6 + 12 * at)
      bytes.writeUInt32LE(value, start + 10 + 12 * at)
    }
    entry(0, 256, 4, 1, 4)
    entry(1, 257, 4, 1, 4)
    entry(2, 270, 2, text.length, bytes.length) // all have the same description
    bytes.writeUInt32LE(index + 1 < count ? start + each : 0, start + each - 4)
  }
  const file = at('directories.tif')
  writeFileSync(file, Buffer.concat([bytes, text]))
  await expect(readPicture(file)).rejects.toThrow(/directories\.tif: .*its directories hold more than any picture needs/)
})
