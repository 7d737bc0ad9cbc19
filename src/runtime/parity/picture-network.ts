import * as tf from '@tensorflow/tfjs'
import type { Graph } from '../../compiler/ir/graph.ts'
import type { Tensor } from '../files/safetensors.ts'
import type { ParityCase } from './case.ts'
import type { Checks } from './check.ts'
import { gradientsOf, requireTraining, trainable, type Subject } from './subject.ts'
import { asTf, channelsFirst, channelsLast, compute, fromTf } from './values.ts'

/** Pictures of a case by set: `16x16.input` belongs to `16x16.`, `input` to the empty set. */
export function pictures({ tensors }: ParityCase): Map<string, Tensor> {
  const found = [...tensors].flatMap(([name, tensor]) => {
    const [, set] = /^(.*?)(?:input|lr)$/.exec(name) ?? []
    return set !== undefined && (set === '' || set.endsWith('.')) ? [[set, tensor] as const] : []
  })
  return new Map(found)
}

/** The result of a network from pictures to one picture or map, in the case's layout. */
export function pictureOutput(subject: Subject, graph: Graph, inputs: Readonly<Record<string, Tensor>>): Tensor {
  const given = Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, channelsLast(tensor)]))
  const made = compute(subject.network, graph, new Map([['result', graph.outputs[0]!.value]]), given).get('result')!
  return made.shape.length === 4 ? channelsFirst(made) : made
}

/** Gradients of mean(output * cotangent), as the case's `PREFIXgrad.*` and `PREFIXgrad_input` have them. */
export function checkCotangent(
  data: ParityCase,
  checks: Checks,
  subject: Subject,
  graph: Graph,
  prefix: string,
  inputs: Readonly<Record<string, Tensor>>,
): void {
  const cotangent = data.tensors.get(`${prefix}cotangent`)
  const names = [...data.infos].filter(([name, info]) => !info.input && name.startsWith(`${prefix}grad`)).map(([name]) => name)
  if (!cotangent || names.length === 0) return
  checks.part(names, () => {
    requireTraining()
    const model = subject.network.lower(graph, 'network')
    const fixed = asTf(channelsLast(cotangent))
    const pictures = new Map(Object.entries(inputs).map(([name, tensor]) => [name, tf.variable(asTf(channelsLast(tensor)))]))
    const variables = new Map([
      ...trainable(subject.network),
      ...[...pictures].map(([name, variable]) => [inputKey(name), variable] as const),
    ])
    const { gradients } = gradientsOf(variables, () =>
      tf.mean(tf.mul(model.run(Object.fromEntries(pictures), { training: true })[graph.outputs[0]!.name]!, fixed)),
    )
    const read = new Map([...gradients].map(([key, tensor]) => [key, fromTf(tensor)]))
    tf.dispose([fixed, ...pictures.values(), ...gradients.values()])
    const named = subject.named(read)
    for (const name of names) {
      const weight = name.slice(`${prefix}grad`.length)
      const gradient = weight.startsWith('.') ? named.get(weight.slice(1)) : read.get(inputKey(graph.inputs[0]!.name))
      if (!gradient) checks.claim(name, false, 'no gradient reaches it')
      else checks.tensor(name, weight.startsWith('.') ? gradient : channelsFirst(gradient))
    }
  })
}

/** The key of an input among the weight paths. */
const inputKey = (name: string): string => `input ${name}`
