import type { Graph, TensorType } from '../ir/graph.ts'
import { format, symbols } from '../shapes/size.ts'
import type { TextIndex } from './text.ts'

export interface SizeNames {
  /** `i32[B, q, 4]`. */
  shapeOf(type: TensorType): string
  /** The names that a shape uses, with what they stand for: `H = 8 * ceil(h / 8)`. */
  readonly meanings: ReadonlyMap<string, string>
}

/** Shapes in which long sizes go by the names that the slots' contracts give them: `?H` in `[B, ?H, ?W, width]`. */
export function sizeNames(graph: Graph, text: TextIndex): SizeNames {
  const taken = new Set(graph.inputs.flatMap(({ value }) => graph.values[value]!.shape.flatMap(symbols)))
  const names = new Map<string, string>()
  for (const [slot, { gives }] of text.slots) {
    const given = resultsOf(graph, slot)
    for (const { name, type } of gives) {
      const value = name ? given.find((each) => hasName(graph, each, name.text)) : given.length === 1 ? given[0] : undefined
      const shape = value === undefined ? [] : graph.values[value]!.shape
      if (shape.length !== type.axes.length) continue
      type.axes.forEach((axis, at) => {
        if (axis.kind !== 'open' || !axis.name || taken.has(axis.name.text)) return
        const size = format(shape[at]!)
        if (/^\w+$/.test(size) || names.has(size)) return
        names.set(size, axis.name.text)
        taken.add(axis.name.text)
      })
    }
  }
  return {
    shapeOf: ({ shape, dtype }) => {
      const axes = shape.map((size) => names.get(format(size)) ?? format(size))
      return `${dtype === 'f32' ? '' : dtype}[${axes.join(', ')}]`
    },
    meanings: new Map([...names].map(([size, name]) => [name, size])),
  }
}

/** Values that a slot makes and something outside of it takes. */
function resultsOf(graph: Graph, slot: string): number[] {
  const isInside = (path: string): boolean => path === slot || path.startsWith(`${slot}.`)
  const made = new Set(graph.nodes.filter((node) => isInside(node.path)).flatMap((node) => node.results))
  const taken = graph.nodes.filter((node) => !isInside(node.path)).flatMap((node) => node.inputs)
  return [...new Set([...taken, ...graph.outputs.map((output) => output.value)])].filter((value) => made.has(value))
}

const hasName = (graph: Graph, value: number, name: string): boolean =>
  [...graph.lets].some(([path, id]) => id === value && path.endsWith(`.${name}`))
