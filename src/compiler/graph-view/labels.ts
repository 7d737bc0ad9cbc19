import type { Box, EdgeValue, Frame, GraphView, Part } from './view.ts'

/** What stands above a drawing: its title, then what helps to read it. */
export function titleLines({ title, parameters, notes, boxes, frames }: GraphView): readonly [string, ...string[]] {
  const parts = [...boxes.filter((box) => box.kind === 'part'), ...frames]
  return [
    title,
    ...countLines(parameters),
    ...notes,
    ...(parts.some((part) => part.isSlot && !part.isReplaced) ? ['yellow: slots, which a variant may replace'] : []),
    ...(parts.some((part) => part.isReplaced) ? ['orange, dashed: what the variant put there'] : []),
  ]
}

/** What stands in a box, a line each; the first is its name. */
export function boxLines(box: Box): readonly [string, ...string[]] {
  if (box.kind !== 'part') return [box.role === '' ? box.name : `${box.name}: ${box.role}`, box.shape]
  const [first, ...rest] = wrapped(box.does, 34)
  const name = box.name || first || ''
  return [name, ...(isSaid(box) ? [] : [first ?? '']), ...rest, ...countLines(box.parameters)]
}

/** What stands above the inside of a part. */
export const frameLines = (frame: Frame): readonly [string, ...string[]] => [
  frame.name,
  [...(isSaid(frame) ? [] : [frame.does]), ...countLines(frame.parameters)].join(', '),
]

/** Whether the name says what it does: `conv`, or the second `Dense2` in one statement. */
const isSaid = ({ name, does }: Part): boolean => name === '' || name.replace(/\d+$/, '') === does

const countLines = (parameters: number): string[] => (parameters > 0 ? [`${parameters.toLocaleString('en')} parameters`] : [])

/** A value that goes along an edge. */
export const valueText = ({ name, shape }: EdgeValue): string => (name === undefined ? shape : `${name} ${shape}`)

/** Lines of a list of names, about `width` long. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(/(?<=, )/)) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + word.length <= width) lines[lines.length - 1] = last + word
    else lines.push(word)
  }
  return lines.map((line) => line.trim())
}
