import { randomBytes } from 'node:crypto'
import { type FileHandle, lstat, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { errorCode, fileError } from './file-error.ts'
import { hostTag, pidAlive } from './owner.ts'

/** What a file gets: the whole of it, or a function that writes it piece by piece. */
export type FileContent = string | Uint8Array | ((handle: FileHandle) => Promise<void>)

const leftoverName = /^\..*\.([0-9a-f]{6})-(\d+)-[0-9a-f]{8}\.tmp$/
const day = 24 * 3600 * 1000

/** A fresh hidden name beside `target`, which says which process it belongs to. */
export function temporaryBeside(target: string): string {
  // Shortened, because the target's own name may already be as long as the file system allows.
  const name = path.basename(target).slice(0, 60)
  return path.join(path.dirname(target), `.${name}.${hostTag()}-${process.pid}-${randomBytes(4).toString('hex')}.tmp`)
}

/** How long what a process left untouched is kept: a pid is used again, and another machine (a shared disk) cannot be asked. */
function keptFor(host: string, pid: number): number {
  if (host !== hostTag()) return day
  return pidAlive(pid) ? 7 * day : 0
}

/** Removes temporary files and folders in `folder` that killed processes left behind. A folder that does not exist has none. */
export async function removeLeftovers(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const [, host, pid] = leftoverName.exec(name) ?? []
    if (host === undefined || pid === undefined) continue
    const file = path.join(folder, name)
    const written = (await lstat(file).catch(() => undefined))?.mtimeMs ?? Date.now()
    // The clock has whole milliseconds, and files have parts of one: what was written just now is not younger than nothing.
    if (Math.max(0, Date.now() - written) < keptFor(host, Number(pid))) continue
    // A command of the dead process may still be writing there; what cannot be removed now goes another time.
    await rm(file, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
  }
}

/**
 * As `mkdir -p`, with the system's errors. Node says EEXIST where a file of that name is in the way, which is ENOTDIR here, and ENOENT where the
 * folder above may not be written to (read-only, forbidden): the first folder that is missing is made alone then, and says why it cannot.
 */
export async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    if (errorCode(error) === 'EEXIST') throw Object.assign(new Error(folder, { cause: error }), { code: 'ENOTDIR' })
    if (errorCode(error) !== 'ENOENT') throw error
    await mkdir(await firstMissing(path.resolve(folder)))
    await mkdir(folder, { recursive: true })
  }
}

/** The uppermost folder of a path that there is not. */
async function firstMissing(folder: string): Promise<string> {
  const above = path.dirname(folder)
  const isThere = above === folder || (await stat(above).catch(() => undefined)) !== undefined
  return isThere ? folder : firstMissing(above)
}

/**
 * Makes a folder and those above it; one that is there is fine.
 * @throws UserError naming the folder and what to do.
 */
export async function makeFolder(folder: string): Promise<void> {
  await makeFolders(folder).catch((error: unknown) => {
    throw fileError(error, 'write', folder)
  })
}

const swept = new Set<string>()

/** Makes the folder that is written into, and sweeps it once a process: a folder of thousands of pictures is not listed for each. */
async function prepare(folder: string): Promise<void> {
  await makeFolders(folder)
  if (swept.has(folder)) return
  swept.add(folder)
  await removeLeftovers(folder)
}

/** Makes the entries of a folder durable; file systems that cannot sync a folder are left alone. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  if (handle === undefined) return
  await handle.sync().catch(() => undefined)
  await handle.close()
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const inner = path.join(folder, entry.name)
    if (entry.isDirectory()) await syncTree(inner)
    else if (entry.isFile()) {
      const handle = await open(inner, 'r')
      await handle.sync().finally(() => handle.close())
    }
  }
  await syncFolder(folder)
}

/** A file in the making. */
export interface GrowingFile {
  readonly handle: FileHandle
  /** Gives the file its name, whole. */
  finish(): Promise<void>
  /** Removes what was written. Harmless after `finish`. */
  abandon(): Promise<void>
}

/**
 * Begins `file` under a temporary name in the same folder, which is made where it is missing; nothing stands under its own
 * name before `finish`: whoever reads meanwhile sees the old file, and what a kill leaves, the next write into the folder removes.
 * A symbolic link is followed; a device or pipe is written to directly.
 * @throws UserError naming the file and what to do: no permission, disk full, read-only, a folder of that name.
 */
export async function growFile(file: string): Promise<GrowingFile> {
  const target = await realpath(file).catch(() => path.resolve(file))
  const temporary = temporaryBeside(target)
  const remove = () => rm(temporary, { force: true }).catch(() => undefined)
  try {
    const present = await stat(target).catch(() => undefined)
    if (present?.isDirectory()) throw Object.assign(new Error(file), { code: 'EISDIR' })
    const direct = present !== undefined && !present.isFile()
    await prepare(path.dirname(target))
    const handle = await open(direct ? target : temporary, direct ? 'w' : 'wx')
    return {
      handle,
      async finish() {
        if (direct) return handle.close()
        await handle.sync()
        await handle.close()
        await rename(temporary, target)
        await syncFolder(path.dirname(target))
      },
      async abandon() {
        await handle.close().catch(() => undefined)
        await remove()
      },
    }
  } catch (error) {
    throw fileError(error, 'write', file)
  }
}

/**
 * Writes `file` whole or not at all.
 * @throws UserError as `growFile`.
 */
export async function writeAtomic(file: string, content: FileContent): Promise<void> {
  const growing = await growFile(file)
  try {
    if (typeof content === 'function') await content(growing.handle)
    else await growing.handle.writeFile(content)
    await growing.finish()
  } catch (error) {
    await growing.abandon()
    throw fileError(error, 'write', file)
  }
}

async function isEmptyFolder(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => ['not a folder'])).length === 0
}

/**
 * Makes `folder` whole or not at all: `write` fills a temporary folder beside it, which is synced and then renamed.
 * An empty folder of that name is taken over; any other is an error unless `replace` is set (then a kill at the moment of
 * the exchange leaves the folder absent, never mixed).
 * @throws UserError as `writeAtomic`, and when `folder` exists already.
 */
export async function writeFolderAtomic(
  folder: string,
  write: (temporaryFolder: string) => Promise<void>,
  options: { readonly replace?: boolean } = {},
): Promise<void> {
  const temporary = temporaryBeside(path.resolve(folder))
  const aside = temporaryBeside(path.resolve(folder))
  try {
    if (path.resolve(folder) === process.cwd()) {
      throw new UserError(`cannot write ${folder}: it is the current folder`, 'name a new folder')
    }
    const exists = (await lstat(folder).catch(() => undefined)) !== undefined
    const empty = exists && (await isEmptyFolder(folder))
    if (exists && !empty && options.replace !== true) {
      throw new UserError(`cannot write ${folder}: it exists already`, 'choose another name, or remove what is there')
    }
    await prepare(path.dirname(path.resolve(folder)))
    await mkdir(temporary)
    await write(temporary)
    await syncTree(temporary)
    if (empty) await rmdir(folder)
    else if (exists) await rename(folder, aside)
    try {
      await rename(temporary, folder)
    } catch (error) {
      if (exists && !empty) await rename(aside, folder)
      throw error
    }
    await syncFolder(path.dirname(path.resolve(folder)))
    await rm(aside, { recursive: true, force: true })
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    throw fileError(error, 'write', folder)
  }
}

/**
 * Appends one line of JSON to `file` (made when absent). After a torn last line, left by a kill in the middle of a
 * write, it starts on a new line. One write per call, so lines of one process do not mix.
 * @throws UserError naming the file and what to do.
 */
export async function appendLine(file: string, record: object): Promise<void> {
  try {
    const handle = await open(file, 'a+')
    try {
      const { size } = await handle.stat()
      const last = Buffer.alloc(1)
      if (size > 0) await handle.read(last, 0, 1, size - 1)
      const torn = size > 0 && last[0] !== 0x0a
      await handle.appendFile(`${torn ? '\n' : ''}${JSON.stringify(record)}\n`)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, 'write', file)
  }
}

function parseLine(line: string): unknown[] {
  try {
    return line.trim() === '' ? [] : [JSON.parse(line)]
  } catch {
    return []
  }
}

/**
 * The records of a file written by `appendLine`, in order. Torn lines (the last one after a kill, or one that was gone on
 * from) are dropped; a file that does not exist has none.
 * @throws UserError when the file cannot be read.
 */
export async function readLines(file: string): Promise<unknown[]> {
  try {
    const handle = await open(file, 'r')
    const text = await handle.readFile('utf8').finally(() => handle.close())
    return text.split('\n').flatMap(parseLine)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return []
    throw fileError(error, 'read', file)
  }
}
