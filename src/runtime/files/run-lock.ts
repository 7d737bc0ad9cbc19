import { UserError } from '../../errors.ts'
import { removeLeftovers } from './atomic.ts'
import { republishWeights } from './checkpoints.ts'
import { fileError } from './file-error.ts'
import { acquireLock, type Lock, lockHolder } from './lock.ts'
import { type Owner, ownerState } from './owner.ts'
import { type Run, runPaths } from './run-layout.ts'

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
 * Who trains the run in `folder`; undefined where nobody does.
 * @throws UserError where its lock cannot be read.
 */
export const runHolder = (folder: string): Owner | undefined => lockHolder(runPaths(folder).lock, false)

/**
 * Takes the right to train `run`; one process has it at a time. The lock of a process that died is taken over, that of another machine
 * never. Then what kills left behind is put right: temporary files go, `weights.safetensors` becomes the newest whole weights.
 * @throws UserError naming the process that trains it; or that the folder cannot be written.
 */
export async function lockRun(run: Run): Promise<Lock> {
  const { lock: file, checkpoints } = runPaths(run.folder)
  const lock = await acquireLock(file, { refuse: (owner) => refusal(run, file, owner) }).catch((error: unknown) => {
    throw fileError(error, 'write', file)
  })
  await removeLeftovers(run.folder)
  await removeLeftovers(checkpoints)
  await republishWeights(run)
  return lock
}
