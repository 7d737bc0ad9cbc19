import { remark } from './common.ts'
import { liveLine } from './live-line.ts'
import { requireSlides, type FieldFlags } from './slide-fields.ts'
import type { Decoded } from '../runtime/data/decoded.ts'
import type { FieldSettings } from '../runtime/data/slide-part.ts'

interface ReadFlags extends FieldFlags {
  readonly data: readonly string[]
  readonly low?: string
}

/** The pictures that a command was given, each decoded once: how many there are, what was left out and how they were read is said. */
export async function readPictures(flags: ReadFlags, fields: FieldSettings): Promise<Decoded> {
  const { data, low } = flags
  const { picturesLines } = await import('../runtime/data/dataset.ts')
  const { decodeAll, pixelCache } = await import('../runtime/data/decoded.ts')
  const { findWithSlides } = await import('../runtime/slides/find-with-slides.ts')
  const line = liveLine()
  try {
    const pictures = await findWithSlides(data, {
      fields,
      ...(low !== undefined && { low }),
      say: line.say,
      onProgress: (done, total, what) => line.show(`looked at ${done} of ${total} slides: ${what}`),
    })
    line.end()
    if (!pictures.slides) requireSlides(flags)
    picturesLines(pictures).forEach(remark)
    return await decodeAll(pictures, {
      cache: pixelCache(),
      onProgress: (done, total) => line.show(`decoded ${done} of ${total} pictures, to see that none is broken`),
    })
  } finally {
    line.end()
  }
}
