import type { Step } from '../predict/schedule.ts'

/** What an enlargement spends time on, in the order in which it comes. */
const stages = [
  'start',
  'read',
  'encode',
  'keys',
  'match',
  'decode',
  'picture',
  'project',
  'bytes',
  'consistency',
  'write',
] as const
export type Stage = (typeof stages)[number]

export interface StageTime {
  readonly stage: Stage
  /** How many steps it was. */
  readonly steps: number
  readonly seconds: number
  /** Of all seconds. */
  readonly share: number
  /** Of all threads of the process in the meantime, those of TensorFlow and of the writer too. */
  readonly cpuSeconds: number
}

/** What ends: a step of the schedule, or one of what is done with rows that it gives away. */
type Done = Step['do'] | 'start' | 'bytes' | 'consistency' | 'close'

/** Which stage a step belongs to; forgetting belongs to the one before it. */
const stageOf: Readonly<Record<Exclude<Done, 'forget'>, Stage>> = {
  start: 'start',
  read: 'read',
  encode: 'encode',
  keys: 'keys',
  join: 'keys',
  match: 'match',
  decode: 'decode',
  paint: 'decode',
  picture: 'picture',
  project: 'project',
  bytes: 'bytes',
  consistency: 'consistency',
  rows: 'write',
  close: 'write',
}

/** One clock for a whole enlargement: each step gets what passed since the one before it, so the stages sum to all of it. */
export class StageTimes {
  readonly #times = new Map<Stage, { steps: number; seconds: number; cpuSeconds: number }>()
  #stage: Stage = 'start'
  #seconds = performance.now() / 1000
  #cpuSeconds = cpuSeconds()

  did(done: Done): void {
    const [seconds, cpu] = [performance.now() / 1000, cpuSeconds()]
    if (done !== 'forget') this.#stage = stageOf[done]
    const known = this.#times.get(this.#stage) ?? { steps: 0, seconds: 0, cpuSeconds: 0 }
    this.#times.set(this.#stage, {
      steps: known.steps + (done === 'forget' || done === 'close' ? 0 : 1),
      seconds: known.seconds + seconds - this.#seconds,
      cpuSeconds: known.cpuSeconds + cpu - this.#cpuSeconds,
    })
    this.#seconds = seconds
    this.#cpuSeconds = cpu
  }

  /** The stages that there were. */
  get all(): StageTime[] {
    const total = [...this.#times.values()].reduce((sum, { seconds }) => sum + seconds, 0)
    return stages.flatMap((stage) => {
      const time = this.#times.get(stage)
      return time ? [{ stage, ...time, share: total > 0 ? time.seconds / total : 0 }] : []
    })
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
