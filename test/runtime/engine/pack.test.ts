import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { engineHome, loadEngine } from '../../../src/runtime/engine/index.ts'

const folder = mkdtempSync(path.join(os.tmpdir(), 'archc-pack-'))
const empty = path.join(folder, 'empty')
const archc = path.join(empty, 'node_modules', 'archc')

interface Done {
  readonly status: number | null
  readonly output: string
}

function run(
  command: string,
  words: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; uid?: number } = {},
): Done {
  const env = { ...process.env, NO_COLOR: '1', ...options.env }
  const done = spawnSync(command, words, { cwd: empty, ...options, env, encoding: 'utf8' })
  return { status: done.status, output: `${done.stdout}${done.stderr}${done.error?.message ?? ''}` }
}

/** The lines of a shell that the README gives for an empty folder: from `npm i` of the tarball to the end of their block. */
const readme =
  /^npm i .*\.tgz\n[^`]*/m
    .exec(readFileSync(path.join(archcRoot, 'README.md'), 'utf8'))?.[0]
    .trim()
    .split('\n') ?? []
const [install = '', ...uses] = readme

/** Where the packages cannot be fetched, there is nothing to install. */
let unreachable = false

beforeAll(async () => {
  await loadEngine({ name: 'tensorflow' })
  mkdirSync(empty)
  writeFileSync(path.join(empty, 'package.json'), '{}') // else npm looks for one in the folders above
  const packed = run('npm', ['run', '--silent', 'pack', '--', '--pack-destination', empty], { cwd: archcRoot })
  expect(packed.status, packed.output).toBe(0)
  const { status, output } = run('sh', ['-c', `${install} --prefer-offline --no-audit --no-fund`])
  unreachable = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT)\b/.test(output)
  if (!unreachable) expect(status, output).toBe(0)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the tarball of npm run pack in an empty folder, installed as the README says', () => {
  /** A test that skips aloud without the packages. */
  const there = (name: string, work: () => void): void =>
    test(name, ({ skip }) => {
      if (unreachable) skip('npm cannot reach its registry')
      work()
    })

  test('the README has the line, with what keeps install scripts from running', () => {
    expect(install).toMatch(/^npm i --ignore-scripts \.\/archc-[\d.]+\.tgz$/)
    expect(install).toContain(
      (JSON.parse(readFileSync(path.join(archcRoot, 'package.json'), 'utf8')) as { version: string }).version,
    )
    expect(uses.length).toBeGreaterThan(0)
  })

  there('it holds what the README points at, and no test but the numbers of parity', () => {
    const names = readdirSync(archc)
    for (const name of [
      'CITATION.cff',
      'LICENSE',
      'NOTICE.md',
      'README.md',
      'bin',
      'docs',
      'grammar',
      'models',
      'samples',
      'src',
    ])
      expect(names).toContain(name)
    expect(readdirSync(path.join(archc, 'test'))).toEqual(['parity'])
  })

  there('every file that its pages point at is in it', () => {
    const pages = readdirSync(archc, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.md') && !name.includes('node_modules') && !name.startsWith('templates'),
    )
    const lost = pages.flatMap((page) => {
      const text = readFileSync(path.join(archc, page), 'utf8')
      const links = [...text.matchAll(/\]\(([^)#\s:]+)(?:#[^)]*)?\)/g)].map(([, link]) =>
        path.join(archc, path.dirname(page), link!),
      )
      const inPackage = [...text.matchAll(/(?<![\w/])node_modules\/archc\/[\w./-]+/g)].map(([name]) => path.join(empty, name))
      return [...links, ...inPackage].filter((file) => !existsSync(file)).map((file) => `${page}: ${path.relative(archc, file)}`)
    })
    expect(pages.length).toBeGreaterThan(80)
    expect(lost).toEqual([])
  })

  there('types of all entry points are in it', () => {
    const { exports } = JSON.parse(readFileSync(path.join(archc, 'package.json'), 'utf8')) as {
      readonly exports: Readonly<Record<string, { readonly types: string }>>
    }
    const types = Object.values(exports).map((entry) => entry.types)
    expect(types.length).toBeGreaterThan(2)
    expect(types.filter((file) => !existsSync(path.join(archc, file)))).toEqual([])
  })

  there('the extension and the playground are built', () => {
    const page = readFileSync(path.join(archc, 'editors', 'playground', 'playground.html'), 'utf8')
    expect(page).toContain('module STF {')
    expect(page).not.toMatch(/\/\*[A-Z]+\*\//)
    const extension = readFileSync(path.join(archc, 'editors', 'vscode', 'archc.vsix'))
    expect(extension.subarray(0, 2).toString()).toBe('PK') // a zip, whose names stand in it as they are
    for (const name of ['extension/package.json', 'extension/dist/extension.cjs', 'extension/arch.tmLanguage.json'])
      expect(extension.includes(name), name).toBe(true)
  })

  there('each line of the README runs', () => {
    for (const line of uses) {
      const { status, output } = run('sh', ['-c', line])
      expect(status, `${line}\n${output}`).toBe(0)
    }
  })

  there('it compiles, trains, enlarges and compares', () => {
    const commands = [
      'compile node_modules/archc/models/edsr.arch -o edsr',
      'train node_modules/archc/models/iste.arch --preset tiny --data node_modules/archc/samples/train.csv --steps 1 --out run',
      'upscale small.png --scale 2 -o large.png',
      'parity node_modules/archc/test/parity/coords',
      'init --ablation-of edsr ablations-of-edsr',
    ]
    const small = `require('sharp')({ create: { width: 24, height: 20, channels: 3, background: '#c8a' } }).png().toFile('small.png')`
    expect(run(process.execPath, ['-e', small]).status).toBe(0)
    for (const command of commands) {
      const { status, output } = run('npx', ['archc', ...command.split(' ')])
      expect(status, `${command}\n${output}`).toBe(0)
    }
    expect(readdirSync(empty)).toEqual(expect.arrayContaining(['edsr', 'large.png', 'run']))
  })

  there("its modules are imported by others' programs", () => {
    const program = `
      import { compile } from 'archc'; import { registerLayers } from 'archc/layers';
      console.log(typeof compile, typeof registerLayers)`
    const { output } = run(process.execPath, ['--input-type=module', '-e', program])
    expect(output).toBe('function function\n')
  })

  there("where the package's folder is another user's, the build goes into one's own cache", () => {
    const home = path.join(folder, 'home')
    mkdirSync(home)
    chmodSync(folder, 0o755)
    rmSync(path.join(archc, '.archc-build'), { recursive: true, force: true })
    chmodSync(archc, 0o555)
    const root = process.getuid!() === 0 // for whom no folder is read-only
    if (root) chmodSync(home, 0o777)
    const words = [path.join(archc, 'bin', 'archc.js'), 'check', path.join(archc, 'models', 'edsr.arch')]
    const asUser = { cwd: home, env: { HOME: home, ARCHC_CACHE: '', XDG_CACHE_HOME: '' }, ...(root && { uid: 65534 }) }
    try {
      const node = root ? path.join(folder, 'node') : process.execPath
      if (root) expect(run('cp', [process.execPath, node]).status).toBe(0) // that user may not see ours
      for (const time of ['first', 'second']) {
        const { status, output } = run(node, words, asUser)
        expect(status, `${time}: ${output}`).toBe(0)
      }
      expect(readdirSync(archc)).not.toContain('.archc-build')
      expect(readdirSync(path.join(home, '.cache', 'archc', 'build'))).toHaveLength(1)
      const nowhere = run(node, words, { ...asUser, env: { ...asUser.env, ARCHC_CACHE: '/dev/null/cache' } })
      expect(nowhere.status).toBe(1)
      expect(nowhere.output).toMatch(
        /neither .*\.archc-build nor \/dev\/null\/cache\/build\/\w+ can be written to\n {2}help: set ARCHC_CACHE/,
      )
    } finally {
      chmodSync(archc, 0o755)
    }
  })

  there('its own engine is the one of the user', () => {
    const { output } = run('npx', ['archc', 'engine', 'status', '--no-measure'])
    expect(output).toContain(engineHome())
  })
})
