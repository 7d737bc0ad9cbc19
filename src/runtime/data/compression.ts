import { logarithm } from '../files/exact.ts'
import { stepsOf } from './jpeg-tables.ts'

/** How a picture was compressed before it came here. */
export interface Compression {
  readonly kind: 'jpeg'
  /** On libjpeg's scale, 1 to 100: the quality whose steps are nearest. */
  readonly quality: number
  /** Of the colours, where it is known: `4:2:0` is half the resolution along both sides. */
  readonly subsampling?: string
  /** Whether the file says so, or its pixels still show it. */
  readonly from: 'tables' | 'pixels'
}

const qualities = Array.from({ length: 100 }, (_, at) => ({ quality: at + 1, steps: stepsOf(at + 1).brightness }))

/** The quality whose steps are nearest to these, by their ratios; `steps` row by row, undefined where one is not known. */
export function qualityOf(steps: readonly (number | undefined)[]): number {
  let best = { quality: 0, away: Infinity }
  for (const { quality, steps: wanted } of qualities) {
    const away = steps.reduce<number>((sum, step, at) => sum + (step ? Math.abs(Math.log(step / wanted[at]!)) : 0), 0)
    if (away <= best.away) best = { quality, away }
  }
  return best.quality
}

/** Pixels count where they show that a picture was compressed more before it was stored as its file says. */
export function worse(stored: Compression | undefined, shown: Compression | undefined): Compression | undefined {
  return stored && shown && shown.quality > stored.quality - 5 ? stored : (shown ?? stored)
}

/** What a picture is taken as: what was seen of it, unless the user names the quality of the JPEG that it was, or that it was none. */
export const takenAs = (
  seen: Pick<Compression, 'quality'> | undefined,
  said: number | 'none' | undefined,
): Pick<Compression, 'quality'> | undefined => (said === undefined ? seen : said === 'none' ? undefined : { quality: said })

/**
 * How strongly a picture was compressed, for a network that is told (role `compression`): 0 where it never was; for a JPEG the mean over the 64 steps
 * of brightness at its quality of log2(1 + step) / 8, from 1/8 at quality 100 to 1 at quality 1. Steps of brightness alone, since pixels
 * show no others.
 */
export function strengthOf(compression: Pick<Compression, 'quality'> | undefined): number {
  if (!compression) return 0
  const { brightness } = stepsOf(compression.quality)
  return brightness.reduce((sum, step) => sum + logarithm(1 + step), 0) / (brightness.length * 8 * Math.LN2)
}
