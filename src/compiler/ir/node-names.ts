import type { Graph, Node } from './graph.ts'

/** A name for each node: its path, with what TensorFlow allows in names, each once in a graph. */
export function nodeNames(graph: Graph): ReadonlyMap<Node, string> {
  const taken = new Set(graph.inputs.map((input) => input.name))
  return new Map(
    graph.nodes.map((node) => {
      const base = `${node.path}${node.path ? '.' : ''}${node.op}`
        .replace(/\[(\d+)\]/g, '.$1')
        .replace(/[^A-Za-z0-9_.]/g, '_')
        .replace(/^[^A-Za-z0-9]/, 'x')
      let name = base
      for (let count = 2; taken.has(name); count += 1) name = `${base}_${count}`
      taken.add(name)
      return [node, name]
    }),
  )
}
