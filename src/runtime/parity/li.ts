import type * as tf from '@tensorflow/tfjs'
import { subgraph, type Graph } from '../../compiler/ir/graph.ts'
import type { Tensor } from '../files/safetensors.ts'
import { readMap } from '../weights/map.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import { numberOf } from './json.ts'
import { list, shapeOf, turns } from './shapes.ts'
import { checkParameters, configured, createSubject, gradientsOf, requireTraining, trainable, type Subject } from './subject.ts'
import { asTf, channelsFirst, channelsLast, compute, fromTf, valueAt } from './values.ts'

/** Names of Li's weights: with a prefix for each network where both are in one file. */
interface Parts {
  readonly generator?: string
  readonly judge?: string
}

const partsOf = ({ weights }: ParityCase): Parts => {
  const generator = ['generator.', ''].find((prefix) => weights.has(`${prefix}down0.conv0.conv0.weight`))
  const judge = ['discriminator.', ''].find((prefix) => weights.has(`${prefix}model.0.weight`))
  return { ...(generator !== undefined && { generator }), ...(judge !== undefined && { judge }) }
}

const generatorSets = ({ weights }: ParityCase, prefix: string): string[] => {
  const first = shapeOf(weights, `${prefix}down0.conv0.conv0.weight`)[0]! / 2
  return [`generator.first=${first}`]
}

const judgeSets = ({ weights }: ParityCase, prefix: string): string[] => {
  const layers = turns(weights, `${prefix}model.`, '.weight').slice(0, -1)
  return [`judge.widths=${list(layers.map((layer) => shapeOf(weights, `${prefix}model.${layer}.weight`)[0]!))}`]
}

/** Li's generator, its discriminator, or both with their losses and gradients. */
export function checkLi(data: ParityCase, checks: Checks): void {
  const { generator, judge } = partsOf(data)
  if (generator === undefined && judge === undefined) throw new CannotRun('the case has weights of neither network')
  const weight = numberOf(data.hyper, 'gan_weight')
  const sets = [
    ...(generator === undefined ? [] : generatorSets(data, generator)),
    ...(judge === undefined ? [] : judgeSets(data, judge)),
    ...(weight === undefined ? [] : [`train.loss=${1 - weight} * l1(sr, target) + ${weight} * mse(judge(sr, x), 1)`]),
  ]
  const model = configured('Li', { file: 'li.arch', sets })
  const [main, rival] = (model.train?.objectives ?? []).map((objective) => objective.graph)
  if (!main || !rival) throw new Error('li.arch has no two objectives')
  const judged = judgeGraph(rival)
  const graphs = [...(generator === undefined ? [] : [model.graph]), ...(judge === undefined ? [] : [judged])]
  const both = generator !== undefined && judge !== undefined
  const subject = createSubject(data, checks, readMap('li'), both ? [...graphs, main, rival] : graphs)
  try {
    checks.part(['parameters'], () => checkParameters(data, checks, ...graphs))
    if (generator !== undefined) checkGenerator(data, checks, subject, model.graph)
    if (judge !== undefined) checkJudge(data, checks, subject, judged)
    if (both) checkLosses(data, checks, subject, main, rival)
  } finally {
    subject.dispose()
  }
}

/** The discriminator's verdict on (target, x), from the objective that trains it. */
function judgeGraph(rival: Graph): Graph {
  const inputs = rival.inputs.filter((input) => input.name === 'target' || input.name === 'x')
  for (const node of rival.nodes.filter((candidate) => candidate.weights.includes('judge.conv.kernel'))) {
    const graph = subgraph(rival, inputs, [{ name: 'verdict', value: node.results[0]! }])
    // The other verdict is on the generator's picture.
    if (graph.weights.every((weight) => weight.group === 'judge')) return graph
  }
  throw new Error('li.arch does not judge its target')
}

/** Pictures that the generator is given: `input` with `output`, `input2` with `output2`, `lr` with `out`. */
function checkGenerator(data: ParityCase, checks: Checks, subject: Subject, graph: Graph): void {
  const parts = new Map([
    ['down', 'd'],
    ['up', 'u'],
    ['skip', 's'],
  ])
  const tell = (name: string, picture: string, value: number | undefined): void => {
    const given = data.tensors.get(picture)
    if (data.infos.get(name)?.input !== false || !given || value === undefined) return
    checks.part([name], () => checks.tensor(name, picturesOf(subject, graph, value, given)))
  }
  const output = valueAt(graph, { output: graph.outputs[0]!.name })
  for (const name of data.infos.keys()) {
    const [, turn] = /^output(\d*)$/.exec(name) ?? []
    if (turn !== undefined) tell(name, `input${turn}`, output)
    if (name === 'out') tell(name, 'lr', output)
    const [, part, number] = /^(down|up|skip)(\d)$/.exec(name) ?? []
    if (part !== undefined) tell(name, 'input', valueAt(graph, { let: `generator.${parts.get(part)}${number}` }))
  }
}

function picturesOf(subject: Subject, graph: Graph, value: number, picture: Tensor): Tensor {
  const made = compute(subject.network, graph, new Map([['result', value]]), { [graph.inputs[0]!.name]: channelsLast(picture) })
  return channelsFirst(made.get('result')!)
}

/** Verdicts: `d_fake` on the generator's picture, `d_real` on the target, `out` on `sr`; each beside its condition. */
function checkJudge(data: ParityCase, checks: Checks, subject: Subject, graph: Graph): void {
  const { tensors, infos } = data
  const verdicts: readonly (readonly [string, string, string])[] = [
    ['d_fake', 'output', 'input'],
    ['d_real', 'target', 'input'],
    ['out', 'sr', 'lr'],
  ]
  for (const [name, picture, condition] of verdicts) {
    const [seen, beside] = [tensors.get(picture), tensors.get(condition)]
    if (infos.get(name)?.input !== false || !seen || !beside) continue
    checks.part([name], () => {
      const given = { target: channelsLast(seen), x: channelsLast(beside) }
      const made = compute(subject.network, graph, new Map([['verdict', graph.outputs[0]!.value]]), given)
      checks.tensor(name, channelsFirst(made.get('verdict')!))
    })
  }
}

/** Both objectives: their terms and the gradients of the network that each moves. */
function checkLosses(data: ParityCase, checks: Checks, subject: Subject, main: Graph, rival: Graph): void {
  const { tensors, infos } = data
  const [picture, target] = [tensors.get('input'), tensors.get('target')]
  if (!picture || !target) return
  const inputs = { x: channelsLast(picture), target: channelsLast(target) }
  // An objective gives its loss, then its terms in the order of the text: l1, then the verdict's.
  const terms: readonly (readonly [string, Graph, number])[] = [
    ['loss_l1', main, 1],
    ['loss_gan', main, 2],
    ['loss_g', main, 0],
    ['loss_d', rival, 0],
  ]
  for (const [name, graph, output] of terms.filter(([each]) => infos.get(each)?.input === false))
    checks.part([name], () => {
      const made = compute(subject.network, graph, new Map([[name, graph.outputs[output]!.value]]), inputs).get(name)!
      checks.tensor(name, { ...made, shape: tensors.get(name)!.shape })
    })
  compareGradients(data, checks, subject, main, inputs, 'grad_g.', undefined)
  compareGradients(data, checks, subject, rival, inputs, 'grad_d.', 'judge')
}

function compareGradients(
  data: ParityCase,
  checks: Checks,
  subject: Subject,
  graph: Graph,
  inputs: Readonly<Record<string, Tensor>>,
  prefix: string,
  group: string | undefined,
): void {
  const names = [...data.infos.keys()].filter((name) => name.startsWith(prefix))
  if (names.length === 0) return
  checks.part(names, () => {
    requireTraining()
    const model = subject.network.lower(graph, 'objective')
    const given: Record<string, tf.Tensor> = Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => [name, asTf(tensor)]),
    )
    const { gradients } = gradientsOf(trainable(subject.network, group), () => model.run(given, { training: true })['loss']!)
    const named = subject.named(new Map([...gradients].map(([path, tensor]) => [path, fromTf(tensor)])))
    for (const tensor of [...gradients.values(), ...Object.values(given)]) tensor.dispose()
    for (const name of names) {
      const weight = name.slice(prefix.length)
      const gradient = [weight, `generator.${weight}`, `discriminator.${weight}`]
        .map((each) => named.get(each))
        .find((each) => each)
      if (gradient) checks.tensor(name, gradient)
      else checks.claim(name, false, 'no gradient reaches this weight')
    }
  })
}
