import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { UserError } from '../../errors.ts'

const standing = new Set<string>()

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true })

function removeAll(): void {
  for (const folder of standing) remove(folder)
}

/** Where the system keeps such. @throws UserError where it is not there: the TMPDIR of a job that has ended is gone. */
function place(): string {
  const folder = os.tmpdir()
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder
  throw new UserError(`${folder}, where temporary files go, is no folder`, 'make it, or name another: TMPDIR=..')
}

/** A folder for what is needed for a while only. */
export interface TemporaryFolder {
  readonly folder: string
  /** Removes it with what it holds; also done when the process exits. Doing it twice is fine. */
  remove(): void
}

/**
 * A fresh folder `archc-WHAT-..` in the system's place for such, which only this user may enter. What a kill leaves of it is the system's
 * to clear, other than what stands beside the user's own files (`removeLeftovers`): that place is shared with other users and with
 * containers, for whom a pid that is not alive here says nothing.
 */
export function temporaryFolder(what: string): TemporaryFolder {
  const folder = mkdtempSync(path.join(place(), `archc-${what}-`))
  if (standing.size === 0) process.on('exit', removeAll)
  standing.add(folder)
  return {
    folder,
    remove() {
      standing.delete(folder)
      if (standing.size === 0) process.off('exit', removeAll)
      remove(folder)
    },
  }
}

/** @throws UserError that names `file` where temporary folders have no room for so many bytes of it. */
export function requireRoom(file: string, bytes: number): void {
  const { bavail, bsize } = statfsSync(place())
  const megabytes = (count: number): string => `${Math.round(count / 1e6).toLocaleString('en')} MB`
  if (bytes > bavail * bsize)
    throw new UserError(
      `${file} is decoded once into a temporary file of ${megabytes(bytes)}, and ${os.tmpdir()} has room for ${megabytes(bavail * bsize)}`,
      'make room there, or name another folder: TMPDIR=..',
    )
}
