import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { writePng } from '../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../src/runtime/data/read-picture.ts'
import { painted, temporaryFolder } from '../runtime/network/small.ts'
import { archc, startArchc, type Started } from './run-archc.ts'

const folder = temporaryFolder()
const from = path.join(folder, 'from')
const count = 60

beforeAll(async () => {
  mkdirSync(from)
  for (let at = 0; at < count; at += 1) await writePng(painted(160, 160, at), path.join(from, `p${at}.png`))
})

const until = async (isThere: () => boolean, { child }: Started): Promise<void> => {
  while (!isThere() && child.exitCode === null) await wait(10)
}

/** As a shell shows it: Node cannot leave by itself where a terminal is gone. */
const status = ({ code, signal }: { code: number | null; signal: NodeJS.Signals | null }): number =>
  code ?? 128 + constants.signals[signal!]

describe.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const)('%s', (name) => {
  it('ends an enlargement of many with every picture whole or not there, and the same command goes on', async () => {
    const to = path.join(folder, name)
    const command = ['upscale', from, '-s', '4', '-o', to, '--run', 'models/bicubic.arch']
    const started = startArchc(command)
    await until(() => existsSync(to) && readdirSync(to).some((file) => file.endsWith('.png')), started)
    started.child.kill(name)
    const ended = await started.outcome
    expect(status(ended)).toBe(128 + constants.signals[name])
    expect(ended.stderr).toMatch(/stopping; the same command goes on with what is missing/)
    expect(ended.stderr).not.toMatch(/debugger/i)
    const done = readdirSync(to)
    expect(done.filter((file) => !file.endsWith('.png'))).toEqual([])
    expect(done.length).toBeLessThan(count)
    for (const file of done) expect((await readPicture(path.join(to, file))).picture.width).toBe(640)
  })

  it('ends an evaluation, of which nothing is written', async () => {
    const out = path.join(folder, `${name}-judged`)
    const started = startArchc([
      'evaluate',
      'models/bicubic.arch',
      '--data',
      from,
      '--scales',
      '2,3,4',
      '--no-frechet',
      '-o',
      out,
    ])
    await until(() => existsSync(out), started)
    started.child.kill(name)
    const ended = await started.outcome
    expect(status(ended)).toBe(128 + constants.signals[name])
    expect(ended.stderr).toMatch(/stopping; nothing is written/)
    expect(ended.stderr).not.toMatch(/debugger/i)
    expect(readdirSync(out)).toEqual([])
  })
})

describe.each(['SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const)('%s', (name) => {
  it('ends a command that has nothing of its own to save at once, and a set goes on where it was', async () => {
    const set = path.join(folder, `${name}-set`)
    const command = ['data', 'prepare', 'tma', from, '-o', set, '--tile', 'whole']
    const started = startArchc(command)
    await until(() => existsSync(`${set}.partial`), started)
    started.child.kill(name)
    const ended = await started.outcome
    expect(status(ended)).toBe(128 + constants.signals[name])
    expect(ended.stderr).not.toMatch(/debugger/i)
    expect(existsSync(set)).toBe(false)
    expect((await archc(command)).code).toBe(0)
  })
})

it('what was stopped is finished by the same command, without what is done', async () => {
  const to = path.join(folder, 'SIGTERM')
  const before = readdirSync(to).length
  const { code, stderr } = await archc(['upscale', from, '-s', '4', '-o', to, '--run', 'models/bicubic.arch'])
  expect(code).toBe(0)
  expect(readdirSync(to)).toHaveLength(count)
  expect(stderr.match(/is there already/g)).toHaveLength(before)
})
