import os from 'node:os'
import type { Graph } from '../../compiler/ir/graph.ts'
import { sizeOf, totalOf, type Value } from '../../compiler/kernels/value.ts'
import type { Objective } from '../../compiler/plan.ts'
import {
  averageOf,
  averageStep,
  averaging,
  evaluation,
  gathering,
  gatherStep,
  goingOn,
  lossAlone,
  movedBy,
  randomPrefix,
  stateOf,
  stepInput,
  storage,
  trainStep,
  variablesOf,
} from '../../compiler/targets/savedmodel/signatures.ts'
import { inBfloat16, inputsOf, memoryOf, writeSavedModel, type Signature } from '../../compiler/targets/savedmodel/write.ts'
import { UserError } from '../../errors.ts'
import { engineBytes } from '../engine/index.ts'
import { startComputer, type Computer } from '../compute/computer.ts'
import type { HostTensor, HostTensors } from '../compute/messages.ts'
import { storeGraph } from '../compute/store.ts'
import type { Tensor } from '../files/safetensors.ts'
import { allFinite, drawsOf, meanOf, type Draws, type Learner, type LearnerOptions, type Measured } from './learner.ts'

type Sizes = Readonly<Record<string, number>>

/** How often variables are held besides in the session: the message that they came in, one vector of all, its parts; measured. */
const variableCopies = 6

export interface GraphOptions extends LearnerOptions {
  /** What training may hold, in bytes; nine tenths of the machine's memory without it. */
  readonly memory?: number
  readonly say?: (line: string) => void
  /** Computes products and convolutions of a step in it. */
  readonly precision?: 'bf16'
  /** Tries XLA, and goes on with the flat graph, aloud, where it refuses. */
  readonly xla?: boolean
}

/**
 * Trains by one TensorFlow graph a step, in a process of its own: gradients by the compiler, updates inside, variables in
 * its session. `sizes` are those of a batch, `validation` those of the batch that `loss` is asked for. Repeated blocks are
 * computed twice where keeping them would pass `memory`; a UserError with the number where that does not help either.
 */
export async function graphLearner(
  model: Graph,
  objectives: readonly Objective[],
  sizes: Sizes,
  validation: Sizes,
  draws: Draws,
  options: GraphOptions = {},
): Promise<Learner> {
  const { accumulate = 1, ema } = options
  const averages = averaging(objectives, ema)
  const variables = new Map([...variablesOf([model], objectives), ...averages])
  const gathered = gathering(objectives, accumulate)
  const owners = new Map<string, string>()
  for (const objective of objectives)
    for (const { path } of movedBy(objective))
      for (const moment of stateOf(objective, path)) owners.set(moment, objective.group ? `${objective.group}/${moment}` : moment)

  const weightOf = new Map(averages.size === 0 ? [] : movedBy(objectives[0]!).map(({ path }) => [averageOf(path), path]))
  const meansIn = (known: ReadonlyMap<string, Tensor>): Map<string, Tensor> =>
    new Map([...weightOf].map(([mean, path]) => [path, known.get(mean)!]))

  // It starts while the graphs are made.
  const started = startComputer()
  const prepare = async () => {
    const steps = fittingSteps(objectives, sizes, new Map([...variables, ...gathered]), options)
    const validated = evaluation('loss', lossAlone(objectives[0]!), validation, averages)
    const averaged = ema === undefined ? [] : [averageStep(objectives, ema)]
    const others = [validated, ...averaged, ...storage(variables, gathered)]
    const all = new Map([...variables, ...gathered])
    const opened = options.xla
      ? await withXla(started, [...steps.values()], others, all, options)
      : await opening(started, [...steps.values(), ...others], all)
    return { steps, validated, ...opened }
  }
  const { steps, validated, run, computer } = await prepare().catch((error: unknown) => {
    started.close()
    throw error
  })

  const asked = new Map([...steps.values(), validated].map((signature) => [signature, inputsOf(signature)]))
  let counts = objectives.map(() => 0)
  let isAssigned = false
  const readAll = async (): Promise<ReadonlyMap<string, Tensor>> => {
    const { values } = await run('read')
    return apart(values!.data as Float32Array, variables)
  }
  return {
    async step(step, batches, rates) {
      if (batches.length !== accumulate) throw new Error(`${batches.length} batches where ${accumulate} are accumulated`)
      const active = activeAt(objectives, step)
      const given: Record<string, HostTensor> = {}
      active.forEach((objective) => {
        const at = objectives.indexOf(objective)
        const { input, numbers } = stepInput(objective, rates[at]!, counts[at]!)
        given[input] = vector(numbers.map(({ value }) => value))
      })
      const measured: Measured[] = []
      for (const [batch, inputs] of batches.entries()) {
        const isLast = batch === accumulate - 1
        const signature = steps.get((isLast ? nameOf : gatherName)(objectives, active))!
        const own: Record<string, HostTensor> = { ...inputs, ...given, [goingOn]: vector([batch === 0 ? 0 : 1]) }
        for (const { name, shape } of asked.get(signature)!)
          if (name!.startsWith(randomPrefix))
            own[name!] = vector(drawsOf(draws, batch, accumulate)(step, shape[0]!, name!.slice(randomPrefix.length)))
        const found = numbers(await run(signature.name, only(own, asked.get(signature)!)))
        measured.push(found)
        if (!allFinite(found)) return meanOf(measured)
      }
      counts = counts.map((count, at) => (active.includes(objectives[at]!) ? count + 1 : count))
      if (ema !== undefined) await run('average')
      return meanOf(measured)
    },
    async loss(inputs) {
      return numbers(await run('loss', only(inputs, asked.get(validated)!)))['loss']!
    },
    async read() {
      const known = await readAll()
      return {
        weights: new Map([...known].filter(([path]) => !owners.has(path) && !averages.has(path))),
        optimizer: new Map([...owners].map(([moment, name]) => [name, known.get(moment)!])),
        counts,
        ...(ema !== undefined && { averages: meansIn(known) }),
      }
    },
    async assign({ weights: given, optimizer, counts: made, averages: means }) {
      const current = isAssigned ? await readAll() : new Map<string, Tensor>()
      const givenFor = (path: string): Tensor | undefined => {
        if (owners.has(path)) return optimizer?.get(owners.get(path)!)
        const weight = weightOf.get(path)
        return weight === undefined ? given?.get(path) : (means?.get(weight) ?? given?.get(weight))
      }
      const pick = (path: string): Tensor | undefined => givenFor(path) ?? current.get(path)
      const all = new Float32Array(totalOf(variables))
      let at = 0
      for (const [path, shape] of variables) {
        const tensor = pick(path)
        if (tensor && tensor.shape.join() !== shape.join())
          throw new Error(`${path} is [${shape.join(', ')}], given [${tensor.shape.join(', ')}]`)
        if (tensor) all.set(tensor.data as Float32Array, at)
        at += sizeOf(shape)
      }
      await run('assign', { values: vector(all) })
      isAssigned = true
      if (made) counts = [...made]
    },
    get peakBytes() {
      return computer.peakBytes
    },
    close: () => computer.close(),
  }
}

interface Opened {
  readonly computer: Computer
  /** Computes a signature by its name. */
  run(signature: string, inputs?: HostTensors): Promise<HostTensors>
}

/** Has a process load these signatures. */
async function opening(
  computer: Computer,
  signatures: readonly Signature[],
  variables: ReadonlyMap<string, readonly number[]>,
): Promise<Opened> {
  const { bytes, endpoints } = writeSavedModel(signatures, variables)
  const folder = await storeGraph(bytes)
  await computer.load(folder)
  return { computer, run: (signature, inputs) => computer.run(folder, endpoints.get(signature)!, inputs) }
}

/** Steps compiled by XLA, each tried once on zeros; where it refuses, the flat graph, aloud. */
async function withXla(
  computer: Computer,
  steps: readonly Signature[],
  others: readonly Signature[],
  variables: ReadonlyMap<string, readonly number[]>,
  { say }: GraphOptions,
): Promise<Opened> {
  const start = performance.now()
  try {
    const tried = await opening(computer, [...steps.map((step) => ({ ...step, xla: true })), ...others], variables)
    const values = others.flatMap((each) => (each.name === 'assign' ? inputsOf(each) : []))
    await tried.run('assign', Object.fromEntries(values.map(({ shape }) => ['values', vector(new Float32Array(sizeOf(shape)))])))
    for (const step of steps) {
      const zeros = inputsOf(step).map(({ name, shape }) => [name!, { shape, data: new Float32Array(sizeOf(shape)) }] as const)
      await tried.run(step.name, Object.fromEntries(zeros))
    }
    say?.(`XLA compiled the step in ${((performance.now() - start) / 1000).toFixed(0)} s`)
    return tried
  } catch (error) {
    say?.(`XLA refuses the step (${(error as Error).message.split('\n')[0]!}); going on with the flat graph`)
    computer.close()
    return opening(startComputer(), [...steps, ...others], variables)
  }
}

const vector = (values: ArrayLike<number>): HostTensor => ({ shape: [values.length], data: Float32Array.from(values) })
const numbers = (outputs: HostTensors): Record<string, number> =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, data[0]!]))

/** What a signature is given: inputs that nothing depends on are not among it. */
const only = (inputs: HostTensors, asked: readonly Value[]): HostTensors =>
  Object.fromEntries(asked.map(({ name }) => [name!, inputs[name!]!]))

const activeAt = (objectives: readonly Objective[], step: number): Objective[] =>
  objectives.filter((objective) => step % objective.every === 0)
const nameOf = (objectives: readonly Objective[], active: readonly Objective[]): string =>
  active.length === objectives.length ? 'train_step' : `train_step_${active.map((each) => objectives.indexOf(each)).join('_')}`

const gatherName: typeof nameOf = (objectives, active) => `gather_${nameOf(objectives, active)}`

/** A tensor out of one vector of all. */
function apart(all: Float32Array, variables: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, Tensor> {
  let at = 0
  return new Map(
    [...variables].map(([path, shape]) => {
      const data = all.slice(at, (at += sizeOf(shape)))
      return [path, { shape: [...shape], dtype: 'F32', data } satisfies Tensor]
    }),
  )
}

/** What the process holds that computes these steps, in bytes, as it is predicted. */
export const heldBytes = (steps: readonly Signature[], variables: ReadonlyMap<string, readonly number[]>): number =>
  engineBytes + (1 + variableCopies) * 4 * totalOf(variables) + Math.max(...steps.map((step) => memoryOf(step).residentBytes))

/** The steps in memory: as they are, else with repeated blocks computed again. */
function fittingSteps(
  objectives: readonly Objective[],
  sizes: Sizes,
  variables: ReadonlyMap<string, readonly number[]>,
  { memory, say, accumulate = 1, precision }: GraphOptions,
): ReadonlyMap<string, Signature> {
  const budget = memory ?? 0.9 * os.totalmem()
  const signatures = (recompute: boolean): ReadonlyMap<string, Signature> => {
    const made = stepSignatures(objectives, sizes, accumulate, recompute)
    return precision === 'bf16' ? new Map([...made].map(([name, signature]) => [name, inBfloat16(signature)])) : made
  }
  const plain = signatures(false)
  const keeping = heldBytes([...plain.values()], variables)
  if (keeping <= budget) return plain
  const recomputing = signatures(true)
  const needed = heldBytes([...recomputing.values()], variables)
  const gigabytes = (count: number): string => `${(count / 1e9).toFixed(1)} GB`
  if (needed > budget)
    throw new UserError(
      `a step of ${Object.entries(sizes).map(([name, size]) => `${name} = ${size}`).join(', ')} takes about ${gigabytes(keeping)}, and ${gigabytes(needed)} where repeated blocks are computed twice; ${gigabytes(budget)} are allowed`,
      'make the batch smaller, for example --set train.B=1, or allow more by --memory',
    ) // prettier-ignore
  say?.(`repeated blocks are computed twice in a step: about ${gigabytes(needed)} instead of ${gigabytes(keeping)}`)
  return recomputing
}

/** A signature for every set of optimisers that has a turn together, and one that gathers where an update takes several batches. */
function stepSignatures(
  objectives: readonly Objective[],
  sizes: Sizes,
  accumulate: number,
  recompute: boolean,
): ReadonlyMap<string, Signature> {
  const made = new Map<string, Signature>()
  const period = objectives.reduce((product, { every }) => product * every, 1)
  for (let step = 0; step < period; step += 1) {
    const active = activeAt(objectives, step)
    const name = nameOf(objectives, active)
    if (active.length === 0 || made.has(name)) continue
    made.set(name, trainStep(name, active, sizes, recompute, accumulate))
    if (accumulate === 1) continue
    const gather = gatherName(objectives, active)
    made.set(gather, gatherStep(gather, active, sizes, recompute))
  }
  return made
}
