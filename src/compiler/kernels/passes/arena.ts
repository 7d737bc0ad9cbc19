/** A part of a region, in use or free. Parts of a region are linked in the order of their places. */
interface Chunk {
  readonly region: Region
  readonly from: number
  size: number
  isFree: boolean
  before?: Chunk
  behind?: Chunk
}

/** Memory that was asked of the system at once; pages behind `touched` were never written. */
interface Region {
  touched: number
}

/** Smaller allocations go to malloc. */
const small = 262_144
const firstRegion = 2 ** 21
/** A free chunk is cut where it is twice as large as what is asked, or where this much would be left over. */
const mostLeftOver = 2 ** 27

/**
 * TensorFlow's allocator on the CPU with oneDNN: best fit in regions that double and are never given back. A graph holds
 * more than what is alive, by what lies between.
 */
export class Arena {
  /** Free chunks by size, then by age of their region and place. */
  readonly #free: Chunk[] = []
  readonly #regions: Region[] = []
  #next = firstRegion
  #small = 0
  #mostSmall = 0

  /** Everything that was ever written, in bytes. */
  get residentBytes(): number {
    return this.#mostSmall + this.#regions.reduce((total, { touched }) => total + touched, 0)
  }

  allocate(bytes: number): () => void {
    if (bytes < small) {
      this.#small += bytes
      this.#mostSmall = Math.max(this.#mostSmall, this.#small)
      return () => (this.#small -= bytes)
    }
    const size = Math.ceil(bytes / 256) * 256
    const chunk = this.#fitting(size) ?? this.#extended(size)
    this.#free.splice(this.#free.indexOf(chunk), 1)
    if (chunk.size >= 2 * size || chunk.size - size >= mostLeftOver) this.#cut(chunk, size)
    chunk.isFree = false
    chunk.region.touched = Math.max(chunk.region.touched, chunk.from + size)
    return () => this.#release(chunk)
  }

  #fitting(size: number): Chunk | undefined {
    let best: Chunk | undefined
    for (const chunk of this.#free) if (chunk.size >= size && (!best || chunk.size < best.size)) best = chunk
    return best
  }

  #extended(size: number): Chunk {
    const isEnough = size <= this.#next
    while (size > this.#next) this.#next *= 2
    const region: Region = { touched: 0 }
    this.#regions.push(region)
    const chunk: Chunk = { region, from: 0, size: this.#next, isFree: true }
    if (isEnough) this.#next *= 2
    this.#free.push(chunk)
    return chunk
  }

  #cut(chunk: Chunk, size: number): void {
    const rest: Chunk = { region: chunk.region, from: chunk.from + size, size: chunk.size - size, isFree: true, before: chunk }
    if (chunk.behind) {
      rest.behind = chunk.behind
      chunk.behind.before = rest
    }
    chunk.behind = rest
    chunk.size = size
    this.#free.push(rest)
  }

  #release(chunk: Chunk): void {
    chunk.isFree = true
    this.#free.push(chunk)
    if (chunk.behind?.isFree) this.#join(chunk, chunk.behind)
    if (chunk.before?.isFree) this.#join(chunk.before, chunk)
  }

  #join(first: Chunk, second: Chunk): void {
    first.size += second.size
    if (second.behind) {
      first.behind = second.behind
      second.behind.before = first
    } else delete first.behind
    this.#free.splice(this.#free.indexOf(second), 1)
  }
}
