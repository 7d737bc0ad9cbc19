import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { buffer } from 'node:stream/consumers'
import path from 'node:path'
import yauzl from 'yauzl'
import { UserError } from '../../errors.ts'
import { errorCode } from '../files/file-error.ts'
import type { Target } from './paths.ts'
import type { Steps } from './progress.ts'

/** The C headers that the addon's sources include, directly or not, relative to the include folder. */
const headers = /^(?:(?:tensorflow\/c|xla\/tsl\/c)\/[\w/]+|(?:tensorflow\/core|tsl)\/platform\/ctstring\w*)\.h$/

/** Whether a file of TensorFlow's include folder is one of the C headers. */
export function isCHeader(relative: string): boolean {
  return headers.test(relative)
}

/** What to take out of a wheel. */
export interface Contents {
  /** As messages name it: `TensorFlow`. */
  readonly what: string
  /** Members without which it is not that wheel. */
  readonly needed: readonly string[]
  /** Where a member goes in the engine's folder; undefined for those that stay packed. */
  destination(member: string): string | undefined
}

/** The two libraries and the C headers, of thousands of files. */
export function tensorflowContents(target: Target): Contents {
  const libraries = target.libraries.map((name) => `tensorflow/${name}`)
  return {
    what: 'TensorFlow',
    needed: libraries,
    destination(member) {
      if (libraries.includes(member)) return member.replace('tensorflow/', 'lib/')
      const relative = /^tensorflow\/include\/(.+)$/.exec(member)?.[1]
      return relative && isCHeader(relative) ? `include/${relative}` : undefined
    },
  }
}

/**
 * The libraries of a CUDA wheel, and the compiler and bitcode that XLA calls. TensorFlow's libraries look for them in
 * `../nvidia`, beside their own folder, as they lie in Python's site-packages.
 */
export function cudaContents(project: string): Contents {
  return {
    what: project,
    needed: [],
    destination: (member) =>
      /^nvidia\/\w+\/(?:lib\/[^/]+\.so[.\d]*|bin\/[^/]+|nvvm\/(?:libdevice|lib64)\/[^/]+)$/.test(member) ? member : undefined,
  }
}

/** Opens a wheel and lists its members. Throws UserError for a file that is none. */
async function openWheel(
  wheel: string,
  what: string,
): Promise<{
  zip: yauzl.ZipFile
  entries: yauzl.Entry[]
  /** The text of the member whose name fits; UserError where it is missing or damaged. */
  textOf: (name: RegExp, called: string) => Promise<string>
  broken: (why: string, cause?: unknown) => UserError
}> {
  const broken = (why: string, cause?: unknown): UserError =>
    new UserError(`${path.basename(wheel)} is not a whole ${what} wheel: ${why}`, 'delete the file and fetch it again', { cause })
  const zip = await yauzl.openPromise(wheel, { autoClose: false, lazyEntries: true }).catch((error: Error) => {
    throw errorCode(error) === undefined ? broken(error.message, error) : error
  })
  try {
    const entries: yauzl.Entry[] = []
    for await (const entry of zip.eachEntry()) entries.push(entry)
    const textOf = async (name: RegExp, called: string): Promise<string> => {
      const entry = entries.find(({ fileName }) => name.test(fileName))
      if (!entry) throw broken(`its ${called} is missing`)
      const bytes = await zip
        .openReadStreamPromise(entry)
        .then(buffer)
        .catch((error: Error) => {
          throw broken(`its ${called}: ${error.message}`, error)
        })
      return bytes.toString('utf8')
    }
    return { zip, entries, textOf, broken }
  } catch (error) {
    zip.close()
    throw broken((error as Error).message, error)
  }
}

/** What a TensorFlow wheel requires for an extra (`and-cuda`): `nvidia-cublas-cu12<13.0,>=12.5.3.2` and the like. */
export async function extraRequirements(wheel: string, extra: string): Promise<string[]> {
  const { zip, textOf, broken } = await openWheel(wheel, 'TensorFlow')
  try {
    const text = await textOf(/^[^/]+\.dist-info\/METADATA$/, 'METADATA')
    const rows = [...text.matchAll(/^Requires-Dist: ([^;\n]+?) *; *extra == ["']([\w-]+)["'] *\r?$/gm)]
    const required = rows.filter((row) => row[2] === extra).map((row) => row[1]!)
    if (!required.length) throw broken(`its METADATA names nothing for ${extra}`)
    return required
  } finally {
    zip.close()
  }
}

/**
 * Unpacks those contents of a wheel into FOLDER, streaming, and compares each file with the SHA-256 in the wheel's own
 * RECORD. Throws UserError for a file that is no such wheel or is damaged.
 */
export async function unpackWheel(
  wheel: string,
  contents: Contents,
  folder: string,
  { progress, signal }: Omit<Steps, 'say'>,
): Promise<void> {
  const { zip, entries, textOf, broken } = await openWheel(wheel, contents.what)
  try {
    const wanted = entries.flatMap((entry) => {
      const to = contents.destination(entry.fileName)
      return to ? [{ entry, to }] : []
    })
    for (const needed of contents.needed) {
      if (!wanted.some(({ entry }) => entry.fileName === needed)) throw broken(`${needed} is missing`)
    }
    if (!wanted.length) throw broken('none of its libraries is there')
    const sums = recordedSums(await textOf(/^[^/]+\.dist-info\/RECORD$/, 'RECORD'))

    const total = wanted.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0)
    let done = 0
    for (const { entry, to } of wanted) {
      const file = path.join(folder, to)
      await mkdir(path.dirname(file), { recursive: true })
      const hash = createHash('sha256')
      const through = new Transform({
        transform(chunk: Buffer, _encoding, next) {
          hash.update(chunk)
          done += chunk.length
          progress({ step: `unpacking ${contents.what}`, done, total })
          next(null, chunk)
        },
      })
      try {
        const mode = entry.fileName.includes('/bin/') ? 0o755 : 0o644
        await pipeline(await zip.openReadStreamPromise(entry), through, createWriteStream(file, { mode }), { signal })
      } catch (error) {
        const code = errorCode(error)
        if (!code || code.startsWith('Z_')) throw broken(`${entry.fileName}: ${(error as Error).message}`, error)
        throw error // the disk's complaint, or an interruption
      }
      if (hash.digest('base64url') !== sums.get(entry.fileName))
        throw broken(`${entry.fileName} does not have the sha256 of its RECORD`)
    }
  } finally {
    zip.close()
  }
}

/** Member to SHA-256 (base64url without padding, as wheels write it). Names with commas are quoted; none of ours is. */
function recordedSums(text: string): Map<string, string> {
  const sums = new Map<string, string>()
  for (const line of text.split('\n')) {
    const row = /^([^",]+),sha256=([\w-]+),\d*\r?$/.exec(line)
    if (row) sums.set(row[1]!, row[2]!)
  }
  return sums
}
