import { describe, expect, it } from 'vitest'
import type { Compression } from '../../../src/runtime/data/compression.ts'
import { betterWeights, compressionText, expectationOf, expectationText } from '../../../src/runtime/upscale/expectation.ts'
import { carriedWeights, type CarriedWeights } from '../../../src/runtime/weights/carried.ts'

const jpeg = (quality: number): Compression => ({ kind: 'jpeg', quality, from: 'pixels' })
const weights: CarriedWeights = {
  name: 'mine',
  file: 'mine.safetensors',
  about: 'undo nothing',
  gains: [
    { scale: 2, uncompressed: 2, jpeg: { 90: 0.5, 60: -0.5 } },
    { scale: 4, uncompressed: -1, jpeg: { 90: -2 } },
  ],
} // prettier-ignore

describe('what is to be expected', () => {
  it.each([
    [90, 2, { scale: 2, quality: 90, gain: 0.5, uncompressed: 2 }],
    [100, 1, { scale: 2, quality: 90, gain: 0.5, uncompressed: 2 }],
    [76, 2.8, { scale: 2, quality: 90, gain: 0.5, uncompressed: 2 }],
    [74, 2, { scale: 2, quality: 60, gain: -0.5, uncompressed: 2 }],
    [5, 2.9, { scale: 4, quality: 90, gain: -2, uncompressed: -1 }],
    [80, 64, { scale: 4, quality: 90, gain: -2, uncompressed: -1 }],
  ])('at quality %i and x%d is what was measured nearest to it', (quality, scale, expected) => {
    expect(expectationOf(jpeg(quality), weights, scale)).toEqual(expected)
  })

  it.each([
    [90, 2, 'at x2 and quality 90 weights mine are 0.5 dB above Bicubic, and 2.0 dB above Bicubic where nothing was compressed (means of samples/judge)'],
    [50, 2, 'at x2 and quality 60 weights mine are 0.5 dB below Bicubic, and 2.0 dB above Bicubic where nothing was compressed (means of samples/judge): take a copy that was never compressed where there is one'],
    [50, 4, 'at x4 and quality 90 weights mine are 2.0 dB below Bicubic, and 1.0 dB below Bicubic where nothing was compressed (means of samples/judge)'],
  ])('is said: %i, x%i', (quality, scale, text) => {
    expect(expectationText(jpeg(quality), weights, scale, [weights])).toBe(text)
  }) // prettier-ignore

  it('is said of a picture that was never compressed', () => {
    expect(expectationText(undefined, weights, 2, [weights])).toBe(
      'at x2 weights mine are 2.0 dB above Bicubic (means of samples/judge)',
    )
  })

  it.each([
    [jpeg(90), 2, undefined],
    [jpeg(60), 2, 'other'],
    [undefined, 2, undefined],
    [undefined, 4, 'other'],
  ])('names weights that fit clearly better: %j, x%i', (compression, scale, name) => {
    const other: CarriedWeights = { ...weights, name: 'other', gains: [{ scale: 2, uncompressed: 2.05, jpeg: { 90: 0.55, 60: 0.4 } }, { scale: 4, uncompressed: 1, jpeg: { 90: 0 } }] } // prettier-ignore
    expect(betterWeights(compression, weights, scale, [weights, other])?.name).toBe(name)
    const text = expectationText(compression, weights, scale, [weights, other])
    if (name) expect(text).toMatch(/: --weights other fits better, \d\.\d dB above Bicubic$/)
    else expect(text).not.toContain('fits better')
  })

  it('is not known of weights that archc does not carry', () => {
    expect(expectationText(jpeg(80), undefined, 2)).toBe('what these weights make of compressed pictures was not measured')
  })

  it.each(carriedWeights)('was measured of $name', ({ gains }) => {
    expect(gains.length).toBeGreaterThan(0)
    for (const { jpeg } of gains) expect(Object.keys(jpeg).length).toBeGreaterThan(3)
  })
})

it.each<[Compression, string]>([
  [{ kind: 'jpeg', quality: 80, subsampling: '4:2:0', from: 'tables' }, 'JPEG of quality 80 (4:2:0) by its tables'],
  [jpeg(30), 'JPEG of quality 30 by its pixels'],
])('%j', (compression, text) => {
  expect(compressionText(compression)).toBe(text)
})
