import { existsSync } from 'node:fs'
import path from 'node:path'

/**
 * A path from FOLDER as a file has it that was written on Windows, `slides\a.png`: with the slashes of this machine, unless there is a file of
 * just that name.
 */
export const withSlashes = (name: string, folder = ''): string =>
  name.includes('\\') && !existsSync(path.resolve(folder, name)) ? name.replaceAll('\\', '/') : name
