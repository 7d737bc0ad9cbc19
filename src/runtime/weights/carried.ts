import path from 'node:path'
import { archcRoot } from '../../root.ts'

/** Weights that archc carries, with the text of their network in the same file. */
export interface CarriedWeights {
  readonly name: string
  /** In models/weights; its card lies beside it. */
  readonly file: string
  /** What they are for, in a few words. */
  readonly about: string
}

/** For pictures as scanners give them. */
export const plainWeights: CarriedWeights = {
  name: 'plain',
  file: 'iste-on-bicubic-small-plain.safetensors',
  about: 'undo bicubic downsampling',
}

export const carriedWeights: readonly CarriedWeights[] = [
  plainWeights,
  {
    name: 'deblur',
    file: 'iste-on-bicubic-small.safetensors',
    about: "undo the blur of ISTE's code too: sharper, for pictures that were blurred and never compressed",
  },
]

/** What is taken where none are named. */
export const defaultWeights = plainWeights

export const carriedFile = ({ file }: CarriedWeights): string => path.join(archcRoot, 'models', 'weights', file)
