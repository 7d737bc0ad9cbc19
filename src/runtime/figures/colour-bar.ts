import { fitted, type Mark } from './scene.ts'
import { colourAt } from '../report/colour-map.ts'

export interface ColourBar {
  readonly colours: readonly (readonly [number, number, number])[]
  /** At its left end, middle and right end. */
  readonly ticks: readonly [string, string, string]
  /** What it measures and in which unit, a line each. */
  readonly lines: readonly string[]
}

const steps = 64

/** So that the outer ticks' texts end where the bar does. */
const anchors = ['start', 'middle', 'end'] as const

/** A key to a colour map, in the middle of the height of `box`. */
export function colourBar(
  { colours, ticks, lines }: ColourBar,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): Mark[] {
  const inset = 8
  const width = box.width - 2 * inset
  const x = box.x + inset
  const y = box.y + Math.max(0, (box.height - (34 + 12 * lines.length)) / 2)
  const data = Uint8Array.from(Array.from({ length: steps }, (_, at) => colourAt(colours, at / (steps - 1))).flat())
  const tick = (share: number): Mark => ({
    kind: 'path',
    d: `M${x + share * width} ${y + 12}v4`,
    stroke: '#111',
    strokeWidth: 0.75,
  })
  return [
    { kind: 'picture', x, y, width, height: 12, picture: { width: steps, height: 1, data } },
    { kind: 'box', x, y, width, height: 12, stroke: '#111', strokeWidth: 0.75 },
    ...ticks.flatMap((text, at): Mark[] => [
      tick(at / 2),
      { kind: 'text', x: x + (at / 2) * width, y: y + 26, text, size: 10, anchor: anchors[at]! },
    ]),
    ...lines.map((text, at): Mark => ({
      kind: 'text',
      x: box.x + box.width / 2,
      y: y + 42 + 12 * at,
      text: fitted(text, 9.5, box.width),
      size: 9.5,
      anchor: 'middle',
    })),
  ]
}
