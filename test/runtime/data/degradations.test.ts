import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { defocus, disk } from '../../../src/runtime/data/defocus.ts'
import { degrade } from '../../../src/runtime/data/degrade.ts'
import { gaussianNoise, poissonNoise } from '../../../src/runtime/data/noise.ts'
import { rotate, unsharpMask } from '../../../src/runtime/data/pillow.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { stain, type Triple } from '../../../src/runtime/data/stain.ts'
import { exponential, logarithm } from '../../../src/runtime/files/exact.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { pattern, type Kind } from './patterns.ts'

const flat = (level: number, side = 60): Picture => ({
  width: side,
  height: side,
  data: new Uint8Array(side * side * 3).fill(level),
})
const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length
const variance = (values: readonly number[]): number => mean(values.map((each) => (each - mean(values)) ** 2))

test('unsharp masks are Pillow’s, byte for byte', () => {
  type Case = [kind: Kind, width: number, height: number, radius: number, percent: number, sha256: string]
  const { cases } = JSON.parse(readFileSync('test/fixtures/sharpen/case.json', 'utf8')) as { cases: Case[] }
  const wrong = cases.filter(([kind, width, height, radius, percent, wanted], seed) => {
    const { data } = unsharpMask(pattern(kind, width, height, seed), radius, percent)
    return !createHash('sha256').update(data).digest('hex').startsWith(wanted)
  })
  expect(wrong).toEqual([])
  expect(cases.length).toBe(80)
})

describe('noise', () => {
  test('gaussian: normal numbers of standard deviation sigma, in the order of the samples', () => {
    const picture = pattern('slopes', 9, 7, 1)
    const random = createRandom(5)
    const wanted = Array.from(picture.data, (level) => Math.min(255, Math.max(0, Math.floor(level + 6 * random.normal() + 0.5))))
    expect([...gaussianNoise(picture, 6, false, createRandom(5)).data]).toEqual(wanted)
  })
  test.each([0.3, 3, 8])('poisson with scale %d: the mean stays, the variance is scale times the level', (scale) => {
    for (const level of [40, 100]) {
      const { data } = poissonNoise(flat(level), scale, false, createRandom(level))
      const all = [...data]
      // 10,800 samples: four standard errors; rounding adds 1/12.
      const wanted = scale * level
      expect(Math.abs(mean(all) - level)).toBeLessThan(4 * Math.sqrt(wanted / all.length))
      expect(Math.abs(variance(all) / (wanted + 1 / 12) - 1)).toBeLessThan(0.08)
    }
  })
  test('poisson: numbers come as often as the definition says', () => {
    const { data } = poissonNoise(flat(30, 200), 10, false, createRandom(1))
    const counts = Array.from({ length: 12 }, (_, k) => data.reduce((sum, value) => sum + (value === 10 * k ? 1 : 0), 0))
    let chance = Math.exp(-3)
    counts.forEach((count, k) => {
      const spread = Math.sqrt(data.length * chance * (1 - chance))
      expect(Math.abs(count - data.length * chance)).toBeLessThan(4 * spread + 1)
      chance *= 3 / (k + 1)
    })
    expect(counts.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(data.length * 0.999)
  })
  test.each(['gaussian', 'poisson'] as const)('%s and grey: the three samples of a pixel go together', (noise) => {
    const make = noise === 'gaussian' ? gaussianNoise : poissonNoise
    const { data } = make(flat(120), 5, true, createRandom(2))
    expect(data.every((value, at) => value === data[at - (at % 3)])).toBe(true)
    expect(new Set(data).size).toBeGreaterThan(5)
  })
  test('black gets no light to count, and a seed gives the same again', () => {
    expect(poissonNoise(flat(0), 3, false, createRandom(1)).data.every((value) => value === 0)).toBe(true)
    const op = { op: 'noise', noise: 'poisson', scale: 2, grey: false, seed: createRandom(9).state() } as const
    expect(degrade(flat(99), [op], 0, 0)).toEqual(degrade(flat(99), [op], 0, 0))
  })
})

describe('defocus', () => {
  test.each([0.8, 1.5, 2.7])('radius %d is the mean over a disk, in real numbers', (radius) => {
    const picture = pattern('slopes', 17, 13, 3)
    const made = defocus(picture, radius)
    const reach = Math.ceil(radius + 1)
    let most = 0
    const share = (dx: number, dy: number): number => {
      let count = 0
      for (let i = 0; i < 16; i += 1)
        for (let k = 0; k < 16; k += 1)
          count += Math.hypot(dx - 0.5 + (i + 0.5) / 16, dy - 0.5 + (k + 0.5) / 16) <= radius ? 1 : 0
      return count / 256
    }
    for (let y = 0; y < 13; y += 1)
      for (let x = 0; x < 17; x += 1) {
        let [sum, total] = [0, 0]
        for (let dy = -reach; dy <= reach; dy += 1)
          for (let dx = -reach; dx <= reach; dx += 1) {
            const [row, column] = [Math.min(12, Math.max(0, y + dy)), Math.min(16, Math.max(0, x + dx))]
            sum += share(dx, dy) * picture.data[3 * (row * 17 + column)]!
            total += share(dx, dy)
          }
        most = Math.max(most, Math.abs(made.data[3 * (y * 17 + x)]! - sum / total))
      }
    expect(most).toBeLessThanOrEqual(0.5 + 1e-9)
  })
  test('the disk has the area of a disk, and a small one changes nothing', () => {
    for (const radius of [1, 2.2, 5, 50]) expect(disk(radius).total / 256 / (Math.PI * radius * radius)).toBeCloseTo(1, 1)
    const picture = pattern('noise', 8, 8, 1)
    for (const radius of [0, 0.3, 0.5]) expect(defocus(picture, radius)).toEqual(picture)
    expect(defocus(flat(255, 120), 50)).toEqual(flat(255, 120))
  })
})

describe('stain', () => {
  const absorbs = [
    [0.65, 0.7, 0.29],
    [0.07, 0.99, 0.11],
    [0.27, 0.57, 0.78],
  ] as const
  /** By Cramer's rule, in real numbers. */
  function amounts(density: Triple): Triple {
    const determinant = (m: readonly (readonly number[])[]): number =>
      m[0]![0]! * (m[1]![1]! * m[2]![2]! - m[1]![2]! * m[2]![1]!) -
      m[0]![1]! * (m[1]![0]! * m[2]![2]! - m[1]![2]! * m[2]![0]!) +
      m[0]![2]! * (m[1]![0]! * m[2]![1]! - m[1]![1]! * m[2]![0]!)
    return [0, 1, 2].map((k) => determinant(absorbs.map((row, at) => (at === k ? density : row))) / determinant(absorbs)) as never
  }
  test('amounts of three stains are multiplied and shifted, in optical density', () => {
    const picture = pattern('slopes', 12, 9, 4)
    const [gain, shift]: [Triple, Triple] = [
      [1.04, 0.96, 1.02],
      [0.02, -0.01, 0.03],
    ]
    const made = stain(picture, gain, shift)
    for (let at = 0; at < picture.data.length; at += 3) {
      const density = [0, 1, 2].map((c) => -Math.log10((picture.data[at + c]! + 1) / 256)) as unknown as Triple
      const jittered = amounts(density).map((each, k) => each * gain[k]! + shift[k]!)
      for (const c of [0, 1, 2]) {
        const value = 256 * 10 ** -jittered.reduce((sum, each, k) => sum + each * absorbs[k]![c]!, 0) - 1
        expect(Math.abs(made.data[at + c]! - Math.min(255, Math.max(0, value)))).toBeLessThanOrEqual(0.5 + 1e-6)
      }
    }
    expect(made.data).not.toEqual(picture.data)
  })
  test('nothing changed is nothing changed', () => {
    const picture = pattern('noise', 30, 30, 2)
    expect(stain(picture, [1, 1, 1], [0, 0, 0])).toEqual(picture)
  })
})

test('turns go against the clock, as Pillow’s ROTATE_90', () => {
  const picture: Picture = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) }
  expect(rotate(picture, 1)).toEqual({ width: 1, height: 2, data: Uint8Array.of(4, 5, 6, 1, 2, 3) })
  expect(rotate(picture, 2).data).toEqual(Uint8Array.of(4, 5, 6, 1, 2, 3))
  const odd = pattern('noise', 5, 3, 1)
  expect(rotate(rotate(odd, 1), 3)).toEqual(odd)
  expect(rotate(rotate(odd, 1), 1)).toEqual(rotate(odd, 2))
  expect(rotate(odd, 0)).toEqual(odd)
})

test('a picture is resized on the way, and then to the size that is wanted', () => {
  const picture = pattern('slopes', 40, 30, 1)
  const way = { op: 'resize', kernel: 'bilinear', by: 0.61 } as const
  const twice = degrade(picture, [way, { op: 'resize', kernel: 'bicubic' }], 20, 15)
  const between = degrade(picture, [way], 20, 15)
  expect([between.width, between.height]).toEqual([24, 18])
  expect(twice).toEqual(degrade(between, [{ op: 'resize', kernel: 'bicubic' }], 20, 15))
})

test('logarithms and exponentials are those of real numbers', () => {
  for (const x of [1e-9, 0.3, 0.999, 1, 1.5, 255 / 256, 7, 1e12])
    expect(Math.abs(logarithm(x) / Math.log(x) - 1 || 0)).toBeLessThan(1e-13)
  for (const x of [-600, -7.3, -1e-6, 0, 0.2, 1, 33, 600]) expect(Math.abs(exponential(x) / Math.exp(x) - 1)).toBeLessThan(1e-12)
})
