import { describe, expect, it } from 'vitest'
import { Course } from '../../../src/runtime/predict/progress.ts'

describe('what is left', () => {
  const course = () => new Course(new Map([['encode', 40], ['decode', 100]] as const)) // prettier-ignore

  it('is the estimate as long as nothing is done', () => {
    expect(course().progress).toEqual({ share: 0, secondsLeft: 140 })
  })

  it('is what was estimated less what is done, where steps take what was estimated', () => {
    const one = course()
    for (let at = 0; at < 4; at += 1) one.took('encode', 10, 10)
    for (let at = 0; at < 5; at += 1) one.took('decode', 10, 10)
    expect(one.progress.share).toBeCloseTo(9 / 14)
    expect(one.progress.secondsLeft).toBeCloseTo(50)
  })

  it('goes by what steps of its kind take', () => {
    const one = course()
    for (let at = 0; at < 2; at += 1) one.took('encode', 10, 30)
    for (let at = 0; at < 5; at += 1) one.took('decode', 10, 10)
    // 20 seconds of the one, which take three times as long, and 50 of the other.
    expect(one.progress.secondsLeft).toBeGreaterThan(105)
    expect(one.progress.secondsLeft).toBeLessThan(115)
  })

  it('of a kind that did not come yet goes by the others', () => {
    const one = course()
    for (let at = 0; at < 4; at += 1) one.took('encode', 10, 20)
    expect(one.progress.secondsLeft).toBeGreaterThan(190)
    expect(one.progress.secondsLeft).toBeLessThanOrEqual(200)
  })

  it('is nothing at the end, whatever steps took', () => {
    const one = course()
    for (let at = 0; at < 3; at += 1) one.took('encode', 40 / 3, 1)
    for (let at = 0; at < 7; at += 1) one.took('decode', 100 / 7, 70)
    expect(one.progress.share).toBe(1)
    expect(one.progress.secondsLeft).toBeCloseTo(0, 9)
  })
})
