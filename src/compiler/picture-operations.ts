/**
 * What is done to pictures in `degrade`, `augment` and `enlarged by`: the one place that says which attributes an operation takes and between
 * which numbers they lie. Messages, the guide and the check of what is drawn go by it.
 */

/** A number that may be drawn per item. */
interface DrawnAttribute {
  readonly kind: 'draw'
  readonly least: number
  /** Whether `least` itself is too little. */
  readonly isAbove?: boolean
  readonly most?: number
}

/** One of some words, or a list of them, of which each has the same chance; between quotation marks where they are no names. */
interface WordAttribute {
  readonly kind: 'word'
  readonly words: readonly string[]
  readonly isQuoted?: boolean
  readonly standard?: string
}

/** Which of several operations of one name it is: a word without a name, first. */
interface ManyAttribute {
  readonly kind: 'which'
  readonly words: readonly string[]
}

/** True or false; false without it. */
interface FlagAttribute {
  readonly kind: 'flag'
}

export type PictureAttribute = (DrawnAttribute | WordAttribute | ManyAttribute | FlagAttribute) & {
  readonly isOptional?: boolean
  /** The word of `which` that it belongs to; all without it. */
  readonly of?: string
}
export type PictureAttributes = Readonly<Record<string, PictureAttribute>>

export const kernels = ['bicubic', 'bilinear', 'lanczos', 'nearest'] as const
export const subsamplings = ['4:4:4', '4:2:2', '4:2:0'] as const
export const noises = ['gaussian', 'poisson'] as const

interface PictureOperationSpec {
  /** What it does. */
  readonly about: string
  readonly attributes: PictureAttributes
  /** How it is written, where its attributes have no names. */
  readonly written?: string
}

export const pictureOperations = {
  blur: { about: 'Gaussian blur of Pillow, sigma in pixels', attributes: { sigma: { kind: 'draw', least: 0 } } },
  resize: {
    about: 'to the low-resolution size, as Pillow does it, or by a factor on the way there',
    attributes: {
      kernel: { kind: 'word', words: kernels },
      by: { kind: 'draw', least: 0, isAbove: true, most: 16, isOptional: true },
    },
  },
  jpeg: {
    about: 'what comes back from a JPEG that Pillow saves',
    attributes: {
      quality: { kind: 'draw', least: 1, most: 100 },
      subsampling: { kind: 'word', words: subsamplings, isQuoted: true, standard: '4:2:0' },
    },
  },
  noise: {
    about:
      'of standard deviation sigma, or of light counted in portions of scale, both in levels of 255; grey: the same in all channels',
    attributes: {
      noise: { kind: 'which', words: noises },
      sigma: { kind: 'draw', least: 0, of: 'gaussian' },
      scale: { kind: 'draw', least: 0, isAbove: true, of: 'poisson' },
      grey: { kind: 'flag', isOptional: true },
    },
  },
  sharpen: {
    about: 'unsharp mask of Pillow: amount times what a blur of radius takes away is added',
    attributes: { amount: { kind: 'draw', least: 0 }, radius: { kind: 'draw', least: 0 } },
  },
  defocus: {
    about: 'the mean over a disk, radius in pixels',
    attributes: { radius: { kind: 'draw', least: 0, most: 50 } },
  },
  choose: {
    about: 'with the chance p the operations of the first list, else those of the second, or none',
    attributes: { p: { kind: 'draw', least: 0, most: 1 } },
    written: 'choose(p, [..], [..])',
  },
  flip_x: { about: 'left and right exchanged', attributes: {} },
  flip_y: { about: 'top and bottom exchanged', attributes: {} },
  transpose: { about: 'rows become columns', attributes: {} },
  rotate: { about: 'by none to three quarters of a turn', attributes: {} },
  stain: {
    about:
      'amounts of hematoxylin, eosin and DAB times uniform(1 - sigma, 1 + sigma) plus uniform(-shift, shift), in optical density',
    attributes: { sigma: { kind: 'draw', least: 0, most: 1 }, shift: { kind: 'draw', least: 0, most: 1 } },
  },
} as const satisfies Readonly<Record<string, PictureOperationSpec>>

export type PictureOperationName = keyof typeof pictureOperations

/** The attributes of an operation by their names; none where there is no such operation. */
export const attributesOf = (name: string): PictureAttributes => specOf(name)?.attributes ?? {}

/** An operation by its name, if there is one. */
export const specOf = (name: string): PictureOperationSpec | undefined =>
  Object.hasOwn(pictureOperations, name) ? pictureOperations[name as PictureOperationName] : undefined

/** `jpeg(quality:, subsampling: "4:2:0")`: what an operation takes, in a line; one for each word of `which`. */
export function operationTexts(name: string): string[] {
  const { written, attributes = {} } = specOf(name) ?? {}
  if (written !== undefined) return [written]
  const which = Object.values(attributes).find((spec) => spec.kind === 'which')
  return (which?.words ?? [undefined]).map((word) => {
    const parts = Object.entries(attributes).flatMap(([attribute, spec]) => {
      if (spec.kind === 'which') return [word!]
      return spec.of === undefined || spec.of === word ? [`${attribute}:${standardText(spec)}`] : []
    })
    return parts.length === 0 ? name : `${name}(${parts.join(', ')})`
  })
}

function standardText(spec: PictureAttribute): string {
  if (spec.kind === 'flag') return ' false'
  if (spec.kind === 'word' && spec.standard !== undefined) return ` ${wordText(spec, spec.standard)}`
  return spec.isOptional ? ' none' : ''
}

/** What an attribute takes: `a number or a draw, in 1 .. 100`. */
export function pictureAttributeText(spec: PictureAttribute): string {
  switch (spec.kind) {
    case 'draw':
      return `a number or a draw, ${rangeText(spec)}`
    case 'word':
      return `${wordsText(spec)}, or a list of them to draw from${spec.standard === undefined ? '' : `; ${wordText(spec, spec.standard)} without it`}`
    case 'which':
      return wordsText(spec)
    case 'flag':
      return 'true or false; false without it'
  }
}

/** `bicubic or bilinear or nearest`. */
export const wordsText = (spec: WordAttribute | ManyAttribute): string =>
  spec.words.map((word) => (spec.kind === 'word' ? wordText(spec, word) : word)).join(' or ')

/** A word as a text has it. */
export const wordText = ({ isQuoted }: WordAttribute, word: string): string => (isQuoted ? `"${word}"` : word)

/** `at least 0`, `in 1 .. 100`, `above 0`. */
export function rangeText({ least, most, isAbove }: DrawnAttribute): string {
  if (isAbove) return most === undefined ? `above ${least}` : `above ${least} and at most ${most}`
  return most === undefined ? `at least ${least}` : `in ${least} .. ${most}`
}

/** Whether a number is one that an attribute takes. */
export const isTaken = ({ least, most, isAbove }: DrawnAttribute, value: number): boolean =>
  (isAbove ? value > least : value >= least) && value <= (most ?? Infinity)
