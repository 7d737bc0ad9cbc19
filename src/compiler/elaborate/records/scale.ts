import { Consequence } from '../../diagnostics/catalogue.ts'
import { scaleLimits, type Scale } from '../../plan.ts'

export const rangeText = (least: number, most: number): string => (least === most ? `${least}` : `in ${least} .. ${most}`)

/** Between which enlargements a model is asked for. */
export function limits(scale: Scale | undefined): readonly [number, number] {
  if (!scale) throw new Consequence()
  return scaleLimits(scale)
}
