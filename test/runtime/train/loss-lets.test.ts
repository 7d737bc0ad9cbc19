import { beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import path from 'node:path'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { openRun, readLog } from '../../../src/runtime/files/run-folder.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Learner } from '../../../src/runtime/train/learner.ts'
import { momentInputs } from '../../../src/runtime/train/schedule.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { memoryHost } from '../../compiler/memory-host.ts'
import { quietEngine, temporaryFolder } from '../network/small.ts'
import { fields } from './fields.ts'

const folder = temporaryFolder()
let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))

const text = `
model Small {
  scale m = 2
  input lr: [B, h, w, 3] as image
  output sr: [B, 2 * h, 2 * w, 3] as image
  slot judge: [B, 2 * h, 2 * w, 3] -> [B, 2 * h, 2 * w, 1] = conv(out: 1, kernel: 3)
  return lr -> conv(out: 12, kernel: 3) -> pixel_shuffle(by: 2)
}

train {
  B: 2, h: 8, w: 8
  let fake = judge(sr)
  let pixels = l1(sr, target)
  let fooled = mse(fake, 1)
  let share = min(1, step / 4)
  loss: pixels + 0.5 * share * fooled
  optimizer: sgd(lr: 1e-3)
  epochs: 3
  judge {
    let caught = mse(judge(target), 1) + mse(fake, 0)
    loss: caught * (1 + epoch / epochs + steps)
    optimizer: sgd(lr: 1e-3)
  }
}
`
const loaded = loadModel('small.arch', {}, memoryHost({ 'small.arch': text }))
const { model } = loaded
const plan = model.train!
const draws = (): never => {
  throw new Error('nothing is drawn')
}

it('lets that are numbers are reported by their names, where the loss needs them', () => {
  expect(plan.objectives.map(({ terms }) => terms)).toEqual([['pixels', 'fooled', 'share'], ['caught']])
  expect(plan.objectives[0]!.graph.inputs.map(({ name }) => name)).toContain('step')
  expect(model.graph.inputs.map(({ name }) => name)).toEqual(['lr'])
})

describe.each<[string, () => Promise<Learner>]>([
  ['one graph a step', () => graphLearner(model.graph, plan.objectives, plan.sizes, plan.sizes, draws)],
  ['layer by layer', async () => layersLearner(model.graph, plan.objectives, draws)],
])('%s', (_, open) => {
  it('a loss follows step, epoch, epochs and steps without being compiled again', async () => {
    const learner = await open()
    const all = [model.graph, ...plan.objectives.map(({ graph }) => graph)].flatMap(({ weights }) => weights)
    await learner.assign({ weights: initialWeights([...new Map(all.map((weight) => [weight.path, weight])).values()], 1) })
    const random = createRandom(2)
    const filled = (shape: readonly number[]) => ({
      shape,
      data: Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.uniform(-1, 1)),
    })
    const batch = { lr: filled([2, 8, 8, 3]), target: filled([2, 16, 16, 3]) }
    for (const step of [0, 1, 3, 9]) {
      const moment = { step, steps: 7, epoch: step % 3, epochs: 3 }
      const given = { ...batch, ...momentInputs(plan, moment) }
      const validated = await learner.loss(given)
      const measured = await learner.step(step, [given], [1e-3, 1e-3])
      const { pixels, fooled, share, loss } = measured as Record<'pixels' | 'fooled' | 'share' | 'loss', number>
      expect(share).toBeCloseTo(Math.min(1, step / 4), 6)
      expect(Math.abs(loss - (pixels + 0.5 * Math.min(1, step / 4) * fooled))).toBeLessThan(1e-5 * loss)
      expect(Math.abs(validated - loss)).toBeLessThan(1e-5 * loss)
      const caught = measured['judge caught']!
      expect(Math.abs(measured['judge loss']! - caught * (1 + (step % 3) / 3 + 7))).toBeLessThan(1e-4 * caught)
    }
    learner.close()
  })
})

it('a training gives its losses the step that it is at', async () => {
  const out = path.join(folder, 'run')
  await train({ loaded, data: fields, out, engine, seed: 1, steps: 6, val: 0.3, checkpointEvery: 3, say: () => undefined })
  const log = await readLog(await openRun(out))
  expect(log.map(({ share }) => share)).toEqual([0, 0.25, 0.5, 0.75, 1, 1])
})
