import * as tf from '@tensorflow/tfjs'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { separable } from '../../../src/compiler/passes/separable.ts'
import { stages } from '../../../src/compiler/passes/stages.ts'
import { held } from '../../../src/runtime/data/source.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { pixelCentre } from '../../../src/runtime/network/coordinates.ts'
import type { Network } from '../../../src/runtime/network/network.ts'
import { normalised } from '../../../src/runtime/network/normalised.ts'
import { outputOf, pictureInput } from '../../../src/runtime/predict/roles.ts'
import type { Extent } from '../../../src/runtime/predict/places.ts'
import type { CompiledModel } from '../../../src/compiler/plan.ts'
import { createPredictor } from '../../../src/runtime/predict/predict.ts'
import { farthest, lively, model, painted, quietEngine, temporaryFolder } from '../network/small.ts'

beforeAll(quietEngine)

const folder = temporaryFolder()

/** A decoder of its own, behind an encoder of one convolution. */
const text = (name: string, body: string): string => `module Wave(k: int) {
  input offset: [B, q, t, 1]
  input cell: [B, q, t, 2]
  output [B, q, t, k]
  return concat(offset, cell, axis: -1) -> linear(out: 5) -> sin -> linear(out: k)
}
model ${name} {
  scale m in 1 .. 8
  input lr: [B, h, w, 3] as image
  input coord: [B, q, 2] as coordinates
  input cell: [B, q, 2] as cell
  output rgb: [B, q, 3] as samples
  let f = lr -> conv(out: 12, kernel: 3)
${body}
}
`
const decoders = {
  // corners, mixed by their weights, rows of the map before the basis and behind it
  Corners: `  let at = corners(coord, cell, lr, f)
  let (y, x) = at.offset -> split(sizes: [1, 1], axis: -1)
  let basis = Wave(y, at.cell, k: 4) * Wave(x, at.cell, k: 4)
  let taken = take(f, at.index) -> rearrange("B q t (k c) -> B q t k c", c: 3)
  return sample(lr, coord, kernel: bilinear) + ensemble(einsum(basis, taken, "B q t k, B q t k c -> B q t c"), at.weight)`,
  // along one axis alone, from a map that is longer than the picture
  Stripes: `  let g = pad_to(f, multiple: 8, mode: zero)
  let at = nearest(coord, cell, lr, g)
  let (_, x) = at.offset -> split(sizes: [1, 1], axis: -1)
  let taken = take(g, at.index) -> rearrange("B q t (c k) -> B q t c k", c: 3)
  return ensemble(einsum(taken, Wave(x, at.cell, k: 4), "B q t c k, B q t k -> B q t c"), at.weight) + sample(f[.., :3], coord, kernel: bicubic)`,
}
const others = {
  // a function of both offsets at once
  Joint: `  let at = corners(coord, cell, lr, f)
  let basis = sin(at.offset -> linear(out: 4))
  let taken = take(f, at.index) -> rearrange("B q t (c k) -> B q t c k", c: 3)
  return ensemble(einsum(taken, basis, "B q t c k, B q t k -> B q t c"), at.weight)`,
  // corners look at one another
  Lanes: `  let at = corners(coord, cell, lr, f)
  let (y, x) = at.offset -> split(sizes: [1, 1], axis: -1)
  let other = roll(y, by: [1], axes: [2])
  let taken = take(f, at.index) -> rearrange("B q t (c k) -> B q t c k", c: 3)
  return ensemble(einsum(taken, Wave(other, at.cell, k: 4) * Wave(x, at.cell, k: 4), "B q t c k, B q t k -> B q t c"), at.weight)`,
  // not linear in what is taken
  Bent: `  let at = nearest(coord, cell, lr, f)
  let (y, x) = at.offset -> split(sizes: [1, 1], axis: -1)
  let taken = take(f, at.index) -> relu -> rearrange("B q t (c k) -> B q t c k", c: 3)
  return ensemble(einsum(taken, Wave(y, at.cell, k: 4) * Wave(x, at.cell, k: 4), "B q t c k, B q t k -> B q t c"), at.weight)`,
}
const written = (name: string, body: string) => {
  const file = path.join(folder, `${name}.arch`)
  writeFileSync(file, text(name, body))
  return loadModel(file, {})
}
const separated = (loaded: ReturnType<typeof loadModel>) => separable(loaded.model, stages(loaded.model)!, 'rgb')

const low = painted(41, 34)

/** The whole graph at all positions at once, 0 to 1. */
function atEach(model: CompiledModel, network: Network, { extent, m, cellClip, compression }: Asked): Float32Array {
  const { width, height } = extent
  const clip = Math.max(m / cellClip, 1)
  const coord = Array.from({ length: width * height }, (_, at) => [pixelCentre(Math.floor(at / width), height), pixelCentre(at % width, width)]) // prettier-ignore
  const cell = coord.map(() => [(clip * 2) / height, (clip * 2) / width])
  return tf.tidy(() => {
    const lr = tf.tensor(normalised(low.data, pictureInput(model)), [1, low.height, low.width, 3])
    const told = tf.tensor([[compression]])
    const { rgb } = network
      .lower(model.graph, 'whole')
      .run({ lr, coord: tf.tensor([coord]), cell: tf.tensor([cell]), strength: told })
    const [from, to] = outputOf(model, 'rgb').range
    return tf.div(tf.sub(rgb!, from), to - from).dataSync<'float32'>()
  })
}
interface Asked {
  readonly extent: Extent
  readonly m: number
  readonly cellClip: number
  readonly compression: number
}

describe.each([
  ['live.arch', () => model('live.arch')] as const,
  ...Object.entries(decoders).map(([name, body]) => [name, () => written(name, body)] as const),
])('%s, axis by axis', (_, load) => {
  const loaded = load()
  const network = lively(loaded)
  const predictor = createPredictor(loaded.model, network)

  it('is of a form that separates', () => expect(separated(loaded)?.paintings).toHaveLength(1))

  it.each([
    [82, 68],
    [123, 102],
    [110, 97],
    [97, 120],
    [41, 34],
    [257, 213],
  ])('gives at %i x %i what each position gives by itself', async (width, height) => {
    const m = width / 41
    const options = { extent: { width, height }, m, scope: { kind: 'full' as const }, cellClip: 4, compression: 0.4 }
    const whole = await predictor.whole(held(low), options)
    expect(farthest(whole, atEach(loaded.model, network, options))).toBeLessThan(2e-5)
    expect(farthest(whole, await predictor.whole(held(low), { ...options, tile: 16 }))).toBeLessThan(2e-5)
    const part = { top: 11, bottom: 27, left: 5, right: 33 }
    const there = await predictor.whole(held(low), { ...options, tile: 16, part })
    const expected = Array.from({ length: 16 }, (_row, row) => [...whole.subarray(3 * ((11 + row) * width + 5), 3 * ((11 + row) * width + 33))]) // prettier-ignore
    expect(farthest(there, expected.flat())).toBeLessThan(2e-5)
    const steps = [...predictor.schedule(low, options).steps].map((step) => step.do)
    expect(steps).toContain('paint')
    expect(steps).not.toContain('decode')
  })
})

it.each(Object.entries(others))('%s is computed position by position', (name, body) => {
  expect(separated(written(name, body))).toBeUndefined()
})
