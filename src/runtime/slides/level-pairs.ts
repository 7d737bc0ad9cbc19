import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'
import { levelsText, type Slide, type SlideLevel } from './slide.ts'

/** Low-resolution pixels that levels are looked for beside each other. */
const farthest = 2
/** Levels lie beside each other where another place fits so much better, by squared differences; flat tissue fits anywhere. */
const clearly = 0.7

/**
 * How many pixels of a level one of a coarser level is.
 * @throws UserError where that is no whole number, or sub-images and tiles do not divide by it.
 */
export function levelScale(
  file: string,
  { levels }: Slide,
  level: number,
  lowLevel: number,
  sides: readonly (number | 'whole')[],
): number {
  const said = levelsText({ levels })
  const [high, low] = [levels[level]!, levels[lowLevel]]
  if (!low) throw new UserError(`${file} has no level ${lowLevel}`, `It has ${said}.`)
  const m = Math.round(high.width / low.width)
  const fits = (side: 'width' | 'height'): boolean => Math.abs(high[side] - m * low[side]) < m
  if (m < 2 || !fits('width') || !fits('height'))
    throw new UserError(
      `${file}: a pixel of level ${lowLevel} is not two or more whole pixels of level ${level}`,
      `Low-resolution pictures come from a coarser level; it has ${said}.`,
    )
  const odd = sides.find((side) => side !== 'whole' && side % m !== 0)
  if (odd !== undefined) throw new UserError(`${file}: a side of ${odd} does not divide by the ${m} of level ${lowLevel}`, `Take a multiple of ${m}.`) // prettier-ignore
  return m
}

/** Whether a sub-image that begins at a place of level `level` has all its pixels in a level that is `m` times coarser. */
export const isInside = (x: number, y: number, side: number, m: number, { width, height }: SlideLevel): boolean =>
  (x + side) / m <= width && (y + side) / m <= height

/**
 * By how many low-resolution pixels `low` lies beside what `high` becomes when m x m pixels are averaged: where another place fits clearly better
 * than its own. Undefined where none does.
 */
export function besideBy(high: Picture, low: Picture, m: number): readonly [x: number, y: number] | undefined {
  const { width, height } = low
  const mean = new Float64Array(width * height)
  for (let y = 0; y < height * m; y += 1)
    for (let x = 0; x < width * m; x += 1)
      mean[Math.floor(y / m) * width + Math.floor(x / m)]! += high.data[3 * (y * high.width + x) + 1]! / (m * m)
  const difference = (dx: number, dy: number): number => {
    let sum = 0
    for (let y = farthest; y < height - farthest; y += 1)
      for (let x = farthest; x < width - farthest; x += 1)
        sum += (low.data[3 * ((y + dy) * width + x + dx) + 1]! - mean[y * width + x]!) ** 2
    return sum
  }
  const shifts = Array.from({ length: 2 * farthest + 1 }, (_, at) => at - farthest)
  const own = difference(0, 0)
  const best = shifts
    .flatMap((dy) => shifts.map((dx) => ({ dx, dy, sum: difference(dx, dy) })))
    .reduce((one, other) => (other.sum < one.sum ? other : one))
  return best.sum < clearly * own ? [best.dx, best.dy] : undefined
}

/** @throws UserError where `low`, of the coarser level, does not show what `high`, which begins at a place of the finer one, does. */
export function requireSamePlace(
  name: string,
  { x, y }: { readonly x: number; readonly y: number },
  high: Picture,
  low: Picture,
  m: number,
): void {
  const beside = besideBy(high, low, m)
  if (beside)
    throw new UserError(
      `${name}: around (${x}, ${y}) the coarser level lies ${beside.join(' and ')} of its pixels beside the finer`,
      'Leave the slide out, or choose other levels: both pictures must show the same.',
    )
}
