import type { Picture } from '../data/picture.ts'
import { resize } from '../data/pillow.ts'
import { errorMap, suggestErrorMax, viridis } from '../report/colour-map.ts'
import { fieldData, shownOf, type Field } from './field.ts'
import { matrixScene, type Cell, type Row } from './matrix.ts'
import {
  captionOf,
  definitions,
  labelsOf,
  networkFor,
  pairOf,
  qualityOf,
  qualityText,
  shownPicture,
  systemsData,
  type Quality,
  type System,
} from './systems.ts'
import type { Figure } from './write-figure.ts'

export interface CompareOptions {
  readonly field: Field
  readonly systems: readonly System[]
  readonly scales: readonly number[]
  readonly onProgress?: (done: number, total: number, what: string) => void
}

interface Result {
  readonly label: string
  /** Undefined where the network does not enlarge by this. */
  readonly picture?: Picture
}

interface Scaled {
  readonly m: number
  readonly truth: Picture
  readonly low: Picture
  readonly results: readonly Result[]
}

/** LR, Bicubic, every network and the truth side by side at each scale, the errors below in one scale of colours. */
export async function compareFigure({ field, systems, scales, onProgress }: CompareOptions): Promise<Figure> {
  const labels = labelsOf(systems)
  const total = scales.length * labels.length
  let done = 0
  const all: Scaled[] = []
  for (const m of scales) {
    const pair = pairOf(field.picture, m, systems)
    const { hr, lr } = pair
    const results: Result[] = [{ label: 'Bicubic', picture: shownOf(resize(lr, hr.width, hr.height, 'bicubic'), field, m) }]
    for (const label of labels) {
      const system = networkFor(systems, label, m)
      results.push(system ? { label, picture: shownOf(await shownPicture(system, pair, m), field, m) } : { label })
      done += 1
      onProgress?.(done, total, `${label} x${m}`)
    }
    const low = shownOf(resize(lr, hr.width, hr.height, 'nearest'), field, m)
    all.push({ m, truth: shownOf(hr, field, m), low, results })
  }
  const errorMax = Math.max(...all.map(({ truth, results: [bicubic] }) => suggestErrorMax(bicubic!.picture!.data, truth.data)))
  const scene = matrixScene({
    field: field.shown,
    ...(field.mpp !== undefined && { mpp: field.mpp }),
    ...(field.inset && { inset: field.inset }),
    overview: { picture: field.picture, region: field.shown, label: field.name },
    columns: ['LR', 'Bicubic', ...labels, 'ground truth'],
    rows: all.flatMap((scaled) => rowsOf(scaled, errorMax)),
    caption: captionOf(systems, 'row'),
  })
  return {
    title: `${field.name} at ${scales.map((m) => `x${m}`).join(', ')}: LR, Bicubic, ${labels.join(', ')}, ground truth, and errors`,
    scene,
    data: {
      figure: 'compare',
      ...fieldData(field),
      ...systemsData(systems),
      errorMaps: {
        unit: 'levels of 255',
        definition: 'absolute error, mean over red, green and blue; viridis from 0 to max, above max as max',
        max: errorMax,
      },
      results: all.flatMap(({ m, truth, results }) =>
        results.map(({ label, picture }) => ({ scale: m, system: label, ...(picture && qualityOf(picture, truth)) })),
      ),
      definitions,
    },
  }
}

function rowsOf({ m, truth, low, results }: Scaled, errorMax: number): Row[] {
  const { width, height } = truth
  const qualities = results.map(({ picture }) => picture && qualityOf(picture, truth))
  const best = bestOf(qualities)
  return [
    {
      label: `×${m}`,
      cells: [
        { picture: low, hasInset: true, note: `1 of ${Number((m * m).toFixed(1))} pixels` },
        ...results.map(({ picture }, at): Cell => {
          const quality = qualities[at]
          return picture && quality
            ? { picture, hasInset: true, note: qualityText(quality), isBest: at === best }
            : { blank: `not ×${m}` }
        }),
        { picture: truth, hasInset: true, hasScaleBar: true },
      ],
    },
    {
      label: `error, ×${m}`,
      cells: [
        {
          key: {
            colours: viridis,
            ticks: ['0', String(errorMax / 2), `≥ ${errorMax}`],
            lines: ['absolute error,', 'levels of 255'],
          },
        },
        ...results.map(({ picture }): Cell | undefined =>
          picture
            ? { picture: { width, height, data: errorMap(picture.data, truth.data, width, height, { max: errorMax }) } }
            : undefined,
        ),
      ],
    },
  ]
}

/** The place of the highest PSNR; of equals the first. */
export function bestOf(qualities: readonly (Quality | undefined)[]): number {
  return qualities.reduce((best, quality, at) => (quality && quality.psnr > (qualities[best]?.psnr ?? -Infinity) ? at : best), -1)
}
