import { constants } from 'node:fs'
import { copyFile, cp, link, mkdir, readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { errorCode, explained } from '../files/file-error.ts'
import { readLibraries, type Installed, type Manifest } from './installed.ts'
import { officialSource } from './official.ts'
import { tensorflowVersion, type Flavour, type Target } from './paths.ts'
import { downloadCommand, downloadWheel, findPip, sha256Of, type Wanted, type Wheel } from './pip.ts'
import type { Steps } from './progress.ts'
import { cudaContents, extraRequirements, isCHeader, tensorflowContents, unpackWheel, type Contents } from './wheel.ts'

/** What engine.json says of where the libraries came from. */
export type Origin = Pick<Manifest, 'from' | 'sha256' | 'cuda' | 'checked'>

/** One way to get the libraries and headers. */
export interface Source {
  /** The disk (bytes) that it needs at its worst moment. */
  readonly bytes: number
  /** Fills FOLDER with `lib/`, `include/` and, for GPUs, `nvidia/`; `temporary` is a place for the wheels. */
  fill(folder: string, temporary: string, steps: Steps): Promise<Origin>
}

/** The disk of an install: unpacked, and what stands beside it at the worst moment; of the CUDA wheels the last are small. */
const disk = {
  cpu: { unpacked: 0.86e9, wheels: 0.28e9 },
  gpu: { unpacked: 5.7e9, wheels: 0.5e9 },
} as const

/** The extra of TensorFlow's wheel that names the CUDA wheels. */
const cudaExtra = 'and-cuda'

/**
 * Where the libraries will come from: an engine of this flavour that lacks only the addon, else what `from` says. Throws
 * UserError where that has none, before anything is written.
 */
export async function chooseSource(flavour: Flavour, from: string, target: Target): Promise<Source> {
  if (flavour === 'official') return officialSource(disk.cpu.unpacked + disk.cpu.wheels)
  const libraries = readLibraries(flavour)
  if (libraries) return ofOtherAddon(libraries)
  return from === 'pypi' ? fromIndex(flavour, target) : fromFolder(flavour, from, target)
}

const throughRecord = "the sha256 of each file in the wheel's RECORD"

/** The libraries of an engine that lacks only the addon of these sources: linked, not fetched again; its other addons stay. */
function ofOtherAddon(installed: Installed): Source {
  return {
    bytes: 5e6,
    async fill(folder) {
      await cp(path.join(installed.home, 'include'), path.join(folder, 'include'), { recursive: true })
      for (const name of Object.keys(installed.files)) {
        await mkdir(path.dirname(path.join(folder, name)), { recursive: true })
        await link(path.join(installed.home, name), path.join(folder, name)).catch((error: unknown) => {
          if (errorCode(error) !== 'ENOENT' || !name.endsWith('.node')) throw error // another checkout's addon, removed by hand
        })
      }
      const { from, sha256, cuda, checked } = installed
      return { from, checked, ...(sha256 && { sha256 }), ...(cuda && { cuda }) }
    },
  }
}

async function fromIndex(flavour: 'cpu' | 'gpu', target: Target): Promise<Source> {
  const pip = await findPip()
  return {
    bytes: disk[flavour].wheels + disk[flavour].unpacked,
    async fill(folder, temporary, steps) {
      const place = path.join(temporary, 'download')
      /** Fetches a wheel, unpacks it, hands it to `read`, and removes it. */
      const take = async (wanted: Wanted, contents: Contents, read?: (file: string) => Promise<void>): Promise<Wheel> => {
        await mkdir(place)
        const wheel = await downloadWheel(pip.command, wanted, place, steps)
        await unpackWheel(wheel.file, contents, folder, steps)
        await read?.(wheel.file)
        await rm(place, { recursive: true })
        return wheel
      }
      let required: string[] = []
      const tensorflow = await take(
        { what: 'TensorFlow', requirement: `${target.project}==${tensorflowVersion}`, tags: [target.wheelTag] },
        tensorflowContents(target),
        async (file) => void (required = flavour === 'gpu' ? await extraRequirements(file, cudaExtra) : []),
      )
      const cuda: Record<string, string> = {}
      for (const requirement of required) {
        const what = projectOf(requirement)
        const wheel = await take({ what, requirement, tags: target.cudaTags! }, cudaContents(what))
        cuda[path.basename(wheel.file)] = wheel.sha256
      }
      return origin('pypi', tensorflow, cuda)
    },
  }
}

function origin(from: string, { sha256, checked }: Omit<Wheel, 'file'>, cuda: Readonly<Record<string, string>>): Origin {
  return { from, sha256, ...(Object.keys(cuda).length && { cuda }), checked: `${checked}; ${throughRecord}` }
}

/** `nvidia-cublas-cu12` of `nvidia-cublas-cu12<13.0,>=12.5.3.2`. */
function projectOf(requirement: string): string {
  return /^[\w.-]*\w/.exec(requirement)![0]
}

/** Looks for wheels in FROM, then for the libraries: unpacked as archc does, or an installed TensorFlow of Python. */
async function fromFolder(flavour: 'cpu' | 'gpu', from: string, target: Target): Promise<Source> {
  const directory = path.resolve(from)
  const names = await readdir(directory).catch((error: Error) => {
    throw new UserError(
      `--from ${from}: ${explained(error, 'read', directory)?.what ?? error.message}`,
      '--from takes pypi, official, or a folder with the wheel or the unpacked libraries',
    )
  })
  const ofProject = `${target.project.replaceAll('-', '_')}-${tensorflowVersion}-`
  const wheels = names.filter((name) => /^tensorflow(_cpu)?-.*\.whl$/.test(name))
  const fitting = wheels
    .filter((name) => (flavour === 'gpu' ? name.startsWith(ofProject) : name.includes(`-${tensorflowVersion}-`)))
    .filter((name) => target.wheelTags.test(name))
    .sort((a, b) => Number(b.startsWith(ofProject)) - Number(a.startsWith(ofProject)))[0]
  if (fitting) {
    const file = path.join(directory, fitting)
    const cudaWheels = flavour === 'gpu' ? await cudaWheelsIn(directory, names, file, target) : []
    const fill: Source['fill'] = async (folder, _temporary, steps) => {
      const given = async (name: string): Promise<string> => {
        const sha256 = await sha256Of(path.join(directory, name), steps)
        steps.say(`${name}: sha256 ${sha256} (a given file, no index to ask)`)
        return sha256
      }
      const sha256 = await given(fitting)
      await unpackWheel(file, tensorflowContents(target), folder, steps)
      const cuda: Record<string, string> = {}
      for (const { project, name } of cudaWheels) {
        cuda[name] = await given(name)
        await unpackWheel(path.join(directory, name), cudaContents(project), folder, steps)
      }
      return origin(directory, { sha256, checked: 'a given file, no index to ask' }, cuda)
    }
    return { bytes: disk[flavour].unpacked, fill }
  }
  for (const libraries of [directory, path.join(directory, 'lib'), path.join(directory, 'tensorflow')]) {
    for (const include of [path.join(directory, 'include'), path.join(libraries, 'include')]) {
      const cuda = flavour === 'gpu' ? path.join(libraries, '..', 'nvidia') : undefined
      const needed = [...target.libraries.map((name) => path.join(libraries, name)), path.join(include, 'tensorflow/c/c_api.h')]
      if (cuda) needed.push(path.join(cuda, 'cublas', 'lib'))
      const found = await Promise.all(needed.map((file) => stat(file).catch(() => undefined)))
      if (!found.every(Boolean)) continue
      const fill: Source['fill'] = (folder) => copyUnpacked({ libraries, include, cuda }, directory, target, folder)
      return { bytes: disk[flavour].unpacked, fill }
    }
  }
  const withCuda = flavour === 'gpu' ? ' with CUDA' : ''
  const wheel = `${ofProject}…-${target.wheelTag}.whl`
  throw new UserError(
    `${directory} has no engine: ${wheels.length ? `${wheels.join(', ')} is not TensorFlow ${tensorflowVersion}${withCuda} for ${target.wheelTag}` : 'no TensorFlow wheel'}, ` +
      `and no ${target.libraries.join(' with ')} and include/tensorflow/c${flavour === 'gpu' ? ' with nvidia/ beside them' : ''}`,
    `put ${wheel} there${flavour === 'gpu' ? `, and the CUDA wheels that its ${cudaExtra} names` : ''}`,
  )
}

/** The CUDA wheels in DIRECTORY that the TensorFlow wheel FILE names. Throws UserError with a command that fetches what is missing. */
async function cudaWheelsIn(
  directory: string,
  names: readonly string[],
  file: string,
  target: Target,
): Promise<{ project: string; name: string }[]> {
  const required = await extraRequirements(file, cudaExtra)
  const found = required.map((requirement) => {
    const project = projectOf(requirement)
    const name = names.filter((entry) => entry.endsWith('.whl') && entry.startsWith(`${project.replaceAll('-', '_')}-`)).sort()
    return { requirement, project, name: name.at(-1) }
  })
  const missing = found.filter(({ name }) => name === undefined)
  if (missing.length) {
    throw new UserError(
      `${directory} lacks CUDA wheels that ${path.basename(file)} needs: ${missing.map(({ project }) => project).join(', ')}`,
      `fetch them into it: ${downloadCommand(
        missing.map(({ requirement }) => requirement),
        target.cudaTags!,
      )}`,
    )
  }
  return found.map(({ project, name }) => ({ project, name: name! }))
}

async function copyUnpacked(
  { libraries, include, cuda }: { libraries: string; include: string; cuda: string | undefined },
  from: string,
  target: Target,
  folder: string,
): Promise<Origin> {
  const headers = (await readdir(include, { recursive: true })).filter(isCHeader)
  const { destination } = cudaContents('CUDA')
  const ofCuda = cuda ? (await readdir(cuda, { recursive: true })).map((name) => `nvidia/${name}`).filter(destination) : []
  const pairs: [string, string][] = [
    ...target.libraries.map((name): [string, string] => [path.join(libraries, name), path.join(folder, 'lib', name)]),
    ...headers.map((name): [string, string] => [path.join(include, name), path.join(folder, 'include', name)]),
    ...ofCuda.map((name): [string, string] => [path.join(cuda!, '..', name), path.join(folder, name)]),
  ]
  for (const [source, destination] of pairs) {
    await mkdir(path.dirname(destination), { recursive: true })
    await copyFile(source, destination, constants.COPYFILE_FICLONE)
  }
  return { from, checked: 'given libraries, nothing to compare them with' }
}
