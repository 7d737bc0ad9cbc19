import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/runtime/files/random.ts'

const draw = <T>(count: number, one: () => T): T[] => Array.from({ length: count }, one)
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

describe('known answers', () => {
  it('xoshiro128** from the state 1, 2, 3, 4, as the reference implementation', () => {
    const random = createRandom([1, 2, 3, 4, 0, 0, 0, 0])
    expect(draw(10, random.bits)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ])
  })

  it('stay what they are: a seed means the same in every version', () => {
    const random = createRandom(0)
    expect({
      bits: random.bits(),
      uniform: random.uniform(),
      normal: [random.normal(), random.normal()],
      int: random.int(10),
      sample: [...random.sample(10, 4)],
      shuffled: random.shuffle([0, 1, 2, 3, 4]),
      split: random.split('data').bits(),
    }).toMatchInlineSnapshot(`
      {
        "bits": 3128698408,
        "int": 1,
        "normal": [
          0.013096380008263261,
          1.1035451842530914,
        ],
        "sample": [
          5,
          9,
          8,
          7,
        ],
        "shuffled": [
          0,
          3,
          4,
          2,
          1,
        ],
        "split": 3349207567,
        "uniform": 0.8664183465704879,
      }
    `)
  })
})

describe('distributions', () => {
  it('uniform: mean, spread, range and 16 equal bins (chi-squared, 15 degrees, p = 0.001)', () => {
    const random = createRandom(1)
    const values = draw(100_000, () => random.uniform(2, 4))
    expect(values.every((value) => value >= 2 && value < 4)).toBe(true)
    expect(mean(values)).toBeCloseTo(3, 2)
    const bins = new Array<number>(16).fill(0)
    for (const value of values) bins[Math.floor((value - 2) * 8)]!++
    const expected = values.length / 16
    expect(bins.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)).toBeLessThan(37.7)
  })

  it('int: every value, without bias, also where n does not divide 2^32', () => {
    const random = createRandom(2)
    const counts = new Array<number>(7).fill(0)
    for (let turn = 0; turn < 70_000; turn++) counts[random.int(7)]!++
    expect(counts.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)).toBeLessThan(22.5)
    // With n = 3 * 2^30 a plain remainder would give the lowest third twice as often.
    const low = draw(10_000, () => random.int(3 * 2 ** 30)).filter((value) => value < 2 ** 30).length
    expect(Math.abs(low - 3333)).toBeLessThan(200)
  })

  it('normal: mean, standard deviation, skew, kurtosis and tails', () => {
    const random = createRandom(3)
    const values = draw(100_000, () => (random.normal(5, 2) - 5) / 2)
    expect(mean(values)).toBeCloseTo(0, 1.7)
    expect(mean(values.map((value) => value ** 2))).toBeCloseTo(1, 1.5)
    expect(mean(values.map((value) => value ** 3))).toBeCloseTo(0, 1)
    expect(Math.abs(mean(values.map((value) => value ** 4)) - 3)).toBeLessThan(0.15)
    const beyondTwo = values.filter((value) => Math.abs(value) > 2).length / values.length
    expect(beyondTwo).toBeCloseTo(0.0455, 2)
  })

  it('sample: different integers in range, each as often, all of them when k = n', () => {
    const random = createRandom(4)
    const counts = new Array<number>(10).fill(0)
    for (let turn = 0; turn < 20_000; turn++) {
      const taken = random.sample(10, 3)
      expect(new Set(taken).size).toBe(3)
      for (const value of taken) counts[value]!++
    }
    expect(counts.reduce((sum, count) => sum + (count - 6000) ** 2 / 6000, 0)).toBeLessThan(27.9)
    expect([...random.sample(50, 50)].sort((a, b) => a - b)).toEqual(draw(50, () => 0).map((_, index) => index))
    expect(random.sample(5, 0)).toEqual(new Int32Array(0))
  })

  it('shuffle: all six orders of three, each as often', () => {
    const random = createRandom(5)
    const counts = new Map<string, number>()
    for (let turn = 0; turn < 12_000; turn++) {
      const order = random.shuffle(['a', 'b', 'c']).join('')
      counts.set(order, (counts.get(order) ?? 0) + 1)
    }
    expect(counts.size).toBe(6)
    for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(180)
  })
})

describe('state', () => {
  it.each([0, 1, 2, 3, 17])('restored through JSON after %i normals, goes on bit for bit', (drawn) => {
    const random = createRandom(11)
    for (let turn = 0; turn < drawn; turn++) random.normal()
    const restored = createRandom(JSON.parse(JSON.stringify(random.state())) as number[])
    const use = (generator: typeof random) => [
      ...draw(5, () => generator.normal()),
      generator.uniform(),
      generator.int(1000),
      generator.split('x').uniform(),
      ...generator.state(),
    ]
    expect(use(restored)).toEqual(use(random))
  })

  it('taking it changes nothing', () => {
    const [watched, plain] = [createRandom(12), createRandom(12)]
    watched.state()
    expect(watched.bits()).toBe(plain.bits())
  })
})

describe('split', () => {
  it('depends on seed and label, not on what was drawn', () => {
    const random = createRandom(20)
    const before = random.split('crop').bits()
    draw(100, random.bits)
    expect(random.split('crop').bits()).toBe(before)
    expect(random.split('weights').bits()).not.toBe(before)
    expect(createRandom(21).split('crop').bits()).not.toBe(before)
  })

  it('gives generators that do not follow each other', () => {
    const random = createRandom(22)
    const [a, b] = [random.split('a'), random.split('b')]
    const pairs = draw(20_000, () => (a.uniform() - 0.5) * (b.uniform() - 0.5))
    expect(Math.abs(mean(pairs))).toBeLessThan(0.003)
    expect(random.split('a').split('b').bits()).not.toBe(random.split('b').split('a').bits())
  })
})

describe('misuse', () => {
  it.each<[string, () => unknown]>([
    ['a fractional seed', () => createRandom(1.5)],
    ['a seed that is NaN', () => createRandom(NaN)],
    ['a short state', () => createRandom([1, 2, 3])],
    ['a state of zeros', () => createRandom([0, 0, 0, 0, 0, 0, 0, 0])],
    ['a state with a negative word', () => createRandom([-1, 2, 3, 4, 5, 6, 7, 8])],
    ['int(0)', () => createRandom(0).int(0)],
    ['pick from nothing', () => createRandom(0).pick([])],
    ['more than there are', () => createRandom(0).sample(3, 4)],
  ])('%s is refused', (_case, action) => {
    expect(action).toThrow(RangeError)
  })
})
