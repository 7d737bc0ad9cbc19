import { subgraph, type Graph, type GraphOutput } from '../../ir/graph.ts'
import { stages, type Taken } from '../../passes/stages.ts'
import { isPerQuery, type CompiledModel } from '../../plan.ts'
import { add, constant, mul, type Size } from '../../shapes/size.ts'
import type { OnnxInput } from './builder.ts'
import type { Around } from './write.ts'

/** One file: a graph, and what it is for. */
export interface OnnxPart {
  /** `network`, or what a network with coordinates is cut in; `x2`: a whole factor. */
  readonly kind: 'network' | 'encoder' | 'keys' | 'decoder' | `x${number}`
  readonly graph: Graph
  readonly around?: Around
}

/**
 * A model in files: one where it has no coordinates; else what is computed once a picture and what for any queries, in two
 * or, where best matches are looked for, three, and one more for each factor that is asked for.
 */
export function onnxParts(model: CompiledModel, factors: readonly number[]): OnnxPart[] {
  const wanted = model.graph.outputs.filter(({ name }, at) => at === 0 || model.outputs.find((each) => each.name === name)?.role === 'inspect') // prettier-ignore
  const whole = subgraph(model.graph, model.graph.inputs, wanted)
  const staged = stages(model)
  if (!staged) return [{ kind: 'network', graph: whole }]
  const named = featureNames(model.graph, staged.featureValues)
  const keyNames = new Map(staged.keyValues.map(({ name }, at) => [name, `keys_${at + 1}`]))
  const renamed = (graph: Graph): Graph => ({
    ...graph,
    inputs: graph.inputs.map(({ name, value }) => ({ name: named.get(name) ?? keyNames.get(name) ?? name, value })),
  })
  const outputs = (graph: Graph, by: ReadonlyMap<string, string>): Graph => ({
    ...graph,
    outputs: graph.outputs.map(({ name, value }) => ({ name: by.get(name) ?? name, value })),
  })
  const isWanted = ({ name }: GraphOutput): boolean => wanted.some((each) => each.name === name)
  const decode = subgraph(staged.decode, staged.decode.inputs, staged.decode.outputs.filter(isWanted))
  return [
    { kind: 'encoder', graph: outputs(staged.features, named) },
    ...(staged.keys ? [{ kind: 'keys', graph: outputs(renamed(withCells(staged.keys, staged.taken)), keyNames) } as const] : []),
    { kind: 'decoder', graph: renamed(withCells(decode, staged.taken)) },
    ...factors.map((factor): OnnxPart => ({ kind: `x${factor}`, graph: { ...whole, outputs: whole.outputs.slice(0, 1) }, around: enlarging(model, factor) })), // prettier-ignore
  ]
}

/** Features by the names that the text gives them. */
function featureNames(graph: Graph, values: readonly { readonly name: string; readonly value: number }[]): Map<string, string> {
  const lets = new Map([...graph.lets].map(([path, value]) => [value, path]))
  return new Map(values.map(({ name, value }) => [name, lets.get(value) ?? name]))
}

/** Finds cells in the graph itself: a file knows the whole picture. */
function withCells(graph: Graph, taken: readonly Taken[]): Graph {
  const given = new Set(taken.flatMap(({ names }) => names as readonly string[]))
  const isNeeded = new Set(graph.nodes.flatMap(({ inputs }) => inputs))
  return {
    ...graph,
    inputs: graph.inputs.filter(({ name }) => !given.has(name)),
    nodes: [
      ...taken.map(({ node }) => node).filter(({ results }) => results.some((value) => isNeeded.has(value))),
      ...graph.nodes,
    ],
  }
}

/** A whole factor: every position of the enlarged picture is a query, and the result is a picture. */
function enlarging(model: CompiledModel, factor: number): Around {
  const picture = model.inputs.find(({ role }) => role === 'image')!
  const [batch, height, width] = picture.shape as [Size, Size, Size, Size]
  const [tall, wide] = [height, width].map((size) => mul(constant(factor), size)) as [Size, Size]
  const channels = model.outputs[0]!.shape.at(-1)!
  const asked = model.inputs.filter((input) => isPerQuery(input) || input.role === 'scale' || input.role === 'cell')
  const most = model.evaluate.cellClip
  const clip = most === undefined ? 1 : Math.max(factor / most, 1)
  return {
    inputs: model.inputs
      .filter((input) => !asked.includes(input))
      .map(({ name, shape }): OnnxInput => ({ name, shape, type: 'float32' })),
    decided: new Map(
      asked.flatMap(({ role, shape }) => (role === 'coordinates' ? [[shape[1]!.key, mul(tall, wide)] as const] : [])),
    ),
    sizes: [batch, tall, wide, mul(tall, wide), add(tall, constant(-1)), add(wide, constant(-1))],
    shape: [batch, tall, wide, channels],
    before(tf, sizes) {
      const [B, H, W] = [batch, tall, wide].map(sizes) as [number, number, number]
      // centres of positions: (2 i + 1) / n - 1
      const along = (count: number, shape: number[]) =>
        tf.broadcastTo(tf.sub(tf.div(tf.add(tf.mul(tf.range(0, count, 1, 'float32'), 2), 1), count), 1).reshape(shape), [
          B,
          H,
          W,
          1,
        ])
      const each = (y: number, x: number) => tf.concat([tf.fill([B, H * W, 1], y), tf.fill([B, H * W, 1], x)], 2)
      return Object.fromEntries(
        asked.map(({ name, role, shape }) => {
          if (role === 'coordinates')
            return [name, tf.concat([along(H, [1, H, 1, 1]), along(W, [1, 1, W, 1])], 3).reshape([B, H * W, 2])] as const
          if (role === 'scale') return [name, tf.fill(shape.map(sizes), factor)] as const
          const cell = shape.length === 3 ? each((2 / H) * clip, (2 / W) * clip) : tf.concat([tf.fill([B, 1], (2 / H) * clip), tf.fill([B, 1], (2 / W) * clip)], 1) // prettier-ignore
          return [name, cell] as const
        }),
      )
    },
    after: (_, output, sizes) => output.reshape([batch, tall, wide, channels].map(sizes)),
  }
}

/** Whole factors that a model can be asked for. */
export const takesFactor = ({ scale }: CompiledModel, factor: number): boolean =>
  scale.kind === 'range' && Number.isInteger(factor) && factor >= Math.max(2, scale.from) && factor <= scale.to
