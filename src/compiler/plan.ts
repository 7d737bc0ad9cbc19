import type { Graph } from './ir/graph.ts'
import type { kernels, subsamplings } from './picture-operations.ts'
import type { Clip } from './optimisers/clip.ts'
import type { Settings } from './optimisers/optimiser.ts'
import type { Size } from './shapes/size.ts'

/**
 * What the compiler hands to the runtime: graphs and records in plain data, nothing of the syntax.
 */

export type PerItemVariable = 'm' | 'epoch' | 'epochs' | 'step' | 'steps' | 'lr'

/** An expression over one item's draws: `uniform(1, 4)`, `(m - 1) / 2`. */
export type PerItem =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'variable'; readonly name: PerItemVariable }
  /** One of the list, with equal chance. */
  | { readonly kind: 'choice'; readonly items: readonly PerItem[] }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly PerItem[] }

/** A word, or several of which each has the same chance. */
export type Choice<Word extends string> = Word | readonly Word[]

/** `pictureOperations` says between which numbers each attribute lies. */
export type PictureOperation =
  | { readonly op: 'blur'; readonly sigma: PerItem }
  /** To the size that is wanted, or by a factor on the way there. */
  | { readonly op: 'resize'; readonly kernel: Choice<(typeof kernels)[number]>; readonly by?: PerItem }
  | { readonly op: 'jpeg'; readonly quality: PerItem; readonly subsampling: Choice<(typeof subsamplings)[number]> }
  | { readonly op: 'noise'; readonly noise: 'gaussian'; readonly sigma: PerItem; readonly grey: boolean }
  | { readonly op: 'noise'; readonly noise: 'poisson'; readonly scale: PerItem; readonly grey: boolean }
  | { readonly op: 'sharpen'; readonly amount: PerItem; readonly radius: PerItem }
  | { readonly op: 'defocus'; readonly radius: PerItem }
  /** With the chance `p` the first list, else the second. */
  | {
      readonly op: 'choose'
      readonly p: PerItem
      readonly then: readonly PictureOperation[]
      readonly otherwise: readonly PictureOperation[]
    }
  | { readonly op: 'flip_x' | 'flip_y' | 'transpose' | 'rotate' }
  | { readonly op: 'stain'; readonly sigma: PerItem; readonly shift: PerItem }

export type InputRole = 'image' | 'enlarged' | 'coordinates' | 'cell' | 'scale' | 'compression'
export type OutputRole = 'samples' | 'image' | 'features' | 'inspect'

export interface ModelInput {
  readonly name: string
  readonly role: InputRole
  readonly shape: readonly Size[]
  /** Where 0 and 255 of the picture go. */
  readonly range: readonly [number, number]
  /** For `enlarged`: what is done to the low-resolution picture. */
  readonly by?: readonly PictureOperation[]
}

/** Whether an input has a value for each query; a cell may also stand once for the picture. */
export const isPerQuery = ({ role, shape }: ModelInput): boolean =>
  role === 'coordinates' || (role === 'cell' && shape.length === 3)

export interface ModelOutput {
  readonly name: string
  readonly role: OutputRole
  readonly shape: readonly Size[]
  readonly range: readonly [number, number]
}

export type Scale =
  { readonly kind: 'range'; readonly from: number; readonly to: number } | { readonly kind: 'fixed'; readonly value: number }

/** Between which enlargements a network is asked for. */
export const scaleLimits = (scale: Scale): readonly [least: number, most: number] =>
  scale.kind === 'range' ? [scale.from, scale.to] : [scale.value, scale.value]

/** An optimiser by its name (`src/compiler/optimisers`) and all its settings. */
export interface OptimiserPlan {
  readonly name: string
  readonly settings: Settings
}

export type Schedule =
  | { readonly kind: 'constant' }
  | { readonly kind: 'step'; readonly at: readonly number[]; readonly factor: number }
  /** Anew at each of `restarts`, from `decay` of the rate before. */
  | { readonly kind: 'cosine'; readonly to: number; readonly restarts: readonly number[]; readonly decay: number }
  /** The rate itself, of `lr`, `step`, `steps`, `epoch` and `epochs`. */
  | { readonly kind: 'rate'; readonly rate: PerItem }

/** What a loss may read of where training is, all from 0: inputs of its graph that are numbers. */
export const momentNames = ['step', 'steps', 'epoch', 'epochs'] as const

/** One optimiser's share: what it lowers, which weights it moves. */
export interface Objective {
  /** Outputs `loss` and one for each term. */
  readonly graph: Graph
  readonly terms: readonly string[]
  /** The slot whose weights it moves; undefined for the model's own. */
  readonly group?: string
  readonly optimizer: OptimiserPlan
  readonly schedule: Schedule
  /** The rate grows from nought over so many steps. */
  readonly warmup: number
  readonly clip?: Clip
  /** Takes part in every n-th step. */
  readonly every: number
}

export interface TrainPlan {
  /** B, h, w, q .. as the inputs name them. */
  readonly sizes: Readonly<Record<string, number>>
  readonly m: PerItem
  readonly degrade: readonly PictureOperation[]
  readonly augment: readonly PictureOperation[]
  /** The model's own first. */
  readonly objectives: readonly Objective[]
  readonly epochs: number
  readonly repeat: number
  /** Shares of the learning rate by weight path, as the text has them; 0 for what is frozen. */
  readonly rates: Readonly<Record<string, number>>
  /** Batches of B items whose gradients make one update. */
  readonly accumulate: number
  /** Products and convolutions of a step are computed in it; in float32 without it. */
  readonly precision?: 'bf16'
  /** Instead of epochs. */
  readonly steps?: number
  /** The text says steps and no epochs: there are as many as the steps go through the pictures. */
  readonly epochsFollow?: true
  /** The share of the running mean of the model's weights that an update keeps; none is taken without it. */
  readonly ema?: number
}

export type Scope = { readonly kind: 'full' } | { readonly kind: 'lattice' | 'raster' | 'tile'; readonly count: number }

export interface EvaluatePlan {
  readonly m: readonly number[]
  readonly metrics: readonly ('psnr' | 'ssim' | 'ssim_gaussian' | 'fid')[]
  readonly scope: Scope
  /** Whether the text says the scope. */
  readonly saysScope: boolean
  readonly cellClip?: number
  /** How often results are projected onto pictures that were not compressed. */
  readonly backProjection: number
  readonly tile: number
  readonly shave?: number
  readonly degrade: readonly PictureOperation[]
}

/** A size that every picture must satisfy: `size >= least`. */
export interface SizeCheck {
  readonly size: Size
  readonly least: number
  readonly problem: string
  /** `models/iste.arch:9`: what asks for it. */
  readonly at: string
}

/** Who says a value: the text itself, a slot's filler, a preset, a variant's edit, or the command line. */
export type Origin =
  | { readonly by: 'default' | 'filler' | 'command' }
  | { readonly by: 'preset'; readonly preset: string }
  | { readonly by: 'set' | 'replace'; readonly file: string }

/** Where a value came from. */
export interface Resolved {
  readonly path: string
  readonly value: string
  readonly origin: Origin
  /** What put another filler in the slot that the value is for: nothing uses it. */
  readonly droppedFor?: Origin
}

/** `default`, `filler`, `--set`, `preset mini`, `wo-lfi.arch, set`. */
export function originText(origin: Origin): string {
  switch (origin.by) {
    case 'command':
      return '--set'
    case 'preset':
      return `preset ${origin.preset}`
    case 'set':
    case 'replace':
      return `${origin.file}, ${origin.by}`
    default:
      return origin.by
  }
}

/** As runs keep it: `preset mini, dropped: wo-lfi.arch, replace`. */
export const resolvedText = ({ origin, droppedFor }: Pick<Resolved, 'origin' | 'droppedFor'>): string =>
  originText(origin) + (droppedFor ? `, dropped: ${originText(droppedFor)}` : '')

export interface CompiledModel {
  readonly name: string
  readonly file: string
  /** Titles of the variants that are applied. */
  readonly variants: readonly string[]
  readonly preset: string
  readonly scale: Scale
  readonly inputs: readonly ModelInput[]
  readonly outputs: readonly ModelOutput[]
  readonly graph: Graph
  readonly train?: TrainPlan
  readonly evaluate: EvaluatePlan
  readonly checks: readonly SizeCheck[]
  readonly values: readonly Resolved[]
  /** Weights of the base that nothing here reaches any more. */
  readonly removed: readonly string[]
}
