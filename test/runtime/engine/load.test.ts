import * as tf from '@tensorflow/tfjs'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { engineCommand } from '../../../src/cli/engine.ts'
import { engineHome, loadEngine, type Engine } from '../../../src/runtime/engine/index.ts'

let engine: Engine
beforeAll(async () => {
  engine = await loadEngine({ name: 'tensorflow' })
})
// The other tests of this process go on with TensorFlow.
afterAll(() => loadEngine({ name: 'tensorflow' }))

describe('TensorFlow', () => {
  test('is the backend of the tfjs that everybody imports', () => {
    expect(tf.getBackend()).toBe('tensorflow')
    expect(engine).toMatchObject({ name: 'tensorflow', version: '2.21.0', where: engineHome(), trains: true })
    expect(engine.description).toMatch(/^TensorFlow 2\.21\.0 \((CPU, \d+ cores?|GPU)\) through tfjs-node$/)
  })

  test('multiplies matrices', () => {
    expect(
      tf.tidy(() =>
        tf
          .matMul(
            [
              [1, 2],
              [3, 4],
            ],
            [
              [5, 6],
              [7, 8],
            ],
          )
          .arraySync(),
      ),
    ).toEqual([
      [19, 22],
      [43, 50],
    ])
  })

  test("a convolution's gradient is that of its definition", () => {
    const gradient = tf.tidy(() => {
      const picture = tf.range(0, 9).reshape<tf.Tensor4D>([1, 3, 3, 1])
      const total = (filter: tf.Tensor): tf.Tensor => tf.sum(tf.conv2d(picture, filter as tf.Tensor4D, 1, 'valid'))
      return tf
        .grad(total)(tf.ones([2, 2, 1, 1]))
        .arraySync()
    })
    // Each weight meets the four pixels of its shifted 2x2 window: 0+1+3+4, 1+2+4+5, 3+4+6+7, 4+5+7+8.
    expect((gradient as number[][][][]).flat(3)).toEqual([8, 12, 20, 24])
  })

  test('loading it again gives the same, at once', async () => {
    expect(await loadEngine()).toBe(engine)
    expect(await loadEngine({ name: 'tensorflow' })).toBe(engine)
  })
})

describe('the fallbacks, by name', () => {
  test.each([
    ['wasm', false],
    ['cpu', true],
  ] as const)('%s multiplies, quietly; trains: %s', async (name, trains) => {
    const warned = vi.spyOn(console, 'warn')
    const fallback = await loadEngine({ name })
    expect(fallback).toMatchObject({ name, trains })
    expect(tf.getBackend()).toBe(name)
    expect(tf.tidy(() => tf.matMul([[1, 2]], [[3], [4]]).arraySync())).toEqual([[11]])
    expect(warned).not.toHaveBeenCalled()
    warned.mockRestore()
    await loadEngine({ name: 'tensorflow' })
    expect(tf.getBackend()).toBe('tensorflow')
  })
})

test('archc engine status --json', async () => {
  const written: string[] = []
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  const program = new Command().exitOverride()
  engineCommand(program)
  await program.parseAsync(['engine', 'status', '--json'], { from: 'user' }).finally(() => write.mockRestore())
  const status = JSON.parse(written.join('')) as { engine: Engine; rates: Record<'matmul' | 'convolution', { gflops: number }> }
  expect(status).toMatchObject({
    engine: { name: 'tensorflow' },
    tensorflow: { version: '2.21.0' },
    missing: [],
    fallbacks: ['wasm', 'cpu'],
  })
  expect(status.rates.matmul.gflops).toBeGreaterThan(1)
  expect(status.rates.convolution.gflops).toBeGreaterThan(1)
})
