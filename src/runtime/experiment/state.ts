import { readFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { cacheFolder } from '../engine/paths.ts'
import type { Evaluation } from '../evaluate/evaluate.ts'
import { writeAtomic } from '../files/atomic.ts'
import { jsonText, parseJson } from '../files/json.ts'
import type { Owner } from '../files/owner.ts'
import { isThisProcess } from '../files/owner.ts'
import { shortened } from '../files/short-name.ts'
import { runHolder, runPaths } from '../files/run-folder.ts'
import { keyOf, protocol, type Plan, type Training } from './plan.ts'

/** Where trainings and evaluations are kept unless something else is said: outside of every project. */
export const stateFolder = (): string => path.join(cacheFolder(), 'experiments')

/** What computed. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory: string
  readonly system: string
  readonly engine: string
  readonly archc: string
}

export const machine = (engine: string, archc: string): Machine => ({
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: os.availableParallelism(),
  memory: `${(os.totalmem() / 1e9).toFixed(0)} GB`,
  system: `${os.platform()} ${os.arch()}, Node ${process.versions.node}`,
  engine,
  archc,
})

/** Said of a training once it is through. */
export interface Trained {
  readonly steps: number
  readonly seconds: number
  readonly machine: Machine
}

/** One network on the test pictures at one scale. */
export interface Evaluated {
  readonly evaluation: Evaluation
  readonly scope: string
  readonly seconds: number
  readonly machine: Machine
}

export const runFolder = (state: string, { key }: Pick<Training, 'key'>): string => path.join(state, key)
const trainedFile = (state: string, training: Pick<Training, 'key'>): string =>
  path.join(runFolder(state, training), 'trained.json')

/** What a network made of the first tile of a picture that is shown: PNGs. */
export interface ShownTile {
  /** As the test pictures have it. */
  readonly picture: string
  readonly truth: Buffer
  readonly low: Buffer
  readonly computed: Buffer
}

const shownParts = ['truth', 'low', 'computed'] as const

/** What one evaluation is of. */
export interface Part {
  readonly training: Training
  readonly m: number
  readonly scope: string | undefined
}

export const partsOf = (training: Training): Part[] =>
  training.scopes.flatMap((scope) => training.scales.map((m) => ({ training, m, scope })))

/** The pictures that an evaluation keeps. */
export const shownOf = ({ training, m }: Part): string[] =>
  training.shown.filter((shown) => shown.m === m).map(({ picture }) => picture)

function evaluationFile(state: string, plan: Plan, part: Part): string {
  const { training, m, scope } = part
  const shown = shownOf(part)
  const key = keyOf({
    protocol,
    training: training.key,
    m,
    scope: scope ?? null,
    tile: plan.tile,
    // Tiles once left out what remained of a picture.
    tiles: 'cover',
    gaussian: plan.metrics.includes('ssim_gaussian'),
    ...(plan.metrics.includes('consistency') && { consistency: true }),
    test: plan.test.entries.map(({ name, sha256 }) => [name, sha256]),
    ...(shown.length > 0 && { shown }),
    ...(plan.features && { features: plan.features.fidWeights === undefined ? 'stand-in' : 'pytorch-fid' }),
  })
  return path.join(runPaths(runFolder(state, training)).evaluation, `${key}.json`)
}

/** A record that was written whole, or undefined where there is none. */
async function readRecord<T>(file: string): Promise<T | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  try {
    return text === undefined ? undefined : (parseJson(text) as T)
  } catch {
    // Damaged by a disk or by hand: what it would say is made again.
    return undefined
  }
}

const writeRecord = (file: string, record: object): Promise<void> => writeAtomic(file, `${jsonText(record, 1)}\n`)

export const readTrained = (state: string, training: Pick<Training, 'key'>): Promise<Trained | undefined> =>
  readRecord<Trained>(trainedFile(state, training))

export const writeTrained = (state: string, training: Training, record: Trained): Promise<void> =>
  writeRecord(trainedFile(state, training), record)

export const readEvaluated = (state: string, plan: Plan, part: Part): Promise<Evaluated | undefined> =>
  readRecord<Evaluated>(evaluationFile(state, plan, part))

/** Pictures first: where the record is, they are. */
export async function writeEvaluated(
  state: string,
  plan: Plan,
  part: Part,
  record: Evaluated,
  shown: readonly ShownTile[],
): Promise<void> {
  const file = evaluationFile(state, plan, part)
  for (const tile of shown) {
    for (const name of shownParts) await writeAtomic(pictureFile(file, tile.picture, name), tile[name])
  }
  await writeRecord(file, record)
}

/** The pictures that were kept with an evaluation. */
export async function readShown(state: string, plan: Plan, part: Part): Promise<ShownTile[]> {
  const file = evaluationFile(state, plan, part)
  return Promise.all(
    shownOf(part).map(async (picture) => {
      const [truth, low, computed] = await Promise.all(shownParts.map((name) => readFile(pictureFile(file, picture, name))))
      return { picture, truth: truth!, low: low!, computed: computed! }
    }),
  )
}

const picturesFolder = (file: string): string => file.replace(/\.json$/, '')
const pictureFile = (file: string, picture: string, part: string): string =>
  path.join(picturesFolder(file), `${fileName(picture)}-${part}.png`)

/** Names as they may stand in a file's name. */
export const fileName = (...names: readonly string[]): string =>
  shortened(
    names
      .join('-')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-'),
  )

/** The other process that has a training now, if one has. */
export function holder(state: string, training: Training): Owner | undefined {
  const owner = runHolder(runFolder(state, training))
  return owner && isThisProcess(owner) ? undefined : owner
}
