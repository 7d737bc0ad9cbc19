import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { someOf, UserError } from '../../errors.ts'
import { appendLine, makeFolder, readLines } from '../files/atomic.ts'
import { fileError } from '../files/file-error.ts'
import { acquireLock, type Lock } from '../files/lock.ts'
import { bigTiffHeader, headerBytes } from './big-tiff.ts'

/** An encoded tile: `index` counts a level's tiles row by row. Without bytes it is glass, which all such tiles share. */
export interface EncodedTile {
  readonly level: number
  readonly index: number
  readonly bytes?: Buffer
}

/** What a slide is made of: equal settings give equal files. */
export type Settings = Readonly<Record<string, unknown>>

/** Where a tile stands in the file; nothing in length where it is glass. */
export interface Place {
  readonly offset: number
  readonly length: number
}

/** A line of the journal: what was appended under a name, from where on, and what is to be known of it. */
interface Appended {
  readonly key: string
  readonly at: number
  readonly tiles: readonly (readonly [level: number, index: number, length: number])[]
  readonly note: Settings
}

export const journalOf = (file: string): string => `${file}.jsonl`

/** What is known of an unfinished slide; undefined where there is none. @throws UserError where its journal cannot be read. */
export async function settingsOf(file: string): Promise<Settings | undefined> {
  const [first] = await readLines(journalOf(file))
  return (first as { settings?: Settings } | undefined)?.settings
}

/**
 * A slide in the making: encoded tiles one after the other in a file, and a journal beside it of what stands where. Whatever ends the process, what
 * the journal names is whole, and what stands behind that is written again: the file comes out the same, byte for byte.
 */
export class TileFile {
  readonly file: string
  readonly #handle: FileHandle
  readonly #lock: Lock
  readonly #places = new Map<number, Map<number, Place>>()
  readonly #appended = new Map<string, Appended>()
  #end = headerBytes

  private constructor(file: string, handle: FileHandle, lock: Lock) {
    this.file = file
    this.#handle = handle
    this.#lock = lock
  }

  /**
   * Begins a file, or with `resume` goes on with it where there is one.
   * @throws UserError where another process writes it, it is there and is not to be resumed, or was begun with other settings, which are named.
   */
  static async open(file: string, settings: Settings, resume: boolean): Promise<TileFile> {
    await makeFolder(path.dirname(file))
    const lock = await acquireLock(`${file}.lock`, {
      refuse: ({ pid, host }) =>
        new UserError(`${file} is being written by process ${pid} on ${host}`, 'wait for it, or write another file with -o'),
    }).catch((error: unknown) => {
      throw fileError(error, 'write', file)
    })
    try {
      const before = await settingsOf(file)
      if (before && !resume) throw begunBefore(file)
      if (before) requireSame(file, before, settings)
      else {
        await rm(file, { force: true })
        await rm(journalOf(file), { force: true })
      }
      const handle = await open(file, before ? 'r+' : 'wx+')
      const tiles = new TileFile(file, handle, lock)
      if (before) await tiles.#replay()
      else {
        await handle.write(bigTiffHeader(0), 0, headerBytes, 0)
        await appendLine(journalOf(file), { settings })
      }
      return tiles
    } catch (error) {
      lock.release()
      throw fileError(error, 'write', file)
    }
  }

  /** Where the next bytes go. */
  get end(): number {
    return this.#end
  }

  has(key: string): boolean {
    return this.#appended.has(key)
  }

  /** What was noted when these were appended. */
  note(key: string): Settings | undefined {
    return this.#appended.get(key)?.note
  }

  /** Undefined where it is not there. */
  place(level: number, index: number): Place | undefined {
    return this.#places.get(level)?.get(index)
  }

  /** The tiles that were appended under a name, and where they stand. */
  tilesOf(key: string): { readonly level: number; readonly index: number; readonly place: Place }[] {
    return (this.#appended.get(key)?.tiles ?? []).map(([level, index]) => ({ level, index, place: this.place(level, index)! }))
  }

  /** Appends tiles under a name, all or none of them. One call at a time. @throws UserError where the disk is full. */
  async append(key: string, tiles: readonly EncodedTile[], note: Settings = {}): Promise<void> {
    const bytes = tiles.flatMap((tile) => tile.bytes ?? [])
    try {
      const at = this.#end
      let next = at
      for (const each of bytes) {
        await writeAll(this.#handle, each, next)
        next += each.length
      }
      await this.#handle.datasync()
      const line: Appended = {
        key,
        at,
        tiles: tiles.map(({ level, index, bytes: own }) => [level, index, own?.length ?? 0]),
        note,
      }
      await appendLine(journalOf(this.file), line)
      this.#take(line)
    } catch (error) {
      throw resumable(fileError(error, 'write', this.file))
    }
  }

  async read({ offset, length }: Place): Promise<Buffer> {
    const bytes = Buffer.alloc(length)
    const { bytesRead } = await this.#handle.read(bytes, 0, length, offset)
    if (bytesRead < length) throw new UserError(`${this.file} is cut off`, 'remove it and its .jsonl, and begin anew')
    return bytes
  }

  /** Appends the directories and gives the file its name; the journal goes. */
  async finish(name: string, tail: Buffer, first: number): Promise<void> {
    try {
      await writeAll(this.#handle, tail, this.#end)
      await writeAll(this.#handle, bigTiffHeader(first), 0)
      await this.#handle.sync()
      await this.#handle.close()
      await rename(this.file, name)
      await rm(journalOf(this.file), { force: true })
    } catch (error) {
      throw resumable(fileError(error, 'write', name))
    } finally {
      this.#lock.release()
    }
  }

  /** `write` makes files of the tiles; this one and its journal go. */
  async finishAs(name: string, write: () => Promise<void>): Promise<void> {
    try {
      await write()
      await this.#handle.close()
      await rm(this.file)
      await rm(journalOf(this.file), { force: true })
    } catch (error) {
      throw resumable(fileError(error, 'write', name))
    } finally {
      this.#lock.release()
    }
  }

  /** Leaves it as it is, to be resumed; harmless after `finish`. */
  async leave(): Promise<void> {
    await this.#handle.close().catch(() => undefined)
    this.#lock.release()
  }

  async #replay(): Promise<void> {
    const { size } = await stat(this.file)
    const [, ...lines] = (await readLines(journalOf(this.file))) as [unknown, ...Appended[]]
    for (const line of lines) {
      const length = line.tiles.reduce((sum, [, , bytes]) => sum + bytes, 0)
      if (line.at !== this.#end || line.at + length > size) break
      this.#take(line)
    }
    await this.#handle.truncate(this.#end)
  }

  #take(line: Appended): void {
    let offset = line.at
    for (const [level, index, length] of line.tiles) {
      const places = this.#places.get(level) ?? new Map<number, Place>()
      this.#places.set(level, places)
      places.set(index, { offset, length })
      offset += length
    }
    this.#end = offset
    this.#appended.set(line.key, line)
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done)
    done += bytesWritten
  }
}

/** Where an enlargement is there that is not to be gone on with. */
export const begunBefore = (file: string): UserError =>
  new UserError(
    `${file} is there: an enlargement that did not end`,
    `--resume goes on with it; remove it and ${journalOf(file)} to begin anew`,
  )

function requireSame(file: string, before: Settings, now: Settings): void {
  const others = differing(before, now)
  if (others !== undefined)
    throw new UserError(
      `${file} was begun otherwise: ${others}`,
      `say the same again with --resume, or remove it and ${journalOf(file)} to begin anew`,
    )
}

/** What settings have otherwise, in words: `quality 90, now 80`; undefined where they are the same. */
export function differing(before: object, now: object): string | undefined {
  const [old, fresh] = [flat(before), flat(now)]
  const others = [...new Set([...old.keys(), ...fresh.keys()])].filter((name) => old.get(name) !== fresh.get(name))
  const said = others.map((name) => `${name} ${shown(old.get(name))}, now ${shown(fresh.get(name))}`)
  return said.length === 0 ? undefined : someOf(said, 3)
}

/** The values of settings by their names, those within others too. */
function flat(settings: object): Map<string, string> {
  return new Map(
    Object.entries(settings).flatMap(([name, value]: [string, unknown]): (readonly [string, string])[] => {
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return [...flat(value as object)]
      return value === undefined ? [] : [[name, JSON.stringify(value)]]
    }),
  )
}

const shown = (value: string | undefined): string =>
  value === undefined ? 'not said' : value.length > 60 ? `${value.slice(0, 57)}...` : value

const resumable = (error: unknown): unknown =>
  error instanceof UserError
    ? new UserError(error.message, `${error.help ?? ''}; --resume goes on`.replace(/^; /, ''), { cause: error })
    : error
