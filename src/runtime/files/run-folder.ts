import { createHash } from 'node:crypto'
import { mkdir, open, stat } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { appendLine, readLines, writeAtomic, writeFolderAtomic } from './atomic.ts'
import { errorCode, fileError } from './file-error.ts'
import { writeSafetensors, type Tensor } from './safetensors.ts'
import { type Run, runPaths, type RunRecord } from './run-layout.ts'

export { byLoss, type Checkpoint, listCheckpoints, loadCheckpoint, saveCheckpoint, weightsOf } from './checkpoints.ts'
export { type Run, runPaths, type RunRecord } from './run-layout.ts'
export { lockRun, requireOwn, runHolder } from './run-lock.ts'

const format = 1
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/**
 * Makes the folder of a new run (parents too): `run.json`, `model.arch.txt`, empty `checkpoints/` and `evaluation/`, and the weights of
 * frozen slots where there are some; whole or not at all.
 * @throws UserError when the folder is a run already or holds other things, or cannot be written.
 */
export async function createRun(
  folder: string,
  record: RunRecord,
  text: string,
  frozen: ReadonlyMap<string, Tensor> = new Map(),
): Promise<Run> {
  const stateThere = await stat(runPaths(folder).record).catch(() => undefined)
  if (stateThere !== undefined) {
    throw new UserError(`${folder} is a run already`, 'go on with it by --resume, or name another folder with --out')
  }
  const created = new Date().toISOString()
  const textHash = sha256(text)
  await writeFolderAtomic(folder, async (temporary) => {
    const paths = runPaths(temporary)
    await mkdir(paths.checkpoints)
    await mkdir(paths.evaluation)
    await writeAtomic(paths.text, text)
    if (frozen.size > 0) await writeSafetensors(paths.frozen, frozen, {})
    await writeAtomic(paths.record, recordText({ format, created, textHash, ...record }))
  })
  return { folder, record, text, textHash, created }
}

/** Writes `run.json` anew. @throws UserError when it cannot be written. */
export async function changeRecord(run: Run, record: RunRecord): Promise<void> {
  const { folder, created, textHash } = run
  await writeAtomic(runPaths(folder).record, recordText({ format, created, textHash, ...record }))
  run.record = record
}

const recordText = (record: RecordFile): string => `${JSON.stringify(record, undefined, 2)}\n`

async function readText(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, 'r')
    return await handle.readFile('utf8').finally(() => handle.close())
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined
    throw fileError(error, 'read', file)
  }
}

type RecordFile = RunRecord & { readonly format: number; readonly created: string; readonly textHash: string }

const recordFields: Readonly<Record<keyof RecordFile, (value: unknown) => boolean>> = {
  format: Number.isInteger,
  created: (value) => typeof value === 'string',
  textHash: (value) => typeof value === 'string',
  model: (value) => typeof value === 'string',
  file: (value) => typeof value === 'string',
  variants: Array.isArray,
  preset: (value) => value === null || typeof value === 'string',
  options: (value) => typeof value === 'object' && value !== null,
  values: Array.isArray,
  seed: Number.isSafeInteger,
  training: (value) => value === undefined || (typeof value === 'object' && value !== null),
  versions: (value) => typeof value === 'object' && value !== null,
  engine: (value) => typeof value === 'object' && value !== null,
  data: Array.isArray,
  read: (value) => value === undefined || (typeof value === 'object' && value !== null),
}

function parseRecord(file: string, json: string): RecordFile {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UserError(`${file} is not JSON: ${reason}`, 'restore it from a copy')
  }
  const fields = Object.entries(typeof value === 'object' && value !== null ? value : {})
  const given = new Map<string, unknown>(fields)
  const bad = Object.entries(recordFields).filter(([name, check]) => !check(given.get(name)))
  if (bad.length > 0) {
    const names = bad.map(([name]) => name).join(', ')
    throw new UserError(`${file} is not the record of a run: missing or wrong: ${names}`, 'restore it from a copy')
  }
  const record = value as RecordFile // checked field by field above
  if (record.format !== format) {
    throw new UserError(`${file} has format ${record.format}; this archc reads format ${format}`, 'use the archc that wrote it')
  }
  return record
}

/**
 * Opens a run for resuming, evaluating or enlarging. Its checkpoints are looked at only when one is loaded.
 * @throws UserError when it is no run (what is missing), its record is damaged, or its text was changed since.
 */
export async function openRun(folder: string): Promise<Run> {
  const paths = runPaths(folder)
  const [json, text] = await Promise.all([readText(paths.record), readText(paths.text)])
  if (json === undefined || text === undefined) {
    const missing = [...(json === undefined ? ['run.json'] : []), ...(text === undefined ? ['model.arch.txt'] : [])]
    const there = (await stat(folder).catch(() => undefined)) !== undefined
    const what = there ? `it has no ${missing.join(' and no ')}` : 'it does not exist'
    throw new UserError(`${folder} is no run: ${what}`, 'name the folder that archc train --out made')
  }
  const { format: _format, created, textHash, ...record } = parseRecord(paths.record, json)
  if (sha256(text) !== textHash) {
    throw new UserError(
      `${paths.text} was changed after the run began, so its weights may not fit it`,
      'restore the file, or train the changed model into another folder',
    )
  }
  return { folder, record, text, textHash, created }
}

/** A line of `log.jsonl`: the training step, and whatever was measured there. */
export interface LogLine {
  readonly step: number
  readonly [name: string]: unknown
}

/** Appends to `log.jsonl`. @throws UserError when it cannot be written. */
export async function appendLog(run: Run, line: LogLine): Promise<void> {
  await appendLine(runPaths(run.folder).log, line)
}

const isLogLine = (line: unknown): line is LogLine =>
  typeof line === 'object' && line !== null && 'step' in line && typeof line.step === 'number'

/** The lines of `log.jsonl` in order, torn ones dropped. @throws UserError when it cannot be read. */
export async function readLog(run: Run): Promise<LogLine[]> {
  return (await readLines(runPaths(run.folder).log)).filter(isLogLine)
}

/**
 * Forgets what the log says after `step`: a run killed between checkpoints does those steps again, and each stands there once.
 * @throws UserError when it cannot be written.
 */
export async function rewindLog(run: Run, step: number): Promise<void> {
  const lines = await readLog(run)
  const kept = lines.filter((line) => line.step <= step)
  if (kept.length === lines.length) return
  await writeAtomic(runPaths(run.folder).log, kept.map((line) => `${JSON.stringify(line)}\n`).join(''))
}
