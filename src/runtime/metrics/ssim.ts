import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'
import { luminance } from './psnr.ts'
import { requireSameSize, type Shave, sharedWindow } from './samples.ts'

/** What `ssimUniform` computes, to be printed with its numbers. */
export const definition =
  'SSIM: 8-bit RGB, 7 x 7 uniform window, sample covariance, K1 0.01, K2 0.03, range 255, border of 3 px left out, mean over channels'

/** What `ssimGaussian` computes, to be printed with its numbers. */
export const definitionGaussian =
  'SSIM (Gaussian): 8-bit RGB, 11 x 11 window of sigma 1.5, population moments, K1 0.01, K2 0.03, range 255, valid region, mean over channels'

const c1 = (0.01 * 255) ** 2
const c2 = (0.03 * 255) ** 2
const uniformSide = 7
const gaussianTaps = gaussianWindow(11, 1.5)

/** One channel: the sample of pixel (x, y) is `data[(y * width + x) * step + offset]`. */
interface Plane {
  readonly data: Uint8Array
  readonly width: number
  readonly height: number
  readonly step: number
  readonly offset: number
}

/**
 * Structural similarity of two 8-bit pictures with the 7 x 7 uniform window, as scikit-image has it by default for bytes; from -1 to 1.
 * Pictures smaller than the window are a UserError. (Wang et al. 2004; docs/commands.md, evaluate)
 */
export function ssimUniform(a: Picture, b: Picture): number {
  return mean(ssimUniformChannels(a, b))
}

/** `ssimUniform` of red, green and blue apart. */
export function ssimUniformChannels(a: Picture, b: Picture): number[] {
  return overChannels(a, b, uniformPlane)
}

/** Structural similarity with the 11 x 11 Gaussian window of sigma 1.5, valid region (SwinIR, BasicSR); otherwise as `ssimUniform`. */
export function ssimGaussian(a: Picture, b: Picture): number {
  return mean(overChannels(a, b, gaussianPlane))
}

/** `ssimGaussian` of the luminance rounded to whole numbers, `shave` pixels left out on every side. */
export function ssimGaussianLuminance(a: Picture, b: Picture, options: Shave = {}): number {
  const { left, right, top, bottom } = sharedWindow(a, b, options)
  const plane = (picture: Picture): Plane => {
    const [width, height] = [right - left, bottom - top]
    const data = new Uint8Array(width * height)
    for (let i = 0; i < data.length; i += 1) {
      const pixel = (top + Math.floor(i / width)) * picture.width + left + (i % width)
      data[i] = Math.round(luminance(picture.data, pixel * 3))
    }
    return { data, width, height, step: 1, offset: 0 }
  }
  return gaussianPlane(plane(a), plane(b))
}

function overChannels(a: Picture, b: Picture, compare: (a: Plane, b: Plane) => number): number[] {
  requireSameSize(a, b)
  return [0, 1, 2].map((offset) => compare({ ...a, step: 3, offset }, { ...b, step: 3, offset }))
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** The index of one window from its two means, two variances and covariance. */
function similarity(meanA: number, meanB: number, varianceA: number, varianceB: number, covariance: number): number {
  const numerator = (2 * meanA * meanB + c1) * (2 * covariance + c2)
  return numerator / ((meanA * meanA + meanB * meanB + c1) * (varianceA + varianceB + c2))
}

function requireWindow(plane: Plane, window: number): void {
  if (Math.min(plane.width, plane.height) >= window) return
  throw new UserError(`SSIM needs pictures of at least ${window} x ${window} pixels, not ${plane.width} x ${plane.height}`)
}

/** Whole-number sums run down the columns and then along the rows, so the cost does not depend on the window and nothing is rounded. */
function uniformPlane(a: Plane, b: Plane): number {
  requireWindow(a, uniformSide)
  const { width, height } = a
  const [sumA, sumB, sumAA, sumBB, sumAB] = Array.from({ length: 5 }, () => new Int32Array(width)) as FiveRows<Int32Array>
  const addRow = (y: number, sign: 1 | -1): void => {
    for (let x = 0; x < width; x += 1) {
      const va = a.data[(y * width + x) * a.step + a.offset]!
      const vb = b.data[(y * width + x) * b.step + b.offset]!
      sumA[x]! += sign * va
      sumB[x]! += sign * vb
      sumAA[x]! += sign * va * va
      sumBB[x]! += sign * vb * vb
      sumAB[x]! += sign * va * vb
    }
  }
  const count = uniformSide * uniformSide
  const sample = count / (count - 1)
  let total = 0
  for (let y = 0; y < height; y += 1) {
    addRow(y, 1)
    if (y >= uniformSide) addRow(y - uniformSide, -1)
    if (y < uniformSide - 1) continue
    let [wa, wb, waa, wbb, wab] = [0, 0, 0, 0, 0]
    let rowTotal = 0
    for (let x = 0; x < width; x += 1) {
      const gone = x - uniformSide
      wa += sumA[x]! - (gone < 0 ? 0 : sumA[gone]!)
      wb += sumB[x]! - (gone < 0 ? 0 : sumB[gone]!)
      waa += sumAA[x]! - (gone < 0 ? 0 : sumAA[gone]!)
      wbb += sumBB[x]! - (gone < 0 ? 0 : sumBB[gone]!)
      wab += sumAB[x]! - (gone < 0 ? 0 : sumAB[gone]!)
      if (x < uniformSide - 1) continue
      const [ma, mb] = [wa / count, wb / count]
      rowTotal += similarity(
        ma,
        mb,
        sample * (waa / count - ma * ma),
        sample * (wbb / count - mb * mb),
        sample * (wab / count - ma * mb),
      )
    }
    total += rowTotal
  }
  return total / ((width - uniformSide + 1) * (height - uniformSide + 1))
}

type FiveRows<T> = [T, T, T, T, T]

/** The window is separable: five rows of column sums, then the same weights along the row. */
function gaussianPlane(a: Plane, b: Plane): number {
  const size = gaussianTaps.length
  requireWindow(a, size)
  const { width, height } = a
  const rows = Array.from({ length: 5 }, () => new Float64Array(width)) as FiveRows<Float64Array>
  const [rowA, rowB, rowAA, rowBB, rowAB] = rows
  let total = 0
  for (let y = 0; y + size <= height; y += 1) {
    for (const row of rows) row.fill(0)
    for (let tap = 0; tap < size; tap += 1) {
      const weight = gaussianTaps[tap]!
      for (let x = 0; x < width; x += 1) {
        const va = a.data[((y + tap) * width + x) * a.step + a.offset]!
        const vb = b.data[((y + tap) * width + x) * b.step + b.offset]!
        rowA[x]! += weight * va
        rowB[x]! += weight * vb
        rowAA[x]! += weight * va * va
        rowBB[x]! += weight * vb * vb
        rowAB[x]! += weight * va * vb
      }
    }
    for (let x = 0; x + size <= width; x += 1) {
      let [ma, mb, maa, mbb, mab] = [0, 0, 0, 0, 0]
      for (let tap = 0; tap < size; tap += 1) {
        const weight = gaussianTaps[tap]!
        ma += weight * rowA[x + tap]!
        mb += weight * rowB[x + tap]!
        maa += weight * rowAA[x + tap]!
        mbb += weight * rowBB[x + tap]!
        mab += weight * rowAB[x + tap]!
      }
      total += similarity(ma, mb, maa - ma * ma, mbb - mb * mb, mab - ma * mb)
    }
  }
  return total / ((width - size + 1) * (height - size + 1))
}

/** `size` weights of a Gaussian around the middle, with sum 1. */
function gaussianWindow(size: number, sigma: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, i) => Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma * sigma)))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  return weights.map((weight) => weight / sum)
}
