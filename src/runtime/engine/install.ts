import { mkdir, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { compileAddon, findCompiler, probeAddon } from './addon.ts'
import { installedBytes, manifestName, readInstalled, type Installed } from './installed.ts'
import { isAlive, lockHolder, takeLock } from './lock.ts'
import { engineHome, targetOf, tensorflowVersion } from './paths.ts'
import { megabytes, type Progress, type Steps } from './progress.ts'
import { chooseSource } from './sources.ts'

export interface InstallOptions {
  /** `pypi`: the wheel from the index that pip is configured with. Else a folder with the wheel, or with the libraries and `include`. */
  readonly from?: string
  readonly say?: (line: string) => void
  readonly progress?: (progress: Progress) => void
}

/** A folder under construction without a living process of its pid is a leftover; pids are used again, so an old one is too. */
const leftoverAfter = 24 * 3600 * 1000

/**
 * Brings TensorFlow into the cache, where the folder of this version is a whole engine or absent: everything is made under
 * a temporary name beside it and renamed at the end. An engine that is there already is left as it is. Two installs at
 * once: the second waits and uses the first's.
 *
 * Throws UserError naming the step, the command and its last lines, and what to do; nothing is left behind then.
 */
export async function installEngine(options: InstallOptions = {}): Promise<Installed> {
  const { from = 'pypi', say = () => undefined, progress = () => undefined } = options
  const home = engineHome()
  const there = readInstalled(home)
  if (there) {
    say(`TensorFlow ${there.tensorflow} is in ${home} already (archc engine remove removes it)`)
    return there
  }
  const target = targetOf()
  const compiler = await findCompiler() // before anything is downloaded

  return interruptible((signal) =>
    diskErrors(home, async () => {
      const steps: Steps = { say, progress, signal }
      await mkdir(path.dirname(home), { recursive: true })
      const wait = (pid: number): void => say(`another archc (process ${pid}) is installing TensorFlow: waiting for it`)
      const release = await takeLock(`${home}.lock`, wait, signal)
      try {
        const others = readInstalled(home)
        if (others) {
          say(`TensorFlow ${others.tensorflow} is there now`)
          return others
        }
        await removeLeftovers(home)
        const source = await chooseSource(home, from, target)
        await checkSpace(path.dirname(home), source.bytes)
        const temporary = `${home}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`
        try {
          const folder = path.join(temporary, 'engine')
          await mkdir(folder, { recursive: true })
          const origin = await source.fill(folder, temporary, steps)
          say(`compiling the addon with ${compiler.version}`)
          await compileAddon(folder, target, compiler, signal)
          const version = await probeAddon(folder, signal)
          if (version !== tensorflowVersion) {
            throw new UserError(
              `these libraries are TensorFlow ${version}, and archc needs ${tensorflowVersion}`,
              'give the folder of that version',
            )
          }
          await writeManifest(folder, { ...origin, tensorflow: version, compiler: compiler.version })
          await rename(home, path.join(temporary, 'old')).catch((error: NodeJS.ErrnoException) => {
            if (error.code !== 'ENOENT') throw error
          })
          await rename(folder, home)
        } finally {
          await rm(temporary, { recursive: true, force: true })
        }
        const installed = readInstalled(home)
        if (!installed) throw new Error(`${home} is not whole right after its installation`)
        say(`TensorFlow ${installed.tensorflow} is in ${home} (${megabytes(installedBytes(installed))})`)
        return installed
      } finally {
        await release()
      }
    }),
  )
}

/**
 * Removes the engine of this version and whatever killed installs left beside it. Returns the bytes that its files took, or
 * undefined where none was there. Throws UserError while another process installs it.
 */
export async function removeEngine(): Promise<number | undefined> {
  const home = engineHome()
  const holder = await lockHolder(`${home}.lock`)
  if (holder)
    throw new UserError(
      `process ${holder.pid} on ${holder.host} is installing the engine`,
      'wait for it, or end it, and try again',
    )
  return diskErrors(home, async () => {
    const installed = readInstalled(home)
    await removeLeftovers(home)
    const there = await stat(home).catch(() => undefined)
    if (!there) return undefined
    const aside = `${home}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`
    await rename(home, aside) // so that nobody sees half of it
    await rm(aside, { recursive: true, force: true })
    return installed ? installedBytes(installed) : 0
  })
}

async function writeManifest(folder: string, facts: Omit<Installed, 'home' | 'date' | 'files'>): Promise<void> {
  const files: Record<string, number> = {}
  for (const entry of await readdir(path.join(folder, 'lib'))) {
    const name = path.join('lib', entry)
    files[name] = (await stat(path.join(folder, name))).size
  }
  const manifest = { ...facts, date: new Date().toISOString(), files } satisfies Omit<Installed, 'home'>
  await writeFile(path.join(folder, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

/** Removes what installs of this version that no longer run have left beside it. */
async function removeLeftovers(home: string): Promise<void> {
  const prefix = `${path.basename(home)}.`
  const names = await readdir(path.dirname(home)).catch(() => [])
  for (const name of names) {
    const owner = name.startsWith(prefix) ? /^(?:tmp-|lock\.)(\d+)-[0-9a-f]+$/.exec(name.slice(prefix.length)) : undefined
    if (!owner) continue
    const file = path.join(path.dirname(home), name)
    const age = Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? 0)
    if (!isAlive(Number(owner[1])) || age > leftoverAfter) await rm(file, { recursive: true, force: true })
  }
}

async function checkSpace(folder: string, needed: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free >= needed) return
  throw new UserError(
    `installing TensorFlow needs ${megabytes(needed)} of disk, and ${folder} has ${megabytes(free)} free`,
    'free some, or set ARCHC_CACHE to a folder on a larger disk',
  )
}

/** Gives a disk's complaints (full, read-only, forbidden) as the user's errors. */
async function diskErrors<T>(home: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (error instanceof UserError || !/^E(NOSPC|DQUOT|ROFS|ACCES|PERM|IO|FBIG|NOTDIR|EXIST)$/.test(code ?? '')) throw error
    throw new UserError(
      `writing the engine to ${home} failed: ${message}`,
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
