import { LRUCache } from 'lru-cache'
import { UserError } from '../../errors.ts'
import { strengthOf } from '../data/compression.ts'
import type { DataEntry } from '../data/dataset.ts'
import type { Picture } from '../data/picture.ts'
import { readEntry, type Readable } from '../data/entry-picture.ts'
import type { ReadOptions } from '../data/read-picture.ts'
import type { ReadyMade } from './ready-made.ts'

/** A picture that could be read before the training began, and no more. */
export class UnreadablePicture extends UserError {
  constructor(
    readonly entry: DataEntry,
    cause: UserError,
  ) {
    super(cause.message, cause.help, { cause })
  }
}

/** Decoded pictures kept in memory, at most this many bytes. */
const memory = 1_500_000_000

/** Reads pictures ahead of their use; decoding runs on libuv's threads while a step computes. */
export interface PictureStore {
  /** The decoded picture of an entry. */
  get(entry: DataEntry): Promise<Picture>
  /** Its ready-made low-resolution picture; undefined where it has none. */
  low(entry: DataEntry): Promise<ReadyMade | undefined>
}

/** `traces`: whether ready-made pictures are searched for how they were compressed. */
export function createPictureStore(traces = false): PictureStore {
  const cache = new LRUCache<string, { picture: Promise<ReadyMade>; bytes: number }>({
    maxSize: memory,
    sizeCalculation: ({ bytes }) => bytes,
  })
  const read = (from: Readable, options: ReadOptions): Promise<ReadyMade> => {
    const { path } = from
    const known = cache.get(path)
    if (known) return known.picture
    const picture = readEntry(from, options).then((file) => {
      const made = { picture: file.picture, strength: strengthOf(file.compression) }
      cache.set(path, { picture: Promise.resolve(made), bytes: Math.max(1, file.picture.data.length) })
      return made
    })
    cache.set(path, { picture, bytes: 1 })
    return picture
  }
  const of = (entry: DataEntry, from: Readable, options: ReadOptions): Promise<ReadyMade> =>
    read(from, options).catch((error: unknown) => {
      throw error instanceof UserError ? new UnreadablePicture(entry, error) : error
    })
  return {
    get: async (entry) => (await of(entry, entry, {})).picture,
    low: async (entry) => (entry.low ? of(entry, entry.low, { traces }) : undefined),
  }
}
