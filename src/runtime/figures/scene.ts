import type { Picture } from '../data/picture.ts'

/** Lengths are in units of 1/96 inch; a PNG has `pixelsPerUnit` of its pixels for each. */
export const pixelsPerUnit = 2

interface Place {
  readonly x: number
  readonly y: number
}

interface Box extends Place {
  readonly width: number
  readonly height: number
}

/** Pixels are shown as squares where the PNG has a whole number of its own for each, else interpolated. */
export interface PictureMark extends Box {
  readonly kind: 'picture'
  readonly picture: Picture
}

/** `y` is the baseline. */
export interface TextMark extends Place {
  readonly kind: 'text'
  readonly text: string
  readonly size: number
  readonly anchor?: 'start' | 'middle' | 'end'
  readonly isBold?: boolean
  readonly colour?: string
  /** The colour of an edge around the letters, for text on a picture. */
  readonly halo?: string
  /** Degrees, clockwise. */
  readonly angle?: number
}

export interface BoxMark extends Box {
  readonly kind: 'box'
  readonly fill?: string
  readonly stroke?: string
  readonly strokeWidth?: number
}

export interface PathMark {
  readonly kind: 'path'
  /** As in SVG. */
  readonly d: string
  readonly fill?: string
  readonly stroke?: string
  readonly strokeWidth?: number
  readonly opacity?: number
}

export type VectorMark = TextMark | BoxMark | PathMark
export type Mark = PictureMark | VectorMark

/** A figure: pictures below, the rest above them, both in their order. */
export interface Scene {
  readonly width: number
  readonly height: number
  readonly marks: readonly Mark[]
}

export const isPicture = (mark: Mark): mark is PictureMark => mark.kind === 'picture'
export const isVector = (mark: Mark): mark is VectorMark => mark.kind !== 'picture'

/** The text, shortened where it does not fit. */
export function fitted(text: string, size: number, width: number): string {
  const letters = [...text]
  const room = Math.max(1, Math.floor(width / (size * 0.55)))
  return letters.length <= room ? text : `${letters.slice(0, room - 1).join('')}…`
}

/** The text in lines that fit. */
export function wrapped(text: string, size: number, width: number): string[] {
  const room = Math.max(1, Math.floor(width / (size * 0.5)))
  return text.split(' ').reduce<string[]>((lines, word) => {
    const last = lines.at(-1)
    if (last === undefined || last.length + 1 + word.length > room) return [...lines, word]
    return [...lines.slice(0, -1), `${last} ${word}`]
  }, [])
}
