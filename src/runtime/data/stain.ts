import { exponential, logarithm } from '../files/exact.ts'
import type { Picture } from './picture.ts'

/** Three numbers, of hematoxylin, eosin and DAB or of red, green and blue. */
export type Triple = readonly [number, number, number]

/** How much red, green and blue light each stain takes, in optical density (Ruifrok and Johnston 2001): hematoxylin, eosin, DAB. */
const absorbs: readonly Triple[] = [
  [0.65, 0.7, 0.29],
  [0.07, 0.99, 0.11],
  [0.27, 0.57, 0.78],
]

/**
 * Another staining of the same tissue: the amounts of hematoxylin, eosin and DAB (Ruifrok and Johnston 2001) become `gain` times themselves and
 * `shift` more (Tellez et al. 2018, HED colour augmentation). Optical density is -log10((v + 1) / 256) of a sample v, and amounts are its
 * coordinates in the three stains. Rounded to 8 bits once.
 */
export function stain(picture: Picture, gain: Triple, shift: Triple): Picture {
  const { width, height, data } = picture
  const { powers, factors } = stainTables(gain, shift)
  const out = new Uint8Array(data.length)
  for (let at = 0; at < out.length; at += 3) {
    const [red, green, blue] = [data[at]!, data[at + 1]!, data[at + 2]!]
    for (let channel = 0; channel < 3; channel += 1) {
      const table = powers[channel]!
      const value = factors[channel]! * table[red]! * table[256 + green]! * table[512 + blue]! - 1
      out[at + channel] = Math.min(255, Math.max(0, Math.floor(value + 0.5)))
    }
  }
  return { width, height, data: out }
}

/** What is linear in optical density is a product of powers of the samples: a table for each sample that a channel takes. */
function stainTables(
  gain: Triple,
  shift: Triple,
): { readonly powers: readonly Float64Array[]; readonly factors: readonly number[] } {
  const inverse = inverted(absorbs)
  const sum = (term: (stain: number) => number): number => term(0) + term(1) + term(2)
  const channels = [0, 1, 2]
  return {
    powers: channels.map((to) =>
      Float64Array.from({ length: 768 }, (_, at) => {
        const from = at >> 8
        const power = sum((each) => inverse[from]![each]! * gain[each]! * absorbs[each]![to]!)
        return exponential(power * logarithm(((at & 255) + 1) / 256))
      }),
    ),
    factors: channels.map((to) => 256 * exponential(-Math.LN10 * sum((each) => shift[each]! * absorbs[each]![to]!))),
  }
}

/** By cofactors. */
function inverted(m: readonly Triple[]): number[][] {
  const cofactor = (row: number, column: number): number => {
    const at = (r: number, c: number): number => m[r % 3]![c % 3]!
    return at(row + 1, column + 1) * at(row + 2, column + 2) - at(row + 1, column + 2) * at(row + 2, column + 1)
  }
  const determinant = m[0]![0] * cofactor(0, 0) + m[0]![1] * cofactor(0, 1) + m[0]![2] * cofactor(0, 2)
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => cofactor(column, row) / determinant))
}
