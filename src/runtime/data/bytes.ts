import { open } from 'node:fs/promises'

/** A file that is read where something is needed, whatever its size. */
export interface Bytes {
  readonly size: number
  /** So many bytes from a place on; fewer where the file ends. */
  at(start: number, length: number): Promise<Buffer>
}

/** Opens a file for as long as `use` takes. */
export async function withBytes<T>(file: string, use: (bytes: Bytes) => Promise<T>): Promise<T> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    return await use({
      size,
      async at(start, length) {
        const wanted = Math.max(0, Math.min(length, size - start))
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, start)
        return buffer.subarray(0, bytesRead)
      },
    })
  } finally {
    await handle.close()
  }
}
