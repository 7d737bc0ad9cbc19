import type { Picture } from '../data/picture.ts'
import { type Samples, type Shave, sharedWindow } from './samples.ts'

/** What `psnr` computes, to be printed with its numbers. */
export function definition(shave: number | string): string {
  return `PSNR: RGB in [0, 1], float, clamped, one mean over three channels, border of ${shave} px left out`
}

/**
 * Peak signal-to-noise ratio in dB: 10 log10(1 / MSE), one mean squared error over the three channels of the inner part. Values outside
 * [0, 1] are clamped; equal pictures give Infinity, a NaN gives NaN. (docs/commands.md, evaluate)
 */
export function psnr(sr: Samples, hr: Samples, options: Shave = {}): number {
  const { left, right, top, bottom } = sharedWindow(sr, hr, options)
  const srUnit = unitOf(sr)
  const hrUnit = unitOf(hr)
  let sum = 0
  for (let y = top; y < bottom; y += 1) {
    const end = (y * sr.width + right) * 3
    let rowSum = 0
    for (let i = (y * sr.width + left) * 3; i < end; i += 1) {
      const difference = clamp(sr.data[i]! * srUnit) - clamp(hr.data[i]! * hrUnit)
      rowSum += difference * difference
    }
    sum += rowSum
  }
  return decibels(sum / ((right - left) * (bottom - top) * 3), 1)
}

/**
 * How the luminance is taken: `unrounded` (BT.601 studio range, 16 to 235), `rounded` to whole numbers first, both against a peak of 255;
 * `weighted-difference` (weights of the LIIF family's benchmark code, against a peak of 1).
 */
export type Luminance = 'unrounded' | 'rounded' | 'weighted-difference'

/** PSNR of the luminance of two 8-bit pictures in dB. */
export function psnrLuminance(sr: Picture, hr: Picture, options: Shave & { form: Luminance }): number {
  const { left, right, top, bottom } = sharedWindow(sr, hr, options)
  let sum = 0
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      const at = (y * sr.width + x) * 3
      const difference = luminanceDifference(sr.data, hr.data, at, options.form)
      sum += difference * difference
    }
  }
  return decibels(sum / ((right - left) * (bottom - top)), options.form === 'weighted-difference' ? 1 : 255)
}

function luminanceDifference(sr: Uint8Array, hr: Uint8Array, at: number, form: Luminance): number {
  switch (form) {
    case 'unrounded':
      return luminance(sr, at) - luminance(hr, at)
    case 'rounded':
      return Math.round(luminance(sr, at)) - Math.round(luminance(hr, at))
    case 'weighted-difference': {
      const red = sr[at]! - hr[at]!
      const green = sr[at + 1]! - hr[at + 1]!
      const blue = sr[at + 2]! - hr[at + 2]!
      return (65.738 * red + 129.057 * green + 25.064 * blue) / 256 / 255
    }
  }
}

/** BT.601 luminance of the pixel at `at`, from 16 to 235; red, green and blue from 0 to 255. */
export function luminance(data: ArrayLike<number>, at: number): number {
  return 16 + (65.481 * data[at]! + 128.553 * data[at + 1]! + 24.966 * data[at + 2]!) / 255
}

function unitOf(samples: Samples): number {
  return samples.data instanceof Uint8Array ? 1 / 255 : 1
}

function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value
}

function decibels(meanSquaredError: number, peak: number): number {
  return meanSquaredError === 0 ? Infinity : 10 * Math.log10((peak * peak) / meanSquaredError)
}
