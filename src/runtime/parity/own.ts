import * as tf from '@tensorflow/tfjs'
import type { Graph } from '../../compiler/ir/graph.ts'
import type { CompiledModel } from '../../compiler/plan.ts'
import type { Tensor } from '../files/safetensors.ts'
import type { LoadedModel } from '../network/load-model.ts'
import { shippedMaps } from '../weights/fit.ts'
import { readMap, type WeightMap } from '../weights/map.ts'
import { ownNames } from '../weights/own-names.ts'
import { chooseSet } from '../weights/sets.ts'
import type { NamedTensors } from '../weights/source.ts'
import { viewsOf } from '../weights/wrappers.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import { checkParameters, createSubject, gradientsOf, requireTraining, trainable, type Subject } from './subject.ts'
import { asTf, channelsFirst, channelsLast, compute, fromTf, valueAt } from './values.ts'

/** A network of the user's, which a case is compared with whatever network the case names. */
export interface OwnNetwork {
  readonly loaded: LoadedModel
  /** One of archc's maps by its name, or a file of the user's; else the one that fits best, or archc's own names. */
  readonly map?: string
}

/**
 * Compares the numbers of a case with a network: of every set of inputs (`x2.lr`, or `lr` in the empty set) the outputs, the values inside that have the
 * name of a `let`, and the gradients of mean(output * cotangent).
 */
export async function checkOwn(data: ParityCase, checks: Checks, { loaded, map }: OwnNetwork): Promise<void> {
  const { model } = loaded
  const { graph } = model
  const { dict, tensors, named } = await weightsOf(data, loaded, map)
  if (dict.key === '') checks.part(['parameters'], () => checkParameters(data, checks, graph))
  const subject = createSubject({ weights: tensors }, checks, named, [graph])
  try {
    const sets = setsOf(data, model)
    if (sets.size === 0)
      throw new CannotRun(`it has no inputs that ${model.name} takes: ${model.inputs.map(({ name }) => name).join(', ')}`)
    for (const [set, inputs] of sets) {
      // Weights of several networks under prefixes: each is compared with its own numbers.
      if (dict.key !== '' && set !== '' && set !== `${dict.key}.`) continue
      checkValues(data, checks, subject, model, set, inputs)
      checkGradients(data, checks, subject, graph, set, inputs)
    }
  } finally {
    subject.dispose()
  }
}

/** The weights of the case as the network's, by which map. */
async function weightsOf(
  { name, weights }: ParityCase,
  { model, file, options }: LoadedModel,
  map: string | undefined,
): Promise<{ dict: NamedTensors; tensors: ReadonlyMap<string, Tensor>; named: WeightMap }> {
  const all: NamedTensors = {
    key: '',
    names: [...weights.keys()],
    shapeOf: (name) => weights.get(name)!.shape,
    load: (names) => Promise.resolve(new Map(names.map((name) => [name, weights.get(name)!]))),
  }
  const own = ownNames(model.graph)
  const maps = map === undefined ? [own, ...shippedMaps()] : [readMap(map)]
  const texts = [file, ...(options.variants ?? [])]
  const known = model.graph.weights
  const { fit } = await chooseSet([{ dict: all, views: viewsOf(all) }], {
    maps,
    weights: known,
    all: known,
    texts,
    file: `the case ${name}`,
  })
  const { dict, map: named } = fit
  return { dict, tensors: await dict.load(dict.names), named: named ?? own }
}

/** What people call what a role takes. */
const called: Readonly<Record<string, readonly string[]>> = {
  image: ['input', 'lr', 'x'],
  coordinates: ['coord'],
  cell: ['cell'],
  scale: ['scale'],
}

/** The inputs of a case by set, under the network's names and in its layouts; sets that lack one take it from the empty set. */
function setsOf({ tensors, infos }: ParityCase, model: CompiledModel): Map<string, Record<string, Tensor>> {
  const names = model.inputs.map(({ name, role }) => ({ name, all: [name, ...(called[role] ?? [])] }))
  const found = new Map<string, Record<string, Tensor>>()
  for (const [whole, tensor] of tensors) {
    const at = whole.lastIndexOf('.') + 1
    const input = names.find(({ all }) => all.includes(whole.slice(at)))
    if (!input) continue
    const set = whole.slice(0, at)
    const isPicture = tensor.shape.length === 4 && infos.get(whole)?.layout !== 'NHWC'
    found.set(set, { ...found.get(set), [input.name]: isPicture ? channelsLast(tensor) : tensor })
  }
  const shared = found.get('') ?? {}
  return new Map(
    [...found]
      .map(([set, inputs]) => [set, { ...shared, ...inputs }] as const)
      .filter(([, inputs]) => names.every(({ name }) => name in inputs)),
  )
}

/** Outputs, and values inside under the names of the text. */
function checkValues(
  data: ParityCase,
  checks: Checks,
  subject: Subject,
  { graph, outputs }: CompiledModel,
  set: string,
  inputs: Readonly<Record<string, Tensor>>,
): void {
  const [first] = outputs
  for (const [whole, info] of data.infos) {
    if (info.input || !whole.startsWith(set) || (set === '' && data.tensors.has(`${whole.split('.')[0]!}.${first!.name}`)))
      continue
    const name = whole.slice(set.length)
    const wanted = name === 'out' || name === 'output' ? first!.name : name
    const value = valueAt(graph, { output: wanted }) ?? valueAt(graph, { let: wanted })
    if (value === undefined) continue
    checks.part([whole], () => {
      const made = compute(subject.network, graph, new Map([['result', value]]), inputs).get('result')!
      checks.tensor(whole, made.shape.length === 4 && info.layout !== 'NHWC' ? channelsFirst(made) : made)
    })
  }
}

/** Gradients of mean(output * cotangent): `grad.WEIGHT` under the names of the case's weights, `grad_INPUT` of inputs. */
function checkGradients(
  data: ParityCase,
  checks: Checks,
  subject: Subject,
  graph: Graph,
  set: string,
  inputs: Readonly<Record<string, Tensor>>,
): void {
  const cotangent = data.tensors.get(`${set}cotangent`)
  const names = [...data.infos].filter(([name, info]) => !info.input && name.startsWith(`${set}grad`)).map(([name]) => name)
  if (!cotangent || names.length === 0) return
  checks.seen(`${set}cotangent`)
  const isPicture = ({ shape }: Tensor, name: string): boolean => shape.length === 4 && data.infos.get(name)?.layout !== 'NHWC'
  checks.part(names, () => {
    requireTraining()
    const lowered = subject.network.lower(graph, 'network')
    const fixed = asTf(isPicture(cotangent, `${set}cotangent`) ? channelsLast(cotangent) : cotangent)
    const given = new Map(Object.entries(inputs).map(([name, tensor]) => [name, tf.variable(asTf(tensor))]))
    const variables = new Map([
      ...trainable(subject.network),
      ...[...given].map(([name, variable]) => [`input ${name}`, variable] as const),
    ])
    const { gradients } = gradientsOf(variables, () =>
      tf.mean(tf.mul(lowered.run(Object.fromEntries(given), { training: true })[graph.outputs[0]!.name]!, fixed)),
    )
    const read = new Map([...gradients].map(([key, tensor]) => [key, fromTf(tensor)]))
    tf.dispose([fixed, ...given.values(), ...gradients.values()])
    const named = subject.named(read)
    for (const whole of names) {
      const [, separator, name] = /^grad([._])(.+)$/.exec(whole.slice(set.length)) ?? []
      const input = name === 'input' ? graph.inputs[0]!.name : name
      const gradient = separator === '.' ? named.get(name!) : read.get(`input ${input}`)
      if (!gradient) checks.claim(whole, false, 'no gradient reaches it')
      else checks.tensor(whole, separator === '_' && isPicture(gradient, whole) ? channelsFirst(gradient) : gradient)
    }
  })
}
