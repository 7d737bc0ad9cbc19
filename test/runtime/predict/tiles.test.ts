import { describe, expect, it } from 'vitest'
import { firstOutput, lowPosition, sharesOf, stretches, stretchOf } from '../../../src/runtime/predict/tiles.ts'

const cases: [length: number, size: number, overlap: number, grid: number][] = [
  [61, 16, 14, 4],
  [131, 8, 22, 8],
  [1000, 128, 50, 8],
  [97, 10, 3, 1],
  [512, 128, 0, 8],
  [45, 1, 2, 4],
]

describe.each(cases)('%i positions in tiles of %i, overlap %i, grid %i', (length, size, overlap, grid) => {
  const all = stretches(length, size, overlap, grid)

  it('follow each other from end to end', () => {
    expect(all.length).toBeGreaterThan(1)
    expect(all[0]!.from).toBe(0)
    expect(all.at(-1)!.to).toBe(length)
    for (let at = 1; at < all.length; at += 1) expect(all[at]!.from).toBe(all[at - 1]!.to)
    expect(all.every(({ from, to }) => to > from)).toBe(true)
  })

  it('are cut on the grid, and seen with the overlap around them', () => {
    for (const { from, to, seenFrom, seenTo, coreFrom, coreTo } of all) {
      expect([from % grid, seenFrom % grid, coreFrom % grid]).toEqual([0, 0, 0])
      for (const end of [to, seenTo, coreTo]) expect(end === length || end % grid === 0).toBe(true)
      expect(seenFrom).toBeLessThanOrEqual(Math.max(0, from - overlap))
      expect(seenTo).toBeGreaterThanOrEqual(Math.min(length, to + overlap))
      expect(seenFrom <= coreFrom && coreFrom <= from && to <= coreTo && coreTo <= seenTo).toBe(true)
    }
  })

  it.each([1, 1.37, 3.3, 16])('at m = %f every output pixel belongs to the tile under its centre', (m) => {
    const high = Math.round(length * m)
    const firsts = all.map(({ from }) => firstOutput(from, length, high))
    expect(firsts[0]).toBe(0)
    for (let index = 0; index < high; index += 1) {
      const position = lowPosition(index, length, high)
      const own = stretchOf(all, position)
      expect(position >= all[own]!.from && position < all[own]!.to).toBe(true)
      expect(firsts.findLastIndex((first) => first <= index)).toBe(own)
    }
  })

  it.each([0, 1, 3, Math.floor(overlap / 2), overlap])(
    'feathered by %f shares sum to 1, change slowly and stay inside of cores',
    (feather) => {
      let before = new Map<number, number>()
      const step = 0.125
      for (let position = step / 2; position < length; position += step) {
        const shares = sharesOf(all, position, feather)
        expect(shares.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 12)
        const now = new Map(shares.map(({ stretch, weight }) => [stretch, weight]))
        for (const { stretch, weight } of shares) {
          expect(weight).toBeGreaterThanOrEqual(0)
          const { coreFrom, coreTo } = all[stretch]!
          // Corners read the features half a position to both sides, and their neighbours.
          if (shares.length > 1)
            expect((coreFrom === 0 || position - 1 >= coreFrom) && (coreTo === length || position + 1 <= coreTo)).toBe(true)
        }
        const isMixed = feather > 1 && all[1]!.from - all[1]!.coreFrom > 2
        if (isMixed && before.size > 0)
          for (const stretch of new Set([...now.keys(), ...before.keys()]))
            expect(Math.abs((now.get(stretch) ?? 0) - (before.get(stretch) ?? 0))).toBeLessThan(0.13)
        before = now
      }
    },
  )
})

it('what fits with its overlap is one tile', () => {
  expect(stretches(48, 16, 14, 4)).toEqual([{ from: 0, to: 48, seenFrom: 0, seenTo: 48, coreFrom: 0, coreTo: 48 }])
  expect(stretches(49, 16, 14, 4)).toHaveLength(4)
  expect(stretches(1, 128, 20, 8)).toHaveLength(1)
})
