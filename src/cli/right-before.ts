import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CheckedFile } from '../compiler/index.ts'
import { cacheFolder } from '../runtime/engine/paths.ts'
import { writeAtomic } from '../runtime/files/atomic.ts'
import { fileHost } from '../runtime/host.ts'

/**
 * Files that were checked before, by this build of archc, and about which there was nothing to say: they need no second
 * look. What stands for them are the checksums of all texts that took part.
 */
interface Entry {
  readonly texts: readonly (readonly [file: string, sha256: string])[]
  /** Files that would have gone first, had they been there. */
  readonly absent: readonly string[]
  readonly checked: readonly CheckedFile[]
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The folder of the build is named for its sources; a source that runs as it is has none. */
const build = path.dirname(fileURLToPath(import.meta.url))
const isBuilt = !import.meta.url.endsWith('.ts')

/** None for standard input, and where nothing names the build. */
const entryOf = (files: readonly string[]): string | undefined =>
  isBuilt && !files.includes('-')
    ? path.join(cacheFolder(), 'checks', `${hash(JSON.stringify([build, process.cwd(), files])).slice(0, 32)}.json`)
    : undefined

/** What was checked, and every file that was read for it, where nothing has changed since. */
export function rightBefore(
  files: readonly string[],
): { readonly checked: readonly CheckedFile[]; readonly read: readonly string[] } | undefined {
  const file = entryOf(files)
  if (file === undefined || !existsSync(file)) return undefined
  try {
    const { texts, absent, checked } = JSON.parse(readFileSync(file, 'utf8')) as Entry
    const isSame =
      !absent.some((name) => existsSync(name)) &&
      texts.every(([name, sha256]) => {
        const now = fileHost.read(name)
        return 'text' in now && hash(now.text) === sha256
      })
    return isSame ? { checked, read: [...texts.map(([name]) => name), ...absent] } : undefined
  } catch {
    return undefined // a broken entry: the files are checked
  }
}

/** Notes that there is nothing to say about these files, of all that were read or looked for. Where that cannot be written, the next check takes its time. */
export async function noteRight(
  files: readonly string[],
  sources: ReadonlyMap<string, string>,
  asked: Iterable<string>,
  checked: readonly CheckedFile[],
): Promise<void> {
  const file = entryOf(files)
  if (file === undefined) return
  const entry: Entry = {
    texts: [...sources].map(([name, text]) => [name, hash(text)]),
    absent: [...asked].filter((name) => !sources.has(name)),
    checked,
  }
  await writeAtomic(file, JSON.stringify(entry)).catch(() => undefined)
}
