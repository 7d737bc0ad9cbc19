import { UserError } from '../../errors.ts'
import { directories, type TileForm } from './big-tiff.ts'
import { isDicom, requireDicom, writeDicom, type DicomSeries } from './dicom.ts'
import type { EnlargedFacts } from './enlarged-facts.ts'
import { crop, type Picture } from '../data/picture.ts'
import { halved, joined, pyramidLevels, type PyramidLevel } from './pyramid.ts'
import { jpegTiles, losslessTiles, type TileCodec } from './tile-codec.ts'
import { differing, journalOf, settingsOf, TileFile, type EncodedTile, type Place, type Settings } from './tile-file.ts'

/** How an enlarged slide is laid out and what it says of itself: all that is needed to finish it. */
export interface Layout {
  readonly width: number
  readonly height: number
  /** Side of tiles in pixels. */
  readonly tile: number
  /** Side of the blocks that are computed, in tiles; a power of two. */
  readonly block: number
  readonly form: TileForm
  /** Of JPEG tiles. */
  readonly quality: number
  readonly glass: readonly number[]
  /** The profile in base64: it stands in a journal. */
  readonly facts: Omit<EnlargedFacts, 'icc'> & { readonly icc?: string }
  /** Blocks that are computed, by their numbers row by row. */
  readonly blocks: readonly number[]
}

/** Which of the blocks are computed here: part `index` (from 1) of `of`. */
export interface Share {
  readonly index: number
  readonly of: number
}

/** @throws UserError where a slide of this name cannot be so. */
export function requireForm(output: string, { form, facts, width, height, tile }: Layout): void {
  if (isDicom(output)) requireDicom(output, form, facts, pyramidLevels(width, height, tile)[0]!, tile)
}

/** What an unfinished slide was begun with. */
export interface Begun {
  readonly layout: Layout
  /** What it is made of and how. */
  readonly made: Settings
  readonly share?: Share
}

const glassKey = 'glass'
const glassPlace = [-1, 0] as const
/** Tiles of the upper levels that are made at once. */
const tilesAtOnce = 16

/** A slide in the making, block by block. */
export class EnlargedSlide {
  readonly layout: Layout
  readonly #tiles: TileFile
  readonly #levels: readonly PyramidLevel[]
  readonly #codec: TileCodec
  readonly #glass: Uint8Array

  private constructor(tiles: TileFile, layout: Layout) {
    this.#tiles = tiles
    this.layout = layout
    this.#levels = pyramidLevels(layout.width, layout.height, layout.tile)
    this.#codec = layout.form === 'jpeg' ? jpegTiles(layout.tile, layout.quality) : losslessTiles(layout.tile)
    this.#glass = Uint8Array.from({ length: 3 * layout.tile ** 2 }, (_, at) => layout.glass[at % 3]!)
  }

  /** @throws UserError as `TileFile.open`. */
  static async open(file: string, begun: Begun, resume: boolean): Promise<EnlargedSlide> {
    const tiles = await TileFile.open(file, { ...begun }, resume)
    const slide = new EnlargedSlide(tiles, begun.layout)
    // The parts of a divided slide have no glass of their own: it stands once in what they are joined to.
    if (!begun.share && !tiles.has(glassKey)) {
      const [level, index] = glassPlace
      await tiles.append(glassKey, [{ level, index, bytes: await slide.#codec.encode(slide.#glass) }])
    }
    return slide
  }

  hasBlock(block: number): boolean {
    return this.#tiles.has(blockKey(block))
  }

  /** What was noted of a block. */
  noteOf(block: number): Settings | undefined {
    return this.#tiles.note(blockKey(block))
  }

  /** Adds a block of RGB pixels, whole also where it reaches beyond the slide, with the levels that lie within it. */
  async addBlock(block: number, pixels: Uint8Array, note: Settings): Promise<void> {
    const { tile, block: side } = this.layout
    const across = Math.ceil(this.#levels[0]!.across / side)
    const [row, column] = [Math.floor(block / across), block % across]
    const encoded: Promise<EncodedTile>[] = []
    let of = pixels
    for (let [level, count] = [0, side]; count >= 1 && level < this.#levels.length; [level, count] = [level + 1, count / 2]) {
      const there = this.#levels[level]!
      const shown: Picture = { width: count * tile, height: count * tile, data: of }
      for (let y = 0; y < count; y += 1)
        for (let x = 0; x < count; x += 1) {
          const [tileRow, tileColumn] = [row * count + y, column * count + x]
          if (tileRow >= there.down || tileColumn >= there.across) continue
          const index = tileRow * there.across + tileColumn
          const { data } = crop(shown, x * tile, y * tile, tile, tile)
          encoded.push(this.#codec.encode(data).then((bytes) => ({ level, index, bytes })))
        }
      if (count > 1) of = halved(of, shown.width, shown.height)
    }
    await this.#tiles.append(blockKey(block), await Promise.all(encoded), note)
  }

  /** Makes the levels above the blocks, of the tiles below as they are stored. */
  async addUpperLevels(signal?: AbortSignal, onProgress?: (share: number) => void): Promise<void> {
    const first = Math.log2(this.layout.block) + 1
    const upper = this.#levels.slice(first)
    const total = upper.reduce((sum, { across, down }) => sum + across * down, 0)
    let done = 0
    for (const [at, level] of upper.entries())
      for (let from = 0; from < level.across * level.down; from += tilesAtOnce) {
        signal?.throwIfAborted()
        const indices = Array.from({ length: Math.min(tilesAtOnce, level.across * level.down - from) }, (_, each) => from + each)
        const key = `level ${first + at} from ${from}`
        if (!this.#tiles.has(key))
          await this.#tiles.append(key, await Promise.all(indices.map((index) => this.#parent(first + at, index))))
        done += indices.length
        onProgress?.(done / total)
      }
  }

  async #parent(level: number, index: number): Promise<EncodedTile> {
    const [own, below] = [this.#levels[level]!, this.#levels[level - 1]!]
    const [row, column] = [Math.floor(index / own.across), index % own.across]
    const places = [0, 1, 2, 3].map((at) => {
      // Beyond the border its last tiles are taken again, which nobody sees.
      const [y, x] = [Math.min(2 * row + (at >> 1), below.down - 1), Math.min(2 * column + (at & 1), below.across - 1)]
      return this.#tiles.place(level - 1, y * below.across + x)
    })
    if (places.every((place) => !place?.length)) return { level, index }
    const tiles = await Promise.all(
      places.map(async (place) => (place?.length ? this.#codec.decode(await this.#tiles.read(place)) : this.#glass)),
    )
    const { tile } = this.layout
    return { level, index, bytes: await this.#codec.encode(halved(joined(tiles, tile), 2 * tile, 2 * tile)) }
  }

  /** Ends as a BigTIFF of this name or, where it ends in .dcm, as a series of DICOM. */
  async finish(name: string): Promise<void> {
    const { tile, form } = this.layout
    const facts = factsOf(this.layout)
    if (isDicom(name)) {
      const series: DicomSeries = {
        levels: this.#levels,
        tile,
        form,
        facts,
        identity: JSON.stringify(this.layout),
        lengthOf: (level, index) => this.#placeOf(level, index).length,
        read: async (level, index) => {
          const bytes = await this.#tiles.read(this.#placeOf(level, index))
          return form === 'jpeg' ? bytes : this.#codec.decode(bytes)
        },
      }
      await this.#tiles.finishAs(name, () => writeDicom(name, series))
      return
    }
    const levels = this.#levels.map(({ width, height, across, down }, level) => {
      const places = Array.from({ length: across * down }, (_, index) => this.#placeOf(level, index))
      return { width, height, offsets: places.map(({ offset }) => offset), counts: places.map(({ length }) => length) }
    })
    const { bytes, first } = directories(levels, { tile, form, facts }, this.#tiles.end)
    await this.#tiles.finish(name, bytes, first)
  }

  /** Where a tile stands, glass too. */
  #placeOf(level: number, index: number): Place {
    const place = this.#tiles.place(level, index)
    return place?.length ? place : this.#tiles.place(...glassPlace)!
  }

  /** Leaves what there is, to be resumed. */
  leave(): Promise<void> {
    return this.#tiles.leave()
  }

  /** Takes the blocks of a part, as they are stored. @throws UserError where some are not there. */
  async takePart(file: string, { layout, share }: Begun): Promise<void> {
    const part = await TileFile.open(file, (await settingsOf(file))!, true)
    try {
      const own = shareOf(layout.blocks, share)
      const missing = own.filter((block) => !part.has(blockKey(block)))
      if (missing.length > 0)
        throw new UserError(
          `${file} lacks ${missing.length} of its ${own.length} blocks`,
          'end it first: the same command with --resume',
        )
      for (const block of own) {
        if (this.hasBlock(block)) continue
        const tiles = part
          .tilesOf(blockKey(block))
          .map(async ({ level, index, place }) => ({ level, index, bytes: await part.read(place) }))
        await this.#tiles.append(blockKey(block), await Promise.all(tiles), part.note(blockKey(block)))
      }
    } finally {
      await part.leave()
    }
  }
}

/**
 * Joins the parts of a divided slide into the one that would have been made in one go, byte for byte. The parts stay.
 * @throws UserError naming parts that are missing, were made otherwise, or have not ended.
 */
export async function joinParts(
  files: readonly string[],
  output: string,
  signal?: AbortSignal,
  onProgress?: (share: number) => void,
): Promise<Layout> {
  const parts = await Promise.all(files.map(async (file) => ({ file, begun: await begunOf(file) })))
  const [first] = parts as [(typeof parts)[number]]
  const { of } = first.begun.share
  for (const { file, begun } of parts) {
    const others = differing({ ...first.begun, share: { of } }, { ...begun, share: { of: begun.share.of } })
    if (others !== undefined)
      throw new UserError(`${file} was made otherwise than ${first.file}: ${others}`, 'make all parts by the same command')
  }
  const numbered = Array.from({ length: of }, (_, at) => parts.filter(({ begun }) => begun.share.index === at + 1))
  const missing = numbered.flatMap((found, at) => (found.length === 0 ? [at + 1] : []))
  if (missing.length > 0)
    throw new UserError(`part ${missing.join(', ')} of ${of} is not among ${files.join(', ')}`, 'name all parts')
  const twice = numbered.find((found) => found.length > 1)
  if (twice) throw new UserError(`${twice.map(({ file }) => file).join(' and ')} are the same part`, 'name each part once')
  const { layout, made } = first.begun
  requireForm(output, layout)
  const slide = await EnlargedSlide.open(`${output}.part`, { layout, made }, true)
  try {
    for (const [at, found] of numbered.entries()) {
      signal?.throwIfAborted()
      await slide.takePart(found[0]!.file, found[0]!.begun)
      onProgress?.((0.8 * (at + 1)) / of)
    }
    await slide.addUpperLevels(signal, (share) => onProgress?.(0.8 + 0.2 * share))
    await slide.finish(output)
    return layout
  } finally {
    await slide.leave()
  }
}

async function begunOf(file: string): Promise<Begun & { readonly share: Share }> {
  const begun = (await settingsOf(file)) as unknown as Begun | undefined
  if (!begun?.share)
    throw new UserError(
      begun
        ? `${file} is no part of a divided slide`
        : `${file}: there is no part of a slide, or its ${journalOf(file)} is missing`,
      'parts are what archc upscale makes with --part: out.tif.part-1-of-8 and its .jsonl',
    )
  return { ...begun, share: begun.share }
}

const blockKey = (block: number): string => `block ${block}`

const factsOf = ({ facts: { icc, ...facts } }: Layout): EnlargedFacts => ({
  ...facts,
  ...(icc !== undefined && { icc: Buffer.from(icc, 'base64') }),
})

/** The blocks of a part, which stand one after the other; all without one. */
export const shareOf = (blocks: readonly number[], share: Share | undefined): readonly number[] =>
  share
    ? blocks.slice(
        Math.floor(((share.index - 1) * blocks.length) / share.of),
        Math.floor((share.index * blocks.length) / share.of),
      )
    : blocks
