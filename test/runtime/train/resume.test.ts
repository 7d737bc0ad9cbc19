import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cp, rm, truncate } from 'node:fs/promises'
import { constants } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { UserError } from '../../../src/errors.ts'
import type { Engine } from '../../../src/runtime/engine/index.ts'
import { listCheckpoints, openRun, runPaths } from '../../../src/runtime/files/run-folder.ts'
import { loadModel } from '../../../src/runtime/network/load-model.ts'
import { fileHost } from '../../../src/runtime/host.ts'
import { train } from '../../../src/runtime/train/train.ts'
import { archc, startArchc, type Started } from '../../cli/run-archc.ts'
import { model, quietEngine, temporaryFolder, tinier } from '../network/small.ts'
import { fields, others } from './fields.ts'
import { logged, outcome, reached } from './outcome.ts'

const folder = temporaryFolder()
const at = (name: string): string => path.join(folder, name)
const steps = 12
const every = 4
/** Steps of a training that a signal must find at work. */
const long = 60

/** The same training on the command line. */
const command = (out: string, ...more: string[]): string[] => [
  'train', 'models/iste.arch', '--preset', 'tiny', ...tinier.flatMap((set) => ['--set', set]), '--data', 'samples/train.csv', '--out', out, '--seed', '1', '--checkpoint-every', String(every), ...more,
] // prettier-ignore
const begin = (out: string, count = steps): string[] => command(out, '--steps', String(count), '--val', '0.3')

/** The process that computes for a running training. */
const computing = ({ child }: Started): number =>
  Number(execFileSync('pgrep', ['-P', String(child.pid), '-f', 'compute.js'], { encoding: 'utf8' }))

let engine: Engine
let whole: Awaited<ReturnType<typeof outcome>>
beforeAll(async () => {
  engine = await quietEngine()
  await train({
    loaded: model('iste.arch', tinier),
    data: fields,
    out: at('whole'),
    engine,
    seed: 1,
    steps,
    val: 0.3,
    checkpointEvery: every,
    say: () => undefined,
  })
  whole = await outcome(at('whole'))
})

describe('a training that is stopped and resumed ends as one that was not, bit for bit', () => {
  it('killed (SIGKILL) between two checkpoints, twice', async () => {
    const run = at('killed')
    /** True where the kill fell on steps that no checkpoint has: a slow machine may miss them. */
    const killAfter = async (step: number, args: readonly string[]): Promise<boolean> => {
      const started = startArchc(args)
      await reached(run, step, started)
      started.child.kill('SIGKILL')
      expect((await started.outcome).signal).toBe('SIGKILL')
      const saved = (await listCheckpoints(await openRun(run))).at(-1)!.step
      expect(saved % every).toBe(0)
      return saved === step - 1 && logged(run) > saved
    }
    let isBetween = false
    for (let attempt = 0; attempt < 4 && !isBetween; attempt += 1) {
      await rm(run, { recursive: true, force: true })
      isBetween = (await killAfter(every + 1, begin(run))) && (await killAfter(2 * every + 1, command(run, '--resume')))
    }
    expect(isBetween, 'both kills fell between checkpoints').toBe(true)
    const { code, stderr } = await archc(command(run, '--resume'))
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/resuming .*killed at step 8/)
    expect(await outcome(run)).toEqual(whole)
  })

  it('by Ctrl-C: exit 130 with everything saved', async () => {
    const run = at('interrupted')
    const started = startArchc(begin(run))
    await reached(run, 2, started)
    const same = loadModel('models/iste.arch', { preset: 'tiny', variants: [], sets: tinier })
    await expect(
      train({ loaded: same, data: fields, out: run, engine, seed: 1, val: 0.3, resume: true, say: () => undefined }),
    ).rejects.toThrow(/process \d+/) // two at once
    started.child.kill('SIGINT')
    const { code, signal, stderr } = await started.outcome
    expect({ code, signal }).toEqual({ code: 130, signal: null })
    const stopped = logged(run)
    expect(stderr).toMatch(new RegExp(`stopped at step ${stopped}; go on with --resume`))
    expect((await listCheckpoints(await openRun(run))).at(-1)!.step).toBe(stopped)
    expect(stopped).toBeLessThan(steps)
    expect(existsSync(runPaths(run).lock)).toBe(false)
    const resumed = await archc(command(run, '--resume', '--json'))
    expect(JSON.parse(resumed.stdout)).toMatchObject({ step: steps, finished: true })
    expect(resumed.code).toBe(0)
    expect(await outcome(run)).toEqual(whole)
  })

  it.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGUSR1', 'SIGUSR2'] as const)(
    'by %s to its whole group and to the process that computes, with no step lost',
    async (name) => {
      const [run, undisturbed] = [at(name), at('long')]
      if (!existsSync(undisturbed)) expect((await archc(begin(undisturbed, long))).code).toBe(0)
      const started = startArchc(begin(run, long), { isGroup: true })
      await reached(run, 2, started)
      process.kill(computing(started), name)
      process.kill(-started.child.pid!, name)
      const { code, signal, stderr } = await started.outcome
      // As a shell shows it: Node cannot leave by itself where a terminal is gone.
      expect(code ?? 128 + constants.signals[signal!]).toBe(128 + constants.signals[name])
      const stopped = logged(run)
      expect(stopped).toBeLessThan(long)
      expect(stderr).toMatch(
        new RegExp(`stopping after this step; everything is saved.*\n[^]*stopped at step ${stopped}; go on with --resume\n$`),
      )
      expect(stderr).not.toMatch(/debugger/i)
      expect((await listCheckpoints(await openRun(run))).at(-1)!.step).toBe(stopped)
      expect((await archc(command(run, '--resume'))).code).toBe(0)
      expect(await outcome(run)).toEqual(await outcome(undisturbed))
    },
  )

  it('killed (SIGKILL), and what computed for it ends by itself', async () => {
    const started = startArchc(begin(at('orphan'), long))
    await reached(at('orphan'), 2, started)
    const computer = computing(started)
    const state = (): string => spawnSync('ps', ['-o', 'stat=', '-p', String(computer)], { encoding: 'utf8' }).stdout.trim()
    expect(state()).toMatch(/^[RSD]/)
    started.child.kill('SIGKILL')
    await started.outcome
    while (!/^(Z.*)?$/.test(state())) await wait(20)
  })

  it('whose computing process was killed', async () => {
    const run = at('headless')
    const started = startArchc(begin(run))
    await reached(run, every + 1, started)
    process.kill(computing(started), 'SIGKILL')
    const { code, stderr } = await started.outcome
    expect(code).toBe(1)
    expect(stderr).toMatch(/the process that computes ended \(SIGKILL\)/)
    expect(existsSync(runPaths(run).lock)).toBe(false)
    expect((await archc(command(run, '--resume'))).code).toBe(0)
    expect(await outcome(run)).toEqual(whole)
  })

  it('resumed in this process, with a damaged newest checkpoint passed over', async () => {
    const run = at('damaged')
    await cp(at('whole'), run, { recursive: true })
    const newest = (await listCheckpoints(await openRun(run))).at(-1)!
    await truncate(path.join(newest.folder, 'optimizer.safetensors'), 100)
    const said: string[] = []
    await train({
      loaded: model('iste.arch', tinier),
      data: fields,
      out: run,
      engine,
      seed: 1,
      val: 0.3,
      checkpointEvery: every,
      resume: true,
      say: (line) => said.push(line),
    })
    expect(said).toEqual([
      expect.stringMatching(/^training ISTE/),
      expect.stringMatching(/passed over the damaged checkpoint .*step-000012/),
      `resuming ${run} at step 8`,
      expect.stringMatching(/^step 12: validation loss/),
    ])
    expect(await outcome(run)).toEqual(whole)
  })
})

describe('resuming', () => {
  const resume = (change: Partial<Parameters<typeof train>[0]> = {}, run = at('whole')) =>
    train({
      loaded: model('iste.arch', tinier),
      data: fields,
      out: run,
      engine,
      seed: 1,
      val: 0.3,
      resume: true,
      say: () => undefined,
      ...change,
    })

  it.each<[string, () => Partial<Parameters<typeof train>[0]>, RegExp]>([
    [
      'another file',
      () => ({ loaded: model('ablations/wo-stf.arch', tinier) }),
      /began with \S*iste\.arch, not \S*wo-stf\.arch$/,
    ],
    ['another preset', () => ({ loaded: model('iste.arch', tinier, 'micro') }), /began with preset tiny, not preset micro$/],
    [
      'another --set',
      () => ({ loaded: model('iste.arch', [...tinier, 'dim=16']) }),
      /began with --set train\.q=64 .*, not train\.q=64 .* dim=16$/,
    ],
    ['another seed', () => ({ seed: 2 }), /began with --seed 1, not 2$/],
    [
      'other weights to start from',
      () => ({ from: at('other.safetensors') }),
      /began with fresh weights, not --from .*other\.safetensors$/,
    ],
    ['other pictures', () => ({ data: [...fields, ...others] }), /is not what it began with: cmu1_x620_y560\.png is new$/],
    ['fewer pictures', () => ({ data: others }), /is not what it began with: train\/brecahad_\d+\.jpg is missing$/],
  ])('with %s is refused by name', async (_what, change, message) => {
    const before = await outcome(at('whole'))
    await expect(resume(change())).rejects.toThrow(message)
    await expect(resume(change())).rejects.toThrow(UserError)
    expect(await outcome(at('whole'))).toEqual(before)
  })

  it('with a text that was edited since is refused by the name of the file', async () => {
    const { options, file } = model('iste.arch', tinier)
    const edited = loadModel(file, options, {
      ...fileHost,
      read: (name) => (name.endsWith('mlp.arch') ? { text: `${readFileSync(name, 'utf8')}// more\n` } : fileHost.read(name)),
    })
    await expect(resume({ loaded: edited })).rejects.toThrow(/began with another text: \S*lib\/mlp\.arch changed since$/)
  })

  it('what is done already says so and changes nothing', async () => {
    const said: string[] = []
    expect(await resume({ say: (line) => said.push(line) })).toMatchObject({ step: steps, finished: true })
    expect(said).toContain(`${at('whole')} has ${steps} steps already`)
    expect(await outcome(at('whole'))).toEqual(whole)
  })

  it('keeps the split that the run began with, whatever --val says now', async () => {
    const run = at('longer')
    await cp(at('whole'), run, { recursive: true })
    expect(await resume({ steps: steps + 1, val: 0 }, run)).toMatchObject({ step: steps + 1 })
    const { state, loss } = await outcome(run)
    expect(loss).not.toBe((state as { smooth: number }).smooth) // still taken on the pictures set aside
  })

  it('a folder that is no run, and a new run over an old one, are refused', async () => {
    await expect(resume({}, at('nowhere'))).rejects.toThrow(/nowhere is no run: it does not exist/)
    await expect(resume({ resume: false })).rejects.toThrow(/whole is a run already/)
  })
})
