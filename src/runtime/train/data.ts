import { LRUCache } from 'lru-cache'
import type { DataEntry } from '../data/dataset.ts'
import type { Picture } from '../data/picture.ts'
import { readPicture } from '../data/read-picture.ts'

/** Decoded pictures kept in memory, at most this many bytes. */
const memory = 1_500_000_000

/** Reads pictures ahead of their use; decoding runs on libuv's threads while a step computes. */
export interface PictureStore {
  /** The decoded picture of an entry. */
  get(entry: DataEntry): Promise<Picture>
}

export function createPictureStore(): PictureStore {
  const cache = new LRUCache<string, { picture: Promise<Picture>; bytes: number }>({
    maxSize: memory,
    sizeCalculation: ({ bytes }) => bytes,
  })
  return {
    get(entry) {
      const known = cache.get(entry.path)
      if (known) return known.picture
      const picture = readPicture(entry.path).then((file) => {
        cache.set(entry.path, { picture: Promise.resolve(file.picture), bytes: Math.max(1, file.picture.data.length) })
        return file.picture
      })
      cache.set(entry.path, { picture, bytes: 1 })
      return picture
    },
  }
}
