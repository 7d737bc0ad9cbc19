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
  '.github/workflows/arch.yml', '.gitignore', 'README.md', 'ablations/without-attention.arch', 'network.arch', 'package.json',
] // prettier-ignore

describe('archc init', () => {
  it('makes a project that is right, and says what is next', async () => {
    const { code, stdout, stderr } = await archc(['init', 'project'], { cwd: folder })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toBe(`written: project/network.arch
written: project/ablations/without-attention.arch
written: project/README.md
written: project/.gitignore
written: project/.github/workflows/arch.yml
written: project/package.json
next:
  cd project
  npm i --ignore-scripts PATH-TO-archc.tgz
  npx archc check .
  npx archc train network.arch --data node_modules/archc/samples/train.csv --out runs/first --steps 500
README.md has the rest
`)
    expect(filesIn('project')).toEqual(all)
    expect(await archc(['check', '--max-warnings', '0', '.'], { cwd: at('project') })).toMatchObject({
      code: 0,
      stdout: '2 files are right: 1 model, 1 variant, 2 presets\n',
      stderr: '',
    })
    expect(readFileSync(at('project', '.github/workflows/arch.yml'), 'utf8')).toContain('\n      - run: npx archc check .\n')
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
    expect(stdout).not.toMatch(/package\.json|npm i|cd /)
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
