import type { Scope } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import type { Compression } from '../data/compression.ts'
import { pngWriter, readPicture } from '../data/picture.ts'
import { wayBack } from '../data/profile.ts'
import { scopeText } from '../predict/candidates.ts'
import { createPredictor, type Estimate, type PredictOptions } from '../predict/predict.ts'
import type { Progress } from '../predict/progress.ts'
import type { OpenedNetwork } from '../network/open-network.ts'

export interface UpscaleOptions {
  readonly input: string
  readonly output: string
  readonly scale: number
  readonly scope?: Scope
  /** Low-resolution positions that tiles share; the network's reach without it. */
  readonly overlap?: number
  readonly tile?: number
  /** Goes on where the work is above the stated limit. */
  readonly yes?: boolean
  readonly onPlan?: (plan: UpscalePlan) => void
  readonly onProgress?: (progress: Progress) => void
}

export interface UpscalePlan {
  readonly from: readonly [width: number, height: number]
  readonly to: readonly [width: number, height: number]
  readonly scope: string
  readonly estimate: Estimate
  /** Rough: multiply-adds over this machine's rate. */
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

/** Multiply-adds above which a picture is only computed with --yes: some hours on two cores. */
export const workLimit = 3e14

/** Enlarges one picture into a PNG, band by band: memory is bounded whatever the size. */
export async function upscale(opened: OpenedNetwork, options: UpscaleOptions): Promise<UpscaleResult> {
  const { model } = opened.loaded
  const { picture, density, profile, colours, converted, compression, notes } = await readPicture(options.input, {
    profile: 'convert',
    traces: true,
  })
  const extent = { width: Math.round(picture.width * options.scale), height: Math.round(picture.height * options.scale) }
  const scope = options.scope ?? model.evaluate?.scope ?? { kind: 'lattice', count: 2304 }
  const clip = model.evaluate?.cellClip
  const predict: PredictOptions = {
    extent,
    m: options.scale,
    scope,
    ...(clip !== undefined && { cellClip: clip }),
    ...(options.tile !== undefined && { tile: options.tile }),
    ...(options.overlap !== undefined && { overlap: options.overlap }),
  }
  const predictor = createPredictor(model, opened.network)
  const estimate = predictor.estimate(picture, predict)
  const plan: UpscalePlan = {
    from: [picture.width, picture.height],
    to: [extent.width, extent.height],
    scope: scopeText(scope),
    estimate,
    seconds: estimate.seconds,
    ...(compression && { compression }),
    notes: estimate.whole === undefined ? notes : [...notes, wholeNote(model.name, estimate.whole)],
  }
  options.onPlan?.(plan)
  if (estimate.multiplyAdds > workLimit && !options.yes)
    throw new UserError(
      `${options.input} at x${options.scale} with scope ${plan.scope} takes ${(estimate.multiplyAdds / 1e12).toFixed(0)} T multiply-adds, more than ${workLimit / 1e12} T`,
      scope.kind === 'full'
        ? 'use --scope "lattice(2304)", which agrees with full within 0.001 dB, or say --yes'
        : 'say --yes to go on',
    )
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
      const rgb = bytes(rows.values)
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

/** 8 bits, rounded, clamped. */
const bytes = (values: Float32Array): Uint8Array =>
  Uint8Array.from(values, (value) => Math.round(Math.min(1, Math.max(0, value)) * 255))

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
