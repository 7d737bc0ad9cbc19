import { cost } from './passes/cost.ts'
import type { Graph } from './ir/graph.ts'
import { sameGraph } from './ir/print.ts'
import type { CompiledModel } from './plan.ts'
import { format } from './shapes/size-format.ts'
import { parse } from './syntax/parse.ts'
import { pathText } from './syntax/tree.ts'
import { own } from '../own.ts'

/** Something that both models have, and that is not the same in both. */
export interface Changed {
  readonly name: string
  readonly before: string
  readonly after: string
}

/** What a variant (or another model) changes of a base, at given sizes. */
export interface Comparison {
  readonly isEqual: boolean
  /** Weights that only one has, and how many are alike in both. */
  readonly weights: { readonly removed: readonly string[]; readonly added: readonly string[]; readonly kept: number }
  /** Weights of another shape. */
  readonly reshaped: readonly Changed[]
  /** Named tensors, inputs and outputs of another shape. */
  readonly shapes: readonly Changed[]
  readonly parameters: readonly [before: number, after: number]
  readonly multiplyAdds: readonly [before: number, after: number]
  /** Fields of train and evaluate, by their paths. */
  readonly records: readonly Changed[]
}

/** Compares two compiled models. */
export function compare(base: CompiledModel, other: CompiledModel, sizes: Readonly<Record<string, number>>): Comparison {
  const [before, after] = [weightsOf(base), weightsOf(other)]
  const [first, second] = [cost(base.graph, sizes), cost(other.graph, sizes)]
  return {
    isEqual: isSame(base, other),
    weights: {
      removed: [...before.keys()].filter((path) => !after.has(path)),
      added: [...after.keys()].filter((path) => !before.has(path)),
      kept: [...before].filter(([path, shape]) => after.get(path) === shape).length,
    },
    reshaped: changes(before, after),
    shapes: changes(tensorsOf(base), tensorsOf(other)),
    parameters: [first.parameters, second.parameters],
    multiplyAdds: [first.multiplyAdds, second.multiplyAdds],
    records: [...recordChanges('train', base.train, other.train), ...recordChanges('evaluate', base.evaluate, other.evaluate)],
  }
}

/** Whether two models are the same network, trained and evaluated alike. */
export function isSame(a: CompiledModel, b: CompiledModel): boolean {
  const graphs = ({ graph, train }: CompiledModel): Graph[] => [graph, ...(train?.objectives ?? []).map((each) => each.graph)]
  const others = graphs(b)
  return (
    records(a) === records(b) &&
    graphs(a).length === others.length &&
    graphs(a).every((graph, at) => sameGraph(graph, others[at]!))
  )
}

/** What a model says beside its graphs. */
const records = (model: CompiledModel): string =>
  JSON.stringify([
    model.train && { ...model.train, objectives: model.train.objectives.map((objective) => ({ ...objective, graph: '' })) },
    model.evaluate,
    model.inputs.map(({ role, range, by }) => ({ role, range, by })),
  ])

/** The replacements and settings of a variant's text, as they are written. */
export function editsOf(
  file: string,
  text: string,
): { readonly replaced: Record<string, string>; readonly set: Record<string, string> } {
  const { declarations } = parse(file, text).source
  const written = ({ span }: { readonly span: { readonly start: number; readonly end: number } }): string =>
    text.slice(span.start, span.end).replace(/\s+/g, ' ')
  const replaced = declarations.flatMap((each) => (each.kind === 'replace' ? [[each.slot.text, written(each.filler)]] : []))
  const set = declarations.flatMap((each) => (each.kind === 'set' ? [[pathText(each.path), written(each.value)]] : []))
  return {
    replaced: Object.fromEntries(replaced) as Record<string, string>,
    set: Object.fromEntries(set) as Record<string, string>,
  }
}

/** Paths by the slot or let that they belong to, where there are many. */
export function foldedPaths(paths: readonly string[]): string[] {
  if (paths.length <= 12) return [...paths]
  const groups = new Map<string, number>()
  for (const path of paths) {
    const owner = path.split(/[.[]/)[0]!
    groups.set(owner, (groups.get(owner) ?? 0) + 1)
  }
  return [...groups].map(([owner, count]) => `${owner}: ${count}`)
}

const weightsOf = ({ graph, train }: CompiledModel): Map<string, string> =>
  new Map(
    [graph, ...(train?.objectives ?? []).map((objective) => objective.graph)]
      .flatMap(({ weights }) => weights)
      .map(({ path, shape }) => [path, `[${shape.join(', ')}]`]),
  )

function tensorsOf({ graph }: CompiledModel): Map<string, string> {
  const shapeOf = (value: number): string => `[${graph.values[value]!.shape.map(format).join(', ')}]`
  const named = ({ inputs, outputs }: Graph) => [...inputs, ...outputs].map(({ name, value }) => [name, value] as const)
  return new Map([...named(graph), ...graph.lets].map(([name, value]) => [name, shapeOf(value)]))
}

const changes = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Changed[] =>
  [...before].flatMap(([name, shape]) => {
    const now = after.get(name)
    return now === undefined || now === shape ? [] : [{ name, before: shape, after: now }]
  })

/** Fields whose values differ; graphs inside of a record are compared as graphs, not here. */
function recordChanges(name: string, before: unknown, after: unknown): Changed[] {
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => key !== 'graph')
    return keys.flatMap((key) => recordChanges(`${name}.${key}`, own(before, key), own(after, key)))
  }
  const [first, second] = [text(before), text(after)]
  return first === second ? [] : [{ name, before: first, after: second }]
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !(value instanceof Map)
const text = (value: unknown): string =>
  value === undefined ? 'nothing' : typeof value === 'string' ? value : JSON.stringify(value)
