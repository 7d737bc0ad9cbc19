/**
 * What is done to pictures in `degrade`, `augment` and `enlarged by`: the one place that says which attributes an operation takes and between
 * which numbers they lie. Messages, the guide and the check of what is drawn go by it.
 */

/** A number that may be drawn per item. */
interface DrawnAttribute {
  readonly kind: 'draw'
  readonly least: number
  readonly most?: number
}

/** One of some words, or a list of them, of which each has the same chance; between quotation marks where they are no names. */
interface WordAttribute {
  readonly kind: 'word'
  readonly words: readonly string[]
  readonly isQuoted?: boolean
  readonly standard?: string
}

export type PictureAttribute = DrawnAttribute | WordAttribute
export type PictureAttributes = Readonly<Record<string, PictureAttribute>>

export const kernels = ['bicubic', 'bilinear', 'nearest'] as const
export const subsamplings = ['4:4:4', '4:2:2', '4:2:0'] as const

interface PictureOperationSpec {
  /** What it does. */
  readonly about: string
  readonly attributes: PictureAttributes
}

export const pictureOperations = {
  blur: { about: 'Gaussian blur of Pillow, sigma in pixels', attributes: { sigma: { kind: 'draw', least: 0 } } },
  resize: {
    about: 'to the low-resolution size, as Pillow does it',
    attributes: { kernel: { kind: 'word', words: kernels } },
  },
  jpeg: {
    about: 'what comes back from a JPEG that Pillow saves',
    attributes: {
      quality: { kind: 'draw', least: 1, most: 100 },
      subsampling: { kind: 'word', words: subsamplings, isQuoted: true, standard: '4:2:0' },
    },
  },
  flip_x: { about: 'left and right exchanged', attributes: {} },
  flip_y: { about: 'top and bottom exchanged', attributes: {} },
  transpose: { about: 'rows become columns', attributes: {} },
} as const satisfies Readonly<Record<string, PictureOperationSpec>>

export type PictureOperationName = keyof typeof pictureOperations

/** The attributes of an operation by their names; none where there is no such operation. */
export const attributesOf = (name: string): PictureAttributes => specOf(name)?.attributes ?? {}

/** An operation by its name, if there is one. */
export const specOf = (name: string): PictureOperationSpec | undefined =>
  Object.hasOwn(pictureOperations, name) ? pictureOperations[name as PictureOperationName] : undefined

/** `jpeg(quality:, subsampling: "4:2:0")`: what an operation takes, in a line. */
export function operationText(name: string): string {
  const attributes = Object.entries(attributesOf(name))
  if (attributes.length === 0) return name
  return `${name}(${attributes.map(([attribute, spec]) => `${attribute}:${standardText(spec)}`).join(', ')})`
}

const standardText = (spec: PictureAttribute): string =>
  spec.kind === 'word' && spec.standard !== undefined ? ` ${wordText(spec, spec.standard)}` : ''

/** What an attribute takes: `a number or a draw, in 1 .. 100`. */
export const pictureAttributeText = (spec: PictureAttribute): string =>
  spec.kind === 'draw'
    ? `a number or a draw, ${rangeText(spec)}`
    : `${wordsText(spec)}, or a list of them to draw from${spec.standard === undefined ? '' : `; ${wordText(spec, spec.standard)} without it`}`

/** `bicubic or bilinear or nearest`. */
export const wordsText = (spec: WordAttribute): string => spec.words.map((word) => wordText(spec, word)).join(' or ')

/** A word as a text has it. */
export const wordText = ({ isQuoted }: WordAttribute, word: string): string => (isQuoted ? `"${word}"` : word)

/** `at least 0`, `in 1 .. 100`. */
export const rangeText = ({ least, most }: DrawnAttribute): string =>
  most === undefined ? `at least ${least}` : `in ${least} .. ${most}`
