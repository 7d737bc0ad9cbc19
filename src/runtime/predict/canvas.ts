import type { Rectangle } from './places.ts'
import { toUnit } from './roles.ts'

/** What was computed at positions, three values a position, in the output's range; each counts by its weight. */
export interface Computed {
  readonly rows: Int32Array
  readonly columns: Int32Array
  readonly values: Float32Array
  readonly weights: Float32Array
}

/** All values of a place of the result, three a position, in the output's range. */
export interface Block {
  readonly place: Rectangle
  readonly values: Float32Array
}

/** Rows of the result, top to bottom: values where 0 is black and 1 is white, not clamped. */
export interface Rows {
  readonly from: number
  readonly to: number
  /** (to - from) * width * 3, of as many columns as are computed */
  readonly values: Float32Array
}

/** Values from 0 to 1 in 8 bits: rounded, clamped. */
export function toBytes(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length)
  for (let at = 0; at < values.length; at += 1) bytes[at] = Math.round(Math.min(1, Math.max(0, values[at]!)) * 255)
  return bytes
}

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
    this.#room(rows.reduce((most, row) => (row < bottom ? Math.max(most, row) : most), top))
    for (let at = 0; at < rows.length; at += 1) {
      if (rows[at]! < top || rows[at]! >= bottom || columns[at]! < left || columns[at]! >= right) continue
      const place = (rows[at]! - this.#base) * this.#stride + 3 * (columns[at]! - this.#part.left)
      for (let channel = 0; channel < 3; channel += 1) this.#values[place + channel]! += weights[at]! * values[3 * at + channel]!
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
    const values = toUnit(this.#values.subarray(this.#at(from), this.#at(to)), this.#range)
    this.#first = to
    return { from, to, values }
  }

  #at(row: number): number {
    return (row - this.#base) * this.#stride
  }

  /** Makes room for a row: where those go that were given away, else in more memory. */
  #room(row: number): void {
    if (this.#at(row + 1) <= this.#values.length) return
    const kept = this.#at(this.#first)
    this.#values.copyWithin(0, kept)
    this.#values.fill(0, this.#values.length - kept)
    this.#base = this.#first
    if (this.#at(row + 1) <= this.#values.length) return
    const larger = new Float32Array(this.#at(row + 1))
    larger.set(this.#values)
    this.#values = larger
  }
}
