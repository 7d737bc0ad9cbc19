import path from 'node:path'
import { parameterCount } from '../../compiler/ir/graph.ts'
import { resize } from '../data/pillow.ts'
import { crop } from '../data/picture.ts'
import { readPicture } from '../data/read-picture.ts'
import { writeAtomic } from '../files/atomic.ts'
import { openNetwork } from '../network/open-network.ts'
import { panelOf, pngOf } from './panel-of.ts'
import { writeReport } from './report.ts'
import { upscale } from '../upscale/upscale.ts'

export interface FirstLook {
  /** A field of tissue, the truth. */
  readonly field: string
  /** A network file that archc carries. */
  readonly weights: string
  /** Where the page and the pictures go. */
  readonly folder: string
  readonly scale: number
  /** What stands on the page before anything else. */
  readonly warning: string
}

/** Side of what is enlarged, in low-resolution pixels: some seconds of work. */
const side = 80

/**
 * The middle of a field made smaller by bicubic, enlarged again with carried weights, and shown beside bicubic and the truth.
 * Writes `small.png`, `enlarged.png` and `index.html` into `folder`; gives the path of the page.
 */
export async function firstLook({ field, weights, folder, scale, warning }: FirstLook): Promise<string> {
  const { picture } = await readPicture(field)
  const shown = Math.round(side * scale)
  const truth = crop(picture, Math.floor((picture.width - shown) / 2), Math.floor((picture.height - shown) / 2), shown, shown)
  const low = resize(truth, side, side, 'bicubic')
  const [small, enlarged] = [path.join(folder, 'small.png'), path.join(folder, 'enlarged.png')]
  await writeAtomic(small, await pngOf(low))
  const opened = await openNetwork(weights)
  const { took } = await upscale(opened, { input: small, output: enlarged, scale })
  const { model } = opened.loaded
  const name = model.variants[0] ?? model.name
  const result = { label: name, picture: (await readPicture(enlarged)).picture }
  return writeReport({
    folder,
    title: `${name}, enlarged ${scale} times`,
    facts: [
      ['weights', `${path.basename(weights)} (${opened.hash})`],
      ['parameters', parameterCount(model.graph).toLocaleString('en')],
      ['enlarged', `${side} x ${side} to ${shown} x ${shown} pixels in ${took.toFixed(1)} s`],
    ],
    losses: [],
    evaluation: { columns: [], rows: [] },
    panels: [await panelOf({ m: scale, field: path.basename(field), truth, low, results: [result] })],
    definitions: [
      'PSNR: over all pixels of what is shown, RGB; the small picture was made from the truth by bicubic downsampling',
    ],
    warnings: [warning],
  })
}
