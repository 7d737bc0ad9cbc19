import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { copyFile, link, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { UserError } from '../../errors.ts'
import { temporaryBeside, writeAtomic, writeFolderAtomic } from './atomic.ts'
import { errorCode, fileError } from './file-error.ts'
import { type Run, runPaths } from './run-layout.ts'
import { readSafetensors, type Tensor, writeSafetensors } from './safetensors.ts'

/** Everything that training needs to go on as if it had never stopped. */
export interface Checkpoint {
  /** How many steps were done. */
  readonly step: number
  readonly weights: ReadonlyMap<string, Tensor>
  readonly optimizer: ReadonlyMap<string, Tensor>
  /** Generator states, position in the data, Adam's step, ..: plain JSON without NaN or infinities. */
  readonly state: unknown
  /** What "best" goes by, lower is better: the validation loss, or the training loss where there is none. */
  readonly loss: number
  /** Where the weights are running means of those that training moves: the share of a mean that an update keeps. */
  readonly averaged?: number
}

export interface LoadedCheckpoint extends Checkpoint {
  /** One sentence for each damaged checkpoint that was passed over; to be shown to the user. */
  readonly notes: readonly string[]
}

interface StateFile {
  readonly step: number
  readonly loss: number
  readonly state: unknown
  readonly sha256: { readonly weights: string; readonly optimizer: string; readonly state: string }
}

const keptLatest = 3
const folderName = /^step-(\d{6,})$/

const checkpointFolder = (run: Run, step: number): string =>
  path.join(runPaths(run.folder).checkpoints, `step-${String(step).padStart(6, '0')}`)

function files(folder: string) {
  const inside = (name: string) => path.join(folder, name)
  return {
    weights: inside('weights.safetensors'),
    optimizer: inside('optimizer.safetensors'),
    state: inside('state.json'),
  } as const
}

/** The run and the weights file that are meant by a run's folder or by a checkpoint in it, `RUN/checkpoints/step-001000`. */
export function weightsOf(source: string): { readonly folder: string; readonly file: string } {
  const above = path.dirname(source)
  const folder = path.dirname(above)
  return folderName.test(path.basename(source)) && path.relative(runPaths(folder).checkpoints, above) === ''
    ? { folder, file: files(source).weights }
    : { folder: source, file: runPaths(source).weights }
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/** JSON would turn NaN into null without a word, and the resumed run would go another way. */
function refuseNonFinite(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`the state of a checkpoint holds ${value} at ${key}`)
  return value
}

const hashState = (state: unknown): string => createHash('sha256').update(JSON.stringify(state)).digest('hex')

/**
 * Saves a checkpoint whole or not at all (`checkpoints/step-000123/`), makes its weights the run's `weights.safetensors`, and
 * removes old ones: the last three and the best stay. A checkpoint of the same step is replaced.
 * @throws UserError when the disk is full or the like; the checkpoints before stay as they are.
 */
export async function saveCheckpoint(run: Run, checkpoint: Checkpoint): Promise<void> {
  const { step, weights, optimizer, loss, averaged } = checkpoint
  if (!Number.isFinite(loss)) throw new Error(`a checkpoint with the loss ${loss}`)
  const state: unknown = JSON.parse(JSON.stringify(checkpoint.state, refuseNonFinite))
  const metadata = { step: String(step), model: run.record.model, textHash: run.textHash }
  const folder = checkpointFolder(run, step)
  await writeFolderAtomic(
    folder,
    async (temporary) => {
      const at = files(temporary)
      await writeSafetensors(at.weights, weights, { ...metadata, ...(averaged !== undefined && { averaged: String(averaged) }) })
      await writeSafetensors(at.optimizer, optimizer, metadata)
      const sha256 = {
        weights: await hashFile(at.weights),
        optimizer: await hashFile(at.optimizer),
        state: hashState(state),
      }
      await writeAtomic(at.state, `${JSON.stringify({ step, loss, state, sha256 } satisfies StateFile, undefined, 2)}\n`)
    },
    { replace: true },
  )
  await publishWeights(run, folder)
  await prune(run)
}

/** A hard link where the file system has them, else a copy; the name changes over in one step. */
async function publishWeights(run: Run, folder: string): Promise<void> {
  const source = files(folder).weights
  const target = runPaths(run.folder).weights
  const temporary = temporaryBeside(target)
  try {
    await link(source, temporary).catch(() => copyFile(source, temporary))
    await rename(temporary, target)
  } catch (error) {
    throw fileError(error, 'write', target)
  } finally {
    // Renaming a link over another link to the same file does nothing and leaves it.
    await rm(temporary, { force: true })
  }
}

/** A checkpoint as its folder tells it, without reading the tensors. */
export interface CheckpointEntry {
  readonly step: number
  readonly folder: string
  readonly loss: number | undefined
}

/** The checkpoints of a run, oldest first; `loss` is undefined where `state.json` cannot be read. */
export async function listCheckpoints(run: Run): Promise<CheckpointEntry[]> {
  const names = await readdir(runPaths(run.folder).checkpoints).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return []
    throw fileError(error, 'read', runPaths(run.folder).checkpoints)
  })
  const steps = names.flatMap((name) => folderName.exec(name)?.[1] ?? []).map(Number)
  const entries = steps.map(async (step) => {
    const folder = checkpointFolder(run, step)
    const loss = await readState(folder).then(
      (state) => state.loss,
      () => undefined,
    )
    return { step, folder, loss }
  })
  return (await Promise.all(entries)).sort((a, b) => a.step - b.step)
}

/** Best first; of equal ones the later. Those without a readable state come last. */
export const byLoss = (a: CheckpointEntry, b: CheckpointEntry): number =>
  (a.loss ?? Infinity) === (b.loss ?? Infinity) ? b.step - a.step : (a.loss ?? Infinity) - (b.loss ?? Infinity)

async function prune(run: Run): Promise<void> {
  const whole = (await listCheckpoints(run)).filter((entry) => entry.loss !== undefined)
  const kept = new Set([...whole.slice(-keptLatest), ...whole.toSorted(byLoss).slice(0, 1)])
  for (const entry of whole) {
    if (kept.has(entry)) continue
    // Renamed first, so that a kill in the middle leaves no half checkpoint under its name.
    const doomed = temporaryBeside(entry.folder)
    await rename(entry.folder, doomed)
    await rm(doomed, { recursive: true, force: true })
  }
}

async function readState(folder: string): Promise<StateFile> {
  const value: unknown = JSON.parse(await readFile(files(folder).state, 'utf8'))
  const { step, loss, state, sha256 } = value as Partial<StateFile>
  if (typeof step !== 'number' || typeof loss !== 'number' || sha256 === undefined || hashState(state) !== sha256.state) {
    throw new UserError(`${files(folder).state} is damaged`)
  }
  return { step, loss, state, sha256 }
}

async function readWhole(folder: string): Promise<Checkpoint> {
  const at = files(folder)
  const { step, loss, state, sha256 } = await readState(folder)
  for (const part of ['weights', 'optimizer'] as const) {
    if ((await hashFile(at[part])) !== sha256[part])
      throw new UserError(`${at[part]} is not what was saved (its SHA-256 differs)`)
  }
  const [weights, optimizer] = await Promise.all([readSafetensors(at.weights), readSafetensors(at.optimizer)])
  return { step, loss, state, weights: weights.tensors, optimizer: optimizer.tensors }
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Loads a checkpoint and verifies its hashes: the latest, the best (lowest loss) or that of a given step. A damaged one is
 * passed over with a note: `latest` takes the one before, `best` the next best. Undefined when the run has none yet.
 * @throws UserError when the given step is absent (those there are named) or damaged, or when all are damaged.
 */
export async function loadCheckpoint(run: Run, which: 'latest' | 'best' | number): Promise<LoadedCheckpoint | undefined> {
  const entries = await listCheckpoints(run)
  if (typeof which === 'number') return loadStep(run, entries, which)
  const candidates = which === 'latest' ? entries.toReversed() : entries.toSorted(byLoss)
  const notes: string[] = []
  for (const { folder } of candidates) {
    try {
      return { ...(await readWhole(folder)), notes }
    } catch (error) {
      notes.push(`passed over the damaged checkpoint ${folder}: ${reason(error)}`)
    }
  }
  if (entries.length === 0) return undefined
  throw new UserError(
    `every checkpoint of ${run.folder} is damaged: ${notes.join('; ')}`,
    'restore one from a copy, or train again',
  )
}

async function loadStep(run: Run, entries: readonly CheckpointEntry[], step: number): Promise<LoadedCheckpoint> {
  const entry = entries.find((candidate) => candidate.step === step)
  if (entry === undefined) {
    const there = entries.map((candidate) => candidate.step).join(', ')
    throw new UserError(`${run.folder} has no checkpoint of step ${step}`, there === '' ? 'it has none yet' : `it has ${there}`)
  }
  try {
    return { ...(await readWhole(entry.folder)), notes: [] }
  } catch (error) {
    throw new UserError(`the checkpoint ${entry.folder} is damaged: ${reason(error)}`, 'take another one', { cause: error })
  }
}

/**
 * Makes `weights.safetensors` the weights of the newest whole checkpoint again, in case a kill fell between the two.
 * Called when training takes up a run.
 */
export async function republishWeights(run: Run): Promise<void> {
  for (const { folder } of (await listCheckpoints(run)).toReversed()) {
    const at = files(folder)
    const saved = await readState(folder).catch(() => undefined)
    const found = await hashFile(at.weights).catch(() => undefined)
    if (saved === undefined || saved.sha256.weights !== found) continue
    const published = await hashFile(runPaths(run.folder).weights).catch(() => undefined)
    if (published !== found) await publishWeights(run, folder)
    return
  }
}
