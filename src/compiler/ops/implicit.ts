import type { Backend, Tensor } from './backend.ts'
import { constant, format, type Size } from '../shapes/size.ts'
import { arithmeticNamed } from './arithmetic.ts'
import { rearrangement } from './convolution.ts'
import { reductionNamed } from './reduce.ts'
import type { Plain } from '../ir/graph.ts'
import { elementFacts, f32, i32, type AxisCells, type Op, type OpCall, type Primitive, type TensorValue } from './op.ts'
import { aligned, byIndex } from './positions.ts'
import { firstRows, gatherRows, untaped } from './formula-tools.ts'

/** Keeps a shifted query off the border of a cell; LIIF's `eps_shift`. */
const tieBreak = 1e-6

const column = (x: Tensor, at: 0 | 1): Tensor => x.slice([0, 0, at], [-1, -1, 1]).squeeze([2])

/** A coordinate in lr's frame of `length` cells, in the frame of a map that is lr extended to `extended` cells. */
export const framed = (tf: Backend, query: Tensor, length: number, extended: number): Tensor =>
  length === extended ? query : tf.sub(tf.mul(tf.add(query, 1), length / extended), 1)

/** The query moved by `shift` half cells (-1 or 1; 0 is the query itself), kept inside of the picture. */
export const shifted = (tf: Backend, query: Tensor, shift: number, extended: number): Tensor =>
  tf.clipByValue(shift === 0 ? query : tf.add(query, Math.fround(shift / extended + tieBreak)), -1 + tieBreak, 1 - tieBreak)

/** The cell out of `extended` that holds a coordinate; on a border of two the one with the even number. */
export const cellOf = (tf: Backend, coordinate: Tensor, extended: number): Tensor =>
  tf.clipByValue(tf.round(tf.div(tf.sub(tf.mul(tf.add(coordinate, 1), extended), 1), 2)), 0, extended - 1)

/** One axis of the picture, of `length` cells and a map of `extended`, for both sides of a query. */
function axisCorners(
  tf: Backend,
  coordinate: Tensor,
  length: number,
  extended: number,
  { count }: { readonly count?: Plain },
): AxisCells {
  const query = framed(tf, coordinate, length, extended)
  const shifts = count === 4 ? [-1, 1] : [0]
  const sides = shifts.map((shift) => {
    const row = cellOf(tf, shifted(tf, query, shift, extended), extended)
    // pixel centres as make_coord makes them: -1 + 1/n + (2/n) i
    const centre = tf.add(tf.mul(row, Math.fround(2 / extended)), Math.fround(-1 + 1 / extended))
    return { row, offset: tf.mul(tf.sub(query, centre), extended) }
  })
  if (sides.length === 1) return { sides, weights: [tf.onesLike(query)] }
  // Diagonally opposite areas factorise: each side is weighted by the other's distance; both at distance 0 share.
  const [first, second] = sides.map((side) => tf.abs(side.offset)) as [Tensor, Tensor]
  const total = tf.add(first, second)
  const share = tf.where(tf.greater(total, 0), tf.div(second, tf.maximum(total, 1e-30)), tf.mul(tf.onesLike(total), 0.5))
  return { sides, weights: [share, tf.sub(1, share)] }
}

/**
 * Local ensemble (Chen et al. 2021, section 3; Qu, Duan et al. 2023, equations 5 and 6): for each query the surrounding cells of f.
 * Coordinates and cells are in lr's frame; f may be lr extended at the bottom and right.
 */
export const ensembleCorners: Primitive = {
  ...elementFacts,
  name: 'corners',
  constant: true,
  axisCells: axisCorners,
  // Coordinates and cells stand along axis 1; what is found for them too, with axes behind it.
  reach: (call, inputs) => {
    const { axes, ...seen } = aligned(inputs, 3)
    return call.results.map(({ shape }) => ({ ...seen, axes: shape.map((_, at) => (at === 1 ? axes[1]! : [])) }))
  },
  results({ inputs, attributes }) {
    const [batch, queries] = inputs[0]!.shape
    const count = constant(attributes['count'] as number)
    return [
      i32([batch!, queries!, count]),
      f32([batch!, queries!, count, constant(2)]),
      f32([batch!, queries!, count, constant(2)]),
      f32([batch!, queries!, count]),
    ]
  },
  compute(tf, inputs, _weights, { attributes, sizes }) {
    const [coord, cell] = inputs.map((input) => untaped(tf, () => tf.clone(input)))
    const [height, width] = sizes['picture'] as [number, number]
    const [extendedHeight, extendedWidth] = sizes['map'] as [number, number]
    return tf.tidy(() => {
      const y = axisCorners(tf, column(coord!, 0), height, extendedHeight, attributes)
      const x = axisCorners(tf, column(coord!, 1), width, extendedWidth, attributes)
      const pairs = y.sides.flatMap((_, row) => x.sides.map((_side, at) => [row, at] as const))
      const index = pairs.map(([row, at]) => tf.add(tf.mul(y.sides[row]!.row, extendedWidth), x.sides[at]!.row))
      const offset = pairs.map(([row, at]) => tf.stack([y.sides[row]!.offset, x.sides[at]!.offset], 2))
      const weight = pairs.map(([row, at]) => tf.mul(y.weights[row]!, x.weights[at]!))
      const scaled = tf.mul(cell!, tf.tensor([height, width]))
      return [
        tf.cast(tf.stack(index, 2), 'int32'),
        tf.stack(offset, 2),
        tf.stack(pairs.map(() => scaled), 2),
        tf.stack(weight, 2),
      ] // prettier-ignore
    })
  },
}

function cornersOp(name: string, count: number, summary: string): Op {
  return {
    name,
    summary,
    takes: ['coord: [B, q, 2]', 'cell: [B, q, 2]', 'lr: [B, h, w, c]', 'f: [B, H, W, d]'],
    gives: `(index: i32[B, q, ${count}], offset: [B, q, ${count}, 2], cell: [B, q, ${count}, 2], weight: [B, q, ${count}])`,
    attributes: {},
    build(call) {
      const coord = call.requireRank(0, 3, '[B, q, 2]')
      const cell = call.requireRank(1, 3, '[B, q, 2]')
      const lr = call.requireRank(2, 4, '[B, h, w, c]')
      const f = call.requireRank(3, 4, '[B, H, W, d]')
      for (const [at, value] of [
        [0, coord],
        [1, cell],
      ] as const) {
        call.requireFloat(at)
        call.requireEqual(
          value.shape[2]!,
          constant(2),
          () => `${name} takes (row, column) pairs; this has ${format(value.shape[2]!)}`,
          call.inputSpans[at],
        )
      }
      for (const [at, value] of [
        [1, cell],
        [2, lr],
        [3, f],
      ] as const)
        call.requireEqual(
          value.shape[0]!,
          coord.shape[0]!,
          () => `coord has ${format(coord.shape[0]!)} samples and ${['', 'cell', 'lr', 'f'][at]} has ${format(value.shape[0]!)}`,
          call.inputSpans[at],
        )
      call.requireEqual(
        coord.shape[1]!,
        cell.shape[1]!,
        () => `coord has ${format(coord.shape[1]!)} queries and cell has ${format(cell.shape[1]!)}`,
        call.inputSpans[1],
      )
      const [index, offset, scaled, weight] = call.emit(ensembleCorners, [coord, cell], {
        attributes: { count },
        sizes: { picture: [lr.shape[1]!, lr.shape[2]!], map: [f.shape[1]!, f.shape[2]!] },
      })
      return { index: index!, offset: offset!, cell: scaled!, weight: weight! }
    },
    example: {
      inputs: { x: [1, 4, 5, 2] },
      code: `${name}(range(1) * rearrange(mean(x, axis: [1, 2]), "B n -> B 1 n"), rearrange(mean(x, axis: [1, 2]), "B n -> B 1 n"), x, x)`,
    },
  }
}

export const corners = cornersOp(
  'corners',
  4,
  'The four positions of f around each query: their rows in f, the offset of the query from each, its cell, and mixing weights. From one position to the next it is 2: an offset of 1 is half a position, and the cell of a query at x4 is 0.5.',
)
export const nearest = cornersOp(
  'nearest',
  1,
  'The position of f nearest to each query: `corners` with an axis of 1, offsets between -1 and 1.',
)

/** Rows of a map by flat position: row * width + column. */
export const taking: Primitive = {
  ...elementFacts,
  name: 'take',
  algebra: 'rows of a map',
  reach: byIndex,
  results: ({ inputs }) => [f32([...inputs[1]!.shape, inputs[0]!.shape[3]!])],
  compute(tf, [x, index]) {
    const [batch, height, width, channels] = x!.shape as [number, number, number, number]
    const flat = x!.reshape([batch * height * width, channels])
    if (batch === 1) return [gatherRows(tf, flat, index!)]
    const start = firstRows(tf, batch, height * width, index!.shape.length)
    return [gatherRows(tf, flat, tf.add(index!, start))]
  },
}

const requireIndex = (call: OpCall, at: number): TensorValue => {
  const index = call.inputs[at]!
  if (index.dtype !== 'i32')
    call.fail(
      'dtype-mismatch',
      { callee: call.callee, takes: 'an i32 index', name: 'the index', given: 'f32' },
      call.inputSpans[at],
    )
  return index
}

export const take: Op = {
  name: 'take',
  summary: 'The vectors of a map at positions that `corners` or `nearest` gave.',
  takes: ['x: [B, H, W, c]', 'index: i32[B, ..]'],
  gives: '[B, .., c]',
  attributes: {},
  build(call) {
    const x = call.requireRank(0, 4, '[B, H, W, c]')
    call.requireFloat(0)
    const index = requireIndex(call, 1)
    call.requireEqual(
      x.shape[0]!,
      index.shape[0]!,
      () => `the map has ${format(x.shape[0]!)} samples and the index ${format(index.shape[0]!)}`,
      call.inputSpans[1],
    )
    return call.emit(taking, [x, index])[0]!
  },
  example: { inputs: { x: [1, 4, 5, 2] }, code: 'take(x, rearrange(range(6), "q -> 1 q"))' },
}

/** For index [B, q, ..] into axis 1 of x [B, k, .., d]: y[b, i, .., :] = x[b, index[b, i, ..], .., :]. */
export const takingAlong: Primitive = {
  ...elementFacts,
  name: 'take_along',
  algebra: 'rows along axis 1',
  scoped: 0,
  reach: byIndex,
  results: ({ inputs }) => [f32([...inputs[1]!.shape, inputs[0]!.shape.at(-1)!])],
  compute(tf, [x, index]) {
    const width = x!.shape.at(-1)!
    const [batch, rows] = x!.shape as [number, number]
    const inner = x!.shape.slice(2, -1).reduce((product, size) => product * size, 1)
    const flatIndex = index!.reshape([batch, index!.shape[1]!, inner])
    const start = firstRows(tf, batch, rows * inner, 3)
    const lane = tf.range(0, inner, 1, 'int32').reshape([1, 1, inner])
    const position = tf.add(tf.add(tf.mul(flatIndex, tf.scalar(inner, 'int32')), start), lane)
    return [gatherRows(tf, x!.reshape([batch * rows * inner, width]), position).reshape([...index!.shape, width])]
  },
}

export const take_along: Op = {
  name: 'take_along',
  summary: 'Along one axis, the vector that the index names, for each position of the others.',
  takes: ['x: [B, k, .., d]', 'index: i32[B, q, ..]'],
  gives: '[B, q, .., d]',
  attributes: { axis: { type: 'int', standard: 1, least: 1, about: 'the axis that the index counts; 1' } },
  build(call) {
    const x = call.requireFloat(0)
    const index = requireIndex(call, 1)
    if (call.int('axis') !== 1)
      call.fail('attribute-value', { name: 'axis', accepted: '1', given: String(call.int('axis')) }, call.spanOf('axis'))
    if (x.shape.length < 3 || index.shape.length !== x.shape.length - 1)
      call.fail(
        'rank-mismatch',
        { callee: 'take_along', takes: 'x [B, k, .., d] and index [B, q, ..]', name: 'the index', given: shown(index.shape) },
        call.inputSpans[1],
      )
    index.shape.forEach((size, at) => {
      if (at !== 1)
        call.requireEqual(
          size,
          x.shape[at]!,
          () => `axis ${at} of the index is ${format(size)}, of x ${format(x.shape[at]!)}`,
          call.inputSpans[1],
        )
    })
    return call.emit(takingAlong, [x, index])[0]!
  },
  example: { inputs: { x: [1, 4, 3] }, code: 'take_along(x, rearrange(range(4) % 3, "q -> 1 q"), axis: 1)' },
}

const shown = (shape: readonly Size[]): string => `[${shape.map(format).join(', ')}]`

export const ensemble: Op = {
  name: 'ensemble',
  summary: 'Mixes the corners by their weights.',
  takes: ['x: [B, q, t, c]', 'weight: [B, q, t]'],
  gives: '[B, q, c]',
  attributes: {},
  build(call) {
    const x = call.requireRank(0, 4, '[B, q, t, c]')
    const weight = call.requireRank(1, 3, '[B, q, t]')
    call.requireFloat(0)
    call.requireFloat(1)
    weight.shape.forEach((size, at) =>
      call.requireEqual(
        size,
        x.shape[at]!,
        () => `axis ${at} of the weights is ${format(size)}, of x ${format(x.shape[at]!)}`,
        call.inputSpans[1],
      ),
    )
    const shape = [...weight.shape, constant(1)]
    const spread = call.emit(rearrangement, [weight], {
      attributes: { permute: [0, 1, 2, 3] },
      sizes: { split: shape, merge: shape },
    })[0]!
    const weighted = call.emit(arithmeticNamed('multiply'), [x, spread])[0]!
    return call.emit(reductionNamed('sum'), [weighted], { attributes: { axes: [2], keep: false } })[0]!
  },
  example: { inputs: { x: [1, 3, 4, 2] }, code: 'ensemble(x, mean(x, axis: 3))' },
}
