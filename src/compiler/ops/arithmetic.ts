import type { Backend, Tensor } from './backend.ts'
import { compare, equality, format, type Size } from '../shapes/size.ts'
import { isOne } from './convolution.ts'
import {
  elementFacts,
  typed,
  type ComputedCall,
  type Folded,
  type Op,
  type OpCall,
  type Primitive,
  type PrimitiveCall,
  type TensorValue,
} from './op.ts'
import { untaped } from './formula-tools.ts'

/** Shapes aligned at the right; only an axis written as 1 is stretched. Undefined where two axes do not pair. */
export function broadcast(left: readonly Size[], right: readonly Size[]): { shape: Size[] } | { axis: number; unknown: boolean } {
  const rank = Math.max(left.length, right.length)
  const shape: Size[] = []
  for (let axis = 0; axis < rank; axis += 1) {
    const a = left[axis - rank + left.length]
    const b = right[axis - rank + right.length]
    if (a === undefined || b === undefined) shape.push((a ?? b)!)
    else if (isOne(a)) shape.push(b)
    else if (isOne(b)) shape.push(a)
    else {
      const verdict = compare(a, b)
      if (verdict !== 'equal') return { axis, unknown: verdict === 'unknown' }
      shape.push(a)
    }
  }
  return { shape }
}

type Formula = (tf: Backend, a: Tensor, b: Tensor) => Tensor

/** floor(a / b) as a constant: tfjs has a gradient for floorDiv, that of a / b. */
const wholeQuotient: Formula = (tf, a, b) => untaped(tf, () => (a.dtype === 'int32' ? tf.floorDiv(a, b) : tf.floor(tf.div(a, b))))

/** What `left operator right` comes to where a side is a number: that of a tensor that holds it everywhere, or a scalar's. */
type Fold = (left: number | undefined, right: number | undefined) => 'left' | 'right' | number | undefined

/** Where integers are divided, the quotient is rounded down. */
const formulas: Readonly<Record<string, { formula: Formula; written: string; folds?: Fold }>> = {
  add: {
    written: '+',
    formula: (tf, a, b) => tf.add(a, b),
    folds: (left, right) => (left === 0 ? 'right' : right === 0 ? 'left' : undefined),
  },
  subtract: { written: '-', formula: (tf, a, b) => tf.sub(a, b), folds: (_, right) => (right === 0 ? 'left' : undefined) },
  multiply: {
    written: '*',
    formula: (tf, a, b) => tf.mul(a, b),
    folds: (left, right) => (left === 0 || right === 0 ? 0 : left === 1 ? 'right' : right === 1 ? 'left' : undefined),
  },
  divide: { written: '/', formula: (tf, a, b) => tf.div(a, b) },
  floor_divide: { written: 'floor(a / b)', formula: (tf, a, b) => tf.floorDiv(a, b) },
  remainder: { written: '%', formula: (tf, a, b) => tf.sub(a, tf.mul(wholeQuotient(tf, a, b), b)) },
  minimum: { written: 'min', formula: (tf, a, b) => tf.minimum(a, b) },
  maximum: { written: 'max', formula: (tf, a, b) => tf.maximum(a, b) },
}

/** The scalar on one side: a number (`left`, `right`) or a size (`leftSize`, `rightSize`). */
function scalar(call: Pick<ComputedCall, 'attributes' | 'sizes'>, side: 'left' | 'right'): number | undefined {
  return (call.attributes[side] as number | undefined) ?? call.sizes[`${side}Size`]?.[0]
}

/** A side is a scalar of the call, or the input that stands there. */
function foldedBy(
  folds: Fold,
  { inputs, attributes, sizes }: PrimitiveCall,
  constants: readonly (number | undefined)[],
): Folded | undefined {
  const [alone, isLeft] = [inputs.length === 1, 'left' in attributes || 'leftSize' in sizes]
  const isScalar = { left: alone && isLeft, right: alone && !isLeft }
  const known = (side: 'left' | 'right', input: number): number | undefined =>
    isScalar[side] ? (attributes[side] as number | undefined) : constants[input]
  const to = folds(known('left', 0), known('right', inputs.length - 1))
  if (to === undefined) return undefined
  if (typeof to === 'number') return { filled: to }
  return isScalar[to] ? undefined : { same: to === 'left' ? 0 : inputs.length - 1 }
}

/**
 * `a operator b`. Either side may be a scalar: then it is an attribute, and the other is the only input. Both inputs
 * have one dtype.
 */
export const arithmetic: readonly Primitive[] = Object.entries(formulas).map(([name, { formula, folds }]) => ({
  ...elementFacts,
  name,
  holds: ({ sizes }) => [...(sizes['leftSize'] ?? []), ...(sizes['rightSize'] ?? [])],
  folds: (call, constants) => folds && foldedBy(folds, call, constants),
  results({ inputs }) {
    const [a, b] = inputs
    if (!b) return [a!]
    const joined = broadcast(a!.shape, b.shape)
    if (!('shape' in joined)) throw new Error(`${name}: shapes do not pair`)
    return [typed(joined.shape, a!.dtype)]
  },
  compute(tf, inputs, _weights, call) {
    const dtype = inputs[0]!.dtype
    const left = scalar(call, 'left')
    const right = scalar(call, 'right')
    const a = left === undefined ? inputs[0]! : tf.scalar(left, dtype as 'float32' | 'int32')
    const b = right === undefined ? inputs.at(-1)! : tf.scalar(right, dtype as 'float32' | 'int32')
    return [formula(tf, a, b)]
  },
}))

export const arithmeticNamed = (name: string): Primitive => arithmetic.find((primitive) => primitive.name === name)!
export const operatorNames: Readonly<Record<string, string>> = {
  '+': 'add',
  '-': 'subtract',
  '*': 'multiply',
  '/': 'divide',
  '%': 'remainder',
  min: 'minimum',
  max: 'maximum',
}
export const writtenAs = (name: string): string => formulas[name]!.written

export const cast: Primitive = {
  ...elementFacts,
  name: 'to_f32',
  results: ({ inputs }) => [typed(inputs[0]!.shape, 'f32')],
  compute: (tf, [x]) => [tf.cast(x!, 'float32')],
}

/** `minimum(a, b)` and `maximum(a, b)`, which are what min(a, b) and max(a, b) do with tensors. */
const ofTwo = (name: 'minimum' | 'maximum', which: string): Op => ({
  name,
  summary: `The ${which} of two, element by element; ${formulas[name]!.written}(a, b) is the same.`,
  takes: ['a: [..]', 'b: [..] or a number'],
  gives: '[..]',
  scalar: { at: 1, name: 'right' },
  attributes: { right: { type: 'real', optional: true, about: `a number instead of b, as in ${name}(a, 0)` } },
  build(call) {
    const right = call.has('right') ? call.real('right') : undefined
    const isInteger = call.inputs.every(({ dtype }) => dtype === 'i32') && Number.isSafeInteger(right ?? 0)
    const [a, b] = call.inputs.map((each) => (isInteger || each.dtype === 'f32' ? each : call.emit(cast, [each])[0]!))
    if (right !== undefined) return call.emit(arithmeticNamed(name), [a!], { attributes: { right } })[0]!
    pairOrFail(call, a!, b!)
    return call.emit(arithmeticNamed(name), [a!, b!])[0]!
  },
  example: { inputs: { x: [2, 3] }, code: `${name}(x, 2 * x - 0.3)`, step: 1e-3, tolerance: 1e-2 },
})

function pairOrFail(call: OpCall, a: TensorValue, b: TensorValue): void {
  const joined = broadcast(a.shape, b.shape)
  if ('shape' in joined) return
  const rank = Math.max(a.shape.length, b.shape.length)
  const [left, right] = [a, b].map(({ shape }) => shape[joined.axis - rank + shape.length]) as [Size, Size]
  const context = { help: 'only an axis written as 1 is stretched; axes are added at the left' }
  if (joined.unknown) call.fail('shape-unknown', equality(left, right), call.span, context)
  const written = ({ shape }: TensorValue): string => `[${shape.map(format).join(', ')}]`
  call.fail(
    'broadcast',
    { operator: call.callee, left: written(a), right: written(b), axis: `axis ${joined.axis}` },
    call.span,
    context,
  )
}

export const minimum = ofTwo('minimum', 'smaller')
export const maximum = ofTwo('maximum', 'larger')
