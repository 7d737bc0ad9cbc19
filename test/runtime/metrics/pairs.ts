import { fixtureValues } from '../data/fixtures.ts'

/** What one pair of the fixture was measured to have. */
export interface PairValues {
  readonly scale: number
  readonly psnr_rgb_shave0: number
  readonly psnr_rgb_shave8: number
  readonly psnr_rgb_shave_scale_plus_6: number
  readonly psnr_y_unrounded_shave_scale: number
  readonly psnr_y_rounded_shave_scale: number
  readonly psnr_y_weighted_difference_shave_scale: number
  readonly ssim_uniform7_rgb: number
  readonly ssim_gauss11_rgb: number
  readonly ssim_gauss11_y_rounded_shave_scale: number
  readonly ssim_uniform7_per_channel: number[]
}

interface Values {
  readonly pairs: (PairValues & { readonly name?: string })[]
  readonly tolerances: { readonly psnr_db: number; readonly psnr_db_float32: number; readonly ssim: number }
}

/** The pairs of a fixture folder; files are `NAME_hr.png` and `NAME_sr.png`, NAME being `pair` and the position where none is given. */
export function fixturePairs(folder: string): {
  pairs: { name: string; values: PairValues }[]
  tolerances: Values['tolerances']
} {
  const { pairs, tolerances } = fixtureValues<Values>(folder)
  return { pairs: pairs.map((values, i) => ({ name: values.name ?? `pair${i}`, values })), tolerances }
}
