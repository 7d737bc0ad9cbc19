import { withBytes } from './bytes.ts'

/** More of a text is not read. */
const most = 1 << 16

/**
 * The international text chunks of a PNG that stand before its pixels and are not compressed, as archc writes them: keyword to text. A
 * file that is no PNG has none.
 */
export async function pngText(file: string): Promise<ReadonlyMap<string, string>> {
  return withBytes(file, async (bytes) => {
    const found = new Map<string, string>()
    if ((await bytes.at(0, 4)).toString('latin1') !== '\x89PNG') return found
    for (let at = 8; at + 12 <= bytes.size;) {
      const head = await bytes.at(at, 8)
      const [length, type] = [head.readUInt32BE(0), head.toString('latin1', 4, 8)]
      if (type === 'IDAT' || type === 'IEND') break
      if (type === 'iTXt' && length <= most) {
        const body = await bytes.at(at + 8, length)
        const end = body.indexOf(0)
        // Not compressed, no language, no translated keyword.
        if (end > 0 && body.subarray(end, end + 5).every((byte) => byte === 0))
          found.set(body.toString('latin1', 0, end), body.toString('utf8', end + 5))
      }
      at += length + 12
    }
    return found
  })
}
