import { fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import { attributesOf, rangeText, wordsText, type PictureAttribute, type PictureOperationName } from '../../picture-operations.ts'
import type { PerItem, PictureOperation } from '../../plan.ts'
import type { Expression } from '../../syntax/tree.ts'
import { perItem, rangeOf } from './per-item.ts'
import { wordOf, type FieldReader } from './reader.ts'

/** What is done to a picture, in order; `variables` may be read by what is drawn per item. */
export function operations(
  reader: FieldReader,
  expressions: readonly Expression[],
  accepted: readonly PictureOperationName[],
  variables: readonly string[],
): PictureOperation[] {
  return expressions.map((expression) => operation(reader, expression, accepted, variables))
}

function operation(
  reader: FieldReader,
  expression: Expression,
  accepted: readonly PictureOperationName[],
  variables: readonly string[],
): PictureOperation {
  const name = wordOf(expression) as PictureOperationName
  if (!accepted.includes(name)) {
    const near = nearest(name, accepted)
    fail(
      'unknown-op',
      { name: name || reader.textOf(expression), near, accepted: near.length ? undefined : accepted } as never,
      expression.span,
    )
  }
  return { op: name, ...attributes(reader, name, expression, variables) } as PictureOperation
}

/** The attributes of an operation by their names, each read by what it takes. */
function attributes(
  reader: FieldReader,
  name: PictureOperationName,
  expression: Expression,
  variables: readonly string[],
): Readonly<Record<string, unknown>> {
  const specs = attributesOf(name)
  const written =
    expression.kind === 'call' ? reader.named(expression, Object.keys(specs), (value) => value) : new Map<string, Expression>()
  return Object.fromEntries(
    Object.entries(specs).map(([attribute, spec]) => {
      const value = written.get(attribute)
      if (value) return [attribute, read(reader, attribute, spec, value, variables)]
      if (spec.kind === 'word' && spec.standard !== undefined) return [attribute, spec.standard]
      return fail('missing-attribute', { callee: name, name: attribute }, expression.span)
    }),
  )
}

function read(
  reader: FieldReader,
  name: string,
  spec: PictureAttribute,
  value: Expression,
  variables: readonly string[],
): unknown {
  if (spec.kind === 'draw') return perItem(reader, value, variables)
  const word = (item: Expression): string => {
    const text = item.kind === 'string' && spec.isQuoted ? item.text : item.kind === 'name' && !spec.isQuoted ? item.name : ''
    if (!spec.words.includes(text))
      fail('attribute-value', { name, accepted: wordsText(spec), given: reader.textOf(item) }, item.span)
    return text
  }
  if (value.kind !== 'list') return word(value)
  const words = value.items.map(word)
  reader.once(name, words, value.items)
  return words
}

/** What can be drawn must be what the operation takes: a blur that would be negative for some item would stop a run at that item. */
export function checkDrawn(operations: readonly PictureOperation[], ends: Parameters<typeof rangeOf>[1], span: Span): void {
  for (const operation of operations)
    for (const [name, spec] of Object.entries(attributesOf(operation.op))) {
      if (spec.kind !== 'draw') continue
      const range = rangeOf((operation as unknown as Readonly<Record<string, PerItem>>)[name]!, ends)
      if (range === undefined) continue
      const said = { name: `the ${name} of ${operation.op}`, range: rangeText(spec) }
      if (range[0] < spec.least) fail('out-of-range', { ...said, given: `down to ${range[0]}` }, span)
      if (spec.most !== undefined && range[1] > spec.most) fail('out-of-range', { ...said, given: `up to ${range[1]}` }, span)
    }
}
