/** A size or a place in units. */
export interface Size {
  readonly width: number
  readonly height: number
}

export interface GridPlan {
  /** Of every cell. */
  readonly cell: Size
  readonly columns: number
  /** A row a member: whether a line of text stands below its cells. */
  readonly hasNotes: readonly boolean[]
  /** Columns that begin a new group: they keep a wider distance. */
  readonly groupStarts?: readonly number[]
  /** Whether the groups have a line of text above the columns'. */
  readonly hasGroupHeads?: boolean
  /** Room at the left, beside the rows' labels. */
  readonly left?: number
}

/** Where the cells stand, and what is around them. */
export interface Grid {
  readonly x: readonly number[]
  readonly y: readonly number[]
  /** Baselines of what stands above the columns. */
  readonly headY: number
  readonly groupY: number
  /** The middle of the rows' labels, which run upwards. */
  readonly labelX: number
  /** The right and lower end, the margin apart. */
  readonly right: number
  readonly bottom: number
}

export const margin = 8
export const gap = 5
const groupGap = 22
export const lineHeight = 14
const labelWidth = 16

/** Rows and columns of equal cells. */
export function layGrid({ cell, columns, hasNotes, groupStarts = [], hasGroupHeads, left = 0 }: GridPlan): Grid {
  const x: number[] = []
  let right = margin + left + labelWidth
  for (let column = 0; column < columns; column += 1) {
    if (column > 0) right += groupStarts.includes(column) ? groupGap : gap
    x.push(right)
    right += cell.width
  }
  const groupY = margin + 12
  const headY = groupY + (hasGroupHeads ? lineHeight + 2 : 0)
  const y: number[] = []
  let bottom = headY + 5
  hasNotes.forEach((has, row) => {
    if (row > 0) bottom += gap
    y.push(bottom)
    bottom += cell.height + (has ? lineHeight : 0)
  })
  return { x, y, headY, groupY, labelX: margin + left + labelWidth - 5, right, bottom }
}

/** How many pixels of the PNG a pixel of the field is wide, so that a cell is about `wanted` of them wide and no pixel is wider than another. */
export const zoomOf = (pixels: Size, wanted = 300): number =>
  Math.max(1, Math.round(wanted / Math.max(pixels.width, pixels.height)))

/** A part of a picture, in its pixels. */
export interface Region extends Size {
  readonly x: number
  readonly y: number
}

/** The corner of a cell, as signs, that is farthest from a part of its field. */
export function freeCorner(part: Region, field: Size): { readonly right: boolean; readonly low: boolean } {
  return { right: part.x + part.width / 2 < field.width / 2, low: part.y + part.height / 2 < field.height / 2 }
}
