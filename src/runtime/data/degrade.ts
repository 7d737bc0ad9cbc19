import type { Picture } from './picture.ts'
import { flipX, flipY, gaussianBlur, type Kernel, resize, transpose } from './pillow.ts'

/** One picture operation on 8-bit RGB, its draws already made. `sigma` is in pixels of the picture that it meets. */
export type PictureOp =
  | { readonly op: 'blur'; readonly sigma: number }
  | { readonly op: 'resize'; readonly kernel: Kernel }
  | { readonly op: 'flip_x' | 'flip_y' | 'transpose' }

/**
 * The operations in the order given, in Pillow's arithmetic on 8 bits (docs/language.md, train and evaluate). Every `resize` goes to
 * `width` x `height`; without one the picture keeps its size. The input is not changed.
 */
export function degrade(hr: Picture, ops: readonly PictureOp[], width: number, height: number): Picture {
  return ops.reduce((picture, op) => apply(picture, op, width, height), hr)
}

function apply(picture: Picture, op: PictureOp, width: number, height: number): Picture {
  switch (op.op) {
    case 'blur':
      return gaussianBlur(picture, op.sigma)
    case 'resize':
      return resize(picture, width, height, op.kernel)
    case 'flip_x':
      return flipX(picture)
    case 'flip_y':
      return flipY(picture)
    case 'transpose':
      return transpose(picture)
  }
}
