import type { Point } from './arrows.ts'
import type { Mark } from './scene.ts'

const blue = '#00489c'

/** An arrow on a white edge; the stronger (0 to 1), the wider and the less transparent. */
export function drawArrow(from: Point, to: Point, strength: number): Mark[] {
  const width = 1.2 + 1.8 * strength
  const opacity = 0.5 + 0.5 * strength
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length]
  const head = Math.min(5 + 2 * width, length / 2)
  const [neckX, neckY] = [to.x - head * dx, to.y - head * dy]
  const side = 0.42 * head
  const text = (...values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(' ')
  const shaft = `M${text(from.x, from.y)}L${text(neckX + dx, neckY + dy)}`
  const tip = `M${text(to.x, to.y)}L${text(neckX - side * dy, neckY + side * dx)}L${text(neckX + side * dy, neckY - side * dx)}Z`
  const tail = `M${text(from.x - width, from.y)}a${text(width, width)} 0 1 0 ${text(2 * width, 0)}a${text(width, width)} 0 1 0 ${text(-2 * width, 0)}Z`
  return [
    { kind: 'path', d: shaft, stroke: 'white', strokeWidth: width + 2, opacity },
    { kind: 'path', d: `${tip}${tail}`, fill: 'white', stroke: 'white', strokeWidth: 2, opacity },
    { kind: 'path', d: shaft, stroke: blue, strokeWidth: width, opacity },
    { kind: 'path', d: `${tip}${tail}`, fill: blue, opacity },
  ]
}
