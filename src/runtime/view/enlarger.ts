import { UserError } from '../../errors.ts'
import { strengthOf } from '../data/compression.ts'
import type { OpenedNetwork } from '../network/open-network.ts'
import { KeptFeatures } from '../predict/kept-features.ts'
import type { Extent, Rectangle } from '../predict/places.ts'
import { createPredictor, type Keys, type Piece, type PredictOptions, type Predictor } from '../predict/predict.ts'
import type { Pace } from '../predict/work.ts'
import { mannerOf, modelText, toldStrength } from '../upscale/upscale.ts'
import type { Shown } from './shown.ts'

/** A network that views are computed with. */
export interface ViewNetwork {
  readonly name: string
  /** As metadata name it. */
  readonly title: string
  readonly hash: string
  readonly opened: OpenedNetwork
  readonly predictor: Predictor
}

export const viewNetwork = (name: string, opened: OpenedNetwork, pace?: Pace): ViewNetwork => ({
  name,
  title: modelText(opened.loaded.model),
  hash: opened.hash,
  opened,
  predictor: createPredictor(opened.loaded.model, opened.network, pace),
})

/** A part of a picture enlarged to `extent`. */
export interface View {
  readonly shown: Shown
  readonly network: ViewNetwork
  readonly extent: Extent
  readonly part: Rectangle
}

/** Too much is asked for at once. */
export class Busy extends Error {}

/** Features that are kept of a picture for a network take no more than this; of so many pairs of both. */
const [mostBytes, mostKept] = [192_000_000, 3]
/** Views that wait for their turn. */
const mostWaiting = 16

/** Milliseconds that nobody has asked for anything, before what is around the last view is encoded. */
const pause = 150
/** So much of a view's size on each side of it. */
const beside = 0.25

function aroundPart({ top, bottom, left, right }: Rectangle, { width, height }: Extent): Rectangle {
  const [down, across] = [Math.round(beside * (bottom - top)), Math.round(beside * (right - left))]
  return { top: Math.max(0, top - down), bottom: Math.min(height, bottom + down), left: Math.max(0, left - across), right: Math.min(width, right + across) } // prettier-ignore
}

interface Kept {
  readonly features: KeptFeatures
  /** The enlargement that they belong to, where features depend on it. */
  m: number
  keys?: { readonly extent: string; readonly keys: Keys }
}

/** Computes views one after the other, and keeps what the next view of the same place needs. */
export class Enlarger {
  readonly #kept = new Map<string, Kept>()
  #last: Promise<void> = Promise.resolve()
  #waiting = 0
  #ahead: AsyncGenerator<void> | undefined

  /** @throws Busy where too many wait; UserError where the network cannot enlarge so. */
  async *pieces(view: View, signal: AbortSignal): AsyncGenerator<Piece> {
    if (signal.aborted) return
    if (this.#waiting >= mostWaiting) throw new Busy()
    const leave = this.#queue(signal)
    const before = this.#last
    let done = (): void => undefined
    this.#last = new Promise((resolve) => (done = resolve))
    try {
      await before
      if (!signal.aborted) yield* this.#compute(view, signal)
    } finally {
      leave()
      done()
      setTimeout(() => this.#encodeAhead(), pause).unref()
    }
  }

  /** One more waits, until it leaves or is given up. */
  #queue(signal: AbortSignal): () => void {
    this.#waiting += 1
    let isCounted = true
    const leave = (): void => {
      if (isCounted) this.#waiting -= 1
      isCounted = false
      signal.removeEventListener('abort', leave)
    }
    signal.addEventListener('abort', leave)
    return leave
  }

  /** The whole view at once, RGB. */
  async whole(view: View, signal: AbortSignal): Promise<Uint8Array> {
    const { top, bottom, left, right } = view.part
    const stride = 3 * (right - left)
    const all = new Uint8Array(stride * (bottom - top))
    for await (const { place, bytes } of this.pieces(view, signal)) {
      const length = 3 * (place.right - place.left)
      for (let row = place.top; row < place.bottom; row += 1)
        all.set(bytes.subarray((row - place.top) * length, (row - place.top + 1) * length), (row - top) * stride + 3 * (place.left - left)) // prettier-ignore
    }
    signal.throwIfAborted()
    return all
  }

  async *#compute({ shown, network, extent, part }: View, signal: AbortSignal): AsyncGenerator<Piece> {
    const { model } = network.opened.loaded
    const { predictor } = network
    const m = Math.sqrt((extent.width / shown.width) * (extent.height / shown.height))
    const strength = toldStrength(model, shown.compression, undefined)
    const options: PredictOptions = {
      extent,
      m,
      part,
      ...mannerOf(model, {}, strength ?? strengthOf(shown.compression)),
      ...(strength !== undefined && { compression: strength }),
    }
    predictor.checkParts(options)
    const kept = this.#keptOf(`${network.name}\n${shown.file}`)
    if (predictor.encodesByScale && kept.m !== m) kept.features.clear()
    kept.m = m
    const frame = `${extent.width} x ${extent.height}`
    if (kept.keys && kept.keys.extent !== frame) {
      kept.keys.keys.dispose()
      delete kept.keys
    }
    if (!kept.keys) {
      const keys = await predictor.keys(shown.source, options)
      if (keys) kept.keys = { extent: frame, keys }
    }
    const keys = kept.keys?.keys
    for await (const piece of predictor.pieces(shown.source, { ...options, ...(keys && { keys }) }, kept.features)) {
      if (signal.aborted) return
      yield piece
    }
    if (!signal.aborted)
      this.#ahead = predictor.ahead(shown.source, { ...options, part: aroundPart(part, extent) }, kept.features)
  }

  /** While nobody waits, what is around the last view is encoded: less is new after the next movement. */
  #encodeAhead(): void {
    const ahead = this.#ahead
    if (!ahead || this.#waiting > 0) return
    const encode = async (): Promise<void> => {
      while (ahead === this.#ahead && this.#waiting === 0 && !(await ahead.next()).done) await new Promise(setImmediate)
    }
    this.#last = this.#last.then(encode).catch(() => undefined) // whoever looks there is told
  }

  #keptOf(name: string): Kept {
    const known = this.#kept.get(name) ?? { features: new KeptFeatures(mostBytes), m: 0 }
    this.#kept.delete(name)
    this.#kept.set(name, known)
    const [[oldest, old]] = this.#kept as unknown as [[string, Kept]]
    if (this.#kept.size > mostKept) {
      old.features.clear()
      old.keys?.keys.dispose()
      this.#kept.delete(oldest)
    }
    return known
  }
}

/** @throws UserError where it cannot enlarge at any scale. */
export function requireAnyScale({ name, opened }: ViewNetwork): void {
  if (opened.loaded.model.scale.kind === 'fixed')
    throw new UserError(
      `${name} enlarges ${opened.loaded.model.scale.value} times and nothing else: a view has any scale`,
      'take a network with coordinates, as --weights live',
    )
}
