import path from 'node:path'
import * as tf from '@tensorflow/tfjs'
import { compile, type CompilerHost } from '../../compiler/index.ts'
import type { Diagnostic } from '../../compiler/diagnostics/diagnostic.ts'
import { parameterCount, type Graph } from '../../compiler/ir/graph.ts'
import { compileModule, type ModuleOptions } from '../../compiler/module.ts'
import type { CompiledModel } from '../../compiler/plan.ts'
import { archcRoot } from '../../root.ts'
import { activeEngine } from '../engine/index.ts'
import type { Tensor } from '../files/safetensors.ts'
import { fileHost } from '../host.ts'
import { createNetwork, type Network } from '../network/network.ts'
import { planByName, toNames, toPaths, type Transfer, type WeightMap } from '../weights/map.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'

const models = path.join(archcRoot, 'models')

/** How a model of archc becomes the case's network. */
export interface Configuration {
  /** In archc's models folder. */
  readonly file: string
  /** Variant files there. */
  readonly variants?: readonly string[]
  /** Imports and edits of a variant made for this case. */
  readonly edits?: readonly string[]
  readonly sets?: readonly string[]
}

/** A host that also serves texts that are in no file. */
const hostWith = (texts: ReadonlyMap<string, string>): CompilerHost => ({
  ...fileHost,
  read(file) {
    const text = texts.get(file)
    return text === undefined ? fileHost.read(file) : { text }
  },
})

/** Compiles a model of archc as the case needs it. */
export function configured(model: string, { file, variants = [], edits = [], sets = [] }: Configuration): CompiledModel {
  const made = path.join(models, 'of the case.arch')
  const text = [`variant "of the case" of ${model} from "./${file}"`, ...edits].join('\n')
  const all = [...variants.map((variant) => path.join(models, variant)), ...(edits.length > 0 ? [made] : [])]
  const { model: compiled, diagnostics } = compile(path.join(models, file), hostWith(new Map([[made, text]])), {
    variants: all,
    sets,
  })
  if (!compiled) throw new Error(problemOf(diagnostics, file))
  return compiled
}

/** Compiles one module of a file in archc's models folder, or of a text. */
export function configuredModule(
  source: { readonly file: string } | { readonly text: string },
  name: string,
  options: ModuleOptions,
): Graph {
  const file = 'file' in source ? path.join(models, source.file) : 'a text'
  const host = hostWith(new Map('text' in source ? [[file, source.text]] : []))
  const { graph, diagnostics } = compileModule(file, name, host, options)
  if (!graph) throw new Error(problemOf(diagnostics, name))
  return graph
}

const problemOf = (diagnostics: readonly Diagnostic[], what: string): string =>
  `${what} does not compile: ${diagnostics.find((problem) => problem.severity === 'error')?.message ?? 'nothing was said'}`

/** A network with the case's weights. */
export interface Subject {
  readonly network: Network
  /** Weights or gradients by path under the reference's names, in its layouts. */
  named(tensors: ReadonlyMap<string, Tensor>): Map<string, Tensor>
  dispose(): void
}

/** Builds the network of some graphs and gives it the case's weights; whatever does not fit is a failed check. */
export function createSubject(
  data: Pick<ParityCase, 'weights' | 'parameters'>,
  checks: Checks,
  map: WeightMap,
  graphs: readonly Graph[],
  prefix = '',
): Subject {
  const network = createNetwork(graphs, checks.execution)
  const weights = new Map(
    [...data.weights].filter(([name]) => name.startsWith(prefix)).map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  )
  const { tensors, missing, leftOver, misshapen } = toPaths(weights, map, network.weights)
  const problems = [
    ...misshapen,
    ...missing.map((name) => `no tensor gives ${name}`),
    ...leftOver.map((name) => `no weight takes ${name}`),
  ]
  if (problems.length > 0)
    checks.claim(`${prefix}weights`, false, `${problems.length} do not fit: ${problems.slice(0, 3).join('; ')}`)
  network.assign(tensors)
  const { transfers } = planByName(map, weights.keys())
  return {
    network,
    named: (given) => toNames(given, covered(transfers, given)),
    dispose: () => network.weights.forEach(({ path: name }) => network.variable(name).dispose()),
  }
}

/** Transfers whose weights are all there. */
const covered = (transfers: readonly Transfer[], given: ReadonlyMap<string, Tensor>): Transfer[] =>
  transfers.filter((transfer) => transfer.paths.every((name) => given.has(name)))

/** The count of learned numbers, where the case states it. */
export function checkParameters(data: ParityCase, checks: Checks, ...graphs: readonly Graph[]): void {
  if (data.parameters === undefined) return
  const groups = graphs.map((graph) =>
    [...new Set(graph.weights.map((weight) => weight.group))].map((group) => parameterCount(graph, group)),
  )
  const total = groups.flat().reduce((sum, count) => sum + count, 0)
  checks.numbers('parameters', [total], [data.parameters], 0)
}

/** Leaves where the engine lacks operations that gradients of networks need. */
export function requireTraining(): void {
  const engine = activeEngine()
  if (engine && !engine.trains) throw new CannotRun(`the ${engine.name} engine has no gradients`)
}

/** Gradients of a scalar with respect to variables, by the key of each; and the scalar. */
export function gradientsOf(
  variables: ReadonlyMap<string, tf.Variable>,
  scalar: () => tf.Tensor,
): { readonly value: number; readonly gradients: ReadonlyMap<string, tf.Tensor> } {
  const names = new Map([...variables].map(([key, variable]) => [variable.name, key]))
  const { value, grads } = tf.variableGrads(() => scalar().asScalar() as tf.Scalar, [...variables.values()])
  const gradients = new Map(
    Object.entries(grads).flatMap(([name, gradient]) => (gradient ? [[names.get(name)!, gradient] as const] : [])),
  )
  const [number] = value.dataSync()
  value.dispose()
  return { value: number!, gradients }
}

/** The trainable variables of a network, by path. */
export const trainable = (network: Network, group?: string): Map<string, tf.Variable> =>
  new Map(
    network.weights
      .filter((weight) => weight.trainable && weight.group === group)
      .map((weight) => [weight.path, network.variable(weight.path).read() as tf.Variable]),
  )
