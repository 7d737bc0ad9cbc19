import { jpegTraces } from './jpeg-traces.ts'
import {
  lookAtPicture,
  openPicture,
  readPicture,
  type OpenedPicture,
  type PictureFile,
  type PictureLook,
  type ReadOptions,
} from './read-picture.ts'
import type { SlidePart } from './slide-part.ts'
import { held } from './source.ts'

/** A picture of a data set: a file, or a part of a slide, whose path is no file but its own. */
export interface Readable {
  readonly path: string
  readonly part?: SlidePart
}

/** `lookAtPicture` of a picture of a data set. */
export function lookAtEntry({ path, part }: Readable): Promise<PictureLook> {
  if (!part) return lookAtPicture(path)
  const { width, height, notes } = part
  return Promise.resolve({ width, height, notes })
}

/** `readPicture` of a picture of a data set. Colours of slides are as stored; how they were compressed is told by their pixels alone. */
export async function readEntry({ path, part }: Readable, options: ReadOptions = {}): Promise<PictureFile> {
  if (!part) return readPicture(path, options)
  const picture = await part.read()
  const traces = options.traces ? jpegTraces({ ...picture, space: 'RGB', samples: picture.data }) : undefined
  return { picture, ...(traces && { compression: traces }), notes: [...part.notes] }
}

/** `openPicture` of a picture of a data set. */
export async function openEntry(entry: Readable): Promise<OpenedPicture> {
  if (!entry.part) return openPicture(entry.path)
  const { picture, ...facts } = await readEntry(entry)
  return { source: held(picture), ...facts, close: () => Promise.resolve() }
}
