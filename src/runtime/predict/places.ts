/** A size in pixels. */
export interface Extent {
  readonly height: number
  readonly width: number
}

/** Positions of a result: rows from `top` to before `bottom`, columns from `left` to before `right`. */
export interface Rectangle {
  readonly top: number
  readonly bottom: number
  readonly left: number
  readonly right: number
}

/** Positions in an order: rectangles one after the other, each row by row. */
export type Area = readonly Rectangle[]

/** A part of one rectangle of an area. */
export interface Piece extends Rectangle {
  /** The place in the area of its first position, and by how much that of the same column a row below is larger. */
  readonly first: number
  readonly stride: number
}

/** Positions one by one, with their places in the area. */
export interface Places {
  readonly rows: Int32Array
  readonly columns: Int32Array
  readonly at: Int32Array
}

/** What is computed of a result. */
export const partOf = ({ extent, part }: { readonly extent: Extent; readonly part?: Rectangle }): Rectangle =>
  part ?? { top: 0, bottom: extent.height, left: 0, right: extent.width }

/** What of an area lies inside a rectangle, in the area's order. */
export const inside = (area: Area, within: Rectangle): Area =>
  area.flatMap(({ top, bottom, left, right }) => {
    const met = {
      top: Math.max(top, within.top),
      bottom: Math.min(bottom, within.bottom),
      left: Math.max(left, within.left),
      right: Math.min(right, within.right),
    }
    return met.top < met.bottom && met.left < met.right ? [met] : []
  })

/** All positions of a picture. */
export const everywhere = ({ height, width }: Extent): Area => [{ top: 0, bottom: height, left: 0, right: width }]

const sizeOf = ({ top, bottom, left, right }: Rectangle): number => (bottom - top) * (right - left)

export const countOf = (area: Area): number => area.reduce((total, rectangle) => total + sizeOf(rectangle), 0)

/** The positions of an area from its place `from` to before `to`. */
export function sliceOf(area: Area, from: number, to: number): Area {
  let first = 0
  return area.flatMap((rectangle) => {
    const start = Math.max(0, from - first)
    const end = Math.min(sizeOf(rectangle), to - first)
    first += sizeOf(rectangle)
    return start < end ? run(rectangle, start, end) : []
  })
}

/** Row by row from one place of a rectangle to another: the rest of a row, whole rows, the beginning of one. */
function run({ top, left, right }: Rectangle, from: number, to: number): Rectangle[] {
  const width = right - left
  const [firstRow, firstColumn] = [Math.floor(from / width), from % width]
  const [lastRow, lastColumn] = [Math.floor(to / width), to % width]
  const row = (at: number, start: number, end: number): Rectangle[] =>
    start < end ? [{ top: top + at, bottom: top + at + 1, left: left + start, right: left + end }] : []
  if (firstRow === lastRow) return row(firstRow, firstColumn, lastColumn)
  const whole = firstColumn === 0 ? firstRow : firstRow + 1
  return [
    ...(firstColumn === 0 ? [] : row(firstRow, firstColumn, width)),
    ...(whole < lastRow ? [{ top: top + whole, bottom: top + lastRow, left, right }] : []),
    ...row(lastRow, 0, lastColumn),
  ]
}

/** An area's rectangles as pieces of it. */
export function piecesOf(area: Area): Piece[] {
  let first = 0
  return area.map((rectangle) => {
    const piece = { ...rectangle, first, stride: rectangle.right - rectangle.left }
    first += sizeOf(rectangle)
    return piece
  })
}

/** Some of the positions of pieces, counted through them. */
export function placesOf(pieces: readonly Piece[], from: number, to: number): Places {
  const places = { rows: new Int32Array(to - from), columns: new Int32Array(to - from), at: new Int32Array(to - from) }
  let next = 0
  let passed = 0
  for (const piece of pieces) {
    const { top, left, right, first, stride } = piece
    const width = right - left
    const end = Math.min(sizeOf(piece), to - passed)
    for (let each = Math.max(0, from - passed); each < end; each += 1) {
      const [row, column] = [Math.floor(each / width), each % width]
      places.rows[next] = top + row
      places.columns[next] = left + column
      places.at[next] = first + row * stride + column
      next += 1
    }
    passed += sizeOf(piece)
  }
  return places
}

/** Raster indices of an area's positions in a picture of this width. */
export function indicesOf(area: Area, width: number): Int32Array {
  const { rows, columns } = placesOf(piecesOf(area), 0, countOf(area))
  return rows.map((row, at) => row * width + columns[at]!)
}
