import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, readdir, rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { commandLine, firstThatRuns, runCommand } from './command.ts'
import type { Steps } from './progress.ts'

/** A wheel to ask the index for. */
export interface Wanted {
  /** As messages name it: `TensorFlow`. */
  readonly what: string
  /** `tensorflow-cpu==2.21.0` */
  readonly requirement: string
  /** The platform tags that do. */
  readonly tags: readonly string[]
}

export interface Wheel {
  readonly file: string
  readonly sha256: string
  /** What the checksum was compared with, or that it could not be, for the user and for engine.json. */
  readonly checked: string
}

/** The Python whose wheel is asked for. Only its C library is used, so the Python at hand (if any) does not matter. */
const wheelPython = ['--python-version', '3.12', '--implementation', 'cp', '--abi', 'cp312'] as const

/** How to run pip here. Throws UserError where there is none. */
export async function findPip(): Promise<{ command: readonly string[]; version: string }> {
  const pip = await firstThatRuns([['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']])
  if (pip) return pip
  throw new UserError(
    'bringing TensorFlow needs pip, and neither python3 -m pip nor pip3 nor pip runs here',
    'install it (Debian, Ubuntu: apt-get install python3-pip; Fedora: dnf install python3-pip; macOS: brew install python), ' +
      'or fetch the wheel on another machine and give its folder: archc engine install --from DIR',
  )
}

/** pip's words for such wheels without what they depend on. */
function choiceOf(tags: readonly string[]): string[] {
  return ['--no-deps', '--only-binary=:all:', ...tags.flatMap((tag) => ['--platform', tag]), ...wheelPython]
}

/** The command that fetches wheels on another machine, as a message gives it. */
export function downloadCommand(requirements: readonly string[], tags: readonly string[]): string {
  return commandLine(['pip', 'download', ...choiceOf(tags), ...requirements])
}

/**
 * Downloads a wheel into FOLDER from the index that pip is configured with, and compares the file's SHA-256 with the one
 * that the index states. The wheel is chosen by platform and Python tag, not by the Python that runs pip.
 */
export async function downloadWheel(pip: readonly string[], wanted: Wanted, folder: string, steps: Steps): Promise<Wheel> {
  const { what, requirement, tags } = wanted
  const choice = choiceOf(tags)
  // Everything that pip writes stays in FOLDER, its cache too: a pip that had to download for the report doesn't do it again.
  const cache = path.join(folder, 'pip-cache')
  const env = {
    ...process.env,
    TMPDIR: folder,
    PIP_CACHE_DIR: cache,
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PIP_NO_INPUT: '1',
    LC_ALL: 'C',
  }
  const help =
    'look at `pip config list` (index-url, proxy, cert): the index must have this wheel and be reachable. ' +
    `Without a network: run \`${downloadCommand([requirement], tags)}\` elsewhere, then archc engine install --from DIR`

  steps.say(`asking pip's index for ${requirement} (${tags.join(', ')})`)
  const stated = await statedHash([...pip], choice, requirement, folder, { env, help, signal: steps.signal })

  let total: number | undefined
  const watch = setInterval(() => {
    void largestFile(folder).then((done) => steps.progress({ step: `downloading ${what}`, done, total }))
  }, 300)
  const onOutput = (text: string): void => {
    const size = /Downloading \S+\.whl \(([\d.]+) MB\)/.exec(text)
    if (size) total = Number(size[1]) * 1e6
  }
  const options = { step: `downloading ${what}'s wheel`, env, help, signal: steps.signal, onOutput }
  // -vv: a pip without --report (before 22.2) names the chosen link there, with the checksum.
  const download = [...pip, 'download', ...(stated === undefined ? ['-vv'] : []), ...choice, '--dest', folder, requirement]
  const log = await runCommand(download, options).finally(() => clearInterval(watch))
  await rm(cache, { recursive: true, force: true })

  const name = (await readdir(folder)).find((entry) => entry.endsWith('.whl'))
  if (!name) throw new UserError(`pip left no wheel behind: ${commandLine(download)}`, help)
  const file = path.join(folder, name)
  const expected = stated ?? hashInLog(log, name)
  const sha256 = await sha256Of(file, steps)
  if (expected && expected !== sha256) {
    throw new UserError(
      `the checksum of the downloaded ${name} is not the one that the index states: ${sha256} instead of ${expected}`,
      'the file was damaged or changed on its way: try again, and if it stays so, ask who runs the index or the proxy',
    )
  }
  const checked = expected ? 'the sha256 that the index states' : 'no sha256 on the index to compare with'
  steps.say(`${name}: ${sha256.slice(0, 12)}…, checked: ${checked}`)
  return { file, sha256, checked }
}

/** The SHA-256 that the index states, from pip's report; undefined where pip is too old to write one or the index states none. */
async function statedHash(
  pip: readonly string[],
  choice: readonly string[],
  requirement: string,
  folder: string,
  options: { env: NodeJS.ProcessEnv; help: string; signal: AbortSignal },
): Promise<string | undefined> {
  const report = path.join(folder, 'report.json')
  const dryRun = [
    'install',
    '--dry-run',
    '--ignore-installed',
    '--quiet',
    '--report',
    report,
    '--target',
    path.join(folder, 'nowhere'),
  ]
  try {
    await runCommand([...pip, ...dryRun, '--retries', '1', ...choice, requirement], {
      ...options,
      step: `finding ${requirement} on the index`,
    })
  } catch (error) {
    if (error instanceof UserError && /no such option: --(report|dry-run)/.test(error.message)) return undefined
    throw error
  }
  const { install } = JSON.parse(await readFile(report, 'utf8')) as {
    install?: { download_info?: { archive_info?: { hash?: string; hashes?: Record<string, string> } } }[]
  }
  const archive = install?.[0]?.download_info?.archive_info
  return archive?.hashes?.sha256 ?? /^sha256=(.+)$/.exec(archive?.hash ?? '')?.[1]
}

/** `…/NAME#sha256=<hex>` in what `pip download -vv` printed. */
function hashInLog(log: string, name: string): string | undefined {
  const at = log.indexOf(`${name}#sha256=`)
  return at < 0 ? undefined : /^[0-9a-f]{64}/.exec(log.slice(at + name.length + '#sha256='.length))?.[0]
}

/** The SHA-256 of a file, in hexadecimal. */
export async function sha256Of(file: string, { progress, signal }: Omit<Steps, 'say'>): Promise<string> {
  const hash = createHash('sha256')
  const total = (await stat(file)).size
  let done = 0
  const stream = createReadStream(file, { highWaterMark: 1 << 20 })
  stream.on('data', (chunk) => {
    done += chunk.length
    progress({ step: 'checking the sha256', done, total })
  })
  await pipeline(stream, hash, { signal })
  return hash.digest('hex')
}

/** The size of the largest file below FOLDER: the one that grows, while pip is quiet. */
async function largestFile(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true }).catch(() => [])
  const sizes = await Promise.all(
    entries.map((entry) =>
      stat(path.join(folder, entry)).then(
        (found) => found.size,
        () => 0, // it went while we looked
      ),
    ),
  )
  return Math.max(0, ...sizes)
}
