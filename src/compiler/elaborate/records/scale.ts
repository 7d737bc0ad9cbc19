import { Consequence } from '../../diagnostics/catalogue.ts'
import type { Scale } from '../../plan.ts'

export const rangeText = (least: number, most: number): string => (least === most ? `${least}` : `in ${least} .. ${most}`)

/** Between which enlargements a model is asked for. */
export function limits(scale: Scale | undefined): readonly [number, number] {
  if (!scale) throw new Consequence()
  return scale.kind === 'range' ? [scale.from, scale.to] : [scale.value, scale.value]
}
