import { describe, expect, it } from 'vitest'
import { bootstrapMean, isOpen, pairedUnits, percentile } from '../../../src/runtime/experiment/significance.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'

const single = (values: readonly number[]): number[][] => values.map((value) => [value])
const normal = (count: number, mean: number, std: number, seed: number): number[] => {
  const random = createRandom(seed)
  return Array.from({ length: count }, () => random.normal(mean, std))
}

describe('the bootstrap of a mean', () => {
  it('of equal values has no width', () =>
    expect(bootstrapMean(single([2, 2, 2, 2, 2, 2]))).toEqual({ mean: 2, low: 2, high: 2 }))

  it.each([0, 1, 5])('of %i units there is none', (count) =>
    expect(bootstrapMean(single(normal(count, 0, 1, 1)))).toBeUndefined(),
  )

  it('is as wide as the normal law has it: 1.96 standard errors to each side', () => {
    const values = normal(400, 3, 2, 7)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const error = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length / values.length)
    const found = bootstrapMean(single(values))!
    expect(found.mean).toBeCloseTo(mean, 12)
    expect((found.high - found.low) / (2 * error)).toBeCloseTo(1.96, 1)
  })

  it('holds the truth about as often as it says', () => {
    const held = Array.from({ length: 100 }, (_, seed) => isOpen(bootstrapMean(single(normal(60, 0, 1, seed)))!)).filter(Boolean)
    expect(held.length).toBeGreaterThanOrEqual(88)
    expect(held.length).toBeLessThanOrEqual(99)
  })

  it('the same values give the same interval, in whatever process', () =>
    expect(bootstrapMean(single([0.1, 0.4, -0.2, 0.3, 0.5, 0.2, 0.1]))).toEqual(
      bootstrapMean(single([0.1, 0.4, -0.2, 0.3, 0.5, 0.2, 0.1])),
    ))

  it('of pictures is wider than of tiles where the tiles of a picture are alike', () => {
    const pictures = normal(12, 0.5, 1, 3).map((level) => [level, level + 0.01, level - 0.01, level])
    const [tiles, together] = [bootstrapMean(single(pictures.flat()))!, bootstrapMean(pictures)!]
    expect(together.mean).toBeCloseTo(tiles.mean, 12)
    expect((together.high - together.low) / (tiles.high - tiles.low)).toBeCloseTo(2, 0)
  })
})

it.each([
  [0, 1],
  [0.5, 2.5],
  [1, 4],
  [0.25, 1.75],
])('the percentile %d of 1 2 3 4 is %d', (share, expected) => expect(percentile([1, 2, 3, 4], share)).toBe(expected))

describe('pairs', () => {
  const unit = (tile: number): string => ['a', 'a', 'b'][tile]!
  it('are taken tile by tile and put together by unit', () =>
    expect(pairedUnits([3, 5, 8], [1, 1, 1], unit)).toEqual([[2, 4], [7]]))
  it('of other tiles are a bug', () => expect(() => pairedUnits([1], [1, 2], unit)).toThrow('1 tiles cannot be paired with 2'))
})

it.each([
  [{ mean: 1, low: 0.5, high: 2 }, false],
  [{ mean: -1, low: -2, high: -0.5 }, false],
  [{ mean: 0.1, low: -0.1, high: 0.3 }, true],
  [{ mean: 0, low: 0, high: 0 }, true],
])('%j leaves it open: %j', (interval, expected) => expect(isOpen(interval)).toBe(expected))
