import type { Graph, Weight } from '../../ir/graph.ts'
import { gradients } from '../../kernels/gradient.ts'
import { Trace } from '../../kernels/trace.ts'
import { traceGraph } from '../../kernels/trace-graph.ts'
import { splitLinear } from '../../passes/split-linear.ts'
import { sizeOf, totalOf, type Value } from '../../kernels/value.ts'
import type { Objective } from '../../plan.ts'
import { optimiserNamed } from '../../optimisers/registry.ts'
import { simplified, type Move, type Signature } from './write.ts'

/** All variables of a training: the weights of its graphs and the moments of what is moved. */
export function variablesOf(graphs: readonly Graph[], objectives: readonly Objective[]): ReadonlyMap<string, readonly number[]> {
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
  variables: ReadonlyMap<string, readonly number[]>,
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
  objective.graph.weights.filter((weight) => weight.trainable && weight.group === objective.group)

/** What an objective's optimiser keeps of a weight, as variables: `m.PATH`. */
export const stateOf = ({ optimizer }: Objective, path: string): string[] =>
  optimiserNamed(optimizer.name).state.map((name) => `${name}.${path}`)

/**
 * One update of every optimiser in `objectives`, all gradients taken at the weights before it. Inputs: those of the
 * model, random numbers for what acts at random, and each optimiser's numbers as `stepInput` has them. Outputs: every loss
 * and its terms. Where one of them is not finite, no weight is moved. With `recompute`, repeated blocks are computed
 * twice and kept once.
 */
export function trainStep(
  name: string,
  objectives: readonly Objective[],
  sizes: Readonly<Record<string, number>>,
  recompute = false,
): Signature {
  const trace = new Trace()
  const outputs: Record<string, Value> = {}
  const losses = objectives.map((objective) => {
    const prefix = prefixOf(objective)
    const draw = (count: number, layer: string): Value => trace.placeholder(randomPrefix + layer, [count])
    const { graph } = splitLinear(objective.graph, sizes)
    const measured = traceGraph(trace, graph, sizes, {}, { training: true, draw, recompute })
    for (const [key, value] of Object.entries(measured)) outputs[prefix + key] = value
    return measured['loss']!
  })
  const isFinite = trace.all(trace.isFinite(trace.stack(Object.values(outputs), 0)))
  const moved = objectives.flatMap((objective, at): Move[] => {
    const { name: by, settings } = objective.optimizer
    const { kernel } = optimiserNamed(by)
    const weights = movedBy(objective)
    const variables = weights.map(({ path, shape }) => trace.variable(path, shape))
    const [input, names] = stepInput(objective, 0, 0)
    const numbers = trace.placeholder(input, [names.length])
    const given = new Map(
      names.map(([each], place) => {
        const value = trace.reshape(trace.slice(numbers, [place], [1]), []) as Value
        return [each, each === 'rate' ? trace.where(isFinite, value, 0) : value] as const
      }),
    )
    const constants = new Map<number, Value>()
    const constant = (value: number): Value => {
      const known = constants.get(value) ?? trace.scalar(value)
      constants.set(value, known)
      return known
    }
    return gradients(trace, losses[at]!, variables).flatMap((found, index) => {
      if (!found) return []
      const { path, shape } = weights[index]!
      const gradient = trace.where(isFinite, trace.sumTo(found, shape), 0)
      const operands = kernel.takes.map((each): Value => {
        if (each === 'gradient') return gradient
        if (typeof each === 'number') return constant(each)
        return 'given' in each ? given.get(each.given)! : constant(settings[each.setting]!)
      })
      return [{ by, kernel: kernel.name, variables: [path, ...stateOf(objective, path)], operands }]
    })
  })
  return simplified({ name, outputs, assigned: new Map(), moved })
}

/** What a step gives an optimiser, after `count` updates: the input's name, and its numbers in their order. */
export function stepInput(
  objective: Objective,
  rate: number,
  count: number,
): readonly [input: string, numbers: readonly (readonly [name: string, value: number])[]] {
  const { name, settings } = objective.optimizer
  return [prefixOf(objective) + name, Object.entries(optimiserNamed(name).kernel.given(settings, rate, count))]
}

/** The outputs of a graph, without anything random and without a change. */
export function evaluation(name: string, graph: Graph, sizes: Readonly<Record<string, number>>): Signature {
  return simplified({ name, outputs: traceGraph(new Trace(), splitLinear(graph, sizes).graph, sizes), assigned: new Map() })
}

/** All variables as one vector: `read` gives it, `assign` takes it, in the order of `variables`. */
export function storage(variables: ReadonlyMap<string, readonly number[]>): readonly [read: Signature, assign: Signature] {
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
  return [
    { name: 'read', outputs: { values: reading.concat(flat, 0) }, assigned: new Map() },
    { name: 'assign', outputs: { count: writing.scalar(variables.size, 'int32') }, assigned },
  ]
}
