import { describe, expect, it } from 'vitest'
import { viridis } from '../../../src/runtime/report/colour-map.ts'
import { errorMap, suggestErrorMax } from '../../../src/runtime/report/colour-map.ts'

/** Lightness L* of CIELAB of an sRGB colour. */
function lightness(colour: readonly number[]): number {
  const [red, green, blue] = colour.map((value) => {
    const unit = value / 255
    return unit <= 0.04045 ? unit / 12.92 : ((unit + 0.055) / 1.055) ** 2.4
  })
  const luminance = 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!
  return 116 * Math.cbrt(luminance) - 16
}

const pixels = (...values: number[][]) => Uint8Array.from(values.flat())

describe('errorMap', () => {
  it('colours the mean absolute error over the channels, and stops at max', () => {
    const hr = pixels([100, 100, 100], [100, 100, 100], [100, 100, 100], [100, 100, 100])
    const sr = pixels([100, 100, 100], [106, 94, 109], [121, 121, 121], [255, 0, 255])
    const map = errorMap(sr, hr, 2, 2, { max: 21 })
    const colour = (pixel: number) => [...map.subarray(pixel * 3, pixel * 3 + 3)]
    expect(colour(0)).toEqual(viridis[0])
    // The errors 6, 6 and 9: a mean of 7 is a third of 21, and the anchors stand at fifteenths.
    expect(colour(1)).toEqual(viridis[5])
    expect(colour(2)).toEqual(viridis[15])
    expect(colour(3)).toEqual(viridis[15])
  })

  it('is the same whichever picture is the brighter', () => {
    const [a, b] = [pixels([10, 20, 30]), pixels([40, 0, 30])]
    expect(errorMap(a, b, 1, 1, { max: 50 })).toEqual(errorMap(b, a, 1, 1, { max: 50 }))
  })

  it('between the anchors stays within seven levels of viridis', () => {
    // Colours 10, 100, 128, 200 and 250 of 256, as matplotlib has them.
    const known: [number, number[]][] = [
      [10, [71, 16, 99]],
      [100, [42, 118, 142]],
      [128, [33, 145, 140]],
      [200, [112, 207, 87]],
      [250, [241, 229, 29]],
    ]
    for (const [level, colour] of known) {
      const found = errorMap(pixels([level, level, level]), pixels([0, 0, 0]), 1, 1, { max: 255 })
      found.forEach((value, channel) => expect(Math.abs(value - colour[channel]!)).toBeLessThanOrEqual(7))
    }
  })

  it('grows lighter by even steps', () => {
    const steps = viridis.slice(1).map((colour, index) => lightness(colour) - lightness(viridis[index]!))
    expect(Math.min(...steps)).toBeGreaterThan(3)
    expect(Math.max(...steps)).toBeLessThan(7)
  })

  it.each<[string, Uint8Array, number]>([
    ['another size', new Uint8Array(9), 10],
    ['a max of zero', new Uint8Array(12), 0],
    ['a max that is NaN', new Uint8Array(12), NaN],
  ])('refuses %s', (_case, sr, max) => {
    expect(() => errorMap(sr, new Uint8Array(12), 2, 2, { max })).toThrow(RangeError)
  })
})

describe('suggestErrorMax', () => {
  it('is a multiple of 8 above 99 of 100 pixels, at least 8', () => {
    const hr = new Uint8Array(3000)
    expect(suggestErrorMax(hr, hr)).toBe(8)
    expect(suggestErrorMax(new Uint8Array(3000).fill(17), hr)).toBe(24)
    const outliers = new Uint8Array(3000).fill(255, 0, 9 * 3)
    expect(suggestErrorMax(outliers, hr)).toBe(8)
  })
})
