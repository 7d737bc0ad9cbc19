import type { Weight } from '../../compiler/ir/graph.ts'
import { UserError } from '../../errors.ts'
import type { Tensor } from '../files/safetensors.ts'
import type { Layout, MapEntry, WeightMap } from './map-file.ts'
import { permuted } from './permute.ts'
import { fillTemplate, matchTemplate, type Bindings, type Template } from './template.ts'

export { readMap, type Layout, type WeightMap } from './map-file.ts'

/** Which official tensors make which weights: one of the two lists has one element. */
export interface Transfer {
  readonly names: readonly string[]
  readonly paths: readonly string[]
  readonly layout: Layout
}

/** What a map makes of a file's names. */
export interface NamePlan {
  readonly transfers: readonly Transfer[]
  /** Names that the map knows to have no counterpart, with the reason. */
  readonly ignored: readonly { readonly name: string; readonly why: string }[]
  readonly leftOver: readonly string[]
}

/** Tensors of an official file as weights of a network, and everything that did not fit. */
export interface Mapped {
  readonly tensors: ReadonlyMap<string, Tensor>
  readonly ignored: NamePlan['ignored']
  /** Weights of the network that the file does not give. */
  readonly missing: readonly string[]
  /** Tensors of the file that the network has no weight for. */
  readonly leftOver: readonly string[]
  /** Those of them that the map knows: the network has fewer layers, or is another variant. */
  readonly unused: readonly { readonly name: string; readonly path: string }[]
  /** Sentences that name tensor, shape and the shape needed, in the layout of the file. */
  readonly misshapen: readonly string[]
}

/** Which tensors of a file become which weights. */
export function planByName(map: WeightMap, names: Iterable<string>): NamePlan {
  const all = [...names]
  const wanted = new Set(all)
  const entries = ordered(map.entries)
  const lasts = lastTurns(entries, all)
  const transfers = new Map<string, Transfer>()
  const ignored: { name: string; why: string }[] = []
  const leftOver: string[] = []
  for (const name of all) {
    const transfer = entries
      .map((entry) => transferOf(entry, name, lasts.get(entry.module)))
      .find((found) => found?.names.every((part) => wanted.has(part)))
    if (transfer) transfers.set(transfer.names[0]!, transfer)
    else {
      const known = map.ignored.find((rule) => wildcard(rule.name).test(name))
      if (known) ignored.push({ name, why: known.why })
      else leftOver.push(name)
    }
  }
  return { transfers: [...transfers.values()], ignored, leftOver }
}

/**
 * Which official tensors a network's weights become. Where two included maps know a path (two encoders), the one that knows
 * more of this network's; where one knows several names, the first.
 */
export function planByPath(
  map: WeightMap,
  paths: Iterable<string>,
): { readonly transfers: readonly Transfer[]; readonly leftOver: readonly string[] } {
  const all = [...paths]
  const wanted = new Set(all)
  const found = new Map(
    all.map((path) => {
      const matches = map.entries.flatMap((entry) =>
        entry.to.flatMap((template) => {
          const transfer = backwards(entry, template, path, all)
          return transfer?.paths.every((part) => wanted.has(part)) ? [{ group: entry.group, transfer }] : []
        }),
      )
      return [path, matches] as const
    }),
  )
  const known = new Map<string, number>()
  for (const matches of found.values())
    for (const group of new Set(matches.map((match) => match.group))) known.set(group, (known.get(group) ?? 0) + 1)
  const transfers = new Map<string, Transfer>()
  for (const matches of found.values()) {
    const most = Math.max(...matches.map(({ group }) => known.get(group)!))
    const chosen = matches.find(({ group }) => known.get(group) === most)
    if (chosen) transfers.set(chosen.transfer.paths[0]!, chosen.transfer)
  }
  return { transfers: [...transfers.values()], leftOver: all.filter((path) => found.get(path)!.length === 0) }
}

/**
 * Official tensors as weights; tensors that cannot be joined or split as the map says are misshapen.
 * @throws UserError where two tensors become one weight.
 */
export function toPaths(tensors: ReadonlyMap<string, Tensor>, map: WeightMap, weights: readonly Weight[]): Mapped {
  const plan = planByName(map, tensors.keys())
  const known = new Map(weights.map((weight) => [weight.path, weight]))
  const made = new Map<string, Tensor>()
  const unused: { name: string; path: string }[] = []
  const misshapen: string[] = []
  for (const transfer of plan.transfers) {
    if (!transfer.paths.some((path) => known.has(path))) {
      unused.push(...transfer.names.map((name) => ({ name, path: transfer.paths.join(' and ') })))
      continue
    }
    const problem = formProblem(transfer, tensors)
    if (problem) {
      misshapen.push(problem)
      continue
    }
    for (const [path, tensor] of forwards(transfer, tensors)) {
      if (made.has(path))
        throw new UserError(`by the map ${map.name}, two tensors become ${path}: ${transfer.names.join(', ')} is one of them`)
      const weight = known.get(path)
      if (weight && weight.shape.join() !== tensor.shape.join()) misshapen.push(wrongShape(transfer, tensors, weight))
      else made.set(path, tensor)
    }
  }
  const given = new Set(plan.transfers.flatMap((transfer) => transfer.paths))
  return {
    tensors: made,
    ignored: plan.ignored,
    missing: weights.filter((weight) => !given.has(weight.path)).map((weight) => weight.path),
    leftOver: [...plan.leftOver, ...unused.map(({ name }) => name)],
    unused,
    misshapen,
  }
}

/** Weights (or their gradients) by path under the official names of a plan, in the official layouts. */
export function toNames(tensors: ReadonlyMap<string, Tensor>, transfers: readonly Transfer[]): Map<string, Tensor> {
  const named = new Map<string, Tensor>()
  for (const { names, paths, layout } of transfers) {
    const whole = join(paths.map((path) => official(tensorAt(tensors, path), layout)))
    for (const [at, part] of split(whole, names.length).entries()) named.set(names[at]!, part)
  }
  return named
}

/** The weights that one transfer makes of official tensors. */
function forwards({ names, paths, layout }: Transfer, tensors: ReadonlyMap<string, Tensor>): [string, Tensor][] {
  const whole = join(names.map((name) => tensorAt(tensors, name)))
  return split(whole, paths.length).map((part, at) => [paths[at]!, archc(part, layout)])
}

/** Why the tensors of a transfer cannot be joined, or the one cannot be split; undefined where they can. */
function formProblem({ names, paths }: Transfer, tensors: ReadonlyMap<string, Tensor>): string | undefined {
  const shapes = names.map((name) => tensorAt(tensors, name).shape)
  const said = shapes.map(shown).join(' and ')
  const [first] = shapes
  if (names.length > 1 && shapes.some((shape) => shape.length === 0 || shape.slice(1).join() !== first!.slice(1).join()))
    return `${names.join(' and ')}: ${said} cannot be joined along their first axis`
  if (paths.length > 1 && (first!.length === 0 || first![0]! % paths.length !== 0))
    return `${names.join(' and ')}: ${said} has no ${paths.length} equal parts for ${paths.join(' and ')}`
  return undefined
}

const shown = (shape: readonly number[]): string => `[${shape.join(', ')}]`

function wrongShape(transfer: Transfer, tensors: ReadonlyMap<string, Tensor>, weight: Weight): string {
  const { names, paths, layout } = transfer
  const given = names.map((name) => shown(tensorAt(tensors, name).shape)).join(' and ')
  const { official: order, ones } = orders[layout]
  const shape = order.length === weight.shape.length ? order.map((axis) => weight.shape[axis]!) : weight.shape
  const needed = withOnes(shape, ones)
  const how = names.length > 1 ? ' of them together' : paths.length > 1 ? ' of it' : ''
  return `${names.join(' and ')}: ${given} in the file, ${weight.path} needs ${shown(needed)}${how}`
}

function tensorAt(tensors: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const tensor = tensors.get(name)
  if (!tensor) throw new Error(`no tensor is called ${name}`)
  return tensor
}

/** Entries that count with `{last}` come first: what they match must not be taken for one more turn. */
const ordered = (entries: readonly MapEntry[]): readonly MapEntry[] =>
  [...entries].sort((a, b) => Number(b.after !== undefined) - Number(a.after !== undefined))

/** The largest `{last}` by module: one that lacks its bias, or its weight, ends where the other does. */
function lastTurns(entries: readonly MapEntry[], names: readonly string[]): ReadonlyMap<string, number> {
  const lasts = new Map<string, number>()
  for (const entry of entries.filter(({ after }) => after !== undefined))
    for (const name of names)
      for (const template of entry.from) {
        const last = matchTemplate(template, name, entry.words, 'official')?.get('last')
        if (typeof last === 'number') lasts.set(entry.module, Math.max(last, lasts.get(entry.module) ?? 0))
      }
  return lasts
}

function transferOf(entry: MapEntry, name: string, last: number | undefined): Transfer | undefined {
  for (const template of entry.from) {
    const bindings = matchTemplate(template, name, entry.words, 'official')
    if (bindings && (last === undefined || bindings.get('last') === last)) return filled(entry, bindings)
  }
  return undefined
}

function backwards(entry: MapEntry, template: Template, path: string, paths: readonly string[]): Transfer | undefined {
  const bindings = matchTemplate(template, path, entry.words, 'archc')
  if (!bindings) return undefined
  if (entry.after === undefined) return filled(entry, bindings)
  const turns = new Set(
    paths
      .filter((other) => other.startsWith(`${entry.after}[`))
      .map((other) => Number.parseInt(other.slice(entry.after!.length + 1), 10)),
  )
  return filled(entry, new Map([...bindings, ['last', turns.size]]))
}

const filled = (entry: MapEntry, bindings: Bindings): Transfer => ({
  names: entry.from.map((template) => fillTemplate(template, bindings, entry.words, 'official')),
  paths: entry.to.map((template) => fillTemplate(template, bindings, entry.words, 'archc')),
  layout: entry.layout,
})

const wildcard = (name: string): RegExp =>
  new RegExp(
    `^${name
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  )

/** Tensors one after the other along their first axis. */
function join(parts: readonly Tensor[]): Tensor {
  const [first] = parts
  if (parts.length === 1) return first!
  const shape = [parts.reduce((total, part) => total + part.shape[0]!, 0), ...first!.shape.slice(1)]
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1))
  let at = 0
  for (const part of parts) {
    data.set(part.data, at)
    at += part.data.length
  }
  return { shape, dtype: 'F32', data }
}

/** A tensor in equal parts of its first axis. */
function split(tensor: Tensor, count: number): Tensor[] {
  if (count === 1) return [tensor]
  const rows = tensor.shape[0]! / count
  const length = tensor.data.length / count
  return Array.from({ length: count }, (_, at) => ({
    shape: [rows, ...tensor.shape.slice(1)],
    dtype: 'F32',
    data: Float32Array.from(tensor.data.subarray(at * length, (at + 1) * length)),
  }))
}

/** Axis orders: PyTorch's convolutions O I H W are H W I O in archc, its linear maps O I are I O. */
const orders: Readonly<Record<Layout, Order>> = {
  OIHW: { archc: [2, 3, 1, 0], official: [3, 2, 0, 1], ones: [] },
  OI: { archc: [1, 0], official: [1, 0], ones: [] },
  OI11: { archc: [1, 0], official: [1, 0], ones: [2, 3] },
  n1d: { archc: [0, 1], official: [0, 1], ones: [1] },
  '1c11': { archc: [0], official: [0], ones: [0, 2, 3] },
  same: { archc: [], official: [], ones: [] },
}

interface Order {
  readonly archc: readonly number[]
  readonly official: readonly number[]
  /** Axes of one in the official tensor that the weight lacks. */
  readonly ones: readonly number[]
}

/** A tensor with another number of axes than its layout has stays as it is: its shape tells that it does not fit. */
const reordered = (tensor: Tensor, order: readonly number[]): Tensor =>
  order.length > 0 && order.length === tensor.shape.length ? permuted(tensor, order) : tensor

function archc(tensor: Tensor, layout: Layout): Tensor {
  const { archc: order, ones } = orders[layout]
  const isThere = tensor.shape.length === order.length + ones.length && ones.every((axis) => tensor.shape[axis] === 1)
  return reordered(ones.length > 0 && isThere ? { ...tensor, shape: tensor.shape.filter((_, at) => !ones.includes(at)) } : tensor, order) // prettier-ignore
}

function official(tensor: Tensor, layout: Layout): Tensor {
  const { official: order, ones } = orders[layout]
  const { shape, ...rest } = reordered(tensor, order)
  return { ...rest, shape: withOnes(shape, ones) }
}

const withOnes = (shape: readonly number[], ones: readonly number[]): readonly number[] =>
  ones.reduce((longer, axis) => [...longer.slice(0, axis), 1, ...longer.slice(axis)], [...shape])
