import { producers, subgraph, type Graph, type GraphInput, type Node, type TensorType } from '../ir/graph.ts'
import type { CompiledModel } from '../plan.ts'
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
  /** The same with the matches found once a tile, for every row of the map that queries are taken from. */
  readonly hoisted?: Hoisted
}

/**
 * Queries that are taken from a map have at most as many distinct rows as the map has positions (exact algebra: a row-wise
 * op commutes with a row gather), so the best match is found per position and corner, then taken like any feature.
 */
export interface Hoisted {
  /** From features and keys: scores and chosen rows for the whole map. */
  readonly match: Graph
  readonly matchValues: readonly StageValue[]
  /** Among the match values: each match's score [B, area, t, 1], and the rows [B, area, t, d] that go with it. */
  readonly found: readonly { readonly score: string; readonly rows: readonly string[] }[]
  /** From features and the match values. */
  readonly decode: Graph
}

/** How many positions may be chosen from, as a symbol of the decode stage. */
const candidates = 'k'

/** Cuts a model with coordinates in stages; undefined where it has none or its matches cannot be cut apart. */
export function stages(model: CompiledModel): Stages | undefined {
  const { graph } = model
  const queryInputs = model.inputs
    .filter((input) => input.role === 'coordinates' || input.role === 'cell')
    .map((input) => input.name)
  const picture = graph.inputs.filter((input) => !queryInputs.includes(input.name) && input.name !== 'target')
  const queries = graph.inputs.filter((input) => queryInputs.includes(input.name))
  if (queries.length === 0) return undefined
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

  const matches = graph.nodes.filter((node) => node.op === 'best_match' && dependent(node))
  if (matches.length === 0) return { features, decode: subgraph(graph, base, graph.outputs), featureValues, keyValues: [] }
  const takers = graph.nodes.filter(
    (node) => node.op === 'take_along' && matches.some((match) => match.results[1] === node.inputs[1]),
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
  return { features, keys, decode, featureValues, keyValues, ...(hoisted && { hoisted }) }
}

/** Finds matches for whole maps; undefined where a match's rows are not taken from a map of the features. */
function hoist(
  graph: Graph,
  matches: readonly Node[],
  base: readonly GraphInput[],
  keyInputs: readonly GraphInput[],
): Hoisted | undefined {
  const made = producers(graph)
  const given = new Set(base.map((input) => input.value))
  const values: TensorType[] = [...graph.values]
  const add = (shape: readonly Size[], dtype: TensorType['dtype'] = 'f32'): number => values.push({ shape, dtype }) - 1
  const before: Node[] = []
  const after = new Map<Node, Node[]>()
  const matchValues: StageValue[] = []
  const found: { score: string; rows: string[] }[] = []
  for (const match of matches) {
    const taken = made.get(match.inputs[0]!)
    if (taken?.op !== 'take' || !given.has(taken.inputs[0]!)) return undefined
    const [map, index] = taken.inputs as [number, number]
    const [batch, height, width, depth] = graph.values[map]!.shape as [Size, Size, Size, Size]
    const lanes = graph.values[index]!.shape[2]!
    const count = asInteger(lanes)
    if (count === undefined || graph.values[index]!.shape.length !== 3) return undefined
    const area = mul(height, width)
    const node = (op: string, inputs: readonly number[], results: readonly number[], more: Partial<Node> = {}): Node => ({
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
      node('rearrange', [input], [result], {
        attributes: { permute: shape.map((_, at) => at) },
        sizes: { split: shape, merge: shape },
      })

    const row = [batch, area, constant(1), depth]
    const rows = [batch, area, lanes, depth]
    const single = add(row)
    const spread = add(rows)
    const score = add([batch, area, lanes])
    const best = add([batch, area, lanes], 'i32')
    const scoreColumn = add([batch, area, lanes, constant(1)])
    before.push(
      reshape(map, row, single),
      node(
        'concat',
        Array.from({ length: count }, () => single),
        [spread],
        { attributes: { axis: 2 } },
      ),
    )
    before.push(
      { ...match, inputs: [spread, match.inputs[1]!], results: [score, best] },
      reshape(score, [batch, area, lanes, constant(1)], scoreColumn),
    )
    matchValues.push({ name: `match${scoreColumn}`, value: scoreColumn })
    const chosenRows: string[] = []
    found.push({ score: `match${scoreColumn}`, rows: chosenRows })

    const [scoreResult, indexResult] = match.results as [number, number]
    const queries = graph.values[scoreResult]!.shape
    const picked = add([...queries, constant(1)])
    after.set(match, [node('take_along', [scoreColumn, index], [picked]), reshape(picked, queries, scoreResult)])
    for (const taker of graph.nodes.filter((candidate) => candidate.op === 'take_along' && candidate.inputs[1] === indexResult)) {
      const chosen = add(graph.values[taker.inputs[0]!]!.shape.map((size, axis) => (axis === 1 ? area : size)))
      before.push({ ...taker, inputs: [taker.inputs[0]!, best], results: [chosen] })
      matchValues.push({ name: `match${chosen}`, value: chosen })
      chosenRows.push(`match${chosen}`)
      after.set(taker, [{ ...taker, inputs: [chosen, index] }])
    }
  }
  const whole = { ...graph, values, nodes: [...before, ...graph.nodes.flatMap((node) => after.get(node) ?? [node])] }
  const match = subgraph(whole, [...base, ...keyInputs], matchValues)
  return { match, matchValues, found, decode: subgraph(whole, [...base, ...matchValues], graph.outputs) }
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
