import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { root, temporaryFolder } from '../runtime/network/small.ts'
import { archc, startNode } from './run-archc.ts'

const folder = temporaryFolder()
const uneven = 'preset tiny {a:1,b:2}   // small\n'
const even = 'preset tiny { a: 1, b: 2 }   // small\n'
const broken = 'module A {\n'
const file = (name: string): string => path.join(folder, name)
const textOf = (name: string): string => readFileSync(file(name), 'utf8')

beforeEach(() => {
  mkdirSync(file('inside/node_modules'), { recursive: true })
  writeFileSync(file('even.arch'), even)
  writeFileSync(file('inside/uneven.arch'), uneven)
  writeFileSync(file('inside/node_modules/other.arch'), uneven)
})

describe('archc fmt', () => {
  it('formats what a folder holds in place, and names what it changed', async () => {
    expect(await archc(['fmt'], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: 'inside/uneven.arch\n',
      stderr: '1 of 2 files formatted\n',
    })
    expect([textOf('inside/uneven.arch'), textOf('inside/node_modules/other.arch')]).toEqual([even, uneven])
    expect(await archc(['fmt', '.'], { cwd: folder })).toMatchObject({
      code: 0,
      stdout: '',
      stderr: '2 files formatted already\n',
    })
  })

  it.each<[string, string[], string]>([
    ['names', ['--check'], 'inside/uneven.arch\n'],
    ['shows', ['--diff'], `--- inside/uneven.arch\n+++ inside/uneven.arch\n@@ -1,1 +1,1 @@\n-${uneven}+${even}`],
  ])('%s what is not formatted, and writes nothing', async (_what, flags, stdout) => {
    const outcome = await archc(['fmt', ...flags], { cwd: folder })
    expect(outcome).toMatchObject({ code: 3, stdout, stderr: '1 of 2 files not formatted\n' })
    expect(textOf('inside/uneven.arch')).toBe(uneven)
    expect(await archc(['fmt', ...flags, 'even.arch'], { cwd: folder })).toMatchObject({ code: 0, stdout: '' })
  })

  it('- is standard input', async () => {
    expect(await archc(['fmt', '-'], { input: uneven })).toMatchObject({ code: 0, stdout: even, stderr: '' })
    expect(await archc(['fmt', '-', '--check'], { input: uneven })).toMatchObject({ code: 3, stdout: '-\n' })
    expect(await archc(['fmt', '-'], { input: broken })).toMatchObject({ code: 1, stdout: '' })
  })

  it('shows the errors of what does not parse, leaves it, and formats the rest', async () => {
    writeFileSync(file('inside/broken.arch'), broken)
    const { code, stdout, stderr } = await archc(['fmt', 'inside'], { cwd: folder })
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'inside/uneven.arch\n' })
    expect(stderr).toContain('error[unclosed]: this { is never closed\n  ┌─ inside/broken.arch:1:10\n')
    expect(stderr).toContain('1 of 1 file formatted\n')
    expect(stderr).toMatch(
      /error: 1 of 2 files left as they are:\n {2}inside\/broken\.arch: error\[unclosed\]: this \{ is never closed\n$/,
    )
    expect([textOf('inside/broken.arch'), textOf('inside/uneven.arch')]).toEqual([broken, even])
  })

  it.each<[string, string, string]>([
    ['a folder without any', 'none', 'error: no .arch file in none\n  help: name a file or a folder that holds some\n'],
    ['a file that is not there', 'gone.arch', 'error: cannot read gone.arch: there is no such file\n  help: check the path\n'],
    ['a file of another encoding', 'latin.arch', 'error: cannot read latin.arch: it is not UTF-8 (Latin-1?); save it as UTF-8\n'],
  ])('%s', async (_what, name, stderr) => {
    mkdirSync(file('none'), { recursive: true })
    writeFileSync(file('latin.arch'), Buffer.from('// caf\xe9\n', 'latin1'))
    expect(await archc(['fmt', name], { cwd: folder })).toMatchObject({ code: 1, stdout: '', stderr })
    writeFileSync(file('latin.arch'), even)
  })

  it('formats as prettier with its configuration does', async () => {
    mkdirSync(file('narrow'), { recursive: true })
    writeFileSync(file('narrow/.prettierrc'), JSON.stringify({ printWidth: 20, tabWidth: 4, plugins: ['archc/prettier'] }))
    writeFileSync(file('narrow/a.arch'), uneven)
    const narrow = 'preset tiny {\n    a: 1, b: 2\n}   // small\n'
    const prettier = path.join(root, 'node_modules', 'prettier', 'bin', 'prettier.cjs')
    mkdirSync(file('narrow/node_modules'), { recursive: true })
    symlinkSync(root, file('narrow/node_modules/archc'))
    expect((await startNode([prettier, 'a.arch'], { cwd: file('narrow') }).outcome).stdout).toBe(narrow)
    expect((await archc(['fmt', 'a.arch'], { cwd: file('narrow') })).code).toBe(0)
    expect(textOf('narrow/a.arch')).toBe(narrow)
    expect(await startNode([prettier, '--check', 'a.arch'], { cwd: file('narrow') }).outcome).toMatchObject({ code: 0 })
  })

  it("says where prettier's configuration cannot be read", async () => {
    mkdirSync(file('wrong'), { recursive: true })
    writeFileSync(file('wrong/.prettierrc'), '{ "printWidth":')
    const { code, stderr } = await archc(['fmt', '-'], { cwd: file('wrong'), input: uneven })
    expect({ code, line: stderr.split(':')[1] }).toEqual({ code: 1, line: " prettier's configuration of - cannot be read" })
  })

  it('--help has examples', async () => {
    expect((await archc(['fmt', '--help'])).stdout).toMatch(/\nExamples:\n {2}archc fmt models\n/)
  })
})
