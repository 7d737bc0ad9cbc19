import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { filesBelow } from '../data/files-below.ts'
import { onlySlides, pictureEndings } from '../data/picture.ts'
import { openShown, type Shown } from './shown.ts'

/** Something that can be looked at, under a name that addresses hold. */
export interface Listed {
  readonly id: string
  readonly name: string
  readonly file: string
}

/** Open at once; the one that was looked at longest ago is closed for another. */
const mostOpen = 8
/** A folder is looked through again no sooner than after so many milliseconds. */
const listedFor = 2000

/** What is served: files that were named, or all below a folder, found by listing it. No path is ever made of an address. */
export class Library {
  readonly #find: () => Promise<readonly Listed[]>
  readonly #say: (line: string) => void
  #listed: { readonly at: number; readonly all: Promise<readonly Listed[]> } | undefined
  readonly #open = new Map<string, Promise<Shown>>()

  private constructor(find: () => Promise<readonly Listed[]>, say: (line: string) => void) {
    this.#find = find
    this.#say = say
  }

  /** Files, whatever else is there. */
  static ofFiles(files: readonly string[], say: (line: string) => void): Library {
    const names = files.map((file) => path.basename(file))
    const all = files.map((file, at) => {
      const name = names[at]!
      const isTwice = names.filter((each) => each === name).length > 1
      return { id: isTwice ? `${at + 1}-${name}` : name, name, file }
    })
    return new Library(() => Promise.resolve(all), say)
  }

  /** All slides and pictures in a folder and below it. Links that lead out of it are left out. @throws UserError where it is no folder */
  static async ofFolder(folder: string, say: (line: string) => void): Promise<Library> {
    if (!(await stat(folder).catch(() => undefined))?.isDirectory())
      throw new UserError(`${folder} is no folder`, 'name a folder with slides or pictures')
    const root = await realpath(folder)
    return new Library(async () => {
      const { names } = await filesBelow(root, [...new Set([...pictureEndings, ...onlySlides])])
      const inside = await Promise.all(
        names.map(async (name) => {
          const file = path.join(root, name)
          const real = await realpath(file).catch(() => undefined)
          return real?.startsWith(root + path.sep) ? [{ id: name, name, file: real }] : []
        }),
      )
      return inside.flat()
    }, say)
  }

  list(): Promise<readonly Listed[]> {
    if (!this.#listed || performance.now() - this.#listed.at > listedFor)
      this.#listed = { at: performance.now(), all: this.#find() }
    return this.#listed.all
  }

  /** Opened, or undefined where nothing is listed so. @throws UserError where it cannot be read */
  async open(id: string): Promise<Shown | undefined> {
    const found = (await this.list()).find((each) => each.id === id)
    if (!found) return undefined
    const known = this.#open.get(id) ?? openShown(found.file, this.#say)
    this.#open.delete(id)
    this.#open.set(id, known)
    known.catch(() => this.#open.delete(id))
    if (this.#open.size > mostOpen) {
      const [[oldest, shown]] = this.#open as unknown as [[string, Promise<Shown>]]
      this.#open.delete(oldest)
      // Who reads from it still gets an error that says that it is closed, and asks again.
      void shown.then((each) => each.close()).catch(() => undefined)
    }
    return known
  }

  async close(): Promise<void> {
    for (const shown of this.#open.values()) await (await shown.catch(() => undefined))?.close()
    this.#open.clear()
  }
}
