import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { acquireLock, lockHolder } from '../../../src/runtime/files/lock.ts'
import { currentOwner, type Owner } from '../../../src/runtime/files/owner.ts'

const links = vi.hoisted(() => ({ fail: false }))
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>()
  const refused = () => Promise.reject(Object.assign(new Error('no hard links here'), { code: 'EPERM' }))
  return { ...real, link: (from: string, to: string) => (links.fail ? refused() : real.link(from, to)) }
})

let folder: string
let file: string
const children: ChildProcess[] = []

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'archc-lock-'))
  file = path.join(folder, 'a.lock')
})
afterEach(async () => {
  links.fail = false
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true })
})

/** A living process of this machine. */
async function bystander(): Promise<ChildProcess & { pid: number }> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setTimeout(() => {}, 60000)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(child)
  await once(child.stdout, 'data')
  return child as ChildProcess & { pid: number }
}

/** Writes a lock that was touched so many seconds ago. */
async function lockOf(owner: object, seconds = 0): Promise<void> {
  await writeFile(file, JSON.stringify(owner))
  await utimes(file, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds)
}

const refuse = ({ pid }: Owner): Error => new Error(`held by ${pid}`)
const elsewhere = { pid: 1, host: 'elsewhere' }

/** Whether this machine lets a user make a container of his own. */
const canUnshare = (): boolean => spawnSync('unshare', ['-rpf', '--mount-proc', 'true']).status === 0

describe.each([false, true])('a lock (file system without hard links: %j)', (without) => {
  beforeEach(() => void (links.fail = without))

  it('says who holds it, and leaves nothing when it is given back', async () => {
    const lock = await acquireLock(file, { refuse })
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(currentOwner())
    expect(lockHolder(file, false)).toEqual(currentOwner())
    expect(await readdir(folder)).toEqual(['a.lock'])
    lock.release()
    expect(lockHolder(file, false)).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
  })

  it('is one process’s at a time, also where a dead one’s is taken over', async () => {
    await lockOf({ ...currentOwner(), pid: 2 ** 22 + 1 })
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(file, { refuse })))
    expect(attempts.filter((attempt) => attempt.status === 'fulfilled')).toHaveLength(1)
    expect(await readdir(folder)).toEqual(['a.lock'])
  })

  it('goes from one waiter to the next', async () => {
    const first = await acquireLock(file, { refuse })
    const told = vi.fn()
    let isTaken = false
    const second = acquireLock(file, { wait: told }).finally(() => (isTaken = true))
    await vi.waitFor(() => expect(told).toHaveBeenCalledWith(currentOwner()))
    expect(isTaken).toBe(false)
    first.release()
    const lock = await second
    expect(told).toHaveBeenCalledOnce()
    first.release() // once more: the second's stays
    expect(lockHolder(file, true)).toEqual(currentOwner())
    lock.release()
  })
})

it('a waiter takes over what a killed process held', async () => {
  const child = await bystander()
  await lockOf({ pid: child.pid, host: os.hostname() })
  const told = vi.fn()
  const waiting = acquireLock(file, { wait: told })
  await vi.waitFor(() => expect(told).toHaveBeenCalledWith({ pid: child.pid, host: os.hostname(), started: '', pids: '' }))
  child.kill('SIGKILL')
  await once(child, 'exit')
  ;(await waiting).release()
  expect(await readdir(folder)).toEqual([])
})

it('a waiter can be called off', async () => {
  const first = await acquireLock(file, { refuse })
  const controller = new AbortController()
  const waiting = acquireLock(file, { wait: () => controller.abort(), signal: controller.signal })
  await expect(waiting).rejects.toThrow(/abort/)
  expect(lockHolder(file, true)).toEqual(currentOwner())
  first.release()
})

it('of another machine is dead when its heart has stopped, if it has one', async () => {
  await lockOf(elsewhere, 30)
  expect(lockHolder(file, true)).toMatchObject(elsewhere)
  await lockOf(elsewhere, 90)
  expect(lockHolder(file, true)).toBeUndefined()
  expect(lockHolder(file, false)).toMatchObject(elsewhere)
  await expect(acquireLock(file, { refuse })).rejects.toThrow('held by 1')
  const lock = await acquireLock(file, { wait: () => expect.fail('nobody to wait for') })
  lock.release()
})

it('where nobody waits is dead after minutes, and that is said', async () => {
  await lockOf(elsewhere, 290)
  await expect(acquireLock(file, { refuse: (_, age) => new Error(`${Math.round(age / 1000)} s`) })).rejects.toThrow('290 s')
  await lockOf(elsewhere, 310)
  expect(lockHolder(file, false)).toBeUndefined()
  const tookOver = vi.fn()
  const lock = await acquireLock(file, { refuse, tookOver })
  expect(tookOver).toHaveBeenCalledExactlyOnceWith(expect.objectContaining(elsewhere), expect.any(Number))
  lock.release()
})

describe.runIf(process.platform === 'linux')('a host name that several have', () => {
  const { pids } = currentOwner()
  const [boot, space] = pids.split(' ')
  it.each([
    ['another container on this machine', `${boot} pid:[1]`],
    ['another machine', `11111111-2222-3333-4444-555555555555 ${space}`],
  ])('%s: its pid means nothing here, and its heart decides', async (_what, others) => {
    const owner = { pid: 2 ** 22 + 1, host: os.hostname(), started: '1', pids: others }
    await lockOf(owner, 100)
    expect(lockHolder(file, false)).toMatchObject(owner)
    await lockOf(owner, 310)
    expect(lockHolder(file, false)).toBeUndefined()
    // Nor does a living process of that number keep it.
    await lockOf({ ...owner, pid: process.pid }, 310)
    expect(lockHolder(file, false)).toBeUndefined()
  })

  it('the same kernel under another name is this machine', async () => {
    await lockOf({ pid: 2 ** 22 + 1, host: 'renamed', started: '1', pids })
    expect(lockHolder(file, false)).toBeUndefined()
    await lockOf({ ...currentOwner(), host: 'renamed' }, 3600)
    expect(lockHolder(file, false)).toMatchObject({ pid: process.pid })
  })

  it.runIf(canUnshare())('a real one: the lock of a living process there is not taken', async () => {
    const script = `setInterval(() => (require('fs').existsSync('${file}.end') || !require('fs').existsSync('${path.dirname(file)}')) && process.exit(), 50)
      require('fs').writeFileSync('${file}', JSON.stringify({ pid: process.pid, host: require('os').hostname(), started: '42',
        pids: require('fs').readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() + ' ' + require('fs').readlinkSync('/proc/self/ns/pid') }))`
    children.push(spawn('unshare', ['-rpf', '--mount-proc', process.execPath, '-e', script], { stdio: 'ignore' }))
    await vi.waitFor(() => expect(existsSync(file)).toBe(true), { timeout: 10_000 })
    await vi.waitFor(async () => expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ host: os.hostname() }))
    await expect(acquireLock(file, { refuse })).rejects.toThrow(/held by/)
    await writeFile(`${file}.end`, '')
  })
})

it('tells its holder who took it over, and is put back where it was only removed', async () => {
  const lock = await acquireLock(file, { refuse })
  expect(lock.taker()).toBeUndefined()
  await rm(file)
  expect(lock.taker()).toBeUndefined()
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(currentOwner())
  await lockOf(elsewhere)
  expect(lock.taker()).toMatchObject(elsewhere)
  lock.release()
  expect(await readFile(file, 'utf8')).toContain('elsewhere')
})

it('of this machine is its process’s by pid and start time; by heartbeat only where there is no start time', async () => {
  const { pid } = await bystander()
  const old = { pid, host: os.hostname() }
  await lockOf(old, 30)
  expect(lockHolder(file, true)).toMatchObject(old)
  await lockOf(old, 90)
  expect(lockHolder(file, true)).toBeUndefined()
  expect(lockHolder(file, false)).toMatchObject(old)
})

it.runIf(process.platform === 'linux')('a process that was asleep for long still holds its lock', async () => {
  await lockOf(currentOwner(), 3600)
  expect(lockHolder(file, true)).toEqual(currentOwner())
  await lockOf({ ...currentOwner(), started: '1' })
  expect(lockHolder(file, true)).toBeUndefined()
})

describe('its heart', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }))
  afterEach(() => void vi.useRealTimers())
  const age = async (): Promise<number> => Date.now() - (await stat(file)).mtimeMs

  it('beats while it is held, for those who wait', async () => {
    const lock = await acquireLock(file, { wait: () => undefined })
    await utimes(file, 0, 0)
    vi.advanceTimersByTime(6000)
    expect(await age()).toBeLessThan(60_000)
    lock.release()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('does not beat for whoever took it over', async () => {
    const lock = await acquireLock(file, { wait: () => undefined })
    await lockOf(elsewhere, 90)
    vi.advanceTimersByTime(6000)
    expect(await age()).toBeGreaterThan(80_000)
    lock.release()
    expect(await readFile(file, 'utf8')).toContain('elsewhere')
  })

  it('beats where nobody waits too: others may look for it', async () => {
    const lock = await acquireLock(file, { refuse })
    await utimes(file, 0, 0)
    vi.advanceTimersByTime(6000)
    expect(await age()).toBeLessThan(60_000)
    lock.release()
    expect(vi.getTimerCount()).toBe(0)
  })
})

it('whose folder is not there is an error of the system', async () => {
  await expect(acquireLock(path.join(folder, 'no', 'a.lock'), { refuse })).rejects.toMatchObject({ code: 'ENOENT' })
})

it('that cannot be read is nobody’s to take', async () => {
  await expect(acquireLock(folder, { refuse })).rejects.toThrow(`cannot read ${folder}: it is a folder`)
})
