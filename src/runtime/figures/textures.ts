import path from 'node:path'
import { crop, type Picture } from '../data/picture.ts'
import { readPicture } from '../data/read-picture.ts'
import { canny, edgeDensity, type CannyOptions } from './canny.ts'
import { checksum, middle } from './field.ts'
import type { Region } from './grid.ts'
import { matrixScene, type Cell } from './matrix.ts'
import type { Figure } from './write-figure.ts'

export interface TexturesOptions extends CannyOptions {
  readonly natural: readonly string[]
  readonly tissue: readonly string[]
  /** Pixels on a side, from the middle of every picture; fewer where one is smaller. */
  readonly size: number
}

interface Textured {
  readonly kind: 'natural' | 'tissue'
  readonly name: string
  readonly sha256: string
  readonly region: Region
  readonly picture: Picture
  readonly edges: Uint8Array
}

/** Pictures of the world beside pictures of tissue, with their edges by Canny below: equal crops, equal parameters. */
export async function texturesFigure({ natural, tissue, size, sigma, low, high }: TexturesOptions): Promise<Figure> {
  const files = [
    ...natural.map((file) => ({ file, kind: 'natural' as const })),
    ...tissue.map((file) => ({ file, kind: 'tissue' as const })),
  ]
  const pictures = await Promise.all(files.map(async ({ file }) => (await readPicture(file)).picture))
  const side = Math.min(size, ...pictures.flatMap(({ width, height }) => [width, height]))
  const all = await Promise.all(
    files.map(async ({ file, kind }, at): Promise<Textured> => {
      const region = middle(pictures[at]!, side)
      const picture = crop(pictures[at]!, region.x, region.y, side, side)
      return {
        kind,
        name: path.basename(file),
        sha256: await checksum(file),
        region,
        picture,
        edges: canny(picture, { sigma, low, high }),
      }
    }),
  )
  const mean = (kind: Textured['kind']): number => {
    const those = all.filter((each) => each.kind === kind)
    return those.reduce((total, { edges }) => total + edgeDensity(edges), 0) / those.length
  }
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`
  const scene = matrixScene({
    field: { width: side, height: side },
    columns: all.map(({ name }) => name.replace(/\.[^.]+$/, '')),
    groups: [
      { label: `natural: ${percent(mean('natural'))} on edges`, columns: natural.length },
      { label: `tissue: ${percent(mean('tissue'))} on edges`, columns: tissue.length },
    ],
    rows: [
      { label: 'picture', cells: all.map(({ picture }): Cell => ({ picture })) },
      {
        label: 'edges',
        cells: all.map(({ edges }): Cell => ({ picture: drawn(edges, side), note: percent(edgeDensity(edges)) })),
      },
    ],
    caption: [
      `Canny of the luminance: Gaussian sigma ${sigma} px, Sobel, edges from ${high} and on to ${low} levels of 255 a pixel; ${side} x ${side} px each`,
    ],
  })
  return {
    title: 'Edges of natural pictures and of tissue',
    scene,
    data: {
      figure: 'textures',
      canny: { sigma, low, high, unit: 'levels of 255 a pixel' },
      side,
      meanEdgeDensity: { natural: mean('natural'), tissue: mean('tissue') },
      pictures: all.map(({ kind, name, sha256, region, edges }) => ({
        kind,
        picture: name,
        sha256,
        region,
        edgePixels: edges.reduce((total, edge) => total + edge, 0),
        edgeDensity: edgeDensity(edges),
      })),
    },
  }
}

/** Black on white. */
function drawn(edges: Uint8Array, side: number): Picture {
  const data = new Uint8Array(edges.length * 3)
  edges.forEach((edge, at) => data.fill(edge ? 0 : 255, 3 * at, 3 * at + 3))
  return { width: side, height: side, data }
}
