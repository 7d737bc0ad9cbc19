import type { Scope } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import type { Compression } from '../data/compression.ts'
import { pngWriter, readPicture } from '../data/picture.ts'
import { wayBack } from '../data/profile.ts'
import { toBytes } from '../predict/canvas.ts'
import { scopeText } from '../predict/candidates.ts'
import { createPredictor, type Estimate, type PredictOptions } from '../predict/predict.ts'
import type { Pace } from '../predict/work.ts'
import type { Extent } from '../predict/places.ts'
import type { Progress } from '../predict/progress.ts'
import type { OpenedNetwork } from '../network/open-network.ts'

/** How pictures are enlarged. */
export interface Enlargement {
  readonly scale: number
  readonly scope?: Scope
  /** Low-resolution positions that tiles share; the network's reach without it. */
  readonly overlap?: number
  readonly tile?: number
  /** Of this machine: times are stated by it. */
  readonly pace?: Pace
}

export interface UpscaleOptions extends Enlargement {
  readonly input: string
  readonly output: string
  readonly onPlan?: (plan: UpscalePlan) => void
  readonly onProgress?: (progress: Progress) => void
}

export interface UpscalePlan {
  readonly from: readonly [width: number, height: number]
  readonly to: readonly [width: number, height: number]
  readonly scope: string
  readonly estimate: Estimate
  /** What computing and writing it will take. */
  readonly seconds: number
  /** How the picture was compressed, where its tables or its pixels say so. */
  readonly compression?: Compression
  readonly notes: readonly string[]
}

export interface UpscaleResult extends UpscalePlan {
  readonly output: string
  readonly took: number
  /** Largest difference (of 255) from full overlap on one probed tile; 0 where the overlap is the reach. */
  readonly deviation: number
}

const scopeOf = ({ loaded: { model } }: OpenedNetwork, { scope }: Enlargement): Scope =>
  scope ?? model.evaluate?.scope ?? { kind: 'lattice', count: 2304 }

function predictOptions(opened: OpenedNetwork, { width, height }: Extent, options: Enlargement): PredictOptions {
  const clip = opened.loaded.model.evaluate?.cellClip
  const { scale, tile, overlap } = options
  return {
    extent: { width: Math.round(width * scale), height: Math.round(height * scale) },
    m: scale,
    scope: scopeOf(opened, options),
    writes: true,
    ...(clip !== undefined && { cellClip: clip }),
    ...(tile !== undefined && { tile }),
    ...(overlap !== undefined && { overlap }),
  }
}

/** Seconds that pictures of these sizes will take together. */
export function upscaleSeconds(opened: OpenedNetwork, sizes: readonly Extent[], options: Enlargement): number {
  const predictor = createPredictor(opened.loaded.model, opened.network, options.pace)
  const pictures = sizes.map((low) => ({ low, options: predictOptions(opened, low, options) }))
  return predictor.seconds(pictures).reduce((total, each) => total + each, 0)
}

/** Enlarges one picture into a PNG, band by band: memory is bounded whatever the size. */
export async function upscale(opened: OpenedNetwork, options: UpscaleOptions): Promise<UpscaleResult> {
  const { model } = opened.loaded
  const { picture, density, profile, colours, converted, compression, notes } = await readPicture(options.input, {
    profile: 'convert',
    traces: true,
  })
  const predict = predictOptions(opened, picture, options)
  const { extent } = predict
  const predictor = createPredictor(model, opened.network, options.pace)
  const estimate = predictor.estimate(picture, predict)
  const plan: UpscalePlan = {
    from: [picture.width, picture.height],
    to: [extent.width, extent.height],
    scope: scopeText(predict.scope),
    estimate,
    seconds: estimate.seconds,
    ...(compression && { compression }),
    notes: estimate.whole === undefined ? notes : [...notes, wholeNote(model.name, estimate.whole)],
  }
  options.onPlan?.(plan)
  const deviation =
    estimate.tiles > 1 && options.overlap !== undefined && options.overlap < (estimate.reach ?? 0)
      ? await probe(predictor, picture, predict)
      : 0
  const back = converted && (await wayBack(converted))
  const written = back ? converted : colours
  const writer = await pngWriter(options.output, extent.width, extent.height, {
    ...(density !== undefined && { density: density * options.scale }),
    ...(written !== undefined && { colours: written }),
    text: {
      Software: `archc ${archcVersion()}`,
      Comment: 'Computed by a network: texture is invented. For research, not for diagnosis.',
      Model: [model.name, ...model.variants, model.preset].filter(Boolean).join(', '),
      'Model hash': opened.hash,
      Scope: plan.scope,
      Scale: String(options.scale),
      ...(profile !== undefined && { 'Source profile': profile }),
      ...(deviation > 0 && { 'Tile deviation': `${deviation.toFixed(3)} of 255` }),
    },
  })
  const start = performance.now()
  const elapsed = (): number => (performance.now() - start) / 1000
  try {
    for await (const rows of predictor.rows(picture, {
      ...predict,
      ...(options.onProgress && { onProgress: options.onProgress }),
    })) {
      const rgb = toBytes(rows.values)
      await writer.write(back ? await back.convert(rgb, extent.width) : rgb)
    }
    await writer.close()
  } catch (error) {
    await writer.abort()
    throw error
  } finally {
    await back?.close()
  }
  return { ...plan, output: options.output, took: elapsed(), deviation }
}

/** @throws UserError where the network does not enlarge so many times. */
export function checkScale({ loaded: { model } }: OpenedNetwork, scale: number): void {
  const [from, to] = model.scale.kind === 'range' ? [model.scale.from, model.scale.to] : [model.scale.value, model.scale.value]
  if (scale < from || scale > to)
    throw new UserError(`${model.name} enlarges ${from === to ? from : `${from} to ${to}`} times, not ${scale}`)
}

const wholeNote = (name: string, op: string): string =>
  `${name} looks at the whole picture at once (${op}): it is computed in one piece, and memory grows with the picture`

/** What a smaller overlap changes, on the middle of the picture. */
async function probe(
  predictor: ReturnType<typeof createPredictor>,
  picture: Parameters<ReturnType<typeof createPredictor>['whole']>[0],
  predict: PredictOptions,
): Promise<number> {
  const side = 64
  const { crop } = await import('../data/picture.ts')
  const cut = crop(
    picture,
    Math.max(0, Math.floor((picture.width - 4 * side) / 2)),
    Math.max(0, Math.floor((picture.height - 2 * side) / 2)),
    Math.min(picture.width, 4 * side),
    Math.min(picture.height, 2 * side),
  )
  const extent = { width: Math.round(cut.width * predict.m), height: Math.round(cut.height * predict.m) }
  const small = await predictor.whole(cut, { ...predict, extent, tile: side })
  const { overlap: _overlap, ...exact } = predict
  const whole = await predictor.whole(cut, { ...exact, extent, tile: 4 * side })
  return small.reduce((most, value, at) => Math.max(most, Math.abs(value - whole[at]!) * 255), 0)
}
