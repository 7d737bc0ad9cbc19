import type { Picture } from '../data/picture.ts'

/** A slide at one resolution. */
export interface SlideLevel {
  readonly width: number
  readonly height: number
  /** How many pixels of the full size one of these is. */
  readonly downsample: number
}

/** A scanned slide, read region by region. */
export interface Slide {
  /** Who reads it. */
  readonly reader: 'libvips' | 'OpenSlide'
  /** From the full size down. */
  readonly levels: readonly SlideLevel[]
  /** Micrometres per pixel at full size along x, where the file says. */
  readonly mpp?: number
  /** What of its levels is not in the file, in words: white in every region. */
  readonly blank?: string
  /** 8-bit RGB as stored, on white; the region must lie inside the level. */
  region(level: number, x: number, y: number, width: number, height: number): Promise<Picture>
  /** The whole slide, `width` x `height` pixels. */
  thumbnail(width: number, height: number): Promise<Picture>
  close(): void
}
