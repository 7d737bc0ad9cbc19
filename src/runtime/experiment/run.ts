import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import { loadEngine, type Engine } from '../engine/index.ts'
import { evaluate } from '../evaluate/evaluate.ts'
import type { FeatureExtractor } from '../frechet/extractor.ts'
import { createFrechetSets } from '../frechet/frechet-sets.ts'
import { temporaryBeside } from '../files/atomic.ts'
import { lockRun, openRun, readLog, runPaths } from '../files/run-folder.ts'
import { openLoaded, openNetwork, type OpenedNetwork } from '../network/open-network.ts'
import { scopeText } from '../predict/candidates.ts'
import { pngOf } from '../report/panel-of.ts'
import { train, type StepProgress, type TrainOptions } from '../train/train.ts'
import type { Budget } from './experiment.ts'
import { scopeOf, type Plan, type Training } from './plan.ts'
import {
  holder,
  machine,
  partsOf,
  readEvaluated,
  readTrained,
  runFolder,
  shownOf,
  writeEvaluated,
  writeTrained,
  type Evaluated,
  type Part,
  type ShownTile,
} from './state.ts'

export interface RunOptions {
  readonly plan: Plan
  /** The folder that trainings and evaluations are kept in. */
  readonly state: string
  /** Called once, and only if something is to be computed. */
  readonly engine: () => Promise<Engine>
  /** What the Frechet distance's features come from; called once, where the plan asks for it. */
  readonly extractor: () => Promise<FeatureExtractor>
  readonly say: (line: string) => void
  /** `after`: trainings that are still to be done when this one is. */
  readonly onStep: (training: Training, progress: StepProgress, after: number) => void
  /** After everything that was stored, so that results can be written. */
  readonly onStored: () => Promise<void>
  /** Asks to stop after the step or the scale that is computed. */
  readonly signal: AbortSignal
}

export interface Outcome {
  readonly isFinished: boolean
  /** Trainings that stopped by themselves, with the reason. */
  readonly failed: readonly { readonly training: Training; readonly problem: string }[]
}

/** How long another process is waited for before its trainings are looked at again. */
const patience = 2000

/**
 * Trains what is missing, goes on with what was cut off, evaluates what has not been, and redoes nothing. What another
 * process does now is left to it; what it leaves undone is taken over.
 */
export async function runExperiment(options: RunOptions): Promise<Outcome> {
  const { plan, say, signal } = options
  const failed: { training: Training; problem: string }[] = []
  let left = [...new Map(plan.trainings.map((training) => [training.key, training])).values()]
  const untrained = new Set<string>()
  for (const training of left)
    if (training.isTrained && !(await readTrained(options.state, training))) untrained.add(training.key)
  let waited = ''
  while (left.length > 0 && !signal.aborted) {
    const busy: Training[] = []
    for (const training of left) {
      if (signal.aborted) break
      try {
        if ((await work(options, training, untrained)) === 'busy') busy.push(training)
      } catch (error) {
        if (!(error instanceof UserError)) throw error
        failed.push({ training, problem: error.message })
        say(`${training.title}: ${error.message}${error.help ? ` (${error.help})` : ''}`)
      }
    }
    if (busy.length === left.length && !signal.aborted) {
      const others = busy
        .map((training) => `${training.title} (process ${holder(options.state, training)?.pid ?? 'gone'})`)
        .join('; ')
      if (waited !== others) say(`waiting for another process: ${others}`)
      waited = others
      await wait(patience, undefined, { signal }).catch(() => undefined)
    }
    left = busy
  }
  return { isFinished: !signal.aborted && failed.length === 0, failed }
}

/** One training and its evaluations; `busy` where another process has it. */
async function work(options: RunOptions, training: Training, untrained: Set<string>): Promise<'done' | 'busy'> {
  const { plan, state, say, signal } = options
  const isReady = !training.isTrained || (await readTrained(state, training)) !== undefined
  if (isReady) untrained.delete(training.key)
  const missing: Part[] = []
  for (const part of partsOf(training)) if (!(await readEvaluated(state, plan, part))) missing.push(part)
  if (isReady && missing.length === 0) return 'done'
  const other = holder(state, training)
  if (other) {
    say(`${training.title}: process ${other.pid} on ${other.host} has it`)
    return 'busy'
  }
  if (!isReady) {
    if (!(await trainOne(options, training, untrained.size - 1))) return signal.aborted ? 'done' : 'busy'
    untrained.delete(training.key)
  }
  return evaluateAll(options, training, missing)
}

/** False where it was stopped, or another process was quicker. */
async function trainOne(options: RunOptions, training: Training, after: number): Promise<boolean> {
  const { plan, state, say, onStep, onStored, signal } = options
  const folder = runFolder(state, training)
  const engine = await options.engine()
  const common: Omit<TrainOptions, 'out'> = {
    loaded: training.loaded,
    engine,
    data: plan.train.entries,
    seed: training.seed,
    val: 0,
    say: (line) => say(`${training.title}: ${line}`),
    signal,
  }
  const began = existsSync(runPaths(folder).record)
  let isOurs = false
  try {
    const steps = began ? undefined : await stepsOf(plan.budget!, common, temporaryBeside(folder))
    // A pace that was cut short must not decide how long a training is.
    if (signal.aborted) return false
    const { finished, step, run } = await train({
      ...common,
      out: folder,
      resume: began,
      ...(steps !== undefined && { steps }),
      onStep: (progress) => {
        isOurs = true
        onStep(training, progress, after)
      },
    })
    if (!finished) return false
    const seconds = (await readLog(run)).reduce((sum, { milliseconds }) => sum + Number(milliseconds) / 1000, 0)
    await writeTrained(state, training, { steps: step, seconds, machine: machine(engine.description, archcVersion()) })
    await onStored()
    return true
  } catch (error) {
    // Another process made the folder between our looking and our making it.
    const isTaken = !began && !isOurs && existsSync(runPaths(folder).record)
    if (holder(state, training) || isTaken) {
      if (isOurs) say(`${training.title}: ${(error as Error).message}`)
      return false
    }
    throw error
  }
}

/** Steps of a budget; of one in minutes by the pace of a short trial, whose folder goes again. */
async function stepsOf(budget: Budget, common: Omit<TrainOptions, 'out'>, folder: string): Promise<number | undefined> {
  if ('steps' in budget) return budget.steps
  if ('epochs' in budget) return undefined
  const paces: number[] = []
  try {
    await train({
      ...common,
      out: folder,
      steps: 8,
      say: () => undefined,
      onStep: ({ milliseconds }) => void paces.push(milliseconds),
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  // The first steps also allocate.
  const usual = paces.slice(2).sort((a, b) => a - b)[Math.floor((paces.length - 2) / 2)] ?? 1000
  return Math.max(1, Math.round((budget.minutes * 60_000) / usual))
}

async function evaluateAll(options: RunOptions, training: Training, missing: readonly Part[]): Promise<'done' | 'busy'> {
  const { plan, state, say, onStored, signal } = options
  if (missing.length === 0) return 'done'
  const engine = await options.engine()
  const folder = runFolder(state, training)
  const lock = !training.isTrained
    ? { release: () => undefined }
    : await lockRun(await openRun(folder)).catch((error: unknown) => {
        if (holder(state, training)) return undefined
        throw error
      })
  if (!lock) return 'busy'
  try {
    await loadEngine({ name: engine.name })
    const opened = await openTraining(training, folder)
    const extractor = plan.features && (await options.extractor())
    for (const part of missing) {
      if (signal.aborted) break
      const { shown, ...evaluated } = await evaluatePart(plan, opened, part, { show: shownOf(part), extractor })
      await writeEvaluated(state, plan, part, { ...evaluated, machine: machine(engine.description, archcVersion()) }, shown)
      say(`${training.title}: evaluated at x${part.m}${part.scope ? `, ${part.scope}` : ''}`)
      await onStored()
    }
  } finally {
    lock.release()
  }
  return 'done'
}

/** What was trained, the weights that are there, or what learns nothing. */
async function openTraining({ isTrained, weights, loaded }: Training, folder: string): Promise<OpenedNetwork> {
  if (weights) return openNetwork(weights.file, { sets: weights.sets })
  return isTrained ? openNetwork(folder) : openLoaded(loaded)
}

/** A network on the test pictures at one scale, with the experiment's tiles; of the pictures `show` the first tiles, and with an extractor the Frechet distance. */
export async function evaluatePart(
  plan: Plan,
  opened: OpenedNetwork,
  { m, scope }: Pick<Part, 'm' | 'scope'>,
  { show, extractor }: { readonly show: readonly string[]; readonly extractor: FeatureExtractor | undefined },
): Promise<Pick<Evaluated, 'evaluation' | 'scope' | 'seconds'> & { readonly shown: readonly ShownTile[] }> {
  const { loaded } = opened
  const model = { ...loaded.model, evaluate: { ...loaded.model.evaluate, tile: plan.tile } }
  const shown: ShownTile[] = []
  const start = performance.now()
  const evaluation = await evaluate(
    { ...opened, loaded: { ...loaded, model } },
    {
      entries: plan.test.entries,
      scales: [m],
      ...(scope !== undefined && { scope: scopeOf(scope) }),
      gaussian: plan.metrics.includes('ssim_gaussian'),
      consistency: plan.metrics.includes('consistency'),
      ...(extractor && { frechet: createFrechetSets({ extractor, patch: 'tile' }) }),
      onTile: async ({ picture, tile, hr, lr, sr }) => {
        if (tile > 0 || !show.includes(picture)) return
        shown.push({ picture, truth: await pngOf(hr), low: await pngOf(lr), computed: await pngOf(sr) })
      },
    },
  )
  return { evaluation, scope: scope ?? scopeText(model.evaluate.scope), seconds: (performance.now() - start) / 1000, shown }
}
