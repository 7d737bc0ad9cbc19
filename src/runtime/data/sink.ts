import path from 'node:path'
import { UserError } from '../../errors.ts'
import { threadedPngWriter } from './png-thread.ts'
import type { PngOptions } from './png-writer.ts'
import type { PictureSink } from './source.ts'

/** Kinds of pictures that are written, by the ending of their file. */
const sinks = { '.png': threadedPngWriter }

export const sinkEndings: readonly string[] = Object.keys(sinks)

/** Begins a picture of `width` x `height` pixels. @throws UserError for an ending that is not written, or a place that cannot be. */
export function openSink(file: string, width: number, height: number, options: PngOptions): Promise<PictureSink> {
  const open = sinks[path.extname(file).toLowerCase() as keyof typeof sinks] as typeof threadedPngWriter | undefined
  if (!open) throw new UserError(`${file}: pictures are written as ${sinkEndings.join(', ')}`)
  return open(file, width, height, options)
}
