import { describe, expect, it } from 'vitest'
import { requireJudgeable, tilesOf } from '../../../src/runtime/evaluate/tiles.ts'

describe('tiles', () => {
  it.each<[string, number, number, number, readonly (readonly [number, number, number, number])[]]>([
    ['a picture that is smaller', 700, 500, 768, [[0, 0, 700, 500]]],
    ['one that divides', 1536, 768, 768, [[0, 0, 768, 768], [768, 0, 768, 768]]],
    ['one pixel less', 1535, 768, 768, [[0, 0, 768, 768], [768, 0, 767, 768]]],
    ['one pixel more', 769, 10, 768, [[0, 0, 385, 10], [385, 0, 384, 10]]],
    ['both ways', 5, 3, 2, [[0, 0, 2, 2], [2, 0, 2, 2], [4, 0, 1, 2], [0, 2, 2, 1], [2, 2, 2, 1], [4, 2, 1, 1]]],
  ])('cover %s', (_what, width, height, side, wanted) => {
    expect(tilesOf({ width, height }, side).map((tile) => [tile.x, tile.y, tile.width, tile.height])).toEqual(wanted)
  }) // prettier-ignore

  it('cover every pixel once, whatever the size', () => {
    for (let width = 1; width < 60; width += 1) {
      const tiles = tilesOf({ width, height: 1 }, 7)
      expect(tiles.reduce((end, tile) => (tile.x === end ? end + tile.width : NaN), 0)).toBe(width)
      expect(Math.max(...tiles.map((tile) => tile.width))).toBeLessThanOrEqual(7)
      expect(tiles.length).toBe(Math.ceil(width / 7))
    }
  })
})

describe('pictures too small to be judged', () => {
  const entries = ['a.png', 's.png'].map((name) => ({ name, path: `/${name}`, sha256: '', bytes: 1 }))
  const judging = { scales: [2, 4], side: 768, shaveOf: (m: number) => Math.ceil(m) + 6, window: 7 }
  it.each<[string, number, number, Partial<typeof judging>, string | undefined]>([
    ['large enough', 40, 40, {}, undefined],
    [
      'nothing inside of the border',
      20,
      300,
      {},
      's.png (20 x 300) at x4: a border of 10 pixels, which PSNR leaves out, leaves nothing',
    ],
    ['nothing left', 3, 3, { shaveOf: () => 0, window: 1 }, 's.png (3 x 3) at x4: nothing is left when it is made smaller'],
    ['smaller than a window', 9, 9, { shaveOf: () => 0, window: 11 }, 's.png (9 x 9) at x2: SSIM looks at 11 x 11 pixels'],
    [
      'parts of it',
      40,
      40,
      { side: 20 },
      's.png (40 x 40, in tiles of 20 x 20) at x4: a border of 10 pixels, which PSNR leaves out, leaves nothing',
    ],
  ])('%s', (_what, width, height, change, wanted) => {
    const sizes = [{ width: 900, height: 900 }, { width, height }] // prettier-ignore
    const said = (): void => requireJudgeable(entries.slice(1), sizes.slice(1), { ...judging, ...change })
    if (wanted === undefined) expect(said).not.toThrow()
    else expect(said).toThrow(wanted)
  })
})
