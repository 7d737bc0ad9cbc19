import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { held } from '../../../src/runtime/data/source.ts'
import { strengthOf } from '../../../src/runtime/data/compression.ts'
import { compressionOf, degrade, type PictureOp } from '../../../src/runtime/data/degrade.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { createPredictor } from '../../../src/runtime/predict/predict.ts'
import { makeItem, planItem, stackItems } from '../../../src/runtime/train/batch.ts'
import { farthest, lively, painted, quietEngine, temporaryFolder } from '../network/small.ts'

/** Networks that are told how the picture was compressed: one of whole pictures, one that decodes queries, by features and by the value itself. */
const head = (name: string): string => `model ${name}(width: int = 8) {
  scale m = 2
  input lr: [B, h, w, 3] as image
  input told: [B, 1] as compression
`
const train = (more: string): string => `
train { B: 2, h: 12, w: 12, ${more} degrade: [resize(kernel: bicubic), jpeg(quality: uniform(30, 90))], loss: l1(sr, target), optimizer: adam(lr: 1e-3) }
`
const modulated = `  let gain = told -> linear(out: width) -> sigmoid -> rearrange("B c -> B 1 1 c")
  let f = (lr -> conv(out: width, kernel: 3)) * gain -> conv(out: width, kernel: 3)
`
const texts = {
  'plain.arch': `${head('Plain')}  output sr: [B, m * h, m * w, 3] as image
${modulated.replace('* gain ->', '* gain\n  let g = f ->').replace('let f = (lr', 'let f = (lr')}  return g -> conv(out: 3 * m * m, kernel: 3) -> pixel_shuffle(by: m)
}
${train('')}`,
  'queries.arch': `${head('Queries')}  input coord: [B, q, 2] as coordinates
  output sr: [B, q, 3] as samples
${modulated.replace('* gain ->', '* gain\n  let g = f ->')}  let asked = sample(g, coord, kernel: bilinear) * (told -> linear(out: width) -> rearrange("B c -> B 1 c"))
  return asked -> linear(out: 3)
}
${train('q: 50,')}`,
}

const folder = temporaryFolder()
const loaded = (file: keyof typeof texts) => {
  const at = path.join(folder, file)
  writeFileSync(at, texts[file])
  return loadModel(at, {})
}

beforeAll(quietEngine)

describe.each(Object.keys(texts) as (keyof typeof texts)[])('%s', (file) => {
  it('gives another picture where it is told otherwise, and the same in tiles', async () => {
    const one = loaded(file)
    const predictor = createPredictor(one.model, lively(one))
    const picture = held(painted(40, 30))
    const options = { extent: { width: 80, height: 60 }, m: 2, scope: one.model.evaluate.scope }
    const results = await Promise.all([0, 0.5].map((compression) => predictor.whole(picture, { ...options, compression })))
    expect(farthest(results[0]!, results[1]!)).toBeGreaterThan(1e-3)
    expect(farthest(await predictor.whole(picture, options), results[0]!)).toBe(0)
    const tiled = await predictor.whole(picture, { ...options, compression: 0.5, tile: 16 })
    expect(farthest(tiled, results[1]!)).toBeLessThan(1e-5)
  })

  it('is told in training what was drawn', () => {
    const { model } = loaded(file)
    const plan = model.train!
    const items = [1, 2].map((seed) => {
      const planned = planItem(model, plan, createRandom(seed), { epoch: 0, epochs: 1 })
      return makeItem(model, plan, painted(24, 24), planned)
    })
    const { told } = stackItems(model, plan, items)
    expect(told!.shape).toEqual([2, 1])
    // The crop is the whole picture, so the quality is what is drawn after it.
    const wanted = [1, 2].map((seed) => {
      const random = createRandom(seed)
      random.int(1)
      random.int(1)
      return strengthOf({ quality: Math.floor(random.uniform(30, 90) + 0.5) })
    })
    expect([...(told!.data as Float32Array)]).toEqual(wanted.map(Math.fround))
  })
})

describe('how strongly a picture was compressed', () => {
  it('is nought for one that never was, and grows as the quality falls', () => {
    expect(strengthOf(undefined)).toBe(0)
    const all = Array.from({ length: 100 }, (_, at) => strengthOf({ quality: 100 - at }))
    expect(all[0]).toBeCloseTo(1 / 8, 12)
    expect(all[99]).toBeCloseTo(1, 12)
    all.forEach((strength, at) => at > 0 && expect(strength).toBeGreaterThanOrEqual(all[at - 1]!))
    // Of quality 50, whose steps are the standard's own; by Python of the tables that Pillow writes.
    expect(strengthOf({ quality: 50 })).toBeCloseTo(0.692815428, 8)
  })

  const jpeg = (quality: number): PictureOp => ({ op: 'jpeg', quality, subsampling: '4:2:0' })
  const resize: PictureOp = { op: 'resize', kernel: 'bicubic' }
  it.each<[PictureOp[], number | undefined]>([
    [[resize], undefined],
    [[resize, jpeg(80)], 80],
    [[jpeg(40), resize], undefined],
    [[jpeg(40), resize, jpeg(90)], 90],
    [[resize, jpeg(60), jpeg(95)], 60],
    [[resize, jpeg(60), { op: 'sharpen', percent: 50, radius: 1 }], undefined],
    [[], undefined],
  ])('is what the JPEGs at the end leave: %#', (ops, quality) => {
    expect(compressionOf(ops)?.quality).toBe(quality)
    expect(degrade(painted(24, 24), ops, 12, 12).width).toBe(ops.includes(resize) ? 12 : 24)
  })
})
