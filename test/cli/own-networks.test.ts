import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { samples, temporaryFolder, tinier } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

/** archc's own networks by name, in a folder that has none of them. */
const folder = temporaryFolder()
const write = (name: string, text: string): void => writeFileSync(path.join(folder, name), text)
const here = (args: readonly string[], cwd = folder) => archc(args, { cwd })
const tiny = ['--preset', 'tiny']

write('mine.arch', 'variant "mine" of ISTE from "archc/iste.arch"\nreplace lfi with (x) => x\n')
write('narrow.arch', 'variant "narrow" of ISTE from "archc/iste.arch"\nreplace lfi with (x) => linear(x, out: 32)\n')
write('library.arch', 'import MLP from "archc/lib/mpl.arch"\n')

describe('archc’s own networks from any folder', () => {
  it.each<[string[], number, RegExp]>([
    [['compile', 'iste.arch', '--no-emit', ...tiny], 0, /^ISTE, preset tiny\n {2}parameters {5}36,634\n/],
    [['compile', 'mine.arch', '--no-emit', ...tiny], 0, /^ISTE, mine, preset tiny\n/],
    [['compile', 'lib/swinir.arch', '--module', 'SwinIR', '--no-emit'], 0, /^SwinIR/],
    [['check', 'mine.arch', 'archc/ablations/wo-stf.arch'], 0, /^2 files are right: 0 models, 2 variants/],
    [['diff', 'iste.arch', 'mine.arch', ...tiny], 1, /^slots replaced\n {2}lfi with \(x\) => x\n/],
    [['diff', 'iste.arch', 'iste.arch', '--variant', 'ablations/wo-lfi.arch', ...tiny], 1, /^slots replaced\n {2}lfi with \(x\) => x\n/],
    [['graph', 'mine.arch', ...tiny], 0, /^digraph "ISTE, mine, preset tiny"/],
    [['explain', 'mine.arch', 'lfi', ...tiny], 0, /\n {2}holds {7}\(x\) => x, replace, mine\.arch:2\n {2}instead of {2}LFI\(\), default, archc\/iste\.arch:\d+\n/],
    [['explain', 'iste.arch', 'train.B'], 0, /^train\.B = 16\n {2}from {8}default, archc\/iste\.arch:\d+\n/],
  ])('archc %j', async (args, code, stdout) => {
    const outcome = await here(args)
    expect(outcome).toMatchObject({ code, stderr: '' })
    expect(outcome.stdout).toMatch(stdout)
  }) // prettier-ignore

  it.each<[string[], RegExp]>([
    [['check', 'narrow.arch'], /┌─ narrow\.arch:2:18\n[^]*┌─ archc\/iste\.arch:\d+:\d+\n.* slot lfi: /],
    [['check', 'library.arch'], /cannot read archc\/lib\/mpl\.arch: there is no such file; did you mean archc\/lib\/mlp\.arch\?\n/],
    [['compile', 'istte.arch', '--no-emit'], /cannot read istte\.arch: there is no such file; did you mean archc\/iste\.arch\?\n/],
    [['train', 'iste', '--data', '.', '--out', 'run'], /cannot read iste: there is no such file; did you mean archc\/iste\.arch\?\n/],
    [['diff', 'iste.arch', 'wo-lfi.arch'], /cannot read wo-lfi\.arch: .*; did you mean archc\/ablations\/wo-lfi\.arch\?\n/],
  ])('archc %j says what is wrong', async (args, stderr) => {
    const outcome = await here(args)
    expect(outcome).toMatchObject({ code: 1, stdout: '' })
    expect(outcome.stderr).toMatch(stderr)
  }) // prettier-ignore

  it('a file of that name at hand goes first, also where all was right before', async () => {
    const right = { code: 0, stdout: '1 file is right: 0 models, 1 variant, 4 presets\n' }
    expect(await here(['check', 'mine.arch'])).toMatchObject(right)
    mkdirSync(path.join(folder, 'archc'))
    write('archc/iste.arch', 'variant "other" of EDSR from "archc/edsr.arch"\n')
    const { code, stderr } = await here(['check', 'mine.arch'])
    expect(code).toBe(1)
    expect(stderr).toContain('error[variant-of-variant]')
    rmSync(path.join(folder, 'archc'), { recursive: true })
    expect(await here(['check', 'mine.arch'])).toMatchObject(right)
    write('bicubic.arch', '')
    expect((await here(['compile', 'bicubic.arch', '--no-emit'])).stderr).toContain('bicubic.arch declares no model')
    rmSync(path.join(folder, 'bicubic.arch'))
  })

  it('a run of a variant of one holds its text: it opens elsewhere', async () => {
    const train = ['train', 'mine.arch', ...tiny, ...tinier.flatMap((set) => ['--set', set]), '--data', samples, '--steps', '1']
    const { code, stderr } = await here([...train, '--out', 'run'])
    expect(code, stderr).toBe(0)
    mkdirSync(path.join(folder, 'elsewhere', 'archc'), { recursive: true })
    write('elsewhere/archc/iste.arch', 'another')
    const opened = await here(['weights', 'export', '../run', '-o', 'run.safetensors'], path.join(folder, 'elsewhere'))
    expect(opened.stderr).toMatch(/^run\.safetensors: \d+ weights/m)
    expect(existsSync(path.join(folder, 'elsewhere', 'run.safetensors'))).toBe(true)
  })
})
