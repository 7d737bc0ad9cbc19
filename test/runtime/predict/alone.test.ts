import { beforeAll, describe, expect, it } from 'vitest'
import { held } from '../../../src/runtime/data/source.ts'
import { openNetwork } from '../../../src/runtime/network/open-network.ts'
import { asWritten, createPredictor } from '../../../src/runtime/predict/predict.ts'
import { stretchAround } from '../../../src/runtime/predict/tiles.ts'
import { root } from '../network/small.ts'
import { farthest, painted, quietEngine } from '../network/small.ts'

beforeAll(quietEngine)

describe('a part that is computed alone', () => {
  const low = painted(151, 109)

  it.each([
    ['live', 2, 2],
    ['live', 2.7, 2.7],
    ['live', 2, 1.95],
    ['iste-on-bicubic-small', 2.2, 2.1],
    ['iste-on-bicubic-small-plain', 2.7, 2.6],
  ])('by %s at %f x %f is that part of the whole, wherever it is cut', async (name, sx, sy) => {
    const { loaded, network } = await openNetwork(`${root}/models/weights/${name}.safetensors`)
    const predictor = createPredictor(loaded.model, network)
    const extent = { width: Math.round(low.width * sx), height: Math.round(low.height * sy) }
    const options = { extent, m: Math.sqrt(sx * sy), ...asWritten(loaded.model, { kind: 'lattice', count: 20 }) }
    const whole = await predictor.whole(held(low), options)
    const keys = await predictor.keys(held(low), options)
    const side = 192
    for (let top = 0; top < extent.height; top += side)
      for (let left = 0; left < extent.width; left += side) {
        const part = { top, left, bottom: Math.min(extent.height, top + side), right: Math.min(extent.width, left + side) }
        const own = await predictor.whole(held(low), { ...options, part, alone: true, ...(keys && { keys }) })
        const rows = Array.from({ length: part.bottom - top }, (_, row) => {
          const from = 3 * ((top + row) * extent.width + left)
          return [...whole.subarray(from, from + 3 * (part.right - left))]
        })
        expect(farthest(own, Float32Array.from(rows.flat()))).toBeLessThan(1e-5)
      }
  })

  it('is of one size wherever it is', () => {
    const high = 2700
    const sizes = Array.from({ length: 10 }, (_, at) => stretchAround([at * 256, (at + 1) * 256], 1000, high, 15, 1))
    expect(new Set(sizes.map(({ seenFrom, seenTo }) => seenTo - seenFrom)).size).toBe(1)
    sizes.forEach(({ from, to, seenFrom, seenTo, coreFrom, coreTo }, at) => {
      const [first, last] = [(at * 256 + 0.5) / 2.7, ((at + 1) * 256 - 0.5) / 2.7]
      expect(from).toBeLessThanOrEqual(first)
      expect(to).toBeGreaterThanOrEqual(Math.ceil(last))
      expect(seenFrom).toBeLessThanOrEqual(Math.max(0, from - 15))
      expect(seenTo).toBeGreaterThanOrEqual(Math.min(1000, to + 15))
      expect(coreFrom).toBe(Math.max(0, from - 2))
      expect(coreTo).toBe(Math.min(1000, to + 2))
    })
  })
})
