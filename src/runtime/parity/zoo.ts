import { readMap } from '../weights/map.ts'
import type { CompiledModel } from '../../compiler/plan.ts'
import type { ParityCase } from './case.ts'
import { CannotRun, type Checks } from './check.ts'
import { at, numberOf, numbersOf } from './json.ts'
import { checkCotangent, pictureOutput, pictures } from './picture-network.ts'
import { list, shapeOf, stagesOf, swinirParameters, turns } from './shapes.ts'
import { checkParameters, configured, createSubject } from './subject.ts'

/** Networks of models/zoo: from one picture to another. */

/** ESRGAN's generator. */
export function checkRrdbnet(data: ParityCase, checks: Checks): void {
  const { weights } = data
  const blocks = turns(weights, 'RRDB_trunk.', '.RDB1.conv1.weight').length
  const width = shapeOf(weights, 'conv_first.weight')[0]!
  if (turns(weights, 'upconv', '.weight').length !== 2) throw new CannotRun('RRDBNet of archc enlarges by 4')
  const sets = [
    `generator.width=${width}`,
    `generator.blocks=${blocks}`,
    `generator.growth=${shapeOf(weights, 'RRDB_trunk.0.RDB1.conv1.weight')[0]!}`,
  ]
  check(data, checks, configured('RRDBNet', { file: 'zoo/rrdbnet.arch', sets }), 'rrdbnet')
}

/** SwinIR with its pixel-shuffle tail. */
export function checkSwinirClassical(data: ParityCase, checks: Checks): void {
  const { weights, hyper } = data
  requirePixelShuffle(data)
  const { out, ...parameters } = swinirParameters(weights, '', hyper)
  const encoder = Object.entries(parameters).map(([name, value]) => `encoder.${name}=${value}`)
  const sets = [`width=${out}`, `stages=${list(stagesOf(weights, 'upsample.'))}`, ...encoder]
  check(data, checks, configured('SwinIRClassical', { file: 'zoo/swinir.arch', sets }), 'swinir-classical')
}

export function checkHat(data: ParityCase, checks: Checks): void {
  const { weights, hyper } = data
  requirePixelShuffle(data)
  if ((numberOf(hyper, 'conv_scale') ?? 0.01) !== 0.01) throw new CannotRun('the convolutions of HAT here count a hundredth')
  const block = 'layers.0.residual_group.blocks.0.'
  const depths = turns(weights, 'layers.', '.conv.weight').map(
    (layer) => turns(weights, `layers.${layer}.residual_group.blocks.`, '.norm1.weight').length,
  )
  const [table, heads] = shapeOf(weights, `${block}attn.relative_position_bias_table`) as [number, number]
  const [larger] = shapeOf(weights, 'layers.0.residual_group.overlap_attn.relative_position_bias_table') as [number]
  const window = (Math.sqrt(table) + 1) / 2
  const embed = shapeOf(weights, 'conv_first.weight')[0]!
  const sets = [
    `width=${shapeOf(weights, 'conv_before_upsample.0.weight')[0]!}`,
    `embed=${embed}`,
    `depths=${list(depths)}`,
    `heads=${heads}`,
    `window=${window}`,
    `overlap=${(Math.sqrt(larger) + 1 - 2 * window) / window}`,
    `compress=${Math.floor(embed / shapeOf(weights, `${block}conv_block.cab.0.weight`)[0]!)}`,
    `squeeze=${Math.floor(embed / shapeOf(weights, `${block}conv_block.cab.3.attention.1.weight`)[0]!)}`,
    `ratio=${shapeOf(weights, `${block}mlp.fc1.weight`)[0]! / embed}`,
    `stages=${list(stagesOf(weights, 'upsample.'))}`,
  ]
  check(data, checks, configured('HAT', { file: 'zoo/hat.arch', sets }), 'hat')
}

/** @throws CannotRun for another tail, another range of values or another mean than the texts have. */
function requirePixelShuffle({ hyper }: ParityCase): void {
  const upsampler = at(hyper, 'upsampler')
  if (upsampler !== undefined && upsampler !== 'pixelshuffle') throw new CannotRun(`the tail ${String(upsampler)} is not written`)
  if ((numberOf(hyper, 'img_range') ?? 1) !== 1) throw new CannotRun('values are from 0 to 1 here')
  const mean = numbersOf(hyper, 'mean')
  if (mean && mean.join() !== '0.4488,0.4371,0.404') throw new CannotRun('the mean is that of DIV2K here')
}

/** Count, outputs of every picture, and gradients where the case has them. */
function check(data: ParityCase, checks: Checks, { graph }: CompiledModel, map: string): void {
  const subject = createSubject(data, checks, readMap(map), [graph])
  try {
    checks.part(['parameters'], () => checkParameters(data, checks, graph))
    for (const [set, picture] of pictures(data)) {
      for (const output of ['out', 'output'].map((each) => set + each))
        if (data.infos.get(output)?.input === false)
          checks.part([output], () => checks.tensor(output, pictureOutput(subject, graph, { lr: picture })))
      checkCotangent(data, checks, subject, graph, set, { lr: picture })
    }
  } finally {
    subject.dispose()
  }
}
