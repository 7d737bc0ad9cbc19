import { describe, expect, it } from 'vitest'
import { between, selectArrows, type Transfer } from '../../../src/runtime/figures/arrows.ts'

const arrow = (x1: number, y1: number, x2: number, y2: number, score = 1): Transfer => ({
  from: { x: x1, y: y1 },
  to: { x: x2, y: y2 },
  score,
})

describe('between', () => {
  it.each([
    ['crossing', arrow(0, 0, 10, 10), arrow(0, 10, 10, 0), 0],
    ['side by side', arrow(0, 0, 10, 0), arrow(0, 3, 10, 3), 3],
    ['one behind the other', arrow(0, 0, 10, 0), arrow(14, 0, 20, 0), 4],
    ['an end above the middle', arrow(0, 0, 10, 0), arrow(5, 2, 5, 9), 2],
    ['corner to corner', arrow(0, 0, 0, 10), arrow(3, 14, 9, 14), 5],
    ['touching', arrow(0, 0, 10, 0), arrow(10, 0, 10, 10), 0],
    ['of no length', arrow(0, 0, 0, 0), arrow(3, 4, 3, 4), 5],
  ])('%s', (_name, a, b, distance) => {
    expect(between(a, b)).toBe(distance)
    expect(between(b, a)).toBe(distance)
  })
})

describe('selectArrows', () => {
  const rules = { count: 10, alike: 0, least: 5, apart: 3 }
  const best = arrow(0, 0, 20, 0, 0.9)
  it.each([
    ['the most alike first', [arrow(0, 10, 20, 10, 0.5), best], rules, [best, arrow(0, 10, 20, 10, 0.5)]],
    ['of equals the first', [best, arrow(0, 1, 20, 1, 0.9)], rules, [best]],
    ['so many and no more', [best, arrow(0, 10, 20, 10, 0.5)], { ...rules, count: 1 }, [best]],
    ['none less alike', [best, arrow(0, 10, 20, 10, 0.5)], { ...rules, alike: 0.6 }, [best]],
    ['none that is too short', [best, arrow(0, 10, 4, 10, 0.95)], rules, [best]],
    ['none that crosses', [best, arrow(10, -10, 10, 10, 0.8)], rules, [best]],
    ['none that is too near', [best, arrow(0, 2.5, 20, 2.5, 0.8), arrow(0, 3, 20, 3, 0.7)], rules, [best, arrow(0, 3, 20, 3, 0.7)]],
    ['nothing of nothing', [], rules, []],
  ])('%s', (_name, all, given, chosen) => expect(selectArrows(all, given)).toEqual(chosen)) // prettier-ignore
})
