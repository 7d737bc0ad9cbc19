import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { degrade } from '../../../src/runtime/data/degrade.ts'
import { throughJpeg, type Subsampling } from '../../../src/runtime/data/jpeg.ts'
import { jpegTraces } from '../../../src/runtime/data/jpeg-traces.ts'
import { continued, crop } from '../../../src/runtime/data/picture.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { pattern, type Kind } from './patterns.ts'

type Case = [kind: Kind, width: number, height: number, quality: number, subsampling: Subsampling, sha256: string]

test('Pillow with libjpeg-turbo, byte for byte: all qualities, samplings and sizes', () => {
  const { cases } = JSON.parse(readFileSync('test/fixtures/jpeg/case.json', 'utf8')) as { cases: Case[] }
  const wrong = cases.filter(([kind, width, height, quality, subsampling, wanted], seed) => {
    const { data } = throughJpeg(pattern(kind, width, height, seed), quality, subsampling)
    return !createHash('sha256').update(data).digest('hex').startsWith(wanted)
  })
  expect(wrong).toEqual([])
  expect(cases.length).toBe(240)
})

test.each([
  ['4:2:0', 95],
  ['4:2:0', 55],
  ['4:4:4', 80],
] as const)('tissue through sharp, byte for byte: %s, quality %d', async (subsampling, quality) => {
  const { picture } = await readPicture(join('samples', 'test', 'cmu1_x620_y560.png'))
  const field = crop(picture, 3, 5, 201, 147)
  const { width, height } = field
  const file = await sharp(field.data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: subsampling })
    .toBuffer()
  expect(Buffer.compare(await sharp(file).raw().toBuffer(), throughJpeg(field, quality, subsampling).data)).toBe(0)
})

test('a part of a picture gets blocks that begin anywhere, and its pixels show where', async () => {
  const { picture } = await readPicture(join('samples', 'test', 'cmu1_x620_y560.png'))
  const field = crop(picture, 300, 300, 200, 200)
  const part = degrade(field, [{ op: 'jpeg', quality: 60, subsampling: '4:2:0', phase: [5, 11] }], 0, 0)
  expect(jpegTraces({ ...part, space: 'RGB', samples: part.data })).toMatchObject({ quality: 60 })
  const whole = throughJpeg(continued(field, -5, -11, 208, 224), 60, '4:2:0')
  expect(part).toEqual(crop(whole, 5, 11, 200, 200))
  // Without a phase the grid begins in the corner.
  expect(degrade(field, [{ op: 'jpeg', quality: 60, subsampling: '4:2:0' }], 0, 0)).toEqual(throughJpeg(field, 60, '4:2:0'))
})

test.each([0, 101, 50.5, Number.NaN])('a quality of %d is a bug of whoever asks for it', (quality) => {
  expect(() => throughJpeg(pattern('noise', 8, 8, 0), quality, '4:2:0')).toThrow(RangeError)
})
