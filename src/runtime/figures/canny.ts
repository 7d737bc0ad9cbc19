import type { Picture } from '../data/picture.ts'

export interface CannyOptions {
  /** Of the Gaussian that goes first, in pixels. */
  readonly sigma: number
  /** Steepness of the luminance, in levels of 255 a pixel: an edge begins where it is above `high` and goes on while it is above `low`. */
  readonly low: number
  readonly high: number
}

interface Plane {
  readonly width: number
  readonly height: number
  readonly data: Float32Array
}

/** Canny's edges (1986): 1 where a pixel is on one, else 0, row by row. */
export function canny(picture: Picture, { sigma, low, high }: CannyOptions): Uint8Array {
  const { steepness, direction, width, height } = gradient(blurred(grey(picture), sigma))
  return linked(thinned(steepness, direction, width, height), width, height, low, high)
}

/** The share of pixels that are on an edge. */
export const edgeDensity = (edges: Uint8Array): number => edges.reduce((total, edge) => total + edge, 0) / edges.length

function grey({ width, height, data }: Picture): Plane {
  const values = new Float32Array(width * height)
  for (let at = 0; at < values.length; at += 1)
    values[at] = 0.299 * data[3 * at]! + 0.587 * data[3 * at + 1]! + 0.114 * data[3 * at + 2]!
  return { width, height, data: values }
}

const clamped = (at: number, length: number): number => Math.min(length - 1, Math.max(0, at))

/** A Gaussian cut at three sigma, the border repeated. */
function blurred(plane: Plane, sigma: number): Plane {
  if (sigma === 0) return plane
  const reach = Math.ceil(3 * sigma)
  const weights = Array.from({ length: 2 * reach + 1 }, (_, at) => Math.exp(-((at - reach) ** 2) / (2 * sigma * sigma)))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const { width, height } = plane
  const along = (from: Float32Array, place: (x: number, y: number, step: number) => number): Float32Array => {
    const to = new Float32Array(from.length)
    for (let y = 0; y < height; y += 1)
      for (let x = 0; x < width; x += 1) {
        let total = 0
        for (let tap = -reach; tap <= reach; tap += 1) total += weights[tap + reach]! * from[place(x, y, tap)]!
        to[y * width + x] = total / sum
      }
    return to
  }
  const rows = along(plane.data, (x, y, step) => y * width + clamped(x + step, width))
  return { width, height, data: along(rows, (x, y, step) => clamped(y + step, height) * width + x) }
}

/** Steps to the neighbours across an edge: left and right, along the falling diagonal, up and down, along the rising one. */
const across = [
  [1, 0],
  [1, 1],
  [0, 1],
  [1, -1],
] as const

/** Sobel's steepness, an eighth of his sums so that a ramp of one level a pixel has 1, and which of `across` its direction is nearest to. */
function gradient({ width, height, data }: Plane): {
  width: number
  height: number
  steepness: Float32Array
  direction: Uint8Array
} {
  const steepness = new Float32Array(width * height)
  const direction = new Uint8Array(width * height)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const value = (right: number, down: number): number => data[clamped(y + down, height) * width + clamped(x + right, width)]!
      const dx = (value(1, -1) + 2 * value(1, 0) + value(1, 1) - value(-1, -1) - 2 * value(-1, 0) - value(-1, 1)) / 8
      const dy = (value(-1, 1) + 2 * value(0, 1) + value(1, 1) - value(-1, -1) - 2 * value(0, -1) - value(1, -1)) / 8
      steepness[y * width + x] = Math.hypot(dx, dy)
      direction[y * width + x] = (Math.round((4 * Math.atan2(dy, dx)) / Math.PI) + 8) % 4
    }
  return { width, height, steepness, direction }
}

/** Only ridges stay; of two equally steep neighbours the second does. */
function thinned(steepness: Float32Array, direction: Uint8Array, width: number, height: number): Float32Array {
  const ridges = new Float32Array(steepness.length)
  for (let y = 0; y < height; y += 1)
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x
      const [right, down] = across[direction[at]!]!
      const neighbour = (sign: 1 | -1): number => {
        const [nx, ny] = [x + sign * right, y + sign * down]
        return nx < 0 || ny < 0 || nx >= width || ny >= height ? 0 : steepness[ny * width + nx]!
      }
      if (steepness[at]! > neighbour(1) && steepness[at]! >= neighbour(-1)) ridges[at] = steepness[at]!
    }
  return ridges
}

/** Ridges above `high`, and those above `low` that hang together with them over any of the eight neighbours. */
function linked(ridges: Float32Array, width: number, height: number, low: number, high: number): Uint8Array {
  const edges = new Uint8Array(ridges.length)
  const open: number[] = []
  const take = (at: number): void => {
    edges[at] = 1
    open.push(at)
  }
  ridges.forEach((ridge, at) => ridge > high && take(at))
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [x, y] = [at % width, Math.floor(at / width)]
    for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny += 1)
      for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx += 1) {
        const next = ny * width + nx
        if (edges[next] === 0 && ridges[next]! > low) take(next)
      }
  }
  return edges
}
