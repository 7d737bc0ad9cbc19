import { optimisers } from '../../optimisers/registry.ts'
import { operationTexts, type PictureOperationName } from '../../picture-operations.ts'
import { optimiserText } from '../../optimisers/optimiser.ts'

/** A field of `train`, of `evaluate` or of the record of a slot: what checker, completion, docs and defaults know of it. */
export interface FieldSpec {
  /** What it says. */
  readonly about: string
  /** What it takes. */
  readonly takes: string
  /** Its default, as a text would say it. */
  readonly standard?: string
  /** What holds without it, where no text says that; `needed` where it must be there. */
  readonly otherwise?: string
  /** Names that its value is made of. */
  readonly words?: readonly string[]
}

type Fields = Readonly<Record<string, FieldSpec>>

const size = (about: string): FieldSpec => ({ about, takes: 'int', otherwise: 'needed where the inputs have it' })

/** How large the inputs are in training. */
const sizes: Fields = {
  B: size('items in a batch'),
  h: size('rows of a low-resolution patch'),
  w: size('columns of a low-resolution patch'),
  H: size('rows of an enlarged patch'),
  W: size('columns of an enlarged patch'),
  q: size('queries of an item, drawn at random'),
}

const loss: FieldSpec = {
  about: 'what is lowered, over outputs, inputs and target, the true picture',
  takes: '`l1(a, b)`, `mse(a, b)`, `charbonnier(a, b)`, `ssim(a, b)` and arithmetic',
  otherwise: 'needed',
  words: ['l1', 'mse', 'charbonnier', 'ssim', 'target'],
}
const optimizer: FieldSpec = {
  about: 'how weights are moved',
  takes: [...optimisers.values()].map((each) => `\`${optimiserText(each)}\``).join(', '),
  otherwise: 'needed',
  words: [...optimisers.keys()],
}
const schedule: FieldSpec = {
  about: 'of the learning rate',
  takes:
    '`step(at: [epochs], factor:)`, `cosine(to: share, restarts: [epochs], decay: 1)`, `constant`, or the rate itself, of `lr`, `step`, `steps`, `epoch` and `epochs`',
  standard: 'constant',
  words: ['step', 'cosine', 'constant'],
}
const warmup: FieldSpec = { about: 'steps in which the rate grows from nought, in a line', takes: 'int', standard: '0' }
const clip: FieldSpec = {
  about: 'what gradients are cut down to, together or each',
  takes: '`norm(length)`, `value(size)` or `none`',
  standard: 'none',
  words: ['norm', 'value'],
}

const allTexts = (names: readonly PictureOperationName[]): string =>
  names.flatMap((name) => operationTexts(name).map((text) => `\`${text}\``)).join(', ')

/** The words of `degrade` and of `augment`. */
export const degradations = [
  'blur',
  'resize',
  'jpeg',
  'noise',
  'sharpen',
  'defocus',
  'choose',
] as const satisfies readonly PictureOperationName[]
export const augmentations = [
  'flip_x',
  'flip_y',
  'transpose',
  'rotate',
  'stain',
] as const satisfies readonly PictureOperationName[]
export const metrics = ['psnr', 'ssim', 'ssim_gaussian', 'fid'] as const

const train: Fields = {
  ...sizes,
  m: {
    about: 'the enlargement of an item',
    takes: 'real, list, or a draw such as `uniform(1, 4)`',
    otherwise: 'the static scale',
    words: ['uniform', 'normal'],
  },
  degrade: {
    about: 'from the picture to its low resolution, in order',
    takes: allTexts(degradations),
    standard: '[resize(kernel: bicubic)]',
    words: degradations,
  },
  augment: {
    about: 'of both pictures alike: flips and transpose with even chance, turns and stains drawn',
    takes: allTexts(augmentations),
    standard: '[]',
    words: augmentations,
  },
  loss,
  optimizer,
  schedule,
  warmup,
  clip,
  freeze: {
    about: 'weights that stay as they are, with all below their paths',
    takes: 'list of weight paths, `[encoder, lfi.query]`',
    standard: '[]',
  },
  rate: {
    about: 'shares of the learning rate for the weights below a path; the longest path counts',
    takes: 'list of `0.1 * path`',
    standard: '[]',
  },
  epochs: { about: 'how often all pictures are gone through', takes: 'int', standard: '1' },
  repeat: { about: 'draws from every picture in an epoch', takes: 'int', standard: '1' },
  accumulate: { about: 'batches of B whose gradients are averaged for one update, which is a step', takes: 'int', standard: '1' },
  ema: {
    about: 'share of a running mean of the weights that an update keeps; the mean is what is validated, evaluated and written',
    takes: 'real or `none`',
    standard: 'none',
  },
  precision: {
    about: 'in what a step computes products and convolutions; weights, sums and the rest stay float32',
    takes: '`float32` or `bf16`',
    standard: 'float32',
    words: ['float32', 'bf16'],
  },
  steps: {
    about: 'how many there are; without `epochs` an epoch is one way through the pictures',
    takes: 'int',
    otherwise: '`epochs` times what an epoch has',
  },
}

/** Of a slot that is trained by a loss of its own. */
const objective: Fields = {
  loss,
  optimizer,
  schedule,
  warmup,
  clip,
  every: { about: 'takes part in every n-th step', takes: 'int', standard: '1' },
}

const evaluate: Fields = {
  m: { about: 'the enlargements that are measured', takes: 'list of real', otherwise: 'needed, but for a static scale' },
  metrics: {
    about: 'what is measured',
    takes: '`psnr`, `ssim`, `ssim_gaussian`, `fid`',
    standard: '[psnr, ssim]',
    words: metrics,
  },
  scope: {
    about: 'where best_match may choose from, and which queries are computed together where they depend on one another',
    takes: '`full`, `lattice(n)`, `raster(n)`, `tile(n)`',
    standard: 'lattice(2304)',
    words: ['full', 'lattice', 'raster', 'tile'],
  },
  cell_clip: { about: 'cells are multiplied by max(m / clip, 1)', takes: 'real or `none`', standard: 'none' },
  back_projection: {
    about: 'how often a result is projected onto the picture it was made of, where that was not compressed',
    takes: 'int',
    standard: '0',
  },
  degrade: {
    about: 'what test pictures go through',
    takes: 'as `degrade` of train',
    otherwise: 'that of train',
    words: degradations,
  },
  tile: { about: 'side of the squares that test pictures are cut in', takes: 'int', standard: '768' },
  shave: { about: 'border that PSNR leaves out', takes: 'int', otherwise: '`ceil(m) + 6`' },
}

/** All fields, by the record that they stand in. */
export const fields = { train, evaluate, objective } as const
export type RecordKind = keyof typeof fields

export const fieldNames = (record: RecordKind): string[] => Object.keys(fields[record])
export const sizeFields: readonly string[] = Object.keys(sizes)

/** `draws from every picture in an epoch: int; 1 without it`. */
export function fieldText({ about, takes, standard, otherwise }: FieldSpec): string {
  const without = standard ?? (otherwise?.startsWith('needed') ? undefined : otherwise)
  return `${about}: ${takes.replaceAll('`', '')}${without === undefined ? '' : `; ${without.replaceAll('`', '')} without it`}`
}
