import { describe, expect, test } from 'vitest'
import { parseRearrange, planEinsum, planRearrange } from '../../../src/compiler/shapes/pattern.ts'
import type { EinsumPlan, PlanError, RearrangePlan } from '../../../src/compiler/shapes/pattern.ts'
import { add, ceilDiv, constant, floorDiv, format, mul, symbol } from '../../../src/compiler/shapes/size.ts'
import type { Size } from '../../../src/compiler/shapes/size.ts'

const B = symbol('B')
const h = symbol('h')
const w = symbol('w')
const H = symbol('H')
const q = symbol('q')
const n = constant
const padded = (size: Size): Size => mul(n(8), ceilDiv(size, 8))
const texts = (sizes: readonly Size[]): string => sizes.map(format).join(', ')

function succeed<Plan extends object>(plan: Plan | PlanError): Plan {
  if ('kind' in plan) throw new Error(plan.kind)
  return plan
}

/** `kind: message [the part of the pattern it is about]` */
function complaint(pattern: string, plan: RearrangePlan | EinsumPlan | PlanError): string {
  if (!('kind' in plan)) throw new Error('no error')
  return `${plan.kind}: ${plan.kind === 'shape-unknown' ? plan.claim : plan.message} [${pattern.slice(plan.start, plan.end)}]`
}

describe('planRearrange', () => {
  const cases: [string, Size[], Record<string, Size>, { split: string; permute: number[]; merge: string }][] = [
    [
      'B (u i) (v j) c -> B u v (i j) c',
      [B, padded(h), padded(w), n(60)],
      { i: n(8), j: n(8) },
      {
        split: 'B, ceil(h / 8), 8, ceil(w / 8), 8, 60',
        permute: [0, 1, 3, 2, 4, 5],
        merge: 'B, ceil(h / 8), ceil(w / 8), 64, 60',
      },
    ],
    [
      'B u v head (i j) d -> B (u i) (v j) (head d)',
      [B, ceilDiv(h, 8), ceilDiv(w, 8), n(6), n(64), n(10)],
      { i: n(8), j: n(8) },
      {
        split: 'B, ceil(h / 8), ceil(w / 8), 6, 8, 8, 10',
        permute: [0, 1, 4, 2, 5, 3, 6],
        merge: 'B, 8 * ceil(h / 8), 8 * ceil(w / 8), 60',
      },
    ],
    [
      'B H W k (s n d) -> s B H W k n d',
      [B, h, w, n(10), n(128)],
      { s: n(2), n: n(8) },
      { split: 'B, h, w, 10, 2, 8, 8', permute: [4, 0, 1, 2, 3, 5, 6], merge: '2, B, h, w, 10, 8, 8' },
    ],
    ['n -> n 1', [n(64)], {}, { split: '64', permute: [0], merge: '64, 1' }],
    ['u v n -> u v 1 n 1', [h, w, n(64)], {}, { split: 'h, w, 64', permute: [0, 1, 2], merge: 'h, w, 1, 64, 1' }],
    ['B 1 c 1 -> c B', [B, n(1), n(3), n(1)], {}, { split: 'B, 3', permute: [1, 0], merge: '3, B' }],
    ['1 -> 1 1', [n(1)], {}, { split: '', permute: [], merge: '1, 1' }],
    [
      'B H W k c -> B H W (c k)',
      [B, h, w, n(9), n(64)],
      {},
      { split: 'B, h, w, 9, 64', permute: [0, 1, 2, 4, 3], merge: 'B, h, w, 576' },
    ],
    ['B (H W) c -> B H W c', [B, mul(h, w), n(3)], { H: h }, { split: 'B, h, w, 3', permute: [0, 1, 2, 3], merge: 'B, h, w, 3' }],
    ['(H W) -> W H', [mul(h, w)], { H: h, W: w }, { split: 'h, w', permute: [1, 0], merge: 'w, h' }],
    ['(a)->a', [h], {}, { split: 'h', permute: [0], merge: 'h' }],
    ['t (d a) -> t d a', [n(4), n(256)], { a: n(2), t: n(4) }, { split: '4, 128, 2', permute: [0, 1, 2], merge: '4, 128, 2' }],
  ]
  test.each(cases)('%s', (pattern, shape, given, expected) => {
    const plan = succeed(planRearrange(pattern, shape, given))
    expect({ split: texts(plan.split), permute: plan.permute, merge: texts(plan.merge) }).toEqual(expected)
  })

  test('the sizes of all names', () => {
    const { axes } = succeed(planRearrange('(b i) c -> b (i c)', [padded(h), n(3)], { i: n(8) }))
    expect([...axes].map(([name, size]) => `${name} = ${format(size)}`).sort()).toEqual(['b = ceil(h / 8)', 'c = 3', 'i = 8'])
  })

  const errors: [string, Size[], Record<string, Size>, string][] = [
    ['B h w c -> B w h c', [B, h, w, n(3), n(1)], {}, 'pattern-mismatch: the pattern has 4 axes and x has 5 [B h w c]'],
    ['B -> B 1', [B, h], {}, 'pattern-mismatch: the pattern has 1 axis and x has 2 [B]'],
    ['B h k -> B h', [B, h, n(9)], {}, 'pattern-mismatch: axis k is on the left only [k]'],
    ['B h -> B h k', [B, h], {}, 'pattern-mismatch: axis k is on the right only [k]'],
    ['B h h -> B h', [B, h, h], {}, 'pattern-mismatch: axis h stands twice on the left [h]'],
    ['B h -> B (h h)', [B, h], {}, 'pattern-mismatch: axis h stands twice on the right [h]'],
    ['B h -> h B', [B, h], { n: n(4) }, 'pattern-mismatch: n is given and is not in the pattern [B h -> h B]'],
    ['(n d) -> n d', [n(64)], { n: n(0) }, 'pattern-mismatch: n is 0; an axis has at least 1 [n]'],
    ['B (h w) -> B h w', [B, q], {}, 'pattern-mismatch: the sizes of h and w are not given; one of them must be [(h w)]'],
    ['(a b c) -> a b c', [q], {}, 'pattern-mismatch: the sizes of a, b and c are not given; one of them must be [(a b c)]'],
    ['B (n d) -> B n d', [B, n(64)], { n: n(6) }, 'not-divisible: 64 does not divide by n = 6 [(n d)]'],
    ['(n s d) -> n s d', [n(64)], { n: n(6), s: n(2) }, 'not-divisible: 64 does not divide by n * s = 12 [(n s d)]'],
    ['(n d) -> n d', [add(mul(n(4), h), n(2))], { n: n(4) }, 'not-divisible: 4 * h + 2 does not divide by n = 4 [(n d)]'],
    ['B (H W) c -> B H W c', [B, q, n(3)], { H }, 'shape-unknown: H * W = q [(H W)]'],
    ['(u i) -> u i', [h], { i: n(8) }, 'shape-unknown: u * 8 = h [(u i)]'],
    ['(u i) -> u i', [q], { u: add(h, n(1)), i: w }, 'shape-unknown: (h + 1) * w = q [(u i)]'],
    ['B h -> h B', [B, h], { h: w }, 'shape-unknown: w = h [h]'],
    ['B h -> h B', [B, n(5)], { h: n(4) }, 'shape-mismatch: axis 1 is 5 and the pattern makes it 4 [h]'],
    ['B (i j) -> B i j', [B, n(60)], { i: n(8), j: n(8) }, 'shape-mismatch: axis 1 is 60 and the pattern makes it 64 [(i j)]'],
    ['B 1 -> B', [B, n(3)], {}, 'shape-mismatch: axis 1 is 3 and the pattern makes it 1 [1]'],
    ['B 1 -> B', [B, floorDiv(h, 2)], {}, 'shape-unknown: 1 = floor(h / 2) [1]'],
  ]
  test.each(errors)('%s is refused', (pattern, shape, given, expected) =>
    expect(complaint(pattern, planRearrange(pattern, shape, given))).toBe(expected),
  )

  test('errors carry the sizes', () => {
    const plan = planRearrange('(n d) -> n d', [n(64)], { n: n(6) })
    expect(plan).toMatchObject({ kind: 'not-divisible', axis: 'd', size: { key: '64' }, by: { key: '6' } })
  })

  test('the tensor is called by its name', () =>
    expect(complaint('B -> B', planRearrange('B -> B', [B, h], {}, 'coord'))).toContain('and coord has 2'))
})

describe('pattern syntax', () => {
  const cases: [string, string, number, number][] = [
    ['B (u i -> B u i', '( is never closed', 2, 3],
    ['B -> (B', '( is never closed', 5, 6],
    ['B u) -> B u', ') closes nothing', 3, 4],
    ['((a b) c) -> a b c', 'parentheses do not nest', 1, 2],
    ['B () -> B', '( ) is empty; an axis of 1 is written 1', 2, 4],
    ['B h w', '-> is missing', 5, 5],
    ['', '-> is missing', 0, 0],
    ['B -> h -> B', 'a pattern has one ->', 7, 9],
    ['B 4 -> B', 'a size is not written in the pattern: name the axis and give it as an attribute, n: 4', 2, 3],
    ['(B 1) -> B', 'an axis of 1 stands outside parentheses', 3, 4],
    ['.. c -> c ..', '.. is not part of a pattern; every axis has a name', 0, 2],
    ['B * h -> B h', '* is not part of a pattern; it has names, 1, ( ) and ->', 2, 3],
    ['B, h -> h', 'rearrange takes one tensor; axes are separated by spaces', 1, 2],
    ['B h -> B, h', 'only one tensor comes out', 8, 9],
    ['B 😀 -> B', '😀 is not part of a pattern; it has names, 1, ( ) and ->', 2, 4],
  ]
  test.each(cases)('"%s"', (pattern, message, start, end) => {
    const expected = { kind: 'pattern-syntax', message, start, end }
    expect(parseRearrange(pattern)).toEqual(expected)
    expect(planRearrange(pattern, [], {})).toEqual(expected)
  })

  test('names, groups and where they are', () =>
    expect(parseRearrange('B_2  (ä i)-> 1 ')).toEqual({
      inputs: [
        [
          { kind: 'axis', axes: [{ name: 'B_2', start: 0, end: 3 }], start: 0, end: 3 },
          {
            kind: 'composite',
            axes: [
              { name: 'ä', start: 6, end: 7 },
              { name: 'i', start: 8, end: 9 },
            ],
            start: 5,
            end: 10,
          },
        ],
      ],
      output: [{ kind: 'one', axes: [], start: 13, end: 14 }],
    }))
})

describe('planEinsum', () => {
  const cases: [string, Size[][], Omit<EinsumPlan, 'sizes'> & { sizes: string }][] = [
    [
      'B n d, B k d -> B n k',
      [
        [B, h, n(10)],
        [B, w, n(10)],
      ],
      {
        batch: ['B'],
        free: [['n'], ['k']],
        contracted: ['d'],
        summed: [[], []],
        operands: [
          ['B', 'n', 'd'],
          ['B', 'k', 'd'],
        ],
        output: ['B', 'n', 'k'],
        sizes: 'B = B, n = h, d = 10, k = w',
      },
    ],
    [
      'B t d a, B t a -> d t B',
      [
        [B, n(4), n(128), n(2)],
        [B, n(4), n(2)],
      ],
      {
        batch: ['t', 'B'],
        free: [['d'], []],
        contracted: ['a'],
        summed: [[], []],
        operands: [
          ['B', 't', 'd', 'a'],
          ['B', 't', 'a'],
        ],
        output: ['d', 't', 'B'],
        sizes: 'B = B, t = 4, d = 128, a = 2',
      },
    ],
    [
      'B n s, k B r -> k',
      [
        [B, h, w],
        [n(3), B, q],
      ],
      {
        batch: [],
        free: [[], ['k']],
        contracted: ['B'],
        summed: [['n', 's'], ['r']],
        operands: [
          ['B', 'n', 's'],
          ['k', 'B', 'r'],
        ],
        output: ['k'],
        sizes: 'B = B, n = h, s = w, k = 3, r = q',
      },
    ],
    [
      'i, i ->',
      [[h], [h]],
      { batch: [], free: [[], []], contracted: ['i'], summed: [[], []], operands: [['i'], ['i']], output: [], sizes: 'i = h' },
    ],
  ]
  test.each(cases)('%s', (pattern, shapes, expected) => {
    const plan = succeed(planEinsum(pattern, shapes))
    expect({ ...plan, sizes: [...plan.sizes].map(([name, size]) => `${name} = ${format(size)}`).join(', ') }).toEqual(expected)
  })

  const errors: [string, Size[][], string][] = [
    ['B d, B d -> B', [[B, n(64)], [B, n(32)]], 'shape-mismatch: axis d is 64 in a and 32 in b [d]'], // prettier-ignore
    ['B d, B d -> B', [[B, h], [B, w]], 'shape-unknown: h = w (axis d) [d]'], // prettier-ignore
    ['B d, B d -> B', [[B, h], [B, h, w]], 'pattern-mismatch: the pattern has 2 axes and b has 3 [B d]'], // prettier-ignore
    ['B B, d -> B', [[B, B], [h]], 'pattern-mismatch: axis B stands twice in a [B]'], // prettier-ignore
    ['B, d -> B B', [[B], [h]], 'pattern-mismatch: axis B stands twice on the right [B]'],
    ['B, d -> B k', [[B], [h]], 'pattern-mismatch: axis k is on the right only [k]'],
    ['B d -> B', [[B, h]], 'pattern-syntax: einsum takes 2 tensors and the pattern has 1 [B d ]'],
    ['B, B, B -> B', [[B], [B], [B]], 'pattern-syntax: einsum takes 2 tensors and the pattern has 3 [B, B, B ]'],
    ['B, (n d) -> B', [[B], [h]], 'pattern-syntax: einsum has names only; rearrange splits, joins and adds axes [(n d)]'],
    ['B, 1 -> B', [[B], [h]], 'pattern-syntax: einsum has names only; rearrange splits, joins and adds axes [1]'],
    ['B, B', [[B], [B]], 'pattern-syntax: -> is missing []'],
  ]
  test.each(errors)('%s is refused', (pattern, shapes, expected) =>
    expect(complaint(pattern, planEinsum(pattern, shapes))).toBe(expected),
  )

  test('the tensors are called by their names', () =>
    expect(complaint('B d, d B -> B', planEinsum('B d, d B -> B', [[n(1), n(2)], [n(3), n(1)]], ['query', 'key']))).toBe('shape-mismatch: axis d is 2 in query and 3 in key [d]')) // prettier-ignore
})
