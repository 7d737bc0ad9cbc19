import type { Picture } from '../data/picture.ts'
import type { Beside, SlideLevel } from './slide.ts'

/** What OpenSlide says of a slide. */
export interface OpenslideFacts extends Beside {
  readonly vendor: string
  readonly levels: readonly SlideLevel[]
  readonly icc: Buffer | undefined
}

/** What the process of OpenSlide is asked; `slide` is the number of one that is open, which is opened where it is not. */
export type OpenslideQuestion =
  | { readonly kind: 'facts'; readonly slide: number; readonly file: string }
  | {
      readonly kind: 'region'
      readonly slide: number
      readonly file: string
      readonly level: number
      /** In pixels of level 0. */
      readonly x: number
      readonly y: number
      /** In pixels of the level. */
      readonly width: number
      readonly height: number
    }
  | { readonly kind: 'close'; readonly slide: number; readonly file: string }

export type OpenslideRequest = OpenslideQuestion & { readonly id: number }

/** What it answers: facts are undefined where OpenSlide does not know the format. */
export type OpenslideAnswer =
  | { readonly id: number; readonly found: OpenslideFacts | Picture | undefined }
  | { readonly id: number; readonly problem: string; readonly help?: string }
