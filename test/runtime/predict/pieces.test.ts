import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { held } from '../../../src/runtime/data/source.ts'
import { encodedPlaces, KeptFeatures } from '../../../src/runtime/predict/kept-features.ts'
import type { Rectangle } from '../../../src/runtime/predict/places.ts'
import { createPredictor, type PredictOptions } from '../../../src/runtime/predict/predict.ts'
import { lively, model, painted, quietEngine } from '../network/small.ts'

beforeAll(quietEngine)

const low = painted(90, 70)
const source = held(low)
const parts: readonly (readonly [m: number, part: Rectangle])[] = [
  [2, { top: 31, bottom: 97, left: 40, right: 131 }],
  [2, { top: 50, bottom: 110, left: 60, right: 150 }],
  [2.7, { top: 90, bottom: 140, left: 100, right: 170 }],
  [1.3, { top: 0, bottom: 91, left: 0, right: 117 }],
]

describe.each([
  ['live.arch', ['encoder.c=8', 'encoder.blocks=2', 'width=8'], {}],
  ['live.arch', ['encoder.c=8', 'encoder.blocks=2', 'width=8'], { backProjection: 2 }],
  ['liif.arch', [], {}],
  ['iste.arch', ['encoder.window=4'], {}],
] as const)('pieces of what %s makes %j %j', (file, sets, more) => {
  it('are those of the whole, by kept features too', async () => {
    const loaded = model(file, [...sets])
    const predictor = createPredictor(loaded.model, lively(loaded))
    const kept = new KeptFeatures(50_000_000)
    for (const [m, part] of parts) {
      const extent = { width: Math.round(90 * m), height: Math.round(70 * m) }
      const options: PredictOptions = { extent, m, scope: { kind: 'lattice', count: 50 }, part, ...more }
      const keys = await predictor.keys(source, options)
      if (predictor.encodesByScale) kept.clear()
      const wanted = new Map<string, number>()
      for await (const rows of predictor.rows(source, options)) {
        const bytes = rows.bytes()
        for (let at = 0, row = rows.from; row < rows.to; row += 1)
          for (let column = part.left; column < part.right; column += 1, at += 3) wanted.set(`${row} ${column}`, bytes[at]!)
      }
      for await (const { place, bytes } of predictor.pieces(source, { ...options, ...(keys && { keys }) }, kept))
        for (let at = 0, row = place.top; row < place.bottom; row += 1)
          for (let column = place.left; column < place.right; column += 1, at += 3) {
            const other = wanted.get(`${row} ${column}`)
            expect(other, `${row} ${column} once`).toBeDefined()
            expect(Math.abs(other! - bytes[at]!)).toBeLessThanOrEqual(1)
            wanted.delete(`${row} ${column}`)
          }
      expect(wanted.size).toBe(0)
      keys?.dispose()
    }
    const before = tf.memory().numTensors
    for await (const _ of predictor.pieces(source, { extent: { width: 180, height: 140 }, m: 2, scope: { kind: 'lattice', count: 50 }, part: parts[0]![1], ...more, ...(file === 'iste.arch' && { keys: (await predictor.keys(source, { extent: { width: 180, height: 140 }, m: 2, scope: { kind: 'lattice', count: 50 } }))! }) }, kept)); // prettier-ignore
    if (file !== 'iste.arch') expect(tf.memory().numTensors).toBe(before)
    kept.clear()
  })
})

it('kept features: those that were used longest ago make room; ahead is encoded while there is room', async () => {
  const loaded = model('live.arch', ['encoder.c=8', 'encoder.blocks=2', 'width=8'])
  const predictor = createPredictor(loaded.model, lively(loaded))
  const options: PredictOptions = { extent: { width: 180, height: 140 }, m: 2, scope: { kind: 'full' }, part: { top: 0, bottom: 140, left: 0, right: 180 } } // prettier-ignore
  const kept = new KeptFeatures(100_000_000)
  for await (const _ of predictor.ahead(source, options, kept));
  expect(kept.divide({ top: 0, bottom: 70, left: 0, right: 90 }).missing).toEqual([])
  const full = kept.bytes
  expect(full).toBeGreaterThan(0)
  const small = new KeptFeatures(full / 4)
  for await (const _ of predictor.pieces(source, { ...options, part: { top: 0, bottom: 40, left: 0, right: 40 } }, small));
  for await (const _ of predictor.pieces(source, { ...options, part: { top: 90, bottom: 140, left: 120, right: 180 } }, small));
  expect(small.bytes).toBeLessThanOrEqual(full)
  kept.clear()
  small.clear()
  expect(kept.bytes).toBe(0)
})

it('places are cut into squares, the middle first', () => {
  const around = { top: 0, bottom: 700, left: 0, right: 900 }
  const places = encodedPlaces([around], { width: 900, height: 700 }, around, 384)
  expect(places).toHaveLength(6)
  expect(places.reduce((sum, { top, bottom, left, right }) => sum + (bottom - top) * (right - left), 0)).toBe(630_000)
  expect(places.every(({ top, bottom, left, right }) => bottom - top <= 384 && right - left <= 384)).toBe(true)
})
