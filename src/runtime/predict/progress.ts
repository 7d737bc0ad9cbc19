import type { Step } from './schedule.ts'

export interface Progress {
  /** Of the work, from 0 to 1. */
  readonly share: number
  readonly secondsLeft: number
}

interface Kind {
  /** As they were estimated. */
  left: number
  estimated: number
  taken: number
}

/** So many seconds count as done in the time that was estimated for them: one quick step does not decide. */
const trust = 0.5

/** How far a schedule is. What is left is estimated, and corrected by what steps of its kind, or all, really took. */
export class Course {
  readonly #kinds: ReadonlyMap<Step['do'], Kind>

  constructor(seconds: ReadonlyMap<Step['do'], number>) {
    this.#kinds = new Map([...seconds].map(([kind, left]) => [kind, { left, estimated: 0, taken: 0 }]))
  }

  took(kind: Step['do'], estimated: number, taken: number): void {
    const known = this.#kinds.get(kind)!
    known.left = Math.max(0, known.left - estimated)
    known.estimated += estimated
    known.taken += taken
  }

  get progress(): Progress {
    const kinds = [...this.#kinds.values()]
    const sum = (value: (kind: Kind) => number): number => kinds.reduce((total, kind) => total + value(kind), 0)
    const estimated = sum((kind) => kind.estimated)
    const overall = (sum((kind) => kind.taken) + trust) / (estimated + trust)
    const secondsLeft = sum((kind) => (kind.left * (kind.taken + trust * overall)) / (kind.estimated + trust))
    const left = sum((kind) => kind.left)
    // What is left over by rounding is nothing.
    return { share: left <= 1e-9 * estimated ? 1 : estimated / (estimated + left), secondsLeft }
  }
}
