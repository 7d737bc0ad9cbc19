import type { Picture } from '../data/picture.ts'
import type { Counts, SplitName } from './split.ts'

/** A file that the set is made of. */
export interface Source {
  /** The same on every machine: without the folder that it lies in. */
  readonly name: string
  readonly sha256: string
  readonly bytes: number
  readonly group: string
  /** Of the level that is read. */
  readonly mpp?: number
}

/** A sub-image of a slide, or a whole picture, and the side that it goes to. */
export interface Piece {
  readonly source: Source
  readonly split: SplitName
  /** The file's name without the place of its tile. */
  readonly stem: string
  /** In pixels of the level. */
  readonly x: number
  readonly y: number
  read(): Promise<Picture>
  /** The same from a level that is so many times coarser. */
  readonly low?: { readonly m: number; read(): Promise<Picture> }
}

/** Everything that decides a set; nothing has been written. */
export interface Plan {
  readonly recipe: 'tma' | 'tcga' | 'fields'
  /** What was asked for, as JSON. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly sources: readonly Source[]
  readonly pieces: readonly Piece[]
  /** Side of the tiles that pieces are cut in; `whole` keeps pieces as they are. */
  readonly tile: number | 'whole'
  /** What the split keeps apart, and what it does not. */
  readonly split: { readonly by: string; readonly says: string }
  /** What differs from what was asked for. */
  readonly remarks: readonly string[]
}

/** Settings of every recipe. */
export interface SplitSettings {
  readonly split: Counts
  readonly seed: number
  readonly tile: number | 'whole'
}

/** Says where there are fewer or more than asked for. */
export function countRemarks(found: number, asked: Counts, what: string): string[] {
  const sum = asked[0] + asked[1] + asked[2]
  return found === sum ? [] : [`${found} ${what}, not ${sum}: split in the proportion ${asked.join('/')}`]
}
