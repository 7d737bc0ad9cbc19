import { UserError } from '../../errors.ts'
import { removeLeftovers } from './atomic.ts'
import { republishWeights } from './checkpoints.ts'
import { fileError } from './file-error.ts'
import { acquireLock, type Lock, lockHolder } from './lock.ts'
import { type Owner, ownerState } from './owner.ts'
import { type Run, runPaths } from './run-layout.ts'

const whoIs = ({ pid, host }: Owner): string => `process ${pid} on ${host}`

const ago = (age: number): string =>
  age < 120_000 ? `${Math.max(0, Math.round(age / 1000))} s` : `${Math.round(age / 60_000)} minutes`

function refusal(run: Run, file: string, owner: Owner, age: number): UserError {
  const who = whoIs(owner)
  return ownerState(owner) === 'unknown'
    ? new UserError(
        `${run.folder} is being trained by ${who}, another machine or container, which gave a sign ${ago(age)} ago`,
        `wait for it, or train into another folder; where it gives no sign for 5 minutes it is taken to be gone, and the run may be resumed; if you know that it is gone, remove ${file}`,
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
 * Takes the right to train `run`; one process has it at a time. The lock of a process that died is taken over, that of one that cannot be seen
 * from here where it gave no sign for minutes, which is said. Then what kills left behind is put right: temporary files go, `weights.safetensors` becomes the newest whole weights.
 * @throws UserError naming the process that trains it; or that the folder cannot be written.
 */
export async function lockRun(run: Run, say: (line: string) => void = () => undefined): Promise<Lock> {
  const { lock: file, checkpoints } = runPaths(run.folder)
  const lock = await acquireLock(file, {
    refuse: (owner, age) => refusal(run, file, owner, age),
    tookOver: (owner, age) =>
      say(
        `taken over from ${whoIs(owner)}, which cannot be seen from here and gave no sign for ${ago(age)}; if it lives, it stops before it saves again`,
      ),
  }).catch((error: unknown) => {
    throw fileError(error, 'write', file)
  })
  await removeLeftovers(run.folder)
  await removeLeftovers(checkpoints)
  await republishWeights(run)
  return lock
}

/**
 * Stops a training whose run another process has by now.
 * @param saved the last step that it saved.
 * @throws UserError naming that process.
 */
export function requireOwn(run: Run, lock: Lock, saved: number): void {
  const taker = lock.taker()
  if (taker)
    throw new UserError(
      `${run.folder} was taken over by ${whoIs(taker)}: this training gave no sign for minutes (the machine slept, or its disk was away), so it was taken to be gone; it stops here, and what it did after step ${saved} is not saved`,
      'that process goes on with the run; start no other',
    )
}
