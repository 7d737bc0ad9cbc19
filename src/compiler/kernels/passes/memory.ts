import { kernels } from '../kernels.ts'
import { Arena } from './arena.ts'
import { bytesOf, needs, reachable, type Value } from '../value.ts'

/** What a graph holds at its fullest. */
export interface MemoryPlan {
  /** Inputs, intermediates and outputs alive at one time, in bytes; variables and the engine itself apart. */
  readonly peakBytes: number
  /** What its allocator holds then. */
  readonly residentBytes: number
  /** Gives the outputs back to it, which stand there after the run. */
  freeOutputs(): void
  /** The value that is being made then. */
  readonly at: Value
}

/**
 * The peak of a graph as TensorFlow's executor runs it: a kernel is ready when its inputs are there, the first that is
 * ready runs first, and memory goes when its last reader is done. Of the `roots` only `outputs` are held to the end.
 */
export function planMemory(roots: readonly Value[], outputs: readonly Value[], arena = new Arena()): MemoryPlan {
  const order = reachable(roots)
  const readers = new Map<Value, Value[]>(order.map((value) => [value, []]))
  for (const value of order) for (const input of new Set(needs(value))) readers.get(input)!.push(value)
  const missing = new Map(order.map((value) => [value, new Set(needs(value)).size]))
  /** The buffer behind each value, with how many values still need it; its own kernel, while that runs. */
  const buffers = new Map<Value, { readonly bytes: number; uses: number; free: () => void }>()
  const kept = new Set(outputs)
  let alive = 0
  let peak: Pick<MemoryPlan, 'peakBytes' | 'at'> = { peakBytes: 0, at: order[0]! }
  const release = (value: Value): void => {
    const buffer = buffers.get(value)!
    buffer.uses -= 1
    if (buffer.uses === 0) {
      alive -= buffer.bytes
      buffer.free()
    }
  }
  const ready = order.filter((value) => needs(value).length === 0)
  for (let next = 0; next < ready.length; next += 1) {
    const value = ready[next]!
    const uses = readers.get(value)!.length + (kept.has(value) ? 1 : 0)
    const bytes = bytesOf(value)
    const sources = [...new Set(needs(value))]
    const memory = kernels.get(value.kernel)?.memory ?? 'own'
    const reused =
      memory === 'view'
        ? value.inputs[0]!
        : memory === 'in place'
          ? sources.find((input) => buffers.get(input)!.uses === 1 && buffers.get(input)!.bytes === bytes && !isHeld(input))
          : undefined
    if (reused) {
      const buffer = buffers.get(reused)!
      buffer.uses += uses + 1
      buffers.set(value, buffer)
    } else {
      const held = isHeld(value) ? 0 : bytes
      buffers.set(value, { bytes: held, uses: uses + 1, free: arena.allocate(held) })
      alive += held
      if (alive > peak.peakBytes) peak = { peakBytes: alive, at: value }
    }
    for (const input of [...sources, value]) release(input)
    for (const reader of readers.get(value)!) {
      const left = missing.get(reader)! - 1
      missing.set(reader, left)
      if (left === 0) ready.push(reader)
    }
  }
  const freeOutputs = (): void => new Set([...kept].map((value) => buffers.get(value)!)).forEach((buffer) => buffer.free())
  return { ...peak, residentBytes: arena.residentBytes, freeOutputs }
}

/** Memory that is there whether the graph runs or not. */
const isHeld = ({ kernel }: Value): boolean => kernel === 'ReadVariableOp' || kernel === 'Const'
