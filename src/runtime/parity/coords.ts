import * as tf from '@tensorflow/tfjs'
import { onTfjs } from '../../compiler/targets/layers/backend.ts'
import { cellOf, ensembleCorners, shifted } from '../../compiler/ops/implicit.ts'
import type { Tensor } from '../files/safetensors.ts'
import { pixelCentre } from '../network/coordinates.ts'
import { permuted } from '../weights/permute.ts'
import type { ParityCase } from './case.ts'
import type { Checks } from './check.ts'
import { at, isRecord, numberOf, numbersOf } from './json.ts'
import { asTf, fromTf, reshaped, scoped } from './values.ts'

/** Coordinates, cells, corners and their weights, ties on the borders of cells. */
export function checkCoordinates(data: ParityCase, checks: Checks): void {
  for (const [name, { shape }] of data.infos) {
    if (!name.startsWith('make_coord.')) continue
    const count = Number(name.slice('make_coord.'.length))
    checks.part([name], () => checks.tensor(name, floats(shape, centres(count))))
  }
  for (const [set, values] of Object.entries(data.values)) if (isRecord(values)) checkGrid(data, checks, set)
  checkTies(data, checks)
}

const floats = (shape: readonly number[], values: ArrayLike<number>): Tensor => ({
  shape,
  dtype: 'F32',
  data: Float32Array.from(values),
})
const centres = (count: number): number[] => Array.from({ length: count }, (_, index) => pixelCentre(index, count))

/** One enlargement: `lr` and `hr` sizes and the scale `m`; every tensor of its prefix. */
function checkGrid(data: ParityCase, checks: Checks, set: string): void {
  const values = at(data.values, set)
  const [lr, hr, m] = [numbersOf(values, 'lr'), numbersOf(values, 'hr'), numberOf(values, 'm')]
  if (!lr || !hr || m === undefined) return
  const [height, width] = hr as [number, number]
  const cell = hr.map((size) => 2 / size)
  const factor = Math.max(m / 4, 1)
  const numbers = (name: string, actual: readonly number[], expected: readonly number[] | undefined): void => {
    if (expected) checks.numbers(`${set}.${name}`, actual, expected, 1e-12)
  }
  numbers('cell', cell, numbersOf(values, 'cell'))
  const factorGiven = numberOf(values, 'clip_factor')
  if (factorGiven !== undefined) numbers('clip_factor', [factor], [factorGiven])
  const grid = Array.from({ length: height * width }, (_, index) => [
    pixelCentre(Math.floor(index / width), height),
    pixelCentre(index % width, width),
  ])
  const coord = floats([height * width, 2], grid.flat())
  const tell = (name: string, run: () => Tensor, mask?: Tensor): void => {
    if (data.infos.get(`${set}.${name}`)?.input === false)
      checks.part([`${set}.${name}`], () => checks.tensor(`${set}.${name}`, run(), mask))
  }
  tell('coord', () => coord)
  scoped(() => {
    const cells = floats([height * width, 2], grid.flatMap(() => cell)) // prettier-ignore
    const [index, offset, relative, weight] = corners(coord, cells, lr).map(fromTf) as [Tensor, Tensor, Tensor, Tensor]
    const relativeCell = [...relative.data.slice(0, 2)]
    for (const [name, scale] of [
      ['rel_cell', 1],
      ['rel_cell_clipped', factor],
    ] as const) {
      const expected = numbersOf(values, name)
      if (expected) checks.numbers(`${set}.${name}`, relativeCell.map((size) => size * scale), expected, 1e-6) // prettier-ignore
    }
    const area = tf.add(tf.abs(tf.prod(asTf(offset), 3)), 1e-9)
    const defined = Uint8Array.from(tf.sum(area, 2).dataSync(), (sum) => (sum > 1e-4 ? 1 : 0))
    const mask = data.tensors.get(`${set}.mask`)
    tell('corner_coord', () => cornerCoordinates(coord, lr))
    tell('index', () => cornersFirst(index))
    tell('rel', () => cornersFirst(offset))
    tell('area', () => cornersFirst(fromTf(area)))
    tell('weight', () => cornersFirst(weight), mask && repeated(mask, 4))
    tell('mask', () => ({ shape: [height * width], dtype: 'U8', data: defined }))
  })
}

/** The primitive `corners` for queries of one picture. */
function corners(coord: Tensor, cell: Tensor, lr: readonly number[]): tf.Tensor[] {
  const call = {
    attributes: { count: 4 },
    sizes: { picture: lr, map: lr },
    training: false,
    draw: (): never => {
      throw new Error('nothing is random here')
    },
  }
  return onTfjs(tf, (on) => ensembleCorners.compute(on, [asTf(coord).expandDims(0), asTf(cell).expandDims(0)], [], call))
}

/** [1, N, 4, ..] to [4, N, ..]. */
const cornersFirst = (tensor: Tensor): Tensor => {
  const first = permuted(tensor, [2, 0, 1, ...tensor.shape.slice(3).map((_, axis) => axis + 3)])
  return reshaped(first, [first.shape[0]!, ...first.shape.slice(2)])
}

/** The four moved queries of each, in the order of the corners. */
function cornerCoordinates(coord: Tensor, lr: readonly number[]): Tensor {
  const [y, x] = tf.unstack(asTf(coord), 1) as [tf.Tensor, tf.Tensor]
  const sides = [-1, 1]
  const moved = (query: tf.Tensor, side: number, length: number): tf.Tensor =>
    onTfjs(tf, (on) => shifted(on, query, side, length))
  return fromTf(
    tf.stack(sides.flatMap((down) => sides.map((right) => tf.stack([moved(y, down, lr[0]!), moved(x, right, lr[1]!)], 1)))),
  )
}

const repeated = (mask: Tensor, times: number): Tensor => ({
  shape: [times, ...mask.shape],
  dtype: 'U8',
  data: Uint8Array.from({ length: times * mask.data.length }, (_, index) => mask.data[index % mask.data.length]!),
})

/** Which cell a query on a border falls into, as it is and after the models' shift of 1e-6. */
function checkTies(data: ParityCase, checks: Checks): void {
  const x = data.tensors.get('ties.x')
  if (!x) return
  const cells = x.shape[0]! - 1
  const find = (query: tf.Tensor): Tensor => {
    const index = fromTf(onTfjs(tf, (on) => cellOf(on, shifted(on, query, 0, cells), cells)))
    return { shape: index.shape, dtype: 'I32', data: Int32Array.from(index.data) }
  }
  const tell = (name: string, run: () => Tensor): void => {
    if (data.infos.has(name)) checks.part([name], () => checks.tensor(name, scoped(run)))
  }
  tell('ties.index', () => find(asTf(x)))
  tell('ties.index_shifted', () => find(tf.add(asTf(x), Math.fround(1e-6))))
}
