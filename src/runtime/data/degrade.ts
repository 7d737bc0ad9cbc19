import type { Compression } from './compression.ts'
import { throughJpeg, type Subsampling } from './jpeg.ts'
import { continued, crop, type Picture } from './picture.ts'
import { createRandom } from '../files/random.ts'
import { defocus } from './defocus.ts'
import { gaussianNoise, poissonNoise } from './noise.ts'
import { flipX, flipY, gaussianBlur, type Kernel, resize, rotate, transpose, unsharpMask } from './pillow.ts'
import { stain, type Triple } from './stain.ts'

/** One picture operation on 8-bit RGB, its draws already made. `sigma` is in pixels of the picture that it meets. */
export type PictureOp =
  | { readonly op: 'blur'; readonly sigma: number }
  /** `by`: so many times as large on the way, instead of to the size that is wanted. */
  | { readonly op: 'resize'; readonly kernel: Kernel; readonly by?: number }
  /** `phase`: how far the picture's corner lies inside a block, for a part that was cut from a larger picture. */
  | {
      readonly op: 'jpeg'
      readonly quality: number
      readonly subsampling: Subsampling
      readonly phase?: readonly [x: number, y: number]
    }
  /** `seed`: the state of a generator. */
  | {
      readonly op: 'noise'
      readonly noise: 'gaussian'
      readonly sigma: number
      readonly grey: boolean
      readonly seed: readonly number[]
    }
  | {
      readonly op: 'noise'
      readonly noise: 'poisson'
      readonly scale: number
      readonly grey: boolean
      readonly seed: readonly number[]
    }
  | { readonly op: 'sharpen'; readonly percent: number; readonly radius: number }
  | { readonly op: 'defocus'; readonly radius: number }
  | { readonly op: 'rotate'; readonly quarters: number }
  | { readonly op: 'stain'; readonly gain: Triple; readonly shift: Triple }
  | { readonly op: 'flip_x' | 'flip_y' | 'transpose' }

/**
 * The operations in the order given, in Pillow's arithmetic on 8 bits (docs/language.md, train and evaluate). Every `resize` goes to
 * `width` x `height`; without one the picture keeps its size. The input is not changed.
 */
export function degrade(hr: Picture, ops: readonly PictureOp[], width: number, height: number): Picture {
  return ops.reduce((picture, op) => apply(picture, op, width, height), hr)
}

/**
 * How the picture that these operations make was compressed, as a file would say it or its pixels would show it: by the JPEGs at their end, the
 * strongest of several. What was compressed and then resized, blurred, sharpened or made noisy shows no blocks, and counts as not compressed.
 */
export function compressionOf(ops: readonly PictureOp[]): Pick<Compression, 'quality'> | undefined {
  const last = ops.slice(ops.findLastIndex(({ op }) => op !== 'jpeg') + 1)
  const qualities = last.flatMap((op) => (op.op === 'jpeg' ? [op.quality] : []))
  return qualities.length === 0 ? undefined : { quality: Math.min(...qualities) }
}

/** `blur(1.2), then jpeg(80, 4:2:0)`: what is done, in a line. */
export const degradeText = (ops: readonly PictureOp[]): string =>
  ops
    .map(({ op, ...values }) => {
      const all = Object.entries(values).flatMap(([name, value]) => (name === 'seed' ? [] : [value]))
      return all.length === 0 ? op : `${op}(${all.join(', ')})`
    })
    .join(', then ')

function apply(picture: Picture, op: PictureOp, width: number, height: number): Picture {
  switch (op.op) {
    case 'blur':
      return gaussianBlur(picture, op.sigma)
    case 'resize':
      return op.by === undefined ? resize(picture, width, height, op.kernel) : resizeBy(picture, op.by, op.kernel)
    case 'jpeg':
      return op.phase
        ? partOfJpeg(picture, op.quality, op.subsampling, op.phase)
        : throughJpeg(picture, op.quality, op.subsampling)
    case 'noise': {
      const random = createRandom(op.seed)
      return op.noise === 'gaussian'
        ? gaussianNoise(picture, op.sigma, op.grey, random)
        : poissonNoise(picture, op.scale, op.grey, random)
    }
    case 'sharpen':
      return unsharpMask(picture, op.radius, op.percent)
    case 'defocus':
      return defocus(picture, op.radius)
    case 'rotate':
      return rotate(picture, op.quarters)
    case 'stain':
      return stain(picture, op.gain, op.shift)
    case 'flip_x':
      return flipX(picture)
    case 'flip_y':
      return flipY(picture)
    case 'transpose':
      return transpose(picture)
  }
}

function resizeBy(picture: Picture, by: number, kernel: Kernel): Picture {
  const sized = (length: number): number => Math.max(1, Math.floor(length * by + 0.5))
  return resize(picture, sized(picture.width), sized(picture.height), kernel)
}

/** Pixels along a side of the largest unit of a JPEG: four blocks of brightness that share their colours. */
export const jpegUnit = 16

/** A part of a compressed picture whose units do not begin at its corner: what lies around it in them is its mirror image. */
function partOfJpeg(picture: Picture, quality: number, subsampling: Subsampling, [x, y]: readonly [number, number]): Picture {
  const { width, height } = picture
  const whole = (length: number): number => Math.ceil(length / jpegUnit) * jpegUnit
  const around = continued(picture, -x, -y, whole(x + width), whole(y + height))
  return crop(throughJpeg(around, quality, subsampling), x, y, width, height)
}
