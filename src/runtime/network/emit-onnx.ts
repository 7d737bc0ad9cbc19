import { createHash } from 'node:crypto'
import path from 'node:path'
import { reach } from '../../compiler/passes/reach.ts'
import { stages } from '../../compiler/passes/stages.ts'
import { isPerQuery, scaleLimits, type CompiledModel } from '../../compiler/plan.ts'
import { onnxParts, takesFactor, type OnnxPart } from '../../compiler/targets/onnx/parts.ts'
import { writeOnnx } from '../../compiler/targets/onnx/write.ts'
import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import { writeAtomic, writeFolderAtomic } from '../files/atomic.ts'
import { requireOwn } from './emit.ts'
import type { LoadedModel } from './load-model.ts'
import { initialWeights, type Network } from './network.ts'

/**
 * Writes a network for ONNX Runtime and whatever else reads ONNX (opset 18), with weights inside and sizes that a picture
 * decides: `network.onnx`, or with coordinates `encoder.onnx` and `decoder.onnx` (and `keys.onnx`), `x2.onnx` and so on for
 * each of `factors`; `README.md` with a program in Python that enlarges a picture.
 * @throws UserError where something has no counterpart, or the network does not enlarge by a factor
 */
export async function emitOnnx(
  loaded: LoadedModel,
  folder: string,
  start: Network | number,
  factors: readonly number[],
  summary: object,
): Promise<string[]> {
  requireOwn(folder)
  const { model } = loaded
  for (const factor of factors)
    if (!takesFactor(model, factor))
      throw new UserError(
        model.scale.kind === 'fixed'
          ? `${model.name} enlarges ${model.scale.value} times, and is one file for that: no factor is to be named`
          : `x${factor}: a file of its own is for a whole factor from 2 to ${model.scale.to}`,
        'any other factor is asked of encoder.onnx and decoder.onnx',
      )
  if (factors.length > 0 && stages(model)?.keys)
    throw new UserError(
      `${model.name} chooses best matches among all positions: a file for a factor would take memory for each of them with each`,
      'leave --scales out: encoder.onnx, keys.onnx and decoder.onnx enlarge by any factor',
    )
  const tensors = typeof start === 'number' ? initialWeights(model.graph.weights, start) : start.read(model.graph.weights.map(({ path: name }) => name)) // prettier-ignore
  const weights = new Map([...tensors].map(([name, { data }]) => [name, Float32Array.from(data as ArrayLike<number>)] as const))
  const parts = onnxParts(model, factors)
  const written = parts.map((part) => ({
    name: `${part.kind}.onnx`,
    bytes: writeOnnx({
      name: `${model.name} ${part.kind}`,
      graph: part.graph,
      weights,
      producerVersion: archcVersion(),
      metadata: metadataOf(loaded, part),
      ...(part.around && { around: part.around }),
    }),
  }))
  await writeFolderAtomic(
    folder,
    async (temporary) => {
      for (const { name, bytes } of written) await writeAtomic(path.join(temporary, name), bytes)
      await writeAtomic(path.join(temporary, 'README.md'), readme(model, parts))
      await writeAtomic(
        path.join(temporary, 'summary.json'),
        `${JSON.stringify({ generatedBy: 'archc', ...summary }, undefined, 2)}\n`,
      )
      await writeAtomic(path.join(temporary, 'model.arch.txt'), loaded.text)
    },
    { replace: true },
  )
  return written.map(({ name }) => name)
}

/** How far around a position the picture is looked at, in its pixels; undefined where that is everywhere. */
function overlapOf(model: CompiledModel): number | undefined {
  const found = reach(stages(model)?.features ?? model.graph)
  return 'positions' in found ? found.positions : undefined
}

function metadataOf({ model, text }: LoadedModel, { kind }: OnnxPart): Record<string, string> {
  const [least, most] = scaleLimits(model.scale)
  const overlap = overlapOf(model)
  const ranges = [...model.inputs, ...model.outputs].filter(({ role }) => role === 'image' || role === 'enlarged' || role === 'samples') // prettier-ignore
  return {
    archc: archcVersion(),
    model: model.name,
    part: kind,
    layout: 'NHWC, RGB',
    scale: kind.startsWith('x') ? kind.slice(1) : `${least} to ${most}`,
    ...Object.fromEntries(ranges.map(({ name, range: [low, high] }) => [`range of ${name}`, `${low} to ${high}`])),
    ...(overlap !== undefined && { 'tile overlap': String(overlap) }),
    ...(model.evaluate.cellClip !== undefined && { 'cell clip': String(model.evaluate.cellClip) }),
    text,
    'sha256 of text': createHash('sha256').update(text).digest('hex'),
  }
}

const plus = (number: number): string => (number < 0 ? `- ${-number}` : `+ ${number}`)
/** Python for a value between 0 and 1 in the range of an input, and back. */
const into = ([low, high]: readonly [number, number], of: string): string =>
  low === 0 && high === 1 ? of : `${of} * ${high - low} ${plus(low)}`
const outOf = ([low, high]: readonly [number, number], of: string): string =>
  low === 0 && high === 1 ? of : `(${of} ${plus(-low)}) / ${high - low}`

function readme(model: CompiledModel, parts: readonly OnnxPart[]): string {
  const overlap = overlapOf(model)
  const kinds = parts.map(({ kind }) => kind)
  const about: Readonly<Record<string, string>> = {
    network: 'the network, for pictures of any size',
    encoder: 'features of a picture or a tile, once for all enlargements',
    keys: 'what best matches are chosen from, of some positions',
    decoder: 'values at any positions, of features',
  }
  const files = kinds.map((kind) => `- \`${kind}.onnx\`: ${about[kind] ?? `all positions of the picture enlarged ${kind.slice(1)} times`}`) // prettier-ignore
  const one = kinds.find((kind) => kind === 'network' || kind.startsWith('x'))
  const programs = [
    ...(one ? [{ usage: 'As `python one.py picture.png enlarged.png`:', lines: whole(model, one) }] : []),
    ...(kinds.includes('encoder')
      ? [
          {
            usage: 'At any factor, as `python any.py picture.png enlarged.png 2.7`:',
            lines: inParts(model, kinds.includes('keys')),
          },
        ]
      : []),
  ]
  const told = model.inputs.find(({ role }) => role === 'compression')
  return [
    `# ${model.name} as ONNX`,
    '',
    `Written by archc ${archcVersion()}: opset 18, weights inside, sizes that the picture decides. Pictures are [batch, height, width, 3], RGB, float32.`,
    'What goes in and comes out, in which range, and the text that the network was compiled from stand in the metadata of each file. Computed pictures are for research, not for diagnosis.',
    '',
    ...files,
    '',
    ...(overlap === undefined ? [] : [`A picture may be computed in tiles that overlap by ${overlap} of its own pixels.`, '']),
    ...(told
      ? [
          `\`${told.name}\` says how strongly the picture was compressed, from 0 for never to 1; \`archc upscale\` tells it of a picture.`,
          '',
        ]
      : []),
    ...programs.flatMap(({ usage, lines }) => [usage, '', '```python', ...lines, '```', '']),
  ].join('\n')
}

/** What a picture as a whole is told. */
const facts = (model: CompiledModel): string[] =>
  model.inputs.flatMap(({ name, role }) => (role === 'compression' ? [`"${name}": np.zeros((1, 1), np.float32)`] : []))

const start = (model: CompiledModel): string[] => {
  const { range } = model.inputs.find(({ role }) => role === 'image' || role === 'enlarged')!
  return [
    'import sys, numpy as np, onnxruntime as ort',
    'from PIL import Image',
    'picture = Image.open(sys.argv[1]).convert("RGB")',
    `x = ${into(range, 'np.asarray(picture, np.float32)[None] / 255')}`,
  ]
}
const end = (model: CompiledModel): string =>
  `Image.fromarray(np.uint8(np.clip(${outOf(model.outputs[0]!.range, 'y')}, 0, 1) * 255 + 0.5)).save(sys.argv[2])`

function whole(model: CompiledModel, file: string): string[] {
  const picture = model.inputs.find(({ role }) => role === 'image' || role === 'enlarged')!
  const given = [`"${picture.name}": np.float32(x)`, ...facts(model)]
  return [
    ...start(model),
    ...(picture.role === 'enlarged' ? ['# the picture was enlarged already: this network restores what that lost'] : []),
    `y = ort.InferenceSession("${file}.onnx").run(None, {${given.join(', ')}})[0][0]`,
    end(model),
  ]
}

function inParts(model: CompiledModel, hasKeys: boolean): string[] {
  const picture = model.inputs.find(({ role }) => role === 'image')!
  const { cellClip } = model.evaluate
  const queries = model.inputs.filter(isPerQuery)
  const coordinates = queries.find(({ role }) => role === 'coordinates')!.name
  const cell = model.inputs.find(({ role }) => role === 'cell')
  const scale = model.inputs.find(({ role }) => role === 'scale')
  const perQuery = cell && isPerQuery(cell)
  const told = [`"${picture.name}": np.float32(x)`, ...facts(model), ...(scale ? [`"${scale.name}": np.full((1, 1), m, np.float32)`] : [])] // prettier-ignore
  const clip = cellClip === undefined ? '' : ` * max(m / ${cellClip}, 1)`
  const names = hasKeys ? '("encoder", "keys", "decoder")' : '("encoder", "decoder")'
  const variables = hasKeys ? 'encoder, keys, decoder' : 'encoder, decoder'
  const asked = `"${coordinates}": c${perQuery ? `, "${cell.name}": np.broadcast_to(cell, c.shape)` : ''}`
  return [
    ...start(model),
    'm = float(sys.argv[3])',
    `H, W = round(m * x.shape[1]), round(m * x.shape[2])`,
    `${variables} = (ort.InferenceSession(f"{name}.onnx") for name in ${names})`,
    'run = lambda net, given: dict(zip([o.name for o in net.get_outputs()], net.run(None, {i.name: given[i.name] for i in net.get_inputs()})))',
    ...(cell ? [`cell = np.float32([2 / H, 2 / W])${clip}`] : []),
    `given = {${[...told, ...(cell && !perQuery ? [`"${cell.name}": cell[None]`] : [])].join(', ')}}`,
    'given |= run(encoder, given)',
    'at = lambda y, x: np.stack([(2 * y + 1) / H - 1, (2 * x + 1) / W - 1], -1).reshape(1, -1, 2).astype(np.float32)',
    `ask = lambda net, c: run(net, given | {${asked}})`,
    ...(hasKeys
      ? [
          '# what best matches are chosen from: 2304 positions, spread by the R2 sequence, as archc evaluates (scope lattice)',
          'i, p = np.arange(min(2304, H * W)), 1.324717957244746',
          'given |= ask(keys, at(np.floor((0.5 + i / p**2) % 1 * H), np.floor((0.5 + i / p) % 1 * W)))',
        ]
      : []),
    'rows = [at(*np.mgrid[top : min(top + 16, H), 0:W]) for top in range(0, H, 16)]',
    `y = np.concatenate([ask(decoder, c)["${model.outputs[0]!.name}"] for c in rows], 1).reshape(H, W, -1)`,
    end(model),
  ]
}
