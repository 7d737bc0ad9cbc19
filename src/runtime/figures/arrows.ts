/** A place in pixels of the picture. */
export interface Point {
  readonly x: number
  readonly y: number
}

/** What is taken `from` one place `to` another, and how alike the two are. */
export interface Transfer {
  readonly from: Point
  readonly to: Point
  readonly score: number
}

export interface ArrowRules {
  /** So many at most. */
  readonly count: number
  /** No pair is less alike. */
  readonly alike: number
  /** No arrow is shorter. */
  readonly least: number
  /** No arrow comes nearer to another. */
  readonly apart: number
}

const distance = (a: Point, b: Point): number => Math.hypot(a.x - b.x, a.y - b.y)

/** Twice the signed area of the triangle. */
const turn = (a: Point, b: Point, c: Point): number => (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x)

/** How near a point is to an arrow. */
function toArrow(point: Point, { from, to }: Transfer): number {
  const length = distance(from, to)
  const along = ((point.x - from.x) * (to.x - from.x) + (point.y - from.y) * (to.y - from.y)) / length ** 2
  const share = Math.min(1, Math.max(0, length === 0 ? 0 : along))
  return distance(point, { x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) })
}

/** How near two arrows come to each other: 0 where they cross. */
export function between(a: Transfer, b: Transfer): number {
  const crosses =
    turn(a.from, a.to, b.from) * turn(a.from, a.to, b.to) < 0 && turn(b.from, b.to, a.from) * turn(b.from, b.to, a.to) < 0
  return crosses ? 0 : Math.min(toArrow(a.from, b), toArrow(a.to, b), toArrow(b.from, a), toArrow(b.to, a))
}

/**
 * The most alike pairs that can be read together: taken one by one from the most alike on, leaving out what is too short or comes too near
 * to what was taken. Of equals the first is taken.
 */
export function selectArrows<T extends Transfer>(all: readonly T[], { count, alike, least, apart }: ArrowRules): T[] {
  const chosen: T[] = []
  for (const arrow of [...all].sort((a, b) => b.score - a.score)) {
    if (chosen.length === count || arrow.score < alike) break
    if (distance(arrow.from, arrow.to) >= least && chosen.every((other) => between(arrow, other) >= apart)) chosen.push(arrow)
  }
  return chosen
}
