import { primitiveNamed } from '../ops/registry.ts'
import { compare, format, symbols } from '../shapes/size.ts'
import type { Graph } from '../ir/graph.ts'

/**
 * What a legal graph is. Returns what is wrong, one sentence each; an empty list is a legal graph.
 * V1 every input of a node is made before it. V2 every value is made once. V3 every weight that a node names exists, and
 * every weight is used. V4 the primitive's shape rule gives the types that are written. V5 only sizes that an input
 * binds occur. V6 outputs exist.
 */
export function verify(graph: Graph): string[] {
  const problems: string[] = []
  const made = new Set(graph.inputs.map((input) => input.value))
  const weights = new Map(graph.weights.map((weight) => [weight.path, weight]))
  const used = new Set<string>()
  const bound = new Set(graph.inputs.flatMap((input) => graph.values[input.value]!.shape.flatMap(symbols)))
  for (const node of graph.nodes) {
    const at = `${node.op} (${node.path})`
    for (const input of node.inputs) if (!made.has(input)) problems.push(`V1 ${at}: input ${input} is not made yet`)
    for (const result of node.results) {
      if (made.has(result)) problems.push(`V2 ${at}: value ${result} is made twice`)
      made.add(result)
    }
    for (const path of node.weights) {
      used.add(path)
      if (!weights.has(path)) problems.push(`V3 ${at}: no weight ${path}`)
    }
    if (node.weights.every((path) => weights.has(path))) {
      const types = primitiveNamed(node.op).results({
        inputs: node.inputs.map((input) => graph.values[input]!),
        weights: node.weights.map((path) => weights.get(path)!),
        attributes: node.attributes,
        sizes: node.sizes,
      })
      types.forEach((type, index) => {
        const written = graph.values[node.results[index]!]!
        const same =
          type.dtype === written.dtype &&
          type.shape.length === written.shape.length &&
          type.shape.every((size, axis) => compare(size, written.shape[axis]!) === 'equal')
        if (!same)
          problems.push(
            `V4 ${at}: the rule gives [${type.shape.map(format).join(', ')}], written is [${written.shape.map(format).join(', ')}]`,
          )
      })
    }
    const sizes = [...Object.values(node.sizes).flat(), ...node.results.flatMap((result) => graph.values[result]!.shape)]
    for (const name of new Set(sizes.flatMap(symbols))) if (!bound.has(name)) problems.push(`V5 ${at}: no input binds ${name}`)
  }
  for (const path of weights.keys()) if (!used.has(path)) problems.push(`V3 weight ${path} is not used`)
  for (const output of graph.outputs) if (!made.has(output.value)) problems.push(`V6 output ${output.name} is not made`)
  return problems
}
