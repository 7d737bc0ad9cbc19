import { createHash } from 'node:crypto'

/** File systems take names of 255 bytes; what archc puts behind a name of the user's must have room. */
export const roomyName = 200

/** A name of at most so many bytes: a longer one is cut, with a checksum of the whole behind it, so that two that begin alike stay two. */
export function shortened(name: string, most = roomyName): string {
  if (Buffer.byteLength(name) <= most) return name
  const sum = createHash('sha256').update(name).digest('hex').slice(0, 12)
  let kept = ''
  for (const each of name) {
    if (Buffer.byteLength(kept + each) > most - sum.length - 1) break
    kept += each
  }
  return `${kept}-${sum}`
}
