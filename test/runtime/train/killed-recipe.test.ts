import { rm } from 'node:fs/promises'
import path from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { listCheckpoints, openRun } from '../../../src/runtime/files/run-folder.ts'
import { archc, startArchc } from '../../cli/run-archc.ts'
import { quietEngine, temporaryFolder } from '../network/small.ts'
import { logged, outcome, reached } from './outcome.ts'

const folder = temporaryFolder()
const every = 4
const sets = [
  'blocks=1', 'train.B=1', 'train.h=8', 'train.w=8',
  'train.optimizer=adamw(lr: 1e-3, weight_decay: 0.1)', 'train.warmup=6', 'train.clip=norm(0.1)', 'train.ema=0.9', 'train.accumulate=3',
] // prettier-ignore
const command = (out: string, ...more: string[]): string[] => [
  'train', 'models/edsr.arch', '--preset', 'tiny', ...sets.flatMap((set) => ['--set', set]), '--data', 'samples/train.csv', '--out', out, '--seed', '1', '--checkpoint-every', String(every), ...more,
] // prettier-ignore
const begin = (out: string): string[] => command(out, '--steps', '40', '--val', '0.3')

beforeAll(quietEngine)

it.each([2, every + 2, 3 * every + 1])(
  'adamw with warm-up, clipping, a mean and gathered gradients, killed after step %i, ends as if it had not been',
  async (step) => {
    const whole = path.join(folder, 'whole')
    if (logged(whole) === 0) expect((await archc(begin(whole))).code).toBe(0)
    const run = path.join(folder, `killed-${step}`)
    let isKilled = false
    for (let attempt = 0; attempt < 4 && !isKilled; attempt += 1) {
      await rm(run, { recursive: true, force: true })
      const started = startArchc(begin(run))
      await reached(run, step, started)
      started.child.kill('SIGKILL')
      isKilled = (await started.outcome).signal === 'SIGKILL'
    }
    expect(isKilled).toBe(true)
    expect((await listCheckpoints(await openRun(run))).every((each) => each.step % every === 0)).toBe(true)
    const { code, stderr } = await archc(command(run, '--resume'))
    expect(code, stderr).toBe(0)
    expect(await outcome(run)).toEqual(await outcome(whole))
  },
)
