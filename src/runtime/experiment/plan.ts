import { createHash } from 'node:crypto'
import path from 'node:path'
import { compile, type CompiledModel, type CompileOptions } from '../../compiler/index.ts'
import type { CompilerHost } from '../../compiler/index.ts'
import { places } from '../../compiler/diagnostics/source.ts'
import { parameterCount } from '../../compiler/ir/graph.ts'
import type { Scope } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { listData, manifest, type DataEntry } from '../data/dataset.ts'
import { createRandom } from '../files/random.ts'
import { fileHost } from '../host.ts'
import { sourcesText, type LoadedModel } from '../network/load-model.ts'
import { drawOperations } from '../train/per-item.ts'
import { ExperimentError, type Budget, type Experiment, type Metric, type Problem, type SystemText } from './experiment.ts'

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
  /** Whether its weights are copied into the results. */
  readonly keepsWeights: boolean
}

/** An experiment that is right in all its parts, and what it comes to. */
export interface Plan {
  readonly experiment: Experiment
  readonly budget: Budget
  readonly metrics: readonly Metric[]
  readonly scales: readonly number[]
  readonly tile: number
  readonly train: Pictures
  readonly test: Pictures
  /** Whether the command line named other pictures than the file. */
  readonly isDataGiven: boolean
  readonly trainings: readonly Training[]
}

/** One side of the data. */
export interface Pictures {
  /** Where they are, for `listData`. */
  readonly where: readonly string[]
  readonly entries: readonly DataEntry[]
  readonly digest: string
}

/** What the command line may say instead of the file. */
export interface Overrides {
  readonly train?: readonly string[]
  readonly test?: readonly string[]
  readonly steps?: number
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
  const report = (at: readonly (string | number)[], message: string, which: 'value' | 'key' = 'value'): void =>
    void problems.push({ place: experiment.placeOf(at, which), message })

  const side = async (name: 'train' | 'test'): Promise<Pictures> => {
    const where = overrides[name] ?? list(text.data[name]).map((each) => path.join(folder, each))
    try {
      const entries = await listData(where)
      return { where, entries, digest: manifest(entries).digest }
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      if (overrides[name]) throw error
      report(['data', name], `${error.message}${error.help ? ` (${error.help})` : ''}`)
      return { where, entries: [], digest: '' }
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
  const degradations: Degradations = new Map()
  for (const [b, block] of text.blocks.entries())
    for (const [s, system] of block.systems.entries()) {
      const at = ['blocks', b, 'systems', s] as const
      const forms = formsOf(experiment, system, scales, at, report)
      for (const form of forms) {
        const loaded = load(experiment, system, form, [...at, ...form.path], report)
        if (!loaded) continue
        const { model } = loaded
        if (!suits(model, form.scales, system, (message) => report([...at, ...form.path], message, 'key'))) continue
        const other = otherDegradation(model, form.scales, system.name, degradations)
        if (other) report(at, other)
        for (const [index, seed] of (system.seeds ?? text.seeds ?? [1]).entries()) {
          const keep = text.keep_weights ?? 'none'
          trainings.push({
            key: keyOf({
              protocol,
              text: loaded.text,
              options: loaded.options,
              data: train.entries.map(({ name, sha256, group }) => [name, sha256, group ?? null]),
              budget,
              seed,
            }),
            block: block.name,
            system: system.name,
            seed,
            ...(form.at !== undefined && { at: form.at }),
            title: [system.name, block.name, ...(form.at === undefined ? [] : [`x${form.at}`]), `seed ${seed}`].join(', '),
            loaded,
            parameters: parameterCount(model.graph),
            scales: form.scales,
            scopes: system.scopes ?? [undefined],
            keepsWeights: keep === 'all' || (keep === 'first seed' && index === 0),
          })
        }
      }
    }
  checkPaper(experiment, report)
  if (problems.length > 0) throw new ExperimentError(experiment.file, problems)
  return {
    experiment,
    budget,
    metrics: text.metrics ?? ['psnr', 'ssim'],
    scales,
    tile: text.evaluate?.tile ?? 768,
    train,
    test,
    isDataGiven: overrides.train !== undefined || overrides.test !== undefined,
    trainings,
  }
}

type Report = (at: readonly (string | number)[], message: string, which?: 'value' | 'key') => void

function checkData(train: Pictures, test: Pictures, report: (message: string) => void): void {
  const known = new Map(train.entries.map((entry) => [entry.sha256, entry.name]))
  const names = new Set<string>()
  for (const { name, sha256 } of test.entries) {
    const same = known.get(sha256)
    if (same !== undefined) report(`${name} is trained on (${same}): a picture that is judged must not be`)
    if (names.has(name))
      report(`two pictures are called ${name}: list them in one CSV, or in folders of their own below one folder`)
    names.add(name)
  }
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

function checkPaper({ text: { paper } }: Experiment, report: Report): void {
  for (const [r, row] of (paper?.rows ?? []).entries())
    for (const metric of ['psnr', 'ssim', 'fid'] as const) {
      const numbers = row[metric]
      if (numbers && numbers.length !== paper!.scales.length)
        report(['paper', 'rows', r, metric], `${numbers.length} numbers for the paper's ${paper!.scales.length} scales`)
    }
}

/** A system as it is compiled once: by its `at`, or once for all scales. */
interface Form {
  readonly at?: number
  readonly scales: readonly number[]
  readonly preset?: string
  readonly sets: readonly string[]
  /** Where it stands below the system. */
  readonly path: readonly string[]
}

function formsOf(
  { text }: Experiment,
  system: SystemText,
  scales: readonly number[],
  at: readonly (string | number)[],
  report: Report,
): Form[] {
  const sets = [...(text.set ?? []), ...(system.set ?? [])]
  const own = system.preset === undefined ? {} : { preset: system.preset }
  if (!system.at) return [{ scales, sets, ...own, path: [] }]
  return Object.entries(system.at).flatMap(([written, change]) => {
    const m = Number(written)
    if (!scales.includes(m)) {
      report([...at, 'at', written], `${written} is no scale of this experiment; it has ${scales.join(', ')}`, 'key')
      return []
    }
    const preset = change.preset === undefined ? own : { preset: change.preset }
    return [{ at: m, scales: [m], sets: [...sets, ...(change.set ?? [])], ...preset, path: ['at', written] }]
  })
}

/**
 * A model as the experiment names it. Its files are named from the experiment's folder, so that it is the same from
 * whatever folder archc is called.
 */
function load(
  { folder }: Experiment,
  { model: file, variants }: SystemText,
  { preset, sets }: Form,
  at: readonly (string | number)[],
  report: Report,
): LoadedModel | undefined {
  const host: CompilerHost = { resolve: fileHost.resolve, read: (name) => fileHost.read(path.resolve(folder, name)) }
  const options: CompileOptions = {
    ...(preset !== undefined && { preset }),
    ...(variants && { variants }),
    ...(sets.length > 0 && { sets }),
  }
  const { model, diagnostics, sources } = compile(file, host, options)
  if (model) return { model, options, file, text: sourcesText(sources, options), sources, warnings: '' }
  const place = places((name) => sources.get(name))
  for (const { code, severity, message, primary, help } of diagnostics) {
    if (severity !== 'error') continue
    const { span } = primary
    const isSet = span.file.startsWith('--set')
    const found = isSet ? undefined : place(span)
    const where = isSet
      ? span.file.slice('--set '.length)
      : [path.join(folder, span.file), ...(found ? [found.line, found.column] : [])].join(':')
    const field = isSet ? 'set' : code === 'unknown-preset' ? 'preset' : 'model'
    report([...at, field], `${where}: ${message}${help ? ` (${help})` : ''}`)
  }
  return undefined
}

/** Whether a model can be trained and evaluated as it is asked to. */
function suits(
  model: CompiledModel,
  scales: readonly number[],
  { name }: SystemText,
  report: (message: string) => void,
): boolean {
  const before: string[] = []
  const { scale } = model
  if (model.graph.weights.length === 0) before.push(`${name} learns nothing`)
  else if (!model.train) before.push(`${name} has no train block`)
  if (scale.kind === 'fixed' && scales.some((m) => m !== scale.value))
    before.push(
      `${name} enlarges ${scale.value} times only, not ${scales.filter((m) => m !== scale.value).join(', ')} times; its field at says what makes it enlarge by each scale`,
    )
  if (scale.kind === 'range') {
    const beyond = scales.filter((m) => m < scale.from || m > scale.to)
    if (beyond.length > 0) before.push(`${name} enlarges ${scale.from} to ${scale.to} times, not ${beyond.join(', ')}`)
  }
  before.forEach(report)
  return before.length === 0
}

/** How pictures are made low-resolution at each scale, and which system said so first. */
type Degradations = Map<number, { readonly system: string; readonly operations: string }>

/** What is wrong where a system would be judged on other pictures than those before it. */
function otherDegradation(
  model: CompiledModel,
  scales: readonly number[],
  name: string,
  known: Degradations,
): string | undefined {
  for (const m of scales) {
    const operations = degradationAt(model, m)
    const first = known.get(m)
    if (first === undefined) known.set(m, { system: name, operations })
    else if (first.operations !== operations)
      return `${name} would be judged on other pictures than ${first.system}: at x${m} its own are made by ${operations}, those by ${first.operations}; give all the same train.degrade, by set at the top of the file`
  }
  return undefined
}

/** How a picture is made low-resolution at a scale, in words. */
function degradationAt({ train, evaluate }: CompiledModel, m: number): string {
  const operations = evaluate?.degrade ?? train?.degrade ?? []
  return drawOperations(operations, createRandom(0), { m, epoch: 0, epochs: 1 })
    .map((operation) =>
      operation.op === 'blur'
        ? `blur(${operation.sigma})`
        : operation.op === 'resize'
          ? `resize(${operation.kernel})`
          : operation.op,
    )
    .join(', then ')
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
