import path from 'node:path'
import { UserError } from '../../errors.ts'
import { isInCache } from './cache-folder.ts'

/** The `code` of a system error (`ENOSPC`, `EACCES`, ..), or undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

export interface Explanation {
  /** The reason, as it stands after `cannot read FILE:`. */
  readonly what: string
  readonly help: string
}

const otherDisk = 'free some space or write to another disk; what stood there before is untouched'

/** What says of a folder that it cannot be written to, and of its disk that it is full. */
const noPlace = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOENT', 'ENOTDIR'])

/** What a system error from reading or writing `file` means for the user; undefined for errors that are not his to put right. */
export function explained(error: unknown, doing: 'read' | 'write', file: string): Explanation | undefined {
  const found = meaningOf(error, doing, file)
  // The user did not name this place: HOME may be read-only, or on a small disk.
  const isOurs = found && doing === 'write' && noPlace.has(errorCode(error)!) && isInCache(file)
  return isOurs ? { ...found, help: 'make room there, or set ARCHC_CACHE to a folder that you can write to' } : found
}

function meaningOf(error: unknown, doing: 'read' | 'write', file: string): Explanation | undefined {
  const folder = path.dirname(file)
  switch (errorCode(error)) {
    case 'ENOENT':
      return doing === 'write'
        ? { what: `the folder ${folder} does not exist`, help: `create it first (mkdir -p '${folder}') or write elsewhere` }
        : { what: 'there is no such file', help: 'check the path' }
    case 'EACCES':
    case 'EPERM':
      return {
        what: 'permission was denied',
        help: `give yourself the right to ${doing} it${doing === 'write' ? ` and its folder ${folder}, or write elsewhere` : ''}`,
      }
    case 'EROFS':
      return { what: 'the file system is read-only', help: 'write to another folder' }
    case 'ENOSPC':
      return { what: 'the disk is full', help: otherDisk }
    case 'EDQUOT':
      return { what: 'your disk quota is used up', help: otherDisk }
    case 'EFBIG':
      return {
        what: 'the file is larger than this disk or the limit of this shell (ulimit -f) allows',
        help: 'raise the limit (ulimit -f unlimited), or write to another disk',
      }
    case 'EMFILE':
    case 'ENFILE':
      return {
        what: `too many files are open (${errorCode(error) === 'EMFILE' ? 'the limit of this shell, ulimit -n' : 'the limit of this machine'})`,
        help: errorCode(error) === 'EMFILE' ? 'raise the limit: ulimit -n 4096' : 'close other programs',
      }
    case 'ENOTDIR':
      return { what: 'a part of the path is a file, not a folder', help: 'check the path' }
    case 'EAGAIN':
      return { what: 'no further process could be started', help: 'end others, or raise the limit: ulimit -u' }
    case 'ENOMEM':
      return { what: 'there is not enough memory', help: 'close other programs, or raise the limit: ulimit -v' }
    case 'ENOTFILE':
      return { what: `it is ${(error as Error).message}`, help: 'copy what comes from it into a file, and name that' }
    case 'ENXIO':
    case 'ENODEV':
    case 'EOPNOTSUPP':
      return { what: 'it is a socket or a device without anything behind it', help: 'name a file' }
    case 'ELOOP':
      return { what: 'its symbolic links go round in a circle', help: 'check where they point: ls -l' }
    case 'ESTALE':
      return { what: 'the server that has it has changed it or lost it', help: 'look whether the file is there, and start again' }
    case 'ERR_FS_FILE_TOO_LARGE':
    case 'ERR_STRING_TOO_LONG':
      return { what: 'it is larger than a text may be', help: 'check that it is the file that you mean' }
    case 'EISDIR':
      return { what: 'it is a folder', help: 'name a file' }
    case 'EEXIST':
    case 'ENOTEMPTY':
      return { what: 'it exists already', help: 'choose another name, or remove what is there' }
    case 'ENAMETOOLONG':
      return { what: 'the name is too long', help: 'choose a shorter name' }
    case 'EIO':
      return { what: 'the disk reports an input/output error', help: 'check the disk, or use another one' }
    default:
      return undefined
  }
}

/**
 * A system error from reading or writing `file` as a `UserError` that names the file, the reason and what to do;
 * any other error comes back as it is. Use as `throw fileError(error, 'write', file)`.
 */
export function fileError(error: unknown, doing: 'read' | 'write', file: string): unknown {
  const explanation = explained(error, doing, file)
  if (explanation === undefined) return error
  return new UserError(`cannot ${doing} ${file}: ${explanation.what}`, explanation.help, { cause: error })
}
