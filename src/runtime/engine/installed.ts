import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { addonPath } from './addon.ts'
import { engineHome, targetOf } from './paths.ts'

/** engine.json: what stands in the engine's folder and how it got there. */
export interface Installed {
  /** The engine's folder. */
  readonly home: string
  readonly tensorflow: string
  /** `pypi`, or the folder that `--from` named. */
  readonly from: string
  /** Of the wheel; missing where unpacked libraries were given. */
  readonly sha256?: string
  readonly checked: string
  readonly compiler: string
  /** ISO 8601, UTC. */
  readonly date: string
  /** Sizes in bytes of the libraries and the addons, by path in the folder. */
  readonly files: Readonly<Record<string, number>>
}

export const manifestName = 'engine.json'

/**
 * The engine in the cache, or undefined where there is none that this archc can use: none at all, one whose files were
 * cut or removed by hand, or one without an addon of these sources. Costs a few `stat`s.
 */
export function readInstalled(home = engineHome()): Installed | undefined {
  const installed = readLibraries(home)
  return installed && isWhole(installed, addonPath()) ? installed : undefined
}

/** As readInstalled, but it is enough that the libraries are whole: an addon can be compiled for them. */
export function readLibraries(home = engineHome()): Installed | undefined {
  try {
    const installed = { ...(JSON.parse(readFileSync(path.join(home, manifestName), 'utf8')) as Installed), home }
    return targetOf().libraries.every((name) => isWhole(installed, path.join('lib', name))) ? installed : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof UserError || (error as NodeJS.ErrnoException).code) return undefined
    throw error
  }
}

function isWhole({ home, files }: Installed, name: string): boolean {
  return files[name] !== undefined && files[name] === statSync(path.join(home, name), { throwIfNoEntry: false })?.size
}

/** The bytes that the installed engine's files take. */
export function installedBytes(installed: Installed): number {
  return Object.values(installed.files).reduce((sum, size) => sum + size, 0)
}
