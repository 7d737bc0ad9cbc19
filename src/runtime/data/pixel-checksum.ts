import { createHash } from 'node:crypto'
import type { Picture } from './picture.ts'

/** SHA-256 of a picture's size and samples: the same however it is compressed. */
export function pixelChecksum({ width, height, data }: Picture): string {
  return createHash('sha256').update(`${width} x ${height}\n`).update(data).digest('hex')
}
