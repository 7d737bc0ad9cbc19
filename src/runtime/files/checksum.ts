import { createHash } from 'node:crypto'
import { fileError } from './file-error.ts'
import { openRegular } from './regular.ts'

/** SHA-256 and length of a file, in memory that does not grow with it. */
export async function checksum(file: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256')
  let bytes = 0
  try {
    for await (const piece of (await openRegular(file)).createReadStream() as AsyncIterable<Buffer>) {
      hash.update(piece)
      bytes += piece.length
    }
  } catch (error) {
    throw fileError(error, 'read', file)
  }
  return { sha256: hash.digest('hex'), bytes }
}
