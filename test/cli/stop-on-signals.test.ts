import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../runtime/network/small.ts'
import { startArchc, type Started } from './run-archc.ts'

const folder = temporaryFolder()

/** Steps that the log of a run has. */
const logged = (run: string): number =>
  existsSync(path.join(run, 'log.jsonl')) ? readFileSync(path.join(run, 'log.jsonl'), 'utf8').split('\n').length - 1 : 0

const training = ['train', 'templates/init/network.arch', '--preset', 'tiny', '--data', 'samples/train.csv', '--steps', '100000', '--checkpoint-every', '50000'] // prettier-ignore

it.each<[string, readonly string[], (started: Started) => void, object]>([
  ['a training at Ctrl-C, which npm passes on once more', training, ({ child }) => (child.kill('SIGINT'), child.kill('SIGINT')), { code: 130 }],
  ['a training that is asked twice', training, ({ child }) => (child.kill('SIGTERM'), child.kill('SIGTERM')), { code: 143 }],
  ['a training whose terminal is gone', training, ({ child }) => (child.stderr!.destroy(), child.kill('SIGHUP')), { signal: 'SIGHUP' }],
  ['a training whose messages nobody reads any more', training, ({ child }) => (child.stderr!.destroy(), child.kill('SIGTERM')), { code: 143 }],
  ['the demo', ['demo'], ({ child }) => child.kill('SIGTERM'), { code: 143 }],
])('%s saves its last step', async (what, args, ask, left) => {
  const run = path.join(folder, what)
  const started = startArchc([...args, '--out', run])
  while (logged(run) < 2) {
    if (started.child.exitCode !== null) throw new Error((await started.outcome).stderr)
    await wait(4)
  }
  ask(started)
  expect(await started.outcome).toMatchObject(left)
  expect(readdirSync(path.join(run, 'checkpoints'))).toEqual([`step-${String(logged(run)).padStart(6, '0')}`])
}) // prettier-ignore
