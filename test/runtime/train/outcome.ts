import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { listCheckpoints, openRun, readLog, runPaths } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors } from '../../../src/runtime/files/safetensors.ts'
import type { Started } from '../../cli/run-archc.ts'

/** Everything of a run that must not depend on how often it was stopped. */
export async function outcome(run: string) {
  const numbers = async (file: string) =>
    [...(await readSafetensors(file)).tensors].map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64'),
    ])
  const opened = await openRun(run)
  const last = (await listCheckpoints(opened)).at(-1)!
  return {
    step: last.step,
    loss: last.loss,
    weights: await numbers(runPaths(run).weights),
    optimizer: await numbers(path.join(last.folder, 'optimizer.safetensors')),
    state: (JSON.parse(readFileSync(path.join(last.folder, 'state.json'), 'utf8')) as { state: unknown }).state,
    log: (await readLog(opened)).map(({ step, loss, rate, epoch }) => ({ step, loss, rate, epoch })),
  }
}

/** Lines of the log that are whole. */
export const logged = (run: string): number =>
  existsSync(runPaths(run).log) ? readFileSync(runPaths(run).log, 'utf8').split('\n').length - 1 : 0

/** Waits until the log of a running training has `count` lines. */
export async function reached(run: string, count: number, { child, outcome: ended }: Started): Promise<void> {
  while (logged(run) < count) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`training ended before step ${count}: ${(await ended).stderr}`)
    await wait(4)
  }
}
