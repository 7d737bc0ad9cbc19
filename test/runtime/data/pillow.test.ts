import { describe, expect, test } from 'vitest'
import { flipX, flipY, gaussianBlur, resize, transpose } from '../../../src/runtime/data/pillow.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'

/** One row of grey pixels. */
function row(...values: number[]): Picture {
  return { width: values.length, height: 1, data: Uint8Array.from(values.flatMap((value) => [value, value, value])) }
}

function reds(picture: Picture): number[] {
  return [...picture.data].filter((_, i) => i % 3 === 0)
}

const letters: Picture = { width: 3, height: 2, data: expand('abcdef') }

function expand(text: string): Uint8Array {
  return Uint8Array.from([...text].flatMap((letter) => [letter.charCodeAt(0), 0, 255]))
}

function spelled(picture: Picture): string {
  return `${picture.width}x${picture.height} ${String.fromCharCode(...reds(picture))}`
}

describe('flips', () => {
  test.each([
    ['flipX', flipX, '3x2 cbafed'],
    ['flipY', flipY, '3x2 defabc'],
    ['transpose', transpose, '2x3 adbecf'],
  ])('%s', (_, turn, expected) => expect(spelled(turn(letters))).toBe(expected))
})

describe('resize by hand', () => {
  // Bilinear, halved: a triangle of support 2 around 1, at the centres 0.5, 1.5 and 2.5, cut at the border: weights 3/7, 3/7, 1/7.
  // Bicubic, doubled: at 1.75 the third and the fourth pixel weigh 0.2265625 and -0.0234375: 0.203125 of 255.
  test.each([
    ['the same size is a copy', row(1, 2, 3), 3, 'bicubic' as const, [1, 2, 3]],
    ['one pixel is spread', row(9), 4, 'bicubic' as const, [9, 9, 9, 9]],
    ['bilinear, halved', row(0, 0, 70, 140), 2, 'bilinear' as const, [10, 90]],
    ['bilinear, doubled', row(0, 100), 4, 'bilinear' as const, [0, 25, 75, 100]],
    ['nearest, halved', row(1, 2, 3, 4), 2, 'nearest' as const, [2, 4]],
    ['nearest, enlarged', row(1, 2), 5, 'nearest' as const, [1, 1, 2, 2, 2]],
    // Pillow 13.0's own numbers
    ['lanczos, doubled', row(0, 0, 255, 255), 8, 'lanczos' as const, [10, 0, 0, 54, 201, 255, 255, 245]],
    ['lanczos, made smaller', row(0, 30, 60, 255, 10, 200, 90, 90), 3, 'lanczos' as const, [39, 138, 107]],
    ['bicubic overshoot is clipped', row(0, 0, 255, 255), 8, 'bicubic' as const, [0, 0, 0, 52, 203, 255, 255, 255]],
  ])('%s', (_, picture, width, kernel, expected) => {
    expect(reds(resize(picture, width, 1, kernel))).toEqual(expected)
    expect(reds(resize(transpose(picture), 1, width, kernel))).toEqual(expected)
  })

  test('a size that cannot be is refused', () => {
    expect(() => resize(row(1), 0, 1, 'bicubic')).toThrow(RangeError)
    expect(() => resize(row(1), 1.5, 1, 'bicubic')).toThrow(RangeError)
  })
})

describe('gaussianBlur', () => {
  test('sigma 0 is a copy', () => {
    const picture = row(1, 200, 3)
    const copy = gaussianBlur(picture, 0)
    expect(copy).toEqual(picture)
    expect(copy.data).not.toBe(picture.data)
  })

  test('a flat picture stays flat, whatever the size and sigma', () => {
    for (const [width, height] of [
      [1, 1],
      [2, 7],
      [13, 3],
    ] as const) {
      const flat: Picture = { width, height, data: new Uint8Array(width * height * 3).fill(77) }
      for (const sigma of [0.1, 0.5, 1, 4, 30]) expect(gaussianBlur(flat, sigma)).toEqual(flat)
    }
  })

  test('a point spreads with the variance asked for, the same in rows and columns', () => {
    const size = 41
    const data = new Uint8Array(size * 3)
    data.fill(255, 20 * 3, 21 * 3)
    const spread = reds(gaussianBlur({ width: size, height: 1, data }, 2))
    const total = spread.reduce((sum, value) => sum + value, 0)
    const variance = spread.reduce((sum, value, x) => sum + value * (x - 20) ** 2, 0) / total
    expect(Math.sqrt(variance)).toBeCloseTo(2, 0)
    expect(spread.toReversed()).toEqual(spread)
    expect(reds(gaussianBlur({ width: 1, height: size, data }, 2))).toEqual(spread)
  })

  test.each([-1, NaN, Infinity])('sigma %s is refused', (sigma) => expect(() => gaussianBlur(row(1), sigma)).toThrow(RangeError))
})
