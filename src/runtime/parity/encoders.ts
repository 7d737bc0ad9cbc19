import type { Graph } from '../../compiler/ir/graph.ts'
import type { Tensor } from '../files/safetensors.ts'
import { readMap } from '../weights/map.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import { at, numberOf, numbersOf, recordOf, textOf } from './json.ts'
import { checkCotangent, pictureOutput, pictures } from './picture-network.ts'
import { edsrParameters, list, stagesOf, swinirParameters } from './shapes.ts'
import { checkParameters, configured, configuredModule, createSubject } from './subject.ts'
import { channelsFirst, channelsLast, compute, reshaped, sliced, valueAt, type Address } from './values.ts'

/** The SwinIR encoder alone: outputs, values after its parts, gradients. */
export function checkSwinir(data: ParityCase, checks: Checks): void {
  const parameters = swinirParameters(data.weights, '', data.hyper)
  const graph = configuredModule({ file: 'lib/swinir.arch' }, 'SwinIR', { parameters })
  const subject = createSubject(data, checks, readMap('swinir'), [graph])
  try {
    checks.part(['parameters'], () => checkParameters(data, checks, graph))
    checkDropPath(data, checks, parameters)
    for (const [set, picture] of pictures(data)) {
      const compared = [...data.infos].filter(([name, info]) => !info.input && name.startsWith(set)).map(([name]) => name)
      for (const name of compared)
        checks.part([name], () => {
          const part = name.slice(set.length)
          if (part === 'output' || part === 'out') return checks.tensor(name, pictureOutput(subject, graph, { x: picture }))
          const [value] = swinirPart(part).flatMap((address) => valueAt(graph, address) ?? [])
          if (value === undefined) return
          const made = compute(subject.network, graph, new Map([[name, value]]), { x: channelsLast(picture) }).get(name)!
          checks.tensor(name, asStored(made, data.tensors.get(name)!.shape))
        })
      checkCotangent(data, checks, subject, graph, set, { x: picture })
    }
  } finally {
    subject.dispose()
  }
}

/** Where a part of SwinIR ends, the first that exists: a block's result is what the next block or the stage's end reads. */
function swinirPart(part: string): Address[] {
  if (part === 'conv_first') return [{ let: 'shallow' }]
  if (part === 'patch_embed') return [{ let: 'start' }]
  const [, kind, digits] = /^(block|rstb)(\d+)$/.exec(part) ?? []
  const next = Number(digits) + 1
  if (kind === 'block') return [{ into: `body[0].body[${next}].attention.layer_norm.scale` }, { into: 'body[0].conv.kernel' }]
  if (kind === 'rstb') return [{ into: `body[${next}].body[0].attention.layer_norm.scale` }, { let: 'body' }]
  return []
}

/** A map in the layout of the case: B, C, H, W or B, (H W), C; of the first samples, where it has only those. */
function asStored(made: Tensor, expected: readonly number[]): Tensor {
  const first = sliced(made, 0, 0, expected[0]!)
  if (expected.length === 4) return channelsFirst(first)
  const [batch, height, width, channels] = first.shape as [number, number, number, number]
  return reshaped(first, [batch, height * width, channels])
}

/** The rates of stochastic depth over all blocks, where the case lists them. */
function checkDropPath(data: ParityCase, checks: Checks, parameters: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(data.values)) {
    const [, rate] = /^drop_path_rates_if_([\d.]+)$/.exec(name) ?? []
    const expected = numbersOf(data.values, name)
    if (rate === undefined || !expected) continue
    checks.part([name], () => {
      const graph = configuredModule({ file: 'lib/swinir.arch' }, 'SwinIR', { parameters: { ...parameters, drop: rate } })
      checks.numbers(name, dropPathRates(graph), expected, 1e-7)
    })
  }
}

/** Of every block in order the rate with which its attention is dropped; 0 where nothing drops it. */
function dropPathRates(graph: Graph): number[] {
  const blocks = graph.weights.map(
    (weight) => /^(body\[\d+\]\.body\[\d+\]\.)attention\.layer_norm\.scale$/.exec(weight.path)?.[1],
  )
  return blocks
    .filter((block) => block !== undefined)
    .map((block) => {
      const node = graph.nodes.find((candidate) => candidate.op === 'drop_path' && `${candidate.path}.`.startsWith(block))
      return (node?.attributes['rate'] as number | undefined) ?? 0
    })
}

/** EDSR at every scale of the case, or its body alone. */
export function checkEdsr(data: ParityCase, checks: Checks): void {
  const prefixes = [...new Set([...data.weights.keys()].map((name) => /^(x\d+\.)?/.exec(name)![0]))]
  const graphs: Graph[] = []
  for (const prefix of prefixes) {
    const names = [...data.infos].filter(([name, info]) => !info.input && name.startsWith(prefix)).map(([name]) => name)
    checks.part(names, () => {
      const hyper = { ...data.hyper, ...recordOf(data.hyper, 'per_scale', prefix.slice(1, -1)) }
      const parameters = edsrParameters(data.weights, prefix, { ...data.network, ...hyper })
      const stages = stagesOf(data.weights, `${prefix}tail.0.`)
      const body = stages.length === 0
      if (!body && stages.some((stage) => !Number.isInteger(stage))) throw new CannotRun(`the tail has stages of ${list(stages)}`)
      const sets = [...Object.entries(parameters).map(([name, value]) => `${name}=${value}`), `stages=${list(stages)}`]
      const graph = body
        ? configuredModule({ file: 'edsr.arch' }, 'EDSRBody', { parameters })
        : configured('EDSR', { file: 'edsr.arch', sets }).graph
      graphs.push(graph)
      const subject = createSubject(data, checks, readMap(body ? 'edsr-body' : 'edsr'), [graph], prefix)
      try {
        const picture = pictures(data).get(prefix)
        if (!picture) throw new CannotRun('the case has no picture')
        const input = { [graph.inputs[0]!.name]: picture }
        for (const name of names.filter((each) => /(^|\.)out(put)?$/.test(each)))
          checks.part([name], () => checks.tensor(name, pictureOutput(subject, graph, input)))
        checkCotangent(data, checks, subject, graph, prefix, input)
      } finally {
        subject.dispose()
      }
    })
  }
  checks.part(['parameters'], () => checkParameters(data, checks, ...graphs))
}

/** The local feature interactor alone, corrected or as released. */
export function checkLfi(data: ParityCase, checks: Checks): void {
  const released = data.weights.has('qk_linear.weight') || textOf(data.network, 'variant') === 'as released'
  const heads = String(numberOf(data.hyper, 'heads') ?? 8)
  const channels = data.tensors.get('input')?.shape[1]
  if (channels === undefined) throw new CannotRun('the case has no input')
  const window = at(data.hyper, 'window')
  const options = {
    sizes: { c: channels },
    parameters: { heads, ...(typeof window === 'number' && !released && { window: String(window) }) },
  }
  if (released && window !== undefined && window !== 3) throw new CannotRun('the released module has windows of 3')
  const graph = released
    ? configuredModule({ file: 'lib/lfi-released.arch' }, 'LFIReleased', options)
    : configuredModule({ file: 'iste.arch' }, 'LFI', options)
  const subject = createSubject(data, checks, readMap(released ? 'lfi-released' : 'lfi'), [graph])
  try {
    checks.part(['parameters'], () => checkParameters(data, checks, graph))
    for (const [set, picture] of pictures(data)) {
      checks.part([`${set}output`], () => checks.tensor(`${set}output`, pictureOutput(subject, graph, { x: picture })))
      checkCotangent(data, checks, subject, graph, set, { x: picture })
    }
  } finally {
    subject.dispose()
  }
}
