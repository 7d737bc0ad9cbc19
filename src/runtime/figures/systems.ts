import { existsSync } from 'node:fs'
import path from 'node:path'
import type { CompiledModel, PictureOperation, Scope } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import type { Picture } from '../data/picture.ts'
import { degradePair, type Pair } from '../evaluate/evaluate.ts'
import { psnr } from '../metrics/psnr.ts'
import { quantise, type FloatPicture } from '../metrics/samples.ts'
import { ssimUniform } from '../metrics/ssim.ts'
import { openNetwork, type OpenedNetwork } from '../network/open-network.ts'
import { scopeText } from '../predict/candidates.ts'
import { asWritten, createPredictor } from '../predict/predict.ts'
import { held } from '../data/source.ts'

/** A network of a figure. */
export interface System {
  readonly label: string
  /** The one enlargement that it stands for, where it was made for one only. */
  readonly at?: number
  readonly opened: OpenedNetwork
  readonly scope: Scope
}

/** Opens `RUN`, `LABEL=RUN` or `LABEL@SCALE=RUN`, each a run folder, a network file, or a model that learns nothing; networks of one scale each may share a name. */
export async function openSystems(runs: readonly string[], scope: Scope | undefined): Promise<System[]> {
  const systems: System[] = []
  for (const run of runs) {
    const [, label, at, source] = (existsSync(run) ? undefined : /^([^=]+?)(?:@([\d.]+))?=(.+)$/.exec(run)) ?? [
      run,
      undefined,
      undefined,
      run,
    ]
    const opened = await openNetwork(source!)
    const { model } = opened.loaded
    const { scale } = model
    const only = at !== undefined ? Number(at) : scale.kind === 'fixed' ? scale.value : undefined
    systems.push({
      label: label ?? (model.variants.join(', ') || model.name),
      ...(only !== undefined && { at: only }),
      opened,
      scope: scope ?? model.evaluate.scope,
    })
  }
  systems.forEach((system, at) => {
    const isOther = (a: number | undefined, b: number | undefined): boolean => a !== undefined && b !== undefined && a !== b
    const other = systems.slice(0, at).find((each) => each.label === system.label && !isOther(each.at, system.at))
    if (other)
      throw new UserError(
        `two runs are called ${system.label}: ${other.opened.source} and ${system.opened.source}`,
        'give them names: --runs "first=RUN" "second=RUN"',
      )
  })
  return systems
}

/** The names of the systems, in order. */
export const labelsOf = (systems: readonly System[]): string[] => [...new Set(systems.map(({ label }) => label))]

/** The network of that name that enlarges by `m`, if there is one. */
export const networkFor = (systems: readonly System[], label: string, m: number): System | undefined =>
  systems.find((system) => system.label === label && enlarges(system, m))

/** Whether a network enlarges by `m`. */
export const enlarges = ({ at, opened: { loaded } }: System, m: number): boolean => {
  const { scale } = loaded.model
  return at !== undefined ? m === at : scale.kind === 'range' && m >= scale.from && m <= scale.to
}

const learns = ({ opened }: System): boolean => opened.loaded.model.graph.weights.length > 0

/** Whose degradation all get: the first network's that learns. */
const leading = (systems: readonly System[]): System => systems.find(learns) ?? systems[0]!

/** The field as all networks get it at x`m`. */
export const pairOf = (picture: Picture, m: number, systems: readonly System[]): Pair =>
  degradePair(picture, m, leading(systems).opened)

const degradation = (model: CompiledModel): readonly PictureOperation[] => model.evaluate.degrade

/** Those that learned another degradation than all get: it puts them at a disadvantage. */
function otherwiseDegraded(systems: readonly System[]): string[] {
  const plan = ({ opened }: System): string => JSON.stringify(degradation(opened.loaded.model))
  const wanted = plan(leading(systems))
  return systems.filter((system) => learns(system) && plan(system) !== wanted).map(({ label }) => label)
}

/** What must be said below pictures of these networks, and `where` the best is bold. */
export function captionOf(systems: readonly System[], where: string | undefined): string[] {
  const others = otherwiseDegraded(systems)
  return [
    `PSNR in dB and SSIM are of the part that is shown${where === undefined ? '' : `; the best of a ${where} is bold`}.`,
    ...(others.length > 0
      ? [
          `All get the same LR pictures, degraded as ${leading(systems).label} learned it; ${[...new Set(others)].join(', ')} learned another degradation.`,
        ]
      : []),
  ]
}

/** The network's picture in 0 to 1, or that of another of its outputs. */
export async function predicted(
  { opened, scope }: System,
  { lr, hr, compression }: Pair,
  m: number,
  output?: string,
): Promise<FloatPicture> {
  const { model } = opened.loaded
  const data = await createPredictor(model, opened.network).whole(held(lr), {
    extent: hr,
    m,
    compression,
    ...asWritten(model, scope, compression),
    ...(output !== undefined && { output }),
  })
  return { width: hr.width, height: hr.height, data }
}

/** As it is shown and compared: 8 bits. */
export const shownPicture = async (system: System, pair: Pair, m: number): Promise<Picture> =>
  quantise(await predicted(system, pair, m))

export interface Quality {
  readonly psnr: number
  /** Undefined where the picture is smaller than the window of 7 x 7. */
  readonly ssim?: number
}

/** PSNR and SSIM of what is shown. */
export const qualityOf = (sr: Picture, truth: Picture): Quality => ({
  psnr: psnr(sr, truth),
  ...(Math.min(truth.width, truth.height) >= 7 && { ssim: ssimUniform(sr, truth) }),
})

export const qualityText = ({ psnr: decibels, ssim }: Quality): string =>
  `${decibels === Infinity ? '∞' : decibels.toFixed(2)} dB${ssim === undefined ? '' : ` / ${ssim.toFixed(4)}`}`

/** What the numbers in a figure mean. */
export const definitions = {
  psnr: 'of what is shown: RGB in 8 bits, one mean over the three channels, no border left out, dB',
  ssim: 'of what is shown: 8 bits, 7 x 7 uniform window, sample covariance, mean over channels',
} as const

const systemData = ({ label, opened, scope }: System): Record<string, unknown> => {
  const { model } = opened.loaded
  return {
    label,
    model: model.name,
    variants: model.variants,
    preset: model.preset,
    weights: path.basename(opened.source),
    hash: opened.hash,
    scope: scopeText(scope),
    cellClip: model.evaluate.cellClip ?? null,
    degradation: degradation(model)
      .map(({ op }) => op)
      .join(', then '),
  }
}

/** What a figure's data says about its networks. */
export const systemsData = (systems: readonly System[]): Record<string, unknown> => ({
  systems: systems.map(systemData),
  degradedAs: leading(systems).label,
  learnedAnotherDegradation: otherwiseDegraded(systems),
})
