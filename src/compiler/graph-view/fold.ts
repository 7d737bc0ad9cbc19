import { producers, type Graph, type Node } from '../ir/graph.ts'
import type { CompiledModel } from '../plan.ts'
import { constants, parametersOf } from './boxes.ts'
import { cut, type Cut } from './cut.ts'
import { describe, type Region } from './describe.ts'
import { pathOf, segments } from './paths.ts'
import { sizeNames } from './sizes.ts'
import { indexText } from './text.ts'
import type { Box, Edge, GraphView, Part } from './view.ts'

export interface FoldOptions {
  /** How many levels are shown: 1 has the model's slots and lets, 2 what is inside of them. */
  readonly depth?: number
  /** Shows the inside of one part, one of `partPaths`. */
  readonly module?: string
}

/** Folds a network by its modules. `sources` are the texts that it was compiled from, for the names in them. */
export function graphView(
  model: CompiledModel,
  sources: ReadonlyMap<string, string>,
  { depth = 1, module = '' }: FoldOptions = {},
): GraphView {
  const { graph } = model
  const text = indexText(sources, model.file, model.name)
  const sizes = sizeNames(graph, text)
  const names = valueNames(graph.lets)
  const count = parametersOf(graph)
  const parts = cut(graph, text, depth, module)
  const results = resultsOf(model, parts.top, names)
  const { arrows, outside } = connect(graph, parts, results)

  const shapeOf = (value: number): string => sizes.shapeOf(graph.values[value]!)
  const inputs = [...outside].map(([value, id]): Box => {
    const { name, role } = model.inputs.find((_, at) => graph.inputs[at]?.value === value) ?? {
      name: names.get(value) ?? placeOf(producers(graph).get(value), module),
      role: '',
    }
    return { kind: 'input', id, name, role, shape: shapeOf(value) }
  })
  const used = new Set(arrows.flatMap(({ from, to }) => [from, to]))
  const shown = ({ id, region, labels }: Cut['boxes'][number]): Part & { isFolded: boolean } => {
    const { does, isFolded } = describe(region, text)
    return { id, ...labels, does, parameters: count(region.nodes), isFolded }
  }
  const boxes = parts.boxes.filter(({ id }) => used.has(id)).map((box): Box => ({ kind: 'part', ...shown(box) }))
  const outputs = results.map(({ id, name, role, value }): Box => ({ kind: 'output', id, name, role, shape: shapeOf(value) }))
  const given = new Map<string, Set<number>>()
  for (const { from, values } of arrows) given.set(from, new Set([...(given.get(from) ?? []), ...values]))
  const edges = arrows.map(({ from, to, values }): Edge => ({
    from,
    to,
    values: values.map((value) => {
      const name = given.get(from)!.size > 1 ? names.get(value) : undefined
      return { ...(name !== undefined && { name }), shape: shapeOf(value) }
    }),
  }))
  const isThere = (slot: string): boolean => graph.nodes.some((node) => segments(node.path)[0] === slot)
  return {
    title: titleOf(model, parts.top, describe(parts.top, text).does),
    parameters: count(parts.top.nodes),
    notes: [
      ...meaningNotes(sizes.meanings, arrows.flatMap(({ values }) => values.map(shapeOf))),
      ...[...text.replaced].flatMap(([slot, { text: filler }]) =>
        module !== '' || isThere(slot) ? [] : [`${slot} is replaced with ${filler}: nothing computes there`],
      ),
    ],
    boxes: [...inputs, ...boxes, ...outputs],
    frames: parts.frames.map((frame) => { const { isFolded: _, ...part } = shown(frame); return part }),
    edges,
  } // prettier-ignore
}

interface Arrow {
  readonly from: string
  readonly to: string
  /** Value ids. */
  readonly values: readonly number[]
}

interface Result {
  readonly id: string
  readonly name: string
  readonly role: string
  readonly value: number
}

/** Arrows between boxes; `outside` has the values that come from what is not shown, each with its input's id. */
function connect(graph: Graph, { boxes, boxOf, passing }: Cut, results: readonly Result[]) {
  const makers = producers(graph)
  const still = constants(graph)
  const frameOf = new Map(boxes.map(({ id, labels }) => [id, labels.frame]))
  const outside = new Map<number, string>()
  const arrows = new Map<string, { from: string; to: string; values: Set<number> }>()
  const origin = (value: number): number => {
    const maker = makers.get(value)
    return maker && passing.has(maker) ? origin(maker.inputs[0]!) : value
  }
  const draw = (taken: number, to: string): void => {
    const value = origin(taken)
    const maker = makers.get(value)
    const box = maker && boxOf.get(maker)
    if (box === to) return
    // What depends on sizes only is written in every module that uses it, and is one node in the graph.
    if (maker && still.has(maker) && (box === undefined || frameOf.get(box) !== frameOf.get(to))) return
    const from = box ?? `input ${value}`
    if (box === undefined) outside.set(value, from)
    const arrow = arrows.get(`${from} > ${to}`) ?? { from, to, values: new Set<number>() }
    arrow.values.add(value)
    arrows.set(`${from} > ${to}`, arrow)
  }
  for (const [node, box] of boxOf) for (const input of node.inputs) draw(input, box)
  for (const { id, value } of results) draw(value, id)
  return {
    outside,
    arrows: [...arrows.values()].map((arrow): Arrow => ({ ...arrow, values: [...arrow.values].sort((a, b) => a - b) })),
  }
}

/** The model's outputs, or what leaves the part that is shown. */
function resultsOf(model: CompiledModel, top: Region, names: ReadonlyMap<number, string>): Result[] {
  const { graph, outputs } = model
  if (top.at.length === 0)
    return outputs.map(({ name, role }, at) => ({ id: `output ${name}`, name, role, value: graph.outputs[at]!.value }))
  const inside = new Set(top.nodes)
  const still = constants(graph)
  const made = new Set(top.nodes.filter((node) => !still.has(node)).flatMap((node) => node.results))
  const taken = graph.nodes.filter((node) => !inside.has(node)).flatMap((node) => node.inputs)
  const leaving = [...new Set([...taken, ...graph.outputs.map((output) => output.value)])].filter((value) => made.has(value))
  return leaving.map((value) => ({ id: `output ${value}`, name: names.get(value) ?? 'result', role: '', value }))
}

/** The last part of the shortest path that a value has as a let. */
function valueNames(lets: ReadonlyMap<string, number>): ReadonlyMap<number, string> {
  const shortest = new Map<number, string[]>()
  for (const [path, value] of lets) {
    const parts = segments(path)
    if (parts.length < (shortest.get(value)?.length ?? Infinity)) shortest.set(value, parts)
  }
  return new Map([...shortest].map(([value, parts]) => [value, parts.at(-1)!]))
}

/** What makes a value without a name, as it is called beside the part that is shown. */
function placeOf(maker: Node | undefined, module: string): string {
  const [path, shown] = [segments(maker?.path ?? ''), segments(module)]
  const same = path.findIndex((part, at) => part !== shown[at])
  const name = path.slice(0, same < 0 ? path.length : same + 1)
  return name.at(-1)?.startsWith('[') ? pathOf(name.slice(-2)) : (name.at(-1) ?? maker?.op ?? '')
}

function titleOf({ name, variants, preset }: CompiledModel, { at }: Region, does: string): string {
  const whole = [name, ...variants].join(', ')
  return [at.length > 0 ? `${pathOf(at)} of ${whole}: ${does}` : whole, ...(preset ? [`preset ${preset}`] : [])].join(', ')
}

/** What the names of sizes that are drawn stand for. */
const meaningNotes = (meanings: ReadonlyMap<string, string>, shapes: readonly string[]): string[] => {
  const text = shapes.join(' ')
  return [...meanings].flatMap(([name, size]) => (new RegExp(`\\b${name}\\b`).test(text) ? [`${name} = ${size}`] : []))
}
