import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { requireRoom, temporaryFolder } from '../../../src/runtime/files/temporary-folder.ts'

it('is a fresh one that only this user may enter, and goes with what it holds', () => {
  const [one, other] = [temporaryFolder('test'), temporaryFolder('test')]
  expect(one.folder).not.toBe(other.folder)
  expect(path.dirname(one.folder)).toBe(os.tmpdir())
  expect(path.basename(one.folder)).toMatch(/^archc-test-/)
  expect(statSync(one.folder).mode & 0o77).toBe(0)
  writeFileSync(path.join(one.folder, 'a'), '')
  one.remove()
  one.remove()
  expect(existsSync(one.folder)).toBe(false)
  expect(readdirSync(other.folder)).toEqual([])
  other.remove()
})

it('goes when the process exits', () => {
  const before = process.listenerCount('exit')
  const standing = [temporaryFolder('test'), temporaryFolder('test')]
  expect(process.listenerCount('exit')).toBe(before + 1)
  const leave = process.listeners('exit').at(-1)!
  Reflect.apply(leave, process, [0])
  expect(standing.some(({ folder }) => existsSync(folder))).toBe(false)
  for (const each of standing) each.remove()
  expect(process.listenerCount('exit')).toBe(before)
})

it('has room, or what needs it is named with what it needs and what there is', () => {
  requireRoom('small.png', 1)
  expect(() => requireRoom('slide.png', 2e18)).toThrow(
    /^slide\.png is decoded once into a temporary file of 2,000,000,000,000 MB, and .* has room for [\d,]+ MB$/,
  )
})

it('names a TMPDIR that is gone', () => {
  const before = process.env['TMPDIR']
  process.env['TMPDIR'] = '/nonexistent/job-17'
  try {
    for (const asked of [() => temporaryFolder('test'), () => requireRoom('a.tif', 1)])
      expect(asked).toThrow(/^\/nonexistent\/job-17, where temporary files go, is no folder$/)
  } finally {
    if (before === undefined) delete process.env['TMPDIR']
    else process.env['TMPDIR'] = before
  }
})
