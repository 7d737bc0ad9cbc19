import type { Tensor } from '../files/safetensors.ts'
import { CannotRun } from './check.ts'
import { at, numberOf, recordOf, textOf, type JsonRecord } from './json.ts'

/**
 * What a network's parameters are, read off the shapes of its weights; what shapes do not say comes from the case's
 * hyper-parameters.
 */

export type Weights = ReadonlyMap<string, Tensor>

/** The shape of a weight; a case without it is another network than it says. */
export function shapeOf(weights: Weights, name: string): readonly number[] {
  const tensor = weights.get(name)
  if (!tensor) throw new CannotRun(`the case has no weight ${name}`)
  return tensor.shape
}

/** The numbers k for which a weight `before`k`after` exists, ascending. */
export const turns = (weights: Weights, before: string, after: string): number[] =>
  [...weights.keys()]
    .filter((name) => name.startsWith(before) && name.endsWith(after))
    .map((name) => name.slice(before.length, name.length - after.length))
    .filter((middle) => /^\d+$/.test(middle))
    .map(Number)
    .sort((a, b) => a - b)

export const list = (numbers: readonly number[]): string => `[${numbers.join(', ')}]`

/** Parameters of the module SwinIR. */
export function swinirParameters(weights: Weights, prefix: string, hyper: JsonRecord): Record<string, string> {
  const block = 'residual_group.blocks.'
  const stages = turns(weights, `${prefix}layers.`, '.conv.weight')
  const depths = stages.map((stage) => turns(weights, `${prefix}layers.${stage}.${block}`, '.attn.qkv.weight').length)
  const tables = stages.map((stage) => shapeOf(weights, `${prefix}layers.${stage}.${block}0.attn.relative_position_bias_table`))
  const [positions, heads] = tables[0] ?? []
  if (positions === undefined || heads === undefined) throw new CannotRun('the encoder has no stages')
  if (tables.some((table) => table[1] !== heads))
    throw new CannotRun('the stages have different numbers of heads; SwinIR of archc has one')
  if (at(hyper, 'ape') === true) throw new CannotRun('an absolute position embedding is not part of SwinIR here')
  if (!weights.has(`${prefix}patch_embed.norm.weight`))
    throw new CannotRun('SwinIR without its first normalisation is not written')
  const embed = shapeOf(weights, `${prefix}conv_first.weight`)[0]!
  return {
    out: String(shapeOf(weights, `${prefix}conv_before_upsample.0.weight`)[0]!),
    embed: String(embed),
    depths: list(depths),
    heads: String(heads),
    window: String((Math.sqrt(positions) + 1) / 2),
    ratio: String(shapeOf(weights, `${prefix}layers.0.${block}0.mlp.fc1.weight`)[0]! / embed),
    drop: String(numberOf(hyper, 'drop_path_rate') ?? 0),
  }
}

/** Parameters of the module EDSRBody. */
export function edsrParameters(weights: Weights, prefix: string, hyper: JsonRecord): Record<string, string> {
  const width = shapeOf(weights, `${prefix}head.0.weight`)[0]!
  const blocks = turns(weights, `${prefix}body.`, '.body.0.weight').length
  return {
    width: String(width),
    blocks: String(blocks),
    factor: String(numberOf(hyper, 'res_scale') ?? publishedFactor(width, blocks)),
  }
}

/** The residual factor where nothing states it: the paper's network has 0.1, the baseline 1. */
const publishedFactor = (width: number, blocks: number): number => (width === 256 && blocks === 32 ? 0.1 : 1)

/** The sub-pixel stages of the tail below a prefix; none for a body alone. */
export const stagesOf = (weights: Weights, prefix: string): number[] =>
  turns(weights, prefix, '.weight').map((turn) => {
    const [out, width] = shapeOf(weights, `${prefix}${turn}.weight`) as [number, number]
    return Math.sqrt(out / width)
  })

/** The widths of an MLP's hidden layers. */
export function hiddenWidths(weights: Weights, prefix: string): number[] {
  const layers = turns(weights, `${prefix}layers.`, '.weight')
  return layers.slice(0, -1).map((layer) => shapeOf(weights, `${prefix}layers.${layer}.weight`)[0]!)
}

/** An encoder below `encoder.`: edits and sets that put it into a model's slot, and its number of channels. */
export interface Encoder {
  readonly edits: readonly string[]
  readonly sets: readonly string[]
  readonly channels: number
}

export function encoderOf(weights: Weights, hyper: JsonRecord): Encoder {
  const own = recordOf(hyper, 'encoder')
  if (weights.has('encoder.conv_first.weight')) {
    const { out, ...parameters } = swinirParameters(weights, 'encoder.', own)
    return {
      edits: [],
      sets: Object.entries(parameters).map(([name, value]) => `encoder.${name}=${value}`),
      channels: Number(out),
    }
  }
  if (weights.has('encoder.head.0.weight')) {
    const parameters = edsrParameters(weights, 'encoder.', own)
    const written = Object.entries(parameters).map(([name, value]) => `${name}: ${value}`)
    const edits = ['import EDSRBody from "./edsr.arch"', `replace encoder with EDSRBody(${written.join(', ')})`]
    return { edits, sets: [], channels: Number(parameters['width']) }
  }
  throw new CannotRun(`the encoder ${textOf(own, 'type') ?? ''} is not written`.replace('  ', ' '))
}
