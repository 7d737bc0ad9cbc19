import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const standing = new Set<string>()

const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true })

function removeAll(): void {
  for (const folder of standing) remove(folder)
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
  const folder = mkdtempSync(path.join(os.tmpdir(), `archc-${what}-`))
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
