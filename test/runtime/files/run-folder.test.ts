import { appendFile, mkdtemp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import {
  appendLog,
  type Checkpoint,
  createRun,
  listCheckpoints,
  loadCheckpoint,
  openRun,
  readLog,
  rewindLog,
  type Run,
  runPaths,
  type RunRecord,
  saveCheckpoint,
} from '../../../src/runtime/files/run-folder.ts'
import { readSafetensors, type Tensor } from '../../../src/runtime/files/safetensors.ts'

let folder: string
let home: string
beforeEach(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'archc-run-'))
  folder = path.join(home, 'runs', 'one')
})
afterEach(() => rm(home, { recursive: true, force: true }))

const record: RunRecord = {
  model: 'ISTE',
  file: 'models/iste.arch',
  variants: ['ISTE on bicubic'],
  options: {},
  preset: 'tiny',
  values: [{ path: 'dim', value: 64, origin: 'preset tiny' }],
  seed: 7,
  versions: { archc: '0.1.0' },
  engine: { name: 'tensorflow' },
  data: [{ path: 'a.png', sha256: '00', split: 'train' }],
}
const text = 'model ISTE() {}\n'
const start = () => createRun(folder, record, text)

const f32 = (...values: number[]): Tensor => ({ shape: [values.length], dtype: 'F32', data: Float32Array.from(values) })

function checkpoint(step: number, loss: number): Checkpoint {
  return {
    step,
    loss,
    weights: new Map([['encoder.conv.kernel', f32(step, loss)]]),
    optimizer: new Map([['encoder.conv.kernel/m', f32(step / 2)]]),
    state: { generator: [1, 2, 3, 4, 5, 6, 7, 8, 0.1 + 0.2], position: { epoch: 1, item: step }, adam: step },
  }
}

async function withSteps(losses: Record<number, number>): Promise<Run> {
  const run = await start()
  for (const [step, loss] of Object.entries(losses)) await saveCheckpoint(run, checkpoint(Number(step), loss))
  return run
}

const at = (run: Run, step: number, file = '') =>
  path.join(runPaths(run.folder).checkpoints, `step-${String(step).padStart(6, '0')}`, file)
const steps = async (run: Run) => (await listCheckpoints(run)).map((entry) => entry.step)
const topWeight = async (run: Run) =>
  (await readSafetensors(runPaths(run.folder).weights)).tensors.get('encoder.conv.kernel')!.data[0]

describe('a run', () => {
  it('is made with its parents and opens as it was', async () => {
    const made = await start()
    expect((await readdir(folder)).sort()).toEqual(['checkpoints', 'evaluation', 'model.arch.txt', 'run.json'])
    expect(await openRun(folder)).toEqual(made)
    expect(made.record).toEqual(record)
  })

  it('is not made over another, nor into a folder of other things', async () => {
    await start()
    await expect(start()).rejects.toThrow(`${folder} is a run already`)
    await writeFile(path.join(home, 'note'), '')
    await expect(createRun(home, record, text)).rejects.toThrow(/it exists already/)
    expect(await readdir(home)).toEqual(['note', 'runs'])
    await mkdir(path.join(home, 'empty'))
    await createRun(path.join(home, 'empty'), record, text)
  })

  it('whose parent is a file cannot be made', async () => {
    await writeFile(path.join(home, 'runs'), '')
    await expect(start()).rejects.toThrow(UserError)
  })

  it.each<[string, (paths: ReturnType<typeof runPaths>) => Promise<void>, RegExp]>([
    ['the folder', () => rm(folder, { recursive: true }), /is no run: it does not exist/],
    ['run.json', (paths) => rm(paths.record), /is no run: it has no run\.json$/],
    ['model.arch.txt', (paths) => rm(paths.text), /is no run: it has no model\.arch\.txt/],
    [
      'both',
      async (paths) => {
        await rm(paths.record)
        await rm(paths.text)
      },
      /it has no run\.json and no model\.arch\.txt/,
    ],
    ['half of run.json', (paths) => truncate(paths.record, 50), /run\.json is not JSON/],
    [
      'its fields',
      (paths) => writeFile(paths.record, '{"format":1,"seed":1.5}'),
      /missing or wrong: created, textHash, model, .*seed/,
    ],
    ['an object', (paths) => writeFile(paths.record, '[]'), /is not the record of a run/],
    ['the text as it was', (paths) => appendFile(paths.text, '//'), /model\.arch\.txt was changed after the run began/],
  ])('without %s is told', async (_what, damage, message) => {
    await start()
    await damage(runPaths(folder))
    const failed = openRun(folder)
    await expect(failed).rejects.toThrow(UserError)
    await expect(failed).rejects.toThrow(message)
  })

  it('of a later format asks for a later archc', async () => {
    await start()
    const file = runPaths(folder).record
    await writeFile(file, (await readFile(file, 'utf8')).replace('"format": 1', '"format": 2'))
    await expect(openRun(folder)).rejects.toThrow('has format 2; this archc reads format 1')
  })
})

describe('checkpoints', () => {
  it('come back whole: weights, optimiser, state to the last bit', async () => {
    const run = await withSteps({ 100: 0.5 })
    expect(await loadCheckpoint(run, 'latest')).toEqual({ ...checkpoint(100, 0.5), notes: [] })
    expect(await topWeight(run)).toBe(100)
  })

  it('of a run without any: undefined; a step that is not there is told', async () => {
    const run = await start()
    expect(await loadCheckpoint(run, 'latest')).toBeUndefined()
    expect(await loadCheckpoint(run, 'best')).toBeUndefined()
    await expect(loadCheckpoint(run, 5)).rejects.toThrow('has no checkpoint of step 5')
    await saveCheckpoint(run, checkpoint(6, 1))
    const error: unknown = await loadCheckpoint(run, 5).catch((reason: unknown) => reason)
    expect((error as UserError).help).toBe('it has 6')
  })

  it.each<[string, Record<number, number>, number[], number]>([
    ['the best is old', { 1: 0.1, 2: 0.5, 3: 0.4, 4: 0.3, 5: 0.2 }, [1, 3, 4, 5], 1],
    ['the best is among the last', { 1: 0.9, 2: 0.8, 3: 0.7, 4: 0.1, 5: 0.3 }, [3, 4, 5], 4],
    ['a new best replaces the old', { 1: 0.5, 2: 0.9, 3: 0.9, 4: 0.9, 5: 0.4, 6: 0.6 }, [4, 5, 6], 5],
    ['equal ones: the later', { 1: 0.5, 2: 0.5, 3: 0.5, 4: 0.5 }, [2, 3, 4], 4],
    [
      'more digits sort as numbers',
      { 999_998: 3, 999_999: 3, 1_000_000: 3, 1_000_001: 3 },
      [999_999, 1_000_000, 1_000_001],
      1_000_001,
    ],
  ])('the last three and the best stay: %s', async (_case, losses, kept, best) => {
    const run = await withSteps(losses)
    expect(await steps(run)).toEqual(kept)
    expect((await loadCheckpoint(run, 'best'))!.step).toBe(best)
    expect((await loadCheckpoint(run, 'latest'))!.step).toBe(kept.at(-1))
    expect(await topWeight(run)).toBe(kept.at(-1))
    const left = [...(await readdir(folder)), ...(await readdir(runPaths(folder).checkpoints))]
    expect(left.filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it.each<[string, (run: Run) => Promise<void>, RegExp]>([
    ['weights cut short', (run) => truncate(at(run, 3, 'weights.safetensors'), 40), /weights\.safetensors is not what was saved/],
    ['optimiser missing', (run) => rm(at(run, 3, 'optimizer.safetensors')), /optimizer\.safetensors/],
    ['state cut short', (run) => truncate(at(run, 3, 'state.json'), 30), /step-000003/],
    ['state missing', (run) => rm(at(run, 3, 'state.json')), /state\.json/],
    [
      'one digit of the state changed',
      async (run) => {
        const file = at(run, 3, 'state.json')
        await writeFile(file, (await readFile(file, 'utf8')).replace('"adam": 3', '"adam": 4'))
      },
      /state\.json is damaged/,
    ],
    [
      'one bit of the weights changed',
      async (run) => {
        const file = at(run, 3, 'weights.safetensors')
        const bytes = await readFile(file)
        bytes[bytes.length - 1]! ^= 1
        await writeFile(file, bytes)
      },
      /SHA-256 differs/,
    ],
  ])('a damaged one (%s) is passed over with a note', async (_case, damage, note) => {
    const run = await withSteps({ 1: 0.3, 2: 0.2, 3: 0.1 })
    await damage(run)
    for (const which of ['latest', 'best'] as const) {
      const loaded = await loadCheckpoint(run, which)
      expect(loaded!.step).toBe(2)
      // Without a readable loss it does not stand in line for the best.
      if (which === 'latest') expect(loaded!.notes).toHaveLength(1)
      for (const found of loaded!.notes) expect(found).toMatch(note)
    }
    await expect(loadCheckpoint(run, 3)).rejects.toThrow(UserError)
  })

  it('all damaged is an error, not a fresh start', async () => {
    const run = await withSteps({ 1: 0.3, 2: 0.2 })
    await truncate(at(run, 1, 'weights.safetensors'), 8)
    await rm(at(run, 2, 'state.json'))
    await expect(loadCheckpoint(run, 'latest')).rejects.toThrow(/every checkpoint of .* is damaged: .*step-000002.*step-000001/)
  })

  it('a damaged one is replaced when its step comes again', async () => {
    const run = await withSteps({ 1: 0.3, 2: 0.2 })
    await truncate(at(run, 2, 'weights.safetensors'), 8)
    await saveCheckpoint(run, checkpoint(2, 0.2))
    expect(await loadCheckpoint(run, 2)).toEqual({ ...checkpoint(2, 0.2), notes: [] })
  })

  it('a folder that a kill left half written is no checkpoint', async () => {
    const run = await withSteps({ 1: 0.3 })
    const half = path.join(runPaths(folder).checkpoints, '.step-000002.abcdef-1-01234567.tmp')
    await mkdir(half)
    await writeFile(path.join(half, 'weights.safetensors'), 'half')
    expect(await steps(run)).toEqual([1])
    expect((await loadCheckpoint(run, 'latest'))!.notes).toEqual([])
  })

  it('a failing save leaves the ones before', async () => {
    const run = await withSteps({ 1: 0.3 })
    const misfit: Tensor = { shape: [3], dtype: 'F32', data: new Float32Array(2) }
    await expect(saveCheckpoint(run, { ...checkpoint(2, 0.1), optimizer: new Map([['m', misfit]]) })).rejects.toThrow(
      'do not fill',
    )
    expect(await steps(run)).toEqual([1])
    expect(await topWeight(run)).toBe(1)
    expect(await readdir(runPaths(folder).checkpoints)).toEqual(['step-000001'])
  })

  it('NaN is refused before anything is written', async () => {
    const run = await start()
    await expect(saveCheckpoint(run, checkpoint(1, NaN))).rejects.toThrow('loss NaN')
    await expect(saveCheckpoint(run, { ...checkpoint(1, 1), state: { scale: Infinity } })).rejects.toThrow('Infinity at scale')
    expect(await steps(run)).toEqual([])
  })

  it('the weights at the top cost no second copy', async () => {
    const run = await withSteps({ 1: 0.3 })
    expect((await stat(runPaths(folder).weights)).ino).toBe((await stat(at(run, 1, 'weights.safetensors'))).ino)
    await saveCheckpoint(run, checkpoint(1, 0.3))
    expect(await topWeight(run)).toBe(1)
  })
})

describe('the log', () => {
  it('is read back, torn lines dropped, and rewound to a step', async () => {
    const run = await start()
    expect(await readLog(run)).toEqual([])
    for (const step of [1, 2, 3]) await appendLog(run, { step, loss: 1 / step })
    await appendFile(runPaths(folder).log, '{"step":4,"lo')
    expect((await readLog(run)).map((line) => line.step)).toEqual([1, 2, 3])
    await rewindLog(run, 2)
    await appendLog(run, { step: 3, loss: 0.25 })
    expect(await readLog(run)).toEqual([
      { step: 1, loss: 1 },
      { step: 2, loss: 0.5 },
      { step: 3, loss: 0.25 },
    ])
    expect(await readFile(runPaths(folder).log, 'utf8')).toMatch(/^(\{.*\}\n){3}$/)
  })
})
