import type { Bytes } from './bytes.ts'

const start = 0xd8
const end = 0xd9
const scan = 0xda
const jfif = 0xe0
const adobe = 0xee
/** Frames whose scans hold all coefficients at once: baseline and extended. */
const sequential = new Set([0xc0, 0xc1, 0xc9])
/** First and last coefficient, and no successive approximation: all that a scan of a sequential frame may say. */
const wholeScan = Buffer.from([0, 63, 0])

/**
 * A JPEG, which begins with `head`, as the standard has it (ITU-T T.81, annex B; JFIF; Adobe's marker), where it was written otherwise in a way that loses nothing and that
 * decoders read: scans of a sequential frame that name other coefficients, stray bytes between two segments, versions of
 * JFIF and kinds of colours that do not exist, an end that is missing. Undefined where there is nothing of this, so that the file is read
 * as it is; what is truly missing stays so, and is found by the decoder.
 */
export async function mendedJpeg(bytes: Bytes, head: Buffer): Promise<Buffer | undefined> {
  const tail = await bytes.at(bytes.size - 2, 2)
  const hasEnd = tail[0] === 0xff && tail[1] === end
  const found = mendedHead(head)
  if (!found || (!found.isOther && hasEnd)) return undefined
  const rest = bytes.size > head.length ? await bytes.at(head.length, bytes.size - head.length) : Buffer.alloc(0)
  return Buffer.concat([...found.parts, rest, ...(hasEnd ? [] : [Buffer.from([0xff, end])])])
}

/** The bytes up to the first scan and what follows; undefined where no scan is found. */
function mendedHead(head: Buffer): { parts: Buffer[]; isOther: boolean } | undefined {
  const parts = [head.subarray(0, 2)]
  let isOther = false
  let isSequential = false
  let components = 0
  /** Segments that name kinds of colours that do not exist. */
  const kinds: Buffer[] = []
  for (let at = 2; at + 4 <= head.length;) {
    if (head[at] !== 0xff) {
      isOther = true
      at += 1
      continue
    }
    const marker = head[at + 1]!
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= start)) {
      isOther = true
      at += 2
      continue
    }
    if (marker === end) return undefined
    const after = at + 2 + head.readUInt16BE(at + 2)
    if (after > head.length) return undefined
    const segment = Buffer.from(head.subarray(at, after))
    if (isFrame(marker)) {
      isSequential = sequential.has(marker)
      components = segment[9] ?? 0
    }
    if (marker === scan) {
      const named = segment.subarray(-3)
      if (isSequential && !named.equals(wholeScan)) {
        wholeScan.copy(named)
        isOther = true
      }
      // What decoders take an unknown one for.
      for (const kind of kinds) kind[15] = components === 4 ? 2 : 1
      if (kinds.length > 0) isOther = true
      return { parts: [...parts, segment, head.subarray(after)], isOther }
    }
    if (marker === jfif && segment.toString('latin1', 4, 9) === 'JFIF\0' && (segment[9] === 0 || segment[9]! > 2)) {
      segment[9] = 1
      isOther = true
    }
    if (marker === adobe && segment.toString('latin1', 4, 9) === 'Adobe' && segment[15]! > 2) kinds.push(segment)
    parts.push(segment)
    at = after
  }
  return undefined
}

const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
