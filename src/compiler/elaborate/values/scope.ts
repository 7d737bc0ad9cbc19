import type { Span } from '../../diagnostics/diagnostic.ts'
import type { FileUnit } from '../../names/program.ts'
import type { Call, Name, Repetition, Statement } from '../../syntax/tree.ts'
import type { Size } from '../../shapes/size.ts'
import { failed, type Value } from './values.ts'

/** A value with the place that gives it. */
export interface Given<V = Value> {
  readonly value: V
  readonly span: Span
}

/** What a slot holds and how it is called. */
export interface SlotCaller {
  readonly names: ReadonlySet<string>
  call(name: string, inputs: readonly Given[], span: Span): Value
}

/** Names that an expression sees. Sizes and tensors share one namespace with parameters. */
export interface Scope {
  /** Whose modules can be called. */
  readonly file: FileUnit
  readonly names: Map<string, Value>
  /** Sizes bound by inputs. */
  readonly sizes: Map<string, Size>
  /** What `[.., c]` stands for, once an input bound it. */
  leading?: readonly Size[]
  /** Where the names of the body are declared first: one that has no value yet is `used-before-defined`. */
  readonly places?: ReadonlyMap<string, Span>
  readonly slots?: SlotCaller
  /** Names that are gone, and what broken statements may have bound: of these nothing more is said. */
  readonly missing: Set<string>
  /** The scale that is drawn per item: it has no value while compiling. */
  readonly perItem?: string
}

/** Where in the network a statement stands: what weight paths are made of. */
export interface Place {
  /** The slot's or module call's own path; empty in the model. */
  readonly scope: string
  /** The let with its turn: `body[0]`; empty in `return` and lambdas. */
  readonly name: string
  readonly labels: ReadonlyMap<Call | Repetition, string>
}

/** Where nothing owns weights: parameters, sizes, fields. */
export const nowhere: Place = { scope: '', name: '', labels: new Map() }

export const join = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('.')

/** The scope with more names. */
export const childScope = (parent: Scope, names: Iterable<readonly [string, Value]>): Scope => ({
  ...parent,
  names: new Map([...parent.names, ...names]),
})

/** The names that a statement defines. */
export const namesOf = (statement: Statement): readonly Name[] =>
  statement.kind === 'let' ? statement.names : statement.kind === 'weight' || statement.kind === 'input' ? [statement.name] : []

/** After a mistake in a statement of `body`: who uses its names, or sizes that it may have bound, is not asked about them. */
export function forgive(scope: Scope, statement: Statement, body: readonly Statement[]): void {
  for (const { text } of namesOf(statement)) if (!scope.names.has(text)) scope.names.set(text, failed)
  if (statement.kind === 'slot' || statement.kind === 'scale') scope.missing.add(statement.name.text)
  for (const { type } of body.flatMap((each) => (each.kind === 'input' ? [each] : each.kind === 'slot' ? each.gives : [])))
    for (const axis of type.axes) {
      if (axis.kind === 'leading') scope.missing.add('..')
      if (axis.kind === 'open' && axis.name) scope.missing.add(axis.name.text)
      if (axis.kind === 'size' && axis.size.kind === 'name') scope.missing.add(axis.size.name)
    }
}
