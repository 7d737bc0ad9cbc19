/** 8-bit RGB, rows top to bottom, interleaved: `data` has `width * height * 3` bytes. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** The endings under which pictures are looked for in a folder, lower case. */
export const pictureEndings: readonly string[] = ['.png', '.jpg', '.jpeg', '.tif', '.tiff']

/** The endings of slides, those that are refused by name too. */
export const slideEndings: readonly string[] = [
  '.svs',
  '.tif',
  '.tiff',
  '.ndpi',
  '.scn',
  '.mrxs',
  '.vms',
  '.vmu',
  '.bif',
  '.czi',
  '.dcm',
]

/** The `width` x `height` part whose upper left pixel is (x, y). It must lie inside the picture. */
export function crop(picture: Picture, x: number, y: number, width: number, height: number): Picture {
  if (x < 0 || y < 0 || width < 1 || height < 1 || x + width > picture.width || y + height > picture.height) {
    throw new RangeError(`crop: ${width} x ${height} at (${x}, ${y}) is not inside ${picture.width} x ${picture.height}`)
  }
  const data = new Uint8Array(width * height * 3)
  for (let row = 0; row < height; row += 1) {
    const from = ((y + row) * picture.width + x) * 3
    data.set(picture.data.subarray(from, from + width * 3), row * width * 3)
  }
  return { width, height, data }
}
