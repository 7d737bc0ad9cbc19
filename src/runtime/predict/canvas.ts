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
  readonly #width: number
  readonly #left: number
  readonly #range: readonly [number, number]
  readonly #last: number
  #first: number
  #values: Float32Array = new Float32Array(0)

  constructor({ top, bottom, left, right }: Rectangle, range: readonly [number, number]) {
    this.#width = right - left
    this.#left = left
    this.#first = top
    this.#last = bottom
    this.#range = range
  }

  add({ rows, columns, values, weights }: Computed): void {
    const last = rows.reduce((most, row) => Math.max(most, row), 0)
    this.#room((last + 1 - this.#first) * this.#width * 3)
    for (let at = 0; at < rows.length; at += 1) {
      const place = 3 * ((rows[at]! - this.#first) * this.#width + columns[at]! - this.#left)
      for (let channel = 0; channel < 3; channel += 1) this.#values[place + channel]! += weights[at]! * values[3 * at + channel]!
    }
  }

  /** All values of a place; what of it is not asked for is left out. */
  put({ place, values }: Block): void {
    const [from, to] = [Math.max(place.left, this.#left), Math.min(place.right, this.#left + this.#width)]
    const width = place.right - place.left
    const [first, last] = [Math.max(place.top, this.#first), Math.min(place.bottom, this.#last)]
    this.#room((last - this.#first) * this.#width * 3)
    for (let row = first; row < last; row += 1) {
      const start = 3 * ((row - place.top) * width + from - place.left)
      const target = 3 * ((row - this.#first) * this.#width + from - this.#left)
      this.#values.set(values.subarray(start, start + 3 * (to - from)), target)
    }
  }

  take(from: number, to: number): Rows {
    const length = (to - from) * this.#width * 3
    const values = toUnit(this.#values.subarray(0, length), this.#range)
    this.#values = this.#values.slice(length)
    this.#first = to
    return { from, to, values }
  }

  #room(length: number): void {
    if (this.#values.length >= length) return
    const larger = new Float32Array(length)
    larger.set(this.#values)
    this.#values = larger
  }
}
