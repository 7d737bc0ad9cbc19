import { beforeAll, describe, expect, it } from 'vitest'
import { resizeWeights } from '../../../src/runtime/data/pillow.ts'
import { samplingMatrix } from '../../../src/compiler/ops/resample.ts'
import { held } from '../../../src/runtime/data/source.ts'
import { asWritten, createPredictor } from '../../../src/runtime/predict/predict.ts'
import { farthest, lively, model, painted, quietEngine } from '../network/small.ts'

beforeAll(quietEngine)

/** The same by its definition, in double precision: rows, then columns, of whole pictures. */
function byDefinition(
  result: Float32Array,
  low: ReturnType<typeof painted>,
  width: number,
  height: number,
  turns: number,
): number[] {
  const dense = (outputs: number, inputs: number, fill: (at: number) => Map<number, number>) =>
    Array.from({ length: outputs }, (_, at) => Array.from({ length: inputs }, (_none, from) => fill(at).get(from) ?? 0))
  const down = (large: number, small: number) => {
    const { first, count, weights } = resizeWeights(large, small, 'bicubic')
    return dense(
      small,
      large,
      (at) => new Map(Array.from({ length: count[at]! }, (_, tap) => [first[at]! + tap, weights(at, tap)])),
    )
  }
  const up = (small: number, large: number) => {
    const matrix = samplingMatrix(
      Array.from({ length: large }, (_, at) => ((at + 0.5) * small) / large - 0.5),
      small,
      'bicubic',
    )
    return dense(large, small, (at) => new Map(Array.from({ length: small }, (_, from) => [from, matrix[at * small + from]!])))
  }
  const times = (a: number[][], b: number[][]): number[][] => a.map((row) => b[0]!.map((_, column) => row.reduce((sum, value, at) => sum + value * b[at]![column]!, 0))) // prettier-ignore
  const turned = (a: number[][]): number[][] => a[0]!.map((_, column) => a.map((row) => row[column]!))
  const both = (y: number[][], picture: number[][], x: number[][]) => times(times(y, picture), turned(x))
  const [downY, downX, upY, upX] = [
    down(height, low.height),
    down(width, low.width),
    up(low.height, height),
    up(low.width, width),
  ]
  const channels = [0, 1, 2].map((channel) => {
    const plane = (values: ArrayLike<number>, rows: number, columns: number, scale: number) =>
      Array.from({ length: rows }, (_, row) => Array.from({ length: columns }, (_none, column) => values[3 * (row * columns + column) + channel]! / scale)) // prettier-ignore
    let picture = plane(result, height, width, 1)
    const came = plane(low.data, low.height, low.width, 255)
    for (let turn = 0; turn < turns; turn += 1) {
      const smaller = both(downY, picture, downX)
      const lacking = came.map((row, y) => row.map((value, x) => value - smaller[y]![x]!))
      const more = both(upY, lacking, upX)
      picture = picture.map((row, y) => row.map((value, x) => value + more[y]![x]!))
    }
    return picture
  })
  return Array.from(
    { length: 3 * width * height },
    (_, at) => channels[at % 3]![Math.floor(at / 3 / width)]![Math.floor(at / 3) % width]!,
  )
}

describe('back-projection', () => {
  const low = painted(34, 26)
  const loaded = model('live.arch')
  const predictor = createPredictor(loaded.model, lively(loaded))
  it.each([
    [68, 52, 1],
    [68, 52, 2],
    [92, 79, 2],
    [41, 26, 1],
  ])('at %i x %i adds what was lacking, %i times', async (width, height, backProjection) => {
    const options = { extent: { width, height }, m: width / 34, scope: { kind: 'full' as const } }
    const plain = await predictor.whole(held(low), options)
    const whole = await predictor.whole(held(low), { ...options, backProjection })
    expect(farthest(whole, byDefinition(plain, low, width, height, backProjection))).toBeLessThan(1e-5)
    expect(farthest(whole, plain)).toBeGreaterThan(0.01)
    const part = { top: 9, bottom: 21, left: 13, right: 38 }
    const there = await predictor.whole(held(low), { ...options, backProjection, part, tile: 12 })
    const expected = Array.from({ length: 12 }, (_, row) => [...whole.subarray(3 * ((9 + row) * width + 13), 3 * ((9 + row) * width + 38))]) // prettier-ignore
    expect(farthest(there, expected.flat())).toBeLessThan(2e-5)
    expect(asWritten(loaded.model)).toMatchObject({ backProjection: 2 })
    expect(asWritten(loaded.model, undefined, 0.3)).not.toHaveProperty('backProjection')
  })

  it('of a result of many bands gives every row once', async () => {
    const wide = painted(700, 40)
    const options = { extent: { width: 1400, height: 80 }, m: 2, scope: { kind: 'full' as const }, backProjection: 1 }
    let next = 0
    for await (const { from, to, values } of predictor.rows(held(wide), options)) {
      expect(from).toBe(next)
      expect(values()).toHaveLength(3 * 1400 * (to - from))
      next = to
    }
    expect(next).toBe(80)
  })
})
