import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { resize } from '../../../src/runtime/data/pillow.ts'
import type { Picture } from '../../../src/runtime/data/picture.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { held } from '../../../src/runtime/data/source.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { loadModel, type LoadedModel } from '../../../src/runtime/network/load-model.ts'
import { createPredictor, type PredictOptions } from '../../../src/runtime/predict/predict.ts'
import { makeItem, planItem } from '../../../src/runtime/train/batch.ts'
import { archc } from '../../cli/run-archc.ts'
import { farthest, painted, quietEngine, started, temporaryFolder } from '../network/small.ts'

const folder = temporaryFolder()
const train = `train { B: 1, h: 16, w: 16, loss: l1(sr, target), degrade: [resize(kernel: bicubic)], optimizer: adam(lr: 1e-4), steps: 2 }`
/** Networks of luma that give what the nearest pixel has, half as bright: what they add is known. */
const texts = {
  whole: `model M {
  scale m = 2
  input lr: [B, h, w, 1] as image in 0 .. 1
  output sr: [B, m * h, m * w, 1] as image in 0 .. 1
  return 0.5 * interpolate(lr, by: m, kernel: nearest)
}`,
  queries: `model M {
  scale m in 1 .. 8
  input lr: [B, h, w, 1] as image in -1 .. 1
  input coord: [B, q, 2] as coordinates
  output sr: [B, q, 1] as samples in -1 .. 1
  return 0.5 * sample(lr, coord, kernel: nearest) - 0.5
}`,
  learning: `model M {
  scale m = 2
  input lr: [B, h, w, 1] as image in 0 .. 1
  output sr: [B, m * h, m * w, 1] as image in 0 .. 1
  return lr -> conv(out: 4, kernel: 3) -> pixel_shuffle(by: m)
}
${train}`,
  colouring: `model M {
  scale m = 2
  input lr: [B, h, w, 3] as image in 0 .. 1
  output sr: [B, m * h, m * w, 1] as image in 0 .. 1
  return lr -> conv(out: 4, kernel: 3) -> pixel_shuffle(by: m)
}
${train}`,
}
const loaded = (name: keyof typeof texts): LoadedModel => {
  const file = path.join(folder, `${name}.arch`)
  writeFileSync(file, texts[name])
  return loadModel(file, {})
}

/** Y, Cb and Cr of BT.601, of 255, as MATLAB's rgb2ycbcr has them, and back. */
const toYcc = ([r, g, b]: readonly number[]): number[] => [
  16 + (65.481 * r! + 128.553 * g! + 24.966 * b!) / 255,
  128 + (-37.797 * r! - 74.203 * g! + 112 * b!) / 255,
  128 + (112 * r! - 93.786 * g! - 18.214 * b!) / 255,
]
const toRgb = ([y, cb, cr]: readonly number[]): number[] => {
  const [a, b, c] = [y! - 16, cb! - 128, cr! - 128]
  return [1.1643836 * a + 1.5960268 * c, 1.1643836 * a - 0.3917623 * b - 0.8129676 * c, 1.1643836 * a + 2.0172321 * b]
}
const pixel = ({ data, width }: Picture, x: number, y: number): number[] => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
]

/** Half the luma of the nearest pixel, the colours of Pillow's bicubic (in 8 bits, so within a step of the unrounded). */
function expected(low: Picture, width: number, height: number): Float32Array {
  const large = resize(low, width, height, 'bicubic')
  return Float32Array.from({ length: 3 * width * height }, (_, at) => {
    const [x, y] = [Math.floor(at / 3) % width, Math.floor(at / 3 / width)]
    const near = pixel(low, Math.floor(((x + 0.5) * low.width) / width), Math.floor(((y + 0.5) * low.height) / height))
    const [, cb, cr] = toYcc(pixel(large, x, y))
    return toRgb([0.5 * toYcc(near)[0]!, cb!, cr!])[at % 3]! / 255
  })
}

const low = painted(30, 30, 3)
/** Pillow rounds to 8 bits, the colours' conversion back enlarges that by two. */
const step = 3 / 255

beforeAll(quietEngine)

describe('a network of luma', () => {
  it.each([
    ['whole', 2, 60, 60],
    ['queries', 2, 60, 60],
    ['queries', 2.6, 78, 78],
  ] as const)('%s, x%d, gives the colours of bicubic', async (name, m, width, height) => {
    const model = loaded(name)
    const predictor = createPredictor(model.model, started(model))
    const options: PredictOptions = { extent: { width, height }, m, scope: { kind: 'full' } }
    const result = await predictor.whole(held(low), options)
    expect(farthest(result, expected(low, width, height))).toBeLessThan(step)
    // The same in tiles, and a part by itself.
    expect(farthest(await predictor.whole(held(low), { ...options, tile: 8 }), result)).toBeLessThan(1e-5)
    const part = { top: 10, bottom: 31, left: 7, right: 50 }
    const cut = await predictor.whole(held(low), { ...options, part })
    const wanted = Float32Array.from({ length: cut.length }, (_, at) => {
      const [x, y] = [Math.floor(at / 3) % 43, Math.floor(at / 3 / 43)]
      return result[3 * ((y + 10) * width + x + 7) + (at % 3)]!
    })
    expect(farthest(cut, wanted)).toBeLessThan(1e-5)
  })

  it.each(['learning', 'colouring'] as const)('%s, is trained on unrounded luma of what was degraded in colours', (name) => {
    const { model } = loaded(name)
    const plan = model.train!
    const picture = painted(32, 32, 5)
    const item = makeItem(model, plan, picture, planItem(model, plan, createRandom(1), { epoch: 0, epochs: 1 }))
    const luma = (of: Picture): Float32Array =>
      Float32Array.from(
        { length: of.width * of.height },
        (_, at) => toYcc(pixel(of, at % of.width, Math.floor(at / of.width)))[0]! / 255,
      )
    expect(farthest(item['target']!, luma(picture))).toBeLessThan(1e-6)
    const small = resize(picture, 16, 16, 'bicubic')
    const seen = name === 'learning' ? luma(small) : Float32Array.from(small.data, (sample) => sample / 255)
    expect(farthest(item['lr']!, seen)).toBeLessThan(1e-6)
  })

  it('is trained, judged and used like any other', async () => {
    loaded('learning')
    const at = (name: string): string => path.join(folder, name)
    await writePng(painted(48, 48, 7), at('field.png'))
    const trained = await archc(['train', at('learning.arch'), '--data', at('field.png'), '--out', at('run')])
    expect(trained.code, trained.stderr).toBe(0)
    const judged = await archc(['evaluate', at('run'), '--data', at('field.png'), '--no-frechet'])
    expect(judged.code, judged.stderr).toBe(0)
    expect(judged.stdout).toMatch(/^colours: luma \(BT\.601\) is the network’s, the rest of the colours that of bicubic$/m)
    const enlarged = await archc(['upscale', at('field.png'), '-s', '2', '--run', at('run'), '-o', at('large.png')])
    expect(enlarged.code, enlarged.stderr).toBe(0)
  })
})
