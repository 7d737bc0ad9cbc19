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
  | (Located & { readonly kind: 'element'; readonly list: Expression; readonly at: Expression })
  /** `list[.. k]`: the first k. */
  | (Located & { readonly kind: 'first'; readonly list: Expression; readonly count: Expression })
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

/** `repeat n as i { .. }` or `repeat d in list as k { .. }`. */
export interface Repetition extends Located {
  readonly kind: 'repeat'
  /** The count, or the list when `element` is there. */
  readonly over: Expression
  readonly element?: Name
  readonly turn?: Name
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
  readonly takes: readonly TensorType[]
  readonly gives: readonly Result[]
  readonly contractSpan: Span
  readonly filler: Expression
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
  | (Located & { readonly kind: 'let'; readonly names: readonly Name[]; readonly tuple: boolean; readonly value: Expression })
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
