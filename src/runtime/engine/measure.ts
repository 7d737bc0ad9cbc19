import { performance } from 'node:perf_hooks'
import type * as tfjs from '@tensorflow/tfjs'
import { tf, type Engine } from './load.ts'

/** Rates in GFLOP/s (a multiply-add is two operations), each the best of several runs, with the sizes they were taken at. */
export interface Rates {
  readonly matmul: { readonly size: number; readonly gflops: number }
  readonly convolution: { readonly channels: number; readonly height: number; readonly width: number; readonly gflops: number }
}

const rounds = 7
/** Milliseconds after which no further round starts: the slow engines need not run all seven. */
const patience = 3_000

/** The rate (GFLOP/s) of an operation of `flops` operations: the minimum time of several runs after a first one to warm up. */
function rate(flops: number, operation: () => tfjs.Tensor): number {
  const { tidy } = tf()
  let best = Infinity
  const end = performance.now() + patience
  for (let round = 0; round <= rounds && (round < 2 || performance.now() < end); round += 1) {
    const start = performance.now()
    tidy(() => operation().flatten().slice(0, 1).dataSync())
    if (round > 0) best = Math.min(best, performance.now() - start)
  }
  return flops / best / 1e6
}

/**
 * Measures a square matrix product and a 3x3 convolution with 180 channels (SwinIR's width) on the active engine, one to
 * two seconds. Plain JavaScript gets smaller sizes, else it would take minutes.
 */
export function measureRates(engine: Engine): Rates {
  const { tidy, randomNormal, matMul, conv2d } = tf()
  const size = engine.name === 'cpu' ? 256 : 2048
  const side = engine.name === 'cpu' ? 8 : 64
  const channels = 180
  return tidy(() => {
    const a = randomNormal<tfjs.Rank.R2>([size, size])
    const b = randomNormal<tfjs.Rank.R2>([size, size])
    const picture = randomNormal<tfjs.Rank.R4>([1, side, side, channels])
    const filter = randomNormal<tfjs.Rank.R4>([3, 3, channels, channels])
    return {
      matmul: { size, gflops: rate(2 * size ** 3, () => matMul(a, b)) },
      convolution: {
        channels,
        height: side,
        width: side,
        gflops: rate(2 * 9 * side * side * channels * channels, () => conv2d(picture, filter, 1, 'same')),
      },
    }
  })
}
