import { asInteger, compare, divide, type Size } from '../shapes/size.ts'
import { producers, type Graph, type Node } from '../ir/graph.ts'

/** How far the values of a picture-shaped graph look, in positions of its input. */
export interface Reach {
  /** Positions before and behind, the larger of both axes. */
  readonly positions: number
  /** Tiles must begin at multiples of this. */
  readonly grid: number
}

/** What one value knows: input positions before and behind, per axis; and input positions a step. */
interface Look {
  readonly before: number
  readonly behind: number
  readonly step: number
}

const wider = (a: Look, b: Look): Look => ({
  before: Math.max(a.before, b.before),
  behind: Math.max(a.behind, b.behind),
  step: a.step,
})
const grown = (look: Look, before: number, behind: number): Look => ({
  ...look,
  before: look.before + before * look.step,
  behind: look.behind + behind * look.step,
})

/**
 * The reach of a graph's outputs in its picture input, from windows of convolutions, pools and attention. A roll moves
 * positions and its wrapped ends are taken for masked, as SwinIR masks them (architectures reference, section 2).
 * Undefined where an op looks at the whole picture or is not known here.
 */
export function reach(graph: Graph): Reach | undefined {
  const looks = new Map<number, Look>()
  let grid = 1
  for (const input of graph.inputs) looks.set(input.value, { before: 0, behind: 0, step: 1 })
  const made = producers(graph)
  for (const node of graph.nodes) {
    const inputs = node.inputs.flatMap((value) => {
      const look = looks.get(value)
      return look ? [look] : []
    })
    if (inputs.length === 0) continue // positions and constants
    const joined = inputs.reduce(wider)
    const look = through(graph, node, joined)
    if (!look) return undefined
    if (isWindowSplit(graph, node)) grid = leastCommon(grid, windowOf(graph, node)! * joined.step)
    if (joined.step !== look.step || look.step > 1) grid = leastCommon(grid, Math.ceil(Math.max(joined.step, look.step)))
    node.results.forEach((result) => looks.set(result, look))
  }
  const ends = graph.outputs
    .flatMap((output) => (made.has(output.value) ? [looks.get(output.value)] : []))
    .filter((look) => look !== undefined)
  const positions = Math.ceil(ends.reduce((most, look) => Math.max(most, look.before, look.behind), 0))
  return { positions, grid }
}

const elementwise = new Set([
  'add', 'subtract', 'multiply', 'divide', 'minimum', 'maximum', 'relu', 'gelu', 'leaky_relu', 'prelu', 'sigmoid', 'tanh', 'sin', 'cos', 'exp', 'log',
  'sqrt', 'abs', 'negate', 'detach', 'clamp', 'floor', 'linear', 'layer_norm', 'batch_norm', 'drop_path', 'softmax', 'concat', 'einsum', 'slice', 'pad', 'to_f32',
]) // prettier-ignore

function through(graph: Graph, node: Node, look: Look): Look | undefined {
  const { attributes } = node
  if (node.op === 'conv') {
    const kernel = attributes['kernel'] as readonly number[]
    const pad = attributes['pad'] as readonly number[]
    const dilation = attributes['dilation'] as number
    const before = Math.max(...pad)
    const behind = Math.max(...kernel.map((size, at) => dilation * (size - 1) - pad[at]!))
    return { ...grown(look, before, behind), step: look.step * (attributes['stride'] as number) }
  }
  if (node.op === 'unfold')
    return grown(look, ((attributes['kernel'] as number) - 1) / 2, ((attributes['kernel'] as number) - 1) / 2)
  if (node.op === 'avg_pool' || node.op === 'max_pool') {
    const { kernel, stride, pad } = attributes as Record<'kernel' | 'stride' | 'pad', number>
    return { ...grown(look, pad, kernel - 1 - pad), step: look.step * stride }
  }
  if (node.op === 'roll') {
    const by = attributes['by'] as readonly number[]
    const most = Math.max(...by)
    const least = Math.min(...by)
    // Rolled by s, position p shows p - s.
    return { ...look, before: look.before + most * look.step, behind: look.behind - least * look.step }
  }
  if (node.op === 'rearrange') {
    const window = isWindowSplit(graph, node) ? windowOf(graph, node)! : 1
    const stretched = pictureRatio(graph, node)
    return { ...grown(look, window - 1, window - 1), step: look.step / stretched }
  }
  // A mean over the taps of a window or over channels mixes no positions; one over a picture axis looks at all of it.
  if (node.op.startsWith('reduce_')) {
    const axes = attributes['axes'] as readonly number[]
    const rank = graph.values[node.inputs[0]!]!.shape.length
    return rank === 4 && axes.some((axis) => axis === 1 || axis === 2) ? undefined : look
  }
  return elementwise.has(node.op) ? look : undefined
}

/** The constant window into which `B (u i) (v j) c` cuts axis 1, if it does. */
function windowOf(graph: Graph, node: Node): number | undefined {
  const input = graph.values[node.inputs[0]!]!.shape
  const split = node.sizes['split']!
  if (input.length !== 4 || split.length <= 4 || compare(input[1]!, split[1]!) === 'equal') return undefined
  return asInteger(split[2]!)
}

const isWindowSplit = (graph: Graph, node: Node): boolean => node.op === 'rearrange' && windowOf(graph, node) !== undefined

/** How many times taller a picture becomes by a rearrangement that keeps four axes (pixel shuffle). */
function pictureRatio(graph: Graph, node: Node): number {
  const input = graph.values[node.inputs[0]!]!.shape
  const merge = node.sizes['merge']!
  if (input.length !== 4 || merge.length !== 4) return 1
  const ratio: Size | undefined = divide(merge[1]!, input[1]!)
  return (ratio && asInteger(ratio)) ?? 1
}

const greatestCommon = (a: number, b: number): number => (b === 0 ? a : greatestCommon(b, a % b))
const leastCommon = (a: number, b: number): number => (a * b) / greatestCommon(a, b)
