import { UserError } from '../../errors.ts'
import type { Extent, Rectangle } from '../predict/places.ts'
import { levelsText, type Slide } from '../slides/slide.ts'

/** Along both axes. */
export interface Pair {
  readonly x: number
  readonly y: number
}

/** How large a slide is to become: one of the first four. */
export interface Wanted {
  readonly scale?: number
  /** Micrometres a pixel of the result. */
  readonly mpp?: number
  readonly magnification?: number
  /** The level that is enlarged; the full size without it. */
  readonly level?: number
  /** Micrometres a pixel of the full size, whatever the file says. */
  readonly sourceMpp?: number
  /** The part that is enlarged, in pixels of the full size; the whole slide without it. */
  readonly region?: Region
}

export interface Region {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** What a slide becomes. */
export interface Target {
  readonly level: number
  /** The size of the level. */
  readonly low: Extent
  /** How many times larger it becomes along both axes, and what is said of it in one number. */
  readonly scale: Pair
  readonly m: number
  /** The size that the whole level would become, and the part of it that is computed. */
  readonly extent: Extent
  readonly part: Rectangle
  /** Of the result, where it is known. */
  readonly mpp?: Pair
  readonly magnification?: number
  /** Of the level, and what says so. */
  readonly from: { readonly mpp?: Pair; readonly mppFrom?: string; readonly magnification?: number }
}

/** Pixels that differ more along x and y are made square: each axis has its own scale. */
const sameWithin = 0.01

/** @throws UserError where a slide does not say what is needed, the level or the region is not there, or nothing would be enlarged. */
export function targetOf(file: string, slide: Slide, wanted: Wanted): Target {
  const at = wanted.level ?? 0
  const level = slide.levels[at]
  const all = levelsText(slide)
  if (!level) throw new UserError(`${file} has no level ${at}`, `it has ${all}`)
  const [full] = slide.levels as [Slide['levels'][number]]
  const down = { x: full.width / level.width, y: full.height / level.height }
  const source = wanted.sourceMpp === undefined ? slide.mpp : { x: wanted.sourceMpp, y: wanted.sourceMpp, from: '--source-mpp' }
  const mpp = source && { x: source.x * down.x, y: source.y * down.y }
  const magnification = slide.magnification && slide.magnification.value / Math.sqrt(down.x * down.y)
  const scale = scaleOf(file, wanted, mpp, magnification)
  const m = Math.sqrt(scale.x * scale.y)
  if (Math.min(scale.x, scale.y) < 1)
    throw new UserError(
      `${file}: ${saidOf(wanted)} is ${m.toPrecision(3)} times its ${at === 0 ? 'full size' : `level ${at}`}${mpp ? ` (${mpp.x.toPrecision(4)} micrometres a pixel)` : ''}: nothing would be enlarged`,
      at + 1 < slide.levels.length
        ? `name a coarser level with --level: it has ${all}`
        : 'ask for smaller pixels: less --mpp, more --magnification, or a larger --scale',
    )
  const extent = { width: Math.round(level.width * scale.x), height: Math.round(level.height * scale.y) }
  return {
    level: at,
    low: { width: level.width, height: level.height },
    scale,
    m,
    extent,
    part: partOf(file, wanted.region, full, extent),
    ...(mpp && { mpp: { x: mpp.x / scale.x, y: mpp.y / scale.y } }),
    ...(magnification !== undefined && { magnification: magnification * m }),
    from: { ...(mpp && { mpp, mppFrom: source!.from }), ...(magnification !== undefined && { magnification }) },
  }
}

const saidOf = ({ scale, mpp, magnification }: Wanted): string =>
  scale !== undefined
    ? `--scale ${scale}`
    : mpp !== undefined
      ? `${mpp} micrometres a pixel`
      : `${magnification} times magnification`

function scaleOf(file: string, wanted: Wanted, mpp: Pair | undefined, magnification: number | undefined): Pair {
  if (wanted.scale !== undefined) return { x: wanted.scale, y: wanted.scale }
  if (wanted.mpp !== undefined) {
    if (!mpp)
      throw new UserError(
        `${file} does not say how large its pixels are`,
        'say it with --source-mpp (micrometres a pixel of its full size), or how many times to enlarge with --scale',
      )
    const [x, y] = [mpp.x / wanted.mpp, mpp.y / wanted.mpp]
    const mean = Math.sqrt(x * y)
    return Math.abs(x / y - 1) > sameWithin ? { x, y } : { x: mean, y: mean }
  }
  if (magnification === undefined)
    throw new UserError(
      `${file} does not say its magnification`,
      mpp
        ? `ask by micrometres with --mpp: its pixels are ${mpp.x.toPrecision(4)} micrometres`
        : 'say how many times to enlarge with --scale',
    )
  const by = wanted.magnification! / magnification
  return { x: by, y: by }
}

function partOf(file: string, region: Region | undefined, full: Extent, extent: Extent): Rectangle {
  if (!region) return { top: 0, left: 0, bottom: extent.height, right: extent.width }
  const { x, y, width, height } = region
  if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > full.width || y + height > full.height)
    throw new UserError(
      `the region ${x},${y},${width},${height} is not inside ${file}`,
      `its full size is ${full.width} x ${full.height}: x, y, width and height are pixels of it`,
    )
  const [across, down] = [extent.width / full.width, extent.height / full.height]
  const [left, top] = [Math.round(x * across), Math.round(y * down)]
  return {
    left,
    top,
    right: Math.max(left + 1, Math.round((x + width) * across)),
    bottom: Math.max(top + 1, Math.round((y + height) * down)),
  }
}
