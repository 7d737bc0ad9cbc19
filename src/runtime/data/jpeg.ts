import { stepsOf } from './jpeg-tables.ts'
import type { Picture } from './picture.ts'

/** How many pixels share a colour, across and down. */
const reductions = { '4:4:4': [1, 1], '4:2:2': [2, 1], '4:2:0': [2, 2] } as const

/** How the colours of a JPEG are sampled. */
export type Subsampling = keyof typeof reductions

/** One component, 8-bit samples, row by row. */
interface Plane {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/**
 * The picture as it comes back from a baseline JPEG of this `quality` (an integer of 1 to 100), byte for byte what Pillow makes of it with
 * libjpeg-turbo: integer transforms of 13 bits ("islow"), colours averaged when they are made smaller and interpolated linearly when they
 * are made larger ("fancy upsampling"). Coding by Huffman loses nothing, so it is left out. The grid of blocks begins at the upper left
 * pixel. The input is not changed.
 */
export function throughJpeg(picture: Picture, quality: number, subsampling: Subsampling): Picture {
  if (!(Number.isInteger(quality) && quality >= 1 && quality <= 100))
    throw new RangeError(`throughJpeg: quality must be an integer of 1 to 100, not ${quality}`)
  const { width, height } = picture
  const [across, down] = reductions[subsampling]
  const steps = stepsOf(quality)
  const [y, cb, cr] = toPlanes(picture)
  const brightness = throughBlocks(y, steps.brightness)
  const [blue, red] = [cb, cr].map((plane) =>
    enlarged(throughBlocks(reduced(plane, across, down), steps.colour), across, down, width, height),
  ) as [Uint8Array, Uint8Array]
  return { width, height, data: toRgb(brightness.data, blue, red) }
}

const fixed = (value: number): number => Math.floor(value * 65536 + 0.5)
const half = 1 << 15
/** So that sums of the colours are not negative; less one than half, so that they do not come to 256. */
const middle = (128 << 16) + half - 1

const forward = {
  yr: fixed(0.299),
  yg: fixed(0.587),
  yb: fixed(0.114),
  br: -fixed(0.168735892),
  bg: -fixed(0.331264108),
  rg: -fixed(0.418687589),
  rb: -fixed(0.081312411),
  c: fixed(0.5),
} as const

/** Brightness and both colours, by the equations of JFIF in integers of 16 bits. */
function toPlanes({ width, height, data }: Picture): [Plane, Plane, Plane] {
  const { yr, yg, yb, br, bg, rg, rb, c } = forward
  const count = width * height
  const [y, cb, cr] = [new Uint8Array(count), new Uint8Array(count), new Uint8Array(count)]
  for (let at = 0, from = 0; at < count; at += 1, from += 3) {
    const red = data[from]!
    const green = data[from + 1]!
    const blue = data[from + 2]!
    y[at] = (yr * red + yg * green + yb * blue + half) >> 16
    cb[at] = (br * red + bg * green + c * blue + middle) >> 16
    cr[at] = (c * red + rg * green + rb * blue + middle) >> 16
  }
  return [y, cb, cr].map((plane) => ({ width, height, data: plane })) as [Plane, Plane, Plane]
}

const backward = { red: fixed(1.402), blue: fixed(1.772), greenOfRed: fixed(0.71414), greenOfBlue: fixed(0.34414) } as const

function toRgb(y: Uint8Array, cb: Uint8Array, cr: Uint8Array): Uint8Array {
  const out = new Uint8ClampedArray(y.length * 3)
  for (let at = 0, to = 0; at < y.length; at += 1, to += 3) {
    const level = y[at]!
    const b = cb[at]! - 128
    const r = cr[at]! - 128
    out[to] = level + ((backward.red * r + half) >> 16)
    out[to + 1] = level + ((half - backward.greenOfBlue * b - backward.greenOfRed * r) >> 16)
    out[to + 2] = level + ((backward.blue * b + half) >> 16)
  }
  return new Uint8Array(out.buffer)
}

/** Means of `across` x `down` pixels; halves go down and up by turns along a row. The last row and column stand for what is beyond them. */
function reduced(plane: Plane, across: number, down: number): Plane {
  if (across === 1 && down === 1) return plane
  const { width, height, data } = plane
  const small = { width: Math.ceil(width / across), height: Math.ceil(height / down) }
  // The blocks at the right edge are filled with the last column before it is averaged.
  const filled = Math.ceil(small.width / 8) * 8
  const out = new Uint8Array(filled * small.height)
  const shift = down === 2 ? 2 : 1
  for (let row = 0; row < small.height; row += 1) {
    const upper = down * row * width
    const lower = Math.min(down * row + down - 1, height - 1) * width
    for (let column = 0; column < filled; column += 1) {
      const left = Math.min(2 * column, width - 1)
      const right = Math.min(2 * column + 1, width - 1)
      const sum = data[upper + left]! + data[upper + right]! + (down === 2 ? data[lower + left]! + data[lower + right]! : 0)
      out[row * filled + column] = (sum + (column & 1) + (down === 2 ? 1 : 0)) >> shift
    }
  }
  return { width: filled, height: small.height, data: out }
}

/**
 * A plane that was cut in blocks of 8 x 8, transformed, rounded to multiples of `steps` and transformed back. Blocks that reach beyond it
 * repeat its last row and column.
 */
function throughBlocks({ width, height, data }: Plane, steps: readonly number[]): Plane {
  const out = new Uint8ClampedArray(data.length)
  const block = new Int32Array(64)
  const divisors = Int32Array.from(steps, (step) => 8 * step) // the transform gives eight times the coefficients
  for (let top = 0; top < height; top += 8)
    for (let left = 0; left < width; left += 8) {
      const rows = Math.min(8, height - top)
      const columns = Math.min(8, width - left)
      for (let row = 0; row < 8; row += 1) {
        const from = (top + Math.min(row, rows - 1)) * width + left
        for (let column = 0; column < 8; column += 1) block[8 * row + column] = data[from + Math.min(column, columns - 1)]! - 128
      }
      for (let row = 0; row < 8; row += 1) transform(block, 8 * row, 1, cosineBits - passBits)
      for (let column = 0; column < 8; column += 1) transform(block, column, 8, cosineBits + passBits)
      for (let at = 0; at < 64; at += 1) {
        const value = block[at]!
        const divisor = divisors[at]!
        const size = (((value < 0 ? -value : value) + (divisor >> 1)) / divisor) | 0
        block[at] = Math.imul(value < 0 ? -size : size, divisor >> 3)
      }
      for (let column = 0; column < 8; column += 1) inverse(block, column, 8, cosineBits - passBits)
      for (let row = 0; row < 8; row += 1) inverse(block, 8 * row, 1, cosineBits + passBits + 3)
      for (let row = 0; row < rows; row += 1) {
        const to = (top + row) * width + left
        for (let column = 0; column < columns; column += 1) out[to + column] = block[8 * row + column]! + 128
      }
    }
  return { width, height, data: new Uint8Array(out.buffer) }
}

/** Fractional bits of the cosines, and of what goes from the first pass to the second. */
const cosineBits = 13
const passBits = 2

/**
 * Eight values by the cosine transform with eleven multiplications of Loeffler, Ligtenberg and Moschytz (1989), which goes over rows and then
 * columns; each result is rounded by `shift` bits. The numbers are cosines and their sums, in 13 bits.
 */
function transform(block: Int32Array, at: number, stride: number, shift: number): void {
  const at7 = at + 7 * stride
  const [d0, d7] = [block[at]!, block[at7]!]
  const [d1, d6] = [block[at + stride]!, block[at7 - stride]!]
  const [d2, d5] = [block[at + 2 * stride]!, block[at7 - 2 * stride]!]
  const [d3, d4] = [block[at + 3 * stride]!, block[at7 - 3 * stride]!]
  const rounding = 1 << (shift - 1)

  const outer = d0 + d7 + d3 + d4
  const inner = d1 + d6 + d2 + d5
  const outerTurn = d0 + d7 - d3 - d4
  const innerTurn = d1 + d6 - d2 - d5
  const turn = Math.imul(innerTurn + outerTurn, 4433) + rounding
  block[at] = (((outer + inner) << cosineBits) + rounding) >> shift
  block[at + 4 * stride] = (((outer - inner) << cosineBits) + rounding) >> shift
  block[at + 2 * stride] = (turn + Math.imul(outerTurn, 6270)) >> shift
  block[at + 6 * stride] = (turn - Math.imul(innerTurn, 15137)) >> shift

  const [s4, s5, s6, s7] = [d3 - d4, d2 - d5, d1 - d6, d0 - d7]
  const both = Math.imul(s4 + s5 + s6 + s7, 9633) + rounding
  const z1 = Math.imul(s4 + s7, -7373)
  const z2 = Math.imul(s5 + s6, -20995)
  const z3 = Math.imul(s4 + s6, -16069) + both
  const z4 = Math.imul(s5 + s7, -3196) + both
  block[at7] = (Math.imul(s4, 2446) + z1 + z3) >> shift
  block[at + 5 * stride] = (Math.imul(s5, 16819) + z2 + z4) >> shift
  block[at + 3 * stride] = (Math.imul(s6, 25172) + z2 + z3) >> shift
  block[at + stride] = (Math.imul(s7, 12299) + z1 + z4) >> shift
}

/** Its inverse, over columns and then rows. */
function inverse(block: Int32Array, at: number, stride: number, shift: number): void {
  const at7 = at + 7 * stride
  const rounding = 1 << (shift - 1)

  const [c0, c2, c4, c6] = [block[at]!, block[at + 2 * stride]!, block[at + 4 * stride]!, block[at + 6 * stride]!]
  const turn = Math.imul(c2 + c6, 4433)
  const innerTurn = turn - Math.imul(c6, 15137)
  const outerTurn = turn + Math.imul(c2, 6270)
  const sum = ((c0 + c4) << cosineBits) + rounding
  const difference = ((c0 - c4) << cosineBits) + rounding
  const [e0, e3] = [sum + outerTurn, sum - outerTurn]
  const [e1, e2] = [difference + innerTurn, difference - innerTurn]

  const [c7, c5, c3, c1] = [block[at7]!, block[at + 5 * stride]!, block[at + 3 * stride]!, block[at + stride]!]
  const both = Math.imul(c7 + c5 + c3 + c1, 9633)
  const z1 = Math.imul(c7 + c1, -7373)
  const z2 = Math.imul(c5 + c3, -20995)
  const z3 = Math.imul(c7 + c3, -16069) + both
  const z4 = Math.imul(c5 + c1, -3196) + both
  const o3 = Math.imul(c7, 2446) + z1 + z3
  const o2 = Math.imul(c5, 16819) + z2 + z4
  const o1 = Math.imul(c3, 25172) + z2 + z3
  const o0 = Math.imul(c1, 12299) + z1 + z4
  block[at] = (e0 + o0) >> shift
  block[at7] = (e0 - o0) >> shift
  block[at + stride] = (e1 + o1) >> shift
  block[at7 - stride] = (e1 - o1) >> shift
  block[at + 2 * stride] = (e2 + o2) >> shift
  block[at7 - 2 * stride] = (e2 - o2) >> shift
  block[at + 3 * stride] = (e3 + o3) >> shift
  block[at7 - 3 * stride] = (e3 - o3) >> shift
}

/** Narrower planes are made larger by repeating pixels, as libjpeg does it. */
const narrowest = 3

/**
 * A plane of `reduced` at `width` x `height` pixels: a pixel is three parts of the sample that it lies in and one of the next, along both
 * axes; halves go up and down by turns. Beyond the border the outermost sample is repeated.
 */
function enlarged({ width: filled, data }: Plane, across: number, down: number, width: number, height: number): Uint8Array {
  if (across === 1 && down === 1) return data
  const samples = Math.ceil(width / across)
  const lines = Math.ceil(height / down)
  const out = new Uint8Array(width * height)
  const sums = new Int32Array(samples)
  const parts = down === 2 ? 4 : 1
  const isPlain = samples < narrowest
  for (let row = 0; row < height; row += 1) {
    const line = down === 2 ? row >> 1 : row
    const next = Math.min(Math.max(down === 2 ? line + (row & 1 ? 1 : -1) : line, 0), lines - 1)
    for (let at = 0; at < samples; at += 1)
      sums[at] = down === 2 && !isPlain ? 3 * data[line * filled + at]! + data[next * filled + at]! : data[line * filled + at]!
    if (isPlain) for (let column = 0; column < width; column += 1) out[row * width + column] = sums[column >> 1]!
    else interpolateLine(sums, out, row * width, width, parts)
  }
  return out
}

/** One line of `enlarged`; `sums` are `parts` times the samples. */
function interpolateLine(sums: Int32Array, out: Uint8Array, to: number, width: number, parts: number): void {
  const last = sums.length - 1
  const shift = parts === 4 ? 4 : 2
  const [roundLeft, roundRight] = parts === 4 ? [8, 7] : [1, 2]
  for (let column = 0; column < width; column += 1) {
    const at = column >> 1
    const isRight = (column & 1) === 1
    const next = isRight ? Math.min(at + 1, last) : Math.max(at - 1, 0)
    out[to + column] = (3 * sums[at]! + sums[next]! + (isRight ? roundRight : roundLeft)) >> shift
  }
}
