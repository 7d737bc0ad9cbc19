import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { definition, psnr, psnrLuminance } from '../../../src/runtime/metrics/psnr.ts'
import { type FloatPicture, quantise } from '../../../src/runtime/metrics/samples.ts'
import { fixtureFolders } from '../data/fixtures.ts'
import { fixturePairs } from './pairs.ts'

describe.each(fixtureFolders('metrics'))('PSNR of real pairs, $label', ({ folder }) => {
  test.skipIf(folder === undefined)('all forms within the tolerance', async () => {
    const { pairs, tolerances } = fixturePairs(folder!)
    for (const { name, values } of pairs) {
      const { picture: hr } = await readPicture(join(folder!, `${name}_hr.png`))
      const { picture: sr } = await readPicture(join(folder!, `${name}_sr.png`))
      const { scale } = values
      const found = {
        psnr_rgb_shave0: psnr(sr, hr),
        psnr_rgb_shave8: psnr(sr, hr, { shave: 8 }),
        psnr_rgb_shave_scale_plus_6: psnr(sr, hr, { shave: scale + 6 }),
        psnr_y_unrounded_shave_scale: psnrLuminance(sr, hr, { shave: scale, form: 'unrounded' }),
        psnr_y_rounded_shave_scale: psnrLuminance(sr, hr, { shave: scale, form: 'rounded' }),
        psnr_y_weighted_difference_shave_scale: psnrLuminance(sr, hr, { shave: scale, form: 'weighted-difference' }),
      }
      for (const [key, value] of Object.entries(found)) {
        expect(Math.abs(value - values[key as keyof typeof found]), `${name} ${key}`).toBeLessThan(tolerances.psnr_db)
      }
      const inFloat: FloatPicture = { ...sr, data: Float32Array.from(sr.data, (value) => value / 255) }
      expect(Math.abs(psnr(inFloat, hr) - values.psnr_rgb_shave0), `${name} float32`).toBeLessThan(tolerances.psnr_db_float32)
      expect(quantise(inFloat)).toEqual(sr)
    }
  })
})

const black: Picture = { width: 4, height: 4, data: new Uint8Array(48) }

function grey(value: number): FloatPicture {
  return { width: 4, height: 4, data: new Float64Array(48).fill(value) }
}

describe('PSNR by hand', () => {
  test.each([
    ['equal', grey(0), Infinity],
    ['a tenth everywhere', grey(0.1), 20],
    ['below 0 is clamped', grey(-3), Infinity],
    ['above 1 is clamped', grey(7), 0],
  ])('%s', (_, sr, expected) => expect(psnr(sr, black)).toBeCloseTo(expected, 9))

  test('not a number stays so', () => expect(psnr(grey(NaN), black)).toBeNaN())

  test('one mean over all channels, not a mean of three', () => {
    const sr = grey(0)
    sr.data.forEach((_, i) => (sr.data[i] = i % 3 === 0 ? 0.3 : 0))
    expect(psnr(sr, black)).toBeCloseTo(10 * Math.log10(3 / 0.09), 9)
  })

  test('the border is left out', () => {
    const sr = grey(0.1)
    for (let i = 0; i < 12; i++) sr.data[i] = 1
    for (const row of [1, 2]) sr.data[row * 12] = 1
    expect(psnr(sr, black, { shave: 1 })).toBeCloseTo(20, 9)
    expect(psnr(sr, black)).toBeLessThan(19)
  })

  test('luminance of one grey level', () => {
    const one: Picture = { ...black, data: new Uint8Array(48).fill(1) }
    expect(psnrLuminance(one, black, { form: 'unrounded' })).toBeCloseTo(20 * Math.log10((255 * 255) / 219), 9)
    expect(psnrLuminance(one, black, { form: 'rounded' })).toBeCloseTo(20 * Math.log10(255), 9)
    expect(psnrLuminance(one, black, { form: 'weighted-difference' })).toBeCloseTo(20 * Math.log10((256 * 255) / 219.859), 9)
  })

  test('a border too wide, pictures of two sizes', () => {
    expect(() => psnr(black, black, { shave: 2 })).toThrow(UserError)
    expect(() => psnr(black, black, { shave: 2 })).toThrow(/border of 2 pixels leaves nothing of a picture of 4 x 4/)
    expect(() => psnr(black, { ...black, width: 2, height: 8 })).toThrow(/4 x 4 and 2 x 8 cannot be compared/)
  })
})

test('quantise clamps and rounds to nearest', () => {
  const data = Float64Array.of(-1, 0.4 / 255, 0.6 / 255, 254.4 / 255, 1, 2)
  expect([...quantise({ width: 2, height: 1, data }).data]).toEqual([0, 0, 1, 254, 255, 255])
})

test('the definition says the border', () => {
  expect(definition(8)).toBe('PSNR: RGB in [0, 1], float, clamped, one mean over three channels, border of 8 px left out')
})
