import { boxLines, frameLines, titleLines, valueText } from './labels.ts'
import type { Box, GraphView, Part } from './view.ts'

/** Graphviz knows its measures, and browsers have it or one alike. */
const font = 'Arial'
const grey = '#5f6368'
const colours = {
  input: { fill: '#dcebfa', line: '#3b78b5' },
  output: { fill: '#dff3e0', line: '#3d8b40' },
  slot: { fill: '#fff3cd', line: '#b8860b' },
  part: { fill: '#ffffff', line: '#80868b' },
  replaced: { fill: '#fde2d5', line: '#c8501e' },
} as const

/** Graphviz's language. Inputs are blue, outputs green, slots yellow; what a variant put there is orange and dashed. */
export function toDot(view: GraphView): string {
  const frames = (parent: string | undefined, indent: string): string[] => [
    ...view.boxes.filter((box) => (box.kind === 'part' ? box.frame : undefined) === parent).map((box) => indent + boxLine(box)),
    ...view.frames
      .filter((frame) => frame.frame === parent)
      .flatMap((frame) => [
        `${indent}subgraph ${quoted(`cluster ${frame.id}`)} {`,
        `${indent}  graph [${attributes({ label: html(frameLines(frame), 'left'), ...frameStyle(frame), ...tooltip(frame) })}]`,
        ...frames(frame.id, `${indent}  `),
        `${indent}}`,
      ]),
  ]
  const ends = new Map(view.boxes.map((box) => [box.id, box.kind]))
  return [
    `digraph ${quoted(view.title)} {`,
    `  graph [${attributes({ label: html(titleLines(view)), labelloc: 't', fontname: font, fontsize: '14', rankdir: 'TB', nodesep: '0.45', ranksep: '0.4' })}]`,
    `  node [${attributes({ shape: 'box', fontname: font, fontsize: '12', margin: '0.2,0.09' })}]`,
    `  edge [${attributes({ fontname: font, fontsize: '10', fontcolor: grey, color: grey, arrowsize: '0.7' })}]`,
    ...frames(undefined, '  '),
    ...view.edges.map(({ from, to, values }) => {
      // Inputs and outputs say their shapes themselves.
      const isSaid = ends.get(from) === 'input' || ends.get(to) === 'output'
      const label = isSaid ? '' : ` [label=<${values.map((value) => escaped(`  ${valueText(value)}  `)).join('<br/>')}>]`
      return `  ${quoted(from)} -> ${quoted(to)}${label}`
    }),
    '}',
    '',
  ].join('\n') // prettier-ignore
}

function boxLine(box: Box): string {
  const { fill, line } = colours[box.kind === 'part' ? (box.isReplaced ? 'replaced' : box.isSlot ? 'slot' : 'part') : box.kind]
  const rounded = box.kind === 'part' ? [] : ['rounded']
  const dashed = box.kind === 'part' && box.isReplaced ? ['dashed'] : []
  return `${quoted(box.id)} [${attributes({
    label: html(boxLines(box)),
    style: ['filled', ...rounded, ...dashed].join(','),
    fillcolor: fill,
    color: line,
    ...(box.kind === 'part' && tooltip(box)),
  })}]`
}

function frameStyle({ isReplaced, isSlot }: Part): Readonly<Record<string, string>> {
  const { line } = colours[isReplaced ? 'replaced' : isSlot ? 'slot' : 'part']
  return { style: isReplaced ? 'dashed' : 'solid', color: line, fontsize: '12', labeljust: 'l' }
}

const tooltip = ({ about, path }: Part): Readonly<Record<string, string>> => ({ tooltip: about || path || 'model' })

/** The first line in bold, the others small. */
const html = ([first, ...rest]: readonly [string, ...string[]], align = 'center'): string =>
  `<${[`<b>${escaped(first)}</b>`, ...rest.map((line) => `<font point-size="10" color="${grey}">${escaped(line)}</font>`)]
    .map((line) => `${line}<br align="${align}"/>`)
    .join('')}>`

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
const quoted = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', ' ')}"`

const attributes = (given: Readonly<Record<string, string>>): string =>
  Object.entries(given).map(([name, value]) => `${name}=${value.startsWith('<<') ? value : quoted(value)}`).join(', ') // prettier-ignore
