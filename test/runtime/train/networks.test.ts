import { readFileSync } from 'node:fs'
import path from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { listCheckpoints, openRun, readLog, runPaths } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors } from '../../../src/runtime/files/safetensors.ts'
import type { LoadedModel } from '../../../src/runtime/network/load-model.ts'
import { train, type TrainOptions } from '../../../src/runtime/train/train.ts'
import { model, quietEngine, temporaryFolder } from '../network/small.ts'
import { fields } from './fields.ts'

const folder = temporaryFolder()
let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))

const training = (loaded: LoadedModel, out: string, more: Partial<TrainOptions> = {}) =>
  train({
    loaded,
    data: fields,
    out: path.join(folder, out),
    engine,
    seed: 1,
    val: 0.3,
    checkpointEvery: 1000,
    say: () => undefined,
    ...more,
  })
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

/** At rates that show in some seconds; everything else is the network's own protocol. */
const haste = 'train.optimizer=adam(lr: 2e-3)'

describe('every network trains by its own protocol on the samples', () => {
  it.each(['edsr.arch', 'liif.arch', 'lte.arch', 'lmliif.arch', 'lmlte.arch', 'srno.arch', 'zoo/nafnet.arch', 'li.arch'])(
    '%s: the loss falls',
    async (file) => {
      const steps = 40
      const { run } = await training(model(file, [haste]), `falls-${path.basename(file, '.arch')}`, { steps })
      const losses = (await readLog(run)).map(({ loss }) => loss as number)
      expect(losses).toHaveLength(steps)
      expect(mean(losses.slice(-8))).toBeLessThan(0.9 * mean(losses.slice(0, 4)))
    },
  )

  it.each<[file: string, B: number, lr: number, at: number[], epochs: number]>([
    ['iste.arch', 16, 1e-4, [500, 800, 900, 950], 1000],
    ['liif.arch', 16, 1e-4, [200, 400, 600, 800], 1000],
    ['lte.arch', 32, 2e-4, [500, 800, 900, 950], 1000],
    ['lmliif.arch', 32, 2e-4, [500, 800, 900, 950], 1000],
    ['variants/lmliif-edsr.arch', 16, 1e-4, [200, 400, 600, 800, 1000], 1200],
    ['lmlte.arch', 32, 2e-4, [500, 800, 900, 950], 1000],
    ['variants/lmlte-edsr.arch', 16, 1e-4, [200, 400, 600, 800, 1000], 1200],
    ['edsr.arch', 16, 1e-4, [200, 400, 600, 800], 1000],
    ['edsr-pytorch.arch', 16, 1e-4, [200], 300],
  ])('%s: batch %i, rate %f, halved at %j of %i epochs', (file, B, lr, at, epochs) => {
    const { sizes, objectives, epochs: found } = model(file, [], '').model.train!
    expect({ B: sizes['B'], epochs: found }).toEqual({ B, epochs })
    expect(objectives).toMatchObject([
      { optimizer: { name: 'adam', settings: { lr, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } }, schedule: { at, factor: 0.5 } },
    ])
  })

  it('li.arch: batch 32 of 224 x 224, 900 epochs, the judge at a tenth of the rate, one step each, both to 5 %', () => {
    const { sizes, objectives, epochs } = model('li.arch', [], '').model.train!
    expect({ sizes, epochs }).toEqual({ sizes: { B: 32, H: 224, W: 224 }, epochs: 900 })
    expect(
      objectives.map(({ optimizer, schedule, every, group }) => ({ lr: optimizer.settings['lr'], schedule, every, group })),
    ).toEqual([
      { lr: 1e-4, schedule: { kind: 'cosine', to: 0.05, restarts: [], decay: 1 }, every: 1, group: undefined },
      { lr: 1e-5, schedule: { kind: 'cosine', to: 0.05, restarts: [], decay: 1 }, every: 1, group: 'judge' },
    ])
  })
})

/** Everything of a run that must not depend on how often it was stopped. */
const everything = async (out: string) => {
  const run = await openRun(path.join(folder, out))
  const last = (await listCheckpoints(run)).at(-1)!
  const numbers = async (file: string) =>
    [...(await readSafetensors(file)).tensors].map(
      ([name, { data }]) => [name, Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')] as const,
    )
  return {
    weights: await numbers(runPaths(run.folder).weights),
    optimizer: await numbers(path.join(last.folder, 'optimizer.safetensors')),
    state: JSON.parse(readFileSync(path.join(last.folder, 'state.json'), 'utf8')) as unknown,
    log: (await readLog(run)).map(({ milliseconds: _, time: __, ...rest }) => rest),
  }
}

describe('a network and its adversary (Li’s)', () => {
  const steps = 9
  const every = 3
  // Layer by layer: a graph's last bits may differ from process to process.
  beforeAll(async () => {
    await training(model('li.arch'), 'whole', { steps, checkpointEvery: every })
  })

  it('have their losses logged apart, and both sum up as the text says', async () => {
    for (const line of (await everything('whole')).log as unknown as Record<string, number>[]) {
      const term = (name: string): number => line[name]!
      expect(line['loss']).toBeCloseTo(0.99 * term('l1(sr, target)') + 0.01 * term('mse(judge(sr, x), 1)'), 5)
      expect(line['judge loss']).toBeCloseTo(
        0.5 * term('judge mse(judge(target, x), 1)') + 0.5 * term('judge mse(judge(sr, x), 0)'),
        5,
      )
    }
  })

  it('are both in the checkpoint with both optimisers, and both move', async () => {
    const { weights, optimizer } = await everything('whole')
    const names = weights.map(([name]) => name)
    for (const part of ['generator', 'judge']) {
      expect(
        names.some((name) => name.startsWith(`${part}.`)),
        part,
      ).toBe(true)
      expect(
        optimizer.some(([name]) => name.includes(`${part}.`)),
        part,
      ).toBe(true)
    }
    const { run } = await training(model('li.arch'), 'one-step', { steps: 1 })
    const before = new Map((await everything(path.basename(run.folder))).weights)
    const moved = weights.filter(([name, bits]) => before.get(name) !== bits).map(([name]) => name)
    for (const part of ['generator', 'judge'])
      expect(
        moved.some((name) => name.startsWith(`${part}.`)),
        part,
      ).toBe(true)
  })

  it('stopped and resumed end as if they had not been, bit for bit', async () => {
    const stop = new AbortController()
    await training(model('li.arch'), 'stopped', {
      steps,
      checkpointEvery: every,
      signal: stop.signal,
      onStep: ({ step }) => void (step === 5 && stop.abort()),
    })
    expect((await everything('stopped')).log).toHaveLength(5)
    await training(model('li.arch'), 'stopped', { checkpointEvery: every, resume: true })
    expect(await everything('stopped')).toEqual(await everything('whole'))
  })
})

describe.each([
  'optimizer=adamw(lr: 1e-3, weight_decay: 0.1, decay: kernels)',
  'optimizer=sgd(lr: 0.05, momentum: 0.9, nesterov: true)',
])('a recipe with %s, warm-up and clipping', (optimizer) => {
  const sets = ['train.steps=6', 'train.warmup=3', 'train.clip=norm(0.1)', 'train.schedule=lr * (1 - step / steps)']
  const recipe = (): LoadedModel => model('edsr.arch', [...sets, `train.${optimizer}`])

  it('runs for its steps at its rates, and ends alike where it was stopped and resumed', async () => {
    const out = optimizer.slice(10, 14)
    const { step } = await training(recipe(), `${out}-whole`, { checkpointEvery: 2 })
    expect(step).toBe(6)
    const stop = new AbortController()
    await training(recipe(), `${out}-stopped`, {
      checkpointEvery: 2,
      signal: stop.signal,
      onStep: (each) => void (each.step === 3 && stop.abort()),
    })
    await training(recipe(), `${out}-stopped`, { checkpointEvery: 2, resume: true })
    const [whole, stopped] = [await everything(`${out}-whole`), await everything(`${out}-stopped`)]
    expect(stopped).toEqual(whole)
    const lr = recipe().model.train!.objectives[0]!.optimizer.settings['lr'] as number
    const shares = [1 / 3, (2 / 3) * (5 / 6), 4 / 6, 3 / 6, 2 / 6, 1 / 6]
    whole.log.forEach(({ rate }, at) => expect((rate as number) / lr).toBeCloseTo(shares[at]!, 6))
  })
})

it('without epochs the steps of a text go through the pictures, and what is said in epochs comes at its time', async () => {
  const sets = ['train.steps=6', 'train.schedule=step(at: [1], factor: 0.5)', haste]
  const { run } = await training(model('zoo/nafnet.arch', sets), 'steps-alone')
  const log = await readLog(run)
  const turn = log.findIndex(({ epoch }) => epoch === 1)
  expect(turn).toBeGreaterThan(0)
  expect(log.map(({ rate }) => rate)).toEqual(log.map((_, at) => (at < turn ? 2e-3 : 1e-3)))
})
