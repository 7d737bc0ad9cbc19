import type { Picture } from '../../../src/runtime/data/picture.ts'

export type Kind = 'noise' | 'stripes' | 'slopes'

/** As fixtures/jpeg/make.py makes them. */
export function pattern(kind: Kind, width: number, height: number, seed: number): Picture {
  const noise = (at: number): number => Math.imul(at + 1 + 7919 * seed, 2654435761) >>> 24
  const level = (at: number): number => {
    if (kind === 'noise') return noise(at)
    if (kind === 'stripes') return noise(at) >= 128 ? 255 : 0
    const [row, column, channel] = [Math.floor(at / (3 * width)), Math.floor(at / 3) % width, at % 3]
    const wave = (3 * row + (5 + (seed % 7)) * column + 40 * channel) % 512
    return Math.floor((Math.min(wave, 511 - wave) * 15) / 16) + (noise(at) >> 4)
  }
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, at) => level(at)) }
}
