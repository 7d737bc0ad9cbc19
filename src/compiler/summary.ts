import { cost } from './passes/cost.ts'
import { parameterCount, type Graph } from './ir/graph.ts'
import type { CompiledModel } from './plan.ts'
import { format, type Size } from './shapes/size.ts'

/** What `--json` prints: at least model, variant, preset, parameters, multiplyAdds, peakBytes, outputs. */
export interface Summary {
  readonly model: string
  readonly variant: readonly string[]
  readonly preset: string
  readonly parameters: number
  /** Learned numbers of slots that are trained by a record of their own, such as a discriminator. */
  readonly apart: Readonly<Record<string, number>>
  /** Of one forward pass at `sizes`. */
  readonly multiplyAdds: number
  /** Activations alive at one time in that pass, weights apart. */
  readonly peakBytes: number
  /** All activations of that pass: what training keeps at most. */
  readonly activationBytes: number
  readonly sizes: Readonly<Record<string, number>>
  readonly inputs: readonly { readonly name: string; readonly role: string; readonly shape: string }[]
  readonly outputs: readonly { readonly name: string; readonly role: string; readonly shape: string }[]
  /** Conditions on a picture's size. */
  readonly checks: readonly string[]
  readonly nodes: number
}

/** The sizes that costs are for, where neither the train block nor --size says another. */
export const usualSizes = { B: 1, h: 48, w: 48, H: 192, W: 192, q: 2304 }

/** The sizes that costs are for. */
export const sizesOf = (model: CompiledModel, given: Readonly<Record<string, number>>): Readonly<Record<string, number>> => ({
  ...usualSizes,
  ...model.train?.sizes,
  ...given,
})

const shape = (list: readonly Size[]): string => `[${list.map(format).join(', ')}]`

/** What `archc compile` says of a model. */
export function summarise(model: CompiledModel, given: Readonly<Record<string, number>>): Summary {
  const sizes = sizesOf(model, given)
  const { parameters, multiplyAdds, peakBytes, activationBytes } = cost(model.graph, sizes)
  return {
    model: model.name,
    variant: model.variants,
    preset: model.preset || 'default',
    parameters,
    apart: Object.fromEntries(
      (model.train?.objectives ?? []).flatMap(({ group, graph }) => (group ? [[group, parameterCount(graph, group)]] : [])),
    ),
    multiplyAdds,
    peakBytes,
    activationBytes,
    sizes,
    inputs: model.inputs.map((input) => ({ name: input.name, role: input.role, shape: shape(input.shape) })),
    outputs: model.outputs.map((output) => ({ name: output.name, role: output.role, shape: shape(output.shape) })),
    checks: [...new Set(model.checks.map((check) => check.problem))],
    nodes: model.graph.nodes.length,
  }
}

/** What it says of one module alone. */
export function summariseModule(
  name: string,
  graph: Graph,
  checks: readonly string[],
  given: Readonly<Record<string, number>>,
): Summary {
  const sizes = { ...usualSizes, ...given }
  const { parameters, multiplyAdds, peakBytes, activationBytes } = cost(graph, sizes)
  const shown = ({ name: label, value }: { name: string; value: number }) => ({
    name: label,
    role: 'tensor',
    shape: shape(graph.values[value]!.shape),
  })
  return {
    model: name,
    variant: [],
    preset: 'default',
    parameters,
    apart: {},
    multiplyAdds,
    peakBytes,
    activationBytes,
    sizes,
    inputs: graph.inputs.map(shown),
    outputs: graph.outputs.map(shown),
    checks,
    nodes: graph.nodes.length,
  }
}
