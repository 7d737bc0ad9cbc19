import type { Picture } from '../data/picture.ts'

/** Pictures of one size: `count` x `height` x `width` x 3 values, where 0 is black and 1 is white. */
export interface PictureBatch {
  readonly values: Float32Array
  readonly count: number
  readonly width: number
  readonly height: number
}

/** A network that was trained to recognise, whose last pooling layer says what a picture looks like. */
export interface FeatureExtractor {
  /** What a distance of its features is called. Only pytorch-fid's is called FID. */
  readonly name: string
  /** How it is reached: weights, resize, range, layer. */
  readonly definition: string
  /** How many features a picture has. */
  readonly dims: number
  /** `count` x `dims`, row-major. */
  features(batch: PictureBatch): Float32Array
  dispose(): void
}

/** Pictures of one size as an extractor takes them. */
export function batchOf(pictures: readonly Picture[]): PictureBatch {
  const { width, height } = pictures[0]!
  const each = width * height * 3
  const values = new Float32Array(pictures.length * each)
  pictures.forEach(({ data }, at) => data.forEach((byte, i) => (values[at * each + i] = byte / 255)))
  return { values, count: pictures.length, width, height }
}
