import { callOf } from './cost.ts'
import { producers, type Graph, type Node } from '../ir/graph.ts'
import { standing, tellsSize, type Factor, type Positions } from '../ops/positions.ts'
import { primitiveNamed } from '../ops/registry.ts'
import { asInteger, divide, type Size } from '../shapes/size.ts'

/** How far the values of a picture-shaped graph look, in positions of its input. */
export interface Reach {
  /** Positions before and behind, the larger of both axes. */
  readonly positions: number
  /** Tiles must begin at multiples of this. */
  readonly grid: number
}

/** The graph looks at the whole picture: the call that does. */
export interface Whole {
  readonly whole: Node
}

/**
 * The reach of a graph's outputs in its picture inputs [B, h, w, c], asked of the ops call by call. A roll moves
 * positions and its wrapped ends are taken for masked, as SwinIR masks them (`calculate_mask` of its code).
 */
export function reach(graph: Graph): Reach | Whole {
  const { positions, first } = positionsOf(
    graph,
    new Map(
      graph.inputs.flatMap(({ value }) => {
        const { shape } = graph.values[value]!
        return shape.length === 4 ? [[value, standing(shape, { y: 1, x: 2 })] as const] : []
      }),
    ),
  )
  if (first) return { whole: first }
  const made = producers(graph)
  const ends = graph.outputs.flatMap(({ value }) => (made.has(value) ? (positions.get(value) ?? []) : []))
  const farthest = ends.flatMap(({ y, x }) => [y.before, y.behind, x.before, x.behind])
  return {
    positions: Math.ceil(Math.max(0, ...farthest)),
    grid: ends.map(({ grid }) => grid).reduce(leastCommon, 1),
  }
}

/**
 * What of the picture each value depends on, from what the inputs stand for; until `first`, the first call that looks
 * everywhere. `given`: another word on what a call knows of its inputs.
 */
export function positionsOf(
  graph: Graph,
  known: ReadonlyMap<number, Positions>,
  given: (node: Node, inputs: readonly (Positions | undefined)[]) => readonly (Positions | undefined)[] = (_node, inputs) =>
    inputs,
): { readonly positions: ReadonlyMap<number, Positions>; readonly first?: Node } {
  const positions = new Map(known)
  const factors = [...known.values()].flatMap(({ axes }) => axes.flatMap((axis) => axis.filter(({ along }) => along)))
  const weights = new Map(graph.weights.map((weight) => [weight.path, weight]))
  for (const node of graph.nodes) {
    const inputs = given(
      node,
      node.inputs.map((value) => positions.get(value)),
    )
    const primitive = primitiveNamed(node.op)
    const isStill = inputs.every((each) => each === undefined) // positions and constants
    if (isStill && !primitive.spreads) continue
    const call = {
      ...callOf(graph, node, weights),
      results: node.results.map((result) => graph.values[result]!),
      standsBySize: (size: Size) => factors.flatMap((factor) => inRatio(size, factor)),
    }
    const found = tellsSize(primitive.holds?.(call) ?? [], inputs) ? 'everywhere' : primitive.reach(call, inputs)
    if (found === 'everywhere') return { positions, first: node }
    if (isStill && found.every(({ axes }) => axes.every((axis) => axis.length === 0))) continue
    node.results.forEach((result, at) => positions.set(result, found[at]!))
  }
  return { positions }
}

/** An axis of `size` along a factor that it has a whole ratio to. */
function inRatio(size: Size, { size: whole, along, step }: Factor): Factor[] {
  const [more, fewer] = [divide(size, whole), divide(whole, size)].map((ratio) => ratio && asInteger(ratio))
  const ratio = more ? 1 / more : fewer
  return ratio && along ? [{ size, along, step: step * ratio }] : []
}

const greatestCommon = (a: number, b: number): number => (b === 0 ? a : greatestCommon(b, a % b))
const leastCommon = (a: number, b: number): number => (a * b) / greatestCommon(a, b)
