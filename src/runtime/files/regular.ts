import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats, statSync } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'

/**
 * Files that a user names are opened here: a pipe would be waited for without end, a device gives bytes without end, and a socket cannot be
 * opened at all. What is no file is a system's error as those are that `fileError` explains: EISDIR for a folder, else ENOTFILE.
 */
const kinds: readonly (readonly [(stats: Stats) => boolean, string])[] = [
  [(stats) => stats.isFIFO(), 'a pipe'],
  [(stats) => stats.isSocket(), 'a socket'],
  [(stats) => stats.isCharacterDevice() || stats.isBlockDevice(), 'a device'],
]

function requireFile(stats: Stats): void {
  if (stats.isFile()) return
  if (stats.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
  const kind = kinds.find(([is]) => is(stats))?.[1] ?? 'no file'
  throw Object.assign(new Error(kind), { code: 'ENOTFILE' })
}

/** What stands under the name may be another thing by the time that it is opened: so it is opened without waiting, and asked again. */
const withoutWaiting = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)

/** Opens a file to read it. @throws the system's error, also for whatever is no file. */
export async function openRegular(file: string): Promise<FileHandle> {
  requireFile(await stat(file))
  const handle = await open(file, withoutWaiting)
  try {
    requireFile(await handle.stat())
    return handle
  } catch (error) {
    await handle.close()
    throw error
  }
}

/** All bytes of a file. @throws the system's error, also for whatever is no file. */
export async function readRegular(file: string): Promise<Buffer<ArrayBuffer>> {
  const handle = await openRegular(file)
  return handle.readFile().finally(() => handle.close())
}

/** As `readRegular`, at once. */
export function readRegularSync(file: string): Buffer<ArrayBuffer> {
  requireFile(statSync(file))
  const descriptor = openSync(file, withoutWaiting)
  try {
    requireFile(fstatSync(descriptor))
    return readFileSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
