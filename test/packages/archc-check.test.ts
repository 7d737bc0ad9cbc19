import { spawn } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-languageserver/node'
import * as light from '../../src/cli/light.ts'
import * as whole from '../../src/cli/main.ts'
import { archc, startNode, type Outcome } from '../cli/run-archc.ts'
import { root, temporaryFolder } from '../runtime/network/small.ts'

/** archc-check as a project gets it: packed, installed from npm's registry, and called. */
const folder = temporaryFolder()
const installed = path.join(folder, 'node_modules', 'archc-check')
const bin = path.join(folder, 'node_modules', '.bin', 'archc')
const here = (...args: string[]): Promise<Outcome> => startNode([bin, ...args], { cwd: folder }).outcome

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}
const manifestOf = (at: string): Manifest => JSON.parse(readFileSync(path.join(at, 'package.json'), 'utf8')) as Manifest

function run(command: string, args: readonly string[], cwd = folder, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env } })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr })))
}

/** Where the packages cannot be fetched, there is nothing to try. */
let unreachable = false

beforeAll(async () => {
  writeFileSync(path.join(folder, 'package.json'), '{}') // else npm looks for one in the folders above
  const packed = await startNode([path.join(root, 'packages', 'archc-check', 'pack.js'), folder]).outcome
  expect(packed).toMatchObject({ code: 0, stderr: '' })
  const { code, stderr } = await run('npm', ['i', '--ignore-scripts', packed.stdout.trim(), '--prefer-offline', '--no-audit', '--no-fund']) // prettier-ignore
  unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/.test(stderr)
  if (!unreachable) expect(code, stderr).toBe(0)
  writeFileSync(path.join(folder, 'mine.arch'), 'variant "mine" of ISTE from "archc/iste.arch"\nreplace lfi with (x) => x\n')
  writeFileSync(path.join(folder, 'ragged.arch'), 'module A {\n input x: [B, c]\n  output [B, c]\n return x\n}\n')
  writeFileSync(path.join(folder, 'wrong.arch'), 'import MLP from "archc/lib/mpl.arch"\n')
})

test('each command of archc is in it, or named as one of the whole package', () => {
  const names = ({ createProgram }: typeof whole | typeof light): string[] => createProgram().commands.map((each) => each.name())
  const known = new Set(names(light))
  expect(names(whole).filter((name) => !known.has(name) && name !== 'presets')).toEqual([])
  for (const name of light.elsewhere) expect(names(whole)).toContain(name)
})

describe('archc-check, installed', () => {
  /** A test that skips aloud without the packages. */
  const there = (name: string, work: () => Promise<void> | void): void =>
    test(name, async ({ skip }) => {
      if (unreachable) skip('npm cannot reach its registry')
      await work()
    })

  there('takes less than 60 MB, with nothing of the engine, and what it depends on is of archc’s versions', () => {
    const modules = path.join(folder, 'node_modules')
    const names = readdirSync(modules, { recursive: true, encoding: 'utf8' })
    const bytes = names.reduce((sum, name) => sum + lstatSync(path.join(modules, name)).size, 0)
    expect(bytes).toBeLessThan(60e6)
    expect(names.filter((name) => /tensorflow|esbuild|sharp/.test(name))).toEqual([])
    const [own, archcs] = [manifestOf(installed), manifestOf(root)]
    expect(own.version).toBe(archcs.version)
    expect(archcs.dependencies).toMatchObject(own.dependencies)
    expect(Object.keys(own.dependencies)).toContain('prettier')
    expect(readFileSync(path.join(installed, 'LICENCES.txt'), 'utf8')).toContain('chevrotain')
  })

  const tiny = ['--preset', 'tiny']
  const cases: readonly (readonly [args: readonly string[], code: number, stdout: RegExp, stderr?: RegExp])[] = [
    [['check', 'mine.arch'], 0, /^1 file is right: 0 models, 1 variant, 4 presets\n$/],
    [['check', 'wrong.arch', '--format', 'github'], 1, /^::error file=wrong\.arch,line=1,.*did you mean archc\/lib\/mlp\.arch/],
    [['fmt', '--check', 'mine.arch', 'ragged.arch'], 3, /^ragged\.arch\n$/, /^1 of 2 files not formatted\n$/],
    [['diff', 'iste.arch', 'mine.arch', ...tiny], 1, /^slots replaced\n {2}lfi with \(x\) => x\n/],
    [['graph', 'mine.arch', ...tiny, '--format', 'svg'], 0, /<svg [^]*ISTE, mine, preset tiny/],
    [['explain', 'shape-unknown'], 0, /^# shape-unknown\n/],
    [['explain', 'mine.arch', 'lfi', ...tiny], 0, /\n {2}holds {7}\(x\) => x, replace, mine\.arch:2\n/],
    [['ops', 'conv'], 0, /^conv\n/],
    [['train', 'mine.arch', '--data', 'fields'], 1, /^$/, /^error: archc train is in the package archc, and archc-check is installed\n {2}help: npm i /],
  ] // prettier-ignore
  for (const [args, code, stdout, stderr = /^$/] of cases)
    there(`archc ${args.join(' ')}`, async () => {
      const outcome = await here(...args)
      expect(outcome.stdout).toMatch(stdout)
      expect(outcome.stderr).toMatch(stderr)
      expect(outcome.code).toBe(code)
    })

  there('says of its own networks what archc says', async () => {
    const args = ['explain', 'iste.arch', 'train']
    expect((await here(...args)).stdout).toBe((await archc(args)).stdout)
  })

  there('archc lsp speaks with an editor', async () => {
    const child = spawn(process.execPath, [bin, 'lsp', '--stdio'], { cwd: folder })
    const connection = createMessageConnection(new StreamMessageReader(child.stdout), new StreamMessageWriter(child.stdin))
    connection.listen()
    const started = await connection.sendRequest('initialize', { processId: process.pid, rootUri: null, capabilities: {} })
    expect(started).toMatchObject({ serverInfo: { name: 'archc', version: manifestOf(root).version } })
    await connection.sendRequest('shutdown')
    await connection.sendNotification('exit')
    connection.dispose()
  })

  there('prettier formats with it, and programs import its compiler', async () => {
    const program = `
      import { format } from 'prettier'; import { readFileSync } from 'node:fs'; import { compile } from 'archc-check'
      const text = await format(readFileSync('ragged.arch', 'utf8'), { filepath: 'ragged.arch', plugins: ['archc-check/prettier'] })
      console.log(text.includes('  input x'), typeof compile)`
    writeFileSync(path.join(folder, 'program.mjs'), program)
    expect(await startNode(['program.mjs'], { cwd: folder }).outcome).toMatchObject({ code: 0, stdout: 'true function\n' })
  })

  there('archc init’s project is checked as its workflow says; archc-check packs itself as archc packs it', async () => {
    const project = path.join(folder, 'project')
    expect(await archc(['init', '--ablation-of', 'iste', project])).toMatchObject({ code: 0, stderr: '' })
    const workflow = readFileSync(path.join(project, '.github', 'workflows', 'arch.yml'), 'utf8')
    const steps = [...workflow.matchAll(/^ +- run: (.*)$/gm)].map(([, step]) => step!)
    expect(steps).toEqual(['npm ci --ignore-scripts', 'npx archc check .', 'npx archc fmt --check .'])
    const env = { npm_config_prefer_offline: 'true' }
    for (const step of ['npm i --ignore-scripts', ...steps]) {
      const { code, stdout, stderr } = await run('sh', ['-c', step], project, env)
      expect(code, `${step}\n${stdout}${stderr}`).toBe(0)
    }
    writeFileSync(path.join(project, 'mine.arch'), readFileSync(path.join(project, 'mine.arch'), 'utf8').replace('width)', '3)'))
    expect(await run('sh', ['-c', 'npm run --silent check'], project, env)).toMatchObject({ code: 1 })
    const again = path.join(folder, 'again')
    expect(await here('init', '--ablation-of', 'iste', again)).toMatchObject({ code: 0, stderr: '' })
    const tarball = `archc-check-${manifestOf(root).version}.tgz`
    expect(readFileSync(path.join(again, tarball)).equals(readFileSync(path.join(project, tarball)))).toBe(true)
  })

  there('with archc beside it, that does what it does not', async () => {
    const other = path.join(folder, 'node_modules', 'archc', 'bin')
    mkdirSync(other, { recursive: true })
    writeFileSync(path.join(other, 'archc.js'), 'console.log(process.argv.slice(2).join())')
    expect(await here('train', 'mine.arch', '--data', 'fields')).toMatchObject({
      code: 0,
      stdout: 'train,mine.arch,--data,fields\n',
    })
  })
})
