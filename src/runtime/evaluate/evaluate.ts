import type { Scope } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import type { DataEntry } from '../data/dataset.ts'
import { degrade } from '../data/degrade.ts'
import { crop, readPicture, type Picture } from '../data/picture.ts'
import { resize } from '../data/pillow.ts'
import { createRandom } from '../files/random.ts'
import { createFrechetSets, type FrechetOptions, type FrechetResult } from '../frechet/frechet-sets.ts'
import { definition as psnrDefinition, psnr } from '../metrics/psnr.ts'
import { quantise } from '../metrics/samples.ts'
import { definition as ssimDefinition, definitionGaussian, ssimGaussian, ssimUniform } from '../metrics/ssim.ts'
import type { OpenedNetwork } from '../network/open-network.ts'
import { scopeText } from '../predict/candidates.ts'
import { createPredictor } from '../predict/predict.ts'
import { drawOperations } from '../network/per-item.ts'

export interface EvaluateOptions {
  readonly entries: readonly DataEntry[]
  readonly scales: readonly number[]
  readonly scope?: Scope
  readonly gaussian?: boolean
  /** Also the Frechet distance, of the extractor's features over the tiles of all pictures. */
  readonly frechet?: FrechetOptions
  readonly onProgress?: (done: number, total: number, what: string) => void
  /** Gets the pictures of every tile: what a page shows is taken from them. */
  readonly onTile?: (pictures: TilePictures) => Promise<void>
}

/** One tile as the network, Bicubic and the truth have it. */
export interface TilePictures {
  readonly picture: string
  readonly tile: number
  readonly m: number
  readonly hr: Picture
  readonly lr: Picture
  readonly sr: Picture
  /** The network's name. */
  readonly name: string
}

/** Quality of one system on one tile; PSNR in dB. */
export interface Quality {
  readonly psnr: number
  readonly ssim: number
  readonly ssim_gaussian?: number
}

export interface TileResult {
  readonly picture: string
  readonly tile: number
  readonly m: number
  readonly width: number
  readonly height: number
  readonly model: Quality
  readonly bicubic: Quality
}

export interface ScaleResult {
  readonly m: number
  readonly tiles: number
  readonly shave: number
  readonly model: Quality
  readonly bicubic: Quality
  readonly frechet?: FrechetResult
}

export interface Evaluation {
  readonly model: string
  readonly variants: readonly string[]
  readonly preset: string
  readonly source: string
  readonly hash: string
  readonly scales: readonly ScaleResult[]
  readonly tiles: readonly TileResult[]
  readonly definitions: Readonly<Record<string, string>>
}

/** What one scale sees of one tile: the truth, and what is enlarged. */
export interface Pair {
  readonly hr: Picture
  readonly lr: Picture
}

/** The high-resolution tile cut to round(low size * m) and its degraded low-resolution picture (protocol of section 11). */
export function degradePair(tile: Picture, m: number, network: OpenedNetwork): Pair {
  const low = { width: Math.floor(tile.width / m), height: Math.floor(tile.height / m) }
  if (low.width < 1 || low.height < 1)
    throw new UserError(`a tile of ${tile.width} x ${tile.height} pixels has nothing left at x${m}`)
  const hr = crop(tile, 0, 0, Math.min(tile.width, Math.round(low.width * m)), Math.min(tile.height, Math.round(low.height * m)))
  const { train, evaluate } = network.loaded.model
  const plan = evaluate?.degrade ?? train?.degrade ?? [{ op: 'resize' as const, kernel: 'bicubic' as const }]
  const operations = drawOperations(plan, createRandom(0), { m, epoch: 0, epochs: 1 })
  return { hr, lr: degrade(hr, operations, low.width, low.height) }
}

/** Tiles of at most `side` pixels; a picture smaller than that is one tile. */
export function tilesOf(picture: Picture, side: number): Picture[] {
  const whole = (length: number): number[] =>
    length < 2 * side ? [0] : Array.from({ length: Math.floor(length / side) }, (_, at) => at * side)
  return whole(picture.height).flatMap((y) =>
    whole(picture.width).map((x) => crop(picture, x, y, Math.min(side, picture.width), Math.min(side, picture.height))),
  )
}

/** PSNR and SSIM of a network on pictures, with Pillow's bicubic beside it, averaged over tiles. */
export async function evaluate(opened: OpenedNetwork, options: EvaluateOptions): Promise<Evaluation> {
  const { model } = opened.loaded
  const plan = model.evaluate
  const scope = options.scope ?? plan?.scope ?? { kind: 'lattice', count: 2304 }
  const side = plan?.tile ?? 768
  const predictor = createPredictor(model, opened.network)
  const gaussian = options.gaussian ?? plan?.metrics.includes('ssim_gaussian') ?? false
  const [least, most] = model.scale.kind === 'range' ? [model.scale.from, model.scale.to] : [model.scale.value, model.scale.value]
  for (const m of options.scales)
    if (m < least || m > most)
      throw new UserError(`${model.name} enlarges ${least === most ? least : `${least} to ${most}`} times, not ${m}`)
  const frechet = options.frechet && createFrechetSets(options.frechet)
  const tiles: TileResult[] = []
  const total = options.entries.length * options.scales.length
  let done = 0
  for (const entry of options.entries) {
    const { picture } = await readPicture(entry.path)
    for (const m of options.scales) {
      const shave = plan?.shave ?? Math.ceil(m) + 6
      for (const [index, tile] of tilesOf(picture, side).entries()) {
        const { hr, lr } = degradePair(tile, m, opened)
        const values = await predictor.whole(lr, {
          extent: hr,
          m,
          scope,
          ...(plan?.cellClip !== undefined && { cellClip: plan.cellClip }),
        })
        const computed = { width: hr.width, height: hr.height, data: values }
        const bicubic = resize(lr, hr.width, hr.height, 'bicubic')
        const sr = quantise(computed)
        frechet?.add(m, `${entry.path} ${index}`, { truth: hr, model: sr, bicubic })
        await options.onTile?.({ picture: entry.name, tile: index, m, hr, lr, sr, name: model.variants[0] ?? model.name })
        tiles.push({
          picture: entry.name,
          tile: index,
          m,
          width: hr.width,
          height: hr.height,
          model: quality(computed, hr, shave, gaussian),
          bicubic: quality(bicubic, hr, shave, gaussian),
        })
      }
      done += 1
      options.onProgress?.(done, total, `${entry.name} x${m}`)
    }
  }
  const shaves = options.scales.map((m) => plan?.shave ?? Math.ceil(m) + 6)
  return {
    model: model.name,
    variants: model.variants,
    preset: model.preset,
    source: opened.source,
    hash: opened.hash,
    scales: options.scales.map((m, at) => ({
      ...average(
        m,
        shaves[at]!,
        tiles.filter((tile) => tile.m === m),
      ),
      ...(frechet && { frechet: frechet.result(m) }),
    })),
    tiles,
    definitions: {
      psnr: psnrDefinition(plan?.shave ?? 'ceil(m) + 6'),
      ssim: ssimDefinition,
      ...(gaussian && { ssim_gaussian: definitionGaussian }),
      ...(frechet && { frechet: frechet.definition }),
      tiles: `${side} x ${side} pixels; smaller pictures whole`,
      scope: `best_match chooses from ${scopeText(scope)}`,
      cell_clip: plan?.cellClip === undefined ? 'none' : `cells times max(m / ${plan.cellClip}, 1)`,
      degradation: (plan?.degrade ?? []).map((operation) => operation.op).join(', then ') + " (Pillow's arithmetic, 8 bits)",
      bicubic: "Pillow's bicubic of the same low-resolution picture, 8 bits",
    },
  }
}

type Samples = Parameters<typeof psnr>[0]

function quality(sr: Samples, hr: Picture, shave: number, gaussian: boolean): Quality {
  const bytes = sr.data instanceof Float32Array ? quantise(sr as never) : (sr as Picture)
  return {
    psnr: psnr(sr, hr, { shave }),
    ssim: ssimUniform(bytes, hr),
    ...(gaussian && { ssim_gaussian: ssimGaussian(bytes, hr) }),
  }
}

function average(m: number, shave: number, tiles: readonly TileResult[]): ScaleResult {
  const mean = (side: 'model' | 'bicubic', name: keyof Quality): number =>
    tiles.reduce((total, tile) => total + (tile[side][name] ?? 0), 0) / tiles.length
  const both = (side: 'model' | 'bicubic'): Quality => ({
    psnr: mean(side, 'psnr'),
    ssim: mean(side, 'ssim'),
    ...(tiles[0]?.model.ssim_gaussian !== undefined && { ssim_gaussian: mean(side, 'ssim_gaussian') }),
  })
  return { m, tiles: tiles.length, shave, model: both('model'), bicubic: both('bicubic') }
}

/** The readable table, definitions below. */
export function evaluationTable(evaluation: Evaluation): string {
  const header = ['scale', 'tiles', 'PSNR', 'Bicubic', 'gain', 'SSIM', 'Bicubic']
  const rows = evaluation.scales.map(({ m, tiles, model, bicubic }) => [
    `x${m}`,
    String(tiles),
    model.psnr.toFixed(2),
    bicubic.psnr.toFixed(2),
    `${model.psnr >= bicubic.psnr ? '+' : ''}${(model.psnr - bicubic.psnr).toFixed(2)}`,
    model.ssim.toFixed(4),
    bicubic.ssim.toFixed(4),
  ])
  const widths = header.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]!.length)))
  const line = (cells: readonly string[]): string => cells.map((cell, at) => cell.padStart(widths[at]!)).join('  ')
  const title = [evaluation.model, ...evaluation.variants].join(', ')
  return [
    `${title}, preset ${evaluation.preset || '(defaults)'}, ${evaluation.source} (${evaluation.hash})`,
    line(header),
    ...rows.map(line),
    ...evaluation.scales.flatMap(({ m, frechet }) => (frechet ? [`x${m}  ${frechetText(frechet)}`] : [])),
    ...Object.entries(evaluation.definitions).map(([name, text]) => `${name}: ${text}`),
  ].join('\n')
}

/** A distance with what it was taken of. */
function frechetText({ name, samples, features, model, bicubic, remark }: FrechetResult): string {
  const numbers = model === undefined ? 'none' : `${model.toFixed(2)}, Bicubic ${bicubic!.toFixed(2)}`
  return `${name}: ${numbers} (${remark ?? `${samples} samples for ${features} features`})`
}
