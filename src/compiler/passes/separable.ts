import { producers, subgraph, type Graph, type Node } from '../ir/graph.ts'
import { arithmeticNamed } from '../ops/arithmetic.ts'
import { rearrangement } from '../ops/convolution.ts'
import { slicing } from '../ops/layout.ts'
import { byElement } from '../ops/positions.ts'
import { reductionNamed } from '../ops/reduce.ts'
import { isA, primitiveNamed } from '../ops/registry.ts'
import type { SamplingKernel } from '../ops/resample.ts'
import { isPerQuery, type CompiledModel } from '../plan.ts'
import { asInteger, compare, type Size } from '../shapes/size.ts'
import type { Stages, Taken } from './stages.ts'

/**
 * Samples that a grid of queries gets axis by axis: sums of products of what rows of the grid know, what columns know, and
 * rows of a map. A grid of H by W queries has H different rows and W different columns, so what depends on one of them is
 * computed H or W times instead of H * W, and no query gathers anything (exact algebra, up to the order of sums).
 */
export interface Separable {
  /** Pictures that are sampled between their pixels. */
  readonly bases: readonly Base[]
  readonly paintings: readonly Painting[]
}

/** A picture [B, h, w, c], an input or a feature, sampled at the queries' own coordinates. */
export interface Base {
  readonly picture: string
  readonly kernel: SamplingKernel
}

/**
 * A basis (Vasconcelos et al. 2023, "CUF"): at each query and corner the sum over k of coefficients, taken from a map, times
 * functions of the offset and the cell, each a product of one along y and one along x; then the local ensemble.
 */
export interface Painting {
  /** Whose corners. */
  readonly taken: Taken
  /** The feature [B, H, W, d]. */
  readonly map: string
  /** From `rows` [B, q, t, d] and `basis` [B, q, t, k]: [B, q, t, c], linear in both and at each query by itself. */
  readonly product: Graph
  /** Factors of the basis [B, q, t, k], from the stage's inputs: those that depend on y or on none, and those on x. */
  readonly down: Graph
  readonly right: Graph
  /** Corners are mixed by their weights. */
  readonly isWeighted: boolean
}

/** What of a query a value depends on: nothing, its row, its column, both together, or the pair (y, x) in the last axis. */
type Known = 'none' | 'y' | 'x' | 'both' | 'pair'

const together = (given: readonly Known[]): Known => {
  const kinds = new Set(given.map((each) => (each === 'pair' ? 'both' : each)).filter((each) => each !== 'none'))
  return kinds.size === 0 ? 'none' : kinds.size === 1 ? [...kinds][0]! : 'both'
}

/** The decode stage of these samples axis by axis; undefined where it is of another form. */
export function separable(
  model: Pick<CompiledModel, 'inputs'>,
  { decode, taken, keys, across }: Stages,
  output: string,
): Separable | undefined {
  if (keys || across) return undefined
  const { value: samples } = decode.outputs.find(({ name }) => name === output)!
  const made = producers(decode)
  const given = new Map(decode.inputs.map(({ name, value }) => [value, name]))
  const asked = new Set([...model.inputs.filter(isPerQuery).map(({ name }) => name), ...taken.flatMap(({ names }) => names)])
  const coordinates = model.inputs.find(({ role }) => role === 'coordinates')?.name
  /** What is the same for all queries: inputs of the picture, and features. */
  const ofPicture = new Set(decode.inputs.filter(({ name }) => !asked.has(name)).map(({ value }) => value))
  const known = knownOf(decode, taken, ofPicture)

  const bases: Base[] = []
  const paintings: Painting[] = []
  const visit = (value: number): boolean => {
    const node = made.get(value)
    if (!node) return false
    if (isSum(node)) return node.inputs.every(visit)
    if (isA(node, 'a picture between its pixels')) {
      const [sampled, at] = node.inputs as [number, number]
      if (!ofPicture.has(sampled) || given.get(at) !== coordinates) return false
      if (node.attributes['kernel'] === 'nearest') return false // between two pixels the op decides by the coordinate's own rounding
      bases.push({ picture: given.get(sampled)!, kernel: node.attributes['kernel'] as SamplingKernel })
      return true
    }
    const painting = paintingOf(node)
    if (painting) paintings.push(painting)
    return painting !== undefined
  }

  const paintingOf = (sum: Node): Painting | undefined => {
    const axes = sum.attributes['axes'] as readonly number[] | undefined
    if (sum.op !== reductionNamed('sum').name || axes?.join() !== '2' || sum.attributes['keep'] === true) return undefined
    const mixed = made.get(sum.inputs[0]!)
    const weight = mixed && isProduct(mixed) ? mixed.inputs.map(behindViews).find((each) => weightOf(each)) : undefined
    const product = weight === undefined ? sum.inputs[0]! : mixed!.inputs.find((each) => behindViews(each) !== weight)
    const node = product === undefined ? undefined : made.get(product)
    if (!node || !isA(node, 'sums of products') || decode.values[product!]!.shape.length !== 4) return undefined
    for (const [rows, basis] of [node.inputs, node.inputs.toReversed()] as [number, number][]) {
      const picking = made.get(behindViews(rows))
      if (!picking || !isA(picking, 'rows of a map') || !ofPicture.has(picking.inputs[0]!)) continue
      const index = given.get(picking.inputs[1]!)
      const own = taken.find(({ names }) => names[0] === index)
      if (!own || (weight !== undefined && weightOf(weight) !== own)) continue
      const perQuery = decode.values[picking.results[0]!]!.shape.slice(0, 3)
      if (![rows, basis, product!].every((each) => startsWith(decode.values[each]!.shape, perQuery))) continue
      if (!isBatched(node, perQuery)) continue
      const factors = factorsOf(basis)
      if (!factors || !isByLane([...factors.down, ...factors.right])) continue
      const inputs = decode.inputs.filter(({ value }) => known.get(value) !== 'both')
      const graphOf = (values: readonly number[]): Graph =>
        subgraph(decode, inputs, values.map((value, at) => ({ name: `factor${at}`, value }))) // prettier-ignore
      return {
        taken: own,
        map: given.get(picking.inputs[0]!)!,
        product: subgraph(
          decode,
          [
            { name: 'rows', value: picking.results[0]! },
            { name: 'basis', value: basis },
          ],
          [{ name: 'product', value: product! }],
        ),
        down: graphOf(factors.down),
        right: graphOf(factors.right),
        isWeighted: weight !== undefined,
      }
    }
    return undefined
  }

  /** The value that a chain of views shows, all of which leave the queries and corners where they are. */
  const behindViews = (value: number): number => {
    const node = made.get(value)
    if (node?.op !== rearrangement.name) return value
    const order = node.attributes['permute'] as readonly number[]
    const [from, to] = [node.inputs[0]!, value].map((each) => decode.values[each]!.shape)
    return order.every((axis, at) => axis === at) && startsWith(to!, from!.slice(0, 3)) ? behindViews(node.inputs[0]!) : value
  }
  const weightOf = (value: number): Taken | undefined => taken.find(({ names }) => names[3] === given.get(value))

  /** A product's factors by what they depend on; undefined where one depends on both axes at once. */
  const factorsOf = (value: number): { down: number[]; right: number[] } | undefined => {
    const kind = known.get(value)
    if (kind === 'x') return { down: [], right: [value] }
    if (kind === 'y' || kind === 'none') return { down: [value], right: [] }
    const node = made.get(value)
    if (!node || !isProduct(node)) return undefined
    const shape = decode.values[value]!.shape
    if (node.inputs.some((each) => !startsWith(decode.values[each]!.shape, shape))) return undefined
    const each = node.inputs.map(factorsOf)
    if (each.includes(undefined)) return undefined
    return { down: each.flatMap((side) => side!.down), right: each.flatMap((side) => side!.right) }
  }

  /** Corners are computed one like the other: what a corner has along y does not depend on which side of x it lies. */
  const isByLane = (values: readonly number[]): boolean => {
    const seen = new Set<number>()
    const visitLane = (value: number): boolean => {
      const node = made.get(value)
      if (seen.has(value) || !node) return true
      seen.add(value)
      const last = decode.values[value]!.shape.length - 1
      const { algebra, name, reach } = primitiveNamed(node.op)
      const isRowwise =
        reach === byElement ||
        algebra === 'linear in the last axis' ||
        ((algebra === 'joins along an axis' || name === slicing.name) && node.attributes['axis'] === last)
      return isRowwise && node.inputs.every(visitLane)
    }
    return values.every(visitLane)
  }

  return visit(samples) ? { bases, paintings } : undefined
}

const isSum = ({ op, inputs }: Node): boolean => op === arithmeticNamed('add').name && inputs.length === 2
const isProduct = ({ op, inputs }: Node): boolean => op === arithmeticNamed('multiply').name && inputs.length === 2

const startsWith = (shape: readonly Size[], beginning: readonly Size[]): boolean =>
  shape.length >= beginning.length && beginning.every((size, at) => compare(size, shape[at]!) === 'equal')

/** An einsum that does at each query and corner the same: they are its batch, in this order, on both sides and in the result. */
const isBatched = ({ attributes, sizes }: Node, perQuery: readonly Size[]): boolean =>
  sizes['batch']!.length === perQuery.length &&
  ['leftOrder', 'rightOrder', 'outputOrder'].every((order) =>
    perQuery.every((_, at) => (attributes[order] as readonly number[])[at] === at),
  )

/** What each value of a decode stage depends on. Cells have one size in the whole grid. */
function knownOf(decode: Graph, taken: readonly Taken[], ofPicture: ReadonlySet<number>): ReadonlyMap<number, Known> {
  const named = new Map<string, Known>(
    taken.flatMap(({ names: [index, offset, cell, weight] }) => [
      [index, 'both'],
      [offset, 'pair'],
      [cell, 'none'],
      [weight, 'both'],
    ]),
  )
  const known = new Map<number, Known>()
  for (const { name, value } of decode.inputs) {
    const shape = decode.values[value]!.shape
    known.set(value, named.get(name) ?? (ofPicture.has(value) && shape.length < 4 ? 'none' : 'both'))
  }
  for (const node of decode.nodes) {
    const inputs = node.inputs.map((value) => known.get(value)!)
    const last = decode.values[node.results[0]!]!.shape.length - 1
    const isOfPair = inputs[0] === 'pair' && node.op === slicing.name && node.attributes['axis'] === last
    const [from, count] = isOfPair ? ['from', 'count'].map((name) => asInteger(node.sizes[name]![0]!)) : []
    const kind = isOfPair && count === 1 ? (from === 0 ? 'y' : 'x') : together(inputs)
    node.results.forEach((result) => known.set(result, kind))
  }
  return known
}
