import { crop, type Picture } from '../data/picture.ts'
import { colourBar, type ColourBar } from './colour-bar.ts'
import { freeCorner, gap, layGrid, lineHeight, margin, zoomOf, type Grid, type Region, type Size } from './grid.ts'
import { scaleBar } from './scale-bar.ts'
import { fitted, pixelsPerUnit, wrapped, type Mark, type Scene } from './scene.ts'

/** What stands at one place of a figure. */
export interface Cell {
  /** Of the field's size. */
  readonly picture?: Picture
  readonly note?: string
  /** The best of its row. */
  readonly isBest?: boolean
  readonly hasScaleBar?: boolean
  /** Shows the inset, where the figure has one. */
  readonly hasInset?: boolean
  readonly key?: ColourBar
  /** Stands where there is no picture. */
  readonly blank?: string
}

export interface Row {
  readonly label: string
  readonly cells: readonly (Cell | undefined)[]
}

/** Pictures of one field in rows and columns. */
export interface Matrix {
  /** Pixels of every picture. */
  readonly field: Size
  readonly mpp?: number
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
  /** Names over columns that belong together, in order. */
  readonly groups?: readonly { readonly label: string; readonly columns: number }[]
  /** A part of the field that is shown larger in a corner. */
  readonly inset?: Region
  /** The surroundings of the field, left of the rest. */
  readonly overview?: { readonly picture: Picture; readonly region: Region; readonly label: string }
  /** Below everything, a line each. */
  readonly caption: readonly string[]
}

const frame = '#F0E442'

/** The figure of a matrix. */
export function matrixScene(matrix: Matrix): Scene {
  const { field, columns, rows, groups = [], caption, overview } = matrix
  const zoom = zoomOf(field)
  const cell = { width: (field.width * zoom) / pixelsPerUnit, height: (field.height * zoom) / pixelsPerUnit }
  const hasNotes = rows.map(({ cells }) => cells.some((each) => each?.note !== undefined))
  const starts = groups.map((_, at) => groups.slice(0, at).reduce((total, group) => total + group.columns, 0))
  const plan = {
    cell,
    columns: columns.length,
    hasNotes,
    groupStarts: starts.slice(1),
    hasGroupHeads: groups.length > 0,
  }
  const around = overview && overviewSize(overview.picture, cell, layGrid(plan))
  const grid = layGrid({ ...plan, left: around ? around.width + gap : 0 })
  const width = grid.right + margin
  const lines = caption.flatMap((text) => wrapped(text, 10, width - 2 * margin))
  const marks: Mark[] = [
    ...(overview && around ? overviewMarks(overview, around, grid, matrix.mpp) : []),
    ...groups.flatMap(({ label, columns: count }, at): Mark[] => {
      const left = grid.x[starts[at]!]!
      const right = grid.x[starts[at]! + count - 1]! + cell.width
      return [head(label, (left + right) / 2, grid.groupY, right - left)]
    }),
    ...columns.map((label, at) => head(label, grid.x[at]! + cell.width / 2, grid.headY, cell.width)),
    ...rows.flatMap(({ label, cells }, row): Mark[] => {
      const y = grid.y[row]!
      return [
        {
          kind: 'text',
          x: grid.labelX,
          y: y + cell.height / 2,
          text: fitted(label, 11, cell.height),
          size: 11,
          anchor: 'middle',
          angle: -90,
        },
        ...cells.flatMap((each, column) => (each ? cellMarks(each, matrix, { ...cell, x: grid.x[column]!, y }, zoom) : [])),
      ]
    }),
    ...lines.map((text, at): Mark => ({
      kind: 'text',
      x: margin,
      y: grid.bottom + 18 + 13 * at,
      text,
      size: 10,
      colour: '#333',
    })),
  ]
  return { width, height: grid.bottom + 12 + 13 * lines.length + margin, marks }
}

const head = (text: string, x: number, y: number, room: number): Mark => ({
  kind: 'text',
  x,
  y,
  text: fitted(text, 12, room),
  size: 12,
  anchor: 'middle',
  isBold: true,
})

function cellMarks(each: Cell, { field, mpp, inset }: Matrix, box: Region, zoom: number): Mark[] {
  const middle = box.x + box.width / 2
  const corner = each.hasInset && inset ? freeCorner(inset, field) : undefined
  // Away from the inset and from its place.
  const isBarRight = corner !== undefined && corner.right !== corner.low
  return [
    ...(each.picture ? ([{ kind: 'picture', ...box, picture: each.picture }] satisfies Mark[]) : []),
    ...(each.picture && each.hasInset && inset ? insetMarks(each.picture, inset, field, box, zoom) : []),
    ...(each.key ? colourBar(each.key, box) : []),
    ...(each.blank === undefined
      ? []
      : ([
          { kind: 'box', ...box, fill: '#f2f2f2' },
          { kind: 'text', x: middle, y: box.y + box.height / 2 + 4, text: each.blank, size: 11, anchor: 'middle', colour: '#555' },
        ] satisfies Mark[])), // prettier-ignore
    ...(each.hasScaleBar ? scaleBar(box, field.width, mpp, isBarRight) : []),
    ...(each.note === undefined
      ? []
      : ([
          {
            kind: 'text',
            x: middle,
            y: box.y + box.height + lineHeight - 3,
            text: each.note,
            size: 10.5,
            anchor: 'middle',
            ...(each.isBest && { isBold: true }),
          },
        ] satisfies Mark[])),
  ]
}

/** The part in its frame, and the same larger in the corner where it hides least. */
function insetMarks(picture: Picture, inset: Region, field: Size, box: Region, zoom: number): Mark[] {
  const unit = box.width / field.width
  const most = Math.floor(Math.min(field.width / inset.width, field.height / inset.height) * zoom)
  const larger = Math.min(most, Math.max(zoom + 1, Math.round((0.45 * field.width * zoom) / inset.width)))
  const [width, height] = [(inset.width * larger) / pixelsPerUnit, (inset.height * larger) / pixelsPerUnit]
  const { right, low } = freeCorner(inset, field)
  const x = right ? box.x + box.width - width : box.x
  const y = low ? box.y + box.height - height : box.y
  const part = crop(picture, inset.x, inset.y, inset.width, inset.height)
  const place = { x: box.x + inset.x * unit, y: box.y + inset.y * unit, width: inset.width * unit, height: inset.height * unit }
  return [
    { kind: 'picture', x, y, width, height, picture: part },
    { kind: 'box', ...place, stroke: 'black', strokeWidth: 2.5 },
    { kind: 'box', ...place, stroke: frame, strokeWidth: 1.5 },
    { kind: 'box', x, y, width, height, stroke: 'black', strokeWidth: 2.5 },
    { kind: 'box', x, y, width, height, stroke: frame, strokeWidth: 1.5 },
  ]
}

/** As high as the first two rows, unless it gets wider than two cells. */
function overviewSize(picture: Picture, cell: Size, { y }: Grid): Size {
  const height = y[Math.min(1, y.length - 1)]! + cell.height - y[0]!
  const width = Math.min(2 * cell.width + gap, (height * picture.width) / picture.height)
  const whole = (value: number): number => Math.round(value * pixelsPerUnit) / pixelsPerUnit
  return { width: whole(width), height: whole((width * picture.height) / picture.width) }
}

function overviewMarks(
  { picture, region, label }: NonNullable<Matrix['overview']>,
  size: Size,
  grid: Grid,
  mpp: number | undefined,
): Mark[] {
  const box = { x: margin, y: grid.y[0]!, ...size }
  const unit = size.width / picture.width
  const place = {
    x: box.x + region.x * unit,
    y: box.y + region.y * unit,
    width: region.width * unit,
    height: region.height * unit,
  }
  return [
    head(label, box.x + size.width / 2, grid.headY, size.width),
    { kind: 'picture', ...box, picture },
    { kind: 'box', ...place, stroke: 'black', strokeWidth: 3 },
    { kind: 'box', ...place, stroke: frame, strokeWidth: 1.75 },
    ...scaleBar(box, picture.width, mpp),
  ]
}
