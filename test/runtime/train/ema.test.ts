import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { listCheckpoints, openRun, runPaths } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors } from '../../../src/runtime/files/safetensors.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { openNetwork, packNetwork } from '../../../src/runtime/network/open-network.ts'
import { makeItem, planItem, stackItems } from '../../../src/runtime/train/batch.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Learner } from '../../../src/runtime/train/learner.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { archc } from '../../cli/run-archc.ts'
import { farthest, model, painted, quietEngine, root, temporaryFolder, testField } from '../network/small.ts'
import { fields } from './fields.ts'
import { outcome } from './outcome.ts'

let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))
const folder = temporaryFolder()

const small = ['blocks=1', 'train.h=8', 'train.w=8', 'train.B=2']
const { model: compiled } = model('edsr.arch', [...small, 'train.ema=0.9'])
const { objectives, sizes, ema } = compiled.train!
const draws = (): never => {
  throw new Error('nothing is random here')
}
const batch = (step: number) =>
  stackItems(compiled, compiled.train!, Array.from({ length: 2 }, (_, at) =>
    makeItem(compiled, compiled.train!, painted(40, 40), planItem(compiled, compiled.train!, createRandom(10 * step + at), { epoch: 0, epochs: 1 })),
  )) // prettier-ignore

const learners: Readonly<Record<'graph' | 'layers', (share?: number) => Promise<Learner>>> = {
  graph: async (share) =>
    graphLearner(compiled.graph, objectives, sizes, sizes, draws, share === undefined ? {} : { ema: share }),
  layers: async (share) => layersLearner(compiled.graph, objectives, draws, share === undefined ? {} : { ema: share }),
}

describe.each(['graph', 'layers'] as const)('the running mean, by the %s learner', (kind) => {
  it('is that of its definition, begins at the weights, and is what the loss is taken of', async () => {
    const learner = await learners[kind](ema)
    const start = initialWeights(compiled.graph.weights, 2)
    await learner.assign({ weights: start })
    const exact = new Map([...start].map(([name, { data }]) => [name, Float64Array.from(data)]))
    for (let step = 0; step < 6; step += 1) {
      await learner.step(step, [batch(step)], [1e-2])
      const { weights, averages } = await learner.read()
      for (const [name, mean] of exact) {
        const now = weights.get(name)!.data
        mean.forEach((value, at) => (mean[at] = 0.9 * value + 0.1 * now[at]!))
        expect(farthest(averages!.get(name)!.data, mean), name).toBeLessThan(1e-6)
        expect(farthest(now, mean), name).toBeGreaterThan(1e-3)
      }
    }
    const { averages } = await learner.read()
    const plain = await learners[kind]()
    await plain.assign({ weights: averages! })
    expect(await learner.loss(batch(9))).toBe(await plain.loss(batch(9)))
    // It changes nothing of the training itself.
    await plain.assign({ weights: start })
    for (let step = 0; step < 6; step += 1) await plain.step(step, [batch(step)], [1e-2])
    expect([...(await learner.read()).weights]).toEqual([...(await plain.read()).weights])
    learner.close()
    plain.close()
  })

  it('goes on from a state that was read, bit for bit, and stays where a loss is not finite', async () => {
    const [one, other] = [await learners[kind](ema), await learners[kind](ema)]
    await one.assign({ weights: initialWeights(compiled.graph.weights, 2) })
    for (let step = 0; step < 3; step += 1) await one.step(step, [batch(step)], [1e-2])
    await other.assign(await one.read())
    for (const learner of [one, other]) for (let step = 3; step < 5; step += 1) await learner.step(step, [batch(step)], [1e-2])
    const [a, b] = [await one.read(), await other.read()]
    expect([...b.averages!]).toEqual([...a.averages!])
    expect([...b.weights]).toEqual([...a.weights])
    const { target, ...inputs } = batch(5)
    await one.step(5, [{ ...inputs, target: { ...target!, data: Float32Array.from(target!.data, () => NaN) } }], [1e-2])
    expect([...(await one.read()).averages!]).toEqual([...a.averages!])
    one.close()
    other.close()
  })
})

describe('a run with ema', () => {
  const sets = [...small, 'train.optimizer=adamw(lr: 1e-2)', 'train.ema=0.9']
  const said: string[] = []
  const run = path.join(folder, 'run')
  const given = (out: string, steps: number, more: readonly string[] = sets) => ({
    loaded: model('edsr.arch', more),
    data: fields,
    out,
    engine,
    seed: 1,
    steps,
    val: 0.3,
    checkpointEvery: 3,
    say: (line: string) => void said.push(line),
  })
  beforeAll(async () => void (await train(given(run, 6))))

  it('keeps the means as its weights, and the weights that training moves beside them', async () => {
    const plain = path.join(folder, 'plain')
    await train(given(plain, 6, sets.slice(0, -1)))
    const raw = (await readSafetensors(runPaths(plain).weights)).tensors
    const last = (await listCheckpoints(await openRun(run))).at(-1)!
    const { tensors } = await readSafetensors(path.join(last.folder, 'optimizer.safetensors'))
    const { tensors: means, metadata } = await readSafetensors(runPaths(run).weights)
    expect(metadata['averaged']).toBe('0.9')
    for (const [name, tensor] of raw) {
      expect(farthest(tensors.get(`raw.${name}`)!.data as Float32Array, tensor.data as Float32Array), name).toBe(0)
      expect(farthest(means.get(name)!.data as Float32Array, tensor.data as Float32Array), name).toBeGreaterThan(1e-4)
    }
    expect(said).toContainEqual(expect.stringMatching(/^step 6: validation loss of the averaged weights \d/))
  })

  it('stopped and resumed ends as one that was not, bit for bit', async () => {
    const stopped = path.join(folder, 'stopped')
    const stop = new AbortController()
    await train({ ...given(stopped, 6), signal: stop.signal, onStep: ({ step }) => step === 4 && stop.abort() })
    const { steps: _, ...same } = given(stopped, 6)
    await train({ ...same, resume: true })
    expect(await outcome(stopped)).toEqual(await outcome(run))
  })

  it('says so wherever its weights are used', async () => {
    const opened = await openNetwork(run)
    expect(opened.averaged).toBe(0.9)
    const file = path.join(folder, 'packed.safetensors')
    await packNetwork(opened, file)
    expect((await openNetwork(file)).averaged).toBe(0.9)
    const exported = await archc(['weights', 'export', run, '-o', path.join(folder, 'exported.safetensors')])
    expect(exported.stderr).toMatch(/: \d+ averaged weights \([0-9a-f]{16}\)/)
    const evaluated = await archc(['evaluate', run, '--data', testField, '--scales', '2', '--no-frechet', '--yes'])
    expect(evaluated.code, evaluated.stderr).toBe(0)
    expect(evaluated.stderr).toMatch(/to compute and judge, by averaged weights: /)
    const { definitions } = JSON.parse(readFileSync(path.join(run, 'evaluation', 'evaluation.json'), 'utf8')) as { definitions: Record<string, string> } // prettier-ignore
    expect(definitions['weights']).toBe('averaged in training (ema 0.9)')
    const enlarged = await archc(['upscale', path.join(root, 'samples', 'test', 'cmu1_x620_y560.png'), '--scale', '2', '--run', run, '-o', path.join(folder, 'large.png'), '--yes']) // prettier-ignore
    expect(enlarged.code, enlarged.stderr).toBe(0)
    expect(enlarged.stderr).toContain(`${run}: averaged weights (ema 0.9)`)
  })
})

it('of a model with a discriminator the mean is taken of what train.loss moves', async () => {
  const { graph, train: plan } = model('li.arch', ['train.ema=0.9']).model
  const learner = await graphLearner(graph, plan!.objectives, plan!.sizes, plan!.sizes, draws, { ema: 0.9 })
  await learner.assign({})
  const { averages, weights } = await learner.read()
  const own = graph.weights.map((weight) => weight.path)
  expect([...averages!.keys()].sort()).toEqual([...own].sort())
  expect([...weights.keys()].some((name) => name.startsWith('judge.'))).toBe(true)
  learner.close()
})
