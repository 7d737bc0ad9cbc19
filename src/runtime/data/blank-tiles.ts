import type { TiffPage } from './tiff-directories.ts'

/** A part of a picture. */
export interface Part {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Tiles of which a file has nothing: scanners leave out what holds no tissue, and a torn download the rest. They are white, not black. */
export interface BlankTiles {
  /** How many, of how many. */
  readonly count: number
  readonly of: number
  /** The parts of a part that stand in the file, none of them in a blank tile. */
  present(part: Part): Part[]
}

/** Undefined where the page is whole. */
export function blankTiles({ missing, tiles, width }: TiffPage): BlankTiles | undefined {
  if (missing.length === 0) return undefined
  const across = Math.ceil(width / tiles.width)
  const blank = new Set(missing)
  return {
    count: missing.length,
    of: tiles.count,
    present(part) {
      const found: Part[] = []
      const [right, bottom] = [part.x + part.width, part.y + part.height]
      for (let row = Math.floor(part.y / tiles.height); row * tiles.height < bottom; row += 1) {
        const y = Math.max(part.y, row * tiles.height)
        const height = Math.min(bottom, (row + 1) * tiles.height) - y
        let begun: number | undefined
        const end = (x: number): void => {
          if (begun !== undefined && x > begun) found.push({ x: begun, y, width: x - begun, height })
          begun = undefined
        }
        for (let column = Math.floor(part.x / tiles.width); column * tiles.width < right; column += 1) {
          const x = Math.max(part.x, column * tiles.width)
          if (blank.has(row * across + column)) end(x)
          else begun ??= x
        }
        end(right)
      }
      return found
    },
  }
}

/** Lays the samples of a piece where they stand in a part, `channels` a pixel. */
export function lay(samples: Uint8Array, piece: Part, into: Uint8Array, part: Part, channels: number): void {
  for (let row = 0; row < piece.height; row += 1) {
    const [from, to] = [row * piece.width, (piece.y - part.y + row) * part.width + piece.x - part.x]
    into.set(samples.subarray(from * channels, (from + piece.width) * channels), to * channels)
  }
}

/** `7 of 300 tiles are not in the file: white there`. */
export const blankText = ({ count, of }: BlankTiles): string =>
  `${count} of ${of} tiles ${count === 1 ? 'is' : 'are'} not in the file: white there`
