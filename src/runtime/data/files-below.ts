import { readdir, realpath, stat } from 'node:fs/promises'
import { extname, join } from 'node:path'

/** Folders that a NAS, macOS or a file system lays among people's pictures: thumbnails, what was thrown away. */
const laidBeside = new Set([
  '@eaDir',
  '#recycle',
  '@Recycle',
  '$RECYCLE.BIN',
  'System Volume Information',
  '__MACOSX',
  'lost+found',
])

/** What was found in a folder. */
export interface FilesBelow {
  /** Paths inside the folder, with `/`, sorted by code units: the same order in every locale. */
  readonly names: readonly string[]
  /** How many files have other endings, by these, and folders that were not looked into, by their names with `/`. */
  readonly leftOut: Readonly<Record<string, number>>
}

/** The files of these endings in a folder and all below it; what is hidden does not count, pipes and devices are left out. */
export async function filesBelow(folder: string, endings: readonly string[]): Promise<FilesBelow> {
  const names: string[] = []
  const leftOut = new Map<string, number>()
  const leave = (what: string): void => void leftOut.set(what, (leftOut.get(what) ?? 0) + 1)
  const seen = new Set<string>()
  const walk = async (at: string, prefix: string): Promise<void> => {
    const real = await realpath(at)
    if (seen.has(real)) return
    seen.add(real)
    for (const name of await readdir(at)) {
      if (name.startsWith('.')) continue
      if (laidBeside.has(name)) {
        leave(`${name}/`)
        continue
      }
      const path = join(at, name)
      const kind = await stat(path).catch(() => undefined)
      if (kind?.isDirectory()) await walk(path, `${prefix}${name}/`)
      else if ((!kind || kind.isFile()) && endings.includes(extname(name).toLowerCase())) names.push(prefix + name)
      else leave(extname(name).toLowerCase() || 'without an ending')
    }
  }
  await walk(folder, '')
  const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
  return { names: names.sort(order), leftOut: Object.fromEntries([...leftOut].sort(([a], [b]) => order(a, b))) }
}
