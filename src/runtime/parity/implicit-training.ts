import * as tf from '@tensorflow/tfjs'
import type { Graph } from '../../compiler/ir/graph.ts'
import type { Tensor } from '../files/safetensors.ts'
import { adamOf } from './adam-schedule.ts'
import { createOptimiser } from '../train/optimiser-state.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import { numberOf, recordOf, textsOf } from './json.ts'
import { inputsOf, queryOf, type Query } from './query.ts'
import { gradientsOf, requireTraining, trainable, type Subject } from './subject.ts'
import { asTf, channelsLast, fromTf } from './values.ts'

/** One batch of training. */
interface Batch {
  readonly query: Query
  readonly target: Tensor
}

/** The batches that the case trains on, in order; the first stands in a set of its own. */
function batchesOf(data: ParityCase): Batch[] {
  const { tensors } = data
  const first = [...tensors.keys()].find((name) => /(^|\.)target0?$/.test(name))
  if (first === undefined) return []
  const set = first === 'target' ? '' : first === 'train.target0' ? 'random' : first.replace(/\.target0?$/, '')
  const batches: Batch[] = [{ query: queryOf(data, set), target: tensors.get(first)! }]
  for (let at = 1; tensors.has(`train.target${at}`); at += 1) {
    const [lr, coord, cell, target] = ['input', 'coord', 'cell', 'target'].map((name) => tensors.get(`train.${name}${at}`))
    if (!lr || !coord || !cell || !target) throw new CannotRun(`batch ${at} is not whole`)
    batches.push({ query: { lr: channelsLast(lr), coord, cell }, target })
  }
  return batches
}

/** Loss, gradients, and the weights after each optimiser step. */
export function checkTraining(data: ParityCase, checks: Checks, subject: Subject, graph: Graph): void {
  const compared = [...data.infos].filter(([, info]) => !info.input).map(([name]) => name)
  const losses = compared.filter((name) => /(^|\.)loss(es)?$/.test(name))
  const gradients = compared.filter((name) => name.startsWith('grad.'))
  const steps = compared.filter((name) => /^adam\d+\./.test(name))
  const norms = compared.filter((name) => name === 'grad_norms')
  if (losses.length + gradients.length + steps.length + norms.length === 0) return
  checks.seen(...steps.filter((name) => /^adam\d+\.mask\./.test(name)))
  checks.part([...losses, ...gradients, ...steps, ...norms], () => {
    requireTraining()
    const batches = batchesOf(data)
    if (batches.length === 0) throw new CannotRun('the case has no target to train towards')
    const variables = trainable(subject.network)
    const settings = recordOf(data.values, 'train.optimiser')
    const adam = createOptimiser(variables, adamOf(settings))
    const found: number[] = []
    for (const [at, batch] of batches.entries()) {
      const { value, gradients: made } = lossAndGradients(subject, graph, variables, batch)
      found.push(value)
      if (at === 0) compareGradients(data, checks, subject, made, gradients, norms)
      if (steps.length > 0) adam.step(made, numberOf(settings, 'lr') ?? 1e-4)
      made.forEach((gradient) => gradient.dispose())
      compareWeights(data, checks, subject, steps, at + 1)
    }
    adam.dispose()
    for (const name of losses) {
      const expected = data.tensors.get(name)!.shape
      checks.tensor(name, { shape: expected, dtype: 'F32', data: Float32Array.from(found.slice(0, expected[0] ?? 1)) })
    }
  })
}

function lossAndGradients(subject: Subject, graph: Graph, variables: ReadonlyMap<string, tf.Variable>, { query, target }: Batch) {
  const model = subject.network.lower(graph, 'loss')
  const inputs = Object.fromEntries(Object.entries({ ...inputsOf(query), target }).map(([name, tensor]) => [name, asTf(tensor)]))
  const result = gradientsOf(variables, () => model.run(inputs, { training: true })['loss']!)
  tf.dispose(inputs)
  return result
}

function compareGradients(
  data: ParityCase,
  checks: Checks,
  subject: Subject,
  gradients: ReadonlyMap<string, tf.Tensor>,
  names: readonly string[],
  norms: readonly string[],
): void {
  const named = subject.named(new Map([...gradients].map(([path, tensor]) => [path, fromTf(tensor)])))
  for (const name of names) {
    const gradient = named.get(name.slice('grad.'.length))
    if (gradient) checks.tensor(name, gradient)
    else checks.claim(name, false, 'no gradient reaches this weight')
  }
  for (const name of norms) {
    const order = textsOf(data.values, 'grad_norm_names') ?? []
    const lengths = order.map((weight) => lengthOf(named.get(weight)?.data ?? [NaN]))
    checks.tensor(name, { shape: [lengths.length], dtype: 'F32', data: Float32Array.from(lengths) })
  }
}

const lengthOf = (values: ArrayLike<number>): number => Math.sqrt(Array.from(values).reduce((sum, x) => sum + x * x, 0))

/** Weights after `count` steps; a mask marks the elements whose gradient is more than rounding. */
function compareWeights(data: ParityCase, checks: Checks, subject: Subject, steps: readonly string[], count: number): void {
  const prefix = `adam${count}.`
  const here = steps.filter((name) => name.startsWith(prefix))
  if (here.length === 0) return
  const named = subject.named(subject.network.read())
  for (const name of here) {
    const weight = name.slice(prefix.length)
    if (weight.startsWith('mask.')) continue
    const actual = named.get(weight)
    if (actual) checks.tensor(name, actual, data.tensors.get(`${prefix}mask.${weight}`))
    else checks.claim(name, false, 'this network has no such weight')
  }
}
