import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { definition, frechet, frechetFromMoments, moments } from '../../../src/runtime/metrics/frechet.ts'
import { semidefiniteFactor, symmetricEigenvalues, timesTransposed } from '../../../src/runtime/metrics/symmetric.ts'
import { fixtureFolders, fixtureValues } from '../data/fixtures.ts'

interface Values {
  frechet: Record<'full' | 'rank_deficient' | 'identical', { pytorch_fid: number; exact: number }>
  tolerances: { frechet_relative: number }
}

const parity = fixtureFolders('metrics').find(({ label }) => label === 'ARCHC_PARITY')?.folder

describe.skipIf(parity === undefined)('Frechet distance of stored features', () => {
  const features = (name: string): Float32Array => tensor(join(parity!, 'io.safetensors'), name)
  const values = (): Values => fixtureValues<Values>(parity!)

  test('more samples than features', () => {
    const [a, b] = [features('frechet.full.a'), features('frechet.full.b')]
    const { frechet: expected, tolerances } = values()
    const found = frechet(a, b, 64)
    expect(found.reliable).toBe(true)
    expect(Math.abs(found.distance / expected.full.pytorch_fid - 1)).toBeLessThan(tolerances.frechet_relative)
    const { mean, covariance } = moments(a, 64)
    expect(largestGap(mean, features('frechet.full.mu_a'))).toBeLessThan(1e-6)
    expect(largestGap(covariance, features('frechet.full.sigma_a'))).toBeLessThan(1e-6)
    expect(frechet(a, a, 64).distance).toBeCloseTo(0, 9)
  })

  test('fewer samples than features: near the exact value, and said to be unreliable', () => {
    const [a, b] = [features('frechet.deficient.a'), features('frechet.deficient.b')]
    const { exact, pytorch_fid } = values().frechet.rank_deficient
    const tolerance = Math.max(Math.abs(pytorch_fid - exact) * 5, 1e-4)
    for (const found of [frechet(a, b, 64), frechetFromMoments(moments(a, 64), moments(b, 64))]) {
      expect(Math.abs(found.distance - exact)).toBeLessThan(tolerance)
      expect(found.reliable).toBe(false)
      expect(found.reason).toMatch(/^40 samples for 64 features: the covariance is singular/)
    }
  })
})

/** Deterministic values around 0. */
function noise(count: number, seed: number): Float64Array {
  let state = seed
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

describe('Frechet distance by hand', () => {
  test('one feature: (m1 - m2)^2 + (s1 - s2)^2', () => {
    // Means 2 and 7, unbiased variances 4 and 1 (standard deviations 2 and 1).
    const { distance, reliable } = frechet([0, 2, 4], [6, 7, 8], 1)
    expect(distance).toBeCloseTo(25 + 1, 12)
    expect(reliable).toBe(true)
  })

  test('diagonal covariances: each feature by itself', () => {
    const diagonal = (a: number, b: number): Float64Array => Float64Array.of(a, 0, 0, b)
    const a = { samples: 9, mean: Float64Array.of(0, 0), covariance: diagonal(4, 9) }
    const b = { samples: 9, mean: Float64Array.of(1, 0), covariance: diagonal(1, 0) }
    expect(frechetFromMoments(a, b).distance).toBeCloseTo(1 + (2 - 1) ** 2 + 9, 12)
  })

  test('covariances that do not commute: 2 x 2, by trace and determinant', () => {
    // tr (S1 S2)^1/2 = sqrt(tr(S1 S2) + 2 sqrt(det S1 det S2)) for 2 x 2; S1 = (2 1; 1 2), S2 = (3 0; 0 1).
    const a = { samples: 9, mean: new Float64Array(2), covariance: Float64Array.of(2, 1, 1, 2) }
    const b = { samples: 9, mean: new Float64Array(2), covariance: Float64Array.of(3, 0, 0, 1) }
    expect(frechetFromMoments(a, b).distance).toBeCloseTo(4 + 4 - 2 * Math.sqrt(8 + 2 * Math.sqrt(3 * 3)), 12)
  })

  test('from features and from moments alike, and symmetric', () => {
    const [a, b] = [noise(30 * 12, 1), noise(25 * 12, 2)]
    const { distance } = frechet(a, b, 12)
    expect(frechetFromMoments(moments(a, 12), moments(b, 12)).distance).toBeCloseTo(distance, 10)
    expect(frechet(b, a, 12).distance).toBeCloseTo(distance, 10)
    const [few, others] = [a.subarray(0, 60), b.subarray(0, 84)]
    expect(frechetFromMoments(moments(few, 12), moments(others, 12)).distance).toBeCloseTo(frechet(few, others, 12).distance, 6)
  })

  test('as many samples as features is not enough', () => {
    expect(frechet(noise(16, 1), noise(40, 2), 4)).toMatchObject({ reliable: false })
    expect(frechet(noise(20, 1), noise(40, 2), 4)).toMatchObject({ reliable: true })
  })

  test('sets of equal samples have no spread', () => {
    expect(frechet([1, 2, 1, 2], [1, 3, 1, 3], 2).distance).toBe(1)
  })

  test('what cannot be computed', () => {
    expect(() => frechet([1, 2], [1, 2, 3, 4], 2)).toThrow(UserError)
    expect(() => frechet([1, NaN, 3, 4], [1, 2, 3, 4], 2)).toThrow(/finite features/)
    expect(() => frechet([1, 2, 3], [1, 2, 3, 4], 2)).toThrow(RangeError)
  })
})

describe('symmetric matrices', () => {
  test.each([1, 2, 3, 10, 40])('eigenvalues of order %i keep the trace and the sum of squares', (n) => {
    const half = noise(n * n, n)
    const matrix = Float64Array.from({ length: n * n }, (_, i) => half[i]! + half[(i % n) * n + Math.floor(i / n)]!)
    const values = symmetricEigenvalues(matrix.slice(), n)
    const trace = Array.from({ length: n }, (_, i) => matrix[i * n + i]!).reduce((sum, value) => sum + value, 0)
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(trace, 10)
    const squares = (of: Float64Array): number => of.reduce((sum, value) => sum + value * value, 0)
    expect(squares(values)).toBeCloseTo(squares(matrix), 9)
  })

  test('known eigenvalues: the second difference, 2 - 2 cos(k pi / (n + 1))', () => {
    const n = 9
    const at = (i: number, j: number): number => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)
    const matrix = Float64Array.from({ length: n * n }, (_, i) => at(Math.floor(i / n), i % n))
    const found = [...symmetricEigenvalues(matrix, n)].sort((a, b) => a - b)
    found.forEach((value, k) => expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 12))
  })

  test('a zero matrix, repeated and negative eigenvalues', () => {
    expect([...symmetricEigenvalues(new Float64Array(9), 3)]).toEqual([0, 0, 0])
    const ones = new Float64Array(16).fill(-1)
    const found = [...symmetricEigenvalues(ones, 4)].sort((a, b) => a - b)
    ;[-4, 0, 0, 0].forEach((value, i) => expect(found[i]).toBeCloseTo(value, 12))
  })

  test('a factor of rank 3 gives the matrix back', () => {
    const columns = noise(8 * 3, 4)
    const matrix = timesTransposed(columns, columns, 3)
    const { factor, rank } = semidefiniteFactor(matrix, 8)
    expect(rank).toBe(3)
    const transposed = Float64Array.from({ length: 8 * rank }, (_, i) => factor[(i % rank) * 8 + Math.floor(i / rank)]!)
    expect(largestGap(timesTransposed(transposed, transposed, rank), matrix)).toBeLessThan(1e-13)
  })
})

test('the definition names the covariances', () => expect(definition).toContain('unbiased covariances'))

function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length)
  return Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0)
}

/** A float32 tensor of a safetensors file. */
function tensor(file: string, name: string): Float32Array {
  const bytes = readFileSync(file)
  const length = Number(bytes.readBigUInt64LE(0))
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<string, { data_offsets: [number, number] }>
  const [start, end] = header[name]!.data_offsets
  return new Float32Array(Uint8Array.from(bytes.subarray(8 + length + start, 8 + length + end)).buffer)
}
