import type { Graph, Weight } from '../../compiler/ir/graph.ts'
import type { Layout, WeightMap } from './map.ts'
import { parseTemplate } from './template.ts'

const mapOf = (
  name: string,
  graph: Pick<Graph, 'weights'>,
  named: (weight: Weight) => { name: string; layout: Layout },
): WeightMap => ({
  name,
  repository: 'archc',
  ignored: [],
  entries: graph.weights.map((weight) => {
    const { name: official, layout } = named(weight)
    return { from: [parseTemplate(official, {})], to: [parseTemplate(weight.path, {})], layout, words: {}, group: name, module: weight.path } // prettier-ignore
  }),
})

/** A map of archc's own names to themselves. */
export const ownNames = (graph: Pick<Graph, 'weights'>): WeightMap =>
  mapOf('own', graph, ({ path }) => ({ name: path, layout: 'same' }))

/** What PyTorch's modules call what archc's ops own. */
const called: Readonly<Record<string, string>> = {
  kernel: 'weight',
  scale: 'weight',
  slope: 'weight',
  shift: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
}
/** Kernels [rows, columns, in, out] and of transposed convolutions [rows, columns, out, in]; maps [in, out]. */
const layouts: Readonly<Record<number, Layout>> = { 4: 'OIHW', 2: 'OI' }

/**
 * Own paths as a module of PyTorch would have them, in its layouts: `encoder.body[0].conv.kernel` [rows, columns, in, out] is
 * `encoder.body.0.conv.weight` [out, in, rows, columns].
 */
export const pytorchPaths = (graph: Pick<Graph, 'weights'>): WeightMap =>
  mapOf('pytorch-paths', graph, ({ path, shape }) => {
    const [, place, last] = /^(.*?)([^.]*)$/.exec(path)!
    const isKernel = last === 'kernel'
    const name = (place! + (Object.hasOwn(called, last!) ? called[last!]! : last!)).replace(/\[(\d+)\]/g, '.$1')
    return { name, layout: (isKernel && layouts[shape.length]) || 'same' }
  })
