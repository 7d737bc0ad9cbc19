import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { UserError } from '../src/errors.ts'
import { archcRoot } from '../src/root.ts'

/** Before the words that ask a fresh process of the bench for one measurement. */
export const childMark = '--measure'

/** Runs one measurement in a process of its own and reads the JSON that it prints. */
export function runChild<T>(...words: readonly string[]): T {
  const command = [path.join(archcRoot, 'bench', 'run.js'), childMark, ...words]
  const { status, stdout } = spawnSync(process.execPath, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  if (status !== 0) throw new UserError(`the measurement ${words.join(' ')} left with ${status}`)
  return JSON.parse(stdout) as T
}
