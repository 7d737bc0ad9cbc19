import { rangeOf } from '../../compiler/per-item.ts'
import { isPerQuery, scaleLimits, type CompiledModel, type ModelInput, type TrainPlan } from '../../compiler/plan.ts'
import { evaluate, type Size } from '../../compiler/shapes/size.ts'
import { UserError } from '../../errors.ts'
import type { HostTensor } from '../compute/messages.ts'
import { strengthOf } from '../data/compression.ts'
import { compressionOf, degrade } from '../data/degrade.ts'
import { continued, crop, type Picture } from '../data/picture.ts'
import type { Random } from '../files/random.ts'
import { normalised } from '../network/normalised.ts'
import { pictureValues } from '../network/per-picture.ts'
import { pixelCentre } from '../network/coordinates.ts'
import { pictureInput } from '../predict/roles.ts'
import { cutPair, movedFrame, type ReadyMade } from './ready-made.ts'
import { drawOperations, drawValue, type ItemValues } from '../network/per-item.ts'

/** One training item: every graph input by name, flat, without the batch axis. */
export type Item = Readonly<Record<string, Float32Array>>

/** What an item needs of its picture, drawn before the picture is looked at. */
export interface ItemPlan {
  readonly m: number
  readonly random: Random
  readonly values: ItemValues
}

const lengths = (input: ModelInput, sizes: Readonly<Record<string, number>>): number[] =>
  input.shape.map((size: Size) => evaluate(size, sizes))

/** What no picture can put right: transposing what is not square would exchange the sizes of items that are stacked. */
export function checkPlan(plan: TrainPlan, model: CompiledModel): void {
  const source = pictureInput(model)
  const [, height, width] = lengths(source, plan.sizes) as [number, number, number]
  const turning = plan.augment.find(({ op }) => op === 'transpose' || op === 'rotate')
  if (height !== width && turning)
    throw new UserError(
      `train.augment ${turning.op}s, which needs squares; items are ${height} x ${width}`,
      `make both sizes equal, or leave ${turning.op} out: --set "train.augment=[flip_x, flip_y]"`,
    )
}

/** The scale of an item, drawn or that of a ready-made pair; one outside of the model's range stops the run. */
export function planItem(model: CompiledModel, plan: TrainPlan, random: Random, values: ItemValues, pair?: number): ItemPlan {
  const m = pair ?? drawValue(plan.m, random, values)
  const [from, to] = scaleLimits(model.scale)
  if (!(m >= from && m <= to))
    throw new UserError(
      `train.m drew ${m}, outside of the model's scale ${from} .. ${to}`,
      'change train.m, for example with --set train.m=..',
    )
  return { m, random, values: { ...values, m } }
}

/**
 * Makes one item from a picture (docs/language.md, train and evaluate; `SRImplicitDownsampled` of LIIF's code): a random crop of the
 * high-resolution picture, degraded to the low-resolution size, both augmented alike; for `samples`, q pixels without replacement
 * with their coordinates and cell. With a `ready` low-resolution picture nothing is degraded: both are cut where they show the same.
 */
export function makeItem(
  model: CompiledModel,
  plan: TrainPlan,
  picture: Picture,
  { m, random, values }: ItemPlan,
  ready?: ReadyMade,
): Item {
  const source = pictureInput(model)
  const [, height, width] = lengths(source, plan.sizes) as [number, number, number]
  const enlarged = source.role === 'enlarged'
  const low = enlarged ? [Math.max(1, Math.floor(height / m)), Math.max(1, Math.floor(width / m))] : [height, width]
  const high = enlarged ? [height, width] : [Math.round(height * m), Math.round(width * m)]
  const output = model.outputs.find((candidate) => candidate.role === 'samples' || candidate.role === 'image')!
  const pair = ready && cutPair(picture, ready.picture, m, { width: low[1]!, height: low[0]! }, output.role === 'samples', random)
  const cut = pair?.high ?? cutOut(picture, { width: high[1]!, height: high[0]! }, random)
  const degradation = pair ? [] : drawOperations(plan.degrade, random, values)
  const enlargement = enlarged ? drawOperations(source.by ?? [], random, values) : []
  const augmentation = drawOperations(plan.augment, random, values)
  // A slide is stained before a scanner degrades it.
  const stains = augmentation.filter(({ op }) => op === 'stain')
  const moves = augmentation.filter(({ op }) => op !== 'stain')
  const stained = degrade(cut, stains, cut.width, cut.height)
  const small = pair ? degrade(pair.low, stains, low[1]!, low[0]!) : degrade(stained, degradation, low[1]!, low[0]!)
  if (small.width !== low[1] || small.height !== low[0])
    throw new UserError(
      `train.degrade gives pictures of ${small.height} x ${small.width}, and ${model.name} takes ${low[0]} x ${low[1]}`,
      'end it with resize(kernel: bicubic), or give pictures that are small already: --low FOLDER',
    )
  const shown = enlarged ? degrade(small, enlargement, width, height) : small
  const [input, target] = [shown, stained].map((each) => degrade(each, moves, each.width, each.height)) as [Picture, Picture]
  const frame = pair && movedFrame(pair.frame, moves, cut)
  const cells = frame ? ([frame.y.step, frame.x.step] as const) : ([2 / target.height, 2 / target.width] as const)
  const item: Record<string, Float32Array> = {
    [source.name]: normalised(input.data, source),
    ...pictureValues(model, {
      cell: cells,
      scale: m,
      compression: ready?.strength ?? strengthOf(compressionOf(degradation)),
    }),
  }
  if (output.role === 'image') return { ...item, target: normalised(target.data, output) }
  const queries = plan.sizes['q']!
  if (queries > target.width * target.height)
    throw new UserError(
      `train.q asks for ${queries} different pixels, and at m = ${m.toPrecision(3)} an item is ${target.height} x ${target.width}, which has ${target.width * target.height}`,
      'make train.q smaller, or the items larger',
    )
  const chosen = random.sample(target.width * target.height, queries)
  const coordinates = model.inputs.find((candidate) => candidate.role === 'coordinates')!
  const cell = model.inputs.find((candidate) => candidate.role === 'cell' && isPerQuery(candidate))
  item[coordinates.name] = new Float32Array(queries * 2)
  const chosenColours = new Uint8Array(queries * 3)
  const centre = (axis: 'y' | 'x', index: number, count: number): number =>
    frame ? frame[axis].start + frame[axis].step * index : pixelCentre(index, count)
  chosen.forEach((position, at) => {
    item[coordinates.name]![2 * at] = centre('y', Math.floor(position / target.width), target.height)
    item[coordinates.name]![2 * at + 1] = centre('x', position % target.width, target.width)
    for (let channel = 0; channel < 3; channel += 1) chosenColours[3 * at + channel] = target.data[3 * position + channel]!
  })
  if (cell) item[cell.name] = new Float32Array(queries * 2).map((_, at) => cells[at % 2]!)
  return { ...item, target: normalised(chosenColours, output) }
}

/** What the largest item takes of a high-resolution picture, in pixels. */
export function itemSize(model: CompiledModel, plan: TrainPlan): Pick<Picture, 'width' | 'height'> {
  const source = pictureInput(model)
  const [, height, width] = lengths(source, plan.sizes) as [number, number, number]
  if (source.role === 'enlarged') return { width, height }
  const [, most] = rangeOf(plan.m, { epoch: [0, plan.epochs], epochs: [plan.epochs, plan.epochs] }) ?? scaleLimits(model.scale)
  return { width: Math.round(width * most), height: Math.round(height * most) }
}

/** A random part of a picture. */
function cutOut(picture: Picture, { width, height }: Pick<Picture, 'width' | 'height'>, random: Random): Picture {
  const large = atLeast(picture, width, height)
  return crop(large, random.int(large.width - width + 1), random.int(large.height - height + 1), width, height)
}

/** What of sizes does not fit a ready-made pair; undefined where all do. */
export function pairProblem(
  model: CompiledModel,
  plan: TrainPlan,
  m: number,
  low: Pick<Picture, 'width' | 'height'>,
): string | undefined {
  const source = pictureInput(model)
  const [, rows, columns] = lengths(source, plan.sizes) as [number, number, number]
  const [height, width] = source.role === 'enlarged' ? [rows / m, columns / m] : [rows, columns]
  if (!Number.isInteger(height) || !Number.isInteger(width)) return `items of ${columns} x ${rows} do not divide by ${m}`
  return low.width < width || low.height < height ? `items take ${width} x ${height} of the small one` : undefined
}

/** A picture that is large enough: a smaller one is continued by mirroring. */
const atLeast = (picture: Picture, width: number, height: number): Picture =>
  picture.width >= width && picture.height >= height
    ? picture
    : continued(picture, 0, 0, Math.max(picture.width, width), Math.max(picture.height, height))

/** Items side by side, as the graph's inputs. */
export function stackItems(model: CompiledModel, plan: TrainPlan, items: readonly Item[]): Record<string, HostTensor> {
  const shapes = new Map<string, readonly Size[]>(model.inputs.map((input) => [input.name, input.shape]))
  const output = model.outputs.find((candidate) => candidate.role === 'samples' || candidate.role === 'image')!
  shapes.set('target', output.shape)
  const sizes = { ...plan.sizes, B: items.length }
  return Object.fromEntries(
    [...shapes].map(([name, shape]) => {
      const lengthsHere = shape.map((size) => evaluate(size, sizes))
      const all = new Float32Array(lengthsHere.reduce((product, size) => product * size, 1))
      items.forEach((item, at) => all.set(item[name]!, at * item[name]!.length))
      return [name, { shape: lengthsHere, data: all }]
    }),
  )
}
