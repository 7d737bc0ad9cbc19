import type { Picture } from '../data/picture.ts'
import { resize } from '../data/pillow.ts'
import { bestOf } from './compare.ts'
import { fieldData, shownOf, type Field } from './field.ts'
import { matrixScene, type Cell } from './matrix.ts'
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

export interface ScalesOptions {
  readonly field: Field
  readonly systems: readonly System[]
  readonly scales: readonly number[]
  readonly onProgress?: (done: number, total: number, what: string) => void
}

interface Result {
  readonly label: string
  readonly picture?: Picture
  readonly quality?: Quality
}

interface Column {
  readonly m: number
  readonly low: Picture
  readonly results: readonly Result[]
}

/** One field brought back from LR pictures of many scales: a column a scale, a row a network. */
export async function scalesFigure({ field, systems, scales, onProgress }: ScalesOptions): Promise<Figure> {
  const labels = labelsOf(systems)
  const columns: Column[] = []
  let done = 0
  for (const m of scales) {
    const pair = pairOf(field.picture, m, systems)
    const truth = shownOf(pair.hr, field, m)
    const results: Result[] = []
    for (const label of labels) {
      const system = networkFor(systems, label, m)
      const picture = system && shownOf(await shownPicture(system, pair, m), field, m)
      results.push({ label, ...(picture && { picture, quality: qualityOf(picture, truth) }) })
      done += 1
      onProgress?.(done, scales.length * labels.length, `${label} x${m}`)
    }
    columns.push({ m, low: shownOf(resize(pair.lr, pair.hr.width, pair.hr.height, 'nearest'), field, m), results })
  }
  const truth = shownOf(field.picture, field, 1)
  const best = columns.map(({ results }) => bestOf(results.map(({ quality }) => quality)))
  const scene = matrixScene({
    field: field.shown,
    ...(field.mpp !== undefined && { mpp: field.mpp }),
    ...(field.inset && { inset: field.inset }),
    columns: [...scales.map((m) => `×${m}`), 'ground truth'],
    rows: [
      { label: 'LR', cells: columns.map(({ low }): Cell => ({ picture: low, hasInset: true })) },
      ...labels.map((label, row) => ({
        label,
        cells: [
          ...columns.map(({ m, results }, column): Cell => {
            const { picture, quality } = results[row]!
            return picture && quality
              ? {
                  picture,
                  hasInset: true,
                  note: qualityText(quality),
                  isBest: labels.length > 1 && row === best[column],
                }
              : { blank: `not ×${m}` }
          }),
          row === 0 ? ({ picture: truth, hasInset: true, hasScaleBar: true } satisfies Cell) : undefined,
        ],
      })),
    ],
    caption: captionOf(systems, labels.length > 1 ? 'column' : undefined),
  })
  return {
    title: `${field.name} by ${labels.join(', ')} from LR pictures of ${scales.map((m) => `x${m}`).join(', ')}`,
    scene,
    data: {
      figure: 'scales',
      ...fieldData(field),
      ...systemsData(systems),
      results: columns.flatMap(({ m, results }) =>
        results.map(({ label, quality }) => ({ scale: m, system: label, ...quality })),
      ),
      definitions,
    },
  }
}
