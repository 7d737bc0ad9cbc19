import * as tf from '@tensorflow/tfjs'
import { inside, type Extent, type Rectangle } from './places.ts'
import { firstOutput, lowPosition, type Stretch, type Tile } from './tiles.ts'

/** Features of a place of the low-resolution picture, `own`, and of what is around it. */
export interface Encoded {
  readonly own: Rectangle
  readonly tile: Tile
  readonly tensors: Readonly<Record<string, tf.Tensor>>
  readonly bytes: number
}

/** Features of places of one picture, as one network gives them when it is told the same of it. Those that were used longest ago make room. */
export class KeptFeatures {
  readonly #most: number
  /** Used last comes last. */
  #kept: Encoded[] = []

  constructor(mostBytes: number) {
    this.#most = mostBytes
  }

  /** Whether there is room for what is encoded ahead: it is not to push out what is seen. */
  get hasRoom(): boolean {
    return this.bytes < 0.7 * this.#most
  }

  get bytes(): number {
    return this.#kept.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Disjoint parts of a place whose features are kept, and those whose features are not. */
  divide(place: Rectangle): {
    readonly known: readonly { readonly place: Rectangle; readonly encoded: Encoded }[]
    readonly missing: readonly Rectangle[]
  } {
    let missing: readonly Rectangle[] = [place]
    const known: { readonly place: Rectangle; readonly encoded: Encoded }[] = []
    for (const encoded of [...this.#kept].reverse()) {
      const met = inside(missing, encoded.own)
      known.push(...met.map((each) => ({ place: each, encoded })))
      if (met.length > 0) missing = missing.flatMap((each) => without(each, encoded.own))
    }
    return { known, missing }
  }

  /** Takes them over; what is too much goes. */
  add(encoded: Encoded): void {
    this.#kept.push(encoded)
    while (this.bytes > this.#most && this.#kept.length > 1) tf.dispose(this.#kept.shift()!.tensors)
  }

  /** They are used: others go before them. */
  touch(encoded: Encoded): void {
    if (this.#kept.includes(encoded)) this.#kept = [...this.#kept.filter((each) => each !== encoded), encoded]
  }

  clear(): void {
    for (const { tensors } of this.#kept) tf.dispose(tensors)
    this.#kept = []
  }
}

/** What of a rectangle lies outside another: above and below over its whole width, left and right of the rest. */
export function without(of: Rectangle, other: Rectangle): Rectangle[] {
  const [met] = inside([of], other)
  if (!met) return [of]
  return [
    { ...of, bottom: met.top },
    { ...of, top: met.bottom },
    { ...met, left: of.left, right: met.left },
    { ...met, left: met.right, right: of.right },
  ].filter(({ top, bottom, left, right }) => top < bottom && left < right)
}

/** Low-resolution positions that the centres of a part of the result lie in. */
export function lowPlace({ top, bottom, left, right }: Rectangle, low: Extent, extent: Extent): Rectangle {
  const at = (index: number, axis: 'height' | 'width'): number => Math.floor(lowPosition(index, low[axis], extent[axis]))
  return {
    top: at(top, 'height'),
    bottom: at(bottom - 1, 'height') + 1,
    left: at(left, 'width'),
    right: at(right - 1, 'width') + 1,
  }
}

/** The part of the result whose centres lie in a place of the low-resolution picture; nothing of it where it is smaller than that. */
export function highPlace({ top, bottom, left, right }: Rectangle, low: Extent, extent: Extent): Rectangle {
  return {
    top: firstOutput(top, low.height, extent.height),
    bottom: firstOutput(bottom, low.height, extent.height),
    left: firstOutput(left, low.width, extent.width),
    right: firstOutput(right, low.width, extent.width),
  }
}

/** Places are made of squares of this side, so that few sizes are computed and the next view finds more of them. */
const square = 16
/** Places that are encoded at once are no larger along a side: those that somebody waits for, and those that are encoded ahead. */
export const [largestPlace, largestAhead] = [384, 128]

/** Places as they are encoded: on whole squares, cut where they are large, those nearest to the middle of `around` first. */
export function encodedPlaces(
  missing: readonly Rectangle[],
  low: Extent,
  around: Rectangle,
  largest = largestPlace,
): Rectangle[] {
  const along = (from: number, to: number, length: number): (readonly [number, number])[] => {
    const first = Math.floor(from / square) * square
    const last = Math.min(length, Math.ceil(to / square) * square)
    const count = Math.ceil((last - first) / largest)
    const size = Math.ceil((last - first) / count / square) * square
    return Array.from({ length: count }, (_, at) => [first + at * size, Math.min(last, first + (at + 1) * size)] as const)
  }
  const middle = [around.top + around.bottom, around.left + around.right] as const
  const away = (place: Rectangle): number =>
    Math.hypot(place.top + place.bottom - middle[0], place.left + place.right - middle[1])
  return missing
    .flatMap(({ top, bottom, left, right }) =>
      along(top, bottom, low.height).flatMap(([first, last]) =>
        along(left, right, low.width).map(([from, to]) => ({ top: first, bottom: last, left: from, right: to })),
      ),
    )
    .sort((a, b) => away(a) - away(b))
}

/** What a kernel reads beyond a place: two taps, and the neighbours of corners. */
const around = 4

/** The tile whose features a place needs, which are not right within `overlap` of what its encoder sees. */
export function tileOver({ top, bottom, left, right }: Rectangle, low: Extent, overlap: number, grid: number): Tile {
  const step = Math.max(grid, 2)
  const stretch = (from: number, to: number, length: number): Stretch => {
    const down = (at: number): number => Math.max(0, Math.floor(at / step) * step)
    // Less than a step before the end is the end.
    const up = (at: number): number => (length - at < step ? length : Math.min(length, Math.ceil(at / step) * step))
    const [coreFrom, coreTo] = [down(from - around), up(to + around)]
    return { from, to, coreFrom, coreTo, seenFrom: down(coreFrom - overlap), seenTo: up(coreTo + overlap) }
  }
  return { y: stretch(top, bottom, low.height), x: stretch(left, right, low.width) }
}
