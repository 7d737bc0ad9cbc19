/** Square matrices are row-major Float64Arrays of n * n values. */

/**
 * The eigenvalues of a symmetric matrix of order `n`, in no particular order: Householder reduction to tridiagonal form, then the implicit
 * QL iteration without vectors (Golub and Van Loan, sections 8.3.1 and 8.3.3). The matrix is overwritten.
 */
export function symmetricEigenvalues(matrix: Float64Array, n: number): Float64Array {
  const { diagonal, beside } = tridiagonalise(matrix, n)
  qlIteration(diagonal, beside)
  return diagonal
}

/** Reflects row after row, from the last, onto the element beside the diagonal. `beside[i]` couples i and i + 1. */
function tridiagonalise(matrix: Float64Array, n: number): { diagonal: Float64Array; beside: Float64Array } {
  const beside = new Float64Array(n)
  const product = new Float64Array(n)
  for (let last = n - 1; last >= 1; last -= 1) {
    const vector = matrix.subarray(last * n, last * n + last)
    let scale = 0
    for (const value of vector) scale = Math.max(scale, Math.abs(value))
    if (scale === 0) continue
    let squares = 0
    for (const value of vector) squares += (value / scale) ** 2
    const pivot = vector[last - 1]!
    const norm = scale * Math.sqrt(squares)
    beside[last - 1] = pivot > 0 ? -norm : norm
    if (last === 1) {
      beside[0] = pivot
      continue
    }
    vector[last - 1] = pivot - beside[last - 1]!
    // H = I - v v' / half, with half = v'v / 2.
    const half = norm * (norm + Math.abs(pivot))
    symmetricTimes(matrix, n, vector, product)
    let overlap = 0
    for (let i = 0; i < last; i += 1) {
      product[i]! /= half
      overlap += product[i]! * vector[i]!
    }
    overlap /= 2 * half
    for (let i = 0; i < last; i += 1) product[i]! -= overlap * vector[i]!
    for (let i = 0; i < last; i += 1) {
      const row = i * n
      const [v, p] = [vector[i]!, product[i]!]
      for (let j = 0; j <= i; j += 1) matrix[row + j]! -= v * product[j]! + p * vector[j]!
    }
  }
  return { diagonal: Float64Array.from({ length: n }, (_, i) => matrix[i * n + i]!), beside }
}

/** `product` = the leading block (its lower triangle) times `vector`. */
function symmetricTimes(matrix: Float64Array, n: number, vector: Float64Array, product: Float64Array): void {
  product.fill(0, 0, vector.length)
  for (let i = 0; i < vector.length; i += 1) {
    const row = i * n
    const v = vector[i]!
    let sum = matrix[row + i]! * v
    for (let j = 0; j < i; j += 1) {
      const value = matrix[row + j]!
      sum += value * vector[j]!
      product[j]! += value * v
    }
    product[i]! += sum
  }
}

/** Diagonalises the tridiagonal matrix in place with Wilkinson's shift. */
function qlIteration(diagonal: Float64Array, beside: Float64Array): void {
  const n = diagonal.length
  for (let first = 0; first < n; first += 1) {
    for (let turn = 0; ; turn += 1) {
      let end = first
      while (end < n - 1 && Math.abs(beside[end]!) > Number.EPSILON * (Math.abs(diagonal[end]!) + Math.abs(diagonal[end + 1]!)))
        end += 1
      if (end === first) break
      if (turn === 60) throw new Error('symmetricEigenvalues: no convergence')
      const slope = (diagonal[first + 1]! - diagonal[first]!) / (2 * beside[first]!)
      const root = Math.hypot(slope, 1)
      let bulge = diagonal[end]! - diagonal[first]! + beside[first]! / (slope + (slope < 0 ? -root : root))
      let [cosine, sine, shift] = [1, 1, 0]
      let i = end - 1
      for (; i >= first; i -= 1) {
        const f = sine * beside[i]!
        const b = cosine * beside[i]!
        const radius = Math.hypot(f, bulge)
        beside[i + 1] = radius
        if (radius === 0) {
          diagonal[i + 1]! -= shift
          beside[end] = 0
          break
        }
        sine = f / radius
        cosine = bulge / radius
        const gap = diagonal[i + 1]! - shift
        const next = (diagonal[i]! - gap) * sine + 2 * cosine * b
        shift = sine * next
        diagonal[i + 1] = gap + shift
        bulge = cosine * next - b
      }
      if (i >= first) continue
      diagonal[first]! -= shift
      beside[first] = bulge
      beside[end] = 0
    }
  }
}

/**
 * A factor of a symmetric positive semidefinite matrix S of order `n`: `rank` rows of n values with factor' factor = S, by Cholesky's method
 * with the largest remaining diagonal element as pivot. It stops where what remains is rounding.
 */
export function semidefiniteFactor(matrix: Float64Array, n: number): { factor: Float64Array; rank: number } {
  const factor = new Float64Array(n * n)
  const remaining = Float64Array.from({ length: n }, (_, i) => matrix[i * n + i]!)
  const tolerance = n * Number.EPSILON * remaining.reduce((largest, value) => Math.max(largest, value), 0)
  const done = new Uint8Array(n)
  let rank = 0
  for (; rank < n; rank += 1) {
    let pivot = -1
    for (let i = 0; i < n; i += 1) if (!done[i] && (pivot < 0 || remaining[i]! > remaining[pivot]!)) pivot = i
    if (!(remaining[pivot]! > tolerance)) break
    const row = factor.subarray(rank * n, rank * n + n)
    row.set(matrix.subarray(pivot * n, pivot * n + n))
    for (let k = 0; k < rank; k += 1) {
      const earlier = factor.subarray(k * n, k * n + n)
      const weight = earlier[pivot]!
      for (let j = 0; j < n; j += 1) row[j]! -= weight * earlier[j]!
    }
    const root = Math.sqrt(remaining[pivot]!)
    for (let j = 0; j < n; j += 1) {
      row[j] = done[j] ? 0 : row[j]! / root
      remaining[j]! -= row[j]! ** 2
    }
    row[pivot] = root
    done[pivot] = 1
  }
  return { factor: factor.slice(0, rank * n), rank }
}

/** The product of `a` (rows x inner) and the transpose of `b` (columns x inner): rows x columns. */
export function timesTransposed(a: Float64Array, b: Float64Array, inner: number): Float64Array {
  const rows = inner === 0 ? 0 : a.length / inner
  const columns = inner === 0 ? 0 : b.length / inner
  const out = new Float64Array(rows * columns)
  const block = 16
  for (let start = 0; start < columns; start += block) {
    const end = Math.min(start + block, columns)
    for (let i = 0; i < rows; i += 1) {
      const left = i * inner
      for (let j = start; j < end; j += 1) {
        const right = j * inner
        let sum = 0
        for (let k = 0; k < inner; k += 1) sum += a[left + k]! * b[right + k]!
        out[i * columns + j] = sum
      }
    }
  }
  return out
}
