import { Consequence, fail } from '../../diagnostics/catalogue.ts'
import type { Span } from '../../diagnostics/diagnostic.ts'
import { nearest } from '../../diagnostics/suggest.ts'
import type { Origin } from '../../plan.ts'
import { parseExpression } from '../../syntax/parse.ts'
import { isRecord, type Call, type Expression, type Record as FieldRecord } from '../../syntax/tree.ts'
import type { ModelContext } from '../context.ts'
import { evaluate } from '../evaluate.ts'
import { isInteger, kindOf, requireExact, show, type Value } from '../values/values.ts'
import { fields as known, type FieldSpec, type RecordKind } from './fields.ts'
import { nowhere } from '../values/scope.ts'

/** A field with the scope that its value sees: the base's, or a variant's. */
export interface ScopedField {
  readonly value: Expression | FieldRecord
  readonly span: Span
  readonly origin: Origin
}

const standards = new Map<string, Expression>()

/** A default as an expression of a file, parsed once: every preset of a model reads the same ones. */
function parsedStandard(file: string, text: string): Expression {
  const key = `${file}\n${text}`
  const known = standards.get(key)
  if (known) return known
  const expression = parseExpression(file, text).expression!
  standards.set(key, expression)
  return expression
}

/** Reads static values of fields; those that are not written are their defaults. */
export class FieldReader {
  constructor(
    readonly kind: RecordKind,
    /** As messages name it: `train`, `train.judge`. */
    readonly record: string,
    readonly fields: ReadonlyMap<string, ScopedField>,
    /** False where some were unknown: they may have been meant for those that are missing. */
    readonly isKnown: boolean,
    readonly context: Pick<ModelContext, 'parameters' | 'e' | 'textOf'>,
    /** Where the record itself stands, for what is missing. */
    readonly span: Span,
  ) {}

  /** Whether it is written. */
  has(name: string): boolean {
    return this.fields.has(name)
  }

  /** Where a field stands, or the record where it has none. */
  spanOf(name: string): Span {
    return this.fields.get(name)?.span ?? this.span
  }

  /** What is written, or the default. */
  expression(name: string): Expression {
    const field = this.fields.get(name)
    if (!field) return this.#standard(name)
    if (isRecord(field.value)) fail('attribute-type', { name, takes: 'a value', given: 'a record' }, field.span)
    return field.value
  }

  #standard(name: string): Expression {
    const { standard } = known[this.kind][name] as FieldSpec
    if (standard !== undefined) return parsedStandard(this.span.file, standard)
    if (!this.isKnown) throw new Consequence()
    return fail('missing-field', { record: this.record, name }, this.span)
  }

  static(expression: Expression): Value {
    return evaluate(expression, { scope: this.context.parameters, place: nowhere, e: this.context.e })
  }

  int(name: string, least = 1): number {
    const expression = this.expression(name)
    const value = this.static(expression)
    requireExact(value, expression.span)
    if (!isInteger(value)) fail('attribute-type', { name, takes: 'an int', given: show(value) }, expression.span)
    if (value.value < least)
      fail('attribute-value', { name, accepted: `at least ${least}`, given: String(value.value) }, expression.span)
    return value.value
  }

  number(expression: Expression, name: string): number {
    const value = this.static(expression)
    return value.kind === 'number'
      ? value.value
      : fail('attribute-type', { name, takes: 'a number', given: `${kindOf(value)} ${show(value)}` }, expression.span)
  }

  /** How a value is named in a message. */
  textOf(expression: Expression): string {
    return expression.kind === 'call' ? expression.callee.text : this.context.textOf(expression)
  }

  /** Items of a list, or the one that stands alone. */
  items(name: string): readonly Expression[] {
    const expression = this.expression(name)
    return expression.kind === 'list' ? expression.items : [expression]
  }

  words<W extends string>(name: string, accepted: readonly W[]): readonly W[] {
    const items = this.items(name)
    this.once(
      name,
      items.map((item) => this.textOf(item)),
      items,
    )
    return items.map((item) => {
      const word = item.kind === 'name' ? item.name : ''
      if (!(accepted as readonly string[]).includes(word))
        fail('attribute-value', { name, accepted: `a list of ${accepted.join(', ')}`, given: this.textOf(item) }, item.span)
      return word as W
    })
  }

  /** A list has something in it, and nothing twice. */
  once(name: string, values: readonly (string | number)[], items: readonly Expression[]): void {
    if (values.length === 0) fail('attribute-value', { name, accepted: 'a list of at least one', given: '[]' }, this.spanOf(name))
    const twice = values.findIndex((value, at) => values.indexOf(value) < at)
    if (twice >= 0) fail('duplicate-name', { name: String(values[twice]), what: `in ${name}` }, items[twice]!.span)
  }

  /** The arguments of a call such as `adam(lr: 1e-4)` by their names, each read in turn. */
  named<T>(call: Call, accepted: readonly string[], read: (value: Expression, name: string) => T): Map<string, T> {
    const given = new Map<string, T>()
    for (const argument of call.arguments) {
      const name = argument.name?.text ?? ''
      if (!accepted.includes(name))
        fail(
          'unknown-attribute',
          { callee: call.callee.text, name: name || 'an unnamed value', near: nearest(name, accepted), accepted },
          argument.span,
        )
      given.set(name, read(argument.value, name))
    }
    return given
  }

  /** Named numbers, or lists of them, of a call such as `cosine(to: 0.1)`. */
  numbers(call: Call, accepted: readonly string[]): Map<string, number | number[]> {
    return this.named(call, accepted, (value, name) =>
      value.kind === 'list' ? value.items.map((item) => this.number(item, name)) : this.number(value, name),
    )
  }
}

/** The name of a call, or a name that stands alone. */
export const wordOf = (expression: Expression): string =>
  expression.kind === 'call' ? expression.callee.text : expression.kind === 'name' ? expression.name : ''
