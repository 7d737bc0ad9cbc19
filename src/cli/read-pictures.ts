import { remark } from './common.ts'
import { liveLine } from './live-line.ts'
import type { Decoded } from '../runtime/data/decoded.ts'

/** The pictures that a command was given, each decoded once: how many there are, what was left out and how they were read is said. */
export async function readPictures(where: readonly string[], low?: string): Promise<Decoded> {
  const { findPictures, picturesLines } = await import('../runtime/data/dataset.ts')
  const { decodeAll, pixelCache } = await import('../runtime/data/decoded.ts')
  const pictures = await findPictures(where, low)
  picturesLines(pictures).forEach(remark)
  const line = liveLine()
  try {
    return await decodeAll(pictures, {
      cache: pixelCache(),
      onProgress: (done, total) => line.show(`decoded ${done} of ${total} pictures, to see that none is broken`),
    })
  } finally {
    line.end()
  }
}
