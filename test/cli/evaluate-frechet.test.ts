import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { cacheFolder } from '../../src/runtime/engine/index.ts'
import { temporaryFolder, testField } from '../runtime/network/small.ts'
import { archc } from './run-archc.ts'

const folder = temporaryFolder()
const evaluate = ['evaluate', 'models/bicubic.arch', '--data', path.dirname(testField), '--scales', '2']

describe('archc evaluate, the Frechet distance', () => {
  it('is taken where the metrics name fid, under the stand-in’s name, with its samples beside it', async () => {
    const { code, stdout, stderr } = await archc(evaluate)
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(
      /^x2 {2}Frechet distance \(nsfwjs Inception-v3\): (\d+\.\d\d), Bicubic \1 \(4 samples for 2048 features: the covariance is singular; .*\)$/m,
    )
    expect(stdout).toMatch(/^frechet: Frechet distance \(nsfwjs Inception-v3\): .* patches of 299 x 299 .*unbiased covariances/m)
    expect(stdout).not.toMatch(/\bFID: \d/)
  })

  it('--frechet-patch tile: one tile is too few, which is no failure', async () => {
    const { code, stdout } = await archc([
      ...evaluate,
      '--frechet',
      '--frechet-patch',
      'tile',
      '--set',
      'evaluate.tile=1024',
      '--json',
    ])
    expect(code).toBe(0)
    const [scale] = (JSON.parse(stdout) as { scales: { frechet?: object }[] }).scales
    expect(scale!.frechet).toEqual({
      name: 'Frechet distance (nsfwjs Inception-v3)',
      samples: 1,
      features: 2048,
      remark: '1 sample: at least two are needed',
    })
  })

  it.each<[string, string[], number, RegExp]>([
    ['the text alone', [], 0, /^the text’s metrics name fid, which is left out: bringing nsfwjs 4\.4\.0 failed \(exit code 1\): npm ci .*$/m],
    ['--frechet', ['--frechet'], 1, /^error: bringing nsfwjs 4\.4\.0 failed [^]*ECONNREFUSED[^]*\n {2}help: with a network, archc evaluate --frechet brings it/m],
  ])('without a network, asked by %s', async (_what, flags, code, said) => {
    const cache = path.join(folder, `cache${flags.join('')}`)
    mkdirSync(cache)
    symlinkSync(path.join(cacheFolder(), 'engine'), path.join(cache, 'engine'))
    const env = { ARCHC_CACHE: cache, npm_config_cache: path.join(cache, 'npm'), npm_config_registry: 'http://127.0.0.1:1' }
    const outcome = await archc([...evaluate, ...flags], { env })
    expect(outcome.stderr).toMatch(said)
    expect(outcome.code).toBe(code)
    expect(outcome.stdout).toMatch(code === 0 ? /^ +x2 +4 +28\.52(?![^]*Frechet)/m : /^$/)
  }) // prettier-ignore

  it('--no-frechet leaves it out', async () => {
    const { code, stdout } = await archc([...evaluate, '--no-frechet'])
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/Frechet/)
  })

  it.each<[string, string[], number, RegExp]>([
    [
      'weights and none',
      ['--no-frechet', '--fid-weights', 'x.pth'],
      2,
      /^error: --fid-weights and --no-frechet exclude each other$/m,
    ],
    ['weights that are not there', ['--fid-weights', 'x.pth'], 1, /^error: cannot read x\.pth: there is no such file$/m],
    ['patches too small', ['--frechet-patch', '3'], 2, /It takes a whole number of at least 32, or tile\./],
  ])('refuses %s', async (_what, flags, code, message) => {
    const outcome = await archc([...evaluate, ...flags])
    expect(outcome.stderr).toMatch(message)
    expect(outcome).toMatchObject({ code, stdout: '' })
  })
})
