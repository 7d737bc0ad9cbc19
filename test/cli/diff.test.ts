import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Log } from 'sarif'
import { describe, expect, it } from 'vitest'
import { ops } from '../../src/compiler/ops/registry.ts'
import { temporaryFolder } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()

describe('archc diff', () => {
  it('shows what an ablation takes away', async () => {
    const { code, stdout } = await archc(['diff', 'models/iste.arch', 'models/ablations/wo-stf.arch'])
    expect(code).toBe(1)
    expect(stdout).toBe(`slots replaced
  stf with (pixel, _) => pixel
weights removed (1)
  stf.fused.kernel
weights kept (521)
parameters     12,739,434 becomes 12,608,362 (-1.0 %)
multiply-adds  643,657,678,848 becomes 537,357,238,272 (-16.5 %)
`)
  })

  it('--json: weights, shapes and fields of the records', async () => {
    const { code, stdout } = await archc([
      'diff', 'models/iste.arch', 'models/iste.arch', '--preset', 'tiny', '--set', 'lpd.hidden=[8]', '--set', 'train.B=3', '--json',
    ]) // prettier-ignore
    expect(code).toBe(1)
    const found = JSON.parse(stdout) as Record<string, unknown>
    expect(found).toMatchObject({ isEqual: false, replaced: {}, set: { 'lpd.hidden': '[8]', 'train.B': '3' } })
    expect(found['records']).toContainEqual({ name: 'train.sizes.B', before: '2', after: '3' })
    expect((found['weights'] as { removed: string[] }).removed.every((name) => name.startsWith('lpd.body'))).toBe(true)
    expect(found['reshaped']).toContainEqual(expect.objectContaining({ name: 'lpd.linear.kernel' }))
  })

  it('exits with 0 where nothing differs', async () => {
    const { code, stdout } = await archc(['diff', 'models/edsr.arch', 'models/edsr.arch'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'the same network, trained and evaluated alike\n' })
  })
})

describe('archc ops', () => {
  it('lists every op, and has a page for each', async () => {
    const { stdout } = await archc(['ops'])
    expect(stdout.trim().split('\n').map((line) => line.split(' ')[0])).toEqual([...ops.keys()]) // prettier-ignore
    const page = await archc(['ops', 'conv'])
    expect(page.stdout).toContain('kernel     pair, at least 1: rows and columns of the window')
    expect(page.stdout).toContain('conv(x, out: 4, kernel: 3)')
  })

  it('suggests what was meant', async () => {
    const { code, stderr } = await archc(['ops', 'con'])
    expect(code).toBe(1)
    expect(stderr).toBe('error: no op is called con; did you mean conv or cos or concat?\n  help: archc ops lists all\n')
  })
})

describe('archc check', () => {
  const file = path.join(folder, 'small.arch')
  writeFileSync(
    file,
    'model Small() {\n  scale m in 1 .. 4\n  input lr: [B, h, w, 3] as image\n  output sr: [B, h, w, 3] as image\n  let a = lr\n  return lr\n}\n',
  )

  it('annotates by itself inside GitHub Actions', async () => {
    const { code, stdout } = await archc(['check', file], { env: { GITHUB_ACTIONS: 'true' } })
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `::warning file=${file},line=5,col=7,endLine=5,endColumn=8,title=unused-let::a is never used\n`,
    })
  })

  it('--max-warnings', async () => {
    const { code, stderr } = await archc(['check', file, '--max-warnings', '0'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/1 warning, more than 0\n$/)
    expect((await archc(['check', file, '--max-warnings', '1'])).code).toBe(0)
  })

  it('-o writes a report', async () => {
    const report = path.join(folder, 'report.sarif')
    const { code, stdout, stderr } = await archc(['check', file, '--format', 'sarif', '-o', report])
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '', stderr: '' })
    const { runs } = JSON.parse(readFileSync(report, 'utf8')) as Log
    expect(runs[0]!.results!.map(({ ruleId }) => ruleId)).toEqual(['unused-let'])
  })
})
