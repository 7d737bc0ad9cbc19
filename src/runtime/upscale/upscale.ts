import type { CompiledModel, Scope } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import { strengthOf, takenAs, type Compression } from '../data/compression.ts'
import { pngText } from '../data/png-text.ts'
import { isPngDensity } from '../data/png-writer.ts'
import { wayBack } from '../data/profile.ts'
import { openPicture, type OpenedPicture, type PictureFacts } from '../data/read-picture.ts'
import { openSink } from '../data/sink.ts'
import { held, type PictureSource } from '../data/source.ts'
import type { Rows } from '../predict/canvas.ts'
import { scopeText } from '../predict/candidates.ts'
import { asWritten, createPredictor, type Estimate, type PredictOptions, type Predictor } from '../predict/predict.ts'
import type { Pace } from '../predict/work.ts'
import type { Extent } from '../predict/places.ts'
import type { Progress } from '../predict/progress.ts'
import { compressionInput } from '../predict/roles.ts'
import type { OpenedNetwork } from '../network/open-network.ts'
import { checksum } from '../files/checksum.ts'
import { Consistency } from './consistency.ts'
import { StageTimes, type StageTime } from './stage-times.ts'

/** How pictures are enlarged. */
export interface Enlargement {
  readonly scale: number
  readonly scope?: Scope
  /** Low-resolution positions that tiles share; the network's reach without it. */
  readonly overlap?: number
  readonly tile?: number
  /** The quality of the JPEG that the picture was, or that it was none, for a network that takes it; what file and pixels say, without it. */
  readonly compression?: number | 'none'
  /** Projects the result onto the picture (`projected`), or does not; as the text says, and not where the picture was compressed, without it. */
  readonly consistent?: boolean
  /** Of this machine: times are stated by it. */
  readonly pace?: Pace
}

export interface UpscaleOptions extends Enlargement {
  readonly input: string
  readonly output: string
  /** Leaves a result as it is that was made of the same file in the same way. */
  readonly keepsDone?: boolean
  readonly onPlan?: (plan: UpscalePlan) => void
  readonly onProgress?: (progress: Progress) => void
  /** The result says where the time went. */
  readonly profile?: boolean
  /** Asks to stop after the part that is computed: nothing is left of it. */
  readonly signal?: AbortSignal
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
  /** What the network is told of it (`strengthOf`), where it takes that. */
  readonly strength?: number
  readonly notes: readonly string[]
}

export interface UpscaleResult extends UpscalePlan {
  readonly output: string
  /** It was there already. */
  readonly isKept?: true
  readonly took: number
  /** Largest difference (of 255) from full overlap on one probed tile; 0 where the overlap is the reach. */
  readonly deviation: number
  /** The result made smaller again against what came in, in dB (`Consistency`); undefined where both are equal. */
  readonly consistency?: number
  /** Where the time went, if that was asked. */
  readonly profile?: readonly StageTime[]
}

/** How often a result is projected where that is asked for and the text says nothing of it. */
const usualTurns = 2

/** How a picture is computed: as the text says, but for what was asked for. `compression`: `strengthOf` what the picture was. */
export function mannerOf(
  model: CompiledModel,
  { scope, consistent }: Pick<Enlargement, 'scope' | 'consistent'>,
  compression: number,
): ReturnType<typeof asWritten> {
  const { backProjection: written, ...rest } = asWritten(model, scope, consistent ? 0 : compression)
  const backProjection = consistent === undefined ? written : consistent ? (written ?? usualTurns) : undefined
  return { ...rest, ...(backProjection !== undefined && { backProjection }) }
}

/** A model as metadata name it: with its variants and its preset. */
export const modelText = ({ name, variants, preset }: CompiledModel): string =>
  [name, ...variants, preset].filter(Boolean).join(', ')

/** `compression`: `strengthOf` what the picture was, whether or not the network is told. */
function predictOptions(opened: OpenedNetwork, { width, height }: Extent, options: Enlargement, compression = 0): PredictOptions {
  const { scale, tile, overlap } = options
  return {
    extent: { width: Math.round(width * scale), height: Math.round(height * scale) },
    m: scale,
    ...mannerOf(opened.loaded.model, options, compression),
    writes: true,
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

/** What one picture held is given back so late that others of its size come to so much more; measured on six, at x2 and x4. */
const heldAgain = 1.2

/** What the process will hold at its fullest, in bytes, where pictures of these sizes are enlarged one after the other. */
export function upscaleBytes(opened: OpenedNetwork, sizes: readonly Extent[], options: Enlargement): number {
  const predictor = createPredictor(opened.loaded.model, opened.network, options.pace)
  const distinct = new Map(sizes.map((low) => [`${low.width} x ${low.height}`, low]))
  const each = [...distinct.values()].map((low) => predictor.estimate(low, predictOptions(opened, low, options)).bytes)
  return Math.max(...each) * (sizes.length > 1 ? heldAgain : 1)
}

/** Enlarges one picture, read and written piece by piece: memory is bounded whatever its size. */
export async function upscale(opened: OpenedNetwork, options: UpscaleOptions): Promise<UpscaleResult> {
  const picture = await openPicture(options.input, { profile: 'convert', traces: true })
  try {
    return await enlarge(opened, picture, options)
  } finally {
    await picture.close()
  }
}

async function enlarge(opened: OpenedNetwork, picture: OpenedPicture, options: UpscaleOptions): Promise<UpscaleResult> {
  const { model } = opened.loaded
  const { source, compression, notes } = picture
  const strength = toldStrength(model, compression, options.compression)
  const predict = {
    ...predictOptions(opened, source, options, strength ?? strengthOf(compression)),
    ...(strength !== undefined && { compression: strength }),
  }
  const { extent } = predict
  const predictor = createPredictor(model, opened.network, options.pace)
  const estimate = predictor.estimate(source, predict)
  const plan: UpscalePlan = {
    from: [source.width, source.height],
    to: [extent.width, extent.height],
    scope: scopeText(predict.scope),
    estimate,
    seconds: estimate.seconds,
    ...(compression && { compression }),
    ...(strength !== undefined && { strength }),
    notes: [
      ...notes,
      ...(picture.density === undefined || isPngDensity(picture.density * options.scale)
        ? []
        : [
            `its resolution of ${picture.density} pixels an inch is left out: ${options.scale} times that is none that a PNG can say`,
          ]),
      ...(estimate.whole === undefined ? [] : [wholeNote(model.name, estimate.whole)]),
    ],
  }
  options.onPlan?.(plan)
  const isExact = estimate.tiles === 1 || options.overlap === undefined || options.overlap >= (estimate.reach ?? 0)
  const deviation = isExact ? 0 : await probe(predictor, source, predict)
  const text = {
    Software: `archc ${archcVersion()}`,
    Comment: 'Computed by a network: texture is invented. For research, not for diagnosis.',
    Source: `SHA-256 ${(await checksum(options.input)).sha256}`,
    Model: modelText(model),
    'Model hash': opened.hash,
    Scope: plan.scope,
    Scale: String(options.scale),
    ...(picture.profile !== undefined && { 'Source profile': picture.profile }),
    ...(strength !== undefined && { 'Told compression': strength.toFixed(3) }),
    ...(predict.backProjection !== undefined && { 'Back-projection': String(predict.backProjection) }),
    ...(deviation > 0 && { 'Tile deviation': `${deviation.toFixed(3)} of 255` }),
  }
  if (options.keepsDone && (await isMadeSo(options.output, text)))
    return { ...plan, output: options.output, isKept: true, took: 0, deviation }
  const start = performance.now()
  const times = new StageTimes()
  const rows = predictor.rows(source, {
    ...predict,
    ...(options.onProgress && { onProgress: options.onProgress }),
    onStart: () => times.did('start'),
    onStep: (step) => times.did(step.do),
  })
  const consistency = new Consistency(source, extent)
  await writeRows(rows, extent, picture, times, consistency, {
    file: options.output,
    scale: options.scale,
    text,
    signal: options.signal,
  })
  return {
    ...plan,
    output: options.output,
    took: (performance.now() - start) / 1000,
    deviation,
    ...(consistency.decibels !== undefined && { consistency: consistency.decibels }),
    ...(options.profile && { profile: times.all }),
  }
}

/** Whether a PNG says of itself just what one says that is made now: it has its name only when it is whole. */
async function isMadeSo(file: string, text: Readonly<Record<string, string>>): Promise<boolean> {
  const found = await pngText(file).catch(() => undefined)
  return (
    found?.size === Object.keys(text).length && Object.entries(text).every(([keyword, value]) => found.get(keyword) === value)
  )
}

/** What a network is told; undefined where it takes nothing of the kind. */
export function toldStrength(
  model: CompiledModel,
  seen: Compression | undefined,
  asked: number | 'none' | undefined,
): number | undefined {
  if (compressionInput(model)) return strengthOf(takenAs(seen, asked))
  if (asked === undefined) return undefined
  throw new UserError(
    `${model.name} is not told how pictures were compressed: it has no input as compression`,
    'leave --compression out',
  )
}

/** Writes rows in the colours of the picture that they were computed from. */
async function writeRows(
  all: AsyncIterable<Rows>,
  { width, height }: Extent,
  { density, colours, converted }: PictureFacts,
  times: StageTimes,
  consistency: Consistency,
  {
    file,
    scale,
    text,
    signal,
  }: {
    readonly file: string
    readonly scale: number
    readonly text: Readonly<Record<string, string>>
    readonly signal: AbortSignal | undefined
  },
): Promise<void> {
  const back = converted && (await wayBack(converted))
  const written = back ? converted : colours
  const sink = await openSink(file, width, height, {
    ...(density !== undefined && isPngDensity(density * scale) && { density: density * scale }),
    ...(written !== undefined && { colours: written }),
    text,
  })
  try {
    for await (const rows of all) {
      signal?.throwIfAborted()
      const rgb = rows.bytes()
      times.did('bytes')
      await consistency.add(rgb)
      times.did('consistency')
      await sink.write(back ? await back.convert(rgb, width) : rgb)
    }
    signal?.throwIfAborted()
    await sink.close()
    times.did('close')
  } catch (error) {
    await sink.abort()
    throw error
  } finally {
    await back?.close()
  }
}

const wholeNote = (name: string, op: string): string =>
  `${name} looks at the whole picture at once (${op}): it is computed in one piece, and memory grows with the picture`

/** What a smaller overlap changes, on the middle of the picture. */
async function probe(predictor: Predictor, { width, height, region }: PictureSource, predict: PredictOptions): Promise<number> {
  const side = 64
  const [across, down] = [Math.min(width, 4 * side), Math.min(height, 2 * side)]
  const cut = held(await region(Math.floor((width - across) / 2), Math.floor((height - down) / 2), across, down))
  const extent = { width: Math.round(across * predict.m), height: Math.round(down * predict.m) }
  const small = await predictor.whole(cut, { ...predict, extent, tile: side })
  const { overlap: _overlap, ...exact } = predict
  const whole = await predictor.whole(cut, { ...exact, extent, tile: 4 * side })
  return small.reduce((most, value, at) => Math.max(most, Math.abs(value - whole[at]!) * 255), 0)
}
