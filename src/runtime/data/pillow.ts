import type { Picture } from './picture.ts'

/** The resampling kernels that a degradation may name. */
export type Kernel = 'bicubic' | 'bilinear' | 'lanczos' | 'nearest'

/** Weights are held with this many fractional bits: 32 less 8 for the sample and 2 for overshoot. */
const fractionBits = 32 - 8 - 2
const blurPasses = 3

/**
 * Gaussian blur of standard deviation `sigma` pixels as Pillow's `GaussianBlur(radius=sigma)`, byte for byte: three extended box
 * filters along the rows and three down the columns, each rounded to 8 bits, the outermost pixels repeated outside.
 * `sigma` below about 0.2 leaves most pictures unchanged; 0 always does. (Gwosdek et al. 2011; Pillow's BoxBlur.c)
 */
export function gaussianBlur(picture: Picture, sigma: number): Picture {
  if (!(sigma >= 0) || !Number.isFinite(sigma)) throw new RangeError(`gaussianBlur: sigma must be 0 or more, not ${sigma}`)
  const { width, height } = picture
  if (sigma === 0 || width === 0 || height === 0) return { width, height, data: picture.data.slice() }
  const box = boxFilter(sigma)
  let source: Uint8Array = picture.data.slice()
  blurRows(source, width, height, box)
  let target = new Uint8Array(source.length)
  for (let pass = 0; pass < blurPasses; pass += 1) {
    blurColumns(source, target, width * 3, height, box)
    ;[source, target] = [target, source as Uint8Array<ArrayBuffer>]
  }
  return { width, height, data: source }
}

/**
 * Sharpened as by Pillow's `UnsharpMask(radius, percent, threshold=0)`, byte for byte: what a Gaussian blur of standard deviation `radius`
 * takes away is added `percent` / 100 times, cut off towards 0. `percent` is an integer.
 */
export function unsharpMask(picture: Picture, radius: number, percent: number): Picture {
  const { width, height, data } = picture
  const blurred = gaussianBlur(picture, radius).data
  const out = new Uint8ClampedArray(data.length)
  for (let at = 0; at < out.length; at += 1) out[at] = data[at]! + Math.trunc(((data[at]! - blurred[at]!) * percent) / 100)
  return { width, height, data: new Uint8Array(out.buffer) }
}

/** One box filter: whole pixels on each side, and the 24-bit weights of a pixel inside and of the two beyond the ends. */
interface BoxFilter {
  readonly reach: number
  readonly inside: number
  readonly beyond: number
}

/** The box whose threefold repetition has variance sigma squared. Pillow computes it in single precision; so must we. */
function boxFilter(sigma: number): BoxFilter {
  const f32 = Math.fround
  const variance = f32(f32(f32(sigma) * f32(sigma)) / blurPasses)
  const whole = Math.floor((f32(Math.sqrt(12 * variance + 1)) - 1) / 2)
  const numerator = f32((2 * whole + 1) * f32(whole * (whole + 1) - f32(3 * variance)))
  const part = f32(numerator / f32(6 * f32(variance - (whole + 1) * (whole + 1))))
  const radius = f32(whole + part)
  const reach = Math.trunc(radius)
  const inside = Math.trunc(f32(2 ** 24 / f32(f32(radius * 2) + 1)))
  return { reach, inside, beyond: Math.trunc((2 ** 24 - (reach * 2 + 1) * inside) / 2) }
}

/** All passes along each row, in place. The row is copied between repeated end pixels, so the loop needs no bounds. */
function blurRows(data: Uint8Array, width: number, height: number, { reach, inside, beyond }: BoxFilter): void {
  const pad = (reach + 1) * 3
  const length = width * 3
  const line = new Uint8Array(length + 2 * pad)
  const far = (2 * reach + 2) * 3
  for (let row = 0; row < height * length; row += length) {
    for (let pass = 0; pass < blurPasses; pass += 1) {
      line.set(data.subarray(row, row + length), pad)
      for (let i = 0; i < pad; i += 1) {
        line[i] = data[row + (i % 3)]!
        line[pad + length + i] = data[row + length - 3 + (i % 3)]!
      }
      let red = 0
      let green = 0
      let blue = 0
      for (let i = 0; i < far - 3; i += 3) {
        red += line[i]!
        green += line[i + 1]!
        blue += line[i + 2]!
      }
      for (let i = 0; i < length; i += 3) {
        const left = line[i]!
        red = (red + line[i + far - 3]! - left) | 0
        data[row + i] = (Math.imul(red, inside) + Math.imul(left + line[i + far]!, beyond) + 0x800000) >>> 24
        const left1 = line[i + 1]!
        green = (green + line[i + far - 2]! - left1) | 0
        data[row + i + 1] = (Math.imul(green, inside) + Math.imul(left1 + line[i + far + 1]!, beyond) + 0x800000) >>> 24
        const left2 = line[i + 2]!
        blue = (blue + line[i + far - 1]! - left2) | 0
        data[row + i + 2] = (Math.imul(blue, inside) + Math.imul(left2 + line[i + far + 2]!, beyond) + 0x800000) >>> 24
      }
    }
  }
}

/** One pass down all columns at once, a row of running sums moving down the picture. */
function blurColumns(source: Uint8Array, target: Uint8Array, length: number, height: number, box: BoxFilter): void {
  const { reach, inside, beyond } = box
  const sums = new Int32Array(length)
  const rowAt = (y: number): number => Math.min(Math.max(y, 0), height - 1) * length
  for (let y = -1 - reach; y < reach; y += 1) {
    const row = rowAt(y)
    for (let i = 0; i < length; i += 1) sums[i]! += source[row + i]!
  }
  for (let y = 0; y < height; y += 1) {
    const out = y * length
    const above = rowAt(y - reach - 1)
    const entering = rowAt(y + reach)
    const below = rowAt(y + reach + 1)
    for (let i = 0; i < length; i += 1) {
      const leaving = source[above + i]!
      const sum = (sums[i]! + source[entering + i]! - leaving) | 0
      sums[i] = sum
      target[out + i] = (Math.imul(sum, inside) + Math.imul(leaving + source[below + i]!, beyond) + 0x800000) >>> 24
    }
  }
}

/**
 * The picture at `width` x `height` pixels as Pillow's `resize`, byte for byte. `bicubic` (a = -0.5), `bilinear` and `lanczos` (of three lobes) are
 * antialiased: their support grows with the reduction, cut and renormalised at the border; first along the rows, then down the
 * columns, rounded to 8 bits after each; an axis of unchanged size is left out. `nearest` takes the pixel under the centre.
 * (Pillow 13 does the columns first where the width grows while the height shrinks; this stays with the older order.)
 */
export function resize(picture: Picture, width: number, height: number, kernel: Kernel): Picture {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new RangeError(`resize: a picture of ${width} x ${height} pixels cannot be`)
  }
  if (kernel === 'nearest') return nearest(picture, width, height)
  const across = width === picture.width ? picture : resizeRows(picture, weightsFor(picture.width, width, kernel))
  if (height !== picture.height) return resizeColumns(across, weightsFor(picture.height, height, kernel))
  return across === picture ? { width, height, data: picture.data.slice() } : across
}

/**
 * As `resize`, byte for byte, of a picture of which bands of rows come from the top: each call gives the rows that are whole with that
 * band. It holds the rows that the next one reads, made narrow or wide already.
 */
export function resizeInBands(
  from: { readonly width: number; readonly height: number },
  to: { readonly width: number; readonly height: number },
  kernel: Smooth,
): (band: Picture) => Picture {
  const across = from.width === to.width ? undefined : weightsFor(from.width, to.width, kernel)
  const { first, count, stride, fixed } = weightsFor(from.height, to.height, kernel)
  const length = 3 * to.width
  let held: Uint8Array = new Uint8Array(0)
  /** The input's row that `held` begins with, and the next row of the result. */
  let base = 0
  let next = 0
  return (band) => {
    const rows = across ? resizeRows(band, across).data : band.data
    const joined = new Uint8Array(held.length + rows.length)
    joined.set(held)
    joined.set(rows, held.length)
    const known = base + joined.length / length
    let end = next
    while (end < to.height && first[end]! + count[end]! <= known) end += 1
    const whole = resizeColumns(
      { width: to.width, height: known - base, data: joined },
      {
        first: first.subarray(next, end).map((row) => row - base),
        count: count.subarray(next, end),
        stride,
        fixed: fixed.subarray(next * stride, end * stride),
      },
    )
    next = end
    const read = end < to.height ? Math.min(first[end]!, known) : known
    held = joined.slice((read - base) * length)
    base = read
    return whole
  }
}

/** For each output position: its first input position, how many it reads, and `stride` fixed-point weights from `position * stride`. */
interface Weights {
  readonly first: Int32Array
  readonly count: Int32Array
  readonly stride: number
  readonly fixed: Int32Array
}

type Smooth = Exclude<Kernel, 'nearest'>

/** The weights of `resize` along one axis: output `at` is made of `count[at]` inputs from `first[at]` on. */
export interface ResizeWeights extends Pick<Weights, 'first' | 'count'> {
  readonly weights: (at: number, tap: number) => number
}

export function resizeWeights(inputs: number, outputs: number, kernel: Smooth): ResizeWeights {
  const { first, count, stride, fixed } = weightsFor(inputs, outputs, kernel)
  return { first, count, weights: (at, tap) => fixed[at * stride + tap]! / 2 ** fractionBits }
}

/** Curves, and how far each reaches. */
const curves: Readonly<Record<Smooth, readonly [curve: (distance: number) => number, reach: number]>> = {
  bicubic: [cubic, 2],
  bilinear: [triangle, 1],
  lanczos: [lanczos, 3],
}

function weightsFor(inputs: number, outputs: number, kernel: Smooth): Weights {
  const ratio = inputs / outputs
  const stretch = Math.max(ratio, 1)
  const [curve, reach] = curves[kernel]
  const support = reach * stretch
  const stride = Math.ceil(support) * 2 + 1
  const first = new Int32Array(outputs)
  const count = new Int32Array(outputs)
  const fixed = new Int32Array(outputs * stride)
  const weight = new Float64Array(stride)
  const narrowing = 1 / stretch
  for (let position = 0; position < outputs; position += 1) {
    const centre = (position + 0.5) * ratio
    const start = Math.max(Math.trunc(centre - support + 0.5), 0)
    const taps = Math.min(Math.trunc(centre + support + 0.5), inputs) - start
    let total = 0
    for (let tap = 0; tap < taps; tap += 1) {
      const value = curve((tap + start - centre + 0.5) * narrowing)
      weight[tap] = value
      total += value
    }
    for (let tap = 0; tap < taps; tap += 1) {
      const value = total === 0 ? weight[tap]! : weight[tap]! / total
      fixed[position * stride + tap] = Math.trunc(value * 2 ** fractionBits + (value < 0 ? -0.5 : 0.5))
    }
    first[position] = start
    count[position] = taps
  }
  return { first, count, stride, fixed }
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI))

function lanczos(distance: number): number {
  return distance >= -3 && distance < 3 ? sinc(distance) * sinc(distance / 3) : 0
}

/** Keys' cubic with a = -0.5. */
function cubic(distance: number): number {
  const a = -0.5
  const x = Math.abs(distance)
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a
  return 0
}

function triangle(distance: number): number {
  const x = Math.abs(distance)
  return x < 1 ? 1 - x : 0
}

function resizeRows(picture: Picture, { first, count, stride, fixed }: Weights): Picture {
  const width = first.length
  const { height, data } = picture
  const out = new Uint8ClampedArray(width * height * 3)
  const half = 1 << (fractionBits - 1)
  let at = 0
  for (let y = 0; y < height; y += 1) {
    const row = y * picture.width
    for (let x = 0; x < width; x += 1) {
      let red = half
      let green = half
      let blue = half
      let pixel = (row + first[x]!) * 3
      const end = x * stride + count[x]!
      for (let tap = x * stride; tap < end; tap += 1) {
        const weight = fixed[tap]!
        red = (red + data[pixel]! * weight) | 0
        green = (green + data[pixel + 1]! * weight) | 0
        blue = (blue + data[pixel + 2]! * weight) | 0
        pixel += 3
      }
      out[at] = red >> fractionBits
      out[at + 1] = green >> fractionBits
      out[at + 2] = blue >> fractionBits
      at += 3
    }
  }
  return { width, height, data: new Uint8Array(out.buffer) }
}

function resizeColumns(picture: Picture, { first, count, stride, fixed }: Weights): Picture {
  const height = first.length
  const { width, data } = picture
  const length = width * 3
  const out = new Uint8ClampedArray(length * height)
  const sums = new Int32Array(length)
  for (let y = 0; y < height; y += 1) {
    sums.fill(1 << (fractionBits - 1))
    for (let tap = 0; tap < count[y]!; tap += 1) {
      const weight = fixed[y * stride + tap]!
      const row = (first[y]! + tap) * length
      for (let i = 0; i < length; i += 1) sums[i] = (sums[i]! + data[row + i]! * weight) | 0
    }
    for (let i = 0; i < length; i += 1) out[y * length + i] = sums[i]! >> fractionBits
  }
  return { width, height, data: new Uint8Array(out.buffer) }
}

function nearest(picture: Picture, width: number, height: number): Picture {
  const columns = nearestPositions(picture.width, width)
  const rows = nearestPositions(picture.height, height)
  return gather(picture, width, height, (x, y) => rows[y]! * picture.width + columns[x]!)
}

/** Adds the step up, as Pillow does, instead of multiplying: the last bit of the sum may decide the pixel. */
function nearestPositions(inputs: number, outputs: number): Int32Array {
  const step = inputs / outputs
  const positions = new Int32Array(outputs)
  let position = step * 0.5
  for (let i = 0; i < outputs; i += 1) {
    positions[i] = Math.min(Math.trunc(position), inputs - 1)
    position += step
  }
  return positions
}

/** Left and right exchanged. */
export function flipX(picture: Picture): Picture {
  const { width, height } = picture
  return gather(picture, width, height, (x, y) => y * width + (width - 1 - x))
}

/** Top and bottom exchanged. */
export function flipY(picture: Picture): Picture {
  const { width, height } = picture
  return gather(picture, width, height, (x, y) => (height - 1 - y) * width + x)
}

/** Rows become columns: `width` x `height` becomes `height` x `width`. */
export function transpose(picture: Picture): Picture {
  return gather(picture, picture.height, picture.width, (x, y) => x * picture.width + y)
}

/** Turned by so many quarters of a turn against the clock. */
export function rotate(picture: Picture, quarters: number): Picture {
  const { width, height } = picture
  switch (((quarters % 4) + 4) % 4) {
    case 1:
      return gather(picture, height, width, (x, y) => x * width + (width - 1 - y))
    case 2:
      return gather(picture, width, height, (x, y) => (height - 1 - y) * width + (width - 1 - x))
    case 3:
      return gather(picture, height, width, (x, y) => (height - 1 - x) * width + y)
    default:
      return { width, height, data: picture.data.slice() }
  }
}

/** A new picture whose pixel (x, y) is the input's pixel number `from(x, y)`. */
function gather(picture: Picture, width: number, height: number, from: (x: number, y: number) => number): Picture {
  const data = new Uint8Array(width * height * 3)
  let at = 0
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const pixel = from(x, y) * 3
      data[at] = picture.data[pixel]!
      data[at + 1] = picture.data[pixel + 1]!
      data[at + 2] = picture.data[pixel + 2]!
      at += 3
    }
  }
  return { width, height, data }
}
