import { momentNames, type Objective, type TrainPlan } from '../../compiler/plan.ts'
import type { HostTensors } from '../compute/messages.ts'
import { drawValue } from '../network/per-item.ts'

/** Where a training is, all from 0. */
export interface Moment {
  readonly step: number
  readonly steps: number
  readonly epoch: number
  readonly epochs: number
}

/** What losses read of a moment, as inputs of their graphs. */
export function momentInputs({ objectives }: Pick<TrainPlan, 'objectives'>, moment: Moment): HostTensors {
  const asked = new Set(objectives.flatMap(({ graph }) => graph.inputs.map(({ name }) => name)))
  const read = momentNames.filter((name) => asked.has(name))
  return Object.fromEntries(read.map((name) => [name, { shape: [], data: Float32Array.of(moment[name]) }]))
}

/**
 * The learning rate of a step. `step(at, factor)`: times `factor` from each epoch on, as PyTorch's MultiStepLR. `cosine(to)`: from the
 * full rate to `to` of it, as CosineAnnealingLR, anew at each restart from `decay` of the rate before. Before `warmup` steps it grows in a line.
 */
export function rateAt(
  { schedule, warmup, optimizer }: Pick<Objective, 'schedule' | 'warmup' | 'optimizer'>,
  moment: Moment,
): number {
  const rate = optimizer.settings['lr'] as number
  const share = moment.step < warmup ? (moment.step + 1) / warmup : 1
  return share * scheduled(schedule, rate, moment)
}

function scheduled(schedule: Objective['schedule'], rate: number, moment: Moment): number {
  const { epoch, epochs } = moment
  switch (schedule.kind) {
    case 'constant':
      return rate
    case 'step':
      return rate * schedule.factor ** schedule.at.filter((point) => epoch >= point).length
    case 'cosine': {
      const { restarts, decay, to } = schedule
      const passed = restarts.filter((point) => epoch >= point)
      const [from, until] = [passed.at(-1) ?? 0, restarts[passed.length] ?? epochs]
      const full = rate * decay ** passed.length
      const least = full * to
      return least + ((full - least) * (1 + Math.cos((Math.PI * (epoch - from)) / (until - from)))) / 2
    }
    case 'rate':
      return drawValue(schedule.rate, undefined, { ...moment, lr: rate })
  }
}
