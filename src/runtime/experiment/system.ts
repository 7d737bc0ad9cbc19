import { existsSync } from 'node:fs'
import path from 'node:path'
import { nearest } from '../../compiler/diagnostics/suggest.ts'
import { compile, type CompiledModel, type CompileOptions } from '../../compiler/index.ts'
import { places } from '../../compiler/diagnostics/source.ts'
import { degradeText } from '../data/degrade.ts'
import { createRandom } from '../files/random.ts'
import { withSlashes } from '../files/slashes.ts'
import { hostIn, isOwn } from '../host.ts'
import { checksum } from '../files/checksum.ts'
import { evaluateSets, type LoadedModel } from '../network/load-model.ts'
import { sourcesText } from '../network/sources.ts'
import { drawOperations } from '../network/per-item.ts'
import { carriedFile, carriedWeights } from '../weights/carried.ts'
import { modelOfFile, readNetworkFile } from '../network/network-file.ts'
import { UserError, CompileError } from '../../errors.ts'
import type { BlockText, Experiment, SystemText } from './experiment.ts'

/** Takes down what is wrong at a place of the file. */
export type Report = (at: readonly (string | number)[], message: string, which?: 'value' | 'key') => void

/** A system as it is compiled once: by its `at`, or once for all scales. */
export interface Form {
  readonly at?: number
  readonly scales: readonly number[]
  readonly preset?: string
  readonly sets: readonly string[]
  /** Where it stands below the system. */
  readonly path: readonly string[]
}

/** The forms of a system; scales that the experiment does not have are reported. */
export function formsOf(
  { text }: Experiment,
  block: BlockText,
  system: SystemText,
  scales: readonly number[],
  at: readonly (string | number)[],
  report: Report,
): Form[] {
  const sets = [...(text.set ?? []), ...(block.set ?? []), ...(system.set ?? [])]
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
export function compileForm(
  { folder }: Experiment,
  { variants }: SystemText,
  wanted: string,
  { preset, sets }: Form,
  at: readonly (string | number)[],
  report: Report,
): LoadedModel | undefined {
  const host = hostIn(folder)
  const named = (name: string): string => host.named(withSlashes(name, folder))
  const file = named(wanted)
  const options: CompileOptions = {
    ...(preset !== undefined && { preset }),
    ...(variants && { variants: variants.map(named) }),
    ...(sets.length > 0 && { sets }),
  }
  const { model, diagnostics, sources, given } = compile(file, host, options)
  if (model) return { model, options, file, text: sourcesText(sources, options), sources, warnings: '' }
  const place = places((name) => sources.get(name))
  for (const { code, severity, message, primary, help } of diagnostics) {
    if (severity !== 'error') continue
    const { span } = primary
    const set = given.get(span.file)
    const found = place(span)
    const where =
      set ?? [isOwn(span.file) ? span.file : path.join(folder, span.file), ...(found ? [found.line, found.column] : [])].join(':')
    const field = set !== undefined ? 'set' : code === 'unknown-preset' ? 'preset' : 'model'
    report([...at, field], `${where}: ${message}${help ? ` (${help})` : ''}`)
  }
  return undefined
}

/** What a system's weights are kept in: a network file, or one that archc carries. */
const weightsFile = ({ folder }: Experiment, named: string): string => {
  const carried = carriedWeights.find(({ name }) => name === named)
  return carried ? carriedFile(carried) : path.join(folder, withSlashes(named, folder))
}

/** What is said of weights that are neither carried nor there. */
function strangeWeights(named: string, file: string): string {
  const names = carriedWeights.map(({ name }) => name)
  const near = nearest(named, names)
  return `there are no weights ${named}${near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''} archc carries ${names.join(', ')}; anything else is a network file, and ${file} is not there`
}

/** A network file that is opened instead of a run. */
export interface NetworkFileOf {
  readonly file: string
  readonly sets: readonly string[]
  readonly sha256: string
}

/** A network file as the experiment names it, with what is set of `evaluate`; nothing else of it can be set. */
export async function openForm(
  experiment: Experiment,
  { weights }: SystemText,
  { sets }: Form,
  at: readonly (string | number)[],
  report: Report,
): Promise<{ readonly loaded: LoadedModel; readonly weights: NetworkFileOf } | undefined> {
  const file = weightsFile(experiment, weights!)
  const own = evaluateSets(sets)
  if (!existsSync(file)) {
    report([...at, 'weights'], strangeWeights(weights!, file))
    return undefined
  }
  try {
    const loaded = modelOfFile(await readNetworkFile(file), own)
    return { loaded, weights: { file, sets: own, sha256: (await checksum(file)).sha256 } }
  } catch (error) {
    if (!(error instanceof UserError || error instanceof CompileError)) throw error
    report([...at, 'weights'], error.message)
    return undefined
  }
}

/** Whether a model can be trained and evaluated as it is asked to. */
export function suits(
  model: CompiledModel,
  scales: readonly number[],
  { name }: SystemText,
  isTrained: boolean,
  report: (message: string) => void,
): boolean {
  const before: string[] = []
  const { scale } = model
  if (isTrained && !model.train) before.push(`${name} has no train block`)
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
export type Degradations = Map<number, { readonly system: string; readonly operations: string }>

/** What is wrong where a system would be judged on other pictures than those before it. */
export function otherDegradation(
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
      return `${name} would be judged on other pictures than ${first.system}: at x${m} its own are made by ${operations}, those by ${first.operations}; give all the same, by set of evaluate.degrade or train.degrade`
  }
  return undefined
}

/** How a picture is made low-resolution at a scale, in words. */
function degradationAt({ evaluate }: CompiledModel, m: number): string {
  const operations = evaluate.degrade
  return degradeText(drawOperations(operations, createRandom(0), { m, epoch: 0, epochs: 1 }, 'whole'))
}
