import path from 'node:path'
import { archcRoot } from '../../root.ts'

/** Weights that archc carries, with the text of their network in the same file. */
export interface CarriedWeights {
  readonly name: string
  /** In models/weights; its card lies beside it. */
  readonly file: string
  /** What they are for, in a few words. */
  readonly about: string
  /** At the scales that were measured. */
  readonly gains: readonly Gains[]
}

/** dB over Bicubic, means over samples/judge, by `npm run bench -- compression`. */
interface Gains {
  readonly scale: number
  readonly uncompressed: number
  /** By quality: the same pictures as JPEG, 4:2:0, before they are enlarged. */
  readonly jpeg: Readonly<Record<number, number>>
}

/** For pictures as people have them: told how they were compressed, and quick enough for slides. */
export const liveWeights: CarriedWeights = {
  name: 'live',
  file: 'live.safetensors',
  about: 'for pictures that were compressed as for others, and the quickest by far',
  gains: [
    { scale: 2, uncompressed: 1.94, jpeg: { 98: 1.01, 95: 0.79, 90: 0.58, 80: 0.43, 60: 0.39, 30: 0.41 } },
    { scale: 4, uncompressed: 1.41, jpeg: { 98: 0.99, 95: 0.87, 90: 0.67, 80: 0.44, 60: 0.3, 30: 0.26 } },
  ],
}

/** The same network, wider and deeper: a little better, at some three times the time. */
const largeWeights: CarriedWeights = {
  name: 'live-large',
  file: 'live-large.safetensors',
  about: 'the same, wider and deeper: a little better, and slower',
  gains: [
    { scale: 2, uncompressed: 2.05, jpeg: { 98: 1.03, 95: 0.82, 90: 0.59, 80: 0.43, 60: 0.39, 30: 0.41 } },
    { scale: 4, uncompressed: 1.45, jpeg: { 98: 1, 95: 0.89, 90: 0.68, 80: 0.45, 60: 0.3, 30: 0.25 } },
  ],
}

/** ISTE, for pictures that were never compressed. */
export const plainWeights: CarriedWeights = {
  name: 'plain',
  file: 'iste-on-bicubic-small-plain.safetensors',
  about: 'undo bicubic downsampling, for pictures that were never compressed',
  gains: [
    { scale: 2, uncompressed: 2.12, jpeg: { 98: 0.98, 95: 0.6, 90: 0.13, 80: -0.28, 60: -0.47, 30: -0.49 } },
    { scale: 4, uncompressed: 1.52, jpeg: { 98: 0.73, 95: 0.5, 90: 0.1, 80: -0.29, 60: -0.43, 30: -0.4 } },
  ],
}

export const carriedWeights: readonly CarriedWeights[] = [
  liveWeights,
  largeWeights,
  plainWeights,
  {
    name: 'deblur',
    file: 'iste-on-bicubic-small.safetensors',
    about: "undo the blur of ISTE's code too: sharper, for pictures that were blurred and never compressed",
    gains: [
      { scale: 2, uncompressed: 1.41, jpeg: { 98: 0.2, 95: -0.29, 90: -0.79, 80: -1.09, 60: -1.07, 30: -0.95 } },
      { scale: 4, uncompressed: -2.78, jpeg: { 98: -3.16, 95: -3.53, 90: -3.92, 80: -3.72, 60: -2.86, 30: -1.95 } },
    ],
  },
]

/** What is taken where none are named. */
export const defaultWeights = liveWeights

export const carriedFile = ({ file }: CarriedWeights): string => path.join(archcRoot, 'models', 'weights', file)
