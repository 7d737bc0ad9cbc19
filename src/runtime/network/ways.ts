/**
 * How graphs are computed: layer by layer; each as one TensorFlow graph, which is compiled for the sizes of its inputs;
 * or `repeated` ones so, from their second call with the same sizes on, and at once where layers would hold much (they
 * keep every value to the end); or each so from its first call, so that what a call gives does not depend on those before
 * (`loaded`). All but the first need the engine TensorFlow; gradients flow through the first two alone.
 */
export type Execution = 'layers' | 'graphs' | 'repeated' | 'loaded'

/** How one call is computed: `loading`, where TensorFlow's graph is made and loaded first. */
export type Way = 'layers' | 'loading' | 'loaded'

/** Graphs of TensorFlow that are kept loaded; the one used longest ago goes first. */
export const keptGraphs = 48

/** Decides how calls are computed, one after the other. */
export class Ways {
  readonly #seen: Set<string>
  readonly #loaded: Set<string>

  constructor(
    readonly execution: Execution,
    before?: Ways,
  ) {
    this.#seen = new Set(before ? before.#seen : [])
    this.#loaded = new Set(before ? before.#loaded : [])
  }

  /** The way of the next call; `key` is equal for calls that one graph of TensorFlow computes. */
  next(key: string, isLarge: () => boolean): Way {
    if (this.execution === 'layers') return 'layers'
    const isFirst = !this.#seen.has(key)
    this.#seen.add(key)
    if (this.execution === 'repeated' && isFirst && !isLarge()) return 'layers'
    const way = this.#loaded.delete(key) ? 'loaded' : 'loading'
    this.#loaded.add(key)
    for (const old of this.#loaded) {
      if (this.#loaded.size <= keptGraphs) break
      this.#loaded.delete(old)
    }
    return way
  }
}
