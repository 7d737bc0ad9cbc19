import { createHash } from 'node:crypto'
import path from 'node:path'
import { parameterCount } from '../../compiler/ir/graph.ts'
import type { EvaluatePlan, Scope } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { findPictures, manifest, picturesLines, withoutLow } from '../data/dataset.ts'
import { decodeAll, leaksOf, pixelCache, withPixels, type Decoded } from '../data/decoded.ts'
import { requireJudgeable, shaveAt, windowOf } from '../evaluate/tiles.ts'
import { withSlashes } from '../files/slashes.ts'
import type { LoadedModel } from '../network/load-model.ts'
import {
  ExperimentError,
  type BlockText,
  type Budget,
  type Experiment,
  type ExperimentText,
  type Metric,
  type Problem,
  type Shown,
} from './experiment.ts'
import {
  compileForm,
  formsOf,
  openForm,
  otherDegradation,
  suits,
  type Degradations,
  type NetworkFileOf,
  type Report,
} from './system.ts'

/** One network that is trained once: a system with a seed and, where it enlarges by one scale only, that scale. */
export interface Training {
  /** A hash of all that decides its weights: text, settings, data, budget, seed. */
  readonly key: string
  readonly block: string
  readonly system: string
  readonly seed: number
  /** The one scale that it is made for. */
  readonly at?: number
  /** For people: `ISTE, on bicubic, seed 1`. */
  readonly title: string
  readonly loaded: LoadedModel
  readonly parameters: number
  readonly scales: readonly number[]
  /** What it is evaluated with; undefined is the text's own. */
  readonly scopes: readonly (string | undefined)[]
  /** The judged pictures that the page shows of it: none but of its system's first seed. */
  readonly shown: readonly Shown[]
  /** Whether its weights are copied into the results. */
  readonly keepsWeights: boolean
  /** False for weights that are there, and for what learns nothing. */
  readonly isTrained: boolean
  /** The weights that are there. */
  readonly weights?: NetworkFileOf
}

/** An experiment that is right in all its parts, and what it comes to. */
export interface Plan {
  readonly experiment: Experiment
  /** Undefined where nothing is trained. */
  readonly budget?: Budget
  readonly metrics: readonly Metric[]
  /** What the Frechet distance's features come from, where it is asked for: a stand-in, or pytorch-fid's weights. */
  readonly features?: { readonly fidWeights?: string }
  readonly scales: readonly number[]
  readonly tile: number
  readonly train: Pictures
  readonly test: Pictures
  /** Whether the command line named other pictures than the file. */
  readonly isDataGiven: boolean
  readonly trainings: readonly Training[]
}

/** One side of the data. */
export interface Pictures extends Decoded {
  readonly digest: string
}

const none: Pictures = { entries: [], digest: '', leftOut: {}, looks: new Map(), pixels: new Map() }

/** What the command line may say instead of the file. */
export interface Overrides {
  readonly train?: readonly string[]
  readonly test?: readonly string[]
  readonly steps?: number
  /** pytorch-fid's Inception: the Frechet distance is FID. */
  readonly fidWeights?: string
}

/** Raised when archc trains or measures otherwise, so that nothing that was stored before is taken for the same. */
export const protocol = 1

/** Sixteen hexadecimal digits that stand for plain data. */
export const keyOf = (what: object): string => createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16)

const list = (value: string | readonly string[]): readonly string[] => (typeof value === 'string' ? [value] : value)

/**
 * Compiles every system and looks at everything that the file names, before anything runs.
 * @throws ExperimentError with all problems at once.
 */
export async function planExperiment(experiment: Experiment, overrides: Overrides = {}): Promise<Plan> {
  const { text, folder } = experiment
  const problems: Problem[] = []
  const report: Report = (at, message, which = 'value') => void problems.push({ place: experiment.placeOf(at, which), message })

  const side = async (name: 'train' | 'test'): Promise<Pictures> => {
    const where = overrides[name] ?? list(text.data[name] ?? []).map((each) => path.join(folder, withSlashes(each, folder)))
    if (where.length === 0) return none
    try {
      const found = await findPictures(where)
      const entries = withoutLow(found.entries, 'an experiment')
      return { ...(await decodeAll(found, { cache: pixelCache() })), digest: manifest(entries).digest }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      if (overrides[name]) throw error
      report(['data', name], `${error.message}${error.help ? ` (${error.help})` : ''}`)
      return none
    }
  }
  const train = await side('train')
  const test = await side('test')
  checkData(train, test, (message) => report(['data', 'test'], message))

  const scales = [...new Set([...text.scales.in, ...(text.scales.out ?? [])])].sort((a, b) => a - b)
  for (const [at, m] of (text.scales.out ?? []).entries())
    if (text.scales.in.includes(m)) report(['scales', 'out', at], `x${m} is in distribution already`)
  checkNames(experiment, report)

  const budget = overrides.steps === undefined ? text.budget : { steps: overrides.steps }
  const trainings: Training[] = []
  const shared: Degradations = new Map()
  for (const [b, block] of text.blocks.entries()) {
    const degradations: Degradations = hasOwnPictures(block) ? new Map() : shared
    const shown = shownOf(block.show ?? [], test, scales, overrides.test !== undefined, (at, message) =>
      report(['blocks', b, 'show', ...at], message),
    )
    for (const [s, system] of block.systems.entries()) {
      const at = ['blocks', b, 'systems', s] as const
      if ((system.model === undefined) === (system.weights === undefined)) {
        report([...at, 'name'], `${system.name} takes either a model or weights`)
        continue
      }
      const forms = formsOf(experiment, block, system, scales, at, report)
      for (const form of forms) {
        const place = [...at, ...form.path]
        const opened =
          system.model === undefined
            ? await openForm(experiment, system, form, place, report)
            : { loaded: compileForm(experiment, system, system.model, form, place, report), weights: undefined }
        if (!opened?.loaded) continue
        const { loaded, weights } = opened
        const { model } = loaded
        const isTrained = weights === undefined && model.graph.weights.length > 0
        if (!suits(model, form.scales, system, isTrained, (message) => report(place, message, 'key'))) continue
        if (isTrained) checkTrained(experiment, budget, train, (message) => report(place, message, 'key'))
        checkSizes(test, model.evaluate, form.scales, text, (message) => {
          if (!problems.some((problem) => problem.message === message)) report(['data', 'test'], message)
        })
        const other = otherDegradation(model, form.scales, system.name, degradations)
        if (other) report(at, other)
        for (const [index, seed] of (isTrained ? (system.seeds ?? text.seeds ?? [1]) : [1]).entries()) {
          const keep = text.keep_weights ?? 'none'
          trainings.push({
            key: keyOf({
              protocol,
              text: loaded.text,
              options: { ...loaded.options, paths: undefined },
              ...(isTrained
                ? { data: train.entries.map(({ name, sha256, group }) => [name, sha256, group ?? null]), budget, seed }
                : { weights: weights?.sha256 ?? null }),
            }),
            block: block.name,
            system: system.name,
            seed,
            ...(form.at !== undefined && { at: form.at }),
            title: [
              system.name,
              block.name,
              ...(form.at === undefined ? [] : [`x${form.at}`]),
              ...(isTrained ? [`seed ${seed}`] : []),
            ].join(', '),
            loaded,
            parameters: parameterCount(model.graph),
            scales: form.scales,
            scopes: system.scopes ?? [undefined],
            shown: index === 0 ? shown.filter(({ m }) => form.scales.includes(m)) : [],
            keepsWeights: isTrained && (keep === 'all' || (keep === 'first seed' && index === 0)),
            isTrained,
            ...(weights && { weights }),
          })
        }
      }
    }
  }
  checkPaper(experiment, report)
  if (problems.length > 0) throw new ExperimentError(experiment.file, problems)
  const metrics = text.metrics ?? ['psnr', 'ssim']
  return {
    experiment,
    ...(budget && { budget }),
    metrics: metrics.filter((metric) => metric !== 'frechet'),
    ...(metrics.includes('frechet') && {
      features: overrides.fidWeights === undefined ? {} : { fidWeights: overrides.fidWeights },
    }),
    scales,
    tile: tileOf(text),
    train,
    test,
    isDataGiven: overrides.train !== undefined || overrides.test !== undefined,
    trainings,
  }
}

function checkData(train: Pictures, test: Pictures, report: (message: string) => void): void {
  for (const { name, by, with: other } of leaksOf(withPixels(test), withPixels(train)))
    if (by === 'same') report(`${name} is trained on (${other}): a picture that is judged must not be`)
  const names = new Set<string>()
  for (const { name } of test.entries) {
    if (names.has(name))
      report(`two pictures are called ${name}: list them in one CSV, or in folders of their own below one folder`)
    names.add(name)
  }
}

/** The most pixels along a tile of what is judged. */
const tileOf = ({ evaluate }: ExperimentText): number => evaluate?.tile ?? 768

/** Whether all pictures are large enough to be judged, before anything is trained. */
function checkSizes(
  { entries, looks }: Pictures,
  plan: EvaluatePlan,
  scales: readonly number[],
  text: ExperimentText,
  report: (message: string) => void,
): void {
  const sizes = entries.map(({ path: file }) => looks.get(file)!)
  try {
    requireJudgeable(entries, sizes, {
      scales,
      side: tileOf(text),
      shaveOf: (m) => shaveAt(plan, m),
      window: windowOf((text.metrics ?? []).includes('ssim_gaussian')),
    })
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    report(error.message)
  }
}

/** Groups of which pictures are trained on and others judged. */
export const sharedGroups = ({ train, test }: Pick<Plan, 'train' | 'test'>): string[] => [
  ...new Set(leaksOf(withPixels(test), withPixels(train)).flatMap(({ by, with: group }) => (by === 'group' ? [group] : []))),
]

/** How the pictures of both sides were read, a line each. */
export const dataLines = ({ train, test }: Pick<Plan, 'train' | 'test'>): string[] => [
  ...(train.entries.length > 0 ? picturesLines(train).map((line) => `to train on: ${line}`) : []),
  ...picturesLines(test).map((line) => `to judge on: ${line}`),
]

/** Whether a block's pictures are made low-resolution otherwise than those of the others. */
export const hasOwnPictures = ({ set = [] }: BlockText): boolean => set.some((each) => each.startsWith('evaluate.degrade='))

function checkTrained(
  { text }: Experiment,
  budget: Budget | undefined,
  train: Pictures,
  report: (message: string) => void,
): void {
  if (!budget) report('it is trained, and the file has no budget')
  if (text.data.train === undefined && train.entries.length === 0) report('it is trained, and the file has no data to train on')
}

function checkNames({ text }: Experiment, report: Report): void {
  const blocks = new Set<string>()
  for (const [b, block] of text.blocks.entries()) {
    if (blocks.has(block.name)) report(['blocks', b, 'name'], `there is a block called ${block.name} already`)
    blocks.add(block.name)
    const systems = new Set<string>()
    for (const [s, { name }] of block.systems.entries()) {
      if (name === 'Bicubic')
        report(['blocks', b, 'systems', s, 'name'], 'Bicubic stands beside every number without being named')
      if (systems.has(name))
        report(['blocks', b, 'systems', s, 'name'], `the block ${block.name} has a system called ${name} already`)
      systems.add(name)
    }
    if (block.reference !== undefined && !systems.has(block.reference))
      report(['blocks', b, 'reference'], `${block.reference} is no system of this block; it has ${[...systems].join(', ')}`)
  }
}

/** What the page shows; of other pictures than the file's those that are called the same. */
function shownOf(
  show: readonly Shown[],
  test: Pictures,
  scales: readonly number[],
  isTestGiven: boolean,
  report: Report,
): Shown[] {
  const names = new Set(test.entries.map(({ name }) => name))
  return show.filter(({ picture, m }, at) => {
    if (!scales.includes(m)) report([at, 'm'], `x${m} is no scale of this experiment; it has ${scales.join(', ')}`)
    if (names.has(picture)) return true
    if (!isTestGiven && names.size > 0)
      report([at, 'picture'], `no judged picture is called ${picture}; there are ${[...names].join(', ')}`)
    return false
  })
}

function checkPaper({ text: { paper } }: Experiment, report: Report): void {
  for (const [r, row] of (paper?.rows ?? []).entries())
    for (const metric of ['psnr', 'ssim', 'fid'] as const) {
      const numbers = row[metric]
      if (numbers && numbers.length !== paper!.scales.length)
        report(['paper', 'rows', r, metric], `${numbers.length} numbers for the paper's ${paper!.scales.length} scales`)
    }
}

/** A plan with some of its systems or blocks only. @throws UserError where a name is none of them. */
export function onlyThose(plan: Plan, only: readonly string[]): Plan {
  const names = new Set(plan.trainings.flatMap(({ system, block }) => [system, block]))
  const unknown = only.filter((name) => !names.has(name))
  if (unknown.length > 0)
    throw new UserError(`nothing in this experiment is called ${unknown.join(', ')}`, `it has ${[...names].join(', ')}`)
  return { ...plan, trainings: plan.trainings.filter(({ system, block }) => only.includes(system) || only.includes(block)) }
}

/** A scope from its text, whose form the schema has checked. */
export function scopeOf(text: string): Scope {
  const [, kind = 'full', count = ''] = /^(\w+)(?:\((\d+)\))?$/.exec(text) ?? []
  return kind === 'full' ? { kind: 'full' } : { kind: kind as 'lattice', count: Number(count) }
}
