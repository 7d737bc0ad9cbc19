import type { Graph } from '../../ir/graph.ts'
import { printGraph } from '../../ir/print.ts'
import { gradients } from '../../kernels/gradient.ts'
import { regionsOf } from '../../kernels/passes/recompute.ts'
import { simplify } from '../../kernels/passes/simplify.ts'
import { printKernels } from '../../kernels/print.ts'
import { traceGraph } from '../../kernels/trace-graph.ts'
import { Trace } from '../../kernels/trace.ts'
import { reachable, type Value } from '../../kernels/value.ts'
import { isA } from '../../ops/registry.ts'
import { splitLinear } from '../../passes/split-linear.ts'
import { evaluate } from '../../shapes/size.ts'
import { trainStep } from './signatures.ts'
import { memoryOf } from './write.ts'
import type { Objective } from '../../plan.ts'

/** A pass: what it did or why it did nothing, and the program after it. */
export interface PassReport {
  readonly pass: string
  readonly said: string
  readonly text: () => string
}

type Sizes = Readonly<Record<string, number>>

/** Every pass between a graph and the TensorFlow graph of its training step (of its outputs, where nothing is trained), in order. */
export function explainPasses(model: Graph, objective: Objective | undefined, sizes: Sizes): PassReport[] {
  const graph = objective?.graph ?? model
  const split = splitLinear(graph, sizes)
  const trace = new Trace()
  const draw = (count: number, layer: string): Value => trace.placeholder(`random/${layer}`, [count])
  const outputs = traceGraph(trace, split.graph, sizes, {}, { training: objective !== undefined, draw })
  const forward = reachable(Object.values(outputs)).length
  const reports: PassReport[] = [
    { pass: 'ir', said: `${graph.nodes.length} nodes, sizes as symbols`, text: () => printGraph(graph) },
    { pass: 'split-linear', said: split.said, text: () => printGraph(split.graph) },
    { pass: 'best-match', said: matchesOf(graph, sizes), text: () => '' },
    { pass: 'trace', said: `${forward} kernels at ${sizesText(sizes)}; equal calls are one`, text: () => printKernels(outputs) },
  ]
  let roots: Record<string, Value> = outputs
  if (objective) {
    const moved = graph.weights.filter((weight) => weight.trainable && weight.group === objective.group)
    const found = gradients(trace, outputs['loss']!, moved.map(({ path, shape }) => trace.variable(path, shape))) // prettier-ignore
    roots = {
      ...outputs,
      ...Object.fromEntries(found.flatMap((value, at) => (value ? [[`gradient of ${moved[at]!.path}`, value]] : []))),
    }
    const all = reachable(Object.values(roots)).length
    reports.push({
      pass: 'gradient',
      said: `${all} kernels, with the gradients of ${moved.length} weights`,
      text: () => printKernels(roots),
    })
  }
  const { replaced, counts } = simplify(Object.values(roots))
  const simple = Object.fromEntries(Object.entries(roots).map(([name, value]) => [name, replaced.get(value)!]))
  const rules = Object.entries(counts).map(([name, count]) => `${name} ${count}`)
  reports.push({
    pass: 'simplify',
    said: rules.length === 0 ? 'no identity and no layout move that cancels' : `${reachable(Object.values(simple)).length} kernels left: ${rules.join(', ')}`,
    text: () => printKernels(simple),
  }) // prettier-ignore
  if (objective) reports.push(memoryReport(objective, sizes))
  return reports
}

const sizesText = (sizes: Sizes): string =>
  Object.entries(sizes)
    .map(([name, size]) => `${name} = ${size}`)
    .join(', ')

function matchesOf(graph: Graph, sizes: Sizes): string {
  const matches = graph.nodes.filter((node) => isA(node, 'best row along axis 1'))
  if (matches.length === 0) return 'nothing is matched'
  return matches
    .map(({ inputs, path }) => {
      const [queries, keys] = inputs.map((input) => evaluate(graph.values[input]!.shape[1]!, sizes))
      return `${path}: ${queries} x ${keys} compared in blocks, outside of the gradient; the score is computed again for the chosen rows`
    })
    .join('; ')
}

function memoryReport(objective: Objective, sizes: Sizes): PassReport {
  const megabytes = (recompute: boolean): number =>
    Math.round(memoryOf(trainStep('step', [objective], sizes, recompute)).peakBytes / 1e6)
  const regions = new Set(regionsOf(objective.graph, sizes).values()).size
  const said =
    regions === 0
      ? `${megabytes(false)} MB at the peak; no repeated block holds enough to be computed twice`
      : `${megabytes(false)} MB at the peak; ${megabytes(true)} MB where ${regions} repeated blocks are computed twice, which happens when memory asks for it`
  return { pass: 'memory', said, text: () => '' }
}
