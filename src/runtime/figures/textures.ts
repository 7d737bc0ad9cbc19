import path from 'node:path'
import type { Picture } from '../data/picture.ts'
import { checksum } from '../files/checksum.ts'
import { canny, edgeDensity, type CannyOptions } from './canny.ts'
import type { Region } from './grid.ts'
import { matrixScene, type Cell } from './matrix.ts'
import { openFigurePicture, type FigurePicture } from './open-picture.ts'
import type { Figure } from './write-figure.ts'

export interface TexturesOptions extends CannyOptions {
  readonly natural: readonly string[]
  readonly tissue: readonly string[]
  /** Pixels on a side, from the middle of every picture, and of where a slide has most tissue; fewer where one is smaller. */
  readonly size: number
  readonly say?: (line: string) => void
}

interface Textured {
  readonly file: string
  readonly kind: 'natural' | 'tissue'
  readonly name: string
  readonly sha256: string
  readonly region: Region
  readonly picture: Picture
  readonly edges: Uint8Array
}

/** Pictures of the world beside pictures of tissue, with their edges by Canny below: equal crops, equal parameters. */
export async function texturesFigure(options: TexturesOptions): Promise<Figure> {
  const { natural, tissue, sigma, low, high } = options
  const files = [
    ...natural.map((file) => ({ file, kind: 'natural' as const })),
    ...tissue.map((file) => ({ file, kind: 'tissue' as const })),
  ]
  const all = await texturesOf(files, options)
  const side = all[0]!.region.width
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

/** Equal squares of all. */
async function texturesOf(
  files: readonly Pick<Textured, 'file' | 'kind'>[],
  { size, sigma, low, high, say }: TexturesOptions,
): Promise<Textured[]> {
  const opened: FigurePicture[] = []
  try {
    for (const { file } of files) opened.push(await openFigurePicture(file, undefined, say))
    const side = Math.min(size, ...opened.flatMap(({ source: { width, height } }) => [width, height]))
    const all: Textured[] = []
    for (const [at, { file, kind }] of files.entries()) {
      const { source, middle } = opened[at]!
      const region = await middle(side)
      const picture = await source.region(region.x, region.y, side, side)
      const { sha256 } = await checksum(file)
      all.push({ file, kind, name: path.basename(file), sha256, region, picture, edges: canny(picture, { sigma, low, high }) })
    }
    return all
  } finally {
    opened.forEach(({ close }) => close())
  }
}

/** Black on white. */
function drawn(edges: Uint8Array, side: number): Picture {
  const data = new Uint8Array(edges.length * 3)
  edges.forEach((edge, at) => data.fill(edge ? 0 : 255, 3 * at, 3 * at + 3))
  return { width: side, height: side, data }
}
