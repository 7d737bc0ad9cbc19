import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const at = (...names: string[]): string => path.join(folder, ...names)
const filesIn = (name: string): string[] =>
  readdirSync(at(name), { recursive: true, encoding: 'utf8' }).filter((file) => statSync(at(name, file)).isFile()).sort() // prettier-ignore

const all = [
  '.github/workflows/arch.yml', '.gitignore', 'README.md', 'ablations/without-attention.arch', 'archc-check-0.1.0.tgz', 'network.arch', 'package.json',
] // prettier-ignore

describe('archc init', () => {
  it('makes a project that is right, and says what is next', async () => {
    const { code, stdout, stderr } = await archc(['init', 'project'], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [written, next] = stdout.split('next:\n')
    expect(written!.split('\n').filter(Boolean).sort()).toEqual(all.map((name) => `written: project/${name}`).sort())
    expect(next).toBe('  cd project\n  npm i --ignore-scripts\n  npx archc check .\nREADME.md has the rest\n')
    expect(filesIn('project')).toEqual(all)
    expect(await archc(['check', '--max-warnings', '0', '.'], { cwd: at('project') })).toMatchObject({
      code: 0,
      stdout: '2 files are right: 1 model, 1 variant, 2 presets\n',
      stderr: '',
    })
  })

  it('--ablation-of makes one around a network of archc’s own, and says where there is none', async () => {
    const { code, stdout, stderr } = await archc(['init', '--ablation-of', 'edsr', 'of-edsr'], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('written: of-edsr/ablations/half-blocks.arch\nwritten: of-edsr/mine.arch\n')
    expect(await archc(['check', '--max-warnings', '0'], { cwd: at('of-edsr') })).toMatchObject({ code: 0, stderr: '' })
    expect(await archc(['init', '--ablation-of', 'edrs', 'of-edrs'], { cwd: folder })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^error: archc has no network of its own that is called edrs; did you mean edsr\?\n {2}help: it has best, bicubic, /) as string, // prettier-ignore
    })
    expect(readdirSync(folder)).not.toContain('of-edrs')
  })

  it.each([
    ['network.arch', '79,404'],
    ['ablations/without-attention.arch', '78,348'],
  ])('%s has the parameters that its README says', async (file, parameters) => {
    expect(readFileSync(at('project', 'README.md'), 'utf8')).toContain(`| [${file}](${file}) | ${parameters} |`)
    const { stdout } = await archc(['compile', file, '--no-emit', '--json'], { cwd: at('project') })
    expect((JSON.parse(stdout) as { parameters: number }).parameters.toLocaleString('en')).toBe(parameters)
  })

  it('refuses a folder that has some of the files, names them, and writes nothing', async () => {
    mkdirSync(at('taken'))
    writeFileSync(at('taken', 'README.md'), 'mine')
    writeFileSync(at('taken', '.gitignore'), '')
    expect(await archc(['init'], { cwd: at('taken') })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'error: . has README.md, .gitignore already; nothing is written\n  help: name another folder\n',
    })
    expect(filesIn('taken')).toEqual(['.gitignore', 'README.md'])
  })

  it('leaves a package.json as it is: archc was installed by it', async () => {
    mkdirSync(at('installed'))
    writeFileSync(at('installed', 'package.json'), '{}')
    const { code, stdout } = await archc(['init'], { cwd: at('installed') })
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/package\.json|cd /)
    expect(stdout).toContain('  npm i --ignore-scripts -D ./archc-check-0.1.0.tgz\n')
    expect(readFileSync(at('installed', 'package.json'), 'utf8')).toBe('{}')
    expect(filesIn('installed')).toEqual(all)
  })

  it('refuses a file', async () => {
    writeFileSync(at('file'), '')
    expect(await archc(['init', 'file'], { cwd: folder })).toMatchObject({
      code: 1,
      stderr: 'error: file is a file\n  help: name a folder, or one to be made\n',
    })
  })

  it('has help with examples', async () => {
    const { code, stdout } = await archc(['init', '--help'])
    expect(code).toBe(0)
    expect(stdout).toContain('Examples:\n  archc init my-network\n')
  })
})
