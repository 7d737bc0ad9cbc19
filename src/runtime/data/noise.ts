import type { Random } from '../files/random.ts'
import type { Picture } from './picture.ts'

/** Adds to every sample a normal number of standard deviation `sigma` levels (of 255); `isGrey`: the same to all three of a pixel. */
export function gaussianNoise(picture: Picture, sigma: number, isGrey: boolean, random: Random): Picture {
  return added(picture, isGrey, () => sigma * random.normal())
}

/**
 * Counts light in portions of `scale` levels: a sample of level v becomes `scale` times a Poisson number of mean v / scale, so the noise has
 * variance scale * v. `isGrey`: the brightness (0.299 R + 0.587 G + 0.114 B) is counted, and what it gains all three samples gain.
 */
export function poissonNoise(picture: Picture, scale: number, isGrey: boolean, random: Random): Picture {
  const counts = Array.from<PoissonTable | undefined>({ length: 256 })
  return added(picture, isGrey, (level) => {
    if (level === 0) return 0
    return scale * draw((counts[level] ??= poissonTable(level / scale)), random.uniform()) - level
  })
}

/** Rounded to the nearest level. */
function added({ width, height, data }: Picture, isGrey: boolean, noise: (level: number) => number): Picture {
  const out = new Uint8Array(data.length)
  const round = (value: number): number => Math.min(255, Math.max(0, Math.floor(value + 0.5)))
  if (!isGrey) for (let at = 0; at < out.length; at += 1) out[at] = round(data[at]! + noise(data[at]!))
  else
    for (let at = 0; at < out.length; at += 3) {
      const same = noise(Math.floor(0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]! + 0.5))
      for (let channel = at; channel < at + 3; channel += 1) out[channel] = round(data[channel]! + same)
    }
  return { width, height, data: out }
}

/** How likely numbers from `first` on are, summed up. */
interface PoissonTable {
  readonly first: number
  readonly sums: Float64Array
}

/** Farther than so many standard deviations from its mean, and some more, a Poisson number is never met: less than 1e-15. */
const reach = 9

/** From the likeliest number outwards, each from its neighbour by one product: no logarithm, so it is the same on every machine. */
function poissonTable(mean: number): PoissonTable {
  const middle = Math.floor(mean)
  const away = Math.ceil(reach * Math.sqrt(mean)) + 30
  const first = Math.max(0, middle - away)
  const sums = new Float64Array(middle + away - first + 1)
  sums[middle - first] = 1
  for (let k = middle; k > first; k -= 1) sums[k - 1 - first] = (sums[k - first]! * k) / mean
  for (let k = middle + 1; k < first + sums.length; k += 1) sums[k - first] = (sums[k - 1 - first]! * mean) / k
  for (let at = 1; at < sums.length; at += 1) sums[at]! += sums[at - 1]!
  return { first, sums }
}

/** The number whose share of the whole begins at `unit`, in [0, 1). */
function draw({ first, sums }: PoissonTable, unit: number): number {
  const wanted = unit * sums.at(-1)!
  let [low, high] = [0, sums.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (sums[middle]! > wanted) high = middle
    else low = middle + 1
  }
  return first + low
}
