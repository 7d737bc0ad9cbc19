import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { appendLine, readLines, removeLeftovers, writeAtomic, writeFolderAtomic } from '../../../src/runtime/files/atomic.ts'
import { hostTag } from '../../../src/runtime/files/owner.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'archc-atomic-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const inside = (...names: string[]) => path.join(folder, ...names)
const failure = (code: string) => Object.assign(new Error(code), { code })

/** The pid of a process that has just ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid!
}

describe('writeAtomic', () => {
  it('writes and replaces, and leaves nothing else behind', async () => {
    await writeAtomic(inside('a.txt'), 'one')
    await writeAtomic(inside('a.txt'), Uint8Array.of(0x74, 0x77, 0x6f))
    await writeAtomic(inside('b.txt'), async (handle) => {
      await handle.writeFile('thr')
      await handle.writeFile('ee')
    })
    expect(await readFile(inside('a.txt'), 'utf8')).toBe('two')
    expect(await readFile(inside('b.txt'), 'utf8')).toBe('three')
    expect(await readdir(folder)).toEqual(['a.txt', 'b.txt'])
  })

  it('keeps the old file and removes its temporary one when the disk fills up half way', async () => {
    await writeAtomic(inside('a.txt'), 'old')
    const full = writeAtomic(inside('a.txt'), async (handle) => {
      await handle.writeFile('half')
      throw failure('ENOSPC')
    })
    await expect(full).rejects.toThrow(UserError)
    await expect(full).rejects.toThrow(`cannot write ${inside('a.txt')}: the disk is full`)
    expect(await readFile(inside('a.txt'), 'utf8')).toBe('old')
    expect(await readdir(folder)).toEqual(['a.txt'])
  })

  it.each([
    ['EACCES', /permission was denied/, /give yourself the right/],
    ['EROFS', /file system is read-only/, /another folder/],
    ['EDQUOT', /quota is used up/, /free some space/],
  ])('%s becomes a message with a way out', async (code, message, help) => {
    const error: unknown = await writeAtomic(inside('a.txt'), () => Promise.reject(failure(code))).catch(
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(UserError)
    expect((error as UserError).message).toMatch(message)
    expect((error as UserError).help).toMatch(help)
  })

  it('makes missing folders, names a file in the way and a folder of that name', async () => {
    await writeFile(inside('plain'), '')
    await writeAtomic(inside('no', 'such', 'a.txt'), 'a')
    expect(await readdir(inside('no', 'such'))).toEqual(['a.txt'])
    for (const below of ['a.txt', 'b/a.txt'])
      await expect(writeAtomic(inside('plain', below), '')).rejects.toThrow('a part of the path is a file, not a folder')
    await expect(writeAtomic(folder, '')).rejects.toThrow('it is a folder')
  })

  it('passes a bug through as it is', async () => {
    await expect(writeAtomic(inside('a.txt'), () => Promise.reject(new TypeError('a bug')))).rejects.toThrow(TypeError)
    expect(await readdir(folder)).toEqual([])
  })

  it('follows a symbolic link, and does not replace a device', async () => {
    await writeFile(inside('real.txt'), 'old')
    await symlink(inside('real.txt'), inside('link.txt'))
    await writeAtomic(inside('link.txt'), 'new')
    expect(await readFile(inside('real.txt'), 'utf8')).toBe('new')
    await writeAtomic('/dev/null', 'gone')
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
  })

  it('takes a name as long as the file system allows', async () => {
    const long = inside('x'.repeat(255))
    await writeAtomic(long, 'x')
    expect(await readdir(folder)).toEqual(['x'.repeat(255)])
  })
})

describe('writeFolderAtomic', () => {
  const write = (name: string) => (temporary: string) => writeFile(path.join(temporary, name), name)

  it('makes the folder whole', async () => {
    await writeFolderAtomic(inside('c'), write('w'))
    expect(await readdir(inside('c'))).toEqual(['w'])
    expect(await readdir(folder)).toEqual(['c'])
    await writeFolderAtomic(inside('c', 'd', 'e'), write('w'))
    expect(await readdir(inside('c', 'd'))).toEqual(['e'])
  })

  it('leaves nothing when the writing fails, and the old one when it replaces', async () => {
    const fail = async (temporary: string) => {
      await write('half')(temporary)
      throw failure('ENOSPC')
    }
    await expect(writeFolderAtomic(inside('c'), fail)).rejects.toThrow(`cannot write ${inside('c')}: the disk is full`)
    expect(await readdir(folder)).toEqual([])
    await writeFolderAtomic(inside('c'), write('old'))
    await expect(writeFolderAtomic(inside('c'), fail, { replace: true })).rejects.toThrow(UserError)
    expect(await readdir(inside('c'))).toEqual(['old'])
    expect(await readdir(folder)).toEqual(['c'])
  })

  it('refuses what exists, takes an empty folder over, replaces when told to', async () => {
    await mkdir(inside('c'))
    await writeFolderAtomic(inside('c'), write('one'))
    await expect(writeFolderAtomic(inside('c'), write('two'))).rejects.toThrow('it exists already')
    await writeFolderAtomic(inside('c'), write('two'), { replace: true })
    expect(await readdir(inside('c'))).toEqual(['two'])
    expect(await readdir(folder)).toEqual(['c'])
  })

  it('refuses to pull the current folder from under the process', async () => {
    await expect(writeFolderAtomic('.', write('x'))).rejects.toThrow('it is the current folder')
  })
})

describe('what a kill leaves', () => {
  const leftover = (host: string, pid: number) => `.step-000100.${host}-${pid}-0123abcd.tmp`

  it('is removed when its process is dead, and stays when it lives or may live elsewhere', async () => {
    const dead = leftover(hostTag(), await deadPid())
    const alive = leftover(hostTag(), process.pid)
    const elsewhere = leftover('0a0a0a', 1)
    const longAgo = leftover('0b0b0b', 1)
    const reused = `.older${alive}`
    for (const name of [dead, alive, elsewhere, longAgo, reused]) {
      await mkdir(inside(name))
      await writeFile(inside(name, 'weights.safetensors'), 'half')
    }
    for (const name of [longAgo, reused]) await utimes(inside(name), 0, 0)
    await writeFile(inside('.mine.tmp'), 'not ours')
    await removeLeftovers(folder)
    expect((await readdir(folder)).sort()).toEqual(['.mine.tmp', alive, elsewhere].sort())
    await removeLeftovers(inside('absent'))
  })

  it('is removed by the next write into the folder', async () => {
    await mkdir(inside(leftover(hostTag(), await deadPid())))
    await writeAtomic(inside('a.txt'), 'x')
    expect(await readdir(folder)).toEqual(['a.txt'])
  })

  it('is never a half file under the name itself', async () => {
    // A process that is killed between writing and renaming.
    const module = path.resolve('src/runtime/files/atomic.ts')
    const script = inside('kill.ts')
    await writeFile(
      script,
      `import { writeAtomic } from ${JSON.stringify(module)}
       await writeAtomic(${JSON.stringify(inside('a.txt'))}, async (handle) => {
         await handle.writeFile('half')
         process.kill(process.pid, 'SIGKILL')
         await new Promise(() => setTimeout(() => {}, 60_000))
       })`,
    )
    await build(script, inside('kill.mjs'))
    await writeFile(inside('a.txt'), 'old')
    const child = spawn(process.execPath, [inside('kill.mjs')])
    const [, signal] = (await once(child, 'exit')) as [number | null, string]
    expect(signal).toBe('SIGKILL')
    expect(await readFile(inside('a.txt'), 'utf8')).toBe('old')
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toHaveLength(1)
    await removeLeftovers(folder)
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toHaveLength(0)
  })
})

async function build(from: string, to: string): Promise<void> {
  const esbuild = await import('esbuild')
  await esbuild.build({ entryPoints: [from], outfile: to, bundle: true, format: 'esm', platform: 'node', logLevel: 'silent' })
}

describe('JSON lines', () => {
  it('come back in order; an absent file has none', async () => {
    expect(await readLines(inside('log'))).toEqual([])
    await appendLine(inside('log'), { step: 1, loss: 0.5 })
    await appendLine(inside('log'), { step: 2, text: 'a\nb ü' })
    expect(await readLines(inside('log'))).toEqual([
      { step: 1, loss: 0.5 },
      { step: 2, text: 'a\nb ü' },
    ])
  })

  it('a torn last line is dropped wherever it was torn, and writing goes on after it', async () => {
    const whole = '{"step":1}\n{"step":2,"text":"ü"}\n'
    const bytes = Buffer.from(whole)
    const secondEnds = bytes.length - 1
    for (let cut = 1; cut <= bytes.length; cut++) {
      await writeFile(inside('log'), bytes.subarray(0, cut))
      const first = cut >= 10 ? [{ step: 1 }] : []
      const second = cut >= secondEnds ? [{ step: 2, text: 'ü' }] : []
      expect(await readLines(inside('log'))).toEqual([...first, ...second])
      await appendLine(inside('log'), { step: 3 })
      expect(await readLines(inside('log'))).toEqual([...first, ...second, { step: 3 }])
    }
  })

  it('errors name the file', async () => {
    await expect(appendLine(inside('no', 'log'), {})).rejects.toThrow(`cannot write ${inside('no', 'log')}`)
    await expect(readLines(folder)).rejects.toThrow(`cannot read ${folder}: it is a folder`)
  })
})
