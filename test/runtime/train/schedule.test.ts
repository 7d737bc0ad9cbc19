import { describe, expect, test } from 'vitest'
import type { PerItem, Schedule } from '../../../src/compiler/plan.ts'
import { rateAt } from '../../../src/runtime/train/schedule.ts'

const optimizer = { name: 'adam', settings: { lr: 1e-4 } }

describe('the learning rate of an epoch', () => {
  const step = { kind: 'step', at: [200, 400], factor: 0.5 } as const
  const cosine = { kind: 'cosine', to: 0.05, restarts: [], decay: 1 } as const
  const again = { ...cosine, restarts: [250, 500], decay: 0.5 } as const
  const lr: PerItem = { kind: 'variable', name: 'lr' }
  const factor = (call: PerItem): Schedule => ({ kind: 'rate', rate: { kind: 'call', name: 'multiply', arguments: [lr, call] } })

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
    ['cosine before a restart', again, 125, 0.525],
    ['a restart begins at its share', again, 250, 0.5],
    ['the middle after it', again, 375, 0.2625],
    ['after the last restart to the end', again, 750, 0.13125],
    ['an expression of the step', factor({ kind: 'call', name: 'divide', arguments: [{ kind: 'variable', name: 'step' }, { kind: 'number', value: 4 }] }), 3, 3000 / 4],
    ['an expression of the epoch', factor({ kind: 'call', name: 'divide', arguments: [{ kind: 'variable', name: 'epoch' }, { kind: 'variable', name: 'epochs' }] }), 250, 0.25],
  ] as readonly (readonly [string, Schedule, number, number])[])('%s', (_what, schedule, epoch, expected) => {
    const moment = { step: 1000 * epoch, steps: 1_000_000, epoch, epochs: 1000 }
    expect(rateAt({ schedule, warmup: 0, optimizer }, moment)).toBeCloseTo(1e-4 * expected, 12)
  }) // prettier-ignore

  test('grows in a line while it warms up, and goes on by the schedule', () => {
    const at = (epoch: number): number =>
      rateAt({ schedule: step, warmup: 4, optimizer }, { step: epoch, steps: 1000, epoch: 200 + epoch, epochs: 1000 })
    expect([0, 1, 2, 3, 4].map((each) => at(each) / 0.5e-4)).toEqual([0.25, 0.5, 0.75, 1, 1])
  })
})
