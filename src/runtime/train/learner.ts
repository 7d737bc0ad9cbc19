import type { Tensor } from '../files/safetensors.ts'
import type { HostTensors } from '../compute/messages.ts'

/** What a step measures: every loss and its terms, by name. */
export type Measured = Readonly<Record<string, number>>

/** Weights and optimisers of a training, with the updates that each optimiser has made. */
export interface LearnerState {
  readonly weights: ReadonlyMap<string, Tensor>
  /** Moments as `m.PATH` and `v.PATH`, behind `GROUP/` where the optimiser is an adversary's. */
  readonly optimizer: ReadonlyMap<string, Tensor>
  readonly counts: readonly number[]
  /** Running means by the paths of their weights, where the text asks for them. */
  readonly averages?: ReadonlyMap<string, Tensor>
}

/** Where the weights of a training live and move. Two of these give the same numbers within rounding. */
export interface Learner {
  /**
   * One update of every optimiser whose turn step `step` is, all gradients taken at the weights before it, at one rate an
   * optimiser: by the means over `batches`, of which there are as many as the text accumulates. No weight is moved where
   * what was measured is not finite.
   */
  step(step: number, batches: readonly HostTensors[], rates: readonly number[]): Promise<Measured>
  /** The model's own loss, of the running means where there are some; without an update and with nothing at random. */
  loss(inputs: HostTensors): Promise<number>
  read(): Promise<LearnerState>
  /** The largest memory that what computes has held so far, in bytes. */
  readonly peakBytes: number
  /** Weights that are not given stay; moments that are not given stay zero; means that are not given begin at the weights. */
  assign(state: Partial<LearnerState>): Promise<void>
  close(): void
}

/** Uniform numbers in [0, 1) for the layer of that name in that step. */
export type Draws = (step: number, count: number, layer: string) => Float32Array

/** What an update is made of beside its objectives. */
export interface LearnerOptions {
  /** Batches of an update; 1 without it. */
  readonly accumulate?: number
  /** The share of a running mean that an update keeps; none is taken without it. */
  readonly ema?: number
}

/** Of what one batch of several draws: together they draw what one large batch would. */
export const drawsOf =
  (draws: Draws, batch: number, batches: number): Draws =>
  (step, count, layer) =>
    draws(step, batches * count, layer).subarray(batch * count, (batch + 1) * count)

/** The means of what was measured in each batch. */
export function meanOf(measured: readonly Measured[]): Measured {
  const total = (name: string): number => measured.reduce((sum, each) => sum + each[name]!, 0)
  return Object.fromEntries(Object.keys(measured[0]!).map((name) => [name, total(name) / measured.length]))
}

export const allFinite = (measured: Measured): boolean => Object.values(measured).every(Number.isFinite)
