import type { Schedule } from '../../compiler/plan.ts'

/**
 * The learning rate of `epoch` (from 0) out of `epochs`. `step(at, factor)`: times `factor` from each point on, as
 * PyTorch's MultiStepLR. `cosine(to)`: from the full rate to `to` of it, as CosineAnnealingLR.
 */
export function rateAt(schedule: Schedule, rate: number, epoch: number, epochs: number): number {
  switch (schedule.kind) {
    case 'constant':
      return rate
    case 'step':
      return rate * schedule.factor ** schedule.at.filter((point) => epoch >= point).length
    case 'cosine': {
      const least = rate * schedule.to
      return least + ((rate - least) * (1 + Math.cos((Math.PI * epoch) / epochs))) / 2
    }
  }
}
