/**
 * Functions that give the same bits on every machine and every version of Node: only integer operations, `+ - * /` are used, which are exact
 * by the standards (`Math.log` and `Math.exp` are not).
 */

const double = new Float64Array(1)
const halves = new Uint32Array(double.buffer)

/**
 * Natural logarithm of a positive normal number, to about 1e-16 relative: x = 2^e f with f in [sqrt(1/2), sqrt(2)),
 * log f = 2 atanh(s) with s = (f - 1) / (f + 1), |s| < 0.172, by its series to s^21.
 */
export function logarithm(x: number): number {
  double[0] = x
  let exponent = ((halves[1]! >>> 20) & 0x7ff) - 1023
  halves[1] = (halves[1]! & 0x000fffff) | (1023 << 20)
  let fraction = double[0]!
  if (fraction > Math.SQRT2) {
    fraction /= 2
    exponent += 1
  }
  const s = (fraction - 1) / (fraction + 1)
  const square = s * s
  let series = 0
  for (let n = 21; n >= 1; n -= 2) series = series * square + 1 / n
  return exponent * Math.LN2 + 2 * s * series
}

/** e to the power of a number of at most 700 in size, to about 1e-15 relative: a power of 2 times the series of what is left, to its 20th term. */
export function exponential(x: number): number {
  const power = Math.floor(x / Math.LN2 + 0.5)
  const rest = x - power * Math.LN2
  let series = 1
  for (let n = 20; n >= 1; n -= 1) series = 1 + (series * rest) / n
  halves[0] = 0
  halves[1] = (power + 1023) << 20
  return series * double[0]!
}
