import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { listPictures } from '../../../src/runtime/data/dataset.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { runPaths } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors } from '../../../src/runtime/files/safetensors.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { openNetwork, packNetwork } from '../../../src/runtime/network/open-network.ts'
import { train, type TrainOptions } from '../../../src/runtime/train/train.ts'
import { farthest, painted, quietEngine, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const at = (name: string): string => path.join(folder, name)
const text = (before: string): string => `module Block {
  input x: [B, h, w, c]
  output [B, h, w, c]
  return x + conv(x, out: c, kernel: 3)
}
model M {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, m * h, m * w, 3] as image
  let f = lr -> conv(out: 12, kernel: 3)
  let g = f -> ${before}repeat 2 { Block() }
  return g -> pixel_shuffle(by: m)
}
train { B: 2, h: 8, w: 8, loss: l1(sr, target), degrade: [resize(kernel: bicubic)], optimizer: adam(lr: 1e-3), steps: 6 }
`
const [plain, mixed] = [at('plain.arch'), at('mixed.arch')]
const pathsOf = (file: string, paths?: 'level' | 'statement'): string[] =>
  loadModel(file, { ...(paths && { paths }) }).model.graph.weights.map((weight) => weight.path)

let engine: Engine
beforeAll(async () => {
  engine = await quietEngine()
  writeFileSync(plain, text(''))
  writeFileSync(mixed, text('conv(out: 12, kernel: 1) -> '))
  await writePng(painted(40, 40, 1), at('field.png'))
})

const options = async (out: string, more: Partial<TrainOptions> = {}): Promise<TrainOptions> => ({
  loaded: loadModel(mixed, {}),
  data: await listPictures(at('field.png')),
  out: at(out),
  engine,
  seed: 1,
  val: 0,
  say: () => undefined,
  ...more,
})

describe('paths of weights', () => {
  it('do not depend on what stands before a repeat', () => {
    const repeated = ['g[0].conv.kernel', 'g[0].conv.bias', 'g[1].conv.kernel', 'g[1].conv.bias']
    expect(pathsOf(plain)).toEqual(['f.kernel', 'f.bias', ...repeated])
    expect(pathsOf(mixed)).toEqual(['f.kernel', 'f.bias', 'g.kernel', 'g.bias', ...repeated])
  })

  it('were otherwise before', () => {
    expect(pathsOf(mixed, 'statement').slice(2, 5)).toEqual(['g.conv.kernel', 'g.conv.bias', 'g[0].Block.conv.kernel'])
  })
})

describe('a run that was made before', () => {
  /** As runs of before are: their record has no word of it. */
  const old = async (out: string, more: Partial<TrainOptions> = {}): Promise<void> => {
    await train(await options(out, { loaded: loadModel(mixed, { paths: 'statement' }), ...more }))
    const { record } = runPaths(at(out))
    const json = readFileSync(record, 'utf8')
    expect(json).toMatch(/,\n\s*"paths": "statement"|"paths": "statement"/)
    writeFileSync(record, json.replace(/"paths": "statement",?\s*/, ''))
  }
  const weights = async (out: string) => (await readSafetensors(runPaths(at(out)).weights)).tensors

  it('is resumed with the names that it has, and ends as one of today does', async () => {
    await old('whole')
    await old('stopped', { signal: AbortSignal.abort() })
    await train(await options('stopped', { resume: true }))
    const [stopped, whole] = await Promise.all([weights('stopped'), weights('whole')])
    expect([...stopped.keys()]).toContain('g[0].Block.conv.kernel')
    for (const [name, { data }] of whole) expect([...stopped.get(name)!.data], name).toEqual([...data])
  })

  it('opens, as does a file that it was written to', async () => {
    await old('opened')
    const opened = await openNetwork(at('opened'))
    expect(opened.network.weights.map((weight) => weight.path)).toContain('g[1].Block.conv.bias')
    await packNetwork(opened, at('opened.safetensors'))
    const again = await openNetwork(at('opened.safetensors'))
    expect(again.hash).toBe(opened.hash)
  })

  it('gives all its weights to a new one', async () => {
    await old('before')
    const said: string[] = []
    await train(await options('after', { from: at('before'), steps: 1, say: (line) => said.push(line) }))
    expect(said.some((line) => line.startsWith('8 of 8 weights from'))).toBe(true)
    expect(said.filter((line) => /starting fresh|not used/.test(line))).toEqual([])
    const [before, after] = await Promise.all([weights('before'), weights('after')])
    expect(farthest(after.get('g[0].conv.kernel')!.data, before.get('g[0].Block.conv.kernel')!.data)).toBeLessThan(2e-3)
  })
})
