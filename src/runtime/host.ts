import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import type { CompilerHost } from '../compiler/index.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'it may not be read',
}

/** The compiler's door to the file system: names are paths as the user would write them. */
export const fileHost: CompilerHost = {
  read(file) {
    try {
      return { text: readFileSync(file === '-' ? 0 : file, 'utf8') }
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return { problem: reasons[code ?? ''] ?? message }
    }
  },
  resolve: (from, to) => path.join(path.dirname(from), to),
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
