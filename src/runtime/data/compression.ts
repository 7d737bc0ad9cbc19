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

/** Table K.1 of the JPEG standard: steps of brightness at quality 50, row by row. */
const brightnessTable = [
  [16, 11, 10, 16, 24, 40, 51, 61],
  [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56],
  [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77],
  [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101],
  [72, 92, 95, 98, 112, 100, 103, 99],
].flat()

/** The steps of libjpeg's quality, as its jpeg_quality_scaling makes them. */
function stepsOf(quality: number): number[] {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality
  return brightnessTable.map((step) => Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))))
}

const qualities = Array.from({ length: 100 }, (_, at) => ({ quality: at + 1, steps: stepsOf(at + 1) }))

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
