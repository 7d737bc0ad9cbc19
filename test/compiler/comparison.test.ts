import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { compileModule } from '../../src/compiler/module.ts'
import { lowerToLayers } from '../../src/compiler/targets/layers/lower.ts'
import { createRandom } from '../../src/runtime/files/random.ts'
import { quietEngine } from '../runtime/network/small.ts'
import { memoryHost } from './memory-host.ts'

beforeAll(quietEngine)

const [batch, height, width, channels] = [2, 14, 17, 3]
const random = createRandom(3)
const picture = (): Float32Array =>
  Float32Array.from({ length: batch * height * width * channels }, () => Math.fround(random.uniform(-1, 1)))
const [a, b] = [picture(), picture().map((value, at) => 0.3 * value + 0.6 * Math.cos(at / 9))]
const at = (x: Float32Array, n: number, y: number, column: number, c: number): number =>
  x[((n * height + y) * width + column) * channels + c]!

/** What an expression over pictures a and b gives on the engine. */
function computed(code: string, shape: string): { shape: readonly number[]; data: ArrayLike<number> } {
  const text = `module It {\n  input a: [B, h, w, c]\n  input b: [B, h, w, c]\n  output [${shape}]\n  return ${code}\n}\n`
  const { graph, diagnostics } = compileModule('it.arch', 'It', memoryHost({ 'it.arch': text }), { sizes: {}, parameters: {} })
  if (!graph) throw new Error(diagnostics[0]?.message)
  const model = lowerToLayers(tf, graph, `it_${code.replace(/\W+/g, '_')}`)
  return tf.tidy(() => {
    const given = { a: tf.tensor(a, [batch, height, width, channels]), b: tf.tensor(b, [batch, height, width, channels]) }
    const result = Object.values(model.run(given))[0]!
    return { shape: result.shape, data: result.dataSync().slice() }
  })
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('by their definitions, in double precision', () => {
  it('charbonnier', () => {
    const wanted = mean([...a].map((value, index) => Math.sqrt((value - b[index]!) ** 2 + 1e-6)))
    expect(computed('charbonnier(a, b)', '').data[0]).toBeCloseTo(wanted, 6)
    const alone = mean([...a].map((value) => Math.sqrt((value - 0.5) ** 2 + 0.04)))
    expect(computed('charbonnier(a, 0.5, epsilon: 0.2)', '').data[0]).toBeCloseTo(alone, 6)
  })

  it('ssim', () => {
    const side = Array.from({ length: 11 }, (_, index) => Math.exp(-((index - 5) ** 2) / (2 * 1.5 ** 2)))
    const total = side.reduce((sum, weight) => sum + weight)
    const similarities = (range: number): number[] => {
      const [c1, c2] = [(0.01 * range) ** 2, (0.03 * range) ** 2]
      const found: number[] = []
      for (let n = 0; n < batch; n += 1)
        for (let y = 0; y + 11 <= height; y += 1)
          for (let x = 0; x + 11 <= width; x += 1)
            for (let c = 0; c < channels; c += 1) {
              const sums = [0, 0, 0, 0, 0]
              for (let i = 0; i < 11; i += 1)
                for (let j = 0; j < 11; j += 1) {
                  const weight = (side[i]! * side[j]!) / total ** 2
                  const [p, q] = [at(a, n, y + i, x + j, c), at(b, n, y + i, x + j, c)]
                  ;[p, q, p * p, q * q, p * q].forEach((value, index) => (sums[index]! += weight * value))
                }
              const [ma, mb, aa, bb, ab] = sums as [number, number, number, number, number]
              const above = (2 * ma * mb + c1) * (2 * (ab - ma * mb) + c2)
              found.push(above / ((ma ** 2 + mb ** 2 + c1) * (aa - ma ** 2 + bb - mb ** 2 + c2)))
            }
      return found
    }
    expect(computed('ssim(a, b)', '').data[0]).toBeCloseTo(mean(similarities(2)), 5)
    expect(computed('ssim(a, b, range: 1)', '').data[0]).toBeCloseTo(mean(similarities(1)), 5)
    expect(computed('ssim(a, a)', '').data[0]).toBeCloseTo(1, 5)
  })

  it('gradient', () => {
    const { shape, data } = computed('gradient(a)', 'B, h - 1, w - 1, 2 * c')
    expect(shape).toEqual([batch, height - 1, width - 1, 2 * channels])
    const wanted: number[] = []
    for (let n = 0; n < batch; n += 1)
      for (let y = 0; y < height - 1; y += 1)
        for (let x = 0; x < width - 1; x += 1)
          for (const [down, right] of [
            [1, 0],
            [0, 1],
          ] as const)
            for (let c = 0; c < channels; c += 1) wanted.push(at(a, n, y + down, x + right, c) - at(a, n, y, x, c))
    wanted.forEach((value, index) => expect(Math.abs(data[index]! - value)).toBeLessThan(1e-6))
  })

  it('gram', () => {
    const { shape, data } = computed('gram(a)', 'B, c, c')
    expect(shape).toEqual([batch, channels, channels])
    for (let n = 0; n < batch; n += 1)
      for (let c = 0; c < channels; c += 1)
        for (let d = 0; d < channels; d += 1) {
          let sum = 0
          for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) sum += at(a, n, y, x, c) * at(a, n, y, x, d)
          expect(data[(n * channels + c) * channels + d]).toBeCloseTo(sum / (channels * height * width), 6)
        }
  })
})
