import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { nearest } from '../compiler/diagnostics/suggest.ts'
import type { CompilerHost } from '../compiler/index.ts'
import { archcRoot } from '../root.ts'
import { errorCode, explained } from './files/file-error.ts'
import { textBytes, textOf } from './files/text.ts'

/** What stands before the names of archc's own networks: `archc/iste.arch`, `archc/lib/mlp.arch`. */
const own = 'archc/'
const ownFolder = path.join(archcRoot, 'models')

export const isOwn = (name: string): boolean => name.startsWith(own)

/** The names of archc's own networks. */
export const ownNames = (): string[] => archFiles(ownFolder).map((file) => own + path.relative(ownFolder, file))

/** Where the file of a name is. */
export const placeOf = (name: string, folder = ''): string =>
  isOwn(name) ? path.join(ownFolder, name.slice(own.length)) : path.resolve(folder, name)

/** A file at hand whose path begins as the names of archc's own do. */
const atHand = (name: string): string => (isOwn(name) ? `./${name}` : name)

/** What a path means in a file, by which files there are: one at hand goes before archc's own. */
export const resolveBy =
  (isThere: (name: string) => boolean): CompilerHost['resolve'] =>
  (from, to) => {
    // A whole path is from the root, whoever writes it.
    if (path.isAbsolute(to)) return path.normalize(to)
    const name = path.join(path.dirname(from), to)
    if (isOwn(from)) return name
    return isOwn(to) && !isThere(atHand(name)) ? path.normalize(to) : atHand(name)
  }

export interface FileHost extends CompilerHost {
  /** The name of a file that is named outside of any: `iste.arch` is archc's own too, where there is none at hand. */
  named(file: string): string
}

/** The compiler's door to the file system: names are paths from FOLDER, as the user would write them, or those of archc's own networks. */
export function hostIn(folder: string): FileHost {
  const isThere = (name: string): boolean => existsSync(placeOf(name, folder))
  return {
    read(file) {
      try {
        const found = textOf(textBytes(file === '-' ? file : placeOf(file, folder)))
        return 'text' in found ? { text: found.text } : found
      } catch (error) {
        const problem = explained(error, 'read', file)?.what ?? (error as Error).message
        return { problem, ...(errorCode(error) === 'ENOENT' && { near: nearOwn(file) }) }
      }
    },
    resolve: resolveBy(isThere),
    named(file) {
      if (isThere(atHand(file))) return atHand(file)
      const name = isOwn(file) ? file : path.join(own, file)
      return isOwn(name) && name.endsWith('.arch') && isThere(name) ? name : file
    },
  }
}

export const fileHost = hostIn('')

/** A host of TEXTS by name; what is not among them is a file. */
export function textHost(texts: Readonly<Record<string, string>>): CompilerHost {
  const isText = (name: string): boolean => Object.hasOwn(texts, name)
  return {
    read: (file) => (isText(file) ? { text: texts[file]! } : fileHost.read(file)),
    resolve: resolveBy((name) => isText(name) || existsSync(placeOf(name))),
  }
}

/** Names of archc's own networks that a missing one may have been meant to be: those of its last part, else of one like it. */
function nearOwn(file: string): string[] {
  const stemOf = (name: string): string => path.basename(name, '.arch')
  const [names, stem] = [ownNames(), stemOf(file)]
  const called = (wanted: readonly string[]): string[] => names.filter((name) => wanted.includes(stemOf(name)))
  const same = called([stem])
  if (same.length > 0) return same
  return called(nearest(stem, names.map(stemOf)).filter((near) => near[0]!.toLowerCase() === stem[0]?.toLowerCase()))
}

/** What nobody looks into for models: hidden folders, packages. */
export const isPassedOver = (name: string): boolean => name.startsWith('.') || name === 'node_modules'

/** `.arch` files of a folder, searched through; a file stands for itself. */
export function archFiles(file: string): string[] {
  if (file === '-') return [file]
  const stat = statSync(file, { throwIfNoEntry: false })
  if (!stat?.isDirectory()) return [file]
  return readdirSync(file, { withFileTypes: true })
    .filter((entry) => !isPassedOver(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = path.join(file, entry.name)
      return entry.isDirectory() ? archFiles(inside) : entry.name.endsWith('.arch') ? [inside] : []
    })
}
