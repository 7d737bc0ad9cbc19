import type { Backend, Tensor } from './backend.ts'
import { add, asInteger, ceilDiv, compare, constant, format, mul, sub, type Size } from '../shapes/size.ts'
import { planEinsum, planRearrange, type PlanError } from '../shapes/pattern.ts'
import { rearrangement, windowed } from './convolution.ts'
import {
  elementFacts,
  f32,
  readAxis,
  typed,
  type Emission,
  type Op,
  type OpCall,
  type Primitive,
  type PrimitiveCall,
  type TensorValue,
} from './op.ts'
import { aligned, byWindows, moved, overAxes, standing, tellsSize, type Positions, type Window } from './positions.ts'
import { batchMatMul, reflectAxis, sliceAxis, zeroPad } from './formula-tools.ts'

const one = constant(1)

/** Turns a pattern's problem into a diagnostic with the caret inside the string. */
function patternProblem(call: OpCall, problem: PlanError): never {
  const { span } = call.pattern!
  const inside = { file: span.file, start: span.start + 1 + problem.start, end: span.start + 1 + problem.end }
  switch (problem.kind) {
    case 'shape-unknown':
      return call.fail(problem.kind, { claim: problem.claim, sizes: problem.names }, inside)
    case 'not-divisible':
      return call.fail(problem.kind, { size: format(problem.size), by: format(problem.by), where: ' in the pattern' }, inside)
    default:
      return call.fail(problem.kind, { problem: problem.message }, inside)
  }
}

export const rearrange: Op = {
  name: 'rearrange',
  summary: 'Changes the layout by an einops pattern: every axis is accounted for.',
  takes: ['x: [..]'],
  gives: 'as the right side of the pattern says',
  attributes: {},
  pattern: true,
  build(call) {
    const x = call.inputs[0]!
    const plan = planRearrange(call.pattern!.text, x.shape, call.given)
    if ('kind' in plan) patternProblem(call, plan)
    call.named(plan.axes)
    return call.emit(rearrangement, [x], {
      attributes: { permute: plan.permute },
      sizes: { split: plan.split, merge: plan.merge },
    })[0]!
  },
  example: { inputs: { x: [2, 6, 4] }, code: 'rearrange(x, "B (n d) c -> B d (c n)", n: 3)' },
}

/** Sum of products over named axes, as one batched matrix product. */
export const contraction: Primitive = {
  ...elementFacts,
  name: 'einsum',
  algebra: 'sums of products',
  reach: (call, inputs) => {
    const { attributes, sizes } = call
    const [batch, left, right] = ['batch', 'left', 'right'].map((axes) => sizes[axes]!.length) as [number, number, number]
    const sides = inputs.map((each, at): Positions | 'everywhere' | undefined => {
      const order = attributes[at === 0 ? 'leftOrder' : 'rightOrder'] as readonly number[]
      const free = batch + (at === 0 ? left : right)
      const joined =
        each && overAxes(() => order.slice(free))({ ...call, inputs: [call.inputs[at]!], results: [call.inputs[at]!] }, [each])
      return joined === 'everywhere'
        ? joined
        : joined && { ...joined[0]!, axes: order.slice(0, free).map((axis) => joined[0]!.axes[axis]!) }
    })
    if (sides.includes('everywhere')) return 'everywhere'
    const [a, b] = sides as (Positions | undefined)[]
    const none = (count: number): Positions['axes'] => Array.from({ length: count }, () => [])
    // As the product has them: what is batched, what is free on the left, what is free on the right.
    const spread = [
      a && { ...a, axes: [...a.axes, ...none(right)] },
      b && { ...b, axes: [...b.axes.slice(0, batch), ...none(left), ...b.axes.slice(batch)] },
    ]
    const product = aligned(spread, batch + left + right)
    return [{ ...product, axes: (attributes['outputOrder'] as readonly number[]).map((axis) => product.axes[axis]!) }]
  },
  results: ({ sizes }) => [f32(sizes['output']!)],
  multiplyAdds: ({ sizes }) => [...sizes['batch']!, ...sizes['left']!, ...sizes['right']!, ...sizes['inner']!].reduce(mul, one),
  compute(tf, [a, b], _weights, { attributes, sizes }) {
    const product = (list: readonly number[]): number => list.reduce((total, size) => total * size, 1)
    const { batch, left, right, inner } = sizes as Record<'batch' | 'left' | 'right' | 'inner', readonly number[]>
    const bring = (x: Tensor, order: readonly number[], summed: number, shape: number[]): Tensor => {
      const total =
        summed === 0
          ? x
          : tf.sum(
              x.transpose([...order]),
              Array.from({ length: summed }, (_, at) => order.length - 1 - at),
            )
      return (summed === 0 ? total.transpose([...order]) : total).reshape(shape)
    }
    const first = bring(a!, attributes['leftOrder'] as number[], attributes['leftSummed'] as number, [
      product(batch),
      product(left),
      product(inner),
    ])
    const second = bring(b!, attributes['rightOrder'] as number[], attributes['rightSummed'] as number, [
      product(batch),
      product(right),
      product(inner),
    ])
    const y = batchMatMul(tf, first, second, true).reshape([...batch, ...left, ...right])
    return [y.transpose([...(attributes['outputOrder'] as number[])])]
  },
}

export const einsum: Op = {
  name: 'einsum',
  summary: 'Sum of products over the axes that the right side of the pattern leaves out.',
  takes: ['a: [..]', 'b: [..]'],
  gives: 'as the right side of the pattern says',
  attributes: {},
  pattern: true,
  build(call) {
    const a = call.requireFloat(0)
    const b = call.requireFloat(1)
    const plan = planEinsum(call.pattern!.text, [a.shape, b.shape])
    if ('kind' in plan) patternProblem(call, plan)
    call.named(plan.sizes)
    const [leftAxes, rightAxes] = plan.operands
    const sizesOf = (names: readonly string[]): Size[] => names.map((name) => plan.sizes.get(name)!)
    const order = (axes: readonly string[], free: readonly string[], summed: readonly string[]): number[] =>
      [...plan.batch, ...free, ...plan.contracted, ...summed].map((name) => axes.indexOf(name))
    const made = [...plan.batch, ...plan.free[0]!, ...plan.free[1]!]
    return call.emit(contraction, [a, b], {
      attributes: {
        leftOrder: order(leftAxes!, plan.free[0]!, plan.summed[0]!),
        leftSummed: plan.summed[0]!.length,
        rightOrder: order(rightAxes!, plan.free[1]!, plan.summed[1]!),
        rightSummed: plan.summed[1]!.length,
        outputOrder: plan.output.map((name) => made.indexOf(name)),
      },
      sizes: {
        batch: sizesOf(plan.batch),
        left: sizesOf(plan.free[0]!),
        right: sizesOf(plan.free[1]!),
        inner: sizesOf(plan.contracted),
        output: sizesOf(plan.output),
      },
    })[0]!
  },
  example: { inputs: { x: [2, 3, 4] }, code: 'einsum(x, x, "B n d, B k d -> B n k")' },
}

export const joining: Primitive = {
  ...elementFacts,
  name: 'concat',
  algebra: 'joins along an axis',
  reach: overAxes(({ attributes }) => [attributes['axis'] as number]),
  results({ inputs, attributes }) {
    const axis = attributes['axis'] as number
    const total = inputs.map((input) => input.shape[axis]!).reduce(add)
    return [
      typed(
        inputs[0]!.shape.map((size, at) => (at === axis ? total : size)),
        inputs[0]!.dtype,
      ),
    ]
  },
  compute: (tf, inputs, _weights, { attributes }) => [tf.concat([...inputs], attributes['axis'] as number)],
}

export const concat: Op = {
  name: 'concat',
  summary: 'Joins tensors along an axis.',
  takes: ['..x: [..]'],
  gives: '[..]',
  attributes: { axis: { type: 'int', least: -8, about: 'the axis that grows; -1 is the last' } },
  build(call) {
    const [first, ...others] = call.inputs
    const axis = readAxis(call)
    others.forEach((other, index) => {
      const span = call.inputSpans[index + 1]
      if (other.shape.length !== first!.shape.length)
        call.fail(
          'rank-mismatch',
          { callee: 'concat', takes: `tensors of ${first!.shape.length} axes`, name: `tensor ${index + 2}`, given: shown(other) },
          span,
        )
      if (other.dtype !== first!.dtype)
        call.fail(
          'dtype-mismatch',
          { callee: 'concat', takes: 'one dtype', name: `tensor ${index + 2}`, given: other.dtype },
          span,
        )
      first!.shape.forEach((size, at) => {
        if (at === axis) return
        const theirs = other.shape[at]!
        if (compare(size, theirs) === 'different')
          call.fail('concat-axes', { axis, other: at, left: format(size), right: format(theirs) }, span)
        call.requireEqual(size, theirs, () => '', span)
      })
    })
    if (others.length === 0) return first!
    const joined = call.emit(joining, call.inputs, { attributes: { axis } })[0]!
    call.joined(joined, axis)
    return joined
  },
  example: { inputs: { x: [2, 3] }, code: 'concat(x, 2 * x, axis: -1)' },
}

const shown = (value: TensorValue): string => `[${value.shape.map(format).join(', ')}]`

/** `count` positions of one axis from `from` on. */
export const slicing: Primitive = {
  ...elementFacts,
  name: 'slice',
  reach: byWindows(({ attributes, sizes }) => {
    const from = asInteger(sizes['from']![0]!)
    return from === undefined ? 'everywhere' : new Map([[attributes['axis'] as number, moved(-from)]])
  }),
  results: ({ inputs, attributes, sizes }) => [
    typed(
      inputs[0]!.shape.map((size, at) => (at === attributes['axis'] ? sizes['count']![0]! : size)),
      inputs[0]!.dtype,
    ),
  ],
  compute: (tf, [x], _weights, { attributes, sizes }) => [
    sliceAxis(tf, x!, attributes['axis'] as number, sizes['from']![0]!, sizes['count']![0]!),
  ],
}

export const slice = (call: OpCall, x: TensorValue, axis: number, from: Size, count: Size): TensorValue =>
  call.emit(slicing, [x], { attributes: { axis }, sizes: { from: [from], count: [count] } })[0]!

export const split: Op = {
  name: 'split',
  summary: 'Cuts an axis in pieces.',
  takes: ['x: [..]'],
  gives: 'one tensor a piece',
  attributes: {
    sizes: { type: 'sizes', about: 'lengths of the pieces; together the whole axis' },
    axis: { type: 'int', least: -8, about: 'the axis that is cut; -1 is the last' },
  },
  build(call) {
    const x = call.inputs[0]!
    const axis = readAxis(call)
    const pieces = call.sizes('sizes')
    const total = pieces.reduce(add)
    call.requireEqual(
      total,
      x.shape[axis]!,
      () => `the pieces make ${format(total)} and axis ${axis} has ${format(x.shape[axis]!)}`,
      call.spanOf('sizes'),
    )
    let from: Size = constant(0)
    return pieces.map((count) => {
      const piece = slice(call, x, axis, from, count)
      from = add(from, count)
      return piece
    })
  },
  example: { inputs: { x: [2, 5] }, code: 'split(x, sizes: [2, 3], axis: -1)' },
}

/** What a rearrangement is told to leave out an axis of one position. */
export function withoutAxis(x: TensorValue, axis: number): Emission {
  const shape = x.shape.filter((_, at) => at !== axis)
  return { attributes: { permute: shape.map((_, at) => at) }, sizes: { split: shape, merge: shape } }
}

export const unstack: Op = {
  name: 'unstack',
  summary: 'Takes an axis apart: one tensor for each of its positions.',
  takes: ['x: [..]'],
  gives: 'one tensor a position, without the axis',
  attributes: { axis: { type: 'int', least: -8, about: 'the axis that is taken apart' } },
  build(call) {
    const x = call.inputs[0]!
    const axis = readAxis(call)
    const count = call.static(x.shape[axis]!, `axis ${axis} of its input`)
    return Array.from({ length: count }, (_, at) => {
      const piece = slice(call, x, axis, constant(at), one)
      return call.emit(rearrangement, [piece], withoutAxis(piece, axis))[0]!
    })
  },
  example: { inputs: { x: [2, 3] }, code: 'unstack(x, axis: 0)' },
}

/** Padding of the two picture axes. */
export const bordering: Primitive = {
  ...elementFacts,
  name: 'pad',
  reach: byWindows(({ sizes }) => {
    const [top, , left] = sizes['border']!.map((size) => asInteger(size))
    return top === undefined || left === undefined ? 'everywhere' : new Map([[1, moved(top)], [2, moved(left)]]) // prettier-ignore
  }),
  results({ inputs, sizes }) {
    const [batch, height, width, channels] = inputs[0]!.shape
    const [top, bottom, left, right] = sizes['border']!
    return [typed([batch!, add(height!, add(top!, bottom!)), add(width!, add(left!, right!)), channels!], inputs[0]!.dtype)]
  },
  compute(tf, [x], _weights, { attributes, sizes }) {
    const [top, bottom, left, right] = sizes['border'] as [number, number, number, number]
    if (attributes['mode'] === 'zero') return [tf.clone(zeroPad(tf, x!, top, bottom, left, right))]
    return [tf.clone(reflectAxis(tf, reflectAxis(tf, x!, 1, top, bottom), 2, left, right))]
  },
}

const modes = ['zero', 'reflect'] as const

function border(call: OpCall, x: TensorValue, sides: readonly [Size, Size, Size, Size]): TensorValue {
  if (sides.every((side) => asInteger(side) === 0)) return x
  return call.emit(bordering, [x], { attributes: { mode: call.word('mode') }, sizes: { border: sides } })[0]!
}

export const pad: Op = {
  name: 'pad',
  summary: 'Adds rows and columns around a picture.',
  takes: ['x: [B, h, w, c]'],
  gives: '[B, h + top + bottom, w + left + right, c]',
  attributes: {
    top: { type: 'int', standard: 0, least: 0, about: 'rows above' },
    bottom: { type: 'int', standard: 0, least: 0, about: 'rows below' },
    left: { type: 'int', standard: 0, least: 0, about: 'columns before' },
    right: { type: 'int', standard: 0, least: 0, about: 'columns behind' },
    mode: {
      type: 'word',
      words: modes,
      standard: 'zero',
      about: 'what stands there: zeros, or the picture mirrored without its edge',
    },
  },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    const sides = ['top', 'bottom', 'left', 'right'].map((side) => call.int(side))
    if (call.word('mode') === 'reflect') {
      const most = [Math.max(sides[0]!, sides[1]!), Math.max(sides[2]!, sides[3]!)]
      most.forEach((p, at) => p > 0 && call.requireAtLeast(x.shape[at + 1]!, p + 1, `reflect pad of ${p}`))
    }
    return border(call, x, sides.map(constant) as [Size, Size, Size, Size])
  },
  example: { inputs: { x: [1, 4, 5, 2] }, code: 'pad(x, top: 1, left: 2, mode: reflect)' },
}

export const pad_to: Op = {
  name: 'pad_to',
  summary: 'Extends a picture at the bottom and right to the next multiple.',
  takes: ['x: [B, h, w, c]'],
  gives: '[B, multiple * ceil(h / multiple), multiple * ceil(w / multiple), c]',
  attributes: {
    multiple: { type: 'int', least: 1, about: 'what height and width become a multiple of' },
    mode: { type: 'word', words: modes, standard: 'zero', about: 'zeros, or the picture mirrored without its edge' },
  },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    const multiple = call.int('multiple')
    const added = [x.shape[1]!, x.shape[2]!].map((length) => {
      const missing = sub(mul(constant(multiple), ceilDiv(length, multiple)), length)
      if (call.word('mode') === 'reflect' && asInteger(missing) !== 0) {
        // The pad of length - 1 at most: beyond it there is nothing to mirror.
        call.requireAtLeast(
          sub(length, missing),
          1,
          'reflect pad',
          `reflect pad to a multiple of ${multiple} needs ${format(length)} larger than what is added`,
        )
      }
      return missing
    })
    return border(call, x, [constant(0), added[0]!, constant(0), added[1]!])
  },
  example: { inputs: { x: [1, 5, 6, 2] }, code: 'pad_to(x, multiple: 4, mode: reflect)' },
}

export const crop: Op = {
  name: 'crop',
  summary: 'The top left part of a picture.',
  takes: ['x: [B, H, W, c]'],
  gives: '[B, to[0], to[1], c]',
  attributes: { to: { type: 'sizes', about: 'height and width that stay' } },
  build(call) {
    let x = call.requireRank(0, 4, '[B, H, W, c]')
    const to = call.sizes('to')
    if (to.length !== 2)
      call.fail(
        'attribute-value',
        { name: 'to', accepted: 'a height and a width', given: `${to.length} sizes` },
        call.spanOf('to'),
      )
    to.forEach((length, at) => {
      const axis = at + 1
      call.requireAtLeast(sub(x.shape[axis]!, length), 0, 'crop', `crop to ${format(length)} needs axis ${axis} of at least that`)
      x = slice(call, x, axis, constant(0), length)
    })
    return x
  },
  example: { inputs: { x: [1, 5, 6, 2] }, code: 'crop(x, to: [3, 4])' },
}

export const rolling: Primitive = {
  ...elementFacts,
  name: 'roll',
  // What comes round from the other end is taken for masked, as SwinIR masks it.
  reach: byWindows(({ attributes }) => {
    const by = attributes['by'] as readonly number[]
    return new Map((attributes['axes'] as readonly number[]).map((axis, at) => [axis, moved(by[at]!)]))
  }),
  results: ({ inputs }) => [inputs[0]!],
  compute(tf, [x], _weights, { attributes }) {
    const by = attributes['by'] as readonly number[]
    const axes = attributes['axes'] as readonly number[]
    let y = x!
    axes.forEach((axis, at) => {
      const length = y.shape[axis]!
      const shift = ((by[at]! % length) + length) % length
      if (shift !== 0)
        y = tf.concat([sliceAxis(tf, y, axis, length - shift, shift), sliceAxis(tf, y, axis, 0, length - shift)], axis)
    })
    return [y === x ? tf.clone(y) : y]
  },
}

export const roll: Op = {
  name: 'roll',
  summary: 'Moves positions along axes; what leaves at one end comes back at the other.',
  takes: ['x: [..]'],
  gives: '[..]',
  attributes: {
    by: { type: 'ints', about: 'how far, one number an axis' },
    axes: { type: 'ints', least: 0, about: 'the axes' },
  },
  build(call) {
    const x = call.inputs[0]!
    const by = call.ints('by')
    const axes = call.ints('axes')
    if (by.length !== axes.length)
      call.fail(
        'attribute-value',
        { name: 'by', accepted: `one number for each of ${axes.length} axes`, given: `${by.length} numbers` },
        call.spanOf('by'),
      )
    const outside = axes.find((axis) => axis >= x.shape.length)
    if (outside !== undefined)
      call.fail(
        'attribute-value',
        { name: 'axes', accepted: `from 0 to ${x.shape.length - 1}`, given: String(outside) },
        call.spanOf('axes'),
      )
    return by.every((shift) => shift === 0) ? x : call.emit(rolling, [x], { attributes: { by, axes } })[0]!
  },
  example: { inputs: { x: [1, 5, 6, 2] }, code: 'roll(x, by: [-2, 1], axes: [1, 2])' },
}

/** Windows, with a word for the border where they are one for each position: those were there first, and texts of then mean them. */
function windowsOf({ kernel, stride = 1, pad }: PrimitiveCall['attributes']) {
  const around = ((kernel as number) - 1) / 2
  return {
    kernel: kernel as number,
    stride: stride as number,
    pad: typeof pad === 'string' ? ([around, around] as const) : (pad as readonly [number, number]),
    isMirrored: pad === 'reflect',
  }
}

/**
 * Windows of `kernel` positions, `stride` apart, along axis 1 of [n, length, rest]: [n, count, kernel, rest]. Pieces of `stride`
 * positions are laid beside one another, for a window of 24 at a step of 16 two of them: no window is cut out by itself.
 */
function windowsAlong(tf: Backend, x: Tensor, kernel: number, stride: number, count: number): Tensor {
  const [batch, length, rest] = x.shape as [number, number, number]
  const pieces = Math.ceil(kernel / stride)
  const needed = (count + pieces - 1) * stride
  const fitted = needed > length ? tf.pad(x, [[0, 0], [0, needed - length], [0, 0]]) : sliceAxis(tf, x, 1, 0, needed) // prettier-ignore
  const apart = fitted.reshape([batch, count + pieces - 1, stride, rest])
  const parts = Array.from({ length: pieces }, (_, at) => {
    const width = Math.min(stride, kernel - at * stride)
    return tf.slice(apart, [0, at, 0, 0], [batch, count, width, rest])
  })
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 2)
}

export const neighbourhoods: Primitive = {
  ...elementFacts,
  name: 'unfold',
  reach: byWindows(({ attributes }) => {
    const { kernel, stride, pad } = windowsOf(attributes)
    return new Map(pad.map((p, at): [number, Window] => [at + 1, { before: p, behind: kernel - 1 - p, stride }]))
  }, 1),
  results({ inputs, attributes }) {
    const { kernel, stride, pad } = windowsOf(attributes)
    const [batch, height, width, channels] = inputs[0]!.shape
    const counts = [height!, width!].map((length, at) => windowed(length, kernel, stride, pad[at]!))
    return [f32([batch!, ...counts, constant(kernel * kernel), channels!])]
  },
  scratch(call) {
    // Windows of columns in every row, and windows of both before they are in raster order.
    const { kernel, stride } = windowsOf(call.attributes)
    if (stride === 1) return constant(0)
    const [batch, rows, columns, square, channels] = this.results(call)[0]!.shape
    const along = [batch!, call.inputs[0]!.shape[1]!, columns!, constant(kernel), channels!].reduce(mul)
    return add(along, [batch!, rows!, columns!, square!, channels!].reduce(mul))
  },
  compute(tf, [x], _weights, { attributes }) {
    const { kernel, stride, pad, isMirrored } = windowsOf(attributes)
    const [y, z] = pad
    const padded = isMirrored ? reflectAxis(tf, reflectAxis(tf, x!, 1, y, y), 2, z, z) : zeroPad(tf, x!, y, y, z, z)
    const [batch, height, width, channels] = padded.shape as [number, number, number, number]
    const [rows, columns] = [height, width].map((length) => Math.floor((length - kernel) / stride) + 1) as [number, number]
    if (stride === 1) {
      const windows: Tensor[] = []
      for (let row = 0; row < kernel; row += 1)
        for (let column = 0; column < kernel; column += 1)
          windows.push(tf.slice(padded, [0, row, column, 0], [batch, rows, columns, channels]))
      return [tf.stack(windows, 3)]
    }
    const across = windowsAlong(tf, padded.reshape([batch * height, width, channels]), kernel, stride, columns)
    const down = windowsAlong(tf, across.reshape([batch, height, columns * kernel * channels]), kernel, stride, rows)
    const inOrder = down.reshape([batch * rows, kernel, columns, kernel * channels]).transpose([0, 2, 1, 3])
    return [inOrder.reshape([batch, rows, columns, kernel * kernel, channels])]
  },
}

export const unfold: Op = {
  name: 'unfold',
  summary: 'Windows, in raster order, as an axis of its own: around each position, or every stride positions.',
  takes: ['x: [B, h, w, c]'],
  gives: '[B, floor((h + 2 pad - kernel) / stride) + 1, .., kernel * kernel, c]',
  attributes: {
    kernel: { type: 'int', least: 1, about: 'rows and columns of the window' },
    stride: { type: 'int', standard: 1, least: 1, about: 'step of the window' },
    pad: {
      type: 'padding',
      words: modes,
      standard: 'zero',
      least: 0,
      about: 'zero or reflect (a window around each position: stride 1, odd kernel), or zeros on each side',
    },
  },
  build(call) {
    const x = call.requireRank(0, 4, '[B, h, w, c]')
    call.requireFloat(0)
    const [kernel, stride, given] = [call.int('kernel'), call.int('stride'), call.attribute('pad')]
    if (typeof given !== 'string') {
      const pad = call.ints('pad')
      pad.forEach((p, at) => call.requireAtLeast(x.shape[at + 1]!, kernel - 2 * p, `a window of ${kernel} with pad ${p}`))
      return call.emit(neighbourhoods, [x], { attributes: { kernel, stride, pad } })[0]!
    }
    if (kernel % 2 === 0 || stride !== 1)
      call.fail(
        'attribute-value',
        { name: 'pad', accepted: 'a number of zeros on each side where the kernel is even or the stride is not 1', given },
        call.has('pad') ? call.spanOf('pad') : call.span,
      )
    const p = (kernel - 1) / 2
    if (given === 'reflect' && p > 0) [1, 2].forEach((axis) => call.requireAtLeast(x.shape[axis]!, p + 1, `reflect pad of ${p}`))
    return call.emit(neighbourhoods, [x], { attributes: { kernel, pad: given } })[0]!
  },
  example: { inputs: { x: [1, 4, 5, 2] }, code: 'unfold(x, kernel: 3, pad: reflect)' },
}

/** One number where a tensor has an axis of 1, or no axis, as many as are wanted. */
export const stretching: Primitive = {
  ...elementFacts,
  name: 'expand',
  spreads: true,
  // What is stretched as far as the picture stands in it from there on: a window there ends where the picture does.
  reach(call, inputs) {
    const { shape } = call.inputs[0]!
    const to = call.sizes['to']!
    const own = aligned(inputs.some(Boolean) ? inputs : [standing(shape, {})], to.length)
    const axes = [...own.axes]
    for (const [axis, size] of to.entries()) {
      const before = shape[axis - to.length + shape.length]
      if (before && compare(before, size) === 'equal') continue
      const taken = new Set(axes.flatMap((factors) => factors.map(({ along }) => along)))
      const place = call.standsBySize(size).find(({ along }) => !taken.has(along))
      if (place) axes[axis] = [place]
      else if (tellsSize([size], inputs)) return 'everywhere'
    }
    return [{ ...own, axes }]
  },
  folds: (_call, [x]) => (x === undefined ? undefined : { filled: x }),
  results: ({ inputs, sizes }) => [typed(sizes['to']!, inputs[0]!.dtype)],
  compute: (tf, [x], _weights, { sizes }) => [tf.broadcastTo(x!, [...sizes['to']!])],
}

export const expand: Op = {
  name: 'expand',
  summary: 'Stretches axes of 1 to sizes, and adds axes at the left: a value of the whole picture at each of its positions.',
  takes: ['x: [..]'],
  gives: 'the sizes of to',
  attributes: { to: { type: 'sizes', about: 'the sizes of the result; each is that of x where x has another than 1' } },
  build(call) {
    const x = call.inputs[0]!
    const to = call.sizes('to')
    if (to.length < x.shape.length)
      call.fail('attribute-value', { name: 'to', accepted: `at least ${x.shape.length} sizes`, given: String(to.length) }, call.spanOf('to')) // prettier-ignore
    x.shape.forEach((size, axis) => {
      const wanted = to[axis + to.length - x.shape.length]!
      if (asInteger(size) === 1) return
      call.requireEqual(
        size,
        wanted,
        () => `axis ${axis} has ${format(size)} and is wanted as ${format(wanted)}: only an axis written as 1 is stretched`,
        call.spanOf('to'),
      )
    })
    const isSame = to.length === x.shape.length && to.every((size, axis) => compare(size, x.shape[axis]!) === 'equal')
    return isSame ? x : call.emit(stretching, [x], { sizes: { to } })[0]!
  },
  example: { inputs: { x: [2, 1, 3] }, code: 'expand(x, to: [2, 4, 3])' },
}
