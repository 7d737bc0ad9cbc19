import type { Backend, Tensor } from '../ops/backend.ts'

/** A number of an optimiser, as the text gives it. */
export interface Setting {
  /** Without it the text must say it. */
  readonly standard?: number
  /** In words, for a message. */
  readonly range: string
  isIn(value: number): boolean
}

/** What a kernel of TensorFlow takes at a place: a number, a setting, a number of the step, or the gradient. */
export type Operand = number | { readonly setting: string } | { readonly given: string } | 'gradient'

/** One weight before an update: all tensors have its shape. */
export interface Update {
  readonly x: Tensor
  readonly gradient: Tensor
  /** By the names of `state`. */
  readonly state: Readonly<Record<string, Tensor>>
}

/** One optimiser, one object: its settings, its rule, what it remembers, and the kernel that does the same. */
export interface Optimiser {
  readonly name: string
  /** In the order of the text; `lr`, the learning rate, is one of them. */
  readonly settings: Readonly<Record<string, Setting>>
  /** What is kept of every weight: tensors of its shape, zeros at the start. In files `NAME.PATH`. */
  readonly state: readonly string[]
  /** One update at a learning rate, `count` updates before it: the new weight, then its state in order. */
  step(on: Backend, update: Update, settings: Settings, rate: number, count: number): Tensor[]
  /** The same by one kernel, on the weight and its state. */
  readonly kernel: {
    readonly name: string
    readonly takes: readonly Operand[]
    /** Numbers that a step gives it, `rate` among them; in double precision. */
    given(settings: Settings, rate: number, count: number): Readonly<Record<string, number>>
  }
}

export type Settings = Readonly<Record<string, number>>

/** `adam(lr:, beta1: 0.9)`. */
export const optimiserText = ({ name, settings }: Optimiser): string =>
  `${name}(${Object.entries(settings)
    .map(([setting, { standard }]) => `${setting}:${standard === undefined ? '' : ` ${standard}`}`)
    .join(', ')})`
