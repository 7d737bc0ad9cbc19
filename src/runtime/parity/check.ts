import type { Tensor } from '../files/safetensors.ts'
import type { Execution } from '../network/network.ts'
import type { ParityCase } from './case.ts'

/** One comparison. */
export interface Check {
  readonly case: string
  readonly check: string
  readonly status: 'ok' | 'failed' | 'skipped'
  /** Largest difference of an element; NaN where a value is not a number. */
  readonly error?: number
  readonly tolerance?: number
  /** error / tolerance; 0 for what is equal. */
  readonly ratio?: number
  /** Why it failed without numbers, or was skipped. */
  readonly reason?: string
}

/** What an engine or the language cannot do: such checks are skipped with the reason. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun'
}

/** Collects the checks of one case. */
export interface Checks {
  /** How networks are computed for this case. */
  readonly execution: Execution
  /** Compares with the case's own tensor of that name; elements where `mask` is 0 are left out. */
  tensor(name: string, actual: Tensor, mask?: Tensor): void
  /** Compares numbers that the case gives outside of its tensors. */
  numbers(name: string, actual: readonly number[], expected: readonly number[], tolerance: number): void
  /** A claim that holds or not. */
  claim(name: string, holds: boolean, reason: string): void
  /** Notes what is not compared. */
  skip(name: string, reason: string): void
  /** Notes tensors that are looked at only together with others. */
  seen(...names: readonly string[]): void
  /** Runs a part; what it cannot do, and what goes wrong in it, is noted for each of `names` not yet compared. */
  part(names: readonly string[], run: () => void): void
  /** Notes every tensor that nothing looked at. */
  finish(): void
}

/** Checks of one case, each told to `tell` as it is made. */
export function createChecks(data: ParityCase, tell: (check: Check) => void, execution: Execution): Checks {
  const done = new Set<string>()
  const note = (check: Omit<Check, 'case'>): void => {
    done.add(check.check)
    tell({ case: data.name, ...check })
  }
  const compared = (check: string, error: number, tolerance: number): void => {
    const ratio = error === 0 ? 0 : error / tolerance
    note({ check, status: error <= tolerance ? 'ok' : 'failed', error, tolerance, ratio })
  }
  const broken = (check: string, reason: string): void => note({ check, status: 'failed', reason })
  const trouble = (names: readonly string[], error: unknown): void => {
    const open = names.filter((name) => !done.has(name))
    const reason = error instanceof Error ? error.message.split('\n')[0]! : String(error)
    const cannot = error instanceof CannotRun ? reason : missingKernel(error)
    for (const check of open) note({ check, status: cannot ? 'skipped' : 'failed', reason: cannot ?? reason })
  }
  return {
    execution,
    tensor(name, actual, mask) {
      const expected = data.tensors.get(name)
      const info = data.infos.get(name)
      if (!expected || !info) throw new Error(`the case has no tensor ${name}`)
      if (expected.shape.join() !== actual.shape.join())
        return broken(name, `[${actual.shape.join(', ')}] where [${expected.shape.join(', ')}] is expected`)
      if (!info.exact && info.tolerance === undefined)
        return note({ check: name, status: 'skipped', reason: 'the case states no tolerance' })
      compared(name, largestDifference(actual.data, expected.data, mask?.data), info.exact ? 0 : info.tolerance!)
    },
    numbers(name, actual, expected, tolerance) {
      if (actual.length !== expected.length) return broken(name, `${actual.length} numbers where ${expected.length} are expected`)
      compared(name, largestDifference(actual, expected), tolerance)
    },
    claim: (name, holds, reason) => (holds ? note({ check: name, status: 'ok' }) : broken(name, reason)),
    skip: (check, reason) => note({ check, status: 'skipped', reason }),
    seen: (...names) => names.forEach((name) => done.add(name)),
    part(names, run) {
      try {
        run()
      } catch (error) {
        trouble(names, error)
      }
    },
    finish() {
      const open = [...data.infos].filter(([name, info]) => !info.input && !done.has(name))
      for (const [check] of open) note({ check, status: 'skipped', reason: 'archc has nothing to compare with it' })
    },
  }
}

/** The sentence for an operation that the engine lacks; undefined for every other error. */
function missingKernel(error: unknown): string | undefined {
  const [, kernel, backend] =
    /Kernel '(\w+)' not registered for backend '(\w+)'/.exec(error instanceof Error ? error.message : '') ?? []
  return kernel && `the ${backend} engine has no ${kernel}`
}

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>, mask?: ArrayLike<number>): number {
  let largest = 0
  for (let at = 0; at < expected.length; at += 1) {
    if (mask && mask[at] === 0) continue
    const difference = Math.abs(actual[at]! - expected[at]!)
    if (!(difference <= largest)) largest = difference
    if (Number.isNaN(difference)) return NaN
  }
  return largest
}
