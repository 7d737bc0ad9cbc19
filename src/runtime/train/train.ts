import * as tf from '@tensorflow/tfjs'
import { foldedPaths } from '../../compiler/compare.ts'
import { subgraph, type Weight } from '../../compiler/ir/graph.ts'
import type { CompiledModel, Objective, TrainPlan } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { readAs, split, type DataEntry } from '../data/dataset.ts'
import type { Decoded } from '../data/decoded.ts'
import { pairsOf, type Pairs } from '../data/pairs.ts'
import { placeOf } from '../data/slide-part.ts'
import type { HostTensors } from '../compute/messages.ts'
import { requireBfloat16 } from '../engine/bfloat16.ts'
import { loadEngine, type Engine } from '../engine/index.ts'
import { createRandom, type Random } from '../files/random.ts'
import {
  appendLog,
  changeRecord,
  byLoss,
  createRun,
  listCheckpoints,
  loadCheckpoint,
  lockRun,
  requireOwn,
  rewindLog,
  runPaths,
  saveCheckpoint,
  type Run,
} from '../files/run-folder.ts'
import type { Lock } from '../files/lock.ts'
import type { Tensor } from '../files/safetensors.ts'
import { openEventFile } from '../files/tensorboard.ts'
import { describeModel, type LoadedModel } from '../network/load-model.ts'
import type { ItemValues } from '../network/per-item.ts'
import { createNetwork, initialWeights, requireFiniteWeights, trainedWeights } from '../network/network.ts'
import { compressionInput } from '../predict/roles.ts'
import { inParts } from '../weights/parts.ts'
import { readFor } from '../weights/read-for.ts'
import { asFloats } from '../weights/sets.ts'
import { asSaved, restored } from './averages.ts'
import { checkPlan, makeItem, pairProblem, planItem, stackItems, type Item } from './batch.ts'
import { createPictureStore, UnreadablePicture, type PictureStore } from './data.ts'
import { frozenOf, frozenWeights, withoutFiles, withoutFrozen } from './frozen.ts'
import { graphLearner } from './graph-learner.ts'
import { layersLearner, onEngine } from './layers-learner.ts'
import { allFinite, type Draws, type Learner } from './learner.ts'
import { openingLine, pairsLine, smallLine } from './opening.ts'
import { reopen } from './reopen.ts'
import { momentInputs, rateAt, type Moment } from './schedule.ts'
import { versions } from './versions.ts'

export interface TrainOptions {
  readonly loaded: LoadedModel
  readonly data: readonly DataEntry[]
  /** What is known of them without decoding; small ones are named. */
  readonly pictures?: Decoded
  readonly out: string
  readonly engine: Engine
  readonly seed: number
  /** Replaces epochs; the schedule's points are scaled. */
  readonly steps?: number
  readonly resume?: boolean
  /** Share of the pictures that is set aside. */
  readonly val: number
  /** A checkpoint is saved every so many steps. */
  readonly checkpointEvery?: number
  /** Weights to start from; what the network has beyond them starts fresh. */
  readonly from?: string
  /** Files with the weights of frozen slots, by slot; `fresh` draws them. */
  readonly frozen?: Readonly<Record<string, string>>
  /** Takes of them what stands below these weight paths alone. */
  readonly parts?: readonly string[]
  /** Tries XLA on the step. */
  readonly xla?: boolean
  /** What training may hold, in bytes. */
  readonly memory?: number
  /** Computes layer by layer, with the gradients of TensorFlow.js, instead of one graph a step. */
  readonly layers?: boolean
  readonly say: (line: string) => void
  readonly onStep?: (progress: StepProgress) => void
  /** Asks to stop after the step that is running; everything is saved. */
  readonly signal?: AbortSignal
}

export interface StepProgress {
  readonly step: number
  readonly steps: number
  readonly loss: number
  readonly rate: number
  /** Milliseconds of this step. */
  readonly milliseconds: number
  /** By the steps since the first, with all that comes between them; undefined until it is known, and at the end. */
  readonly secondsLeft?: number
}

export interface TrainResult {
  readonly run: Run
  readonly step: number
  readonly loss: number
  /** False when it was asked to stop before the end. */
  readonly finished: boolean
  /** The largest memory that what computed has held, in bytes. */
  readonly peakBytes: number
}

/** The two sides of the data. */
export interface Parts {
  readonly train: readonly DataEntry[]
  readonly val: readonly DataEntry[]
}

/** Items of the fixed batch that the validation loss is taken on. */
const validationItems = 8
/** A smoothed loss this many times its lowest is divergence. */
const divergence = 50

/** What a training is, before anything computes it. */
export interface Prepared {
  /** Of a run that goes on, its own: weights are called as they were when it began. */
  readonly loaded: LoadedModel
  readonly plan: TrainPlan
  /** The run that goes on. */
  readonly run?: Run
  readonly parts: Parts
  /** Weights of frozen slots that a new run keeps. */
  readonly frozen: ReadonlyMap<string, Tensor>
  /** Of ready-made low-resolution pictures. */
  readonly pairs: Pairs
}

/** Looks at text, run and data, for which no engine is needed, and says what is trained. */
export async function prepare(options: Omit<TrainOptions, 'engine'>): Promise<Prepared> {
  const { data, val, seed, say } = options
  const reopened = options.resume ? await reopen(options) : undefined
  const loaded = reopened?.loaded ?? options.loaded
  const { model } = loaded
  const plan = model.train
  if (!plan) throw new UserError(`${loaded.file} has no train block`, 'add one, or choose a file that has')
  checkPlan(plan, model)
  const pairs = await pairsOf(data, model, (m, low) => pairProblem(model, plan, m, low))
  const prepared = {
    plan,
    pairs,
    ...(reopened ?? { loaded, parts: split(data, { val, seed }) }),
    frozen: options.resume ? new Map<string, Tensor>() : await givenFrozen(options),
  }
  say(openingLine(model, prepared.parts))
  if (pairs.size > 0) say(pairsLine(data.length, pairs))
  const small = smallLine(model, plan, data, options.pictures?.looks)
  if (small !== undefined) say(small)
  return prepared
}

/** The weights of frozen slots as a new run is given them. */
async function givenFrozen({ loaded, from, parts, frozen: files = {}, seed, say }: Omit<TrainOptions, 'engine'>) {
  const weights = trainedWeights(loaded.model)
  if (!weights.some(({ frozen }) => frozen) && Object.keys(files).length === 0) return new Map<string, Tensor>()
  const start = from !== undefined && { from, ...(parts && { parts }) }
  const taken = start ? await startFrom(withoutFiles(weights, files), start, () => undefined) : new Map<string, Tensor>()
  return frozenWeights(weights, { files, from: taken, seed, say })
}

/**
 * Trains one model into the folder `out`. Every draw is a function of the seed and the step, so a run that was killed
 * at any moment and resumed ends with the weights of one that was not.
 */
export async function train(options: TrainOptions, prepared?: Prepared): Promise<TrainResult> {
  const { engine } = options
  const { loaded, plan, parts, pairs, frozen, run: reopened } = prepared ?? (await prepare(options))
  const { model } = loaded
  if (!engine.trains)
    throw new UserError(`the engine ${engine.description} cannot train`, 'archc engine install brings TensorFlow, which can')
  let lock = reopened && (await lockRun(reopened, options.say))
  let learner: Learner | undefined
  try {
    // Before a new folder: what cannot be computed leaves none.
    learner = await createLearner(options, model, plan, Math.min(validationItems, plan.sizes['B'] ?? 1))
    const run = reopened ?? (await create(options, parts, frozen))
    lock ??= await lockRun(run, options.say)
    return await new Training(options, model, plan, run, lock, learner, parts, pairs).go()
  } finally {
    learner?.close()
    await lock?.release()
  }
}

/** One graph a step where TensorFlow is the engine, else layer by layer. */
async function createLearner(options: TrainOptions, model: CompiledModel, plan: TrainPlan, validated: number): Promise<Learner> {
  const draws: Draws = (step, count, layer) => {
    const random = createRandom(options.seed).split(`step ${step} ${layer}`)
    // dropout draws a number for each element: Float32Array.from takes several times as long
    const drawn = new Float32Array(count)
    for (let at = 0; at < count; at += 1) drawn[at] = random.uniform()
    return drawn
  }
  const { engine, layers } = options
  if (plan.precision) {
    if (engine.name !== 'tensorflow' || layers)
      throw new UserError(
        'train.precision is bf16, which one graph a step computes; layer by layer is float32',
        'leave --layers out, or --set train.precision=float32',
      )
    requireBfloat16()
  }
  const recipe = { accumulate: plan.accumulate, ...(plan.ema !== undefined && { ema: plan.ema }) }
  return engine.name === 'tensorflow' && !layers
    ? graphLearner(model.graph, plan.objectives, plan.sizes, { ...plan.sizes, B: validated }, draws, {
        say: options.say,
        ...recipe,
        ...(plan.precision && { precision: plan.precision }),
        ...(options.memory !== undefined && { memory: options.memory }),
        ...(options.xla && { xla: true }),
      })
    : layersLearner(model.graph, plan.objectives, draws, recipe)
}

async function create(options: TrainOptions, parts: Parts, frozen: Prepared['frozen']): Promise<Run> {
  const { loaded, engine, seed, steps, from, frozen: files, parts: asked } = options
  const { model } = loaded
  const weights = withoutFiles(trainedWeights(model), files)
  const start =
    from === undefined ? undefined : await startFrom(weights, { from, ...(asked && { parts: asked }) }, () => undefined)
  const begun = start && {
    taken: weights.flatMap(({ path }) => (start.has(path) ? [path] : [])),
    fresh: weights.flatMap(({ path }) => (start.has(path) ? [] : [path])),
  }
  const listed = (list: readonly DataEntry[], side: 'train' | 'val') =>
    list.map(({ name, sha256, group, mpp, low, part }) => ({
      path: name,
      sha256,
      ...(group !== undefined && { group }),
      ...(mpp !== undefined && { mpp }),
      ...(low && { low: { path: low.name, sha256: low.sha256 } }),
      ...placeOf(part),
      ...(options.pictures?.pixels.has(sha256) && { pixels: options.pictures.pixels.get(sha256)! }),
      split: side,
    }))
  return createRun(
    options.out,
    {
      ...describeModel(loaded),
      seed,
      training: {
        ...(steps !== undefined && { steps }),
        ...(from !== undefined && { from, ...(asked && { parts: asked }) }),
        ...begun,
        ...(files && { frozen: files }),
      },
      versions: versions(),
      engine: { ...engine },
      data: [...listed(parts.train, 'train'), ...listed(parts.val, 'val')],
      ...(options.pictures && { read: readAs(options.pictures) }),
    },
    loaded.text,
    frozen,
  )
}

/** What a checkpoint keeps beside weights and moments. */
interface State {
  readonly seed: number
  readonly step: number
  readonly position: number
  /** Updates that each optimiser has made. */
  readonly counts: readonly number[]
  /** The smoothed loss and its lowest; absent in the first runs of archc. */
  readonly smooth?: number
  readonly lowest?: number
}

class Training {
  readonly #pictures: PictureStore
  readonly #steps: number
  readonly #stepsPerEpoch: number
  /** Items of a batch, and of an update. */
  readonly #batch: number
  readonly #items: number
  /** Steps as they were asked for; undefined where the text's epochs count. */
  readonly #given: number | undefined
  readonly #epochs: number
  /** The step that is computed, or was last. */
  #now = 0
  /** The loss, smoothed, and the lowest that it was. */
  #smooth = Number.NaN
  #lowest = Infinity

  constructor(
    readonly options: TrainOptions,
    readonly model: CompiledModel,
    readonly plan: TrainPlan,
    readonly run: Run,
    readonly lock: Lock,
    readonly learner: Learner,
    readonly parts: Parts,
    readonly pairs: Pairs,
  ) {
    this.#pictures = createPictureStore(compressionInput(model) !== undefined)
    this.#batch = plan.sizes['B'] ?? 1
    this.#items = this.#batch * plan.accumulate
    this.#stepsPerEpoch = Math.max(1, Math.floor((parts.train.length * plan.repeat) / this.#items))
    this.#given = options.steps ?? run.record.training?.steps ?? plan.steps
    this.#epochs = plan.epochsFollow ? Math.max(1, plan.steps! / this.#stepsPerEpoch) : plan.epochs
    this.#steps = this.#moment(0).steps
  }

  async go(): Promise<TrainResult> {
    const { options, run, plan, learner } = this
    let step = await this.#start()
    await this.#lengthen(step)
    if (step >= this.#steps) options.say(`${run.folder} has ${step} steps already`)
    const events = openEventFile(run.folder, { resumeStep: step })
    const every = options.checkpointEvery ?? Math.min(250, Math.max(20, Math.round(this.#steps / 20)))
    let loss = Number.NaN
    let saved = step
    const begun = step
    let warm = performance.now()
    let next = step < this.#steps ? this.#batchItems(step) : undefined
    while (step < this.#steps && !options.signal?.aborted) {
      const items = await next!.catch((error: unknown) => this.#unreadable(error, step, saved))
      next = step + 1 < this.#steps ? this.#batchItems(step + 1) : undefined
      next?.catch(() => undefined) // reported when it is awaited
      const start = performance.now()
      const rates = plan.objectives.map((objective) => this.#rate(objective, step))
      const batches = this.#batchesOf(items)
      this.#now = step
      const stacked = batches.map((batch) => this.#stacked(batch))
      const measured = await learner.step(step, stacked, rates)
      const milliseconds = performance.now() - start
      loss = measured['loss']!
      const rate = rates[0]!
      step += 1
      if (!allFinite(measured)) await this.#stop(step, await this.#firstNonFinite(batches), saved)
      this.#smooth = Number.isNaN(this.#smooth) ? loss : 0.95 * this.#smooth + 0.05 * loss
      this.#lowest = Math.min(this.#lowest, this.#smooth)
      // A loss may be negative: of a logarithm, say.
      if (this.#smooth - this.#lowest > (divergence - 1) * Math.abs(this.#lowest) + 1)
        await this.#stop(step, `the loss grew to ${this.#smooth.toPrecision(3)} from ${this.#lowest.toPrecision(3)}`, saved)
      requireOwn(run, this.lock, saved)
      const left = this.#steps - step
      const perStep = step - begun > 2 && left > 0 ? (performance.now() - warm) / (step - begun - 1) : undefined
      await appendLog(run, {
        step,
        epoch: this.#epoch(step - 1),
        ...measured,
        rate,
        milliseconds: Math.round(milliseconds),
        time: new Date().toISOString(),
      })
      events.scalars(step, { ...prefixed('train/', measured), 'train/rate': rate })
      options.onStep?.({
        step,
        steps: this.#steps,
        loss,
        rate,
        milliseconds,
        ...(perStep !== undefined && { secondsLeft: (perStep * left) / 1000 }),
      })
      if (step % every === 0 || step === this.#steps) {
        const validation = await this.#save(step, saved)
        events.scalars(step, { 'val/loss': validation })
        saved = step
      }
      if (step - begun === 1) warm = performance.now() // the first step loads its graph
      await new Promise(setImmediate)
    }
    if (saved !== step) await this.#save(step, saved)
    events.close()
    return { run, step, loss, finished: step >= this.#steps, peakBytes: learner.peakBytes }
  }

  /** Where training begins: at a checkpoint, at given weights, or fresh. */
  async #start(): Promise<number> {
    const { options, run, model, learner } = this
    const weights = trainedWeights(model)
    const frozen = await frozenOf(run)
    if (options.resume) {
      const checkpoint = await loadCheckpoint(run, 'latest')
      if (checkpoint) {
        checkpoint.notes.forEach(options.say)
        const { counts, smooth, lowest } = checkpoint.state as State
        this.#smooth = smooth ?? Number.NaN
        this.#lowest = lowest ?? Infinity
        const state = restored(checkpoint, this.plan.ema !== undefined)
        await learner.assign({ ...state, weights: new Map([...state.weights, ...frozen]), counts })
        await rewindLog(run, checkpoint.step)
        options.say(`resuming ${run.folder} at step ${checkpoint.step}`)
        return checkpoint.step
      }
      await rewindLog(run, 0)
    }
    const { from, parts, frozen: files } = run.record.training ?? {}
    const initial = initialWeights(weights, options.seed)
    const begun = withoutFiles(weights, files)
    const taken = from === undefined ? [] : await startFrom(begun, { from, ...(parts && { parts }) }, options.say)
    await learner.assign({ weights: new Map([...initial, ...taken, ...frozen]) })
    return 0
  }

  /** Other steps than before are another schedule from here on: said, and kept for whoever resumes without saying them again. */
  async #lengthen(step: number): Promise<void> {
    const { options, run, plan } = this
    const { training } = run.record
    const moment = this.#momentOf(step, training?.steps ?? plan.steps)
    const { steps: before } = moment
    if (!options.resume || options.steps === undefined || options.steps === before || options.steps <= step) return
    const [objective] = plan.objectives
    const was = rateAt(objective!, moment).toPrecision(3)
    const is = this.#rate(objective!, step).toPrecision(3)
    await changeRecord(run, {
      ...run.record,
      training: { ...training, steps: options.steps, before: [...(training?.before ?? []), { until: step, steps: before }] },
    })
    const rates = was === is ? '' : `: the rate is ${is} there, where it was ${was}`
    options.say(`from step ${step} on it goes to ${options.steps} steps instead of ${before}${rates}`)
  }

  /** A picture that broke since the training began: what was done is saved, and the picture may be mended or left out. */
  async #unreadable(error: unknown, step: number, saved: number): Promise<never> {
    if (!(error instanceof UnreadablePicture)) throw error
    if (step > saved) await this.#save(step, saved)
    const { name, sha256 } = error.entry
    await appendLog(this.run, { step, unreadable: name, sha256 })
    throw new UserError(
      `training stopped at step ${step}: ${error.message}`,
      'mend the picture or leave it out, and go on with --resume',
      { cause: error },
    )
  }

  #epoch(step: number): number {
    return this.#moment(step).epoch
  }

  #rate(objective: Objective, step: number): number {
    return rateAt(objective, this.#moment(step))
  }

  #moment(step: number): Moment {
    return this.#momentOf(step, this.#given)
  }

  /** A step of a training of so many; of the text's epochs where no number is given. */
  #momentOf(step: number, given: number | undefined): Moment {
    const steps = given ?? this.plan.epochs * this.#stepsPerEpoch
    const epoch = given === undefined ? Math.floor(step / this.#stepsPerEpoch) : Math.floor((step / steps) * this.#epochs)
    return { step, steps, epoch, epochs: this.#epochs }
  }

  /** What losses are given at the step that is computed, or was last. */
  #stacked(items: readonly Item[]): HostTensors {
    return { ...momentInputs(this.plan, this.#moment(this.#now)), ...stackItems(this.model, this.plan, items) }
  }

  #batchesOf(items: readonly Item[]): readonly Item[][] {
    return Array.from({ length: this.plan.accumulate }, (_, at) => items.slice(at * this.#batch, (at + 1) * this.#batch))
  }

  /** The items of a step: a function of seed and step alone. */
  async #batchItems(step: number): Promise<Item[]> {
    const values = { epoch: this.#epoch(step), epochs: this.#epochs }
    return Promise.all(
      Array.from({ length: this.#items }, async (_, at) => {
        const position = step * this.#items + at
        const random = createRandom(this.options.seed).split(`item ${position}`)
        return this.#item(this.#pictureAt(position), random, values)
      }),
    )
  }

  async #item(entry: DataEntry, random: Random, values: ItemValues): Promise<Item> {
    const planned = planItem(this.model, this.plan, random, values, this.pairs.get(entry.path)?.m)
    const [picture, low] = await Promise.all([this.#pictures.get(entry), this.#pictures.low(entry)])
    return makeItem(this.model, this.plan, picture, planned, low)
  }

  /** Every picture once in a random order, then all again in another. */
  #pictureAt(position: number): DataEntry {
    const count = this.parts.train.length
    const order = createRandom(this.options.seed)
      .split(`order ${Math.floor(position / count)}`)
      .sample(count, count)
    return this.parts.train[order[position % count]!]!
  }

  /** Saves a checkpoint, unless a weight or the loss is not finite: then that of step `last` is the last good one. Gives what "best" goes by. */
  async #save(step: number, last: number): Promise<number> {
    const { run, learner } = this
    const state = await learner.read()
    const { counts } = state
    for (const [path, { data }] of state.weights)
      if (!isFinite(data)) await this.#stop(step, `the weight ${path} is not finite`, last)
    const saved = asSaved(state)
    const save = async (loss: number): Promise<void> => {
      requireOwn(run, this.lock, last)
      await saveCheckpoint(run, {
        step,
        ...saved,
        weights: withoutFrozen(saved.weights, trainedWeights(this.model), this.model.graph.weights),
        ...(this.plan.ema !== undefined && { averaged: this.plan.ema }),
        state: {
          seed: this.options.seed,
          step,
          position: step * this.#items,
          counts,
          smooth: this.#smooth,
          lowest: this.#lowest,
        } satisfies State,
        loss,
      })
    }
    const validation =
      this.parts.val.length > 0
        ? await this.#validate(step, last).catch(async (error: unknown) => {
            // What was trained is good, whatever became of a picture that it is judged by.
            if (error instanceof UnreadablePicture) await save(this.#smooth)
            return this.#unreadable(error, step, step)
          })
        : this.#smooth
    await save(validation)
    if (this.parts.val.length > 0)
      this.options.say(
        `step ${step}: validation loss${this.plan.ema === undefined ? '' : ' of the averaged weights'} ${validation.toFixed(4)}${await this.#best(step)}`,
      )
    return validation
  }

  /** How the checkpoint of a step compares with those before. */
  async #best(step: number): Promise<string> {
    const best = (await listCheckpoints(this.run)).toSorted(byLoss)[0]!
    return best.step === step ? ', the best so far' : `; the best is ${best.loss!.toFixed(4)}, of step ${best.step}`
  }

  /** The loss on a fixed batch of pictures that are not trained on. */
  async #validate(step: number, saved: number): Promise<number> {
    const { plan, parts } = this
    const count = Math.min(validationItems, this.#batch)
    const items = await Promise.all(
      Array.from({ length: count }, async (_, at) => {
        const random = createRandom(this.options.seed).split(`validation ${at}`)
        return this.#item(parts.val[at % parts.val.length]!, random, { epoch: plan.epochs - 1, epochs: plan.epochs })
      }),
    )
    const loss = await this.learner.loss(this.#stacked(items))
    return Number.isFinite(loss)
      ? loss
      : this.#stop(step, `${await this.#firstNonFinite([items], true)} on pictures that are not trained on`, saved)
  }

  /** The first value that is not finite, by its path: a weight, else a tensor of the forward pass. */
  async #firstNonFinite(batches: readonly (readonly Item[])[], isValidated = false): Promise<string> {
    const { graph } = this.plan.objectives[0]!
    const state = await this.learner.read()
    const { weights } = isValidated ? asSaved(state) : state
    const wrong = [...weights].find(([, { data }]) => !isFinite(data))
    if (wrong) return `the weight ${wrong[0]} is not finite`
    const named = [...graph.lets].map(([name, value]) => ({ name, value }))
    await loadEngine({ name: this.options.engine.name })
    const network = createNetwork([graph])
    network.assign(new Map(network.weights.map(({ path }) => [path, weights.get(path)!])))
    const order = new Map(graph.nodes.flatMap((node, at) => node.results.map((result) => [result, at] as const)))
    for (const batch of batches) {
      const found = tf.tidy(() => {
        const whole = network.lower(subgraph(graph, graph.inputs, named), 'inspected')
        const outputs = whole.run(onEngine(this.#stacked(batch)))
        return named
          .filter(({ name }) => !isFinite(outputs[name]!.dataSync()))
          .sort((a, b) => (order.get(a.value) ?? -1) - (order.get(b.value) ?? -1))[0]
      })
      if (found) return `${found.name} is the first tensor that is not finite`
    }
    return 'the loss is not finite'
  }

  async #stop(step: number, what: string, saved: number): Promise<never> {
    const { run } = this
    await appendLog(run, { step, stopped: what })
    throw new UserError(
      `training stopped at step ${step}: ${what}`,
      saved > 0
        ? `the last good checkpoint is of step ${saved} in ${runPaths(run.folder).checkpoints}; try a smaller learning rate, for example --set "train.optimizer=adam(lr: 1e-5)"`
        : 'no checkpoint was saved before; try a smaller learning rate',
    )
  }
}

const isFinite = (values: ArrayLike<number>): boolean => Array.prototype.every.call(values, Number.isFinite)

const prefixed = (prefix: string, values: Readonly<Record<string, number>>): Record<string, number> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]))

/**
 * Takes over what fits by name, says what is new and what was not used.
 * @throws UserError when the file, run or checkpoint cannot be read, or nothing in it fits.
 */
async function startFrom(
  weights: readonly Weight[],
  { from, parts }: { readonly from: string; readonly parts?: readonly string[] },
  say: (line: string) => void,
): Promise<ReadonlyMap<string, Tensor>> {
  const asked = inParts(weights, parts)
  const { file, tensors, missing, leftOver, misshapen } = await readFor(from, asked)
  const fitting = new Map(
    asked.flatMap(({ path, shape }) => {
      const tensor = tensors.get(path)
      return tensor?.shape.join() === shape.join() ? [[path, asFloats(tensor)] as const] : []
    }),
  )
  const below = parts ? ` under ${parts.join(' or ')}` : ''
  if (fitting.size === 0)
    throw new UserError(
      `nothing in ${file}${below} fits this network`,
      'its names must be weight paths of archc, or those of a repository that archc has a map of: archc weights show FILE lists them',
    )
  requireFiniteWeights(fitting, file)
  say(`${fitting.size} of ${weights.length} weights from ${file}${parts ? `, those${below}` : ''}`)
  if (missing.length > 0) say(`new, starting fresh: ${missing.join(', ')}`)
  const others = weights.filter((weight) => !asked.includes(weight)).map(({ path }) => path)
  if (others.length > 0) say(`not asked for, starting fresh: ${foldedPaths(others).join(', ')}`)
  if (leftOver.length > 0) say(`not used: ${(parts ? foldedPaths(leftOver) : leftOver).join(', ')}`)
  if (misshapen.length > 0) say(`another shape, starting fresh: ${misshapen.join('; ')}`)
  return fitting
}
