import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { reachable } from '../../../src/compiler/kernels/value.ts'
import { trainStep } from '../../../src/compiler/targets/savedmodel/signatures.ts'
import { inBfloat16, memoryOf } from '../../../src/compiler/targets/savedmodel/write.ts'
import { UserError } from '../../../src/errors.ts'
import { requireBfloat16 } from '../../../src/runtime/engine/bfloat16.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { makeItem, planItem, stackItems } from '../../../src/runtime/train/batch.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { model, painted, quietEngine, temporaryFolder } from '../network/small.ts'
import { fields } from './fields.ts'
import { outcome } from './outcome.ts'

let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))
const folder = temporaryFolder()

const sets = ['blocks=1', 'train.h=8', 'train.w=8', 'train.B=2', 'train.precision=bf16']
const loaded = model('edsr.arch', sets)
const { graph, train: plan } = loaded.model
const draws = (): never => {
  throw new Error('nothing is random here')
}
const has = (() => {
  try {
    requireBfloat16()
    return true
  } catch {
    return false
  }
})()

it('products and convolutions are computed in bfloat16, everything else in float32', () => {
  const plain = trainStep('step', plan!.objectives, plan!.sizes)
  const step = inBfloat16(plain)
  const roots = [...Object.values(step.outputs), ...step.assigned.values(), ...step.moved!.flatMap(({ operands }) => operands)]
  const values = reachable(roots)
  const heavy = values.filter(({ kernel }) => /^(Conv2D|MatMul|BatchMatMul)/.test(kernel))
  expect(heavy.length).toBeGreaterThan(10)
  for (const { dtype, inputs } of heavy) {
    expect(dtype).toBe('bfloat16')
    expect(inputs.every((input) => input.dtype !== 'float32')).toBe(true)
  }
  const others = values.filter((value) => !heavy.includes(value) && value.kernel !== 'Cast')
  expect(others.filter(({ dtype }) => dtype === 'bfloat16')).toEqual([])
  expect(roots.filter(({ dtype }) => dtype === 'bfloat16')).toEqual([])
  expect(memoryOf(step).peakBytes).toBeGreaterThan(0)
})

it('a step has the loss and the gradients of float32, but for the bits that are not there', async () => {
  const learned = async (precision?: 'bf16') => {
    const learner = await graphLearner(graph, plan!.objectives, plan!.sizes, plan!.sizes, draws, {
      ...(precision && { precision }),
    })
    const start = initialWeights(graph.weights, 2)
    await learner.assign({ weights: start })
    const items = Array.from({ length: 2 }, (_, at) =>
      makeItem(loaded.model, plan!, painted(40, 40), planItem(loaded.model, plan!, createRandom(at), { epoch: 0, epochs: 1 })),
    )
    const batch = stackItems(loaded.model, plan!, items)
    const { loss } = await learner.step(0, [batch], [0])
    // Adam's first moments after one update are the gradients, but for a factor.
    const { optimizer } = await learner.read()
    const validated = await learner.loss(batch)
    learner.close()
    return { loss: loss!, validated, moments: [...optimizer].filter(([name]) => name.startsWith('m.')) }
  }
  const [half, whole] = [await learned('bf16'), await learned()]
  expect(half.loss).not.toBe(whole.loss)
  expect(Math.abs(half.loss - whole.loss)).toBeLessThan(whole.loss * 2 ** -7)
  expect(half.validated).toBe(whole.validated)
  for (const [at, [name, { data }]] of half.moments.entries()) {
    const exact = whole.moments[at]![1].data
    const away = Math.hypot(...Array.from(data, (value, place) => value - exact[place]!))
    expect(away / Math.hypot(...exact), name).toBeLessThan(0.05)
    if (name.endsWith('.kernel')) expect(away, name).toBeGreaterThan(0)
  }
})

describe('a processor', () => {
  it.each(['flags\t\t: fpu avx512f avx512_bf16', 'flags\t\t: fpu amx_bf16 amx_tile'])('with %j is taken', (cpuinfo) =>
    expect(() => requireBfloat16(cpuinfo)).not.toThrow(),
  )
  it.each(['', 'flags\t\t: fpu avx512f avx512_vnni', 'Features\t: fp asimd bf16'])(
    'with %j is refused, with what to do',
    (cpuinfo) => {
      expect(() => requireBfloat16(cpuinfo)).toThrow(UserError)
      expect(() => requireBfloat16(cpuinfo)).toThrow(/has neither avx512_bf16 nor amx_bf16$/)
    },
  )
})

const given = (out: string) => ({
  loaded, data: fields, out: path.join(folder, out), engine, seed: 1, val: 0.3, checkpointEvery: 2, say: () => undefined,
}) // prettier-ignore

it.runIf(has)('a run that was stopped and resumed ends as one that was not, bit for bit', async () => {
  await train({ ...given('whole'), steps: 5 })
  const stop = new AbortController()
  await train({ ...given('stopped'), steps: 5, signal: stop.signal, onStep: ({ step }) => void (step === 3 && stop.abort()) })
  await train({ ...given('stopped'), resume: true })
  expect(await outcome(path.join(folder, 'stopped'))).toEqual(await outcome(path.join(folder, 'whole')))
})

it('layer by layer it is refused', async () => {
  await expect(train({ ...given('layers'), steps: 1, layers: true })).rejects.toThrow(/layer by layer is float32/)
})
