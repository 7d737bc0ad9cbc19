import type { PictureSource } from '../data/source.ts'
import { resizeInBands } from '../data/pillow.ts'
import type { Extent } from '../predict/places.ts'

/**
 * How well an enlargement agrees with what it was made of: made smaller again (bicubic with antialiasing, `resize` of `degrade`) against
 * the picture that came in, as PSNR in dB over all pixels and three channels, both in 8 bits. It needs no truth: what it lacks was invented.
 */
export class Consistency {
  readonly #source: PictureSource
  readonly #width: number
  readonly #smaller: ReturnType<typeof resizeInBands>
  #row = 0
  #sum = 0

  constructor(source: PictureSource, extent: Extent) {
    this.#source = source
    this.#width = extent.width
    this.#smaller = resizeInBands(extent, source, 'bicubic')
  }

  /** Takes rows of the enlargement, in the colours of the source, from the top. */
  async add(rgb: Uint8Array): Promise<void> {
    const { width, height, data } = this.#smaller({ width: this.#width, height: rgb.length / 3 / this.#width, data: rgb })
    if (height === 0) return
    const came = await this.#source.region(0, this.#row, width, height)
    this.#row += height
    for (let at = 0; at < data.length; at += 1) this.#sum += (data[at]! - came.data[at]!) ** 2
  }

  /** In dB, of all rows; undefined where both are equal. */
  get decibels(): number | undefined {
    const { width, height } = this.#source
    return this.#sum === 0 ? undefined : 10 * Math.log10((255 * 255 * 3 * width * height) / this.#sum)
  }
}
