import { describe, expect, it } from 'vitest'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { fitPace, type Measured } from '../../../src/runtime/predict/fit-pace.ts'
import { noWork, secondsOf, units, usualPace, type Pace, type Unit, type Work } from '../../../src/runtime/predict/work.ts'

const random = createRandom(1)
/** A machine of its own: each unit up to three times slower or faster than usual. */
const machine = Object.fromEntries(units.map((unit) => [unit, usualPace[unit] * 3 ** random.uniform(-1, 1)])) as Pace
/** Work of which each unit takes up to as long as any other. */
const some = (): Work =>
  Object.fromEntries(units.map((unit) => [unit, random.uniform(0, 0.1) / usualPace[unit]])) as Record<Unit, number>
const measured = (work: Work, error = 0): Measured => ({
  work,
  seconds: secondsOf(work, machine) * (1 + random.uniform(-error, error)),
})

describe('a pace', () => {
  it('is found again from what work took', () => {
    const pace = fitPace(Array.from({ length: 60 }, () => measured(some())))
    for (const unit of units) expect(Math.abs(pace[unit] / machine[unit] - 1)).toBeLessThan(0.1)
  })

  it('foretells other work within a tenth, though what was measured is off by a fifth', () => {
    const pace = fitPace(Array.from({ length: 60 }, () => measured(some(), 0.2)))
    for (let at = 0; at < 20; at += 1) {
      const { work, seconds } = measured(some())
      expect(Math.abs(secondsOf(work, pace) / seconds - 1)).toBeLessThan(0.1)
    }
  })

  it('has no unit below nothing, whatever was measured', () => {
    const pace = fitPace(Array.from({ length: 12 }, () => ({ work: some(), seconds: random.uniform(0.001, 1) })))
    for (const unit of units) expect(pace[unit]).toBeGreaterThanOrEqual(0)
  })

  it('of what was not measured goes with the rest: half as fast there, half as fast here', () => {
    const work = { ...noWork, node: 1000, byte: 1e9 }
    const pace = fitPace([{ work, seconds: 2 * secondsOf(work, usualPace) }])
    for (const unit of units) expect(pace[unit] / usualPace[unit]).toBeCloseTo(2, 1)
  })
})
