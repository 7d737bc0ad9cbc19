import { describe, expect, test } from 'vitest'
import { rateAt } from '../../../src/runtime/train/schedule.ts'

describe('the learning rate of an epoch', () => {
  const step = { kind: 'step', at: [200, 400], factor: 0.5 } as const
  const cosine = { kind: 'cosine', to: 0.05 } as const

  test.each([
    ['constant', { kind: 'constant' } as const, 999, 1],
    ['before the first point', step, 199, 1],
    ['from the point on, as MultiStepLR', step, 200, 0.5],
    ['a part of an epoch later', step, 200.25, 0.5],
    ['after both', step, 999, 0.25],
    ['a point that stands twice counts twice', { ...step, at: [5, 5] }, 5, 0.25],
    ['cosine begins at the full rate', cosine, 0, 1],
    ['cosine in the middle', cosine, 500, 0.525],
    ['cosine ends at its fraction, as CosineAnnealingLR', cosine, 1000, 0.05],
  ])('%s', (_what, schedule, epoch, expected) => {
    expect(rateAt(schedule, 1e-4, epoch, 1000)).toBeCloseTo(1e-4 * expected, 12)
  })
})
