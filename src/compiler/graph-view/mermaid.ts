import { boxLines, frameLines, titleLines, valueText } from './labels.ts'
import type { Box, GraphView } from './view.ts'

/** Mermaid's flowchart, which GitHub and many editors draw from a text. */
export function toMermaid(view: GraphView): string {
  const ids = new Map([...view.boxes, ...view.frames].map(({ id }, at) => [id, `n${at}`]))
  const id = (name: string): string => ids.get(name)!
  const inside = (parent: string | undefined, indent: string): string[] => [
    ...view.boxes
      .filter((box) => (box.kind === 'part' ? box.frame : undefined) === parent)
      .map((box) => `${indent}${id(box.id)}${shaped(box)}:::${classOf(box)}`),
    ...view.frames
      .filter((frame) => frame.frame === parent)
      .flatMap((frame) => [
        `${indent}subgraph ${id(frame.id)} [${quoted(frameLines(frame))}]`,
        ...inside(frame.id, `${indent}  `),
        `${indent}end`,
      ]),
  ]
  const ends = new Map(view.boxes.map((box) => [box.id, box.kind]))
  return [
    '---',
    `title: ${JSON.stringify(titleLines(view).join('; '))}`,
    '---',
    'flowchart TD',
    ...inside(undefined, '  '),
    ...view.edges.map(({ from, to, values }) => {
      const isSaid = ends.get(from) === 'input' || ends.get(to) === 'output'
      const label = isSaid ? '' : `|${quoted(values.map(valueText))}|`
      return `  ${id(from)} -->${label} ${id(to)}`
    }),
    '  classDef input fill:#dcebfa,stroke:#3b78b5,color:#000',
    '  classDef output fill:#dff3e0,stroke:#3d8b40,color:#000',
    '  classDef slot fill:#fff3cd,stroke:#b8860b,color:#000',
    '  classDef part fill:#fff,stroke:#80868b,color:#000',
    '  classDef replaced fill:#fde2d5,stroke:#c8501e,color:#000,stroke-dasharray:5 4',
    '',
  ].join('\n')
}

const classOf = (box: Box): string =>
  box.kind !== 'part' ? box.kind : box.isReplaced ? 'replaced' : box.isSlot ? 'slot' : 'part'

const shaped = (box: Box): string => (box.kind === 'part' ? `[${quoted(boxLines(box))}]` : `([${quoted(boxLines(box))}])`)

/** Mermaid has entities of its own for what ends a text. */
const quoted = (lines: readonly string[]): string =>
  `"${lines.map((line) => line.replaceAll('#', '#35;').replaceAll('"', '#quot;').replaceAll('<', '#lt;').replaceAll('>', '#gt;')).join('<br/>')}"`
