import { crop, type Picture } from './picture.ts'

/** A picture that is read region by region: held in memory, in a file, or computed. */
export interface PictureSource {
  readonly width: number
  readonly height: number
  /** The `width` x `height` part whose upper left pixel is (x, y), 8-bit RGB. It must lie inside the picture. */
  region(x: number, y: number, width: number, height: number): Promise<Picture>
}

/** A picture in memory as a source. */
export const held = (picture: Picture): PictureSource => ({
  width: picture.width,
  height: picture.height,
  region: (x, y, width, height) => Promise.resolve(crop(picture, x, y, width, height)),
})

/** Takes a picture, rows from the top. Nothing stands under its name before `close` has returned. */
export interface PictureSink {
  /**
   * Any number of whole rows (`width * 3` bytes each, RGB), top to bottom. Wait for each call before the next. They may still be on their
   * way when it returns; what fails there is said by the next call.
   */
  write(rows: Uint8Array): Promise<void>
  /** Finishes the picture and gives it its name. All rows must have been written. */
  close(): Promise<void>
  /** Removes what was written. Harmless after `close`. */
  abort(): Promise<void>
}
