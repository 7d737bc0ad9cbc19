import type { Scope } from '../../compiler/plan.ts'
import type { DataEntry, LowEntry } from '../data/dataset.ts'
import { lookAtEntry, openEntry, readEntry } from '../data/entry-picture.ts'
import { strengthOf } from '../data/compression.ts'
import { compressionOf, degrade } from '../data/degrade.ts'
import { crop, type Picture } from '../data/picture.ts'
import type { Pairs } from '../data/pairs.ts'
import type { SlidesUsed } from '../data/slide-part.ts'
import { resize } from '../data/pillow.ts'
import { createRandom } from '../files/random.ts'
import { decibelGain, decibels, finitePlaces, meanAt } from '../metrics/mean.ts'
import { definition as psnrDefinition, psnr } from '../metrics/psnr.ts'
import { quantise } from '../metrics/samples.ts'
import { definition as ssimDefinition, definitionGaussian, ssimGaussian, ssimUniform } from '../metrics/ssim.ts'
import { checkScale, type OpenedNetwork } from '../network/open-network.ts'
import { scopeText } from '../predict/candidates.ts'
import type { Extent } from '../predict/places.ts'
import { requireFinite } from '../predict/canvas.ts'
import { asWritten, createPredictor, type PredictOptions } from '../predict/predict.ts'
import { isLuma } from '../network/normalised.ts'
import { compressionInput, outputOf } from '../predict/roles.ts'
import type { Pace } from '../predict/work.ts'
import { drawOperations } from '../network/per-item.ts'
import { held, type PictureSource } from '../data/source.ts'
import type { FrechetResult, FrechetSets } from './sets.ts'
import { pairSizes, requireJudgeable, shaveAt, tilesOf, windowOf } from './tiles.ts'

export interface EvaluateOptions {
  readonly entries: readonly DataEntry[]
  /** Of these, where they are known already. */
  readonly sizes?: readonly Extent[]
  readonly scales: readonly number[]
  /** Pictures whose low-resolution ones are ready-made: they are judged whole, at their own scale. */
  readonly pairs?: Pairs
  /** The slides that some of them are parts of. */
  readonly slides?: SlidesUsed | undefined
  /** Which of them the network was trained on, in words. */
  readonly leaks?: string | undefined
  readonly scope?: Scope
  readonly gaussian?: boolean
  /** Also how each result agrees with what it was made of (`Quality.consistency`). */
  readonly consistency?: boolean
  /** Also gets the tiles of all pictures, for a distance between sets. */
  readonly frechet?: FrechetSets
  /** Of this machine: what is left is estimated by it. */
  readonly pace?: Pace
  /** What `evaluationSeconds` says of these entries and scales, where that is known already. */
  readonly seconds?: readonly (readonly number[])[]
  readonly onProgress?: (progress: EvaluationProgress) => void
  /** Asks to stop after the tile that is judged. */
  readonly signal?: AbortSignal
  /** Gets the pictures of every tile: what a page shows is taken from them. */
  readonly onTile?: (pictures: TilePictures) => Promise<void>
}

/** How far an evaluation is. */
export interface EvaluationProgress {
  /** Pictures at scales. */
  readonly done: number
  readonly total: number
  /** The picture and the scale. */
  readonly what: string
  /** Of all the work. */
  readonly share: number
  /** Undefined until it is known by what the first tiles took. */
  readonly secondsLeft?: number
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
  /** Made smaller again (bicubic) against the low-resolution picture, both in 8 bits: PSNR in dB over all pixels. */
  readonly consistency?: number
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

/** A tile that is reproduced exactly: its PSNR is infinite, and it is left out of the means. */
export interface Exact {
  readonly picture: string
  readonly tile: number
  readonly by: readonly ('model' | 'bicubic')[]
}

export interface ScaleResult {
  readonly m: number
  readonly tiles: number
  readonly shave: number
  /** Over the tiles that neither side reproduces exactly; over all, infinite, where there are no others. */
  readonly model: Quality
  readonly bicubic: Quality
  readonly frechet?: FrechetResult
  readonly exact?: readonly Exact[]
}

export interface Evaluation {
  readonly model: string
  readonly variants: readonly string[]
  readonly preset: string
  readonly source: string
  readonly hash: string
  readonly scales: readonly ScaleResult[]
  readonly tiles: readonly TileResult[]
  /** The slides that pictures are parts of, and how these were chosen. */
  readonly slides?: SlidesUsed
  readonly definitions: Readonly<Record<string, string>>
}

/** What one scale sees of one tile: the truth, and what is enlarged. */
export interface Pair {
  readonly hr: Picture
  readonly lr: Picture
  /** How strongly what is enlarged was compressed (`strengthOf`). */
  readonly compression: number
}

const consistencyDefinition =
  'consistency: the result made smaller again by bicubic with antialiasing, against the low-resolution picture; 8-bit RGB, all pixels, PSNR in dB'

/**
 * The high-resolution tile cut to round(low size * m) and its degraded low-resolution picture (docs/commands.md, evaluate). What is drawn depends on
 * `label` alone.
 */
export function degradePair(tile: Picture, m: number, network: OpenedNetwork, label?: string): Pair {
  const { low, extent } = pairSizes(tile, m)
  const hr = crop(tile, 0, 0, extent.width, extent.height)
  const random = label === undefined ? createRandom(0) : createRandom(0).split(label)
  const operations = drawOperations(network.loaded.model.evaluate.degrade, random, { m, epoch: 0, epochs: 1 }, 'whole')
  return { hr, lr: degrade(hr, operations, low.width, low.height), compression: strengthOf(compressionOf(operations)) }
}

/** What of a picture its ready-made low-resolution one shows: from its corner, so many times as large. */
const wholeExtent = ({ width, height }: Extent, low: Extent, m: number): Extent => ({
  width: Math.min(width, Math.round(low.width * m)),
  height: Math.min(height, Math.round(low.height * m)),
})

/** A picture with its ready-made low-resolution one; how that was compressed is looked for where it is `told`. */
async function readyPair(source: PictureSource, low: LowEntry, m: number, isTold: boolean): Promise<Pair> {
  const small = await readEntry(low, { traces: isTold })
  const { width, height } = wholeExtent(source, small.picture, m)
  return { hr: await source.region(0, 0, width, height), lr: small.picture, compression: strengthOf(small.compression) }
}

const sideOf = ({ loaded: { model } }: OpenedNetwork): number => model.evaluate.tile

function predictOptions(
  opened: OpenedNetwork,
  options: Pick<EvaluateOptions, 'scope'>,
  m: number,
  extent: Extent,
  compression = 0,
): PredictOptions {
  return { extent, m, compression, ...asWritten(opened.loaded.model, options.scope, compression) }
}

/** Seconds that pictures of these sizes will take, at each scale; a Frechet distance comes on top. */
export function evaluationSeconds(
  opened: OpenedNetwork,
  sizes: readonly Extent[],
  options: Pick<EvaluateOptions, 'scales' | 'scope' | 'gaussian' | 'pace' | 'pairs'> & Partial<Pick<EvaluateOptions, 'entries'>>,
): number[][] {
  const predictor = createPredictor(opened.loaded.model, opened.network, options.pace)
  const side = sideOf(opened)
  const all = sizes.map((size, row) =>
    options.scales.map((m) => {
      const pair = options.pairs?.get(options.entries?.[row]?.path ?? '')
      if (pair) {
        const extent = wholeExtent(size, pair.low, m)
        return pair.m === m ? [{ low: pair.low, options: predictOptions(opened, options, m, extent) }] : []
      }
      return tilesOf(size, side).map((tile) => {
        const { low, extent } = pairSizes(tile, m)
        return { low, options: predictOptions(opened, options, m, extent) }
      })
    }),
  )
  const judging = judgingPace(opened, options.gaussian)
  const seconds = predictor.seconds(all.flat(2))
  return all.map((scales) =>
    scales.map((tiles) =>
      tiles.reduce((total, { options: { extent } }) => total + seconds.shift()! + judging * extent.width * extent.height, 0),
    ),
  )
}

/** Seconds a pixel for what is not the network's: the low-resolution picture, Bicubic's, both judged. Measured on a small one. */
function judgingPace(opened: OpenedNetwork, gaussian = false): number {
  const [side, m] = [96, 2]
  const tile = { width: side, height: side, data: Uint8Array.from({ length: 3 * side * side }, (_, at) => (at * 7919) % 256) }
  const time = (): number => {
    const start = performance.now()
    const { hr, lr } = degradePair(tile, m, opened)
    for (const sr of [resize(lr, side, side, 'bicubic'), resize(lr, side, side, 'bicubic')]) quality(sr, hr, 8, gaussian)
    return (performance.now() - start) / 1000 / side ** 2
  }
  return Math.min(time(), time(), time())
}

/** PSNR and SSIM of a network on pictures, with Pillow's bicubic beside it, averaged over tiles. */
export async function evaluate(opened: OpenedNetwork, options: EvaluateOptions): Promise<Evaluation> {
  const { model } = opened.loaded
  const plan = model.evaluate
  const { scope } = asWritten(model, options.scope)
  const side = sideOf(opened)
  const predictor = createPredictor(model, opened.network, options.pace)
  const shaveOf = (m: number): number => shaveAt(plan, m)
  const gaussian = options.gaussian ?? plan.metrics.includes('ssim_gaussian')
  for (const m of options.scales) checkScale(opened, m)
  const { frechet } = options
  const tiles: TileResult[] = []
  const sizes = options.sizes ?? (await sizesOf(options.entries))
  const { scales, pairs } = options
  requireJudgeable(options.entries, sizes, { scales, side, shaveOf, window: windowOf(gaussian), pairs })
  const course = options.onProgress && courseOf(opened, sizes, options, options.onProgress)

  const consistent = (sr: Picture, lr: Picture): Pick<Quality, 'consistency'> =>
    options.consistency ? { consistency: psnr(resize(sr, lr.width, lr.height, 'bicubic'), lr, { shave: 0 }) } : {}
  const judge = async (source: PictureSource, entry: DataEntry, m: number, told?: (share: number) => void): Promise<void> => {
    const ready = options.pairs?.get(entry.path)
    if (ready && ready.m !== m) return
    const places = ready ? [{ x: 0, y: 0, width: source.width, height: source.height }] : tilesOf(source, side)
    const shave = shaveOf(m)
    for (const [index, { x, y, width, height }] of places.entries()) {
      options.signal?.throwIfAborted()
      const { hr, lr, compression } = ready
        ? await readyPair(source, entry.low!, m, compressionInput(model) !== undefined)
        : degradePair(await source.region(x, y, width, height), m, opened, `${entry.name} ${index} x${m}`)
      const values = await predictor.whole(held(lr), {
        ...predictOptions(opened, options, m, hr, compression),
        ...(told && { onProgress: ({ share }) => told((index + share) / places.length) }),
      })
      requireFinite(values, `${entry.name} at x${m}`)
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
        model: { ...quality(computed, hr, shave, gaussian), ...consistent(sr, lr) },
        bicubic: { ...quality(bicubic, hr, shave, gaussian), ...consistent(bicubic, lr) },
      })
    }
  }

  for (const [row, entry] of options.entries.entries()) {
    const { source, close } = await openEntry(entry)
    try {
      for (const [column, m] of options.scales.entries()) {
        const what = `${entry.name} x${m}`
        await judge(source, entry, m, course && ((share) => course.at(row, column, what, share)))
        course?.done(row, column, what)
      }
    } finally {
      await close()
    }
  }
  return {
    model: model.name,
    variants: model.variants,
    preset: model.preset,
    source: opened.source,
    hash: opened.hash,
    scales: options.scales.map((m) => ({
      ...average(
        m,
        shaveOf(m),
        tiles.filter((tile) => tile.m === m),
      ),
      ...(frechet && { frechet: frechet.result(m) }),
    })),
    tiles,
    ...(options.slides && { slides: options.slides }),
    definitions: {
      ...(options.slides && { slides: options.slides.definition }),
      ...(options.leaks !== undefined && { leaks: options.leaks }),
      ...(opened.averaged !== undefined && { weights: `averaged in training (ema ${opened.averaged})` }),
      psnr: psnrDefinition(plan.shave ?? 'ceil(m) + 6'),
      ssim: ssimDefinition,
      ...(gaussian && { ssim_gaussian: definitionGaussian }),
      ...(options.consistency && { consistency: consistencyDefinition }),
      ...(frechet && { frechet: frechet.definition }),
      tiles: options.pairs?.size ? 'pictures whole' : `pictures whole, in parts of at most ${side} x ${side} pixels`,
      scope: `best_match chooses from ${scopeText(scope)}`,
      ...(plan.backProjection > 0 && {
        back_projection: `results of pictures that were not compressed are projected onto them ${plan.backProjection} times (Irani and Peleg 1991)`,
      }),
      ...(isLuma(outputOf(model, undefined)) && {
        colours: 'luma (BT.601) is the network’s, the rest of the colours that of bicubic',
      }),
      cell_clip: plan.cellClip === undefined ? 'none' : `cells times max(m / ${plan.cellClip}, 1)`,
      degradation: options.pairs?.size
        ? 'none: low-resolution pictures are ready-made'
        : plan.degrade.map((operation) => operation.op).join(', then ') + " (Pillow's arithmetic, 8 bits)",
      bicubic: "Pillow's bicubic of the same low-resolution picture, 8 bits",
    },
  }
}

async function sizesOf(entries: readonly DataEntry[]): Promise<Extent[]> {
  const sizes: Extent[] = []
  for (const entry of entries) sizes.push(await lookAtEntry(entry))
  return sizes
}

/** Tells how far an evaluation is, by what its parts are estimated to take. */
function courseOf(
  opened: OpenedNetwork,
  sizes: readonly Extent[],
  options: EvaluateOptions,
  tell: (progress: EvaluationProgress) => void,
): {
  /** A part of the work on a picture at a scale is done. */
  at(row: number, column: number, what: string, part: number): void
  /** All of it. */
  done(row: number, column: number, what: string): void
} {
  const seconds = options.seconds ?? evaluationSeconds(opened, sizes, options)
  const total = options.entries.length * options.scales.length
  const all = seconds.flat().reduce((sum, each) => sum + each, 0)
  const start = performance.now()
  let before = 0
  let done = 0
  const told = (what: string, share: number): void => {
    const spent = (performance.now() - start) / 1000
    // Until one is done, what judges pictures is not known.
    const left = done > 0 && share < 1 ? { secondsLeft: (spent / share) * (1 - share) } : {}
    tell({ done, total, what, share, ...left })
  }
  return {
    at: (row, column, what, part) => told(what, (before + part * seconds[row]![column]!) / all),
    done(row, column, what) {
      before += seconds[row]![column]!
      done += 1
      told(what, done === total ? 1 : before / all)
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
  const valuesOf = (side: 'model' | 'bicubic', name: keyof Quality): number[] => tiles.map((tile) => tile[side][name] ?? NaN)
  /** Both sides are averaged over the same tiles: those that neither reproduces exactly. */
  const mean = (side: 'model' | 'bicubic', name: keyof Quality): number =>
    meanAt(valuesOf(side, name), finitePlaces([valuesOf('model', name), valuesOf('bicubic', name)]))
  const exact = tiles.flatMap(({ picture, tile, model, bicubic }): Exact[] => {
    const by = [
      ...(model.psnr === Infinity ? ['model' as const] : []),
      ...(bicubic.psnr === Infinity ? ['bicubic' as const] : []),
    ]
    return by.length > 0 ? [{ picture, tile, by }] : []
  })
  const both = (side: 'model' | 'bicubic'): Quality => ({
    psnr: mean(side, 'psnr'),
    ssim: mean(side, 'ssim'),
    ...(tiles[0]?.model.ssim_gaussian !== undefined && { ssim_gaussian: mean(side, 'ssim_gaussian') }),
    ...(tiles[0]?.model.consistency !== undefined && { consistency: mean(side, 'consistency') }),
  })
  return { m, tiles: tiles.length, shave, model: both('model'), bicubic: both('bicubic'), ...(exact.length > 0 && { exact }) }
}

/** The readable table, definitions below. */
export function evaluationTable(evaluation: Evaluation): string {
  const header = ['scale', 'tiles', 'PSNR', 'Bicubic', 'gain', 'SSIM', 'Bicubic']
  const rows = evaluation.scales.map(({ m, tiles, model, bicubic }) => [
    `x${m}`,
    String(tiles),
    decibels(model.psnr),
    decibels(bicubic.psnr),
    decibelGain(model.psnr - bicubic.psnr),
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
    ...evaluation.scales.flatMap(({ m, tiles, exact }) => (exact ? [`x${m}  ${exactText(exact, tiles)}`] : [])),
    ...evaluation.scales.flatMap(({ m, frechet }) => (frechet ? [`x${m}  ${frechetText(frechet)}`] : [])),
    ...Object.entries(evaluation.definitions).map(([name, text]) => `${name}: ${text}`),
  ].join('\n')
}

/** Which tiles the means of PSNR leave out, and why. */
export function exactText(exact: readonly Exact[], tiles: number): string {
  const named = exact.map(
    ({ picture, tile, by }) =>
      `${picture} ${tile} by ${by.map((side) => (side === 'model' ? 'the network' : 'Bicubic')).join(' and ')}`,
  )
  const rest = exact.length < tiles ? '; PSNR is the mean of the others' : ''
  return `${exact.length} of ${tiles} tiles ${exact.length === 1 ? 'is' : 'are'} reproduced exactly: ${named.join(', ')}${rest}`
}

/** A distance with what it was taken of. */
function frechetText({ name, samples, features, model, bicubic, remark }: FrechetResult): string {
  const numbers = model === undefined ? 'none' : `${model.toFixed(2)}, Bicubic ${bicubic!.toFixed(2)}`
  return `${name}: ${numbers} (${remark ?? `${samples} samples for ${features} features`})`
}
