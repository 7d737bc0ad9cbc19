import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadEngine } from '../../../src/runtime/engine/index.ts'
import { createOptimiser } from '../../../src/runtime/train/optimiser-state.ts'

const plan = { name: 'adam', settings: { lr: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } }

beforeAll(() => loadEngine({ name: 'tensorflow' }).then(() => undefined))

/** Two variables and a gradient that depends on the step alone. */
function start() {
  const variables = new Map<string, tf.Variable>([
    ['a', tf.variable(tf.tensor1d([1, -2, 3]))],
    ['b', tf.variable(tf.tensor2d([[0.5, 4]]))],
  ])
  const adam = createOptimiser(variables, plan)
  const go = (from: number, to: number): void => {
    for (let step = from; step < to; step += 1)
      tf.tidy(() => {
        const gradients = new Map([...variables].map(([path, { shape }]) => [path, tf.fill(shape, Math.sin(step + 1))]))
        adam.step(gradients, 0.01 / (step + 1))
      })
  }
  const values = (): number[] => [...variables.values()].flatMap((variable) => [...variable.dataSync()])
  return { variables, adam, go, values }
}

describe('Adam', () => {
  test('the first step moves every element by the rate, against its gradient', () => {
    const { variables, adam, values } = start()
    const before = values()
    adam.step(new Map([['a', tf.tensor1d([5, -1e-3, 100])]]), 0.01)
    const moved = values().map((value, at) => value - before[at]!)
    ;[-0.01, 0.01, -0.01, 0, 0].forEach((expected, at) => expect(moved[at]).toBeCloseTo(expected, 6))
    expect(adam.count).toBe(1)
    expect([...variables.keys()]).toEqual(['a', 'b'])
  })

  test('a state that is read and assigned goes on as if nothing had happened, bit for bit', () => {
    const whole = start()
    whole.go(0, 7)
    const first = start()
    first.go(0, 3)
    const second = start()
    for (const [path, variable] of first.variables) second.variables.get(path)!.assign(variable)
    second.adam.assign(first.adam.read(), first.adam.count)
    second.go(3, 7)
    expect(second.values()).toEqual(whole.values())
    expect([...second.adam.read()]).toEqual([...whole.adam.read()])
    expect([...whole.adam.read().keys()]).toEqual(['m.a', 'm.b', 'v.a', 'v.b'])
  })

  test('a moment that is missing or has another shape is named', () => {
    const { adam } = start()
    const state = adam.read()
    state.delete('v.b')
    expect(() => adam.assign(state, 1)).toThrow(/v\.b is missing/)
    state.set('v.b', { shape: [3], dtype: 'F32', data: new Float32Array(3) })
    expect(() => adam.assign(state, 1)).toThrow(/v\.b is \[3\]/)
    expect(() => adam.step(new Map([['c', tf.scalar(1)]]), 1)).toThrow(/does not know c/)
  })

  test('steps leave no tensors behind', () => {
    const { go } = start()
    go(0, 1)
    const before = tf.memory().numTensors
    go(1, 5)
    expect(tf.memory().numTensors).toBe(before)
  })
})
