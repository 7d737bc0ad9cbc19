import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import * as tf from '@tensorflow/tfjs'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { archcRoot } from '../../../src/root.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import { writeSafetensors } from '../../../src/runtime/files/safetensors.ts'
import { batchOf, type FeatureExtractor } from '../../../src/runtime/frechet/extractor.ts'
import { openInceptionFid } from '../../../src/runtime/frechet/inception-fid.ts'
import { openNsfwjs } from '../../../src/runtime/frechet/inception-nsfwjs.ts'
import { createFrechetSets } from '../../../src/runtime/frechet/frechet-sets.ts'
import { readCase } from '../../../src/runtime/parity/case.ts'
import { channelsLast } from '../../../src/runtime/parity/values.ts'
import { farthest, painted, quietEngine, temporaryFolder, testField } from '../network/small.ts'

const folder = temporaryFolder()
beforeAll(quietEngine)

/** Tensors that stay behind features. */
function kept(extractor: FeatureExtractor): number {
  const batch = batchOf([painted(40, 40)])
  extractor.features(batch)
  const before = tf.memory().numTensors
  extractor.features(batch)
  return tf.memory().numTensors - before
}

describe('the stand-in of nsfwjs', () => {
  let extractor: FeatureExtractor
  beforeAll(async () => void (extractor = await openNsfwjs(() => undefined)))
  afterAll(() => extractor.dispose())

  it('has its own name', () => {
    expect(extractor.name).toBe('Frechet distance (nsfwjs Inception-v3)')
    expect(extractor.definition).toMatch(/nsfwjs 4\.4\.0 \(not the one of FID/)
  })

  it('gives 2048 features above 0, the same each time, alone or beside another picture, and others for others', () => {
    const [one, other] = [painted(64, 50, 1), painted(64, 50, 2)]
    const both = extractor.features(batchOf([one, other]))
    expect(both).toHaveLength(2 * 2048)
    expect(Math.min(...both)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...both)).toBeGreaterThan(0.5)
    expect(extractor.features(batchOf([one, other]))).toEqual(both)
    expect(farthest(extractor.features(batchOf([other])), both.subarray(2048))).toBeLessThan(1e-4)
    expect(farthest(both.subarray(0, 2048), both.subarray(2048))).toBeGreaterThan(0.05)
  })

  it('keeps no tensor', () => expect(kept(extractor)).toBe(0))

  it('tissue is as far from itself as rounding, and a coarse copy farther', async () => {
    const { picture } = await readPicture(testField)
    const sets = createFrechetSets({ extractor, patch: 299 })
    const coarse = { ...picture, data: picture.data.map((value) => value & 0xe0) }
    sets.add(2, 'field', { truth: picture, model: picture, bicubic: coarse })
    const { model, bicubic, samples, features, remark } = sets.result(2)
    expect({ samples, features }).toEqual({ samples: 6, features: 2048 })
    expect(model).toBeLessThan(1e-6)
    expect(bicubic).toBeGreaterThan(0.1)
    expect(remark).toMatch(/^6 samples for 2048 features: the covariance is singular/)
  })
})

/** A registry that has one package, whose bytes are not nsfwjs'. */
const registry = createServer(({ url }, response) => {
  const { port } = registry.address() as AddressInfo
  const dist = { tarball: `http://127.0.0.1:${port}/nsfwjs.tgz` }
  if (url === '/nsfwjs.tgz') return void response.end(gzipSync('other bytes'))
  response.end(JSON.stringify({ name: 'nsfwjs', versions: { '4.4.0': { name: 'nsfwjs', version: '4.4.0', dist } } }))
})
beforeAll(() => new Promise<void>((resolve) => void registry.listen(0, '127.0.0.1', resolve)))
afterAll(() => void registry.close())
afterEach(() => vi.unstubAllEnvs())

describe('nsfwjs that cannot be brought', () => {
  it.each<[string, () => Record<string, string>, RegExp]>([
    ['no registry', () => ({ npm_config_registry: 'http://127.0.0.1:1' }), /ECONNREFUSED/],
    [
      'other bytes',
      () => ({ npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}` }),
      /EINTEGRITY/,
    ],
    ['no npm', () => ({ PATH: folder }), /spawn npm ENOENT/],
  ])('%s: says so and what to do, and leaves nothing', async (what, env, reason) => {
    const cache = path.join(folder, what)
    vi.stubEnv('ARCHC_CACHE', cache)
    vi.stubEnv('npm_config_cache', path.join(cache, 'npm'))
    for (const [name, value] of Object.entries(env())) vi.stubEnv(name, value)
    const said: string[] = []
    const help = `with a network, archc evaluate --frechet brings it into ${path.join(cache, 'inception', 'nsfwjs-4.4.0')}; or give pytorch-fid's weights with --fid-weights FILE`
    await expect(openNsfwjs((line) => said.push(line))).rejects.toMatchObject({
      name: 'UserError',
      message: expect.stringMatching(reason) as string,
      help,
    })
    expect(said).toEqual(["bringing nsfwjs 4.4.0, the stand-in for FID's Inception, once for this user (a download of 25 MB)"])
    expect(readdirSync(path.join(cache, 'inception'))).toEqual([])
  })
})

describe('the Inception of pytorch-fid', () => {
  it('from a file under its names: the features of the reference, called FID', async () => {
    const { weights, tensors } = await readCase(path.join(archcRoot, 'test', 'parity', 'full-size', 'fid-inception-2048'), 'fid')
    const file = path.join(folder, 'inception.safetensors')
    await writeSafetensors(file, weights)
    const extractor = await openInceptionFid(file)
    const pictures = channelsLast(tensors.get('pictures')!)
    const [count, height, width] = pictures.shape as [number, number, number]
    const expected = [...tensors].find(([name]) => name !== 'pictures')![1]
    const found = extractor.features({ values: Float32Array.from(pictures.data), count, height, width })
    expect(kept(extractor)).toBe(0)
    extractor.dispose()
    expect(farthest(found, Float32Array.from(expected.data))).toBeLessThan(2e-6)
    expect(extractor).toMatchObject({ name: 'FID', dims: 2048 })
  })

  it.each<[string, string, RegExp]>([
    ['a file that is not there', path.join(folder, 'none.pth'), /^cannot read .*none\.pth: there is no such file$/],
    [
      'a file of another network',
      path.join(archcRoot, 'test', 'fixtures', 'weights', 'edsr.pt'),
      /edsr\.pt is a weight of the model/,
    ],
  ])('refuses %s', async (_what, file, message) => {
    await expect(openInceptionFid(file)).rejects.toThrow(message)
  })
})
