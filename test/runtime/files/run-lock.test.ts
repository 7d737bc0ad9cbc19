import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { currentOwner, hostTag } from '../../../src/runtime/files/owner.ts'
import { createRun, lockRun, requireOwn, type Run, runPaths, saveCheckpoint } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors } from '../../../src/runtime/files/safetensors.ts'

let home: string
let run: Run
let file: string
const children: ChildProcess[] = []

beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'archc-lock-'))
  const empty = { variants: [], preset: null, options: {}, values: [], seed: 1, versions: {}, engine: {}, data: [] }
  run = await createRun(path.join(home, 'run'), { model: 'M', file: 'm.arch', ...empty }, 'model M() {}')
  file = runPaths(run.folder).lock
})
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(home, { recursive: true, force: true })
})

async function bystander(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setTimeout(() => {}, 60000)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  await once(child.stdout!, 'data')
  return child
}

const owned = (owner: object) => writeFile(file, `${JSON.stringify({ ...currentOwner(), ...owner })}\n`)

it('a second training of the same run is refused by name, until the first gives it back', async () => {
  const first = await lockRun(run)
  const refused = lockRun(run)
  await expect(refused).rejects.toThrow(UserError)
  await expect(refused).rejects.toThrow(`${run.folder} is being trained by process ${process.pid} on ${os.hostname()}`)
  first.release()
  first.release()
  const second = await lockRun(run)
  second.release()
  expect(await readdir(run.folder)).not.toContain(path.basename(file))
})

it('the lock of another living process holds, and is taken over once that process was killed', async () => {
  const child = await bystander()
  await owned({ pid: child.pid, started: '' })
  await expect(lockRun(run)).rejects.toThrow(`process ${child.pid}`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  const lock = await lockRun(run)
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(currentOwner())
  lock.release()
})

it.runIf(process.platform === 'linux')('a process that only has the same number is not the owner', async () => {
  const child = await bystander()
  await owned({ pid: child.pid, started: '1' })
  const lock = await lockRun(run)
  lock.release()
})

it('a lock from another machine is respected: nobody here can tell whether that process lives', async () => {
  await owned({ pid: 1, host: 'elsewhere', pids: '' })
  const error: unknown = await lockRun(run).catch((reason: unknown) => reason)
  expect((error as UserError).message).toMatch(
    /process 1 on elsewhere, another machine or container, which gave a sign \d+ s ago$/,
  )
  expect((error as UserError).help).toContain(`remove ${file}`)
})

it('of a machine that is gone it is taken over after minutes, which is said; if that training lives after all, it hears the truth', async () => {
  const first = await lockRun(run)
  await writeFile(file, '{"pid":1,"host":"3f2a9c1b7e55","started":"42"}')
  const long = Date.now() / 1000 - 400
  await utimes(file, long, long)
  const lines: string[] = []
  const second = await lockRun(run, (line) => lines.push(line))
  expect(lines).toEqual([
    expect.stringMatching(
      /^taken over from process 1 on 3f2a9c1b7e55, which cannot be seen from here and gave no sign for 7 minutes/,
    ),
  ])
  requireOwn(run, second, 0)
  await owned({ pid: 1, host: 'elsewhere', pids: '' })
  expect(() => requireOwn(run, first, 12)).toThrow(
    /was taken over by process 1 on elsewhere: .*what it did after step 12 is not saved/,
  )
  first.release()
  second.release()
})

it.each(['', '{"pid":', '[]'])('a damaged lock (%j) belongs to nobody', async (content) => {
  await writeFile(file, content)
  const lock = await lockRun(run)
  lock.release()
})

it("releasing leaves alone a lock that is not one's own any more", async () => {
  const lock = await lockRun(run)
  await owned({ pid: 1, host: 'elsewhere', pids: '' })
  lock.release()
  expect(await readFile(file, 'utf8')).toContain('elsewhere')
})

it('of several at once, one gets a stale lock', async () => {
  await owned({ pid: 2 ** 22 + 1 })
  const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lockRun(run)))
  const won = attempts.filter((attempt) => attempt.status === 'fulfilled')
  expect(won).toHaveLength(1)
  won[0]!.value.release()
})

it('taking it puts right what a kill left: temporary folders go, the newest weights are at the top', async () => {
  const tensor = (value: number) => new Map([['w', { shape: [1], dtype: 'F32', data: Float32Array.of(value) } as const]])
  const save = (step: number) =>
    saveCheckpoint(run, { step, loss: 1 / step, weights: tensor(step), optimizer: tensor(0), state: {} })
  const { weights, checkpoints } = runPaths(run.folder)
  await save(1)
  await copyFile(weights, path.join(home, 'older'))
  await save(2)
  await rm(weights)
  await copyFile(path.join(home, 'older'), weights)
  await mkdir(path.join(checkpoints, `.step-000003.${hostTag()}-${2 ** 22 + 1}-00000000.tmp`))
  const lock = await lockRun(run)
  expect((await readSafetensors(weights)).tensors).toEqual(tensor(2))
  expect(await readdir(checkpoints)).toEqual(['step-000001', 'step-000002'])
  lock.release()
})
