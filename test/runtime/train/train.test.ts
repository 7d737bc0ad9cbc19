import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import { listPictures } from '../../../src/runtime/data/dataset.ts'
import { crop } from '../../../src/runtime/data/picture.ts'
import { writePng } from '../../../src/runtime/data/png-writer.ts'
import { readPicture } from '../../../src/runtime/data/read-picture.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { listCheckpoints, openRun, readLog, runPaths, type Run, type RunRecord } from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors, writeSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'
import { train, type StepProgress, type TrainOptions } from '../../../src/runtime/train/train.ts'
import { model, painted, quietEngine, root, temporaryFolder, tinier } from '../network/small.ts'
import { fields } from './fields.ts'

const folder = temporaryFolder()
let engine: Engine
beforeAll(async () => void (engine = await quietEngine()))

let runs = 0
/** A training into a folder of its own, on the samples. */
const options = (more: Partial<TrainOptions> = {}): TrainOptions => ({
  loaded: model('iste.arch', tinier),
  data: fields,
  out: path.join(folder, `run${runs++}`),
  engine,
  seed: 1,
  steps: 2,
  val: 0.3,
  checkpointEvery: 1000,
  say: () => undefined,
  ...more,
})

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const weightsOf = async (run: Run): Promise<ReadonlyMap<string, Tensor>> =>
  (await readSafetensors(runPaths(run.folder).weights)).tensors
const plain = (tensors: ReadonlyMap<string, Tensor>): [string, number[]][] =>
  [...tensors].map(([name, { data }]) => [name, Array.from(data as Float32Array)])
const failure = async (promise: Promise<unknown>): Promise<UserError> => {
  const error: unknown = await promise.then(() => undefined, (reason: unknown) => reason) // prettier-ignore
  expect(error).toBeInstanceOf(UserError)
  return error as UserError
}

describe('forty steps of ISTE on the samples', () => {
  let run: Run
  const told: StepProgress[] = []
  const steps = 40
  beforeAll(async () => {
    const sets = [...tinier, 'train.optimizer=adam(lr: 2e-3)', 'train.schedule=step(at: [500], factor: 0.5)']
    ;({ run } = await train(
      options({ loaded: model('iste.arch', sets), steps, checkpointEvery: 7, onStep: (progress) => told.push(progress) }),
    ))
  })

  it('lower the loss by a third', () => {
    const losses = told.map(({ loss }) => loss)
    expect(losses.every((loss) => loss > 0 && loss < 2)).toBe(true)
    expect(mean(losses.slice(-10))).toBeLessThan(0.67 * mean(losses.slice(0, 4)))
  })

  it('write a line of the log each, every field a number', async () => {
    const log = await readLog(run)
    expect(log.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, at) => at + 1))
    for (const [at, line] of log.entries()) {
      expect(Object.keys(line).sort()).toEqual(['epoch', 'l1(rgb, target)', 'loss', 'milliseconds', 'rate', 'step', 'time'])
      expect(line['loss']).toBe(told[at]!.loss)
      expect(line['l1(rgb, target)']).toBe(line['loss'])
      expect(line['epoch']).toBe(Math.floor((at / steps) * 1000))
      expect(line['rate']).toBe(at < 20 ? 2e-3 : 1e-3) // the schedule is scaled to the steps
      expect(Number.isInteger(line['milliseconds'])).toBe(true)
      expect(Date.parse(String(line['time']))).toBeGreaterThan(Date.parse(run.created) - 1000)
    }
    expect(readFileSync(runPaths(run.folder).log, 'utf8')).toMatch(/^(\{.*\}\n){40}$/)
  })

  it('tell how much time is left', () => {
    expect(told.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, at) => at + 1))
    const { milliseconds } = told[steps - 2]!
    // No time before it is known, and none at the end.
    for (const at of [0, 1, -1]) expect(told.at(at)).not.toHaveProperty('secondsLeft')
    expect(told[9]!.secondsLeft).toBeGreaterThan((5 * milliseconds) / 1000 / 4)
  })

  it('keep the last three checkpoints and the best, and publish the last weights', async () => {
    const kept = await listCheckpoints(run)
    const all = kept.map(({ step }) => step)
    expect(all.slice(-3)).toEqual([28, 35, 40])
    expect(all.length).toBeLessThanOrEqual(4)
    const best = kept.toSorted((a, b) => a.loss! - b.loss!)[0]!
    if (all.length === 4) expect(best.step).toBe(all[0])
    const last = await readSafetensors(path.join(kept.at(-1)!.folder, 'weights.safetensors'))
    expect(plain(await weightsOf(run))).toEqual(plain(last.tensors))
  })

  it('leave events for TensorBoard and no lock', () => {
    const events = readdirSync(run.folder).filter((name) => name.startsWith('events.out.tfevents.'))
    expect(events).toHaveLength(1)
    const bytes = readFileSync(path.join(run.folder, events[0]!), 'latin1')
    for (const tag of ['train/loss', 'train/rate', 'val/loss']) expect(bytes).toContain(tag)
    expect(existsSync(runPaths(run.folder).lock)).toBe(false)
  })

  it('record values with their origins, data, seed, engine and versions', async () => {
    const { record } = await openRun(run.folder)
    expect(record).toMatchObject({ model: 'ISTE', preset: 'tiny', variants: [], seed: 1, training: { steps: 40 } })
    const origin = (name: string): RunRecord['values'][number] | undefined => record.values.find((value) => value.path === name)
    expect(origin('dim')).toEqual({ path: 'dim', value: '32', origin: 'preset tiny' })
    expect(origin('lfi.window')).toEqual({ path: 'lfi.window', value: '3', origin: 'default' })
    expect(origin('train.q')).toMatchObject({ value: '64', origin: expect.stringMatching(/^--set/) as string })
    expect(record.versions).toMatchObject({
      archc: expect.stringMatching(/^\d/) as string,
      node: process.versions.node,
      tfjs: '4.22.0',
    })
    expect(record.engine).toMatchObject({ name: engine.name, version: engine.version, description: engine.description })
    expect(record.data).toHaveLength(9)
    for (const entry of record.data) expect(entry.sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  it('never split a group', async () => {
    const { record } = await openRun(run.folder)
    const sides = new Map<string, Set<string>>()
    for (const { group, split } of record.data) sides.set(group!, (sides.get(group!) ?? new Set()).add(split))
    expect([...sides.keys()].sort()).toEqual(['brecahad A', 'brecahad B', 'brecahad C'])
    for (const [group, found] of sides) expect([...found], group).toHaveLength(1)
    expect(record.data.filter(({ split }) => split === 'val')).toHaveLength(3)
  })
})

it('the variant on bicubic begins at bicubic and learns a field by heart', async () => {
  const { picture } = await readPicture(path.join(root, 'samples', 'train', 'brecahad_10014.jpg'))
  const file = path.join(folder, 'one.png')
  await writePng(crop(picture, 300, 300, 32, 32), file)
  const sets = [
    'train.h=16',
    'train.w=16',
    'train.B=1',
    'train.q=512',
    'train.augment=[]',
    'train.optimizer=adam(lr: 1e-3)',
    'train.schedule=constant',
    'train.m=2',
  ]
  const losses: number[] = []
  await train(
    options({
      loaded: model('variants/iste-on-bicubic.arch', sets),
      data: await listPictures(file),
      steps: 50,
      val: 0,
      onStep: ({ loss }) => losses.push(loss),
    }),
  )
  // ISTE without the base begins twenty times higher.
  expect(losses[0]).toBeLessThan(0.03)
  expect(mean(losses.slice(-8))).toBeLessThan(0.8 * mean(losses.slice(0, 8)))
})

describe('what a run depends on', () => {
  it('the same seed gives the same weights bit for bit, another seed others', async () => {
    const each = (seed: number) => train(options({ seed }))
    const [a, b, c] = [await each(1), await each(1), await each(2)]
    const [first, again, other] = [plain(await weightsOf(a.run)), plain(await weightsOf(b.run)), plain(await weightsOf(c.run))]
    expect(again).toEqual(first)
    expect(other.map(([name]) => name)).toEqual(first.map(([name]) => name))
    expect(other).not.toEqual(first)
    expect(c.loss).not.toBe(a.loss)
  })

  it('grey, RGBA and tiny pictures train beside others', async () => {
    const mixed = path.join(folder, 'mixed')
    mkdirSync(mixed)
    await writePng(painted(3, 2), path.join(mixed, 'tiny.png'))
    const raw = { width: 40, height: 30, channels: 3 } as const
    await sharp(Buffer.from(painted(40, 30).data), { raw })
      .greyscale()
      .png()
      .toFile(path.join(mixed, 'grey.png'))
    await sharp(Buffer.from(painted(40, 30, 2).data), { raw })
      .ensureAlpha(0.3)
      .png()
      .toFile(path.join(mixed, 'rgba.png'))
    const { step, loss } = await train(options({ data: await listPictures(mixed), val: 0, steps: 3 }))
    expect(step).toBe(3)
    expect(loss).toBeGreaterThan(0)
  })
})

describe('what is not finite', () => {
  it('stops training with the step, the tensor and the last good checkpoint', async () => {
    // The rate jumps to 1e30 for the update of step 5, whose weights overflow in step 6.
    const loaded = model('iste.arch', [
      ...tinier,
      'train.optimizer=adam(lr: 1e-4)',
      'train.schedule=step(at: [500], factor: 1e34)',
    ])
    const given = options({ loaded, steps: 8, checkpointEvery: 2 })
    const error = await failure(train(given))
    expect(error.message).toMatch(/^training stopped at step 6: encoder\.\S+ is the first tensor that is not finite$/)
    expect(error.help).toContain(`the last good checkpoint is of step 4 in ${path.join(given.out, 'checkpoints')}`)
    const run = await openRun(given.out)
    expect((await listCheckpoints(run)).map(({ step }) => step)).toEqual([2, 4])
    for (const [name, values] of plain(await weightsOf(run)))
      expect(
        values.every((value) => Math.abs(value) < 100),
        name,
      ).toBe(true)
    expect((await readLog(run)).at(-1)).toEqual({ step: 6, stopped: error.message.replace('training stopped at step 6: ', '') })
    expect(existsSync(runPaths(given.out).lock)).toBe(false)
  })

  it('is no checkpoint: a validation that overflows stops before it is saved', async () => {
    // The rate jumps for the update of step 3, after which the pictures set aside are looked at.
    const loaded = model('iste.arch', [
      ...tinier,
      'train.optimizer=adam(lr: 1e-4)',
      'train.schedule=step(at: [500], factor: 1e34)',
    ])
    const given = options({ loaded, steps: 4, checkpointEvery: 1 })
    const error = await failure(train(given))
    expect(error.message).toMatch(/^training stopped at step 3: .* is not finite/)
    expect(error.help).toMatch(/the last good checkpoint is of step 2/)
    expect((await listCheckpoints(await openRun(given.out))).map(({ step }) => step)).toEqual([1, 2])
  })
})

describe('training from other weights', () => {
  let base: Run
  const lines: string[] = []
  const still = [...tinier, 'train.optimizer=adam(lr: 1e-12)'] // so slow that weights stay what they were at the start
  beforeAll(async () => void ({ run: base } = await train(options({ seed: 9 }))))
  const begin = (file: string, more: Partial<TrainOptions> = {}) => {
    lines.length = 0
    return train(
      options({
        loaded: model(file, still),
        steps: 1,
        from: runPaths(base.folder).weights,
        say: (line) => lines.push(line),
        ...more,
      }),
    )
  }

  it('into a variant takes over everything that it shares, and says what is left over', async () => {
    const { run } = await begin('ablations/wo-lfi.arch')
    const [before, after] = [await weightsOf(base), await weightsOf(run)]
    for (const [name, tensor] of after) {
      const start = before.get(name)!.data as Float32Array
      expect(
        (tensor.data as Float32Array).every((value, at) => Math.abs(value - start[at]!) < 1e-6),
        name,
      ).toBe(true)
    }
    expect(lines.filter((line) => line.startsWith('new'))).toEqual([])
    expect(lines.find((line) => line.startsWith('not used: '))).toMatch(/lfi\.key_value\.kernel/)
    expect(lines[0]).toMatch(/^training ISTE, w\/o LFI, preset tiny: .* parameters, on /)
    expect(lines[1]).toBe(`${after.size} of ${after.size} weights from ${runPaths(base.folder).weights}`)
  })

  it('of a variant into the base says what is new, and starts that from the seed', async () => {
    const { run: ablated } = await train(options({ loaded: model('ablations/wo-lfi.arch', tinier), steps: 1, seed: 9 }))
    const { run } = await begin('iste.arch', { from: ablated.folder, seed: 4 })
    const { run: fresh } = await train(options({ loaded: model('iste.arch', still), steps: 1, seed: 4 }))
    expect(
      lines
        .find((line) => line.startsWith('new, starting fresh: '))
        ?.split(': ')[1]!
        .split(', ')
        .every((name) => name.startsWith('lfi.')),
    ).toBe(true)
    const [taken, alike, own] = [await weightsOf(ablated), await weightsOf(run), await weightsOf(fresh)]
    for (const [name, tensor] of alike) {
      const start = (taken.get(name) ?? own.get(name)!).data as Float32Array
      expect(
        (tensor.data as Float32Array).every((value, at) => Math.abs(value - start[at]!) < 1e-6),
        name,
      ).toBe(true)
    }
  })

  it('of other shapes names them', async () => {
    await begin('iste.arch', { loaded: model('iste.arch', [...still, 'dim=16']) })
    expect(lines.find((line) => line.startsWith('another shape'))).toMatch(
      /lpd\.linear\.kernel is \[.*\], the network's is \[.*\]/,
    )
  })

  it('of one part takes that alone, says what is fresh, and keeps both in run.json', async () => {
    const { run } = await begin('iste.arch', { parts: ['encoder', 'lfi.query'], seed: 4 })
    const { run: fresh } = await train(options({ loaded: model('iste.arch', still), steps: 1, seed: 4 }))
    const [taken, mixed, own] = [await weightsOf(base), await weightsOf(run), await weightsOf(fresh)]
    const isTaken = (name: string): boolean => name.startsWith('encoder.') || name.startsWith('lfi.query.')
    for (const [name, tensor] of mixed) {
      const start = (isTaken(name) ? taken : own).get(name)!.data as Float32Array
      expect(
        (tensor.data as Float32Array).every((value, at) => Math.abs(value - start[at]!) < 1e-6),
        name,
      ).toBe(true)
    }
    expect(lines[1]).toMatch(/^\d+ of \d+ weights from .*weights\.safetensors, those under encoder or lfi\.query$/)
    expect(lines.find((line) => line.startsWith('not asked for, starting fresh: '))).toMatch(/lpd: \d+/)
    const { training } = (await openRun(run.folder)).record
    expect(training!.parts).toEqual(['encoder', 'lfi.query'])
    expect([...training!.taken!].sort()).toEqual([...mixed.keys()].filter(isTaken).sort())
    expect([...training!.fresh!].sort()).toEqual([...mixed.keys()].filter((name) => !isTaken(name)).sort())
  })

  it.each<[string[], RegExp]>([
    [['encodr'], /^the model has no weights under encodr; did you mean encoder\?$/],
    [['encoder', 'lfi.qury'], /^the model has no weights under lfi\.qury; did you mean lfi\.query\?$/],
  ])('of the part %s is refused, and leaves no run', async (parts, message) => {
    const out = path.join(folder, 'nowhere')
    expect((await failure(begin('iste.arch', { parts, out }))).message).toMatch(message)
    expect(existsSync(out)).toBe(false)
  })

  it('that fit nothing is refused, and leaves no run', async () => {
    const file = path.join(folder, 'strange.safetensors')
    const out = path.join(folder, 'never')
    await writeSafetensors(file, new Map([['conv1.weight', { shape: [1], dtype: 'F32', data: new Float32Array(1) }]]))
    expect((await failure(begin('iste.arch', { from: file, out }))).message).toBe(`nothing in ${file} fits this network`)
    expect(existsSync(out)).toBe(false)
  })

  it('is not forgotten by a run that stopped before its first checkpoint', async () => {
    const given = { steps: 2, from: runPaths(base.folder).weights, loaded: model('iste.arch', tinier) }
    const whole = await train(options(given))
    const stopped = options({ ...given, signal: AbortSignal.abort() })
    expect(await train(stopped)).toMatchObject({ step: 0, finished: false })
    const { from: _from, steps: _steps, signal: _signal, ...resumed } = stopped
    expect(await train({ ...resumed, resume: true })).toMatchObject({ step: 2, finished: true })
    expect(plain(await weightsOf(await openRun(stopped.out)))).toEqual(plain(await weightsOf(whole.run)))
  })
})
