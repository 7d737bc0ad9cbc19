import type { Scope } from '../../compiler/plan.ts'
import { UserError } from '../../errors.ts'
import { archcVersion } from '../../version.ts'
import { strengthOf, worse, type Compression } from '../data/compression.ts'
import { jpegTraces } from '../data/jpeg-traces.ts'
import { checksum } from '../files/checksum.ts'
import type { OpenedNetwork } from '../network/open-network.ts'
import { scopeText } from '../predict/candidates.ts'
import { partOf, type Rectangle } from '../predict/places.ts'
import { createPredictor, type PredictOptions, type Predictor } from '../predict/predict.ts'
import { tileAt } from '../predict/schedule.ts'
import { lackingOf } from '../predict/projected.ts'
import type { Pace } from '../predict/work.ts'
import { EnlargedSlide, requireForm, shareOf, type Begun, type Layout, type Share } from '../slides/enlarged-slide.ts'
import { groundOf, type Ground } from '../slides/ground.ts'
import { mendedRegion, type Damage } from '../slides/mended-region.ts'
import { openSlide } from '../slides/open-slide.ts'
import { pyramidLevels } from '../slides/pyramid.ts'
import type { Slide, SlideLevel } from '../slides/slide.ts'
import { openSlideSource, type SlideSource } from './slide-source.ts'
import { targetOf, type Target, type Wanted } from './slide-target.ts'
import { mannerOf, modelText, toldStrength } from './upscale.ts'

export interface SlideOptions extends Wanted {
  readonly input: string
  /** A .tif of tiles and levels, or a .dcm with further levels beside it. */
  readonly output: string
  /** Glass is computed too. */
  readonly everything?: boolean
  /** Of JPEG tiles, on libjpeg's scale. */
  readonly quality: number
  readonly lossless?: boolean
  /** Side of the tiles that are stored, in pixels. */
  readonly tile: number
  /** Only a share of the blocks is computed, into a file of its own beside the output. */
  readonly share?: Share
  /** Goes on with what is there. */
  readonly resume?: boolean
  readonly scope?: Scope
  readonly compression?: number | 'none'
  readonly consistent?: boolean
  readonly pace?: Pace
  readonly say?: (line: string) => void
  readonly onPlan?: (plan: SlidePlan) => void
  readonly onProgress?: (progress: SlideProgress) => void
  /** Asks to stop after the block that is computed. */
  readonly signal?: AbortSignal
}

export interface SlidePlan {
  readonly reader: Slide['reader']
  readonly target: Target
  /** The size of the result. */
  readonly to: readonly [width: number, height: number]
  readonly levels: number
  /** Blocks that are computed here, and of these such as are there already. */
  readonly blocks: number
  readonly done: number
  /** Pixels of the result that are computed here, in millions, and their share of all. */
  readonly megapixels: number
  readonly computed: number
  /** The share of the slide that is tissue. */
  readonly tissue: number
  readonly scope: string
  /** What computing it will take, and the process will hold. */
  readonly seconds: number
  readonly bytes: number
  readonly compression?: Compression
  readonly strength?: number
  readonly notes: readonly string[]
}

export interface SlideProgress {
  readonly doing: 'computing' | 'levels'
  readonly share: number
  /** Of what is computed. */
  readonly megapixelsPerSecond?: number
  readonly secondsLeft?: number
}

export interface SlideResult extends SlidePlan {
  readonly output: string
  /** Which part of a divided slide it is. */
  readonly share?: Share
  readonly took: number
  readonly megapixelsPerSecond?: number
  /** Places of the source that could not be decoded. */
  readonly damage: readonly Damage[]
  /** The largest difference (of 255) between blocks and what is computed across their borders, where that was looked at. */
  readonly seam?: number
  /** What is computed, made smaller again, against what came in, in dB; undefined where both are equal. */
  readonly consistency?: number
}

/** What is kept of a block. */
interface BlockNote {
  readonly seam?: number
  readonly squares: number
  readonly samples: number
}

/** Where a slide is written until it is whole. */
export const unfinished = (output: string, share: Share | undefined): string =>
  share ? `${output}.part-${share.index}-of-${share.of}` : `${output}.part`

/** A block sees about so many low-resolution pixels along a side, so that what it shares with its neighbours is little. */
const lowSide = 512
/** Blocks are smaller where a block would take more memory than this. */
const mostBytes = 1_500_000_000
const largestBlock = 2048
/** Side of what is computed across the corners of blocks, and how many corners are looked at. */
const [seamSide, seams] = [64, 16]
/** Side of what is searched for traces of compression. */
const searchedSide = 1024

/** Enlarges a slide block by block. What is there when it ends early is gone on with. */
export async function upscaleSlide(opened: OpenedNetwork, options: SlideOptions): Promise<SlideResult> {
  const { input, say } = options
  const slide = await openSlide(input, say)
  try {
    const target = targetOf(input, slide, options)
    const ground = await groundOf(slide)
    const source = await openSlideSource(slide, target.level, ground)
    try {
      return await enlarge(opened, slide, source, ground, target, options)
    } finally {
      await source.close()
    }
  } finally {
    slide.close()
  }
}

async function enlarge(
  opened: OpenedNetwork,
  slide: Slide,
  source: SlideSource,
  ground: Ground,
  target: Target,
  options: SlideOptions,
): Promise<SlideResult> {
  const { input, output, tile, share, signal } = options
  const { model } = opened.loaded
  const start = performance.now()
  const compression = await compressionIn(slide, target, ground)
  const strength = toldStrength(model, compression, options.compression)
  const predict: PredictOptions = {
    extent: target.extent,
    m: target.m,
    ...mannerOf(model, options, strength ?? strengthOf(compression)),
    ...(strength !== undefined && { compression: strength }),
    alone: true,
  }
  const predictor = createPredictor(model, opened.network, options.pace)
  predictor.checkParts(predict)
  const grid = gridOf(predictor, predict, target, tile)
  const wanted = grid.numbers.filter((block) => options.everything || hasTissue(ground, target, grid.place(block)))
  if (wanted.length === 0)
    throw new UserError(
      `${input}: no tissue is found${options.region ? ' in this region' : ''}: nothing would be computed`,
      '--everything computes all of it; archc slide info says what share of it is tissue, and how that is told',
    )
  const layout: Layout = {
    width: grid.width,
    height: grid.height,
    tile,
    block: grid.side / tile,
    form: options.lossless ? 'deflate' : 'jpeg',
    quality: options.quality,
    glass: [...(await source.back(Uint8Array.from(ground.glass), 1))],
    facts: {
      ...(target.mpp && { mpp: target.mpp }),
      ...(target.magnification !== undefined && { magnification: target.magnification }),
      ...(source.icc && { icc: source.icc.toString('base64') }),
      description: `Computed by a network (${modelText(model)}, x${Number(target.m.toFixed(4))}): texture is invented. For research, not for diagnosis.`,
      model: modelText(model),
      modelHash: opened.hash,
      sourceHash: (await checksum(input)).sha256,
      software: `archc ${archcVersion()}`,
    },
    blocks: wanted,
  }
  requireForm(output, layout)
  const begun: Begun = {
    layout,
    made: {
      level: target.level,
      extent: [target.extent.width, target.extent.height],
      part: [target.part.left, target.part.top, target.part.right, target.part.bottom],
      scope: scopeText(predict.scope),
      backProjection: predict.backProjection ?? 0,
      strength: strength ?? null,
    },
    ...(share && { share }),
  }
  const file = unfinished(output, share)
  const slideFile = await EnlargedSlide.open(file, begun, options.resume ?? false)
  try {
    const own = shareOf(wanted, share)
    const todo = own.filter((block) => !slideFile.hasBlock(block))
    const pixelsOf = (blocks: readonly number[]): number =>
      blocks.reduce((sum, block) => sum + areaOf(grid.place(block)), 0) / 1e6
    const first = todo[0] ?? own[0]
    const estimate = first === undefined ? undefined : predictor.estimate(source, { ...predict, part: grid.place(first) })
    const plan: SlidePlan = {
      reader: slide.reader,
      target,
      to: [grid.width, grid.height],
      levels: pyramidLevels(grid.width, grid.height, tile).length,
      blocks: own.length,
      done: own.length - todo.length,
      megapixels: pixelsOf(own),
      computed: (1e6 * pixelsOf(wanted)) / (grid.width * grid.height),
      tissue: ground.share,
      scope: scopeText(predict.scope),
      seconds: estimate ? estimate.seconds * (pixelsOf(todo) / (areaOf(grid.place(first!)) / 1e6)) : 0,
      bytes: (estimate?.bytes ?? 0) + heldBytes(grid) + cachedBytes(slide, target),
      ...(compression && { compression }),
      ...(strength !== undefined && { strength }),
      notes: [
        ...source.notes,
        ...(slide.blank === undefined ? [] : [slide.blank]),
        ...(slide.fluorescence === undefined
          ? []
          : [
              `lit for fluorescence (${slide.fluorescence}): the carried weights were trained on stained tissue in transmitted light`,
            ]),
      ],
    }
    options.onPlan?.(plan)
    await computeBlocks({ predictor, predict, source, grid, slideFile, own, todo }, options)
    signal?.throwIfAborted()
    const notes = own.map((block) => slideFile.noteOf(block) as Partial<BlockNote> | undefined)
    const seam = notes.flatMap((note) => note?.seam ?? [])
    const [squares, samples] = (['squares', 'samples'] as const).map((of) =>
      notes.reduce((sum, note) => sum + (note?.[of] ?? 0), 0),
    ) as [number, number]
    if (!share) {
      await slideFile.addUpperLevels(signal, (done) => options.onProgress?.({ doing: 'levels', share: done }))
      await slideFile.finish(output)
    }
    const took = (performance.now() - start) / 1000
    return {
      ...plan,
      output: share ? file : output,
      ...(share && { share }),
      took,
      ...(todo.length > 0 && { megapixelsPerSecond: pixelsOf(todo) / took }),
      damage: source.damage,
      ...(seam.length > 0 && { seam: Math.max(...seam) }),
      ...(squares > 0 && { consistency: 10 * Math.log10((255 * 255 * samples) / squares) }),
    }
  } finally {
    await slideFile.leave()
  }
}

/** What is computed at once: squares of whole tiles, from the upper left corner of the result. */
interface Grid {
  readonly width: number
  readonly height: number
  /** In pixels of the result. */
  readonly side: number
  readonly across: number
  readonly numbers: readonly number[]
  /** Where a block lies in the whole level enlarged. */
  place(block: number): Rectangle
}

function gridOf(predictor: Predictor, predict: PredictOptions, { part, m, low }: Target, tile: number): Grid {
  const [width, height] = [part.right - part.left, part.bottom - part.top]
  let side = tile
  while (2 * side <= largestBlock && side < lowSide * m) side *= 2
  const placed = (of: number, row: number, column: number): Rectangle => ({
    top: part.top + row * of,
    left: part.left + column * of,
    bottom: Math.min(part.bottom, part.top + (row + 1) * of),
    right: Math.min(part.right, part.left + (column + 1) * of),
  })
  while (side > tile && predictor.estimate(low, { ...predict, part: placed(side, 0, 0) }).bytes > mostBytes) side /= 2
  const across = Math.ceil(width / side)
  return {
    width,
    height,
    side,
    across,
    numbers: Array.from({ length: across * Math.ceil(height / side) }, (_, block) => block),
    place: (block) => placed(side, Math.floor(block / across), block % across),
  }
}

const areaOf = ({ top, bottom, left, right }: Rectangle): number => (bottom - top) * (right - left)

const hasTissue = (ground: Ground, { extent }: Target, { top, bottom, left, right }: Rectangle): boolean =>
  ground.hasTissue(left / extent.width, top / extent.height, right / extent.width, bottom / extent.height)

/** Blocks as pixels: the one that is made, the one that is encoded, in their own colours and halved. */
const heldBytes = ({ side }: Grid): number => 5 * 3 * side * side

/** How a slide was compressed, by its tables and by the pixels of its middle. */
export const slideCompression = (slide: Slide, ground: Ground): Promise<Compression | undefined> => {
  const [{ width, height }] = slide.levels as [SlideLevel]
  const whole = { width, height }
  return compressionIn(slide, { level: 0, low: whole, extent: whole, part: partOf({ extent: whole }) }, ground)
}

type Seen = Pick<Target, 'level' | 'low' | 'part' | 'extent'>

const compressionIn = async (slide: Slide, seen: Seen, ground: Ground): Promise<Compression | undefined> =>
  worse(slide.compression, jpegTraces(await middleOf(slide, seen, ground)))

/** libvips keeps two rows of tiles (of the usual side) for each of the two parts that are read at once. */
const cachedBytes = ({ reader }: Slide, { low }: Target): number => (reader === 'libvips' ? 2 * 2 * 3 * 256 * low.width : 0)

/** The middle of what has tissue, as it is stored. */
async function middleOf(slide: Slide, { level, low, part, extent }: Seen, ground: Ground) {
  const [width, height] = [Math.min(searchedSide, low.width), Math.min(searchedSide, low.height)]
  const steps = 9
  const places = Array.from({ length: steps * steps }, (_, at) => {
    const [row, column] = [Math.floor(at / steps), at % steps]
    const along = (from: number, to: number, high: number, length: number, seen: number, share: number): number =>
      Math.max(0, Math.min(length - seen, Math.round(((from + (to - from) * share) / high) * length - seen / 2)))
    const x = along(part.left, part.right, extent.width, low.width, width, (column + 0.5) / steps)
    const y = along(part.top, part.bottom, extent.height, low.height, height, (row + 0.5) / steps)
    const away = Math.hypot(row - (steps - 1) / 2, column - (steps - 1) / 2)
    return { x, y, away, hasTissue: ground.hasTissue((x + width / 3) / low.width, (y + height / 3) / low.height, (x + (2 * width) / 3) / low.width, (y + (2 * height) / 3) / low.height) } // prettier-ignore
  }).sort((a, b) => Number(b.hasTissue) - Number(a.hasTissue) || a.away - b.away)
  const { x, y } = places[0]!
  const { data } = await mendedRegion(slide, level, x, y, width, height, ground.glass, () => undefined)
  return { width, height, space: 'RGB' as const, samples: data }
}

interface Work {
  readonly predictor: Predictor
  readonly predict: PredictOptions
  readonly source: SlideSource
  readonly grid: Grid
  readonly slideFile: EnlargedSlide
  readonly own: readonly number[]
  readonly todo: readonly number[]
}

/** While a block is computed, the next is read and the one before encoded and written. */
async function computeBlocks(work: Work, { signal, onProgress }: SlideOptions): Promise<void> {
  const { predictor, source, grid, slideFile, own, todo } = work
  if (todo.length === 0) return
  const keys = await predictor.keys(source, work.predict)
  const predict = { ...work.predict, ...(keys && { keys }) }
  const every = Math.ceil(own.length / seams)
  const looked = new Set(own.filter((_, at) => at % every === 0))
  const lackingIn = lackingOf(source, work.predict.extent)
  const seenOf = (part: Rectangle): Rectangle => {
    const { x, y } = tileAt(predictor.schedule(source, { ...predict, part }).tiles, 0)
    return { top: y.seenFrom, bottom: y.seenTo, left: x.seenFrom, right: x.seenTo }
  }
  const total = todo.reduce((sum, block) => sum + areaOf(grid.place(block)), 0)
  const start = performance.now()
  let writing: Promise<void> = Promise.resolve()
  let done = 0
  source.ahead(seenOf(grid.place(todo[0]!)))
  try {
    for (const [at, block] of todo.entries()) {
      if (signal?.aborted) break
      const part = grid.place(block)
      const next = todo[at + 1]
      if (next !== undefined) source.ahead(seenOf(grid.place(next)))
      const { pixels, corner } = await computeBlock(predictor, source, predict, part, grid.side)
      const isLooked = looked.has(block) && part.right < predict.extent.width && part.bottom < predict.extent.height
      const seam = isLooked ? await seamAt(predictor, source, predict, part, corner) : undefined
      const lacking = await lackingIn(part, pixels, 3 * grid.side)
      await writing
      const shown = await source.back(pixels, grid.side)
      writing = slideFile.addBlock(block, shown, { ...lacking, ...(seam !== undefined && { seam }) })
      writing.catch(() => undefined) // said where it is waited for
      done += areaOf(part)
      const seconds = (performance.now() - start) / 1000
      onProgress?.({
        doing: 'computing',
        share: done / total,
        megapixelsPerSecond: done / 1e6 / seconds,
        secondsLeft: (seconds * (total - done)) / done,
      })
    }
  } finally {
    keys?.dispose()
    await writing
  }
}

/** A block in 8 bits, filled up with its last pixels where it reaches beyond the slide; `corner`: values of its lower right corner. */
async function computeBlock(
  predictor: Predictor,
  source: SlideSource,
  predict: PredictOptions,
  part: Rectangle,
  side: number,
): Promise<{ readonly pixels: Uint8Array; readonly corner: Float32Array }> {
  const width = part.right - part.left
  const pixels = new Uint8Array(3 * side * side)
  const half = Math.min(seamSide / 2, width, part.bottom - part.top)
  const corner = new Float32Array(3 * half * half)
  let last = part.top
  for await (const rows of predictor.rows(source, { ...predict, part })) {
    const bytes = rows.bytes()
    const values = rows.to > part.bottom - half ? rows.values() : undefined
    for (let row = rows.from; row < rows.to; row += 1) {
      const from = 3 * (row - rows.from) * width
      const to = 3 * (row - part.top) * side
      pixels.set(bytes.subarray(from, from + 3 * width), to)
      for (let at = to + 3 * width; at < to + 3 * side; at += 1) pixels[at] = pixels[at - 3]!
      const line = row - (part.bottom - half)
      if (line >= 0) corner.set(values!.subarray(from + 3 * (width - half), from + 3 * width), 3 * line * half)
    }
    last = rows.to
  }
  if (last !== part.bottom) throw new Error(`a block of ${width} pixels ended at row ${last}, not ${part.bottom}`)
  const stride = 3 * side
  for (let row = part.bottom - part.top; row < side; row += 1) pixels.copyWithin(row * stride, (row - 1) * stride, row * stride)
  return { pixels, corner }
}

/** How far a block's corner is from what is computed in one piece around it, of 255. */
async function seamAt(
  predictor: Predictor,
  source: SlideSource,
  predict: PredictOptions,
  { right, bottom }: Rectangle,
  corner: Float32Array,
): Promise<number> {
  const half = Math.sqrt(corner.length / 3)
  const { width, height } = predict.extent
  const part = {
    top: bottom - half,
    left: right - half,
    bottom: Math.min(height, bottom + half),
    right: Math.min(width, right + half),
  }
  const around = await predictor.whole(source, { ...predict, part })
  const stride = 3 * (part.right - part.left)
  let most = 0
  for (let row = 0; row < half; row += 1)
    for (let at = 0; at < 3 * half; at += 1)
      most = Math.max(most, Math.abs(around[row * stride + at]! - corner[3 * row * half + at]!))
  return 255 * most
}
