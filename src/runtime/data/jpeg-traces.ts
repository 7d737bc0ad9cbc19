import type { Stored } from './colours.ts'
import { qualityOf, type Compression } from './compression.ts'

/** 8-bit samples, as they were stored. */
export type Samples = Pick<Stored, 'width' | 'height' | 'space' | 'samples'>

/**
 * Whether a picture was a JPEG before, and of which quality. Its cosine coefficients are then multiples of the steps that it was stored
 * with, on the grid of 8 x 8 blocks that it had, wherever the picture was cut since: that grid and those steps are looked for. A picture
 * that was resized, sharpened or given other colours afterwards no longer shows them.
 */
export function jpegTraces(picture: Samples): Compression | undefined {
  const found = planesOf(picture)
    .map(stepsIn)
    .sort((a, b) => b.evidence - a.evidence)[0]
  if (!found || found.evidence < enoughEvidence || found.steps.filter(Boolean).length < enoughSteps) return undefined
  return { kind: 'jpeg', quality: qualityOf(found.steps), from: 'pixels' }
}

/** What was compressed, in levels of 255. */
interface Plane {
  readonly width: number
  readonly height: number
  level(pixel: number): number
}

/** Brightness, as most JPEGs have it, and green, for slides whose JPEGs hold red, green and blue. */
function planesOf({ width, height, space, samples }: Samples): Plane[] {
  const plane = (level: Plane['level']): Plane => ({ width, height, level })
  if (space === 'GRAY') return [plane((pixel) => samples[pixel]!)]
  if (space === 'CMYK') return []
  return [
    plane((pixel) => 0.299 * samples[3 * pixel]! + 0.587 * samples[3 * pixel + 1]! + 0.114 * samples[3 * pixel + 2]!),
    plane((pixel) => samples[3 * pixel + 1]!),
  ]
}

interface Steps {
  /** Undefined where it is not known. */
  readonly steps: readonly (number | undefined)[]
  /** Logarithm of how much likelier the coefficients are with these steps than without any. */
  readonly evidence: number
}

/** e^30 to one does not come about by chance, though 64 grids, two planes and two noises are tried. */
const enoughEvidence = 30
/** What is left of a JPEG that was made smaller, or of JPEG 2000, fits to some steps of five coefficients at most; a JPEG to most of its 63. */
const enoughSteps = 8
/** What a step must bring by itself: one of those that are tried always fits best. */
const evidenceForStep = Math.log(100) + 3
const gridBlocks = 200
const mostBlocks = 2000
/** Six by six. Of fewer, and of pictures of few colours, coefficients repeat and fit a step by chance. */
const fewestBlocks = 36
const triedSteps = Array.from({ length: 99 }, (_, at) => at + 2)
/** Standard deviations of what rounding to 8 bits and another picture's colours add to a coefficient: once, and where it was stored again. */
const triedNoises = [0.45, 1.2]
/** So many of a coefficient's values are of no step. */
const strayShare = 0.1

/** Bins of a coefficient's size. */
const binsPerLevel = 8
const binCount = 128 * binsPerLevel

function stepsIn(plane: Plane): Steps {
  const coefficients = blocks(plane, gridOf(plane), mostBlocks)
  const counts = Array.from({ length: 64 }, () => new Map<number, number>())
  if (coefficients.length >= 64 * fewestBlocks)
    coefficients.forEach((value, at) => {
      const bin = Math.round(Math.abs(value) * binsPerLevel)
      // A flat block's mean is a multiple of 8 whatever was done to it, so the first coefficient says nothing.
      if (at % 64 > 0 && bin < binCount) counts[at & 63]!.set(bin, (counts[at & 63]!.get(bin) ?? 0) + 1)
    })
  return triedNoises
    .map((_, noise) => {
      const best = counts.map((each) => bestStep(each, noise))
      return {
        steps: best.map(({ step, evidence }) => (evidence > 0 ? step : undefined)),
        evidence: best.reduce((sum, { evidence }) => sum + evidence, 0),
      }
    })
    .reduce((one, other) => (other.evidence > one.evidence ? other : one))
}

/** The step that fits a coefficient best, and how much better than a step does that fits by chance. */
function bestStep(counts: ReadonlyMap<number, number>, noise: number): { readonly step: number; readonly evidence: number } {
  let best = { step: 0, evidence: 0 }
  for (const [at, step] of triedSteps.entries()) {
    const table = tables()[noise]![at]!
    let evidence = -evidenceForStep
    for (const [bin, count] of counts) evidence += count * table[bin]!
    if (evidence > best.evidence) best = { step, evidence }
  }
  return best
}

let likelihoods: readonly (readonly Float32Array[])[] | undefined

/** By noise, step and bin: how much likelier a coefficient is around multiples of the step than anywhere. Those that became 0 say nothing. */
const tables = (): readonly (readonly Float32Array[])[] =>
  (likelihoods ??= triedNoises.map((noise) =>
    triedSteps.map((step) =>
      Float32Array.from({ length: binCount }, (_, bin) => {
        const size = bin / binsPerLevel
        if (size < step / 2) return 0
        const away = (size - Math.round(size / step) * step) / noise
        return Math.log((((1 - strayShare) * step) / (noise * Math.sqrt(2 * Math.PI))) * Math.exp(-(away ** 2) / 2) + strayShare)
      }),
    ),
  ))

type Grid = readonly [x: number, y: number]

/** Where blocks would begin: where most of their coefficients are nearly 0. */
function gridOf(plane: Plane): Grid {
  let best: { grid: Grid; zeros: number } = { grid: [0, 0], zeros: -1 }
  for (let y = 0; y < 8; y += 1)
    for (let x = 0; x < 8; x += 1) {
      const zeros = blocks(plane, [x, y], gridBlocks).reduce((sum, value) => (Math.abs(value) < 0.7 ? sum + 1 : sum), 0)
      if (zeros > best.zeros) best = { grid: [x, y], zeros }
    }
  return best.grid
}

const cosines = Float32Array.from({ length: 64 }, (_, at) => {
  const [u, x] = [at >> 3, at & 7]
  return Math.cos(((2 * x + 1) * u * Math.PI) / 16) * (u === 0 ? Math.SQRT1_2 : 1) * 0.5
})

/** Cosine coefficients of at most `most` blocks, evenly over the plane: 64 each, row by row. */
function blocks({ width, height, level }: Plane, [x, y]: Grid, most: number): Float32Array {
  const [columns, rows] = [Math.floor((width - x) / 8), Math.floor((height - y) / 8)]
  const all = Math.max(0, columns) * Math.max(0, rows)
  const count = Math.min(all, most)
  const out = new Float32Array(count * 64)
  const levels = new Float32Array(8)
  const along = new Float32Array(64)
  for (let k = 0; k < count; k += 1) {
    const block = Math.floor(((k + 0.5) * all) / count)
    const corner = (y + 8 * Math.floor(block / columns)) * width + x + 8 * (block % columns)
    for (let row = 0; row < 8; row += 1) {
      for (let i = 0; i < 8; i += 1) levels[i] = level(corner + row * width + i)
      for (let u = 0; u < 8; u += 1) {
        let sum = 0
        for (let i = 0; i < 8; i += 1) sum += cosines[8 * u + i]! * levels[i]!
        along[8 * row + u] = sum
      }
    }
    for (let v = 0; v < 8; v += 1)
      for (let u = 0; u < 8; u += 1) {
        let sum = 0
        for (let i = 0; i < 8; i += 1) sum += cosines[8 * v + i]! * along[8 * i + u]!
        out[64 * k + 8 * v + u] = sum
      }
  }
  return out
}
