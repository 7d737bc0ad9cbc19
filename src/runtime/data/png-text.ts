import { withBytes } from './bytes.ts'
import { pngChunks } from './file-header.ts'

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
    for await (const { type, start, length } of pngChunks(bytes)) {
      if (type === 'IDAT' || type === 'IEND') break
      if (type === 'iTXt' && length <= most) {
        const body = await bytes.at(start, length)
        const end = body.indexOf(0)
        // Not compressed, no language, no translated keyword.
        if (end > 0 && body.subarray(end, end + 5).every((byte) => byte === 0))
          found.set(body.toString('latin1', 0, end), body.toString('utf8', end + 5))
      }
    }
    return found
  })
}
