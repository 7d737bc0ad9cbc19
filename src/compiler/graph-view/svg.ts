import type { GraphView } from './view.ts'
import { toDot } from './dot.ts'

/** Draws with Graphviz compiled to WebAssembly, in Node and in browsers. */
export async function toSvg(view: GraphView): Promise<string> {
  const { instance } = await import('@viz-js/viz')
  const viz = await instance()
  return viz.renderString(toDot(view), { format: 'svg', engine: 'dot' })
}
