import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Scope } from '../../../src/compiler/plan.ts'
import { held, type PictureSource } from '../../../src/runtime/data/source.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import type { Extent, Rectangle } from '../../../src/runtime/predict/places.ts'
import { createPredictor, type PredictOptions } from '../../../src/runtime/predict/predict.ts'
import { farthest, lively, model, painted, quietEngine, started, temporaryFolder } from '../network/small.ts'

beforeAll(quietEngine)

const folder = temporaryFolder()

const low = painted(40, 34)
const extent = { width: 60, height: 51 }
const part: Rectangle = { top: 13, bottom: 37, left: 21, right: 50 }
const cutOut = (values: Float32Array, { top, bottom, left, right }: Rectangle): Float32Array =>
  Float32Array.from(
    Array.from({ length: bottom - top }, (_, row) => [
      ...values.subarray(3 * ((top + row) * extent.width + left), 3 * ((top + row) * extent.width + right)),
    ]).flat(),
  )

describe.each(['iste.arch', 'liif.arch'])('a part of what %s makes', (file) => {
  const loaded = model(file, ['encoder.window=4'].slice(0, file === 'iste.arch' ? 1 : 0))
  const predictor = createPredictor(loaded.model, lively(loaded))
  it.each<Scope>([
    { kind: 'full' },
    { kind: 'lattice', count: 50 },
    { kind: 'raster', count: 333 },
    { kind: 'tile', count: 400 },
  ])('is that part of the whole, scope %j', async (scope) => {
    const options = { extent, m: 1.5, scope, tile: 16 }
    const whole = await predictor.whole(held(low), options)
    const rows: [number, number][] = []
    for await (const { from, to, values } of predictor.rows(held(low), { ...options, part })) {
      rows.push([from, to])
      expect(values()).toHaveLength(3 * (to - from) * (part.right - part.left))
    }
    expect(rows[0]![0]).toBe(part.top)
    expect(rows.at(-1)![1]).toBe(part.bottom)
    rows.slice(1).forEach(([from], at) => expect(from).toBe(rows[at]![1]))
    expect(farthest(await predictor.whole(held(low), { ...options, part }), cutOut(whole, part))).toBeLessThan(1e-4)
  })
})

it('queries that depend on one another are computed together, whatever is asked for, and by scope', async () => {
  const loaded = model('srno.arch')
  const network = lively(loaded)
  const predictor = createPredictor(loaded.model, network)
  const options = { extent, m: 1.5, scope: { kind: 'full' as const }, tile: 16 }
  expect(predictor.estimate(low, options)).toMatchObject({ tiles: 1, whole: expect.stringContaining('mixed[0].table') as string })
  const whole = await predictor.whole(held(low), options)
  expect(farthest(await predictor.whole(held(low), { ...options, part }), cutOut(whole, part))).toBeLessThan(1e-5)
  // the official validation: attention inside of runs of rows only
  const runs = await predictor.whole(held(low), { ...options, scope: { kind: 'raster', count: 5 * extent.width } })
  expect(farthest(runs, whole)).toBeGreaterThan(1e-3)
  const first = await predictor.whole(held(low), { ...options, scope: { kind: 'raster', count: 5 * extent.width }, part: { top: 0, bottom: 5, left: 0, right: extent.width } }) // prettier-ignore
  expect(farthest(first, runs.subarray(0, first.length))).toBeLessThan(1e-5)
})

it('a network without coordinates that reads the scale is told it', async () => {
  const file = path.join(folder, 'scaled.arch')
  writeFileSync(
    file,
    `model Scaled {
  scale m = 3
  input lr: [B, h, w, 3] as image
  input zoom: [B, 1, 1, 1] as scale
  input pixel: [B, 2] as cell
  output sr: [B, m * h, m * w, 3] as image
  let cell = rearrange(concat(h * pixel[:, :1], w * pixel[:, 1:], axis: -1), "B a -> B 1 1 a")
  let told = zoom / 3 + mean(cell, axis: -1, keep: true) * 1.5
  return interpolate(lr * told / 2, by: m, kernel: nearest)
}
`,
  )
  const scaled = loadModel(file, {})
  const predictor = createPredictor(scaled.model, started(scaled))
  const wide = { extent: { width: 3 * low.width, height: 3 * low.height }, m: 3, scope: { kind: 'full' as const } }
  const whole = await predictor.whole(held(low), wide)
  const bytes = [0, 1, 2].map((channel) => low.data[channel]! / 255)
  bytes.forEach((byte, channel) => expect(whole[channel]).toBeCloseTo(byte, 5))
  expect(farthest(await predictor.whole(held(low), { ...wide, tile: 8 }), whole)).toBeLessThan(1e-5)
})

it('a network without coordinates is cut in tiles, and makes what it makes of the whole', async () => {
  const loaded = model('edsr.arch', ['stages=[2]'])
  const predictor = createPredictor(loaded.model, lively(loaded))
  const large = painted(96, 70)
  const options = { extent: { width: 192, height: 140 }, m: 2, scope: { kind: 'full' as const } }
  const { tiles, overlap, reach } = predictor.estimate(large, { ...options, tile: 16 })
  expect({ tiles: tiles > 4, overlap }).toEqual({ tiles: true, overlap: reach })
  const whole = await predictor.whole(held(large), options)
  expect(farthest(await predictor.whole(held(large), { ...options, tile: 16 }), whole)).toBeLessThan(1e-5)
  const part = { top: 31, bottom: 77, left: 20, right: 101 }
  const got = await predictor.whole(held(large), { ...options, tile: 16, part })
  expect(got[0]).toBeCloseTo(whole[3 * (31 * 192 + 20)]!, 5)
  expect(got.at(-1)).toBeCloseTo(whole[3 * (76 * 192 + 100) + 2]!, 5)
})

it('what looks at the whole picture is named where it would be cut otherwise, and is computed whole', async () => {
  const file = path.join(folder, 'gated.arch')
  writeFileSync(
    file,
    `model Gated {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, m * h, m * w, 3] as image
  let f = lr -> conv(out: 8, kernel: 3)
  let gate = mean(f, axis: [1, 2], keep: true) -> conv(out: 8, kernel: 1) -> sigmoid
  return (f * gate) -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: m)
}
`,
  )
  const gated = loadModel(file, {})
  const predictor = createPredictor(gated.model, lively(gated))
  const options = ({ width, height }: Extent, tile?: number): PredictOptions => ({
    extent: { width: 2 * width, height: 2 * height },
    m: 2,
    scope: { kind: 'full' },
    ...(tile !== undefined && { tile }),
  })
  const [small, large] = [painted(40, 16), painted(41, 16)]
  expect(predictor.estimate(small, options(small, 40)).whole).toBeUndefined()
  expect(predictor.estimate(large, options(large, 40))).toMatchObject({ tiles: 1, whole: 'reduce_mean in gate' })
  expect(await predictor.whole(held(large), options(large, 40))).toEqual(await predictor.whole(held(large), options(large)))
  const enlarged = model('variants/li-on-its-input.arch', [])
  const restored = createPredictor(enlarged.model, started(enlarged))
  expect(restored.estimate(large, options(large, 40)).whole).toBe('its input is the picture enlarged')
})

it.each([
  ['variants/edsr-on-bicubic.arch', ['stages=[2]']],
  ['liif.arch', []],
])(
  'a picture of ten thousand million pixels, computed and not stored, is enlarged by %s where it is asked for',
  async (file, sets) => {
    const side = 100_000
    // The same eight columns and rows again and again, so that a place far out has the surroundings of one near the beginning.
    const level = (x: number, y: number): number => 30 * (((x % 8) ^ (y % 8)) & 7)
    const endless: PictureSource = {
      width: side,
      height: side,
      region: (x, y, width, height) =>
        Promise.resolve({
          width,
          height,
          data: Uint8Array.from({ length: 3 * width * height }, (_, at) => {
            const pixel = Math.floor(at / 3)
            return level(x + (pixel % width), y + Math.floor(pixel / width))
          }),
        }),
    }
    const loaded = model(file, sets)
    const predictor = createPredictor(loaded.model, lively(loaded))
    const options = { extent: { width: 2 * side, height: 2 * side }, m: 2, scope: { kind: 'lattice' as const, count: 100 } }
    const at = (top: number, left: number) =>
      predictor.whole(endless, { ...options, part: { top, bottom: top + 8, left, right: left + 8 } })
    const [near, far] = [await at(160_000, 32), await at(2 * side - 400, 2 * side - 320)]
    expect(far.some((value) => value !== far[0])).toBe(true)
    // Coordinates are single floats: out there a pixel's centre is known to a hundredth of it.
    expect(farthest(far, near)).toBeLessThan(0.02)
  },
)
