import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { downloadWheel, findPip, sha256Of, type Wheel } from '../engine/pip.ts'
import type { Steps } from '../engine/progress.ts'
import { unpackWheel } from '../engine/wheel.ts'
import { makeFolders, temporaryBeside } from '../files/atomic.ts'
import { cacheFolder } from '../files/cache-folder.ts'
import { acquireLock } from '../files/lock.ts'

/** PyPI's project `openslide-bin`: OpenSlide 4.0.1 and all that it needs in one library (LGPL-2.1, with the notices of its parts). */
export const openslideVersion = '4.0.1.2'

interface Target {
  readonly tags: readonly string[]
  /** The library in the wheel. */
  readonly library: string
}

/** Linux on x86-64 is what archc is tested on; the others follow the wheels' names and have not been run. */
const targets: Readonly<Record<string, Target>> = {
  'linux-x64': { tags: ['manylinux_2_28_x86_64'], library: 'openslide_bin/libopenslide.so.1' },
  'linux-arm64': { tags: ['manylinux_2_28_aarch64'], library: 'openslide_bin/libopenslide.so.1' },
  'darwin-x64': { tags: ['macosx_11_0_universal2'], library: 'openslide_bin/libopenslide.1.dylib' },
  'darwin-arm64': { tags: ['macosx_11_0_universal2'], library: 'openslide_bin/libopenslide.1.dylib' },
}

const target = (): Target => {
  const found = targets[`${process.platform}-${process.arch}`]
  if (!found)
    throw new UserError(
      `there is no OpenSlide for ${process.platform} on ${process.arch} that archc could bring`,
      'convert the slide to a pyramidal TIFF on another machine',
    )
  return found
}

/** Where it stands, or will stand. */
export const openslideHome = (): string =>
  path.join(cacheFolder(), 'slides', `openslide-${openslideVersion}-${process.platform}-${process.arch}`)

/** The library, where it is there. */
export function openslideLibrary(): string | undefined {
  const file = path.join(openslideHome(), path.basename(target().library))
  return existsSync(file) ? file : undefined
}

export interface BringOptions {
  /** A folder with the wheel, or the wheel: without a network. */
  readonly from?: string
  readonly steps: Steps
}

/**
 * Brings OpenSlide into the cache folder, by pip's index or from a folder; whole or not at all. What is there stays.
 * @throws UserError naming the step and what to do.
 */
export async function bringOpenslide({ from, steps }: BringOptions): Promise<string> {
  const there = openslideLibrary()
  if (there !== undefined) return there
  const home = openslideHome()
  await makeFolders(path.dirname(home))
  const lock = await acquireLock(`${home}.lock`, {
    wait: ({ pid }) => steps.say(`another archc (process ${pid}) is bringing OpenSlide: waiting for it`),
    signal: steps.signal,
  })
  const temporary = temporaryBeside(home)
  try {
    const meanwhile = openslideLibrary()
    if (meanwhile !== undefined) return meanwhile
    const folder = path.join(temporary, 'openslide')
    await mkdir(folder, { recursive: true })
    const { library, tags } = target()
    const wheel = from === undefined ? await asked(tags, temporary, steps) : await given(from, steps)
    await unpackWheel(
      wheel.file,
      {
        what: 'OpenSlide',
        needed: [library],
        destination: (member) =>
          member === library ? path.basename(library) : /\.dist-info\/(licenses\/.*[^/])$/.exec(member)?.[1],
      },
      folder,
      steps,
    )
    const origin = { version: openslideVersion, wheel: path.basename(wheel.file), sha256: wheel.sha256, checked: wheel.checked }
    await writeFile(path.join(folder, 'origin.json'), `${JSON.stringify(origin, undefined, 2)}\n`)
    await rename(folder, home)
    steps.say(`OpenSlide ${openslideVersion} is in ${home}`)
    return path.join(home, path.basename(library))
  } finally {
    await rm(temporary, { recursive: true, force: true })
    lock.release()
  }
}

async function asked(tags: readonly string[], folder: string, steps: Steps): Promise<Wheel> {
  const pip = await findPip()
  const requirement = `openslide-bin==${openslideVersion}`
  return downloadWheel(pip.command, { what: 'OpenSlide', requirement, tags }, folder, steps)
}

/** The wheel that somebody carried here. */
async function given(from: string, steps: Steps): Promise<Wheel> {
  const kind = await stat(from).catch(() => undefined)
  const names = kind?.isDirectory() ? (await readdir(from)).map((name) => path.join(from, name)) : kind ? [from] : []
  const file = names.find((name) => path.basename(name).startsWith(`openslide_bin-${openslideVersion}-`) && name.endsWith('.whl'))
  if (!file)
    throw new UserError(
      `${from}: there is no wheel openslide_bin-${openslideVersion}-..`,
      `fetch it elsewhere: pip download --no-deps openslide-bin==${openslideVersion}`,
    )
  return { file, sha256: await sha256Of(file, steps), checked: 'given by hand: not compared with an index' }
}

/** Removes it. Whether there was one. */
export async function removeOpenslide(): Promise<boolean> {
  const there = existsSync(openslideHome())
  await rm(openslideHome(), { recursive: true, force: true })
  return there
}
