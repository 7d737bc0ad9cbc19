import type { Graph, Weight } from '../../ir/graph.ts'
import { gradients } from '../../kernels/gradient.ts'
import { Trace } from '../../kernels/trace.ts'
import { traceGraph } from '../../kernels/trace-graph.ts'
import { splitLinear } from '../../passes/split-linear.ts'
import { sizeOf, totalOf, type Value } from '../../kernels/value.ts'
import type { Objective } from '../../plan.ts'
import { newLearning } from '../../ops/learning.ts'
import { clipped } from '../../optimisers/clip.ts'
import type { Given } from '../../optimisers/optimiser.ts'
import { optimiserNamed } from '../../optimisers/registry.ts'
import { simplified, type Move, type Signature } from './write.ts'
import { emptyTable } from '../../../own.ts'

/** Shapes of variables, by name. */
export type Variables = ReadonlyMap<string, readonly number[]>

/** All variables of a training: the weights of its graphs and the moments of what is moved. */
export function variablesOf(graphs: readonly Graph[], objectives: readonly Objective[]): Variables {
  const all = [...graphs, ...objectives.map(({ graph }) => graph)].flatMap(({ weights }) => weights)
  const moved = objectives.flatMap((objective) => movedBy(objective).flatMap(({ path, shape }) => stateOf(objective, path).map((name) => [name, shape] as const))) // prettier-ignore
  return new Map([...all.map(({ path, shape }) => [path, shape] as const), ...moved])
}

/** The validation loss: the model's own, without its terms. */
export function lossAlone({ graph }: Objective): Graph {
  return { ...graph, outputs: graph.outputs.filter(({ name }) => name === 'loss') }
}

/** Values that variables start with: those of `given`, else zero. */
export function startOf(
  variables: Variables,
  given: ReadonlyMap<string, { readonly data: ArrayLike<number> }>,
): ReadonlyMap<string, Value> {
  const trace = new Trace()
  return new Map(
    [...variables].map(([path, shape]) => {
      const known = given.get(path)
      return [path, known ? trace.tensor(known.data, shape) : trace.fill(shape, 0)] as const
    }),
  )
}

/** The prefix of what one optimiser reports and is given: nothing for the model's own. */
export const prefixOf = ({ group }: Pick<Objective, 'group'>): string => (group === undefined ? '' : `${group} `)

/** The inputs of what acts at random: this and the layer's name. */
export const randomPrefix = 'random/'

/** Which weights an objective moves. */
export const movedBy = (objective: Objective): readonly Weight[] =>
  objective.graph.weights.filter((weight) => weight.trainable && weight.rate !== 0 && weight.group === objective.group)

/** The share of the learning rate at which a weight moves. */
const shareOf = ({ rate = 1 }: Weight): number => rate

/** What an objective's optimiser keeps of a weight, as variables: `m.PATH`. */
export const stateOf = ({ optimizer }: Objective, path: string): string[] =>
  optimiserNamed(optimizer.name).state.map((name) => `${name}.${path}`)

/** What a step computes before anything moves. */
interface Forward {
  readonly trace: Trace
  readonly outputs: Readonly<Record<string, Value>>
  readonly losses: readonly Value[]
  /** New values of weights that no optimiser moves. */
  readonly learned: ReadonlyMap<string, Value>
}

/** Losses and their terms. Inputs: those of the model, and random numbers for what acts at random. */
function forward(objectives: readonly Objective[], sizes: Readonly<Record<string, number>>, recompute: boolean): Forward {
  const trace = new Trace()
  const outputs = emptyTable<Value>()
  const learning = newLearning<Value>()
  const losses = objectives.map((objective) => {
    const prefix = prefixOf(objective)
    const draw = (count: number, layer: string): Value => trace.placeholder(randomPrefix + layer, [count])
    const { graph } = splitLinear(objective.graph, sizes)
    const measured = traceGraph(trace, graph, sizes, {}, { training: true, draw, recompute, learning })
    for (const [key, value] of Object.entries(measured)) outputs[prefix + key] = value
    return measured['loss']!
  })
  return { trace, outputs, losses, learned: learning.made }
}

const finite = (trace: Trace, outputs: Readonly<Record<string, Value>>): Value =>
  trace.all(trace.isFinite(trace.stack(Object.values(outputs), 0)))

/** What training made of weights that no optimiser moves; where the condition does not hold they stay. */
const learnedWhere = (trace: Trace, condition: Value, learned: Forward['learned']): [string, Value][] =>
  [...learned].map(([path, value]) => [path, trace.where(condition, value, trace.variable(path, value.shape))])

/** The weights that an objective moves and that its loss depends on, with their gradients. */
function gradientsOf(trace: Trace, objective: Objective, loss: Value): Moving[] {
  const weights = movedBy(objective)
  const variables = weights.map(({ path, shape }) => trace.variable(path, shape))
  return gradients(trace, loss, variables)
    .map((gradient, index) => ({ weight: weights[index]!, x: variables[index]!, gradient }))
    .flatMap((each) => (each.gradient ? [{ ...each, gradient: trace.sumTo(each.gradient, each.weight.shape) }] : []))
}

/** The variable that gathers a weight's gradients over the batches of an update. */
export const gatheredIn = (path: string): string => `gradient/${path}`

/** The variables that gather gradients, where an update takes several batches. */
export const gathering = (objectives: readonly Objective[], accumulate: number): Variables =>
  new Map(
    accumulate === 1
      ? []
      : objectives.flatMap((objective) => movedBy(objective).map(({ path, shape }) => [gatheredIn(path), shape] as const)),
  )

/** An input of `gatherStep`: whether what is gathered already stays, 1, or an update begins, 0. */
export const goingOn = 'going on'

/** The gradients of one batch, added to those that are gathered. Inputs and outputs are those of `trainStep`, and `goingOn`. */
export function gatherStep(
  name: string,
  objectives: readonly Objective[],
  sizes: Readonly<Record<string, number>>,
  recompute = false,
): Signature {
  const { trace, outputs, losses, learned } = forward(objectives, sizes, recompute)
  const isGoingOn = trace.greater(trace.reshape(trace.placeholder(goingOn, [1]), []), 0)
  const assigned = objectives.flatMap((objective, at) =>
    gradientsOf(trace, objective, losses[at]!).map(({ weight: { path, shape }, gradient }) => {
      const before = trace.where(isGoingOn, trace.variable(gatheredIn(path), shape), 0)
      return [gatheredIn(path), trace.add(before, gradient)] as const
    }),
  )
  return simplified({
    name,
    outputs,
    assigned: new Map([...assigned, ...learnedWhere(trace, finite(trace, outputs), learned)]),
  })
}

/**
 * One update of every optimiser in `objectives`, all gradients taken at the weights before it. Inputs: those of the
 * model, random numbers for what acts at random, and each optimiser's numbers as `stepInput` has them. Outputs: every loss
 * and its terms. Where one of them is not finite, no weight is moved. With `recompute`, repeated blocks are computed
 * twice and kept once. With `accumulate` above 1 this is the last batch of as many: the update goes by the mean of its
 * gradients and those that were gathered.
 */
export function trainStep(
  name: string,
  objectives: readonly Objective[],
  sizes: Readonly<Record<string, number>>,
  recompute = false,
  accumulate = 1,
): Signature {
  const { trace, outputs, losses, learned } = forward(objectives, sizes, recompute)
  const isFinite = finite(trace, outputs)
  const assigned = new Map(learnedWhere(trace, isFinite, learned))
  const moved = objectives.flatMap((objective, at): Move[] => {
    const found = gradientsOf(trace, objective, losses[at]!)
    const plain = found.map(({ weight: { path, shape }, gradient }) =>
      accumulate === 1 ? gradient : trace.mul(trace.add(trace.variable(gatheredIn(path), shape), gradient), 1 / accumulate),
    )
    const cut = objective.clip ? clipped(trace, plain, objective.clip) : plain
    const given = numbersOf(trace, objective)
    const moving = found.map(({ weight, x }, index): Moving => ({ weight, x, gradient: trace.where(isFinite, cut[index]!, 0) }))
    if (optimiserNamed(objective.optimizer.name).kernel)
      return moving.map((each) => byKernel(trace, objective, each, given, isFinite))
    for (const each of moving)
      for (const [path, value] of byRule(trace, objective, each, given))
        assigned.set(path, trace.where(isFinite, value, trace.variable(path, each.weight.shape)))
    return []
  })
  return simplified({ name, outputs, assigned, moved })
}

interface Moving {
  readonly weight: Weight
  readonly x: Value
  readonly gradient: Value
}

/** The numbers that a step gives an optimiser, as scalars. */
type Scalars = readonly (Omit<StepNumber, 'value'> & { readonly scalar: Value })[]

function numbersOf(trace: Trace, objective: Objective): Scalars {
  const { input, numbers } = stepInput(objective, 0, 0)
  const given = trace.placeholder(input, [numbers.length])
  return numbers.map(({ value: _, ...number }, place) => ({
    ...number,
    scalar: trace.reshape(trace.slice(given, [place], [1]), []),
  }))
}

function byKernel(trace: Trace, objective: Objective, { weight, gradient }: Moving, given: Scalars, isFinite: Value): Move {
  const { name: by, settings } = objective.optimizer
  const kernel = optimiserNamed(by).kernel!
  const operands = kernel.takes.map((each): Value => {
    if (each === 'gradient') return gradient
    if (typeof each === 'number') return trace.scalar(each)
    if ('setting' in each) return trace.scalar(settings[each.setting] as number)
    const { scalar } = given.find(({ name, share }) => name === each.given && share === shareOf(weight))!
    return each.given === 'rate' ? trace.where(isFinite, scalar, 0) : scalar
  })
  return { by, kernel: kernel.name, variables: [weight.path, ...stateOf(objective, weight.path)], operands }
}

/** New values of a weight and of its state, by their variables. */
function byRule(trace: Trace, objective: Objective, { weight, x, gradient }: Moving, given: Scalars): [string, Value][] {
  const { name, settings } = objective.optimizer
  const rule = optimiserNamed(name)
  const variables = stateOf(objective, weight.path)
  const state = Object.fromEntries(rule.state.map((part, at) => [part, trace.variable(variables[at]!, weight.shape)]))
  const own = numbersFor(given, weight)
  const made = rule.step(trace, { x, gradient, state }, settings, own)
  return [weight.path, ...variables].map((path, at) => [path, made[at]!])
}

/** The numbers for a weight, which go by its axes and its share of the rate. */
const numbersFor = (given: Scalars, weight: Weight): Record<string, Value> =>
  Object.fromEntries(
    given.flatMap(({ name, of, share, scalar }) =>
      share === shareOf(weight) && (of === undefined || (of === 'vectors') === weight.shape.length <= 1)
        ? [[name, scalar] as const]
        : [],
    ),
  )

/** A number of a step: for weights at a share of the rate, all, those of one axis (biases, norms), or the others. */
export interface StepNumber {
  readonly name: string
  readonly value: number
  readonly share: number
  readonly of?: 'vectors' | 'kernels'
}

/** What a step gives an optimiser, after `count` updates: the input's name, and its numbers in their order. */
export function stepInput(
  objective: Objective,
  rate: number,
  count: number,
): { readonly input: string; readonly numbers: readonly StepNumber[] } {
  const { name, settings } = objective.optimizer
  const rule = optimiserNamed(name)
  const input = prefixOf(objective) + name
  const all = (share: number, given: Given, of?: StepNumber['of']): StepNumber[] =>
    Object.entries(given).map(([each, value]) => ({ name: each, value, share, ...(of && { of }) }))
  const numbers = [...new Set(movedBy(objective).map(shareOf))].flatMap((share) => {
    if (rule.kernel) return all(share, rule.kernel.given(settings, rate * share, count))
    const given = (rank: number): Given => rule.given(settings, rate * share, count, rank)
    return [...all(share, given(1), 'vectors'), ...all(share, given(2), 'kernels')]
  })
  return { input, numbers }
}

/** The outputs of a graph, without anything random and without a change; of the averages instead of the weights that have one. */
export function evaluation(
  name: string,
  graph: Graph,
  sizes: Readonly<Record<string, number>>,
  averages: Variables = new Map(),
): Signature {
  const variableOf = (path: string): string => (averages.has(averageOf(path)) ? averageOf(path) : path)
  const outputs = traceGraph(new Trace(), splitLinear(graph, sizes).graph, sizes, {}, { variableOf })
  return simplified({ name, outputs, assigned: new Map() })
}

/** The variable of a weight's running mean. */
export const averageOf = (path: string): string => `average/${path}`

/** The variables of running means, where they are taken: of what the model's own optimiser moves. */
export const averaging = (objectives: readonly Objective[], ema: number | undefined): Variables =>
  new Map(
    ema === undefined || !objectives[0] ? [] : movedBy(objectives[0]).map(({ path, shape }) => [averageOf(path), shape] as const),
  )

/** Behind an update: every running mean keeps the share `ema` of itself, the rest is the weight. */
export function averageStep(objectives: readonly Objective[], ema: number): Signature {
  const trace = new Trace()
  const assigned = movedBy(objectives[0]!).map(({ path, shape }) => {
    const kept = trace.mul(trace.variable(averageOf(path), shape), ema)
    return [averageOf(path), trace.add(kept, trace.mul(trace.variable(path, shape), 1 - ema))] as const
  })
  return { name: 'average', outputs: { count: trace.scalar(assigned.length, 'int32') }, assigned: new Map(assigned) }
}

/**
 * All variables as one vector: `read` gives it, `assign` takes it, in the order of `variables`; `cleared` are set to zero by it.
 */
export function storage(variables: Variables, cleared: Variables = new Map()): readonly [read: Signature, assign: Signature] {
  const reading = new Trace()
  const flat = [...variables].map(([path, shape]) => reading.reshape(reading.variable(path, shape), [sizeOf(shape)]))
  const writing = new Trace()
  const given = writing.placeholder('values', [totalOf(variables)])
  let from = 0
  const assigned = new Map(
    [...variables].map(([path, shape]) => {
      const count = sizeOf(shape)
      const part = writing.reshape(writing.slice(given, [from], [count]), shape)
      from += count
      return [path, part] as const
    }),
  )
  for (const [path, shape] of cleared) assigned.set(path, writing.fill(shape, 0))
  return [
    { name: 'read', outputs: { values: reading.concat(flat, 0) }, assigned: new Map() },
    { name: 'assign', outputs: { count: writing.scalar(variables.size, 'int32') }, assigned },
  ]
}
