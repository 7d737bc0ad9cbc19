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
}

/** Where the weights of a training live and move. Two of these give the same numbers within rounding. */
export interface Learner {
  /**
   * One update of every optimiser whose turn step `step` is, all gradients taken at the weights before it, at one rate an
   * optimiser. No weight is moved where what was measured is not finite.
   */
  step(step: number, inputs: HostTensors, rates: readonly number[]): Promise<Measured>
  /** The model's own loss, without an update and with nothing at random. */
  loss(inputs: HostTensors): Promise<number>
  read(): Promise<LearnerState>
  /** The largest memory that what computes has held so far, in bytes. */
  readonly peakBytes: number
  /** Weights that are not given stay; moments that are not given stay zero. */
  assign(state: Partial<LearnerState>): Promise<void>
  close(): void
}

/** Uniform numbers in [0, 1) for the layer of that name in that step. */
export type Draws = (step: number, count: number, layer: string) => Float32Array
