import type { Span } from '../diagnostics/diagnostic.ts'

/** The syntax tree: what is written, with spans, before any name is looked up. */

export interface Name {
  readonly text: string
  readonly span: Span
}

export interface Located {
  readonly span: Span
}

/** `heads: 8` or, for tensors, an expression without a name. */
export interface Argument extends Located {
  readonly name?: Name
  readonly value: Expression
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '%'

export type Expression =
  | (Located & { readonly kind: 'number'; readonly text: string })
  | (Located & { readonly kind: 'string'; readonly text: string })
  | (Located & { readonly kind: 'name'; readonly name: string })
  | (Located & { readonly kind: 'member'; readonly object: Expression; readonly member: Name })
  /** `list[k]`, `list[.. k]`, `x[.., 4:20]`: one entry an axis; `..` stands for all axes that no entry names. */
  | (Located & { readonly kind: 'slice'; readonly of: Expression; readonly entries: readonly SliceEntry[] })
  | (Located & { readonly kind: 'list'; readonly items: readonly Expression[] })
  | Call
  | (Located & { readonly kind: 'negate'; readonly operand: Expression })
  | (Located & {
      readonly kind: 'binary'
      readonly operator: BinaryOperator
      readonly operatorSpan: Span
      readonly left: Expression
      readonly right: Expression
    })
  | Pipeline
  | Lambda
  /** Parentheses are kept: they decide whether an operator may stand beside `->`. */
  | (Located & { readonly kind: 'group'; readonly inner: Expression })

export type SliceEntry =
  | (Located & { readonly kind: 'rest' })
  | (Located & { readonly kind: 'at'; readonly at: Expression })
  /** `.. k`, alone: the first k. */
  | (Located & { readonly kind: 'first'; readonly to: Expression })
  /** `from:to` without `to` itself; from the start, or to the end, where one is left out. */
  | (Located & { readonly kind: 'range'; readonly from?: Expression; readonly to?: Expression })

export interface Call extends Located {
  readonly kind: 'call'
  readonly callee: Name
  readonly arguments: readonly Argument[]
  /** False for `relu` as a pipeline's stage or a bare `layer_norm`. */
  readonly parenthesised: boolean
}

export interface Pipeline extends Located {
  readonly kind: 'pipeline'
  readonly head: Expression
  readonly stages: readonly Stage[]
}

export type Stage = Call | Repetition

/** `repeat n as i { .. }` or `repeat d in list as k collect { .. }`. */
export interface Repetition extends Located {
  readonly kind: 'repeat'
  /** The count, or the list when `element` is there. */
  readonly over: Expression
  readonly element?: Name
  readonly turn?: Name
  /** Gives what every turn gave, as a list, and not what the last one gave. */
  readonly isCollected: boolean
  readonly body: readonly Stage[]
}

export interface Lambda extends Located {
  readonly kind: 'lambda'
  readonly parameters: readonly Name[]
  readonly body: Expression
}

/** One entry of `[B, h, ?u, ..]`. */
export type Axis =
  | (Located & { readonly kind: 'size'; readonly size: Expression })
  | (Located & { readonly kind: 'open'; readonly name?: Name })
  | (Located & { readonly kind: 'leading' })

export interface TensorType extends Located {
  readonly dtype?: Name
  readonly axes: readonly Axis[]
}

export interface Condition extends Located {
  readonly left: Expression
  readonly operator: '==' | '>='
  readonly right: Expression
}

export interface Role extends Located {
  readonly name: Name
  readonly range?: { readonly from: Expression; readonly to: Expression }
  readonly by?: Expression
}

export interface Parameter extends Located {
  readonly name: Name
  readonly type: Name
  readonly list: boolean
  readonly standard?: Expression
}

export interface Result extends Located {
  readonly name?: Name
  readonly type: TensorType
}

export interface SlotStatement extends Located {
  readonly kind: 'slot'
  readonly name: Name
  /** Where `frozen` stands: nothing trains it. */
  readonly frozen?: Name
  readonly takes: readonly TensorType[]
  readonly gives: readonly Result[]
  readonly contractSpan: Span
  readonly filler: Expression
}

export interface LetStatement extends Located {
  readonly kind: 'let'
  readonly names: readonly Name[]
  readonly tuple: boolean
  readonly value: Expression
}

export type Statement =
  | (Located & {
      readonly kind: 'input'
      readonly name: Name
      readonly type: TensorType
      readonly role?: Role
      readonly where: readonly Condition[]
    })
  | (Located & { readonly kind: 'output'; readonly name?: Name; readonly type: TensorType; readonly role?: Role })
  | (Located & {
      readonly kind: 'scale'
      readonly name: Name
      readonly from?: Expression
      readonly to?: Expression
      readonly fixed?: Expression
    })
  | SlotStatement
  | LetStatement
  | (Located & { readonly kind: 'weight'; readonly name: Name; readonly type: TensorType; readonly initialiser: Expression })
  | (Located & { readonly kind: 'return'; readonly values: readonly Expression[] })

export interface ModuleDeclaration extends Located {
  readonly kind: 'module' | 'model'
  readonly name: Name
  readonly parameters: readonly Parameter[]
  readonly body: readonly Statement[]
  readonly documentation: string
}

/** `train { B: 16, judge { .. } }`: nested records stand as a field whose value is a record. */
export interface Record extends Located {
  readonly fields: readonly Field[]
  /** In `train`: names for what losses are made of. */
  readonly lets?: readonly LetStatement[]
}

export interface Field extends Located {
  readonly path: readonly Name[]
  readonly value: Expression | Record
}

export const isRecord = (value: Expression | Record): value is Record => 'fields' in value

export type Edit =
  | (Located & { readonly kind: 'replace'; readonly slot: Name; readonly filler: Expression })
  | (Located & { readonly kind: 'set'; readonly path: readonly Name[]; readonly value: Expression })

export type Declaration =
  | (Located & { readonly kind: 'import'; readonly name: Name; readonly from: string; readonly fromSpan: Span })
  | ModuleDeclaration
  | (Located & { readonly kind: 'preset'; readonly name: Name; readonly record: Record })
  | (Located & { readonly kind: 'train' | 'evaluate'; readonly record: Record })
  | (Located & {
      readonly kind: 'variant'
      readonly title: string
      readonly base: Name
      readonly from: string
      readonly fromSpan: Span
      readonly documentation: string
    })
  | Edit

export interface SourceFile {
  readonly file: string
  readonly text: string
  readonly declarations: readonly Declaration[]
  /** Where `//` remarks stand. */
  readonly remarks: readonly Span[]
}

export const pathText = (path: readonly Name[]): string => path.map((name) => name.text).join('.')

/** What an expression or a stage is made of, in the order of the text. */
export function childrenOf(node: Expression | Stage): readonly (Expression | Stage)[] {
  switch (node.kind) {
    case 'number':
    case 'string':
    case 'name':
      return []
    case 'member':
      return [node.object]
    case 'slice':
      return [node.of, ...node.entries.flatMap(boundsOf)]
    case 'list':
      return node.items
    case 'call':
      return node.arguments.map(({ value }) => value)
    case 'negate':
      return [node.operand]
    case 'binary':
      return [node.left, node.right]
    case 'pipeline':
      return [node.head, ...node.stages]
    case 'repeat':
      return [node.over, ...node.body]
    case 'lambda':
      return [node.body]
    case 'group':
      return [node.inner]
  }
}

function boundsOf(entry: SliceEntry): Expression[] {
  if (entry.kind === 'rest') return []
  if (entry.kind === 'at') return [entry.at]
  return [...(entry.kind === 'range' && entry.from ? [entry.from] : []), ...(entry.to ? [entry.to] : [])]
}

/** Every name that an expression mentions: values, callees, objects of members. */
export function mentioned(node: Expression | Stage, into: Set<string>): void {
  if (node.kind === 'name') into.add(node.name)
  if (node.kind === 'call') into.add(node.callee.text)
  childrenOf(node).forEach((child) => mentioned(child, into))
}
