import { readFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { jpegCompression } from '../../../src/runtime/data/jpeg-header.ts'
import { painted, root } from '../network/small.ts'

const { data, width, height } = painted(24, 16)
const picture = sharp(data, { raw: { width, height, channels: 3 } })
const subsamplings = ['4:2:0', '4:4:4'] as const

describe('a JPEG says how it was compressed', () => {
  it.each(subsamplings)('of every quality, %s', async (subsampling) => {
    for (let quality = 1; quality <= 100; quality += 1)
      expect(jpegCompression(await picture.clone().jpeg({ quality, chromaSubsampling: subsampling }).toBuffer())).toEqual({
        kind: 'jpeg',
        quality,
        subsampling,
        from: 'tables',
      })
  })

  it('progressive and with restarts, as baseline', async () => {
    const bytes = await picture.clone().jpeg({ quality: 72, progressive: true }).toBuffer()
    expect(jpegCompression(bytes)).toMatchObject({ quality: 72, subsampling: '4:2:0' })
  })

  it('grey, without a word on colours', async () => {
    const bytes = await picture.clone().toColourspace('b-w').jpeg({ quality: 65 }).toBuffer()
    expect(jpegCompression(bytes)).toEqual({ kind: 'jpeg', quality: 65, from: 'tables' })
  })

  it.each([2, 3, 4, 5])('with other tables (%i of mozjpeg) as the quality that is nearest', async (quantisationTable) => {
    for (const quality of [50, 75, 90]) {
      const found = jpegCompression(await picture.clone().jpeg({ quality, quantisationTable }).toBuffer())
      expect(Math.abs(found!.quality - quality)).toBeLessThanOrEqual(20)
    }
  })

  it('with steps of 16 bits', () => {
    const steps = [16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40, 26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51, 56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87, 95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99] // prettier-ignore
    const table = Buffer.from([0xff, 0xdb, 0, 131, 0x10, ...steps.flatMap((step) => [0, step])])
    const frame = Buffer.from([0xff, 0xc1, 0, 11, 8, 0, 16, 0, 24, 1, 1, 0x11, 0])
    expect(jpegCompression(Buffer.concat([Buffer.from([0xff, 0xd8]), table, frame]))).toMatchObject({ quality: 50 })
  })

  it.each([['4:2:2', 0x21], ['4:2:0', 0x22], ['4:4:0', 0x12], ['4:1:1', 0x41], ['4:4:4', 0x11], [undefined, 0x31]])('%s', async (subsampling, sampling) => {
    const bytes = Buffer.from(await picture.clone().jpeg().toBuffer())
    const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]))
    bytes[frame + 11] = sampling
    expect(jpegCompression(bytes)?.subsampling).toBe(subsampling)
  }) // prettier-ignore
})

describe('nothing is said', () => {
  it.each<[string, Buffer]>([
    ['of nothing', Buffer.alloc(0)],
    ['without a frame', Buffer.from([0xff, 0xd8, 0xff, 0xd9])],
    ['without tables, as in lossless JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xc3, 0, 11, 8, 0, 16, 0, 24, 1, 1, 0x11, 0])],
    ['of another file', readFileSync(path.join(root, 'test', 'fixtures', 'pictures', 'lzw.tif'))],
  ])('%s', (_what, bytes) => {
    expect(jpegCompression(bytes)).toBeUndefined()
  })

  it('or the same, where a file ends anywhere', async () => {
    const bytes = await picture.clone().jpeg({ quality: 80 }).toBuffer()
    const found = Array.from({ length: bytes.length }, (_, length) => jpegCompression(bytes.subarray(0, length)))
    for (const each of found) expect([undefined, 80]).toContain(each?.quality)
  })
})
