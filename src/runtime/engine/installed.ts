import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { errorCode } from '../files/file-error.ts'
import { addonPath } from './addon.ts'
import { engineHome, flavours, targetOf, type Flavour } from './paths.ts'

/** engine.json: what stands in the engine's folder and how it got there. */
export interface Installed {
  /** The engine's folder. */
  readonly home: string
  readonly flavour: Flavour
  /** Where its addon for these sources lies (or would lie) in the folder. */
  readonly addon: string
  readonly tensorflow: string
  /** `pypi`, `official`, or the folder that `--from` named. */
  readonly from: string
  /** Of TensorFlow's wheel; missing where unpacked libraries were given. */
  readonly sha256?: string
  /** The sha256 of each CUDA wheel by file name. */
  readonly cuda?: Readonly<Record<string, string>>
  readonly checked: string
  readonly compiler: string
  /** ISO 8601, UTC. */
  readonly date: string
  /** Sizes in bytes of the libraries and the addons, by path in the folder. */
  readonly files: Readonly<Record<string, number>>
}

/** What stands in engine.json; the rest of Installed follows from where the file lies. */
export type Manifest = Omit<Installed, 'home' | 'flavour' | 'addon'>

export const manifestName = 'engine.json'

/** The addon that the script of tfjs-node downloads or builds. */
export const officialAddon = path.join('lib', 'napi-v8', 'tfjs_binding.node')

/** Where a flavour's addon lies in its folder. */
export function addonOf(flavour: Flavour): string {
  return flavour === 'official' ? officialAddon : addonPath()
}

/**
 * The engine of a flavour in the cache, or undefined where there is none that this archc can use: none at all, one whose
 * files were cut or removed by hand, or one without an addon of these sources. Costs a few `stat`s.
 */
export function readInstalled(flavour: Flavour = 'cpu'): Installed | undefined {
  const installed = readLibraries(flavour)
  return installed && isWhole(installed, installed.addon) ? installed : undefined
}

/** As readInstalled, but it is enough that the libraries are whole: an addon can be compiled for them. */
export function readLibraries(flavour: Flavour = 'cpu'): Installed | undefined {
  const home = engineHome(flavour)
  try {
    const manifest = JSON.parse(readFileSync(path.join(home, manifestName), 'utf8')) as Manifest
    const installed = { ...manifest, home, flavour, addon: addonOf(flavour) }
    const needed = flavour === 'official' ? [] : targetOf().libraries.map((name) => path.join('lib', name))
    const libraries = Object.keys(manifest.files).filter((name) => !name.endsWith('.node'))
    return [...needed, ...libraries].every((name) => isWhole(installed, name)) ? installed : undefined
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof UserError || errorCode(error) !== undefined) return undefined
    throw error
  }
}

/** The flavour that a command computes with here; undefined where no engine is installed. */
export function chosenFlavour(): Flavour | undefined {
  return flavours.find((flavour) => readLibraries(flavour))
}

function isWhole({ home, files }: Installed, name: string): boolean {
  return files[name] !== undefined && files[name] === statSync(path.join(home, name), { throwIfNoEntry: false })?.size
}

/** The bytes that the installed engine's files take. */
export function installedBytes(installed: Installed): number {
  return Object.values(installed.files).reduce((sum, size) => sum + size, 0)
}

/** The sizes of what FOLDER holds besides headers: libraries, addons and CUDA's programs. */
export function sizesIn(folder: string): Record<string, number> {
  const files: Record<string, number> = {}
  for (const part of ['lib', 'nvidia', path.join('deps', 'lib')]) {
    const at = path.join(folder, part)
    if (!statSync(at, { throwIfNoEntry: false })) continue
    for (const name of readdirSync(at, { recursive: true, encoding: 'utf8' }).sort()) {
      const found = lstatSync(path.join(at, name))
      if (found.isFile()) files[path.join(part, name)] = found.size
    }
  }
  return files
}
