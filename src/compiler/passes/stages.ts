import { producers, subgraph, type Graph, type GraphInput, type GraphOutput, type Node, type TensorType } from '../ir/graph.ts'
import { rearrangement } from '../ops/convolution.ts'
import { takingAlong } from '../ops/implicit.ts'
import { joining } from '../ops/layout.ts'
import type { Primitive } from '../ops/op.ts'
import { isA, primitiveNamed } from '../ops/registry.ts'
import { isPerQuery, type CompiledModel } from '../plan.ts'
import { acrossQueries } from './across-queries.ts'
import { asInteger, constant, mul, symbol, symbols, type Size } from '../shapes/size.ts'

/** What a stage takes beside the graph's own inputs: values of an earlier one. */
export interface StageValue {
  readonly name: string
  readonly value: number
}

/**
 * A model of samples in three graphs, so that a picture is computed in tiles and chunks: `features` once a tile, `keys`
 * for the positions that `best_match` may choose from, `decode` for any chunk of queries.
 */
export interface Stages {
  readonly features: Graph
  /** Undefined where nothing is matched. */
  readonly keys?: Graph
  /** Inputs: the graph's own, the features, and the keys under their names. */
  readonly decode: Graph
  readonly featureValues: readonly StageValue[]
  readonly keyValues: readonly StageValue[]
  /** What queries take of maps; made outside of the graphs, which have it as inputs. */
  readonly taken: readonly Taken[]
  /** Where queries depend on one another: those of a scope are computed at once, or the values would be others. */
  readonly across?: Node
  /** The same with matches found once for every row of the maps that queries are taken from. */
  readonly hoisted?: Hoisted
}

/**
 * The cells that an op finds for queries: given to the stages instead of being computed in them, so that it can be found in
 * the frame of the whole picture. In the frame of a tile the same query is rounded otherwise, and the difference is enough
 * to decide between two best matches that are nearly alike.
 */
export interface Taken {
  readonly node: Node
  /** Inputs of the stages: index i32[B, q, t], offset and cell [B, q, t, 2], weight [B, q, t]. */
  readonly names: readonly [index: string, offset: string, cell: string, weight: string]
}

/**
 * Queries that are taken from a map have at most as many distinct rows as the map has positions (exact algebra: a row-wise
 * op commutes with a row gather), so the best match is found per position and corner, then taken like any feature.
 */
export interface Hoisted {
  readonly maps: readonly MatchedMap[]
  /** From rows of each map [B, n, 1, depth], under its name `rows`, and the keys: what `found` names, for these rows. */
  readonly match: Graph
  /** From the features and what was found, for all rows of the maps. */
  readonly decode: Graph
}

/** A map whose rows are matched. */
export interface MatchedMap {
  readonly rows: string
  /** The feature [B, h, w, depth] that the rows are of. */
  readonly feature: string
  /** Which rows the queries take: one of the `taken`. */
  readonly index: string
  /** Scores [B, n, t, 1], then what was chosen [B, n, t, d]. */
  readonly found: readonly [score: string, ...chosen: string[]]
}

/** How many positions may be chosen from, as a symbol of the decode stage. */
const candidates = 'k'

/** Cuts a model with coordinates in stages; undefined where it has none or its matches cannot be cut apart. */
export function stages(model: CompiledModel): Stages | undefined {
  const queryInputs = model.inputs.filter(isPerQuery).map((input) => input.name)
  const picture = model.graph.inputs.filter((input) => !queryInputs.includes(input.name) && input.name !== 'target')
  const asked = model.graph.inputs.filter((input) => queryInputs.includes(input.name))
  if (asked.length === 0) return undefined
  const { graph, taken } = withoutCells(model.graph, asked)
  const across = acrossQueries(model)?.node
  const facts = { taken, ...(across && { across }) }
  const queries = [...asked, ...taken.flatMap(({ node, names }) => names.map((name, at) => ({ name, value: node.results[at]! })))]
  const dependent = queryDependent(graph, queries, picture)
  const consumed = new Set([
    ...graph.nodes.filter((node) => dependent(node)).flatMap((node) => node.inputs),
    ...graph.outputs.map((output) => output.value),
  ])
  const made = producers(graph)
  const featureValues = [...consumed]
    .filter((value) => {
      const node = made.get(value)
      return node !== undefined && !dependent(node)
    })
    .map((value) => ({ name: `feature${value}`, value }))
  const features = subgraph(graph, picture, featureValues)
  const base: GraphInput[] = [...picture, ...queries, ...featureValues]

  const matches = graph.nodes.filter((node) => isA(node, 'best row along axis 1') && dependent(node))
  if (matches.length === 0)
    return { features, decode: subgraph(graph, base, graph.outputs), featureValues, keyValues: [], ...facts }
  const takers = graph.nodes.filter(
    (node) => isA(node, 'rows along axis 1') && matches.some((match) => match.results[1] === node.inputs[1]),
  )
  const keyed = [...new Set([...matches.map((match) => match.inputs[1]!), ...takers.map((node) => node.inputs[0]!)])]
  const keyValues = keyed.map((value) => ({ name: `key${value}`, value }))
  const keys = subgraph(graph, base, keyValues)
  const others = graph.nodes.some(
    (node) => !takers.includes(node) && node.inputs.some((value) => matches.some((match) => match.results[1] === value)),
  )
  const nested = keys.nodes.some((node) => matches.includes(node))
  if (others || nested) return undefined

  // The keys come from elsewhere: their axis 1 counts candidates, not the chunk's queries.
  const values: TensorType[] = [...graph.values]
  const fresh = new Map<number, number>()
  for (const value of keyed) {
    const { shape, dtype } = graph.values[value]!
    fresh.set(value, values.length)
    values.push({ shape: shape.map((size, axis) => (axis === 1 ? symbol(candidates) : size)), dtype })
  }
  const nodes = graph.nodes.map((node): Node => {
    if (matches.includes(node)) return { ...node, inputs: [node.inputs[0]!, fresh.get(node.inputs[1]!)!] }
    if (takers.includes(node)) return { ...node, inputs: [fresh.get(node.inputs[0]!)!, node.inputs[1]!] }
    return node
  })
  const keyInputs = keyValues.map(({ name, value }) => ({ name, value: fresh.get(value)! }))
  const keyedGraph = { ...graph, nodes, values }
  const decode = subgraph(keyedGraph, [...base, ...keyInputs], graph.outputs)
  const hoisted = hoist(
    keyedGraph,
    matches.map((match) => nodes[graph.nodes.indexOf(match)]!),
    base,
    keyInputs,
  )
  return { features, keys, decode, featureValues, keyValues, ...facts, ...(hoisted && { hoisted }) }
}

/** The graph without the ops that find cells for the queries themselves, and those ops. */
function withoutCells(graph: Graph, queries: readonly GraphInput[]): { graph: Graph; taken: Taken[] } {
  const given = new Set(queries.map(({ value }) => value))
  const taken = graph.nodes
    .filter((node) => primitiveNamed(node.op).axisCells && node.inputs.every((value) => given.has(value)))
    .map((node): Taken => {
      const [index, offset, cell, weight] = node.results.map((value) => `taken${value}`) as [string, string, string, string]
      return { node, names: [index, offset, cell, weight] }
    })
  const gone = new Set(taken.map(({ node }) => node))
  return { graph: { ...graph, nodes: graph.nodes.filter((node) => !gone.has(node)) }, taken }
}

/** Finds matches for whole maps; undefined where a match's rows are not taken from a map of the features. */
function hoist(
  graph: Graph,
  matches: readonly Node[],
  base: readonly GraphInput[],
  keyInputs: readonly GraphInput[],
): Hoisted | undefined {
  const made = producers(graph)
  const given = new Map(base.map((input) => [input.value, input.name]))
  const values: TensorType[] = [...graph.values]
  const add = (shape: readonly Size[], dtype: TensorType['dtype'] = 'f32'): number => values.push({ shape, dtype }) - 1
  const before: Node[] = []
  const after = new Map<Node, Node[]>()
  const maps: MatchedMap[] = []
  const rowInputs: GraphInput[] = []
  const matched: GraphOutput[] = []
  const decodeInputs: GraphInput[] = []
  for (const match of matches) {
    const taken = made.get(match.inputs[0]!)
    if (!taken || !isA(taken, 'rows of a map') || !given.has(taken.inputs[0]!)) return undefined
    const [map, index] = taken.inputs as [number, number]
    if (!given.has(index)) return undefined
    const [batch, height, width, depth] = graph.values[map]!.shape as [Size, Size, Size, Size]
    const lanes = graph.values[index]!.shape[2]!
    const copies = asInteger(lanes)
    if (copies === undefined || graph.values[index]!.shape.length !== 3) return undefined
    const area = mul(height, width)
    const count = symbol(`n${maps.length}`)
    const node = (
      { name: op }: Primitive,
      inputs: readonly number[],
      results: readonly number[],
      more: Partial<Node> = {},
    ): Node => ({
      op,
      inputs,
      results,
      weights: [],
      attributes: {},
      sizes: {},
      path: match.path,
      ...more,
    })
    const reshape = (input: number, shape: readonly Size[], result: number): Node =>
      node(rearrangement, [input], [result], {
        attributes: { permute: shape.map((_, at) => at) },
        sizes: { split: shape, merge: shape },
      })

    const single = add([batch, count, constant(1), depth])
    const spread = add([batch, count, lanes, depth])
    const score = add([batch, count, lanes])
    const best = add([batch, count, lanes], 'i32')
    const column = [batch, count, lanes, constant(1)]
    const scoreColumn = add(column)
    const rows = `rows${single}`
    rowInputs.push({ name: rows, value: single })
    before.push(
      node(
        joining,
        Array.from({ length: copies }, () => single),
        [spread],
        { attributes: { axis: 2 } },
      ),
    )
    before.push({ ...match, inputs: [spread, match.inputs[1]!], results: [score, best] }, reshape(score, column, scoreColumn))
    /** What is found for rows stands for the whole map in the decode stage. */
    const find = (value: number): { readonly name: string; readonly whole: number } => {
      const { shape, dtype } = values[value]!
      const whole = add(
        shape.map((size, axis) => (axis === 1 ? area : size)),
        dtype,
      )
      const name = `match${value}`
      matched.push({ name, value })
      decodeInputs.push({ name, value: whole })
      return { name, whole }
    }
    const scores = find(scoreColumn)
    const chosen: string[] = []

    const [scoreResult, indexResult] = match.results as [number, number]
    const queries = graph.values[scoreResult]!.shape
    const picked = add([...queries, constant(1)])
    after.set(match, [node(takingAlong, [scores.whole, index], [picked]), reshape(picked, queries, scoreResult)])
    for (const taker of graph.nodes.filter(
      (candidate) => isA(candidate, 'rows along axis 1') && candidate.inputs[1] === indexResult,
    )) {
      const picks = add(graph.values[taker.inputs[0]!]!.shape.map((size, axis) => (axis === 1 ? count : size)))
      before.push({ ...taker, inputs: [taker.inputs[0]!, best], results: [picks] })
      const { name, whole } = find(picks)
      chosen.push(name)
      after.set(taker, [{ ...taker, inputs: [whole, index] }])
    }
    maps.push({ rows, feature: given.get(map)!, index: given.get(index)!, found: [scores.name, ...chosen] })
  }
  const whole = { ...graph, values, nodes: [...before, ...graph.nodes.flatMap((node) => after.get(node) ?? [node])] }
  return {
    maps,
    match: subgraph(whole, [...rowInputs, ...keyInputs], matched),
    decode: subgraph(whole, [...base, ...decodeInputs], graph.outputs),
  }
}

/** Whether a node depends on the queries: through its inputs, or through the number of them. */
function queryDependent(graph: Graph, queries: readonly GraphInput[], picture: readonly GraphInput[]): (node: Node) => boolean {
  const known = new Set(picture.flatMap((input) => graph.values[input.value]!.shape.flatMap(symbols)))
  const own = new Set(
    queries.flatMap((input) => graph.values[input.value]!.shape.flatMap(symbols)).filter((name) => !known.has(name)),
  )
  const values = new Set(queries.map((input) => input.value))
  const nodes = new Set<Node>()
  for (const node of graph.nodes) {
    const sizes = node.results.flatMap((result) => graph.values[result]!.shape.flatMap(symbols))
    if (!node.inputs.some((value) => values.has(value)) && !sizes.some((name) => own.has(name))) continue
    nodes.add(node)
    node.results.forEach((result) => values.add(result))
  }
  return (node) => nodes.has(node)
}
