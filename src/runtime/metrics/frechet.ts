import { UserError } from '../../errors.ts'
import { semidefiniteFactor, symmetricEigenvalues, timesTransposed } from './symmetric.ts'

/** What `frechet` computes, to be printed with its numbers. */
export const definition =
  'Frechet distance: |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2), unbiased covariances, in double precision; comparable only at the same features and sample set'

/** Mean (`dims`) and unbiased covariance (`dims` x `dims`, row-major) of `samples` feature vectors. */
export interface Moments {
  readonly samples: number
  readonly mean: Float64Array
  readonly covariance: Float64Array
}

/** A Frechet distance and whether it can be relied on; `reason` says why not. */
export interface FrechetDistance {
  readonly distance: number
  readonly reliable: boolean
  readonly reason?: string
}

/** The moments of `features`: samples x `dims`, row-major. Fewer than two samples or a value that is not finite are UserErrors. */
export function moments(features: ArrayLike<number>, dims: number): Moments {
  const { samples, mean, centred } = centre(features, dims)
  const columns = transposed(centred, samples, dims)
  return { samples, mean, covariance: timesTransposed(columns, columns, samples) }
}

/**
 * The Frechet distance of two sets of feature vectors (samples x `dims`, row-major, `dims` 2048 for FID). With A and B the centred
 * features over sqrt(n - 1), tr (S1 S2)^1/2 is the sum of the singular values of A B': exact where the covariances are singular too. There
 * pytorch-fid's square root of the product is inaccurate and, where it is not finite, taken again with 1e-6 added to both diagonals;
 * this form needs no such step and agrees with it where it is accurate. (Heusel et al. 2017; `calculate_frechet_distance` of pytorch-fid)
 */
export function frechet(featuresA: ArrayLike<number>, featuresB: ArrayLike<number>, dims: number): FrechetDistance {
  const a = centre(featuresA, dims)
  const b = centre(featuresB, dims)
  const fewest = Math.min(a.samples, b.samples)
  if (fewest > dims) return frechetFromMoments(moments(featuresA, dims), moments(featuresB, dims))
  const traces = sumOfSquares(a.centred) + sumOfSquares(b.centred)
  return judged(squaredGap(a.mean, b.mean) + traces - 2 * nuclearNorm(a.centred, b.centred, dims), fewest, dims)
}

/** The same from stored moments. Covariances are factored (S = F'F), so that only symmetric matrices meet the eigenvalue solver. */
export function frechetFromMoments(a: Moments, b: Moments): FrechetDistance {
  const dims = a.mean.length
  for (const { mean, covariance } of [a, b]) {
    if (mean.length !== dims || covariance.length !== dims * dims)
      throw new RangeError('frechet: the moments have different sizes')
    if (!allFinite(mean) || !allFinite(covariance)) throw new UserError('frechet: a moment is not a finite number')
  }
  const factorA = semidefiniteFactor(a.covariance, dims).factor
  const factorB = semidefiniteFactor(b.covariance, dims).factor
  const distance = squaredGap(a.mean, b.mean) + trace(a) + trace(b) - 2 * nuclearNorm(factorA, factorB, dims)
  return judged(distance, Math.min(a.samples, b.samples), dims)
}

function judged(distance: number, fewest: number, dims: number): FrechetDistance {
  if (fewest > dims) return { distance, reliable: true }
  const reason = `${fewest} samples for ${dims} features: the covariance is singular; compare only with the same sample set`
  return { distance, reliable: false, reason }
}

function centre(features: ArrayLike<number>, dims: number): { samples: number; mean: Float64Array; centred: Float64Array } {
  const samples = features.length / dims
  if (!Number.isInteger(samples)) throw new RangeError(`frechet: ${features.length} values are not rows of ${dims} features`)
  if (samples < 2) throw new UserError(`the Frechet distance needs at least two samples on each side, not ${samples}`)
  const mean = new Float64Array(dims)
  for (let i = 0; i < features.length; i += 1) mean[i % dims]! += features[i]!
  for (let j = 0; j < dims; j += 1) mean[j]! /= samples
  if (!allFinite(mean)) throw new UserError('the Frechet distance needs finite features; one is not a number or infinite')
  const scale = 1 / Math.sqrt(samples - 1)
  return { samples, mean, centred: Float64Array.from(features, (value, i) => (value - mean[i % dims]!) * scale) }
}

/** The sum of the singular values of a b': the roots of the eigenvalues of the smaller of its two Gram matrices. */
function nuclearNorm(a: Float64Array, b: Float64Array, dims: number): number {
  const [small, large] = a.length <= b.length ? [a, b] : [b, a]
  const rows = small.length / dims
  if (rows === 0) return 0
  const product = timesTransposed(small, large, dims)
  const gram = timesTransposed(product, product, large.length / dims)
  return symmetricEigenvalues(gram, rows).reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0)
}

function transposed(matrix: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(matrix.length)
  for (let i = 0; i < rows; i += 1) for (let j = 0; j < columns; j += 1) out[j * rows + i] = matrix[i * columns + j]!
  return out
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0)
}

function squaredGap(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0)
}

function trace({ mean, covariance }: Moments): number {
  return mean.reduce((sum, _, i) => sum + covariance[i * mean.length + i]!, 0)
}

function allFinite(values: Float64Array): boolean {
  return values.every((value) => Number.isFinite(value))
}
