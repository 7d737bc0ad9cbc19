import { UserError } from '../../errors.ts'
import type { Rectangle } from './places.ts'

/** What was computed at positions, three values a position, in the output's range; each counts by its weight, or whole. */
export interface Computed {
  readonly rows: Int32Array
  readonly columns: Int32Array
  readonly values: Float32Array
  readonly weights?: Float32Array
}

/** All values of a place of the result, three a position, in the output's range. */
export interface Block {
  readonly place: Rectangle
  readonly values: Float32Array
}

/** Rows of the result, top to bottom, (to - from) * width * 3, of as many columns as are computed. To be taken before the next are asked for. */
export interface Rows {
  readonly from: number
  readonly to: number
  /** Made when asked for: values where 0 is black and 1 is white, not clamped. */
  values(): Float32Array
  /** Made when asked for: the same in 8 bits, rounded, clamped. */
  bytes(): Uint8Array
}

/**
 * @throws UserError where a value is NaN or infinite: it would be black, or white, and look like a picture.
 * @param of what was computed, as it is named.
 */
export function requireFinite(values: Float32Array, of: string): void {
  const at = values.findIndex((value) => !Number.isFinite(value))
  if (at !== -1)
    throw new UserError(
      `${of}: the network gives ${values[at]!} for pixel ${Math.floor(at / 3)}, channel ${at % 3}`,
      'its weights are too large or damaged: take a checkpoint from before its loss was not finite',
    )
}

/** Values of an output's range as 0 to 1. */
function toUnit(values: Float32Array, [from, to]: readonly [number, number]): Float32Array {
  const unit = new Float32Array(values.length)
  const size = to - from
  for (let at = 0; at < values.length; at += 1) unit[at] = (values[at]! - from) / size
  return unit
}

/** Values of an output's range in 8 bits: rounded to nearest, half up, and clamped. In one pass what `toUnit` and rounding give. */
function toBytes(values: Float32Array, [from, to]: readonly [number, number]): Uint8Array {
  const bytes = new Uint8Array(values.length)
  const size = to - from
  let check = 0
  for (let at = 0; at < values.length; at += 1) {
    const unit = Math.fround((values[at]! - from) / size)
    bytes[at] = unit >= 1 ? 255 : unit > 0 ? unit * 255 + 0.5 : 0 // stored, what is behind the point goes
    check += unit * 0 // NaN once one is not finite
  }
  if (check !== 0) requireFinite(values, 'the result')
  return bytes
}

/** Rows whose values are 0 to 1. */
export const rowsOf = (from: number, to: number, values: Float32Array): Rows => ({
  from,
  to,
  values: () => values,
  bytes: () => toBytes(values, [0, 1]),
})

/** Rows of a part of the result that are not given away yet: what several tiles compute of a position is added up. */
export class Canvas {
  readonly #part: Rectangle
  readonly #range: readonly [number, number]
  /** Values a row. */
  readonly #stride: number
  /** The row that `#values` begins with, and the first that is not given away. */
  #base: number
  #first: number
  #values: Float32Array = new Float32Array(0)

  constructor(part: Rectangle, range: readonly [number, number]) {
    this.#part = part
    this.#range = range
    this.#stride = 3 * (part.right - part.left)
    this.#base = part.top
    this.#first = part.top
  }

  /** Adds up; what is not asked for, where queries had to be computed with others, is left out. */
  add({ rows, columns, values, weights }: Computed): void {
    const { top, bottom, left, right } = this.#part
    let last = top
    for (let at = 0; at < rows.length; at += 1) if (rows[at]! > last && rows[at]! < bottom) last = rows[at]!
    this.#room(last)
    const [sums, base, stride] = [this.#values, this.#base, this.#stride]
    for (let at = 0; at < rows.length; at += 1) {
      const [row, column] = [rows[at]!, columns[at]!]
      if (row < top || row >= bottom || column < left || column >= right) continue
      const place = (row - base) * stride + 3 * (column - left)
      const weight = weights ? weights[at]! : 1
      for (let channel = 0; channel < 3; channel += 1) sums[place + channel]! += weight * values[3 * at + channel]!
    }
  }

  /** All values of a place; what of it is not asked for is left out. */
  put({ place, values }: Block): void {
    const [from, to] = [Math.max(place.left, this.#part.left), Math.min(place.right, this.#part.right)]
    const [first, last] = [Math.max(place.top, this.#part.top), Math.min(place.bottom, this.#part.bottom)]
    this.#room(last - 1)
    for (let row = first; row < last; row += 1) {
      const start = 3 * ((row - place.top) * (place.right - place.left) + from - place.left)
      const target = (row - this.#base) * this.#stride + 3 * (from - this.#part.left)
      this.#values.set(values.subarray(start, start + 3 * (to - from)), target)
    }
  }

  take(from: number, to: number): Rows {
    const values = this.#values.subarray(this.#at(from), this.#at(to))
    this.#first = to
    return { from, to, values: () => toUnit(values, this.#range), bytes: () => toBytes(values, this.#range) }
  }

  #at(row: number): number {
    return (row - this.#base) * this.#stride
  }

  /** Makes room for a row: where those go that were given away, else in more memory. */
  #room(row: number): void {
    if (this.#at(row + 1) <= this.#values.length) return
    const kept = this.#at(this.#first)
    if (kept > 0) {
      this.#values.copyWithin(0, kept)
      this.#values.fill(0, this.#values.length - kept)
      this.#base = this.#first
    }
    const needed = this.#at(row + 1)
    if (needed <= this.#values.length) return
    // A little more than is needed: rows come some at a time, and each time all that is held would be copied.
    const larger = new Float32Array(Math.min(Math.ceil(1.25 * needed), this.#at(this.#part.bottom)))
    larger.set(this.#values)
    this.#values = larger
  }
}
