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

/** What slides alone end in. */
export const onlySlides: readonly string[] = slideEndings.filter((ending) => !pictureEndings.includes(ending))

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

/** `crop` that may reach beyond the picture, which goes on there as its mirror image. */
export function continued(picture: Picture, x: number, y: number, width: number, height: number): Picture {
  const mirror = (at: number, length: number): number => {
    const period = ((at % (2 * length)) + 2 * length) % (2 * length)
    return period < length ? period : 2 * length - 1 - period
  }
  const columns = Int32Array.from({ length: width }, (_, column) => 3 * mirror(x + column, picture.width))
  const data = new Uint8Array(width * height * 3)
  for (let row = 0, to = 0; row < height; row += 1) {
    const from = 3 * picture.width * mirror(y + row, picture.height)
    for (let column = 0; column < width; column += 1, to += 3) {
      const pixel = from + columns[column]!
      data[to] = picture.data[pixel]!
      data[to + 1] = picture.data[pixel + 1]!
      data[to + 2] = picture.data[pixel + 2]!
    }
  }
  return { width, height, data }
}
