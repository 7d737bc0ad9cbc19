import { existsSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { UserError } from '../../errors.ts'
import type { Quality, TileResult } from '../evaluate/evaluate.ts'
import type { FrechetResult } from '../evaluate/sets.ts'
import { writeAtomic } from '../files/atomic.ts'
import { checksum } from '../files/checksum.ts'
import { jsonText, parseJson } from '../files/json.ts'
import { openRun, readLog, runPaths } from '../files/run-folder.ts'
import { readSafetensors } from '../files/safetensors.ts'
import { readText } from '../files/text.ts'
import { placeOf } from '../host.ts'
import { readNetworkFile, writeNetworkFile } from '../network/network-file.ts'
import { carriedFile, carriedWeights } from '../weights/carried.ts'
import type { Budget, Metric } from './experiment.ts'
import { hasOwnPictures, keyOf, sharedGroups, type Pictures, type Plan, type Training } from './plan.ts'
import { fileName, partsOf, readEvaluated, readShown, readTrained, runFolder, type Machine, type ShownTile } from './state.ts'

/** Numbers of the tiles of one scale, by metric, in the order of the scale's tiles. */
export type TileValues = Readonly<Partial<Record<Metric, readonly number[]>>>

/** What all systems have at one scale: the tiles, and Bicubic on them. */
export interface ScaleRecord {
  readonly m: number
  /** Of a block whose pictures are made low-resolution in a way of its own. */
  readonly block?: string
  /** `picture tile` */
  readonly tiles: readonly string[]
  /** The picture of each tile. */
  readonly pictures: readonly string[]
  readonly megapixels: number
  readonly bicubic: TileValues
}

/** One side of the data. */
export interface SideRecord {
  readonly pictures: number
  readonly groups: readonly string[]
  /** SHA-256 over names and checksums of the pictures. */
  readonly digest: string
}

export interface TrainingRecord {
  readonly key: string
  readonly block: string
  readonly system: string
  readonly seed: number
  readonly at?: number
  readonly model: string
  readonly variants: readonly string[]
  readonly preset: string
  readonly sets: readonly string[]
  readonly parameters: number
  /** What its training took; of weights that were there nothing is known. */
  readonly steps?: number
  readonly seconds?: number
  readonly machine?: Machine
  /** Steps and losses, each the mean of those since the one before. */
  readonly losses: readonly (readonly [number, number])[]
  /** Where its weights are, below the results. */
  readonly weights?: string
  /** Of weights that were there, and of models that learn nothing: the name of carried ones, or the file from the results folder on; and the file's SHA-256. */
  readonly given?: { readonly carried: string; readonly sha256: string } | { readonly file: string; readonly sha256: string }
}

export interface EvaluationRecord {
  /** The key of the training. */
  readonly training: string
  readonly block: string
  readonly system: string
  readonly seed: number
  readonly m: number
  readonly scope: string
  /** Whether the scope was asked for by name: then it is part of the row's. */
  readonly isScopeNamed: boolean
  readonly shave: number
  readonly values: TileValues
  /** The mean over tiles. */
  readonly mean: Quality
  readonly frechet?: FrechetResult
  /** Which of the results' definitions its numbers go by. */
  readonly definitions: string
  /** SHA-256 over text and weights, shortened. */
  readonly network: string
  readonly seconds: number
  readonly machine: Machine
}

/** One network's picture of a tile that is shown. Files stand below the results. */
export interface PictureRecord {
  /** The picture that is judged on. */
  readonly picture: string
  readonly m: number
  readonly truth: string
  readonly low: string
  /** The key of the training, and the row whose it is. */
  readonly training: string
  readonly block: string
  readonly row: string
  readonly computed: string
}

/** `results.json`: everything that tables and page are made of, but for the pictures beside it. */
export interface Results {
  readonly format: 1
  readonly experiment: string
  readonly budget?: Budget
  readonly metrics: readonly Metric[]
  readonly data: {
    readonly train: SideRecord
    readonly test: SideRecord
    /** Groups that have pictures on both sides. */
    readonly shared: readonly string[]
    /** Whether the command line named other pictures than the file. */
    readonly isGiven: boolean
  }
  readonly tile: number
  readonly scales: readonly ScaleRecord[]
  readonly trainings: readonly TrainingRecord[]
  readonly evaluations: readonly EvaluationRecord[]
  readonly pictures: readonly PictureRecord[]
  readonly definitions: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Trainings that are still to be done or to be finished. */
  readonly missing: readonly string[]
}

/** The scales of a block, with what its systems are held against. */
export const scalesOf = ({ scales }: Pick<Results, 'scales'>, block: string): ScaleRecord[] => {
  const own = scales.filter((scale) => scale.block === block)
  return own.length > 0 ? own : scales.filter((scale) => scale.block === undefined)
}

/** Points of a loss curve that are kept. */
const curvePoints = 120
/** Digits that are kept of what is measured. */
const digits = 9

/** How a row is called: by its system and, where it was asked for by name, its scope. */
export const rowName = ({ system, scope, isScopeNamed }: EvaluationRecord): string =>
  isScopeNamed ? `${system}, ${scope}` : system

const rounded = (value: number): number => Number(value.toPrecision(digits))

/** The values of tiles by metric. */
export function tileValues(tiles: readonly TileResult[], side: 'model' | 'bicubic', metrics: readonly Metric[]): TileValues {
  return Object.fromEntries(metrics.map((metric) => [metric, tiles.map((tile) => rounded(tile[side][metric] ?? NaN))]))
}

/** Results that stand in the folder already, as far as they are of the same pictures, tiles and metrics. */
async function standing(plan: Plan, folder: string): Promise<Results | undefined> {
  if (!hasResults(folder)) return undefined
  const before = await readResults(folder)
  const isSame =
    before.data.train.digest === plan.train.digest &&
    before.data.test.digest === plan.test.digest &&
    before.tile === plan.tile &&
    before.metrics.join() === plan.metrics.join()
  return isSame ? before : undefined
}

/**
 * Reads all that was stored of an experiment. Weights that the file asks for are copied to `folder`. Of trainings that were made elsewhere
 * the records that stand in `folder` stay: whoever runs a shipped experiment again loses none of its numbers.
 */
export async function gatherResults(plan: Plan, state: string, folder: string): Promise<Results> {
  const scales = new Map<string, ScaleRecord>()
  const owners = new Set(plan.experiment.text.blocks.filter(hasOwnPictures).map(({ name }) => name))
  /** A scale counts once for all blocks that see the same pictures. */
  const noteScale = (m: number, block: string, make: () => ScaleRecord): void => {
    const own = owners.has(block) ? { block } : {}
    const key = `${own.block ?? ''} ${m}`
    if (!scales.has(key)) scales.set(key, { ...make(), ...own })
  }
  const trainings: TrainingRecord[] = []
  const evaluations: EvaluationRecord[] = []
  const pictures: PictureRecord[] = []
  const definitions = new Map<string, Readonly<Record<string, string>>>()
  const missing: string[] = []
  const before = await standing(plan, folder)
  for (const training of plan.trainings) {
    const trained = training.isTrained ? await readTrained(state, training) : {}
    if (!trained) {
      const { key, block, system } = training
      const record = before?.trainings.find((each) => each.key === key && each.block === block && each.system === system)
      if (!record) {
        missing.push(training.title)
        continue
      }
      trainings.push(record)
      for (const evaluation of before!.evaluations) {
        if (evaluation.training !== key || evaluation.block !== block || evaluation.system !== system) continue
        evaluations.push(evaluation)
        definitions.set(evaluation.definitions, before!.definitions[evaluation.definitions]!)
        noteScale(evaluation.m, block, () => scalesOf(before!, block).find(({ m }) => m === evaluation.m)!)
      }
      pictures.push(...before!.pictures.filter((each) => each.training === key && each.block === block))
      continue
    }
    const { model, options } = training.loaded
    const weights = training.keepsWeights ? await copyWeights(training, state, folder) : undefined
    trainings.push({
      key: training.key,
      block: training.block,
      system: training.system,
      seed: training.seed,
      ...(training.at !== undefined && { at: training.at }),
      model: [model.name, ...model.variants].join(', '),
      variants: model.variants,
      preset: model.preset,
      sets: options.sets ?? [],
      parameters: training.parameters,
      ...trained,
      losses: training.isTrained ? await lossesOf(runFolder(state, training)) : [],
      ...(weights !== undefined && { weights }),
      ...(await givenOf(training, plan.experiment.folder, folder)),
    })
    for (const part of partsOf(training)) {
      const stored = await readEvaluated(state, plan, part)
      if (!stored) {
        missing.push(`${training.title} at x${part.m}`)
        continue
      }
      const { evaluation, scope, seconds, machine } = stored
      const id = keyOf(evaluation.definitions)
      definitions.set(id, evaluation.definitions)
      const { tiles } = evaluation
      noteScale(part.m, training.block, () => scaleRecord(part.m, tiles, plan.metrics))
      const record: EvaluationRecord = {
        training: training.key,
        block: training.block,
        system: training.system,
        seed: training.seed,
        m: part.m,
        scope,
        isScopeNamed: part.scope !== undefined,
        shave: evaluation.scales[0]!.shave,
        values: tileValues(tiles, 'model', plan.metrics),
        mean: evaluation.scales[0]!.model,
        ...(evaluation.scales[0]!.frechet && { frechet: evaluation.scales[0]!.frechet }),
        definitions: id,
        network: evaluation.hash,
        seconds,
        machine,
      }
      evaluations.push(record)
      for (const tile of await readShown(state, plan, part)) pictures.push(await writePictures(folder, record, tile))
    }
  }
  return {
    format: 1,
    experiment: plan.experiment.text.title,
    ...(plan.budget && { budget: plan.budget }),
    metrics: plan.metrics,
    data: {
      train: sideRecord(plan.train),
      test: sideRecord(plan.test),
      shared: sharedGroups(plan),
      isGiven: plan.isDataGiven,
    },
    tile: plan.tile,
    scales: [...scales.values()].sort((a, b) => a.m - b.m),
    trainings,
    evaluations,
    pictures,
    definitions: Object.fromEntries(definitions),
    missing,
  }
}

/** Puts the pictures of a shown tile into the results; truth and LR are the same for all. */
export async function writePictures(folder: string, record: EvaluationRecord, tile: ShownTile): Promise<PictureRecord> {
  const { block, m } = record
  const row = rowName(record)
  const field = [path.parse(tile.picture).name, `x${m}`]
  const at = (...names: readonly string[]): string => `pictures/${fileName(...field, ...names)}.webp`
  const found = { truth: at('truth'), low: at('lr'), computed: at(block, row) }
  for (const part of ['truth', 'low', 'computed'] as const)
    await writeAtomic(path.join(folder, found[part]), await sharp(tile[part]).webp({ lossless: true, effort: 6 }).toBuffer())
  return { picture: tile.picture, m, training: record.training, block, row, ...found }
}

function scaleRecord(m: number, tiles: readonly TileResult[], metrics: readonly Metric[]): ScaleRecord {
  return {
    m,
    tiles: tiles.map(({ picture, tile }) => `${picture} ${tile}`),
    pictures: tiles.map(({ picture }) => picture),
    megapixels: tiles.reduce((sum, { width, height }) => sum + width * height, 0) / 1e6,
    bicubic: tileValues(tiles, 'bicubic', metrics),
  }
}

const groupsOf = ({ entries }: Pictures): string[] => [...new Set(entries.flatMap(({ group }) => group ?? []))]

const sideRecord = (side: Pictures): SideRecord => ({
  pictures: side.entries.length,
  groups: groupsOf(side),
  digest: side.digest,
})

async function lossesOf(folder: string): Promise<[number, number][]> {
  const lines = (await readLog(await openRun(folder))).flatMap(({ step, loss }) =>
    typeof loss === 'number' ? [{ step, loss }] : [],
  )
  const span = Math.max(1, Math.ceil(lines.length / curvePoints))
  return Array.from({ length: Math.ceil(lines.length / span) }, (_, at) => {
    const part = lines.slice(at * span, (at + 1) * span)
    return [part.at(-1)!.step, Number((part.reduce((sum, { loss }) => sum + loss, 0) / part.length).toPrecision(5))]
  })
}

/** A network file of a training, in half precision; what only training needs stays behind. */
async function copyWeights(training: Training, state: string, folder: string): Promise<string> {
  const { block, system, at, seed, loaded } = training
  const name = `${fileName(block, system, ...(at === undefined ? [] : [`x${at}`]), `seed-${seed}`)}.safetensors`
  const place = path.join(folder, 'weights', name)
  const present = await readNetworkFile(place).catch(() => undefined)
  if (present?.training === training.key) return `weights/${name}`
  const own = new Set(loaded.model.graph.weights.map((weight) => weight.path))
  const all = await readSafetensors(runPaths(runFolder(state, training)).weights)
  const tensors = new Map([...all.tensors].filter(([weight]) => own.has(weight)))
  const { text, file, options } = loaded
  const averaged = loaded.model.train?.ema
  const note = averaged !== undefined && { averaged }
  await writeNetworkFile(place, { text, file, options, tensors, training: training.key, ...note }, { half: true })
  return `weights/${name}`
}

/** How results name weights that were there before them, and models that learn nothing as their file has them. */
async function givenOf(
  { weights, isTrained, loaded: { file, options } }: Training,
  experiment: string,
  folder: string,
): Promise<Pick<TrainingRecord, 'given'>> {
  const carried = weights && carriedWeights.find((each) => path.resolve(carriedFile(each)) === path.resolve(weights.file))
  if (carried) return { given: { carried: carried.name, sha256: weights.sha256 } }
  if (weights) return { given: { file: path.relative(folder, weights.file), sha256: weights.sha256 } }
  const { preset, variants = [], sets = [] } = options
  const isAsItIs = preset === undefined && variants.length === 0 && sets.every((set) => set.startsWith('evaluate.'))
  if (isTrained || !isAsItIs) return {}
  const place = placeOf(file, experiment)
  return { given: { file: path.relative(folder, place), sha256: (await checksum(place)).sha256 } }
}

/** Where they are now; undefined where that file is gone or has become another. */
async function givenFile(given: NonNullable<TrainingRecord['given']>, folder: string): Promise<string | undefined> {
  const carried = 'carried' in given ? carriedWeights.find(({ name }) => name === given.carried) : undefined
  const file = carried ? carriedFile(carried) : 'file' in given ? path.join(folder, given.file) : undefined
  return file !== undefined && existsSync(file) && (await checksum(file)).sha256 === given.sha256 ? file : undefined
}

const resultsFile = (folder: string): string => path.join(folder, 'results.json')

/** Whether a folder holds the results of an experiment. */
export const hasResults = (folder: string): boolean => existsSync(resultsFile(folder))

/**
 * The weights of a block as `SYSTEM=FILE`, of every system the first seed's; one that was trained for one scale only has several,
 * `SYSTEM@SCALE=FILE`. They are those kept with the results or that were there before, else the trainings themselves while `state` has them.
 * @throws UserError where there is no such block, several and none is named, or a system of it has no weights any more.
 */
export async function weightsOfBlock(folder: string, state: string, block: string | undefined): Promise<string[]> {
  const { trainings } = await readResults(folder)
  const found = await Promise.all(
    trainings.map(async (training) => {
      if (training.weights !== undefined) return { ...training, source: path.join(folder, training.weights) }
      if (training.given !== undefined) return { ...training, source: await givenFile(training.given, folder) }
      return { ...training, source: (await readTrained(state, training)) && runFolder(state, training) }
    }),
  )
  const blocks = [...new Set(found.filter(({ source }) => source !== undefined).map((training) => training.block))]
  const chosen = block ?? (blocks.length === 1 ? blocks[0] : undefined)
  if (blocks.length === 0)
    throw new UserError(
      `${folder} keeps no weights, and its trainings are not in ${state}`,
      'archc experiment run makes them again; keep_weights in its file keeps them with the results, and --state says where else trainings are',
    )
  if (chosen === undefined || !blocks.includes(chosen))
    throw new UserError(
      block === undefined ? `${folder} has several blocks with weights` : `${folder} has no block ${block} with weights`,
      `name one with --block: ${blocks.join(', ')}`,
    )
  const firsts = new Map<string, string | undefined>()
  for (const { block: own, system, at, source } of found) {
    const name = `${system}${at === undefined ? '' : `@${at}`}`
    if (own === chosen) firsts.set(name, firsts.get(name) ?? source)
  }
  const lost = [...firsts].filter(([, source]) => source === undefined).map(([name]) => name)
  if (lost.length > 0)
    throw new UserError(
      `of ${chosen} in ${folder} the weights of ${lost.join(', ')} are neither kept nor in ${state}`,
      'archc experiment run makes them again; keep_weights in its file keeps them with the results',
    )
  return [...firsts].map(([name, source]) => `${name}=${source}`)
}

/** Writes `results.json`; lists of numbers stand in one line. */
export async function writeResults(folder: string, results: Results): Promise<void> {
  const text = jsonText(results, 1).replace(
    /\[\s+(-?[\d.][^[\]{}"]*?)\s+\]/g,
    (_, numbers: string) => `[${numbers.replace(/\s+/g, ' ')}]`,
  )
  await writeAtomic(resultsFile(folder), `${text}\n`)
}

/** @throws UserError where there are none, or they are another archc's. */
export async function readResults(folder: string): Promise<Results> {
  const file = resultsFile(folder)
  if (!existsSync(file))
    throw new UserError(`there are no results in ${folder}`, 'archc experiment run makes them; --out names another folder')
  const text = readText(file)
  try {
    const results = parseJson(text) as Results
    if (results.format === 1) return results
  } catch {
    // Said below.
  }
  throw new UserError(
    `${file} is not what archc experiment run writes`,
    'run the experiment again: nothing that is stored is redone',
  )
}
