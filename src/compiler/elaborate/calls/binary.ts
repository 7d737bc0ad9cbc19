import { fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { arithmeticNamed, broadcast, cast, operatorNames, writtenAs } from '../../ops/arithmetic.ts'
import { isTensor, type TensorValue } from '../../ops/op.ts'
import { equality, format } from '../../shapes/size.ts'
import type { BinaryOperator, Expression } from '../../syntax/tree.ts'
import { pathOf, type Caller } from '../evaluate.ts'
import { asSize, isScalar, staticBinary } from '../values/static.ts'
import { kindOf, shapeText, show, type Value } from '../values/values.ts'

/** `a operator b`, static or in the graph. */
export function binary(
  operator: BinaryOperator | 'min' | 'max' | 'floor_divide',
  [leftValue, rightValue]: readonly [Value, Value],
  at: { span: Span; left?: Expression; right?: Expression; operatorSpan?: Span },
  { place, e }: Pick<Caller, 'place' | 'e'>,
): Value {
  const name = operator === 'floor_divide' ? operator : operatorNames[operator]!
  const sign = operator === 'floor_divide' ? 'floor(a / b)' : operator
  const single = (value: Value): Value => (value.kind === 'several' && value.items.length === 1 ? value.items[0]!.value : value)
  const left = single(leftValue)
  const right = single(rightValue)
  if (isScalar(left) && isScalar(right) && operator !== 'min' && operator !== 'max' && operator !== 'floor_divide')
    return staticBinary(operator, left, right, at.span)
  const usable = (value: Value): boolean => value.kind === 'tensor' || isScalar(value)
  if (!usable(left) || !usable(right)) {
    const wrong = usable(left) ? right : left
    fail(
      'attribute-type',
      { name: sign, takes: 'numbers and tensors', given: `${kindOf(wrong)} ${show(wrong)}` },
      (usable(left) ? at.right : at.left)?.span ?? at.span,
    )
  }
  const path = pathOf(place)
  const toFloat = (value: TensorValue): TensorValue =>
    value.dtype === 'f32' ? value : e.builder.emit(cast, [value], {}, path, at.span)[0]!
  const integral = (value: Value): boolean =>
    value.kind === 'tensor'
      ? value.dtype === 'i32'
      : value.kind === 'size' || (value.kind === 'number' && Number.isSafeInteger(value.value))
  const integer = integral(left) && integral(right) && operator !== '/'
  const primitive = arithmeticNamed(
    operator === 'floor_divide' && !integer
      ? fail('dtype-mismatch', { callee: 'floor(a / b)', takes: 'integers', name: 'a or b', given: 'f32' }, at.span)
      : name,
  )
  const tensors: TensorValue[] = []
  const attributes: Record<string, number> = {}
  const sizes: Record<string, readonly ReturnType<typeof asSize>[]> = {}
  for (const [side, value] of [
    ['left', left],
    ['right', right],
  ] as const) {
    if (isTensor(value)) tensors.push(integer ? value : toFloat(value))
    else if (value.kind === 'number') attributes[side] = value.value
    else if (value.kind === 'size') sizes[`${side}Size`] = [value.size]
  }
  if (tensors.length === 2) {
    const joined = broadcast(tensors[0]!.shape, tensors[1]!.shape)
    if (!('shape' in joined)) {
      const [a, b] = tensors as [TensorValue, TensorValue]
      const rank = Math.max(a.shape.length, b.shape.length)
      const [left, right] = [a, b].map(({ shape }) => shape[joined.axis - rank + shape.length])
      const context = {
        related: [
          ...(at.left ? [{ span: at.left.span, label: `gives ${shapeText(a)}` }] : []),
          ...(at.right ? [{ span: at.right.span, label: `gives ${shapeText(b)}` }] : []),
        ],
        notes: [`axis ${joined.axis}: ${left ? format(left) : '(none)'} against ${right ? format(right) : '(none)'}`],
        help: 'only an axis written as 1 is stretched; axes are added at the left',
      }
      if (joined.unknown) fail('shape-unknown', equality(left!, right!), at.operatorSpan ?? at.span, context)
      fail(
        'broadcast',
        { operator: writtenAs(name), left: shapeText(a), right: shapeText(b), axis: `axis ${joined.axis}` },
        at.operatorSpan ?? at.span,
        context,
      )
    }
  }
  return e.builder.emit(primitive, tensors, { attributes, sizes: sizes as never }, path, at.span)[0]!
}
