import type { Backend, Tensor } from '../ops/backend.ts'

/** What the text says of an optimiser: numbers, words, yes or no. */
export type Settings = Readonly<Record<string, number | string | boolean>>

/** One setting; without a standard the text must say it. */
export type Setting = { readonly about: string } & (
  | {
      readonly type: 'number'
      readonly standard?: number
      /** In words, for a message. */
      readonly range: string
      isIn(value: number): boolean
    }
  | { readonly type: 'word'; readonly standard: string; readonly words: readonly string[] }
  | { readonly type: 'bool'; readonly standard: boolean }
)

/** What a kernel of TensorFlow takes at a place: a number, a setting, a number of the step, or the gradient. */
export type Operand = number | { readonly setting: string } | { readonly given: string } | 'gradient'

/** Numbers of one step, in double precision until they meet a tensor. */
export type Given = Readonly<Record<string, number>>

/** One weight before an update: all tensors have its shape. */
export interface Update<T extends Tensor> {
  readonly x: T
  readonly gradient: T
  /** By the names of `state`. */
  readonly state: Readonly<Record<string, T>>
}

/** One optimiser, one object: its settings, its rule, what it remembers, and the kernel that does the same. */
export interface Optimiser {
  readonly name: string
  /** In the order of the text; `lr`, the learning rate, is one of them. */
  readonly settings: Readonly<Record<string, Setting>>
  /** What is kept of every weight: tensors of its shape, zeros at the start. In files `NAME.PATH`. */
  readonly state: readonly string[]
  /** The numbers of the step at a learning rate, with `count` updates before it, for a weight of so many axes. */
  given(settings: Settings, rate: number, count: number, rank: number): Given
  /** One update: the new weight, then its state in order. Its numbers may be tensors too. */
  step<T extends Tensor>(on: Backend<T>, update: Update<T>, settings: Settings, given: Readonly<Record<string, number | T>>): T[]
  /** The same by one kernel, on the weight and its state. */
  readonly kernel?: {
    readonly name: string
    readonly takes: readonly Operand[]
    given(settings: Settings, rate: number, count: number): Given
  }
}

/** Whether weight decay moves a weight: of `kernels` those alone that have more than one axis, no biases and no norms. */
export const decays = ({ decay }: Settings, rank: number): boolean => decay === 'all' || rank > 1

export const decayed: Setting = {
  about: 'which weights decay: all, or kernels, which leaves out biases and norms',
  type: 'word',
  standard: 'all',
  words: ['all', 'kernels'],
}

/** At least 0. */
export const amount = (about: string, standard: number): Setting => ({
  about,
  type: 'number',
  standard,
  range: 'at least 0',
  isIn: (value) => value >= 0,
})

/** `adam(lr:, beta1: 0.9)`. */
export const optimiserText = ({ name, settings }: Optimiser): string =>
  `${name}(${Object.entries(settings)
    .map(([setting, { standard }]) => `${setting}:${standard === undefined ? '' : ` ${standard}`}`)
    .join(', ')})`
