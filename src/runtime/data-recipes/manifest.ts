import { createHash } from 'node:crypto'
import type { Plan, Source } from './plan.ts'
import { splitNames, type SplitName } from './split.ts'

/** One picture of a set. */
export interface Output {
  /** Below the set's folder, with `/`. */
  readonly path: string
  readonly split: SplitName
  readonly group: string
  readonly mpp?: number
  /** The source's name, and where the picture was cut, in pixels of the level. */
  readonly source: string
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly bytes: number
  readonly sha256: string
  /** SHA-256 of size and samples. */
  readonly pixels: string
  /** Its low-resolution picture, from a coarser level. */
  readonly low?: LowOutput
}

export interface LowOutput {
  /** Below the set's folder, with `/`. */
  readonly path: string
  readonly width: number
  readonly height: number
  readonly bytes: number
  readonly sha256: string
  readonly pixels: string
}

/** The files of pictures, each with its low-resolution one. */
export const filesOf = (outputs: readonly Output[]): (Output | LowOutput)[] =>
  outputs.flatMap((output) => [output, ...(output.low ? [output.low] : [])])

/** `manifest.json`: what a set was made of and what it is. */
export interface SetManifest {
  readonly format: 1
  readonly recipe: Plan['recipe']
  readonly parameters: Plan['parameters']
  readonly split: Plan['split'] & {
    readonly pieces: Readonly<Record<SplitName, number>>
    readonly pictures: Readonly<Record<SplitName, number>>
  }
  readonly versions: Readonly<Record<string, string>>
  readonly sources: readonly Source[]
  readonly outputs: readonly Output[]
  /** What two people compare: over path, side, group and samples of every picture, whatever compressed them. */
  readonly digest: string
}

/** The digest of a set's pictures, independent of their order. */
export function digestOf(outputs: readonly Output[]): string {
  const lines = outputs
    .map(({ path, split, group, mpp, pixels, low }) =>
      JSON.stringify([path, split, group, mpp ?? null, pixels, ...(low ? [low.path, low.pixels] : [])]),
    )
    .sort()
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}

/** How many of something are on each side. */
export function counted(list: readonly { readonly split: SplitName }[]): Record<SplitName, number> {
  const count = (side: SplitName): number => list.filter(({ split }) => split === side).length
  return { train: count('train'), val: count('val'), test: count('test') }
}

/** The lists of a set by their names, as `archc train --data` and `archc evaluate --data` read them; a side of none has no list. */
export function csvFiles(outputs: readonly Output[]): Map<string, string> {
  const sides = splitNames.map((side) => [side, outputs.filter(({ split }) => split === side)] as const)
  const isPaired = outputs.some(({ low }) => low !== undefined)
  const cell = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  return new Map(
    sides
      .filter(([, list]) => list.length > 0)
      .map(([side, list]) => [
        `${side}.csv`,
        [
          `path,group,mpp${isPaired ? ',low' : ''}`,
          ...list.map(
            ({ path, group, mpp, low }) =>
              `${cell(path)},${cell(group)},${mpp ?? ''}${isPaired ? `,${cell(low?.path ?? '')}` : ''}`,
          ),
        ].join('\n') + '\n',
      ]),
  )
}
