import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const text = `model Two {
  input lr: [B, h, w, 3] as image
  output sr: [B, h, w, 3] as image
  let a = lr -> conv(out: 8, kernal: 3)
  let b = lr -> conv(out: 4, kernel: 3)
  let c = b + nowhere
  return a
}
`
const two = path.join(folder, 'two.arch')
const unused = path.join(folder, 'unused.arch')
const empty = path.join(folder, 'empty')
writeFileSync(two, text)
writeFileSync(unused, text.replace('kernal', 'kernel').replace('out: 8', 'out: 3').replace('b + nowhere', 'b + b'))
mkdirSync(empty)

interface Line {
  readonly code: string
  readonly severity: string
  readonly primary: { readonly span: { readonly file: string; readonly line: number; readonly column: number } }
}
const lines = (stdout: string): Line[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line)
const places = (stdout: string): unknown[] =>
  lines(stdout).map(({ code, severity, primary: { span } }) => [code, severity, span.file, span.line, span.column])
const mistakes = (file: string): unknown[] => [
  ['unknown-attribute', 'error', file, 4, 30],
  ['unknown-name', 'error', file, 6, 15],
]

describe('archc check', () => {
  it('shows all mistakes of a file at once, each where it was made', async () => {
    const { code, stdout, stderr } = await archc(['check', two])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toContain(
      `error[unknown-attribute]: conv has no kernal; did you mean kernel? It takes out, kernel, stride, pad, dilation, groups, bias, norm, init, bias_init
  ┌─ ${two}:4:30
4 │   let a = lr -> conv(out: 8, kernal: 3)
  │                              ^^^^^^
`,
    )
    expect(stderr).toContain(`error[unknown-name]: nothing here is called nowhere\n  ┌─ ${two}:6:15\n`)
    expect(stderr).toMatch(/\n2 errors\n/)
  })

  it('--json: one diagnostic a line, nothing else', async () => {
    const { code, stdout, stderr } = await archc(['check', '--json', two])
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' })
    expect(places(stdout)).toEqual(mistakes(two))
  })

  it('- is standard input', async () => {
    const wrong = await archc(['check', '-', '--json'], { input: text })
    expect(wrong.code).toBe(1)
    expect(places(wrong.stdout)).toEqual(mistakes('-'))
    const right = await archc(['check', '-'], { input: readFileSync(path.join(root, 'models', 'bicubic.arch'), 'utf8') })
    expect(right).toMatchObject({ code: 0, stdout: '1 file is right: 1 model, 0 variants, 0 presets\n', stderr: '' })
  })

  it('a warning is shown and is no failure', async () => {
    const { code, stdout, stderr } = await archc(['check', unused])
    expect(code).toBe(0)
    expect(stdout).toBe('1 file is right: 1 model, 0 variants, 0 presets\n')
    expect(stderr).toMatch(/warning\[unused-let\]: c is never used/)
    const json = await archc(['check', unused, '--json'])
    expect(json.code).toBe(0)
    expect(lines(json.stdout).map(({ code, severity }) => [code, severity])).toEqual([['unused-let', 'warning']])
  })

  it('several files: all of their mistakes', async () => {
    const { code, stdout } = await archc(['check', 'models/bicubic.arch', two, 'models/nowhere.arch', '--json'])
    expect(code).toBe(1)
    expect(places(stdout)).toEqual(
      expect.arrayContaining([...mistakes(two), expect.arrayContaining(['import-missing', 'models/nowhere.arch']) as unknown]),
    )
  })

  it('what was right is looked at again when it, or what it imports, has changed', async () => {
    const [lib, user] = [path.join(folder, 'lib.arch'), path.join(folder, 'user.arch')]
    const library = 'module Twice {\n  input x: [.., c]\n  output [.., c]\n  return x * 2\n}\n'
    const model =
      'import Twice from "./lib.arch"\nmodel M {\n  input lr: [B, h, w, 3] as image\n  output sr: [B, h, w, 3] as image\n  return lr -> Twice\n}\n'
    const said = async (text: string, other = library): Promise<string> => {
      writeFileSync(user, text)
      writeFileSync(lib, other)
      const { stdout, stderr } = await archc(['check', user])
      return (stdout + stderr).split('\n')[0]!
    }
    expect(await said(model)).toBe('1 file is right: 1 model, 0 variants, 0 presets')
    expect(await said(model)).toBe('1 file is right: 1 model, 0 variants, 0 presets')
    expect(await said(model, library.replace('x * 2', 'y * 2'))).toContain('error[unknown-name]')
    expect(await said(model.replace('Twice\n}', 'Twic\n}'))).toContain('error[unknown-op]')
    expect(await said(model)).toBe('1 file is right: 1 model, 0 variants, 0 presets')
    rmSync(lib)
    const { stderr } = await archc(['check', user])
    expect(stderr).toContain('error[import-missing]')
  })

  it('all models of archc are right', async () => {
    const { code, stdout, stderr } = await archc(['check', 'models'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^\d+ files are right: \d+ models, \d+ variants, \d+ presets\n$/)
    expect((await archc(['check', 'models', '--json'])).stdout).toBe('')
  })

  it.each<[string, string, RegExp]>([
    ['a folder without any', empty, /^error: no \.arch file in .*empty\n {2}help: name a file or a folder that holds some\n$/],
    [
      'a file that is not there',
      path.join(folder, 'gone.arch'),
      /^error\[import-missing\]: cannot read .*gone\.arch: there is no/,
    ],
  ])('%s', async (_what, file, message) => {
    const { code, stdout, stderr } = await archc(['check', file])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(message)
  })
})
