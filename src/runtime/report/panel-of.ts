import sharp from 'sharp'
import type { Picture } from '../data/picture.ts'
import { resize } from '../data/pillow.ts'
import { psnr } from '../metrics/psnr.ts'
import { errorMap, suggestErrorMax } from './colour-map.ts'
import type { Image, Panel, PanelPicture } from './panel.ts'

/** A field at one scale: the truth, what was enlarged, and what networks made of it, all of the truth's size. */
export interface Compared {
  readonly m: number
  readonly field: string
  readonly truth: Picture
  readonly low: Picture
  readonly bicubic?: Picture
  readonly results: readonly { readonly label: string; readonly picture: Picture }[]
}

/** A picture as a PNG file. */
export const pngOf = ({ data, width, height }: Picture): Promise<Buffer> =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()

/** A picture as a page holds it, without loss and smaller than a PNG. */
async function imageOf({ data, width, height }: Picture): Promise<Image> {
  const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
    .webp({ lossless: true, effort: 6 })
    .toBuffer()
  return { bytes, type: 'image/webp', width, height }
}

/** LR, bicubic, the networks and the truth; error maps share one scale, bicubic's. Bicubic is that of `low` unless it is given. */
export async function panelOf({ m, field, truth, low, bicubic, results }: Compared): Promise<Panel> {
  const { width, height } = truth
  const base = bicubic ?? resize(low, width, height, 'bicubic')
  const errorMax = suggestErrorMax(base.data, truth.data)
  const compared = async (label: string, picture: Picture): Promise<PanelPicture> => ({
    label,
    image: await imageOf(picture),
    note: besideTruth(psnr(picture, truth, { shave: 0 })),
    error: await imageOf({ width, height, data: errorMap(picture.data, truth.data, width, height, { max: errorMax }) }),
  })
  return {
    scale: m,
    field,
    errorMax,
    pictures: [
      { label: 'LR', image: await imageOf(low), note: `${low.width} x ${low.height} pixels` },
      await compared('Bicubic', base),
      ...(await Promise.all(results.map(({ label, picture }) => compared(label, picture)))),
      { label: 'ground truth', image: await imageOf(truth) },
    ],
  }
}

const besideTruth = (value: number): string => (value === Infinity ? 'exact here' : `${value.toFixed(2)} dB here`)
