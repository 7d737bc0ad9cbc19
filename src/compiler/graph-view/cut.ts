import type { Graph, Node } from '../ir/graph.ts'
import { sharedLayouts, turnsOf } from './boxes.ts'
import { describe, entered, partsIn, type Region } from './describe.ts'
import { pathOf, segments } from './paths.ts'
import type { TextIndex } from './text.ts'
import type { Part } from './view.ts'

/** A part as it is found, before what it does and holds is counted. */
export interface Found {
  readonly id: string
  readonly region: Region
  readonly labels: Pick<Part, 'frame' | 'path' | 'name' | 'isSlot' | 'isReplaced' | 'about'>
}

/** A network cut into boxes. */
export interface Cut {
  /** What is shown: the model, or the part that was asked for. */
  readonly top: Region
  readonly frames: readonly Found[]
  /** Boxes in the order in which they compute, each with its own nodes. */
  readonly boxes: readonly Found[]
  /** The box of each node; none for nodes outside of what is shown. */
  readonly boxOf: ReadonlyMap<Node, string>
  /** Nodes that stand in no box, and pass on what they are given. */
  readonly passing: ReadonlySet<Node>
}

/** Cuts a network (or one part of it, `module`) into the boxes of its first `depth` levels. */
export function cut(graph: Graph, text: TextIndex, depth: number, module: string): Cut {
  let shown: Region = { at: [], nodes: graph.nodes, context: text.model }
  let top = shown
  for (const name of segments(module)) {
    top = partsIn(shown, text).get(name) ?? { at: [name], nodes: [], context: undefined }
    shown = entered(top, text)
  }
  const { frames, leaves } = split(shown, text, depth)
  const groups = new Map([...leaves.values()].flatMap(({ id, region }) => region.nodes.map((node) => [node, id] as const)))
  const turns = turnsOf(graph, groups)
  const ids = new Map([...groups].map(([node, id]) => [node, turns.get(node) === 0 ? id : `${id}#${turns.get(node)}`] as const))
  const passing = sharedLayouts(graph, ids)
  const boxOf = new Map([...ids].filter(([node]) => !passing.has(node)))
  const boxes = new Map<string, { readonly leaf: Found; readonly nodes: Node[] }>()
  for (const node of graph.nodes) {
    const id = boxOf.get(node)
    if (id === undefined) continue
    const box = boxes.get(id)
    if (box) box.nodes.push(node)
    else boxes.set(id, { leaf: leaves.get(groups.get(node)!)!, nodes: [node] })
  }
  return {
    top,
    frames,
    boxes: [...boxes].map(([id, { leaf, nodes }]) => ({ ...leaf, id, region: { ...leaf.region, nodes } })),
    boxOf,
    passing,
  }
}

/** The parts of a region, down to `depth` levels: those whose inside is shown, and those that are not. */
function split(region: Region, text: TextIndex, depth: number, frame?: string): { frames: Found[]; leaves: Map<string, Found> } {
  const frames: Found[] = []
  const leaves = new Map<string, Found>()
  for (const [name, part] of partsIn(region, text)) {
    const found = { id: pathOf(part.at) + (name === '' ? '/' : ''), region: part, labels: labelsOf(part, name, text, frame) }
    if (name === '' || depth <= 1 || !describe(part, text).isFolded) leaves.set(found.id, found)
    else {
      const inner = split(entered(part, text), text, depth - 1, found.id)
      frames.push(found, ...inner.frames)
      for (const [id, leaf] of inner.leaves) leaves.set(id, leaf)
    }
  }
  return { frames, leaves }
}

function labelsOf(region: Region, name: string, text: TextIndex, frame: string | undefined): Found['labels'] {
  const isOfModel = region.at.length === 1 && name !== ''
  return {
    ...(frame !== undefined && { frame }),
    path: pathOf(region.at),
    name: name.startsWith('[') ? pathOf(region.at.slice(-2)) : name,
    isSlot: isOfModel && text.slots.has(name),
    isReplaced: isOfModel && text.replaced.has(name),
    about: name === '' ? '' : (describe(region, text).module?.documentation ?? ''),
  }
}
