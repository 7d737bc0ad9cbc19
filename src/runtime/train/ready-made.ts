import type { PictureOp } from '../data/degrade.ts'
import { crop, type Picture } from '../data/picture.ts'
import type { Random } from '../files/random.ts'

/** A low-resolution picture that was made elsewhere. */
export interface ReadyMade {
  readonly picture: Picture
  /** How strongly it was compressed (`strengthOf`), where that is looked for. */
  readonly strength: number
}

type Extent = Pick<Picture, 'width' | 'height'>

/** Where pixels of the target lie in the low-resolution part: the centre of pixel i is at start + step * i of -1 .. 1. */
interface Axis {
  readonly start: number
  readonly step: number
}
export interface Frame {
  readonly y: Axis
  readonly x: Axis
}

/** The same part of a picture and of its low-resolution one. */
export interface CutPair {
  readonly high: Picture
  readonly low: Picture
  readonly frame: Frame
}

/** More low-resolution pixels do not lie between two places where pixels of both pictures begin together. */
const largestGrid = 64

/** Every how many pixels of one axis `m` times a place is a whole number. */
function gridOf(m: number): number {
  for (let grid = 1; grid <= largestGrid; grid += 1) if (Math.abs(m * grid - Math.round(m * grid)) < 1e-9) return grid
  return largestGrid
}

/**
 * A random part of `size` low-resolution pixels and what belongs to it of the picture that is `m` times as large: for `samples` all pixels
 * whose centres lie in it, whatever the scale; for a whole picture places where the pixels of both begin together.
 */
export function cutPair(high: Picture, low: Picture, m: number, size: Extent, isSampled: boolean, random: Random): CutPair {
  const axis = (side: 'width' | 'height') => {
    const scale = isSampled && !Number.isInteger(m) ? high[side] / low[side] : m
    const grid = isSampled ? 1 : gridOf(m)
    const at = grid * random.int(Math.floor((low[side] - size[side]) / grid) + 1)
    const first = (place: number): number =>
      Math.min(high[side], isSampled ? Math.ceil(scale * place - 0.5) : Math.round(m * place))
    const from = first(at)
    const start = (2 * ((from + 0.5) / scale - at)) / size[side] - 1
    return { at, from, length: first(at + size[side]) - from, place: { start, step: 2 / (scale * size[side]) } }
  }
  const [x, y] = [axis('width'), axis('height')]
  return {
    high: crop(high, x.from, y.from, x.length, y.length),
    low: crop(low, x.at, y.at, size.width, size.height),
    frame: { y: y.place, x: x.place },
  }
}

const turnedRound = ({ start, step }: Axis, count: number): Axis => ({ start: -(start + step * (count - 1)), step })

/** Where pixels lie after both pictures were moved alike; `height` and `width` are the target's before. */
export function movedFrame(frame: Frame, moves: readonly PictureOp[], { height, width }: Extent): Frame {
  let [{ y, x }, rows, columns] = [frame, height, width]
  for (const move of moves) {
    if (move.op === 'flip_x') x = turnedRound(x, columns)
    if (move.op === 'flip_y') y = turnedRound(y, rows)
    const quarters = move.op === 'rotate' ? move.quarters : 0
    if (move.op === 'transpose') [y, x, rows, columns] = [x, y, columns, rows]
    for (let turn = 0; turn < quarters; turn += 1) [y, x, rows, columns] = [turnedRound(x, columns), y, columns, rows]
  }
  return { y, x }
}
