import { fail } from '../../diagnostics/catalogue.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import { computePerItem } from '../../per-item.ts'
import type { PerItem } from '../../plan.ts'
import type { Call, Expression } from '../../syntax/tree.ts'
import type { FieldReader } from './reader.ts'
import { own } from '../../../own.ts'

/** What may be computed of numbers that are drawn, or that change while a training goes on. */
export const perItemFunctions: readonly string[] = [
  'min',
  'max',
  'pow',
  'sqrt',
  'log2',
  'exp',
  'sin',
  'cos',
  'floor',
  'ceil',
  'round',
  'abs',
]

/** `uniform(1, 4)`, `(m - 1) / 2`. */
export function perItem(reader: FieldReader, expression: Expression, variables: readonly string[]): PerItem {
  switch (expression.kind) {
    case 'group':
      return perItem(reader, expression.inner, variables)
    case 'name': {
      if (variables.includes(expression.name)) return { kind: 'variable', name: expression.name as 'm' }
      return { kind: 'number', value: reader.number(expression, expression.name) }
    }
    case 'negate':
      return folded('negate', [perItem(reader, expression.operand, variables)])
    case 'binary': {
      const names = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'divide', '%': 'remainder' } as const
      return folded(names[expression.operator], [
        perItem(reader, expression.left, variables),
        perItem(reader, expression.right, variables),
      ])
    }
    case 'list':
      return { kind: 'choice', items: expression.items.map((item) => perItem(reader, item, variables)) }
    case 'call':
      return perItemCall(reader, expression, variables)
    default:
      return { kind: 'number', value: reader.number(expression, 'this') }
  }
}

function perItemCall(reader: FieldReader, call: Call, variables: readonly string[]): PerItem {
  const name = call.callee.text
  const signatures: Readonly<Record<string, readonly string[]>> = { uniform: ['a', 'b'], normal: ['mean', 'std'] }
  const signature = own(signatures, name)
  if (!signature && !perItemFunctions.includes(name))
    fail('unknown-op', { name, near: nearest(name, [...Object.keys(signatures), ...perItemFunctions]) }, call.callee.span)
  const values = call.arguments.map((argument, at) => {
    if (argument.name && argument.name.text !== signature?.[at])
      fail(
        'unknown-attribute',
        {
          callee: name,
          name: argument.name.text,
          near: nearest(argument.name.text, signature ?? []),
          accepted: signature ?? [],
        },
        argument.name.span,
      )
    return perItem(reader, argument.value, variables)
  })
  const count = signature?.length ?? (name === 'min' || name === 'max' || name === 'pow' ? 2 : 1)
  if (values.length !== count) fail('arity', { callee: name, takes: `${count} values`, given: values.length }, call.span)
  return signature ? { kind: 'call', name, arguments: values } : folded(name, values)
}

/** Arithmetic on numbers is done at once. */
function folded(name: string, values: readonly PerItem[]): PerItem {
  if (!values.every((value) => value.kind === 'number')) return { kind: 'call', name, arguments: values }
  return {
    kind: 'number',
    value: computePerItem(
      name,
      values.map((value) => value.value),
    ),
  }
}
