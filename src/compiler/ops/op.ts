import type { Backend, Tensor } from './backend.ts'
import type { Span } from '../diagnostics/diagnostic.ts'
import type { Arguments, Code, Context } from '../diagnostics/catalogue.ts'
import type { DType, Initialiser, Plain, TensorType } from '../ir/graph.ts'
import { constant, type Size } from '../shapes/size.ts'
import { byElement, type ReachRule } from './positions.ts'

/** A tensor while the text is being elaborated. */
export interface TensorValue extends TensorType {
  readonly kind: 'tensor'
  readonly id: number
}

/** What an attribute may be. */
export interface AttributeSpec {
  readonly type: 'int' | 'real' | 'bool' | 'pair' | 'ints' | 'init' | 'size' | 'sizes' | 'word' | 'padding'
  /** For `word`, and what `padding` takes beside numbers. */
  readonly words?: readonly string[]
  readonly standard?: Plain | Initialiser
  /** May be left out without a default. */
  readonly optional?: true
  readonly least?: number
  readonly about: string
}

export type AttributeValue = Plain | Initialiser | Size | readonly Size[]

/** A call as a primitive sees it, with symbolic sizes. */
export interface PrimitiveCall {
  readonly inputs: readonly TensorType[]
  readonly weights: readonly { readonly shape: readonly number[] }[]
  readonly attributes: Readonly<Record<string, Plain>>
  readonly sizes: Readonly<Record<string, readonly Size[]>>
}

/** A call when it is computed: sizes are numbers. */
export interface ComputedCall {
  readonly attributes: Readonly<Record<string, Plain>>
  readonly sizes: Readonly<Record<string, readonly number[]>>
  readonly training: boolean
  /** Uniform numbers in [0, 1), a vector, for ops that act at random in training. */
  readonly draw: (count: number) => Tensor
}

/** What a call comes to where inputs hold one number: an input as it is, if the shapes agree, or one number everywhere. */
export type Folded = { readonly same: number } | { readonly filled: number }

/** What passes may do with a primitive beside calling it. */
export type Algebra =
  /** y = x W over the last axis; takes `rows: [from, count]` of W. */
  | 'linear in the last axis'
  | 'joins along an axis'
  | 'sums of products'
  /** A picture [B, h, w, c] at coordinates [B, q, 2]. */
  | 'a picture between its pixels'
  /** Rows of a map [B, H, W, c], by flat position. */
  | 'rows of a map'
  | 'rows along axis 1'
  /** For each row of the first input the score and the index of one along axis 1 of the second. */
  | 'best row along axis 1'

/** The cells that queries take along one axis, a side of the query each; all of the query's shape. */
export interface AxisCells {
  /** `row`: the cell; `offset`: of the query from its centre, in units where a neighbour is 2 away. */
  readonly sides: readonly { readonly row: Tensor; readonly offset: Tensor }[]
  /** How sides are mixed: with [first side's, second side's], a corner has the product of both axes. */
  readonly weights: readonly Tensor[]
}

/** What passes, lints and costs ask of a primitive. All of it is asked of every one: what is forgotten does not compile. */
export interface Facts {
  /** How far its results look in a picture. */
  readonly reach: ReachRule
  /** What it comes to where an input is known to hold one number (`constants`, by input). */
  folds(call: PrimitiveCall, constants: readonly (number | undefined)[]): Folded | undefined
  /** Its result is its input's memory. */
  readonly isView: boolean
  /** Multiply-adds of one call; elementwise work is not counted. */
  multiplyAdds(call: PrimitiveCall): Size
  /** Numbers that one call writes, and reads again, on its way to the results. */
  scratch(call: PrimitiveCall): Size
}

/** Of an op that works on each element by itself; others say what differs. */
export const elementFacts: Facts = {
  reach: byElement,
  folds: () => undefined,
  isView: false,
  multiplyAdds: () => constant(0),
  scratch: () => constant(0),
}

/** What the IR is made of: a shape rule, facts, a lowering and with it a gradient. */
export interface Primitive extends Facts {
  readonly name: string
  /** The shape rule on symbolic sizes. The surface op has checked what must hold. */
  results(call: PrimitiveCall): TensorType[]
  readonly algebra?: Algebra
  /** The input that it chooses from, as far as an evaluation's scope lets it. */
  readonly scoped?: number
  /** Sizes that stand in its values as numbers: they tell how large the picture is. */
  holds?(call: PrimitiveCall): readonly Size[]
  /** Makes axes as long as the picture of what stands nowhere in it. */
  readonly spreads?: true
  /** How many values it takes a mean and a deviation of: of one nothing is left. */
  spreadOver?(call: PrimitiveCall): Size
  /** Acts at random in training: equal calls are not merged. */
  readonly random?: true
  /** No gradient flows to its inputs (positions, indices, constants). */
  readonly constant?: true
  /**
   * Where the op says which cells of a map queries take, and rows and columns do not depend on each other: one axis of it,
   * for coordinates of any shape in the frame of a picture of `length` cells, into a map of `extended`.
   */
  axisCells?(
    tf: Backend,
    coordinate: Tensor,
    length: number,
    extended: number,
    attributes: Readonly<Record<string, Plain>>,
  ): AxisCells
  /** The lowering to TensorFlow.js; its gradient is that of the tfjs calls in it or a custom one. Returns new tensors. */
  compute(tf: Backend, inputs: readonly Tensor[], weights: readonly Tensor[], call: ComputedCall): Tensor[]
  /**
   * What a call in training makes of weights that no optimiser moves: new values, each with the place of its weight. Such
   * weights are not trainable. A step asks once for every call, in the order of the text, with what the call before made.
   */
  learn?(
    tf: Backend,
    inputs: readonly Tensor[],
    weights: readonly Tensor[],
    call: Pick<ComputedCall, 'attributes' | 'sizes'>,
  ): readonly (readonly [place: number, value: Tensor])[]
}

export interface Emission {
  readonly attributes?: Readonly<Record<string, Plain>>
  readonly sizes?: Readonly<Record<string, readonly Size[]>>
  readonly weights?: readonly string[]
}

/** What an op's `build` may do. */
export interface OpCall {
  readonly callee: string
  readonly span: Span
  readonly inputs: readonly TensorValue[]
  readonly inputSpans: readonly Span[]
  readonly pattern?: { readonly text: string; readonly span: Span }
  /** Sizes given to a pattern: `n: heads`. */
  readonly given: Readonly<Record<string, Size>>
  has(name: string): boolean
  int(name: string): number
  real(name: string): number
  bool(name: string): boolean
  word(name: string): string
  ints(name: string): readonly number[]
  size(name: string): Size
  sizes(name: string): readonly Size[]
  initialiser(name: string): Initialiser
  attribute(name: string): AttributeValue
  spanOf(name: string): Span
  emit(primitive: Primitive, inputs: readonly TensorValue[], emission?: Emission): TensorValue[]
  weight(
    name: string,
    shape: readonly number[],
    initialiser: Initialiser,
    options?: { fanIn?: number; trainable?: boolean },
  ): string
  /** Notes what each piece of `result` is, which was joined of the inputs along `axis`. */
  joined(result: TensorValue, axis: number): void
  /** The axes that a pattern names: where a name is a size here too, a reader takes the one for the other. */
  named(axes: ReadonlyMap<string, Size>): void
  /** The number that a size is, or an error that names `what`. */
  static(size: Size, what: string): number
  requireRank(index: number, rank: number, takes: string): TensorValue
  requireFloat(index: number): TensorValue
  requireEqual(left: Size, right: Size, problem: () => string, span?: Span): void
  /**
   * At least `least`: proved, refused, or noted as a check of every picture. `what` needs it; `sentence` says it where
   * the size is not one that the user knows.
   */
  requireAtLeast(size: Size, least: number, what: string, sentence?: string): void
  fail<C extends Code>(code: C, args: Arguments<C>, span?: Span, context?: Context): never
}

export type OpResult = TensorValue | readonly TensorValue[] | { readonly [name: string]: TensorValue }

/** One op, one object: everything about it that anybody needs. */
export interface Op {
  readonly name: string
  readonly summary: string
  /** The tensors that it takes, with their shapes; `..` before the last means any number. */
  readonly takes: readonly string[]
  readonly gives: string
  readonly attributes: Readonly<Record<string, AttributeSpec>>
  /** Takes an einops pattern as its last argument. */
  readonly pattern?: true
  readonly ownsWeights?: true
  /** The attribute that may stand without its name in place of tensor `at`, or behind the last: range(4), mse(a, 1), pow(x, 2). */
  readonly scalar?: { readonly at: number; readonly name: string }
  build(call: OpCall): OpResult
  /** In the architecture language; compiled in the tests. `inputs` names the shapes it runs on. */
  readonly example: {
    readonly inputs: Readonly<Record<string, readonly number[]>>
    readonly code: string
    readonly step?: number
    readonly tolerance?: number
  }
}

export const isTensor = (value: unknown): value is TensorValue =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'tensor'

export const f32 = (shape: readonly Size[]): TensorType => ({ shape, dtype: 'f32' })
export const i32 = (shape: readonly Size[]): TensorType => ({ shape, dtype: 'i32' })
export const typed = (shape: readonly Size[], dtype: DType): TensorType => ({ shape, dtype })

/** An axis given as -1 counts from the end. */
export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis)

/** The `axis` that a call names, counted from the first; one of its first tensor's. */
export function readAxis(call: OpCall): number {
  const rank = call.inputs[0]!.shape.length
  const written = call.int('axis')
  const axis = axisOf(written, rank)
  if (axis < 0 || axis >= rank)
    call.fail(
      'attribute-value',
      { name: 'axis', accepted: `from ${-rank} to ${rank - 1}`, given: String(written) },
      call.spanOf('axis'),
    )
  return axis
}
