import { constants } from 'node:fs'
import { copyFile, cp, link, mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { readLibraries, type Installed } from './installed.ts'
import { tensorflowVersion, type Target } from './paths.ts'
import { downloadWheel, findPip, sha256Of, type Wheel } from './pip.ts'
import type { Steps } from './progress.ts'
import { isCHeader, unpackWheel } from './wheel.ts'

/** What engine.json says of where the libraries came from. */
export type Origin = Pick<Installed, 'from' | 'sha256' | 'checked'>

/** One way to get the libraries and headers. */
export interface Source {
  /** The disk (bytes) that it needs at its worst moment. */
  readonly bytes: number
  /** Fills FOLDER with `lib/` and `include/`; `temporary` is a place for the wheel. */
  fill(folder: string, temporary: string, steps: Steps): Promise<Origin>
}

const wheelBytes = 0.28e9
const unpackedBytes = 0.86e9

/**
 * Where the libraries will come from: an engine in HOME that lacks only the addon, else what `from` says. Throws UserError
 * where that has none, before anything is written.
 */
export async function chooseSource(home: string, from: string, target: Target): Promise<Source> {
  const libraries = readLibraries(home)
  if (libraries) return ofOtherAddon(libraries)
  return from === 'pypi' ? fromIndex(target) : fromFolder(from, target)
}

async function unpack(wheel: Wheel, from: string, target: Target, folder: string, steps: Steps): Promise<Origin> {
  await unpackWheel(wheel.file, target, folder, steps)
  return { from, sha256: wheel.sha256, checked: `${wheel.checked}; the sha256 of each file in the wheel's RECORD` }
}

/** The libraries of an engine that lacks only the addon of these sources: linked, not fetched again; its other addons stay. */
function ofOtherAddon(installed: Installed): Source {
  return {
    bytes: 5e6,
    async fill(folder) {
      await cp(path.join(installed.home, 'include'), path.join(folder, 'include'), { recursive: true })
      await mkdir(path.join(folder, 'lib'))
      for (const name of Object.keys(installed.files)) await link(path.join(installed.home, name), path.join(folder, name))
      const { from, sha256, checked } = installed
      return { from, checked, ...(sha256 && { sha256 }) }
    },
  }
}

async function fromIndex(target: Target): Promise<Source> {
  const pip = await findPip()
  return {
    bytes: wheelBytes + unpackedBytes,
    async fill(folder, temporary, steps) {
      const wheel = await downloadWheel(pip.command, target, temporary, steps)
      const origin = await unpack(wheel, 'pypi', target, folder, steps)
      await rm(wheel.file)
      return origin
    },
  }
}

/** Looks for a wheel in FROM, then for the libraries: unpacked as archc does, or an installed TensorFlow of Python. */
async function fromFolder(from: string, target: Target): Promise<Source> {
  const directory = path.resolve(from)
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      `--from ${from}: ${error.message}`,
      '--from takes pypi, or a folder with the wheel or the unpacked libraries',
    )
  })
  const wheels = names.filter((name) => /^tensorflow(_cpu)?-.*\.whl$/.test(name))
  const fitting = wheels.find((name) => name.includes(`-${tensorflowVersion}-`) && target.wheelTags.test(name))
  if (fitting) {
    const fill: Source['fill'] = async (folder, _temporary, steps) => {
      const file = path.join(directory, fitting)
      const sha256 = await sha256Of(file, steps)
      steps.say(`${fitting}: sha256 ${sha256} (a given file, no index to ask)`)
      return unpack({ file, sha256, checked: 'a given file, no index to ask' }, directory, target, folder, steps)
    }
    return { bytes: unpackedBytes, fill }
  }
  for (const libraries of [directory, path.join(directory, 'lib'), path.join(directory, 'tensorflow')]) {
    for (const include of [path.join(directory, 'include'), path.join(libraries, 'include')]) {
      const needed = [...target.libraries.map((name) => path.join(libraries, name)), path.join(include, 'tensorflow/c/c_api.h')]
      const found = await Promise.all(needed.map((file) => stat(file).catch(() => undefined)))
      if (!found.every(Boolean)) continue
      return { bytes: unpackedBytes, fill: (folder) => copyUnpacked(libraries, include, directory, target, folder) }
    }
  }
  throw new UserError(
    `${directory} has no engine: ${wheels.length ? `${wheels.join(', ')} is not TensorFlow ${tensorflowVersion} for ${target.wheelTag}` : 'no TensorFlow wheel'}, ` +
      `and no ${target.libraries.join(' with ')} and include/tensorflow/c`,
    `put ${target.project.replaceAll('-', '_')}-${tensorflowVersion}-…-${target.wheelTag}.whl there`,
  )
}

async function copyUnpacked(libraries: string, include: string, from: string, target: Target, folder: string): Promise<Origin> {
  const headers = (await readdir(include, { recursive: true })).filter(isCHeader)
  const pairs: [string, string][] = [
    ...target.libraries.map((name): [string, string] => [path.join(libraries, name), path.join(folder, 'lib', name)]),
    ...headers.map((name): [string, string] => [path.join(include, name), path.join(folder, 'include', name)]),
  ]
  for (const [source, destination] of pairs) {
    await mkdir(path.dirname(destination), { recursive: true })
    await copyFile(source, destination, constants.COPYFILE_FICLONE)
  }
  return { from, checked: 'given libraries, nothing to compare them with' }
}
