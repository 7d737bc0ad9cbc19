import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { buffer } from 'node:stream/consumers'
import path from 'node:path'
import yauzl from 'yauzl'
import { UserError } from '../../errors.ts'
import type { Target } from './paths.ts'
import type { Steps } from './progress.ts'

/** The C headers that the addon's sources include, directly or not, relative to the include folder. */
const headers = /^(?:(?:tensorflow\/c|xla\/tsl\/c)\/[\w/]+|(?:tensorflow\/core|tsl)\/platform\/ctstring\w*)\.h$/

/** Whether a file of TensorFlow's include folder is one of the C headers. */
export function isCHeader(relative: string): boolean {
  return headers.test(relative)
}

/** Where a member of the wheel goes in the engine's folder; undefined for the thousands that stay packed. */
function destination(member: string, target: Target): string | undefined {
  const library = target.libraries.find((name) => member === `tensorflow/${name}`)
  if (library) return `lib/${library}`
  const relative = /^tensorflow\/include\/(.+)$/.exec(member)?.[1]
  return relative && isCHeader(relative) ? `include/${relative}` : undefined
}

/**
 * Unpacks the two libraries and the C headers of a TensorFlow wheel into FOLDER (`lib/`, `include/`), streaming, and compares
 * each with the SHA-256 in the wheel's own RECORD. Throws UserError for a file that is no such wheel or is damaged.
 */
export async function unpackWheel(
  wheel: string,
  target: Target,
  folder: string,
  { progress, signal }: Omit<Steps, 'say'>,
): Promise<void> {
  const name = path.basename(wheel)
  const broken = (what: string, cause?: unknown): UserError =>
    new UserError(`${name} is not a whole TensorFlow wheel: ${what}`, 'delete the file and fetch it again', { cause })
  const zip = await yauzl.openPromise(wheel, { autoClose: false, lazyEntries: true }).catch((error: NodeJS.ErrnoException) => {
    throw error.code ? error : broken(error.message, error)
  })
  try {
    const wanted: { entry: yauzl.Entry; to: string }[] = []
    let record: yauzl.Entry | undefined
    try {
      for await (const entry of zip.eachEntry()) {
        const to = destination(entry.fileName, target)
        if (to) wanted.push({ entry, to })
        if (/^[^/]+\.dist-info\/RECORD$/.test(entry.fileName)) record = entry
      }
    } catch (error) {
      throw broken((error as Error).message, error)
    }
    for (const library of target.libraries) {
      if (!wanted.some(({ to }) => to === `lib/${library}`)) throw broken(`tensorflow/${library} is missing`)
    }
    if (!record) throw broken('its RECORD is missing')
    const sums = recordedSums((await buffer(await zip.openReadStreamPromise(record))).toString('utf8'))

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
          progress({ step: 'unpacking TensorFlow', done, total })
          next(null, chunk)
        },
      })
      try {
        await pipeline(await zip.openReadStreamPromise(entry), through, createWriteStream(file), { signal })
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException
        if (!code || code.startsWith('Z_')) throw broken(`${entry.fileName}: ${message}`, error)
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
