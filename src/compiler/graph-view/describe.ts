import type { Node } from '../ir/graph.ts'
import type { ModuleDeclaration } from '../syntax/tree.ts'
import { segments } from './paths.ts'
import type { TextIndex } from './text.ts'

/** A part of the network on its way into a drawing. */
export interface Region {
  /** Where it is; empty for the model. */
  readonly at: readonly string[]
  readonly nodes: readonly Node[]
  /** The module whose statements the part's own nodes come from. */
  readonly context: ModuleDeclaration | undefined
  /** Modules that its statement calls, where that is known. */
  readonly calls?: readonly string[]
}

export interface Description {
  /** The module, where the part is one call and nothing else. */
  readonly module?: ModuleDeclaration
  /** `SwinIR`; `conv, take`; `6 x RSTB`. */
  readonly does: string
  /** Whether there are modules inside. */
  readonly isFolded: boolean
}

const isTurn = (part: string | undefined): boolean => part?.startsWith('[') === true

/** The parts of a region by the next part of their paths, in the order in which they compute. */
export function partsIn(region: Region, text: TextIndex): ReadonlyMap<string, Region> {
  const { at, nodes, context, calls } = region
  const groups = new Map<string, Node[]>()
  for (const node of nodes) {
    const name = segments(node.path)[at.length] ?? ''
    const group = groups.get(name)
    if (group) group.push(node)
    else groups.set(name, [node])
  }
  return new Map(
    [...groups].map(([name, group]) => {
      const called = isTurn(name) ? calls : text.calledBy(context, name)
      const part = { at: name === '' ? at : [...at, name], nodes: group, context, ...(called && { calls: called }) }
      return [name, part]
    }),
  )
}

/** The region as its own statements see it: inside of the module where it is one call. */
export const entered = (region: Region, text: TextIndex): Region => {
  const module = moduleOf(region, text)
  return module ? { at: region.at, nodes: region.nodes, context: module } : region
}

/** What computes in a region. */
export function describe(region: Region, text: TextIndex): Description {
  const module = moduleOf(region, text)
  const isFolded = region.nodes.some((node) => isForeign(node, region, text))
  return module ? { module, does: module.name.text, isFolded } : { does: steps(region, text), isFolded }
}

/** Whether a node was made inside of a module that the region calls. */
export function isForeign(node: Node, { context }: Region, text: TextIndex): boolean {
  const around = text.around(node.span)
  return around !== undefined && around !== context
}

/** The module that a region is one call of. */
function moduleOf(region: Region, text: TextIndex): ModuleDeclaration | undefined {
  const { at, nodes, calls } = region
  if (calls && calls.length !== 1) return undefined
  if (!nodes.every((node) => isForeign(node, region, text))) return undefined
  if (nodes.every((node) => isTurn(segments(node.path)[at.length]))) return undefined
  const called = nodes.filter((node) => !calls || calls.includes(text.around(node.span)!.name.text))
  return outermost(called.length > 0 ? called : nodes, text)
}

/** The module around the node that stands least deep. */
function outermost(nodes: readonly Node[], text: TextIndex): ModuleDeclaration | undefined {
  const depths = nodes.map((node) => segments(node.path).length)
  return text.around(nodes[depths.indexOf(Math.min(...depths))]?.span)
}

/** Ops and modules in order; turns that are alike are counted. */
function steps(region: Region, text: TextIndex): string {
  const turns = new Map<string, Node[]>()
  for (const node of region.nodes) {
    const next = segments(node.path)[region.at.length]
    const turn = isTurn(next) ? next! : ''
    turns.set(turn, [...(turns.get(turn) ?? []), node])
  }
  const lists: { readonly list: string; count: number }[] = []
  for (const [turn, nodes] of turns) {
    const list = stepsOf(nodes, region, region.at.length + (turn === '' ? 0 : 1), text)
    const last = lists.at(-1)
    if (last && turn !== '' && last.list === list) last.count += 1
    else lists.push({ list, count: 1 })
  }
  return lists.map(({ list, count }) => (count === 1 ? list : `${count} x ${list.includes(',') ? `(${list})` : list}`)).join(', ')
}

/** Each call once, however many nodes it made. */
function stepsOf(nodes: readonly Node[], region: Region, depth: number, text: TextIndex): string {
  const calls = new Map<string, Node[]>()
  for (const node of nodes) {
    const key = isForeign(node, region, text)
      ? // One call of a module has no label in paths; several have one each.
        `module ${region.calls?.length === 1 ? '' : (segments(node.path)[depth] ?? '')}`
      : `${node.span?.start} ${node.span?.end}`
    calls.set(key, [...(calls.get(key) ?? []), node])
  }
  const names = [...calls].map(([key, [first, ...rest]]) =>
    key.startsWith('module ')
      ? ((region.calls?.length === 1 ? region.calls[0] : outermost([first!, ...rest], text)?.name.text) ?? '')
      : callOf(first!, text),
  )
  return names.filter((name, at) => name !== names[at - 1] || /^\w/.test(name)).join(', ')
}

const operators: Readonly<Record<string, string>> = {
  add: '+',
  subtract: '-',
  multiply: '*',
  divide: '/',
  remainder: '%',
  negate: '-',
}

/** The op that a node came from, as it is written; the number where one was left of it. */
export const callOf = ({ op, attributes, span }: Node, text: TextIndex): string =>
  op === 'fill' ? String(attributes['value']) : (text.calleeAt(span) ?? operators[op] ?? op)
