import { Arena } from '../../compiler/kernels/passes/arena.ts'
import { sizeOf } from '../../compiler/kernels/value.ts'
import { engineBytes } from '../engine/index.ts'
import type { Network } from '../network/network.ts'
import type { Rehearsal, Rehearsed } from '../network/rehearsal.ts'
import { keptGraphs } from '../network/ways.ts'
import { partOf, type Extent, type Rectangle } from './places.ts'
import type { PredictOptions } from './predict.ts'
import { tileAt, type Schedule, type Step } from './schedule.ts'
import { seenOf } from './tiles.ts'
import { secondsOf, workOf, type Pace } from './work.ts'

/** A call is rehearsed so often with the same sizes; after that memory looks as before. */
const rehearsals = 8
/** What a graph takes that is loaded for some sizes, in bytes; measured. */
const graphBytes = 10e6
/** The engine and the weights: as they were read, in layers and in a loaded graph. */
const processBytes = ({ weights }: Network): number =>
  engineBytes + 3 * 4 * weights.reduce((total, { shape }) => total + sizeOf(shape), 0)

/** Estimated seconds by what steps do. */
export type Seconds = ReadonlyMap<Step['do'], number>

/** What a schedule will take. */
export interface Taken {
  readonly multiplyAdds: number
  /** Of which comparing in `best_match`. */
  readonly matching: number
  /** What the process is predicted to hold at its fullest, the engine included. */
  readonly bytes: number
  readonly seconds: Seconds
}

/** Goes through a schedule without computing. */
export function rehearse(schedule: Schedule, low: Extent, network: Network, options: PredictOptions, pace: Pace): Taken {
  const memory = new Memory()
  const rows = new HeldRows(options.alone ? seenOf(tileAt(schedule.tiles, 0)) : low, partOf(options))
  let multiplyAdds = 0
  let matching = 0
  const seconds = secondsByKind(schedule, network.rehearsal(), options, pace, (step, calls) => {
    const each = step.do === 'paint' ? [step.multiplyAdds] : calls.map(({ cost }) => cost.multiplyAdds)
    multiplyAdds += each.reduce((total, count) => total + count, 0)
    if (step.do === 'match' || (step.do === 'decode' && step.match)) matching += each[0]!
    memory.take(step, calls)
    rows.take(step)
  })
  return { multiplyAdds, matching, bytes: processBytes(network) + memory.bytes + rows.bytes, seconds }
}

export const sumOf = (seconds: Seconds): number => [...seconds.values()].reduce((total, each) => total + each, 0)

export function secondsByKind(
  schedule: Schedule,
  rehearsal: Rehearsal,
  options: PredictOptions,
  pace: Pace,
  onStep?: (step: Step, calls: readonly Rehearsed[]) => void,
): Seconds {
  const seconds = new Map<Step['do'], number>()
  for (const step of schedule.steps) {
    const { work, calls } = workOf(step, rehearsal, options)
    seconds.set(step.do, (seconds.get(step.do) ?? 0) + secondsOf(work, pace))
    onStep?.(step, calls)
  }
  return seconds
}

/** Bytes of a position of the result in what is computed, and in what is written. */
const [computedBytes, writtenBytes] = [12, 3]
/** Rows are on their way to a file as they are, compressed, and once more while the next are made. */
const copiesWritten = 3
/** A picture is held as it was decoded, and once more while it is. */
const copiesRead = 2

/** What JavaScript holds: the picture, rows of the result until they are whole, and those that are written. */
class HeldRows {
  readonly #low: Extent
  readonly #part: Rectangle
  #bottom: number
  #given: number
  #waiting = 0
  #block = 0
  #written = 0

  constructor(low: Extent, part: Rectangle) {
    this.#low = low
    this.#part = part
    this.#bottom = part.top
    this.#given = part.top
  }

  get bytes(): number {
    const { left, right } = this.#part
    const rows = computedBytes * this.#waiting + copiesWritten * writtenBytes * this.#written
    return (right - left) * rows + computedBytes * this.#block + copiesRead * writtenBytes * this.#low.width * this.#low.height
  }

  take(step: Step): void {
    if (step.do === 'rows') {
      this.#given = step.to
      this.#written = Math.max(this.#written, step.to - step.from)
    } else if (step.do === 'paint' || step.do === 'picture') this.#put([step.place])
    else if (step.do === 'decode') this.#put(step.asked.pieces, step.asked.to - step.asked.from)
  }

  #put(places: readonly Rectangle[], positions = placeSize(places)): void {
    this.#block = Math.max(this.#block, positions)
    this.#bottom = Math.max(this.#bottom, ...places.map(({ bottom }) => Math.min(bottom, this.#part.bottom)))
    this.#waiting = Math.max(this.#waiting, this.#bottom - this.#given)
  }
}

const placeSize = (places: readonly Rectangle[]): number =>
  places.reduce((sum, { top, bottom, left, right }) => sum + (bottom - top) * (right - left), 0)

/** TensorFlow's memory while steps are done. */
class Memory {
  readonly #arena = new Arena()
  readonly #kept = new Map<string, () => void>()
  readonly #parts: (() => void)[] = []
  readonly #rehearsed = new Map<Rehearsed['hold'], number>()
  #loaded = 0

  get bytes(): number {
    return graphBytes * Math.min(this.#loaded, keptGraphs) + this.#arena.residentBytes
  }

  take(step: Step, calls: readonly Rehearsed[]): void {
    switch (step.do) {
      case 'encode': {
        const free = this.#hold(calls[0]!)
        this.#keep(step.kept.name, step.kept.bytes) // the core is cut out of them
        return free()
      }
      case 'keys':
        this.#hold(calls[0]!)()
        return void this.#parts.push(this.#arena.allocate(step.bytes))
      case 'join': {
        const joined = this.#arena.allocate(step.kept.bytes)
        this.#keep(step.kept.name, step.kept.bytes)
        joined()
        return this.#parts.splice(0).forEach((free) => free())
      }
      case 'match':
        this.#hold(calls[0]!)()
        return this.#keep(step.kept.name, step.kept.bytes)
      case 'decode': {
        const found = step.match && this.#arena.allocate(step.match.bytes)
        calls.forEach((call) => this.#hold(call)())
        return found?.()
      }
      case 'paint':
        return this.#arena.allocate(step.bytes)()
      case 'picture':
        return this.#hold(calls[0]!)()
      case 'forget':
        this.#kept.get(step.name)!()
        return void this.#kept.delete(step.name)
      case 'project':
      case 'read': // held by JavaScript
      case 'rows':
        return undefined
    }
  }

  #keep(name: string, bytes: number): void {
    const before = this.#kept.get(name)
    this.#kept.set(name, this.#arena.allocate(bytes))
    before?.()
  }

  #hold({ way, hold }: Rehearsed): () => void {
    if (way === 'loading') this.#loaded += 1
    const times = this.#rehearsed.get(hold) ?? 0
    this.#rehearsed.set(hold, times + 1)
    return times < rehearsals ? hold(this.#arena) : () => undefined
  }
}
