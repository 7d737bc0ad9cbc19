import { describe, expect, test } from 'vitest'
import {
  add,
  asInteger,
  atLeast,
  bounds,
  ceilDiv,
  compare,
  constant,
  divide,
  divisible,
  evaluate,
  floorDiv,
  format,
  fromJSON,
  key,
  maximum,
  minimum,
  mod,
  mul,
  quotient,
  sub,
  substitute,
  symbol,
  symbols,
  toJSON,
} from '../../../src/compiler/shapes/size.ts'
import type { Size } from '../../../src/compiler/shapes/size.ts'

const n = constant
const h = symbol('h')
const w = symbol('w')
const q = symbol('q')
const dim = symbol('dim')
const plus = (a: Size, b: number): Size => add(a, n(b))
const times = (a: number, b: Size): Size => mul(n(a), b)

/** The size of an axis after a convolution or a pool (docs/language.md, Sizes). */
const window = (size: Size, kernel: number, stride: number, pad = 0, dilation = 1): Size =>
  plus(floorDiv(plus(size, 2 * pad - dilation * (kernel - 1) - 1), stride), 1)
const padTo = (size: Size, multiple: number): Size => times(multiple, ceilDiv(size, multiple))

describe('format', () => {
  const cases: [Size, string][] = [
    [n(0), '0'],
    [n(-3), '-3'],
    [plus(dim, 4), 'dim + 4'],
    [times(2, h), '2 * h'],
    [mul(w, h), 'h * w'],
    [add(n(3), mul(h, h)), 'h * h + 3'],
    [sub(w, h), 'w - h'],
    [sub(n(1), h), '1 - h'],
    [sub(n(0), times(2, h)), '-2 * h'],
    [padTo(h, 8), '8 * ceil(h / 8)'],
    [floorDiv(h, 2), 'floor(h / 2)'],
    [window(h, 3, 2, 1), 'ceil(h / 2)'],
    [window(h, 3, 2), 'ceil(h / 2) - 1'],
    [window(h, 2, 4), 'floor((h + 2) / 4)'],
    [floorDiv(times(2, h), 3), 'floor(2 * h / 3)'],
    [ceilDiv(add(h, w), 4), 'ceil((h + w) / 4)'],
    [mod(h, 8), 'h - 8 * floor(h / 8)'],
    [add(h, floorDiv(h, 2)), 'h + floor(h / 2)'],
    [minimum(h, w), 'min(h, w)'],
    [maximum(plus(h, 1), w), 'max(h + 1, w)'],
    [times(8, quotient('h', 8)), 'h'],
    [times(16, quotient('h', 8)), '2 * h'],
    [times(4, quotient('h', 8)), '4 * (h / 8)'],
    [symbol('lfi.heads'), 'lfi.heads'],
  ]
  test.each(cases)('%#: %s', (size, text) => expect(format(size)).toBe(text))
})

describe('canonical form: equal sizes have equal keys', () => {
  const cases: [string, Size, Size][] = [
    ['sums commute', add(h, w), add(w, h)],
    ['products distribute', mul(plus(h, 1), plus(w, 2)), plus(add(add(mul(h, w), times(2, h)), w), 2)],
    ['terms cancel', sub(add(h, w), w), h],
    ['multiples are taken out', floorDiv(plus(times(8, h), 16), 8), plus(h, 2)],
    ['multiples, also negative ones', floorDiv(plus(h, -1), 2), plus(floorDiv(plus(h, 1), 2), -1)],
    ['a remaining constant vanishes', floorDiv(plus(times(8, h), 7), 8), h],
    ['what is common is cancelled', floorDiv(plus(times(6, h), 5), 9), floorDiv(plus(times(2, h), 1), 3)],
    ['floors merge', floorDiv(plus(floorDiv(h, 2), 3), 4), floorDiv(plus(h, 6), 8)],
    ['floors merge with other symbols beside', floorDiv(add(floorDiv(h, 2), w), 3), floorDiv(add(h, times(2, w)), 6)],
    ['floors merge, three deep', floorDiv(floorDiv(floorDiv(h, 2), 2), 2), floorDiv(h, 8)],
    ['ceil twice', ceilDiv(ceilDiv(h, 2), 4), ceilDiv(h, 8)],
    ['mod of what is padded', mod(padTo(h, 8), 4), n(0)],
    ['mod of a constant', mod(n(-3), 8), n(5)],
    ['min commutes', minimum(h, w), minimum(w, h)],
    ['min is decided by bounds', minimum(h, plus(h, 3)), h],
    ['max is decided by bounds', maximum(floorDiv(h, 2), h), h],
    ['min of min', minimum(h, minimum(h, w)), minimum(h, w)],
    ['max of numbers', maximum(n(3), n(5)), n(5)],
    ['a multiple is padded to itself', substitute(padTo(h, 8), { h: times(8, quotient('h', 8)) }), times(8, quotient('h', 8))],
    [
      'a quotient is bound with its symbol',
      substitute(times(2, quotient('h', 8)), { h: padTo(w, 16) }),
      times(4, ceilDiv(w, 16)),
    ],
    ['symbols are replaced all at once', substitute(sub(h, w), { h: w, w: h }), sub(w, h)],
    ['within floors and extremes', substitute(minimum(floorDiv(h, 2), w), { h: n(9), w: n(7) }), n(4)],
    ['a quotient by one', quotient('h', 1), h],
  ]
  test.each(cases)('%s', (_, a, b) => {
    expect(key(a)).toBe(key(b))
    expect(compare(a, b)).toBe('equal')
  })

  test('symbols whose names look like other atoms stay apart', () => {
    const odd = [
      symbol('h/8'),
      quotient('h', 8),
      symbol('floor(h/8)'),
      floorDiv(h, 8),
      symbol('h*w'),
      mul(h, w),
      symbol('2'),
      n(2),
    ]
    expect(new Set(odd.map(key)).size).toBe(odd.length)
  })
})

describe('proofs', () => {
  const fact = (size: Size, name: string, by: number): Size => substitute(size, { [name]: times(by, quotient(name, by)) })

  test('a window partition of 8 * ceil(h / 8), through same convolutions and back', () => {
    const padded = padTo(h, 8)
    const convolved = window(window(padded, 3, 1, 1), 5, 1, 2)
    expect(compare(convolved, padded)).toBe('equal')
    const windows = divide(convolved, n(8))!
    expect(format(windows)).toBe('ceil(h / 8)')
    expect(compare(times(8, windows), padded)).toBe('equal')
    expect(divisible(convolved, 8)).toBe('yes')
  })

  test('an unpadded picture does not divide into windows unless it is said to', () => {
    expect(divide(h, n(8))).toBeUndefined()
    expect(divisible(h, 8)).toBe('unknown')
    expect(format(divide(fact(h, 'h', 8), n(8))!)).toBe('(h / 8)')
    expect(divisible(fact(h, 'h', 8), 8)).toBe('yes')
  })

  const down = (size: Size): Size => window(window(size, 4, 2, 1), 1, 1)
  const skip = (size: Size): Size => window(size, 1, 2)

  test("Li's down, skip, up and shuffle agree behind pad_to(16)", () => {
    const whole = padTo(h, 16)
    const levels = [whole]
    for (let i = 0; i < 4; i++) {
      const above = levels.at(-1)!
      expect(compare(down(above), skip(above))).toBe('equal')
      levels.push(down(above))
    }
    for (const i of [3, 2, 1, 0]) expect(compare(times(2, levels[i + 1]!), levels[i]!)).toBe('equal')
    expect(bounds(sub(whole, h)).min).toBe(0) // so that the crop fits
  })

  test('without the padding they are rightly not equal', () => {
    expect(compare(down(h), skip(h))).toBe('unknown')
    expect(compare(times(2, down(h)), h)).toBe('unknown')
  })

  test('Inception-v3 on 299', () => {
    const steps: [number, number, number][] = [[3, 2, 0], [3, 1, 0], [3, 1, 1], [3, 2, 0], [1, 1, 0], [3, 1, 0], [3, 2, 0], [3, 2, 0], [3, 2, 0]] // prettier-ignore
    const sizes: (number | undefined)[] = []
    let size = n(299)
    for (const [kernel, stride, pad] of steps) {
      size = window(size, kernel, stride, pad)
      sizes.push(asInteger(size))
    }
    expect(sizes).toEqual([149, 147, 147, 73, 73, 71, 35, 17, 8])
  })

  test('dilated and strided windows merge into one floor', () => {
    expect(format(window(window(h, 3, 2, 1), 3, 2, 1))).toBe('ceil(h / 4)')
    expect(compare(window(h, 3, 1, 2, 2), h)).toBe('equal')
  })
})

describe('divide', () => {
  const cases: [Size, Size, string | undefined][] = [
    [plus(times(8, h), 16), n(8), 'h + 2'],
    [plus(times(8, h), 4), n(8), undefined],
    [mul(h, w), h, 'w'],
    [add(mul(h, w), times(3, h)), h, 'w + 3'],
    [plus(mul(h, w), 3), h, undefined],
    [sub(mul(h, h), mul(w, w)), add(h, w), 'h - w'],
    [mul(plus(h, 1), plus(w, 2)), plus(w, 2), 'h + 1'],
    [q, mul(h, w), undefined],
    [n(12), n(-4), '-3'],
    [n(0), h, '0'],
    [h, n(0), undefined],
    [mul(padTo(h, 8), padTo(w, 8)), n(64), 'ceil(h / 8) * ceil(w / 8)'],
    [mul(padTo(h, 8), w), ceilDiv(h, 8), '8 * w'],
  ]
  test.each(cases)('%#', (size, by, expected) => {
    const result = divide(size, by)
    expect(result && format(result)).toBe(expected)
  })
})

describe('divisible', () => {
  const cases: [Size, number, string][] = [
    [n(64), 6, 'no'],
    [n(64), 8, 'yes'],
    [n(-64), 8, 'yes'],
    [plus(times(4, h), 2), 2, 'yes'],
    [plus(times(4, h), 2), 4, 'no'],
    [plus(times(4, h), 1), 6, 'no'],
    [plus(times(4, h), 2), 6, 'unknown'],
    [h, 1, 'yes'],
  ]
  test.each(cases)('%#', (size, by, expected) => expect(divisible(size, by)).toBe(expected))
})

describe('compare and bounds', () => {
  const comparisons: [Size, Size, string][] = [
    [n(32), n(64), 'different'],
    [h, w, 'unknown'],
    [h, n(0), 'different'],
    [h, n(1), 'unknown'],
    [h, plus(h, 1), 'different'],
    [times(2, h), plus(times(2, w), 1), 'different'],
    [h, times(2, h), 'different'],
    [floorDiv(h, 2), h, 'different'],
    [ceilDiv(h, 2), h, 'unknown'],
    [mul(h, w), q, 'unknown'],
    [padTo(h, 8), h, 'unknown'],
    [minimum(h, w), plus(h, 1), 'different'],
  ]
  test.each(comparisons)('compare %#', (a, b, expected) => {
    expect(compare(a, b)).toBe(expected)
    expect(compare(b, a)).toBe(expected)
  })

  const limits: [string, Size, number, number][] = [
    ['a number', n(7), 7, 7],
    ['a symbol', h, 1, Infinity],
    ['a difference', sub(h, w), -Infinity, Infinity],
    ['a product', sub(mul(h, w), h), 0, Infinity],
    ['a remainder', mod(h, 8), 0, 7],
    ['padding', sub(padTo(h, 8), h), 0, 7],
    ['half is left', sub(h, floorDiv(h, 2)), 1, Infinity],
    ['halves', floorDiv(h, 2), 0, Infinity],
    ['two ceils', add(ceilDiv(h, 8), ceilDiv(w, 8)), 2, Infinity],
    ['a floor of a remainder', floorDiv(mod(h, 8), 2), 0, 3],
    ['a crop', sub(h, minimum(h, w)), 0, Infinity],
    ['the larger', sub(maximum(h, w), h), 0, Infinity],
    ['min against max', sub(maximum(h, w), minimum(h, w)), 0, Infinity],
    ['min against a number', minimum(h, n(4)), 1, 4],
    ['a floor times a symbol', sub(mul(h, w), mul(floorDiv(h, 2), w)), 1, Infinity],
    ['downwards', sub(n(5), h), -Infinity, 4],
  ]
  test.each(limits)('bounds of %s', (_, size, min, max) => expect(bounds(size)).toEqual({ min, max }))

  const questions: [Size, number, string][] = [
    [padTo(h, 8), 8, 'always'],
    [h, 2, 'sometimes'],
    [sub(n(6), h), 7, 'never'],
    [sub(n(6), h), 6, 'never'],
    [sub(n(6), h), 5, 'sometimes'],
  ]
  test.each(questions)('atLeast %#', (size, least, expected) => expect(atLeast(size, least)).toBe(expected))
})

describe('values, names and JSON', () => {
  test('a quotient is evaluated from its symbol', () => expect(evaluate(plus(quotient('h', 8), 1), { h: 48 })).toBe(7))
  test('a symbol without value', () => expect(() => evaluate(h, { w: 1 })).toThrow(RangeError))
  test('names are not looked up in prototypes', () => expect(() => evaluate(symbol('toString'), {})).toThrow(RangeError))
  test('symbols', () =>
    expect(symbols(add(mul(w, floorDiv(h, 3)), add(minimum(q, dim), quotient('k', 2))))).toEqual(['dim', 'h', 'k', 'q', 'w']))
  test.each([0, -2, 1.5, NaN])('dividing by %s', (by) => expect(() => floorDiv(h, by)).toThrow(RangeError))
  test('coefficients stay exact or are refused', () => expect(() => mul(n(2 ** 40), times(2 ** 40, h))).toThrow(RangeError))

  const written: [Size, unknown][] = [
    [n(-4), -4],
    [h, 'h'],
    [plus(times(2, mul(h, w)), 4), ['+', [2, 'h', 'w'], [4]]],
    [padTo(h, 8), ['+', [8, ['floor', ['+', [1, 'h'], [7]], 8]]]],
    [minimum(h, quotient('w', 2)), ['min', 'h', ['/', 'w', 2]]],
    [maximum(h, w), ['max', 'h', 'w']],
  ]
  test.each(written)('JSON %#', (size, data) => {
    expect(toJSON(size)).toEqual(data)
    expect(key(fromJSON(JSON.parse(JSON.stringify(data))))).toBe(key(size))
  })

  const broken = [null, 1.5, {}, [], ['+', 3], ['+', [1.5]], ['floor', 'h', 0], ['min', 'h'], ['?', 1, 2], ['/', 3, 4]]
  test.each(broken.map((data) => ({ data })))('not a size: $data', ({ data }) => expect(() => fromJSON(data)).toThrow(TypeError))
})

describe('random expressions', () => {
  /** Mulberry32: the same expressions in every run. */
  function generator(seed: number): (below: number) => number {
    return (below) => {
      seed = (seed + 0x6d2b79f5) | 0
      let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      return ((t ^ (t >>> 14)) >>> 0) % below
    }
  }

  type Env = Record<string, number>
  interface Sample {
    readonly size: Size
    readonly direct: (env: Env) => number
  }
  const names = ['a', 'b', 'c']

  function randomSample(random: (below: number) => number, depth: number): Sample {
    const leaf = depth === 0 ? random(2) : random(11)
    if (leaf === 0) {
      const value = random(21) - 6
      return { size: n(value), direct: () => value }
    }
    if (leaf === 1) {
      const name = names[random(names.length)]!
      return { size: symbol(name), direct: (env) => env[name]! }
    }
    const a = randomSample(random, depth - 1)
    const by = random(6) + 1
    if (leaf < 6) {
      const rounded = [
        { size: floorDiv(a.size, by), direct: (env: Env) => Math.floor(a.direct(env) / by) },
        { size: ceilDiv(a.size, by), direct: (env: Env) => Math.ceil(a.direct(env) / by) },
        { size: mod(a.size, by), direct: (env: Env) => a.direct(env) - by * Math.floor(a.direct(env) / by) },
        { size: times(by, a.size), direct: (env: Env) => by * a.direct(env) },
      ]
      return rounded[leaf - 2]!
    }
    const b = randomSample(random, depth - 1)
    const joined = [
      { size: add(a.size, b.size), direct: (env: Env) => a.direct(env) + b.direct(env) },
      { size: sub(a.size, b.size), direct: (env: Env) => a.direct(env) - b.direct(env) },
      { size: mul(a.size, b.size), direct: (env: Env) => a.direct(env) * b.direct(env) },
      { size: minimum(a.size, b.size), direct: (env: Env) => Math.min(a.direct(env), b.direct(env)) },
      { size: maximum(a.size, b.size), direct: (env: Env) => Math.max(a.direct(env), b.direct(env)) },
    ]
    return joined[leaf - 6]!
  }

  const randomEnv = (random: (below: number) => number): Env =>
    Object.fromEntries(names.map((name) => [name, random(3) === 0 ? 1 : random(60) + 1]))

  test('the canonical form has the value of the expression, within its bounds; compare, divide and divisible are never wrong', () => {
    const random = generator(20240611)
    const answers = { equal: 0, different: 0, unknown: 0, divided: 0 }
    for (let i = 0; i < 1500; i++) {
      const a = randomSample(random, 3)
      const b = randomSample(random, 3)
      const verdict = compare(a.size, b.size)
      const { min, max } = bounds(a.size)
      const ratio = divide(a.size, b.size)
      const byThree = divisible(a.size, 3)
      answers[verdict]++
      if (ratio) answers.divided++
      expect(key(fromJSON(toJSON(a.size)))).toBe(key(a.size))
      for (let j = 0; j < 12; j++) {
        const env = randomEnv(random)
        const left = a.direct(env) + 0 // never -0
        const right = b.direct(env) + 0
        expect(evaluate(a.size, env), format(a.size)).toBe(left)
        expect(min, format(a.size)).toBeLessThanOrEqual(left)
        expect(max, format(a.size)).toBeGreaterThanOrEqual(left)
        if (verdict === 'equal') expect(left).toBe(right)
        if (verdict === 'different') expect(left).not.toBe(right)
        if (ratio) expect(evaluate(ratio, env) * right + 0).toBe(left)
        if (byThree === 'yes') expect(Math.abs(left % 3)).toBe(0)
        if (byThree === 'no') expect(Math.abs(left % 3)).not.toBe(0)
        const shifted = Object.fromEntries(names.map((name) => [name, plus(times(2, symbol(name)), 1)]))
        const twice = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, 2 * value + 1]))
        if (j === 0) expect(evaluate(substitute(a.size, shifted), env)).toBe(a.direct(twice) + 0)
      }
    }
    for (const count of Object.values(answers)) expect(count).toBeGreaterThan(20)
  })

  test('ten thousand convolutions are a matter of milliseconds', () => {
    const start = performance.now()
    for (let i = 0; i < 10_000; i++) compare(window(padTo(h, 16), 4, 2, 1), window(padTo(h, 16), 1, 2))
    expect(performance.now() - start).toBeLessThan(2000)
  })
})
