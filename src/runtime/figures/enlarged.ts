import { strengthOf } from '../data/compression.ts'
import { jpegTraces } from '../data/jpeg-traces.ts'
import { crop, type Picture } from '../data/picture.ts'
import { resize } from '../data/pillow.ts'
import { fieldData, type Field } from './field.ts'
import type { Region } from './grid.ts'
import { matrixScene, type Cell } from './matrix.ts'
import { labelsOf, networkFor, shownPicture, systemsData, type System } from './systems.ts'
import type { Figure } from './write-figure.ts'

export interface EnlargedOptions {
  readonly field: Field
  readonly systems: readonly System[]
  readonly m: number
  readonly onProgress?: (done: number, total: number, what: string) => void
}

/** A picture as it is, not degraded, enlarged by Bicubic and every network: there is no truth to hold them against. */
export async function enlargedFigure({ field, systems, m, onProgress }: EnlargedOptions): Promise<Figure> {
  const { picture: lr, mpp } = field
  const labels = labelsOf(systems)
  const extent = { width: Math.round(lr.width * m), height: Math.round(lr.height * m) }
  const shown = times(field.shown, m)
  const cut = (large: Picture): Picture => crop(large, shown.x, shown.y, shown.width, shown.height)
  const compression = strengthOf(jpegTraces({ ...lr, space: 'RGB', samples: lr.data }))
  const cells: Cell[] = [
    { picture: cut(resize(lr, extent.width, extent.height, 'nearest')), hasInset: true, hasScaleBar: true },
    { picture: cut(resize(lr, extent.width, extent.height, 'bicubic')), hasInset: true },
  ]
  for (const [at, label] of labels.entries()) {
    const system = networkFor(systems, label, m)
    // There is no high-resolution picture: only its size is asked for.
    const pair = { lr, hr: { ...extent, data: new Uint8Array() }, compression }
    cells.push(system ? { picture: cut(await shownPicture(system, pair, m)), hasInset: true } : { blank: `not ×${m}` })
    onProgress?.(at + 1, labels.length, label)
  }
  return {
    title: `${field.name} as it is, enlarged ${m} times by Bicubic, ${labels.join(', ')}`,
    scene: matrixScene({
      field: shown,
      ...(mpp !== undefined && { mpp: mpp / m }),
      ...(field.inset && { inset: times(field.inset, m) }),
      columns: ['as it is', 'Bicubic', ...labels],
      rows: [{ label: `×${m}`, cells }],
      caption: [
        'The picture was not degraded first, so there is no truth: what a network adds may be in the tissue, in the compression, or nowhere.',
      ],
    }),
    data: { figure: 'enlarged', ...fieldData(field), scale: m, ...systemsData(systems) },
  }
}

/** A part of a picture in the enlarged one. */
const times = ({ x, y, width, height }: Region, m: number): Region => ({
  x: Math.round(x * m),
  y: Math.round(y * m),
  width: Math.round(width * m),
  height: Math.round(height * m),
})
