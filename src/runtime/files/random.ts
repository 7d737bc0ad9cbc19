import { createHash } from 'node:crypto'
import { logarithm } from './exact.ts'

/**
 * A seeded generator whose whole state is a short list of numbers. The same seed gives the same values on every machine
 * and every version of Node: only integer operations, `+ - * /` and `Math.sqrt` are used, which are exact by the standards
 * (`Math.log` and `Math.cos` are not).
 */
export interface Random {
  /** 32 random bits as an integer in 0 .. 2^32 - 1. */
  bits(): number
  /** A real in [from, to), of 53 random bits; default [0, 1). */
  uniform(from?: number, to?: number): number
  /** A normally distributed real; default mean 0, standard deviation 1. */
  normal(mean?: number, std?: number): number
  /** An integer in 0 .. n - 1, without bias; `n` in 1 .. 2^32. */
  int(n: number): number
  /** One element of a list that is not empty. */
  pick<T>(list: readonly T[]): T
  /** Shuffles in place and gives the same array back. */
  shuffle<T extends unknown[] | Int32Array | Float32Array | Uint8Array>(array: T): T
  /** `k` different integers of 0 .. n - 1 in random order; `k` at most `n`. */
  sample(n: number, k: number): Int32Array
  /** Everything needed to go on from here, for `createRandom`; survives JSON. */
  state(): number[]
  /** An independent generator that depends on the seed and the label only, not on what was drawn before. */
  split(label: string): Random
}

type Words = readonly [number, number, number, number]

function words(text: string): Words {
  const digest = createHash('sha256').update(text).digest()
  return [digest.readUInt32LE(0), digest.readUInt32LE(4), digest.readUInt32LE(8), digest.readUInt32LE(12)]
}

/**
 * A generator from a seed (a safe integer), or one that goes on where `state()` was taken.
 * xoshiro128** 1.1 (Blackman and Vigna, 2018); the seed is spread over its 128 bits by SHA-256.
 * @throws RangeError when the seed is no safe integer or the list is not a state.
 */
export function createRandom(seed: number | readonly number[]): Random {
  if (typeof seed === 'number') {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`the seed ${seed} is not an integer`)
    const key = words(`seed ${seed}`)
    return generator(key, key, undefined)
  }
  const [a, b, c, d, e, f, g, h, spare] = seed
  const wordsOk = seed.slice(0, 8).every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32)
  if ((seed.length !== 8 && seed.length !== 9) || !wordsOk || (spare !== undefined && !Number.isFinite(spare))) {
    throw new RangeError('not the state of a generator')
  }
  if ([a, b, c, d].every((word) => word === 0)) throw new RangeError('not the state of a generator: all zero')
  return generator([a!, b!, c!, d!], [e!, f!, g!, h!], spare)
}

/** @param key what `split` derives from; @param spare the second value of the last pair that `normal` made, not used yet. */
function generator([s0, s1, s2, s3]: Words, key: Words, spare: number | undefined): Random {
  const bits = (): number => {
    const scrambled = Math.imul(s1, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const shifted = s1 << 9
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= shifted
    s3 = (s3 << 11) | (s3 >>> 21)
    return result
  }

  const uniform = (from = 0, to = 1): number => {
    const unit = ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53
    return from + (to - from) * unit
  }

  /** The polar method of Marsaglia: pairs, of which the second is kept for the next call. */
  const standardNormal = (): number => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    for (;;) {
      const x = uniform(-1, 1)
      const y = uniform(-1, 1)
      const square = x * x + y * y
      if (square >= 1 || square === 0) continue
      const factor = Math.sqrt((-2 * logarithm(square)) / square)
      spare = y * factor
      return x * factor
    }
  }

  const int = (n: number): number => {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`int(${n}): n must be an integer in 1 .. 2^32`)
    const limit = 2 ** 32 - (2 ** 32 % n)
    for (;;) {
      const value = bits()
      if (value < limit) return value % n
    }
  }

  return {
    bits,
    uniform,
    normal: (mean = 0, std = 1) => mean + std * standardNormal(),
    int,
    pick: (list) => {
      if (list.length === 0) throw new RangeError('pick from an empty list')
      return list[int(list.length)]!
    },
    shuffle: (array) => {
      for (let last = array.length - 1; last > 0; last -= 1) {
        const other = int(last + 1)
        const kept = array[last]
        array[last] = array[other]
        array[other] = kept
      }
      return array
    },
    sample: (n, k) => {
      if (!Number.isInteger(k) || k < 0 || k > n) throw new RangeError(`sample(${n}, ${k}): cannot take ${k} of ${n}`)
      const all = Int32Array.from({ length: n }, (_, index) => index)
      for (let place = 0; place < k; place += 1) {
        const other = place + int(n - place)
        const kept = all[place]!
        all[place] = all[other]!
        all[other] = kept
      }
      return all.slice(0, k)
    },
    state: () => [s0 >>> 0, s1 >>> 0, s2 >>> 0, s3 >>> 0, ...key, ...(spare === undefined ? [] : [spare])],
    split: (label) => {
      const derived = words(`split ${key.join(' ')} ${label}`)
      return generator(derived, derived, undefined)
    },
  }
}
