import type { Graph } from '../ir/graph.ts'

/** The parts of a path, turns of a `repeat` apart: `encoder`, `body`, `[0]`. */
export const segments = (path: string): string[] => (path === '' ? [] : path.replaceAll('[', '.[').split('.'))

/** The path again. */
export const pathOf = (parts: readonly string[]): string => parts.join('.').replaceAll('.[', '[')

/** Every part of the network that computes something, by its path: slots, lets, calls inside of them, turns. */
export function partPaths(graph: Graph): string[] {
  const paths = new Set<string>()
  for (const path of new Set(graph.nodes.map((node) => node.path))) {
    const parts = segments(path)
    parts.forEach((_, at) => paths.add(pathOf(parts.slice(0, at + 1))))
  }
  return [...paths]
}
