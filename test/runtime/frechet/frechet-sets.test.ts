import { describe, expect, it } from 'vitest'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import type { FeatureExtractor, PictureBatch } from '../../../src/runtime/frechet/extractor.ts'
import { createFrechetSets, patchesOf } from '../../../src/runtime/frechet/frechet-sets.ts'

/** One feature, the brightness of the first pixel's red in whole numbers; remembers what it was shown. */
function brightness(): FeatureExtractor & { readonly seen: PictureBatch[] } {
  const seen: PictureBatch[] = []
  return {
    name: 'brightness',
    definition: 'red of the first pixel',
    dims: 1,
    seen,
    features(batch) {
      seen.push(batch)
      const each = batch.width * batch.height * 3
      return Float32Array.from({ length: batch.count }, (_, at) => Math.round(batch.values[at * each]! * 255))
    },
    dispose: () => undefined,
  }
}

/** A picture of 2 x 2 blocks, each of one value. */
function blocks(width: number, height: number, values: readonly number[]): Picture {
  const across = width / 2
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)]
    return values[Math.floor(y / 2) * across + Math.floor(x / 2)]!
  })
  return { width, height, data }
}

describe('patches', () => {
  it.each<[string, number, number, number | 'tile', [number, number, number]]>([
    ['a tile of 768 in 299', 768, 768, 299, [4, 299, 299]],
    ['a tile of 768 in 192', 768, 768, 192, [16, 192, 192]],
    ['exactly one', 299, 299, 299, [1, 299, 299]],
    ['a smaller tile whole', 200, 100, 299, [1, 200, 100]],
    ['a narrow one in its own width', 200, 700, 299, [2, 200, 299]],
    ['whole tiles', 768, 700, 'tile', [1, 768, 700]],
  ])('%s', (_what, width, height, side, [count, ...size]) => {
    const patches = patchesOf({ width, height, data: new Uint8Array(width * height * 3) }, side)
    expect(patches).toHaveLength(count)
    for (const patch of patches) expect([patch.width, patch.height]).toEqual(size)
  })

  it('row by row', () => {
    const patches = patchesOf(blocks(6, 4, [1, 2, 3, 4, 5, 6]), 2)
    expect(patches.map(({ data }) => [...new Set(data)])).toEqual([[1], [2], [3], [4], [5], [6]])
  })
})

describe('sets', () => {
  it('distance of each system from the truth, over all tiles of a scale: (m1 - m2)^2 + (s1 - s2)^2', () => {
    const sets = createFrechetSets({ extractor: brightness(), patch: 2 })
    // Truth 10, 12, 14 (mean 12, deviation 2); model 7, 9, 11 (mean 9, the same deviation); Bicubic always 12.
    sets.add(2, 'a', { truth: blocks(4, 2, [10, 12]), model: blocks(4, 2, [7, 9]), bicubic: blocks(4, 2, [12, 12]) })
    sets.add(2, 'b', { truth: blocks(2, 2, [14]), model: blocks(2, 2, [11]), bicubic: blocks(2, 2, [12]) })
    const { model, bicubic, ...rest } = sets.result(2)
    expect(model).toBeCloseTo(9, 10)
    expect(bicubic).toBeCloseTo(4, 10)
    expect(rest).toEqual({ name: 'brightness', samples: 3, features: 1 })
    expect(sets.definition).toMatch(/^brightness: red of the first pixel; .* patches of 2 x 2 .*unbiased covariances/)
  })

  it('one sample has no distance, which is said', () => {
    const sets = createFrechetSets({ extractor: brightness(), patch: 'tile' })
    const picture = blocks(4, 2, [1, 2])
    sets.add(4, 'a', { truth: picture, model: picture, bicubic: picture })
    expect(sets.result(4)).toEqual({ name: 'brightness', samples: 1, features: 1, remark: '1 sample: at least two are needed' })
  })

  it('looks at small batches, and at a true tile that comes again once', () => {
    const extractor = brightness()
    const sets = createFrechetSets({ extractor, patch: 2 })
    const picture = blocks(10, 4, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (const m of [2, 3]) sets.add(m, 'a', { truth: picture, model: picture, bicubic: picture })
    expect(extractor.seen.map(({ count }) => count)).toEqual([8, 2, 8, 2, 8, 2, 8, 2, 8, 2])
    expect(sets.result(3)).toEqual(sets.result(2))
    expect(sets.result(3).model).toBe(0)
  })
})
