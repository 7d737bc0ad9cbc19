import { beforeAll, describe, expect, it } from 'vitest'
import { listPictures } from '../../../src/runtime/data/dataset.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { createRandom } from '../../../src/runtime/files/random.ts'
import { readLog, runPaths } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors } from '../../../src/runtime/files/safetensors.ts'
import { initialWeights } from '../../../src/runtime/network/network.ts'
import { makeItem, planItem, stackItems, type Item } from '../../../src/runtime/train/batch.ts'
import { graphLearner } from '../../../src/runtime/train/graph-learner.ts'
import { layersLearner } from '../../../src/runtime/train/layers-learner.ts'
import type { Draws, Learner } from '../../../src/runtime/train/learner.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { farthest, model, painted, quietEngine, samples, temporaryFolder, tinier } from '../network/small.ts'

let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))
const folder = temporaryFolder()

const draws: Draws = (step, count, layer) => {
  const random = createRandom(3).split(`${step} ${layer}`)
  return Float32Array.from({ length: count }, () => random.uniform())
}
/** Six items an update, whose gradients are cut down; the encoder of ISTE drops paths at random. */
const recipe = (batch: number, accumulate: number, clip: string) =>
  model('iste.arch', [...tinier, 'encoder.drop=0.5', `train.B=${batch}`, `train.accumulate=${accumulate}`, `train.clip=${clip}`])
    .model

async function trained(learner: Learner, plan: ReturnType<typeof recipe>, items: (step: number) => readonly Item[]) {
  const { objectives, sizes, accumulate } = plan.train!
  const batch = sizes['B']!
  await learner.assign({ weights: initialWeights(plan.graph.weights, 2) })
  const losses: number[] = []
  for (let step = 0; step < 4; step += 1) {
    const all = items(step)
    const batches = Array.from({ length: accumulate }, (_, at) =>
      stackItems(plan, plan.train!, all.slice(at * batch, (at + 1) * batch)),
    )
    losses.push(
      (
        await learner.step(
          step,
          batches,
          objectives.map(() => 1e-3),
        )
      )['loss']!,
    )
  }
  const { weights, counts } = await learner.read()
  learner.close()
  return { losses, weights, counts }
}

describe.each(['none', 'norm(0.05)'])('six items in batches of two, clip: %s', (clip) => {
  it.each(['graph', 'layers'] as const)('are one batch of six, by the %s learner', async (kind) => {
    const [parts, whole] = [recipe(2, 3, clip), recipe(6, 1, clip)]
    const items = (step: number): Item[] =>
      Array.from({ length: 6 }, (_, at) => {
        const random = createRandom(5).split(`${step} ${at}`)
        return makeItem(whole, whole.train!, painted(60, 60), planItem(whole, whole.train!, random, { epoch: 0, epochs: 1 }))
      })
    const learner = async (plan: typeof parts): Promise<Learner> => {
      const { objectives, sizes, accumulate } = plan.train!
      return kind === 'graph'
        ? graphLearner(plan.graph, objectives, sizes, sizes, draws, { accumulate })
        : layersLearner(plan.graph, objectives, draws)
    }
    const [one, other] = [await trained(await learner(parts), parts, items), await trained(await learner(whole), whole, items)]
    expect(one.counts).toEqual([4])
    expect(one.losses[3]).not.toBe(one.losses[0])
    one.losses.forEach((loss, step) => expect(Math.abs(loss - other.losses[step]!)).toBeLessThan(2e-5 * loss))
    // Adam divides by what may be hardly more than rounding: a tenth of a step.
    for (const [path, { data }] of one.weights) expect(farthest(data, other.weights.get(path)!.data), path).toBeLessThan(1e-4)
  })
})

it('the gradient of sgd is the mean, to rounding', async () => {
  const set = 'train.optimizer=sgd(lr: 0.1)'
  const compiled = (more: readonly string[]) => model('edsr.arch', ['blocks=1', 'train.h=8', 'train.w=8', set, ...more]).model
  const [parts, whole] = [compiled(['train.B=1', 'train.accumulate=4']), compiled(['train.B=4'])]
  const items = (step: number): Item[] =>
    Array.from({ length: 4 }, (_, at) =>
      makeItem(whole, whole.train!, painted(40, 40), planItem(whole, whole.train!, createRandom(10 * step + at), { epoch: 0, epochs: 1 })),
    ) // prettier-ignore
  const learner = ({ graph, train: plan }: typeof parts) =>
    graphLearner(graph, plan!.objectives, plan!.sizes, plan!.sizes, draws, { accumulate: plan!.accumulate })
  const [one, other] = [await trained(await learner(parts), parts, items), await trained(await learner(whole), whole, items)]
  for (const [path, { data }] of one.weights) expect(farthest(data, other.weights.get(path)!.data), path).toBeLessThan(1e-6)
})

describe('a batch that is not finite', () => {
  it.each(['graph', 'layers'] as const)('among others moves nothing, and does not stay, by the %s learner', async (kind) => {
    const compiled = model('edsr.arch', ['blocks=1', 'train.h=8', 'train.w=8', 'train.B=1', 'train.accumulate=3']).model
    const { objectives, sizes, accumulate } = compiled.train!
    const made = (): Promise<Learner> | Learner =>
      kind === 'graph'
        ? graphLearner(compiled.graph, objectives, sizes, sizes, draws, { accumulate })
        : layersLearner(compiled.graph, objectives, draws)
    const batches = Array.from({ length: 3 }, (_, at) =>
      stackItems(compiled, compiled.train!, [
        makeItem(compiled, compiled.train!, painted(40, 40), planItem(compiled, compiled.train!, createRandom(at), { epoch: 0, epochs: 1 })),
      ]),
    ) // prettier-ignore
    const broken = batches.with(1, {
      ...batches[1]!,
      target: { ...batches[1]!['target']!, data: Float32Array.from(batches[1]!['target']!.data, () => NaN) },
    })
    const weights = initialWeights(compiled.graph.weights, 2)
    const learner = await made()
    await learner.assign({ weights })
    expect((await learner.step(0, broken, [1e-3]))['loss']).toBeNaN()
    const still = await learner.read()
    expect(still.counts).toEqual([0])
    for (const [path, { data }] of still.weights) expect(farthest(data, weights.get(path)!.data), path).toBe(0)
    await learner.step(1, batches, [1e-3])
    const other = await made()
    await other.assign({ weights })
    await other.step(1, batches, [1e-3])
    expect([...(await learner.read()).weights]).toEqual([...(await other.read()).weights])
    learner.close()
    other.close()
  })
})

it('a run of batches of one sees the pictures that a run of one large batch sees; steps are updates', async () => {
  const data = await listPictures(samples)
  const run = async (name: string, sets: readonly string[]) => {
    const loaded = model('edsr.arch', ['blocks=1', 'train.h=8', 'train.w=8', 'train.warmup=2', ...sets])
    const given = { loaded, data, out: `${folder}/${name}`, engine, seed: 1, steps: 3, val: 0, say: () => undefined }
    const { run: done } = await train(given)
    return { log: await readLog(done), weights: (await readSafetensors(runPaths(done.folder).weights)).tensors }
  }
  const [one, other] = [await run('parts', ['train.B=1', 'train.accumulate=4']), await run('whole', ['train.B=4'])]
  expect(one.log).toHaveLength(3)
  expect(one.log.map(({ rate }) => rate)).toEqual(other.log.map(({ rate }) => rate))
  one.log.forEach(({ loss }, at) => expect(loss).toBeCloseTo(other.log[at]!['loss'] as number, 5))
  for (const [path, { data: values }] of one.weights)
    expect(farthest(values as Float32Array, other.weights.get(path)!.data as Float32Array), path).toBeLessThan(1e-4)
})
