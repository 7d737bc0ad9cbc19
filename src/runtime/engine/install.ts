import { existsSync } from 'node:fs'
import { mkdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { makeFolders, removeLeftovers, temporaryBeside } from '../files/atomic.ts'
import { errorCode, explained } from '../files/file-error.ts'
import { acquireLock, lockHolder } from '../files/lock.ts'
import type { Owner } from '../files/owner.ts'
import { compileAddon, findCompiler, probeAddon, type Probe } from './addon.ts'
import {
  addonOf,
  chosenFlavour,
  installedBytes,
  manifestName,
  readInstalled,
  sizesIn,
  type Installed,
  type Manifest,
} from './installed.ts'
import { engineHome, flavours, targetOf, versionOf, type Flavour } from './paths.ts'
import { megabytes, type Progress, type Steps } from './progress.ts'
import { chooseSource } from './sources.ts'

export interface InstallOptions {
  /**
   * `pypi`: the wheel from the index that pip is configured with; `official`: the npm package's own script. Else a folder with
   * the wheel, or with the libraries and `include`.
   */
  readonly from?: string
  /** The TensorFlow that computes on GPUs, with CUDA's libraries. */
  readonly gpu?: boolean
  readonly say?: (line: string) => void
  readonly progress?: (progress: Progress) => void
}

/**
 * Brings TensorFlow into the cache, where the folder of this version is a whole engine or absent: everything is made under
 * a temporary name beside it and renamed at the end. An engine that is there already is left as it is. Two installs at
 * once: the second waits and uses the first's.
 *
 * Throws UserError naming the step, the command and its last lines, and what to do; nothing is left behind then.
 */
export async function installEngine(options: InstallOptions = {}): Promise<Installed> {
  const { from = 'pypi', say = () => undefined, progress = () => undefined } = options
  const flavour = flavourOf(from, options.gpu ?? false)
  const home = engineHome(flavour)
  const there = readInstalled(flavour)
  if (there) {
    say(`TensorFlow ${there.tensorflow} is in ${home} already (${removal(flavour)} removes it)`)
    sayWhichIsUsed(flavour, say)
    await clearUp(home)
    return there
  }
  const target = targetOf(process.platform, process.arch, flavour)
  const compiler = flavour === 'official' ? undefined : await findCompiler() // before anything is downloaded

  return interruptible((signal) =>
    diskErrors(home, async () => {
      const steps: Steps = { say, progress, signal }
      await makeFolders(path.dirname(home))
      const wait = ({ pid }: Owner): void => say(`another archc (process ${pid}) is installing TensorFlow: waiting for it`)
      const lock = await acquireLock(`${home}.lock`, { wait, signal })
      try {
        const others = readInstalled(flavour)
        if (others) {
          say(`TensorFlow ${others.tensorflow} is there now`)
          return others
        }
        await removeLeftovers(path.dirname(home))
        const source = await chooseSource(flavour, from, target)
        await checkSpace(path.dirname(home), source.bytes)
        const temporary = temporaryBeside(home)
        try {
          const folder = path.join(temporary, 'engine')
          await mkdir(folder, { recursive: true })
          const origin = await source.fill(folder, temporary, steps)
          if (compiler) {
            say(`compiling the addon with ${compiler.version}`)
            await compileAddon(folder, target, compiler, signal)
          }
          const probe = await probeAddon(path.join(folder, addonOf(flavour)), signal)
          const needed = versionOf(flavour)
          if (probe.version !== needed) {
            throw new UserError(
              `these libraries are TensorFlow ${probe.version}, and archc needs ${needed}`,
              'give the folder of that version',
            )
          }
          for (const line of caveats(flavour, probe)) say(line)
          await writeManifest(folder, {
            ...origin,
            tensorflow: probe.version,
            compiler: compiler?.version ?? "tfjs-node's own script",
          })
          await rename(home, path.join(temporary, 'old')).catch((error: unknown) => {
            if (errorCode(error) !== 'ENOENT') throw error
          })
          await rename(folder, home)
        } catch (error) {
          throw await knowingTheDisk(error, path.dirname(home))
        } finally {
          await rm(temporary, { recursive: true, force: true })
        }
        const installed = readInstalled(flavour)
        if (!installed) throw new Error(`${home} is not whole right after its installation`)
        say(`TensorFlow ${installed.tensorflow} is in ${home} (${megabytes(installedBytes(installed))})`)
        sayWhichIsUsed(flavour, say)
        return installed
      } finally {
        lock.release()
      }
    }),
  )
}

function flavourOf(from: string, gpu: boolean): Flavour {
  if (from !== 'official') return gpu ? 'gpu' : 'cpu'
  if (!gpu) return 'official'
  throw new UserError(
    "--gpu with --from official: the package's script brings an older TensorFlow, which archc uses on the CPU only",
    'leave out one of the two',
  )
}

/** Says so, where another engine in the cache goes before this one. */
function sayWhichIsUsed(flavour: Flavour, say: (line: string) => void): void {
  const chosen = chosenFlavour()
  if (chosen && chosen !== flavour)
    say(`commands go on with the one in ${engineHome(chosen)} as long as it is there (${removal(chosen)} removes it)`)
}

function removal(flavour: Flavour): string {
  return flavour === 'gpu' ? 'archc engine remove --gpu' : 'archc engine remove'
}

/** What the user should know of an engine that is not the one which archc is tested with. */
export function caveats(flavour: Flavour, { gpu, why, version }: Probe): string[] {
  if (flavour === 'gpu') {
    return [
      gpu
        ? 'it computes on the GPU of this machine'
        : `it sees no GPU here and computes on the CPU${why ? `; it says: ${why}` : ''}`,
      'untried: archc has not been run on a GPU; archc parity compares its numbers with the reference implementations',
    ]
  }
  if (flavour === 'cpu') return []
  return [`untried: archc is tested with TensorFlow ${versionOf('cpu')}, not with ${version}; archc parity compares its numbers`]
}

/**
 * Removes the engines of this version, or of those flavours, and whatever killed installs left beside them. Returns the bytes
 * that their files took, or undefined where none was there. Throws UserError while another process installs one.
 */
export async function removeEngine(which: readonly Flavour[] = flavours): Promise<number | undefined> {
  let freed: number | undefined
  for (const flavour of which) {
    const bytes = await removeFlavour(flavour)
    if (bytes !== undefined) freed = (freed ?? 0) + bytes
  }
  return freed
}

async function removeFlavour(flavour: Flavour): Promise<number | undefined> {
  const home = engineHome(flavour)
  const holder = lockHolder(`${home}.lock`, true)
  if (holder)
    throw new UserError(
      `process ${holder.pid} on ${holder.host} is installing the engine`,
      'wait for it, or end it, and try again',
    )
  return diskErrors(home, async () => {
    const installed = readInstalled(flavour)
    await removeLeftovers(path.dirname(home))
    const there = await stat(home).catch(() => undefined)
    if (!there) return undefined
    const aside = temporaryBeside(home)
    await rename(home, aside) // so that nobody sees half of it
    await rm(aside, { recursive: true, force: true })
    return installed ? installedBytes(installed) : 0
  })
}

async function writeManifest(folder: string, facts: Omit<Manifest, 'date' | 'files'>): Promise<void> {
  const manifest = { ...facts, date: new Date().toISOString(), files: sizesIn(folder) } satisfies Manifest
  await writeFile(path.join(folder, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

/** Clears up beside a whole engine after an install that was killed when it was done; what may not be removed stays. */
async function clearUp(home: string): Promise<void> {
  const lock = `${home}.lock`
  await removeLeftovers(path.dirname(home))
  if (!existsSync(lock) || lockHolder(lock, true)) return
  try {
    const taken = await acquireLock(lock, { wait: () => undefined })
    taken.release()
  } catch (error) {
    if (errorCode(error) === undefined) throw error
  }
}

const moreRoom = 'make room, or set ARCHC_CACHE to a folder on a larger disk'

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

async function checkSpace(folder: string, needed: number): Promise<void> {
  const free = await freeBytes(folder)
  if (free >= needed) return
  throw new UserError(
    `installing TensorFlow needs ${megabytes(needed)} of disk, and ${folder} has ${megabytes(free)} free`,
    moreRoom,
  )
}

/** A command that fails on a full disk says so in words of its own, or in none: with less room than this (bytes) it is the reason. */
const fullBelow = 4e6

async function knowingTheDisk(error: unknown, folder: string): Promise<unknown> {
  if (!(error instanceof UserError) || (await freeBytes(folder)) >= fullBelow) return error
  return new UserError(`${error.message}\nthe disk of ${folder} is full`, moreRoom, { cause: error })
}

/** Gives a disk's complaints (full, read-only, forbidden) as the user's errors. */
async function diskErrors<T>(home: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const explanation = explained(error, 'write', home)
    // Of a file that is missing, or a folder where a file should be, archc is to blame.
    if (!explanation || ['ENOENT', 'EISDIR'].includes(errorCode(error)!)) throw error
    throw new UserError(
      `writing the engine to ${home} failed: ${explanation.what}`,
      'make room or set ARCHC_CACHE to a folder that you can write to',
      { cause: error },
    )
  }
}

/** Runs `work` so that Ctrl-C or SIGTERM ends its commands and lets it clean up before the signal has its way. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const received: NodeJS.Signals[] = []
  const onSignal = (name: NodeJS.Signals): void => {
    received.push(name)
    controller.abort()
  }
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal)
  try {
    return await work(controller.signal)
  } catch (error) {
    throw received.length ? new UserError('the installation was interrupted, and nothing is left of it', 'run it again') : error
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
    if (received[0]) process.kill(process.pid, received[0])
  }
}
