import { asInteger, compare, constant, mul, symbols, type Size } from '../shapes/size.ts'
import type { TensorType } from '../ir/graph.ts'
import type { PrimitiveCall } from './op.ts'

/** One factor of an axis that has the picture's positions in it. */
export interface Factor {
  readonly size: Size
  /** The axis of the picture whose positions it counts; without it places inside a window. */
  readonly along?: 'y' | 'x'
  /** Positions of the picture from one to the next. */
  readonly step: number
}

/** How far a value looks, in positions of the picture; a negative number ends short of the position itself. */
export interface Look {
  readonly before: number
  readonly behind: number
}

/** Where the elements of a value stand in the picture, and what of the picture they depend on. */
export interface Positions {
  /** An axis as its factors, outermost first: `(u i)` of a window split is a position u and a place i. Empty: no positions. */
  readonly axes: readonly (readonly Factor[])[]
  readonly y: Look
  readonly x: Look
  /** Pieces of the picture must begin at multiples of this for the op to do in them what it does in the whole. */
  readonly grid: number
}

/** What one call knows of its inputs; undefined for one that does not depend on the picture. */
export type Given = readonly (Positions | undefined)[]

export interface ReachCall extends PrimitiveCall {
  readonly results: readonly TensorType[]
  /** Where in the picture an axis may stand by its size alone: one that is as long as the picture, or in a whole ratio to it. */
  standsBySize(size: Size): readonly Factor[]
}

/**
 * How far a call looks: where each of its results stands, from where its inputs stand. `everywhere`: its results depend on
 * positions of the picture that no distance bounds, or on the picture's size.
 */
export type ReachRule = (call: ReachCall, inputs: Given) => readonly Positions[] | 'everywhere'

const nowhere: Look = { before: 0, behind: 0 }
const elsewhere: readonly Factor[] = []

/** Where a tensor of the picture's own stands: `y` and `x` say which of its axes are the picture's. */
export const standing = (shape: readonly Size[], at: { readonly y?: number; readonly x?: number }): Positions => ({
  axes: shape.map((size, axis) =>
    axis === at.y ? [{ size, along: 'y', step: 1 }] : axis === at.x ? [{ size, along: 'x', step: 1 }] : elsewhere,
  ),
  y: nowhere,
  x: nowhere,
  grid: 1,
})

const isPlaced = (axis: readonly Factor[] | undefined): boolean => axis?.some(({ along }) => along) ?? false

/** The one direction and step of an axis that counts positions in order; undefined where it counts none or several. */
export function orderOf(axis: readonly Factor[]): { along: 'y' | 'x'; step: number } | undefined {
  const [first, ...rest] = axis
  if (!first?.along || rest.some(({ along }) => along)) return undefined
  const inside = rest.map(({ size }) => asInteger(size))
  return inside.includes(undefined)
    ? undefined
    : { along: first.along, step: inside.reduce<number>((step, size) => step / size!, first.step) }
}

/** What several inputs see together. */
function together(inputs: Given): Omit<Positions, 'axes'> {
  const known = inputs.filter((each) => each !== undefined)
  const widest = (axis: 'y' | 'x'): Look => ({
    before: Math.max(...known.map((each) => each[axis].before)),
    behind: Math.max(...known.map((each) => each[axis].behind)),
  })
  return { y: widest('y'), x: widest('x'), grid: known.map(({ grid }) => grid).reduce(leastCommon) }
}

/** Axes aligned at the right, as arithmetic aligns them; each stands where the first input does that stands anywhere there. */
export function aligned(inputs: Given, rank: number): Positions {
  const axes = Array.from(
    { length: rank },
    (_, axis) => inputs.map((each) => each?.axes[axis - rank + each.axes.length]).find(isPlaced) ?? elsewhere,
  )
  return { ...together(inputs), axes }
}

/** Whether a size tells how large the picture is that the inputs stand in. */
export const tellsSize = (sizes: readonly Size[], inputs: Given): boolean => {
  const placed = inputs.flatMap((each) => each?.axes.flatMap((axis) => axis.filter(({ along }) => along)) ?? [])
  const names = new Set(placed.flatMap(({ size }) => symbols(size)))
  return sizes.some((size) => symbols(size).some((name) => names.has(name)))
}

/** Each element by itself. */
export const byElement: ReachRule = (call, inputs) => [aligned(inputs, call.results[0]!.shape.length)]

/** Mixes whole axes, all of its inputs alike: nothing may stand along them. They stay where the result has as many axes. */
export const overAxes =
  (axesOf: (call: ReachCall) => readonly number[]): ReachRule =>
  (call, inputs) => {
    const rank = call.inputs[0]!.shape.length
    const axes = axesOf(call).map((axis) => (axis < 0 ? axis + rank : axis))
    if (inputs.some((each) => axes.some((axis) => isPlaced(each?.axes[axis])))) return 'everywhere'
    const joined = aligned(inputs, rank)
    return [
      call.results[0]!.shape.length === rank ? joined : { ...joined, axes: joined.axes.filter((_, at) => !axes.includes(at)) },
    ]
  }

/** How far a window looks along one axis of its input, in positions of that axis, and how many it goes at a step. */
export interface Window extends Look {
  readonly stride: number
}

/** Windows along axes of its input, each by its axis; `inner` axes for the places in them stand before the last. */
export const byWindows =
  (windowsOf: (call: ReachCall) => ReadonlyMap<number, Window> | 'everywhere', inner = 0): ReachRule =>
  (call, [x]) => {
    const windows = windowsOf(call)
    if (windows === 'everywhere') return windows
    let seen: Omit<Positions, 'axes'> = x!
    const axes = [...x!.axes]
    for (const [axis, { before, behind, stride }] of windows) {
      if (!isPlaced(axes[axis])) continue
      const order = orderOf(axes[axis]!)
      if (!order) return 'everywhere'
      const { along, step } = order
      seen = seeing(seen, along, before * step, behind * step)
      seen = { ...seen, grid: gridOf(seen.grid, step, step * stride) }
      axes[axis] = [{ size: call.results[0]!.shape[axis]!, along, step: step * stride }]
    }
    axes.splice(-1, 0, ...Array.from({ length: inner }, () => elsewhere))
    return [{ ...seen, axes }]
  }

/** Moves positions along an axis: the result at p shows p - by. */
export const moved = (by: number): Window => ({ before: by, behind: -by, stride: 1 })

const seeing = <P extends Omit<Positions, 'axes'>>(positions: P, along: 'y' | 'x', before: number, behind: number): P => ({
  ...positions,
  [along]: { before: positions[along].before + before, behind: positions[along].behind + behind },
})

const gridOf = (grid: number, from: number, to: number): number =>
  from !== to || to > 1 ? leastCommon(grid, Math.ceil(Math.max(from, to))) : grid

/** Takes of its first input what its second says, wherever that is. */
export const byIndex: ReachRule = (call, [x, index]) =>
  x ? 'everywhere' : [{ ...index!, axes: [...index!.axes, elsewhere].slice(0, call.results[0]!.shape.length) }]

/** One number of all that is there. */
export const overAll: ReachRule = () => 'everywhere'

/** Reshape, permute, reshape: positions that are split and joined again stay what they were. */
export const byLayout: ReachRule = (call, [x]) => {
  const split = call.sizes['split']!
  const groups = grouped(split, call.inputs[0]!.shape)
  if (!groups) return 'everywhere'
  let positions: Omit<Positions, 'axes'> = x!
  const apart: (readonly Factor[])[] = []
  for (const [axis, sizes] of groups.entries()) {
    const parts = apartOf(x!.axes[axis]!, sizes)
    if (!parts) return 'everywhere'
    apart.push(...parts.axes)
    for (const { along, window, step } of parts.windows)
      positions = {
        ...seeing(positions, along, (window - 1) * step, (window - 1) * step),
        grid: leastCommon(positions.grid, Math.ceil(window * step)),
      }
  }
  const moved = (call.attributes['permute'] as readonly number[]).map((at) => ({ size: split[at]!, factors: apart[at]! }))
  const merge = call.sizes['merge']!
  const joined = grouped(
    moved.map(({ size }) => size),
    merge,
  )
  if (!joined) return 'everywhere'
  const left = moved.values()
  const axes = joined.map((sizes) => sizes.flatMap(() => left.next().value!.factors))
  const steps = axes.map((axis) => orderOf(axis)?.step).filter((step) => step !== undefined)
  return [{ ...positions, axes, grid: steps.reduce((grid, step) => gridOf(grid, step, step), positions.grid) }]
}

const isOne = (size: Size): boolean => asInteger(size) === 1

/** Consecutive sizes whose products are the totals; a total of 1 may have none, and ones that are left go to the last. */
function grouped(sizes: readonly Size[], totals: readonly Size[]): Size[][] | undefined {
  let at = 0
  const groups = totals.map((total) => {
    const group: Size[] = []
    let product = constant(1)
    const first = sizes[at]
    if (isOne(total) && !(first && isOne(first))) return group
    do {
      const size = sizes[at]
      if (!size) return undefined
      group.push(size)
      product = mul(product, size)
      at += 1
    } while (compare(product, total) !== 'equal')
    return group
  })
  const left = sizes.slice(at)
  if (groups.includes(undefined) || !left.every(isOne)) return undefined
  groups.at(-1)?.push(...left)
  return groups as Size[][]
}

interface Apart {
  readonly axes: readonly (readonly Factor[])[]
  /** Runs of positions that became places: from now on they may be mixed. */
  readonly windows: readonly { readonly along: 'y' | 'x'; readonly window: number; readonly step: number }[]
}

/** An axis cut in axes of `sizes`. */
function apartOf(axis: readonly Factor[], sizes: readonly Size[]): Apart | undefined {
  if (!isPlaced(axis)) return { axes: sizes.map((size) => [{ size, step: 1 }]), windows: [] }
  if (sizes.length === 1) return { axes: [axis], windows: [] }
  const asBefore = axis.length === sizes.length && axis.every(({ size }, at) => compare(size, sizes[at]!) === 'equal')
  if (asBefore) return { axes: axis.map((factor) => [factor]), windows: [] }
  const groups = axis.length > 1 ? grouped(sizes, axis.map(({ size }) => size)) : undefined // prettier-ignore
  if (groups) {
    const parts = axis.map((factor, at) => apartOf([factor], groups[at]!))
    return parts.includes(undefined)
      ? undefined
      : { axes: parts.flatMap((part) => part!.axes), windows: parts.flatMap((part) => part!.windows) }
  }
  const order = orderOf(axis)
  const inside = sizes.slice(1).map((size) => asInteger(size))
  if (!order || inside.includes(undefined)) return undefined
  const window = inside.reduce<number>((product, size) => product * size!, 1)
  const { along, step } = order
  return {
    axes: [[{ size: sizes[0]!, along, step: step * window }], ...sizes.slice(1).map((size) => [{ size, step: 1 }])],
    windows: [{ along, window, step }],
  }
}

const greatestCommon = (a: number, b: number): number => (b === 0 ? a : greatestCommon(b, a % b))
const leastCommon = (a: number, b: number): number => (a * b) / greatestCommon(a, b)
