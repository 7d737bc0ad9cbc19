import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import {
  definition,
  definitionGaussian,
  ssimGaussian,
  ssimGaussianLuminance,
  ssimUniform,
  ssimUniformChannels,
} from '../../../src/runtime/metrics/ssim.ts'
import { fixtureFolders } from '../data/fixtures.ts'
import { fixturePairs } from './pairs.ts'

describe.each(fixtureFolders('metrics'))('SSIM of real pairs, $label', ({ folder }) => {
  test.skipIf(folder === undefined)('all forms within the tolerance', async () => {
    const { pairs, tolerances } = fixturePairs(folder!)
    for (const { name, values } of pairs) {
      const { picture: hr } = await readPicture(join(folder!, `${name}_hr.png`))
      const { picture: sr } = await readPicture(join(folder!, `${name}_sr.png`))
      const found: [string, number, number][] = [
        ['uniform', ssimUniform(sr, hr), values.ssim_uniform7_rgb],
        ['gaussian', ssimGaussian(sr, hr), values.ssim_gauss11_rgb],
        ['luminance', ssimGaussianLuminance(sr, hr, { shave: values.scale }), values.ssim_gauss11_y_rounded_shave_scale],
        ...ssimUniformChannels(sr, hr).map((value, i): [string, number, number] => [
          `channel ${i}`,
          value,
          values.ssim_uniform7_per_channel[i]!,
        ]),
      ]
      for (const [key, value, expected] of found)
        expect(Math.abs(value - expected), `${name} ${key}`).toBeLessThan(tolerances.ssim)
    }
  })
})

function picture(width: number, height: number, value: (x: number, y: number, channel: number) => number): Picture {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3)
    return value(pixel % width, Math.floor(pixel / width), i % 3)
  })
  return { width, height, data }
}

const C1 = 2.55 ** 2
const C2 = 7.65 ** 2
const pattern = picture(20, 15, (x, y, channel) => (x * 37 + y * 101 + channel * 13) % 256)

describe('SSIM by hand', () => {
  test('equal pictures have 1', () => {
    expect(ssimUniform(pattern, pattern)).toBe(1)
    expect(ssimGaussian(pattern, pattern)).toBeCloseTo(1, 12)
    expect(ssimGaussianLuminance(pattern, pattern, { shave: 2 })).toBeCloseTo(1, 12)
  })

  test('two flat pictures are compared by their means alone', () => {
    const [a, b] = [picture(12, 11, () => 100), picture(12, 11, () => 150)]
    const expected = (2 * 100 * 150 + C1) / (100 ** 2 + 150 ** 2 + C1)
    expect(ssimUniform(a, b)).toBeCloseTo(expected, 12)
    expect(ssimGaussian(a, b)).toBeCloseTo(expected, 9)
  })

  test('one window of one bright pixel, with the sample covariance', () => {
    const a = picture(7, 7, (x, y) => (x === 3 && y === 3 ? 49 : 0))
    const b = picture(7, 7, () => 0)
    const variance = (49 * 49 - 49) / 48
    expect(ssimUniform(a, b)).toBeCloseTo((C1 * C2) / ((1 + C1) * (variance + C2)), 12)
  })

  test('a picture and its negative have a negative index', () => {
    const negative = { ...pattern, data: pattern.data.map((value) => 255 - value) }
    expect(ssimUniform(pattern, negative)).toBeLessThan(-0.5)
    expect(ssimGaussian(pattern, negative)).toBeLessThan(-0.5)
  })

  test('the running sums agree with window after window', () => {
    const other = { ...pattern, data: pattern.data.map((value, i) => (value + (i % 7) * 5) & 255) }
    const found = ssimUniformChannels(pattern, other)
    for (const channel of [0, 1, 2]) expect(found[channel]).toBeCloseTo(slowSsim(pattern, other, channel), 12)
  })

  test('too small, two sizes', () => {
    const small = picture(10, 6, () => 0)
    expect(() => ssimUniform(small, small)).toThrow(UserError)
    expect(() => ssimUniform(small, small)).toThrow(/at least 7 x 7 pixels, not 10 x 6/)
    expect(() =>
      ssimGaussian(
        picture(10, 12, () => 0),
        picture(10, 12, () => 0),
      ),
    ).toThrow(/at least 11 x 11/)
    expect(() => ssimUniform(pattern, small)).toThrow(RangeError)
  })
})

test('the definitions name the window', () => {
  expect(definition).toContain('7 x 7 uniform window, sample covariance')
  expect(definitionGaussian).toContain('11 x 11 window of sigma 1.5')
})

function slowSsim(a: Picture, b: Picture, channel: number): number {
  const indices: number[] = []
  for (let top = 0; top + 7 <= a.height; top++) {
    for (let left = 0; left + 7 <= a.width; left++) {
      const window = (of: Picture): number[] =>
        Array.from({ length: 49 }, (_, i) => of.data[((top + Math.floor(i / 7)) * of.width + left + (i % 7)) * 3 + channel]!)
      const [wa, wb] = [window(a), window(b)]
      const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / 49
      const [ma, mb] = [mean(wa), mean(wb)]
      const covariance = (p: number[], mp: number, q: number[], mq: number): number =>
        p.reduce((sum, value, i) => sum + (value - mp) * (q[i]! - mq), 0) / 48
      indices.push(
        ((2 * ma * mb + C1) * (2 * covariance(wa, ma, wb, mb) + C2)) /
          ((ma * ma + mb * mb + C1) * (covariance(wa, ma, wa, ma) + covariance(wb, mb, wb, mb) + C2)),
      )
    }
  }
  return indices.reduce((sum, value) => sum + value, 0) / indices.length
}
