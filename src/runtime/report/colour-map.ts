/**
 * Sixteen equidistant colours of viridis (van der Walt and Smith, CC0): lightness rises evenly from dark violet to yellow, also for
 * people who do not tell red from green, and in print without colour.
 */
export const viridis: readonly (readonly [number, number, number])[] = [
  [68, 1, 84],
  [72, 26, 108],
  [71, 47, 125],
  [65, 68, 135],
  [57, 86, 140],
  [49, 104, 142],
  [42, 120, 142],
  [35, 136, 142],
  [31, 152, 139],
  [34, 168, 132],
  [53, 183, 121],
  [84, 197, 104],
  [122, 209, 81],
  [165, 219, 54],
  [210, 226, 27],
  [253, 231, 37],
]

/** The colour of a share of the way from the first colour of a map (0) to its last (1). */
export function colourAt(map: readonly (readonly [number, number, number])[], share: number): [number, number, number] {
  const place = Math.min(1, Math.max(0, share)) * (map.length - 1)
  const lower = Math.min(Math.floor(place), map.length - 2)
  const channel = (at: 0 | 1 | 2): number =>
    Math.round(map[lower]![at] + (map[lower + 1]![at] - map[lower]![at]) * (place - lower))
  return [channel(0), channel(1), channel(2)]
}

/** The 256 colours between the anchors, red, green and blue in turn. */
const table = Uint8Array.from(Array.from({ length: 256 }, (_, level) => colourAt(viridis, level / 255)).flat())

/** The absolute error of the pixel whose red value stands at `at`: a mean over the three channels, in levels of 255. */
function errorAt(sr: Uint8Array, hr: Uint8Array, at: number): number {
  return (Math.abs(sr[at]! - hr[at]!) + Math.abs(sr[at + 1]! - hr[at + 1]!) + Math.abs(sr[at + 2]! - hr[at + 2]!)) / 3
}

/**
 * A `max` for `errorMap` that uses the colours well: 99 of 100 pixels stay below it; a multiple of 8, at least 8. To compare pictures, take it
 * from one of them (bicubic) and draw all with it.
 * @param sr, hr RGB pictures of 8 bits and the same size.
 */
export function suggestErrorMax(sr: Uint8Array, hr: Uint8Array): number {
  const errors = Float32Array.from({ length: Math.floor(hr.length / 3) }, (_, pixel) => errorAt(sr, hr, pixel * 3)).sort()
  return Math.max(8, Math.ceil((errors[Math.floor(errors.length * 0.99)] ?? 0) / 8) * 8)
}

/**
 * The absolute error of each pixel, a mean over the three channels, as a viridis picture: 0 is dark violet, `max` and above is yellow.
 * @param sr, hr RGB pictures of 8 bits, `height * width * 3` values each.
 * @param options.max the error, in levels of 255, that gets the last colour.
 * @returns RGB, `height * width * 3` values.
 * @throws RangeError when the pictures do not have that size, or `max` is not positive.
 */
export function errorMap(
  sr: Uint8Array,
  hr: Uint8Array,
  width: number,
  height: number,
  options: { readonly max: number },
): Uint8Array {
  const { max } = options
  const size = width * height * 3
  if (sr.length !== size || hr.length !== size) {
    throw new RangeError(`error map of ${width} x ${height} from ${sr.length} and ${hr.length} values; ${size} are needed`)
  }
  if (!(max > 0)) throw new RangeError(`error map up to ${max}`)
  const map = new Uint8Array(size)
  for (let at = 0; at < size; at += 3) {
    const colour = Math.min(255, Math.round((errorAt(sr, hr, at) / max) * 255)) * 3
    map[at] = table[colour]!
    map[at + 1] = table[colour + 1]!
    map[at + 2] = table[colour + 2]!
  }
  return map
}
