import path from 'node:path'
import type { Picture } from '../data/picture.ts'
import { readPicture } from '../data/read-picture.ts'
import { frechet, moments } from '../metrics/frechet.ts'
import { psnr, psnrLuminance, type Luminance } from '../metrics/psnr.ts'
import { ssimGaussian, ssimGaussianLuminance, ssimUniform, ssimUniformChannels } from '../metrics/ssim.ts'
import type { ParityCase } from './case.ts'
import type { Checks } from './check.ts'
import { at, numberOf, numbersOf, recordOf, type Json } from './json.ts'

/** PSNR and SSIM of real pairs, moments and Frechet distances of feature sets. */
export async function checkMetrics(data: ParityCase, checks: Checks): Promise<void> {
  const pairs = at(data.values, 'pairs')
  for (const [index, pair] of (Array.isArray(pairs) ? (pairs as readonly Json[]) : []).entries()) {
    const picture = async (end: string): Promise<Picture> =>
      (await readPicture(path.join(data.folder, `pair${index}_${end}.png`))).picture
    comparePair(data, checks, `pair${index}`, pair, await picture('sr'), await picture('hr'))
  }
  const sets = [...data.tensors.keys()].flatMap((name) => /^frechet\.(\w+)\.a$/.exec(name)?.[1] ?? [])
  for (const set of [...sets, 'identical']) checkFrechet(data, checks, set)
}

const luminances: Readonly<Record<string, Luminance>> = {
  unrounded: 'unrounded',
  rounded: 'rounded',
  weighted_difference: 'weighted-difference',
}

function comparePair(data: ParityCase, checks: Checks, pair: string, values: Json, sr: Picture, hr: Picture): void {
  const scale = Math.ceil(numberOf(values, 'scale') ?? 1)
  const decibels = numberOf(data.values, 'tolerances', 'psnr_db') ?? 1e-6
  const index = numberOf(data.values, 'tolerances', 'ssim') ?? 1e-7
  const whole: Readonly<Record<string, () => readonly number[]>> = {
    psnr_rgb_shave_scale_plus_6: () => [psnr(sr, hr, { shave: scale + 6 })],
    ssim_uniform7_rgb: () => [ssimUniform(sr, hr)],
    ssim_gauss11_rgb: () => [ssimGaussian(sr, hr)],
    ssim_gauss11_y_rounded_shave_scale: () => [ssimGaussianLuminance(sr, hr, { shave: scale })],
    ssim_uniform7_per_channel: () => ssimUniformChannels(sr, hr),
  }
  const compute = (name: string): readonly number[] | undefined => {
    const [, shave] = /^psnr_rgb_shave(\d+)$/.exec(name) ?? []
    if (shave !== undefined) return [psnr(sr, hr, { shave: Number(shave) })]
    const [, form] = /^psnr_y_(\w+)_shave_scale$/.exec(name) ?? []
    if (form !== undefined && luminances[form]) return [psnrLuminance(sr, hr, { shave: scale, form: luminances[form] })]
    return whole[name]?.()
  }
  for (const name of Object.keys(recordOf(values))) {
    if (!/^(psnr|ssim)/.test(name)) continue
    const single = numberOf(values, name)
    const expected = single === undefined ? numbersOf(values, name) : [single]
    const check = `${pair}.${name}`
    checks.part([check], () => {
      const actual = compute(name)
      if (actual && expected) checks.numbers(check, actual, expected, name.startsWith('psnr') ? decibels : index)
      else checks.skip(check, 'archc has no such metric')
    })
  }
}

/** A pair of feature sets; `deficient` has fewer samples than features, `identical` is `full` against itself. */
function checkFrechet(data: ParityCase, checks: Checks, name: string): void {
  const { tensors, values, infos } = data
  const given = name === 'identical' ? 'full' : name
  const [a, b] = [tensors.get(`frechet.${given}.a`), tensors.get(`frechet.${name === 'identical' ? 'full.a' : `${name}.b`}`)]
  const expected = recordOf(values, 'frechet', name === 'deficient' ? 'rank_deficient' : name)
  const [reference, exact] = [numberOf(expected, 'pytorch_fid'), numberOf(expected, 'exact')]
  if (!a || !b) return
  const dims = a.shape[1]!
  const check = `frechet.${name}`
  checks.part([check], () => {
    const { distance, reliable } = frechet(a.data, b.data, dims)
    const few = Math.min(a.shape[0]!, b.shape[0]!) <= dims
    const relative = numberOf(values, 'tolerances', 'frechet_relative') ?? 1e-6
    if (reference !== undefined && exact !== undefined) {
      // A square root of a singular product is inaccurate in the reference: there its own error is the measure.
      const tolerance = few ? Math.max(5 * Math.abs(reference - exact), 1e-4) : relative * Math.max(1, Math.abs(exact))
      checks.numbers(check, [distance], [exact], tolerance)
    }
    checks.claim(`${check} reliability`, reliable !== few, few ? 'fewer samples than features must be said' : 'enough samples')
  })
  for (const [side, features] of [
    ['a', a],
    ['b', b],
  ] as const) {
    const mean = `frechet.${name}.mu_${side}`
    const spread = `frechet.${name}.sigma_${side}`
    if (!infos.has(mean) && !infos.has(spread)) continue
    checks.part(
      [mean, spread].filter((each) => infos.has(each)),
      () => {
        const found = moments(features.data, dims)
        if (infos.has(mean)) checks.tensor(mean, { shape: [dims], dtype: 'F32', data: Float32Array.from(found.mean) })
        if (infos.has(spread))
          checks.tensor(spread, { shape: [dims, dims], dtype: 'F32', data: Float32Array.from(found.covariance) })
      },
    )
  }
}
