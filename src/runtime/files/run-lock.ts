import { readFileSync, rmSync } from 'node:fs'
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { removeLeftovers, temporaryBeside } from './atomic.ts'
import { republishWeights } from './checkpoints.ts'
import { errorCode, fileError } from './file-error.ts'
import { currentOwner, type Owner, ownerState } from './owner.ts'
import { type Run, runPaths } from './run-layout.ts'

/** The right to train a run. */
export interface RunLock {
  /** Gives it back; also done when the process exits. Doing it twice is fine. */
  release(): void
}

function parseOwner(text: string): Owner | undefined {
  try {
    const { pid, host, started } = JSON.parse(text) as Partial<Owner>
    return typeof pid === 'number' && typeof host === 'string' && typeof started === 'string' ? { pid, host, started } : undefined
  } catch {
    return undefined
  }
}

/** Makes the lock with its whole content in one step; false when it exists. */
async function tryCreate(file: string, content: string): Promise<boolean> {
  const temporary = temporaryBeside(file)
  try {
    await writeFile(temporary, content, { flag: 'wx' })
    await link(temporary, file).catch((error: unknown) => {
      if (errorCode(error) === 'EEXIST') throw error
      // A file system without hard links.
      return writeFile(file, content, { flag: 'wx' })
    })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw fileError(error, 'write', file)
  } finally {
    await rm(temporary, { force: true })
  }
}

/**
 * Removes a lock whose content is still `stale`. It is moved aside first: had another process taken the lock over in
 * between, what was moved is its lock, and goes back.
 */
async function removeStale(file: string, stale: string): Promise<void> {
  const aside = temporaryBeside(file)
  try {
    await rename(file, aside)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw fileError(error, 'write', file)
  }
  if ((await readFile(aside, 'utf8').catch(() => stale)) !== stale) await link(aside, file).catch(() => undefined)
  await rm(aside, { force: true })
}

function refusal(run: Run, file: string, owner: Owner): UserError {
  const who = `process ${owner.pid} on ${owner.host}`
  return ownerState(owner) === 'unknown'
    ? new UserError(
        `${run.folder} is being trained by ${who}, another machine`,
        `wait for it, or train into another folder; if that process is gone, remove ${file}`,
      )
    : new UserError(
        `${run.folder} is being trained by ${who}`,
        `wait for it, stop it (kill ${owner.pid}), or train into another folder`,
      )
}

/**
 * Takes the right to train `run`; one process has it at a time. The lock of a process that died is taken over. Then what kills
 * left behind is put right: temporary files go, `weights.safetensors` becomes the newest whole weights.
 * @throws UserError naming the process that trains it; or that the folder cannot be written.
 */
export async function lockRun(run: Run): Promise<RunLock> {
  const { lock: file, checkpoints } = runPaths(run.folder)
  const content = `${JSON.stringify(currentOwner())}\n`
  for (;;) {
    if (await tryCreate(file, content)) break
    const found = await readFile(file, 'utf8').catch(() => undefined)
    if (found === undefined) continue // released this moment
    const owner = parseOwner(found)
    if (owner !== undefined && ownerState(owner) !== 'dead') throw refusal(run, file, owner)
    await removeStale(file, found)
  }
  const release = (): void => {
    process.off('exit', release)
    releaseSync(file, content)
  }
  process.on('exit', release)
  await removeLeftovers(run.folder)
  await removeLeftovers(checkpoints)
  await republishWeights(run)
  return { release }
}

/** Removes the lock if it is this process's: whoever took it over in the meantime keeps it. */
function releaseSync(file: string, content: string): void {
  try {
    if (readFileSync(file, 'utf8') === content) rmSync(file)
  } catch {
    // Gone already, with its folder perhaps.
  }
}
