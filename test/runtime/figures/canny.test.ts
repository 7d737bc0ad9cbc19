import { describe, expect, it } from 'vitest'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { canny, edgeDensity } from '../../../src/runtime/figures/canny.ts'

/** A grey picture; the digits 0 to 9 stand for 0 to 225. */
function drawn(rows: readonly string[]): Picture {
  const levels = rows.flatMap((row) => [...row].map((digit) => 25 * Number(digit)))
  return { width: rows[0]!.length, height: rows.length, data: Uint8Array.from(levels.flatMap((level) => [level, level, level])) }
}

const shown = (picture: Picture, sigma: number, low: number, high: number): string[] => {
  const edges = canny(picture, { sigma, low, high })
  return Array.from({ length: picture.height }, (_, y) =>
    [...edges.subarray(y * picture.width, (y + 1) * picture.width)].map((edge) => '.#'[edge]).join(''),
  )
}

describe('canny', () => {
  const rows = (row: string, count: number): string[] => Array.from({ length: count }, () => row)
  it.each([
    ['a flat picture has no edge', rows('5555', 4), 0, 1, 2, rows('....', 4)],
    // Both sides of a step are equally steep: the second stays.
    ['a step down the picture', rows('000444', 4), 0, 10, 20, rows('...#..', 4)],
    ['a step the other way', rows('444000', 4), 0, 10, 20, rows('...#..', 4)],
    ['a step across', [...rows('0000', 2), ...rows('4444', 2)], 0, 10, 20, ['....', '....', '####', '....']],
    // Across a diagonal the next pixel but one is compared: it is two pixels wide.
    [
      'a rising diagonal',
      ['0000004', '0000044', '0000444', '0004444', '0044444', '0444444', '4444444'],
      0,
      10,
      20,
      ['.....#.', '....##.', '...##..', '..##...', '.##....', '##.....', '.......'],
    ],
    // A step of 50 levels has a steepness of 25.
    ['a step below high', rows('000222', 3), 0, 10, 26, rows('......', 3)],
    ['a step above high', rows('000222', 3), 0, 10, 24, rows('...#..', 3)],
    ['blurred, a step is where it was, and less steep', rows('0000004444444', 3), 1.4, 5, 20, rows('......#......', 3)],
    [
      'blurred, a step of one bright pixel is too faint',
      ['00000', '00000', '00900', '00000', '00000'],
      2,
      5,
      10,
      rows('.....', 5),
    ],
  ] as const)('%s', (_name, picture, sigma, low, high, expected) => {
    expect(shown(drawn(picture), sigma, low, high)).toEqual(expected)
  })

  it('follows an edge to where it is faint, and begins none there', () => {
    // The step behind the third column gets fainter downwards, slowly; the one behind the eighth is faint everywhere.
    const level = (x: number, y: number): number => (x < 3 ? 9 * y : x < 8 ? 100 : 136)
    const levels = Array.from({ length: 12 * 8 }, (_, at) => level(at % 12, Math.floor(at / 12)))
    const picture = { width: 12, height: 8, data: Uint8Array.from(levels.flatMap((value) => [value, value, value])) }
    const column = (edges: readonly string[], x: number): string => edges.map((row) => row[x]).join('')
    const edges = shown(picture, 0, 12, 40)
    expect([column(edges, 2), column(edges, 8)]).toEqual(['########', '........'])
    expect(column(shown(picture, 0, 40, 40), 2)).toBe('###.....')
    expect(column(shown(picture, 0, 12, 17), 8)).toBe('########')
  })
})

describe('edgeDensity', () => {
  it.each([
    [[0, 0, 0, 0], 0],
    [[1, 0, 0, 0], 0.25],
    [[1, 1, 1, 1], 1],
  ])('%j: %d', (edges, share) => expect(edgeDensity(Uint8Array.from(edges))).toBe(share))
})
