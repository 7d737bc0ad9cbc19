import type { Graph } from '../../compiler/ir/graph.ts'
import type { CompiledModel } from '../../compiler/plan.ts'
import type { Tensor } from '../files/safetensors.ts'
import { permuted } from '../weights/permute.ts'
import { readMap } from '../weights/map.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import { checkTraining } from './implicit-training.ts'
import { numberOf } from './json.ts'
import { between, clipFactor, definedWeights, inputsOf, join, paddedCoordinates, queryOf, setsOf, type Query } from './query.ts'
import { checkParameters, createSubject } from './subject.ts'
import { channelsFirst, compute, joined, reshaped, sliced, valueAt, type Address } from './values.ts'

/**
 * Checks of networks that are asked at coordinates (ISTE, LIIF, LTE): sets of queries with their outputs and
 * intermediate values, losses, gradients and optimiser steps.
 */

/** From archc's layout of an intermediate value to the case's. */
export type Arrange = (tensor: Tensor) => Tensor

/** Maps: [B, H, W, c] to [B, c, H, W]. */
export const asPicture: Arrange = channelsFirst
/** Values at queries, as they are. */
export const asQueries: Arrange = (tensor) => tensor
/** [B, q, t, ..] to [t, B, q, ..]. */
export const asCorners: Arrange = (tensor) => permuted(tensor, [2, 0, 1, ...tensor.shape.slice(3).map((_, at) => at + 3)])
/** [B, q, t, c], the same for all queries and corners of a sample, to [B, c]. */
export const perSample: Arrange = (tensor) => {
  const first = sliced(sliced(tensor, 1, 0, 1), 2, 0, 1)
  return reshaped(first, [first.shape[0]!, first.shape[3]!])
}

/** A named value of the case and where archc has it. */
export interface Intermediate {
  readonly at: Address
  readonly arrange: Arrange
}

/** A network that is asked at coordinates, ready to be checked. */
export interface ImplicitNetwork {
  readonly model: CompiledModel
  /** The name map of its weights. */
  readonly map: string
  readonly intermediates: Readonly<Record<string, Intermediate>>
}

/** Names under which the network's result stands. */
const outputs = new Set(['output', 'out'])

/** Asks a network for one value by the case's name, in the case's layout. */
type Ask = (query: Query, name: string) => Tensor

/** Runs every check of a case on such a network. */
export function checkImplicit(data: ParityCase, checks: Checks, { model, map, intermediates }: ImplicitNetwork): void {
  const objective = model.train?.objectives[0]?.graph
  const subject = createSubject(data, checks, readMap(map), [model.graph, ...(objective ? [objective] : [])])
  const result: Intermediate = { at: { output: model.graph.outputs[0]!.name }, arrange: (tensor) => tensor }
  const known = new Map([...Object.entries(intermediates), ...[...outputs].map((name) => [name, result] as const)])
  const ask: Ask = (query, name) => {
    const { at, arrange } = known.get(name)!
    const value = valueAt(model.graph, at)
    if (value === undefined) throw new CannotRun(`this network has no ${name}`)
    return arrange(compute(subject.network, model.graph, new Map([[name, value]]), inputsOf(query)).get(name)!)
  }
  try {
    checks.part(['parameters'], () => checkParameters(data, checks, model.graph))
    for (const set of setsOf(data)) checkSet(data, checks, set, [...known.keys()], ask, model.graph)
    checkSingle(data, checks, [...known.keys()], ask)
    if (objective) checkTraining(data, checks, subject, objective)
  } finally {
    subject.dispose()
  }
}

/** Every value of a set of queries. */
function checkSet(data: ParityCase, checks: Checks, set: string, known: readonly string[], ask: Ask, graph: Graph): void {
  const query = queryOf(data, set)
  const has = (name: string): boolean => data.infos.get(join(set, name))?.input === false
  const tell = (name: string, run: () => Tensor, mask?: Tensor): void => {
    const full = join(set, name)
    if (has(name)) checks.part([full], () => checks.tensor(full, run(), mask))
  }
  const clipped = has('output_unclipped') ? withCell(query, clipFactor(data, set)) : query
  const mask = data.tensors.get(join(set, 'mask'))
  const output = [...outputs].map((name) => data.tensors.get(join(set, name))).find((tensor) => tensor)
  const spread = mask && output && forChannels(mask, output.shape.at(-1)!)
  for (const name of known) tell(name, () => ask(clipped, name), outputs.has(name) ? spread : undefined)
  tell('output_unclipped', () => ask(query, 'output'))
  tell('output_chunked', () => {
    const chunk = numberOf(data.values, join(set, 'chunk'))
    if (chunk === undefined) throw new CannotRun('the case does not say how long a chunk is')
    const count = query.coord.shape[1]!
    const starts = Array.from({ length: Math.ceil(count / chunk) }, (_, at) => at * chunk)
    return joined(starts.map((from) => ask(between(query, from, Math.min(from + chunk, count)), 'output')), 1) // prettier-ignore
  })
  tell('coord_padded', () => paddedCoordinates(graph, query))
  tell('mask', () => definedWeights(graph, query))
}

/** The query with its cells multiplied. */
const withCell = (query: Query, factor: number): Query => {
  const { shape, data } = query.cell
  return { ...query, cell: { shape, dtype: 'F32', data: Float32Array.from(data, (value) => value * factor) } }
}

/** A mask of queries for all their channels. */
const forChannels = (mask: Tensor, channels: number): Tensor => ({
  shape: [...mask.shape, channels],
  dtype: 'U8',
  data: Uint8Array.from({ length: mask.data.length * channels }, (_, at) => mask.data[Math.floor(at / channels)]!),
})

/** Tensors of the set `single`: the first queries of the set `random`, each asked in a call of its own. */
function checkSingle(data: ParityCase, checks: Checks, known: readonly string[], ask: Ask): void {
  for (const name of known.filter((each) => data.infos.get(`single.${each}`)?.input === false))
    checks.part([`single.${name}`], () => {
      const query = queryOf(data, 'random')
      const full = `single.${name}`
      // The result is batch, query, ..; other values have the corner before them.
      const axis = outputs.has(name) ? 1 : 2
      const calls = Array.from({ length: data.tensors.get(full)!.shape[axis]! }, (_, at) => ask(between(query, at, at + 1), name))
      checks.tensor(full, joined(calls, axis))
    })
}
