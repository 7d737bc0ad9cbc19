import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { readPicture } from '../data/read-picture.ts'
import { readText } from '../files/text.ts'
import { checksum } from '../files/checksum.ts'
import { pixelChecksum } from '../data/pixel-checksum.ts'
import { csvFiles, digestOf, filesOf, type LowOutput, type Output, type SetManifest } from './manifest.ts'
import { splitNames } from './split.ts'

export interface Verified {
  readonly manifest: SetManifest
  /** What is not as the manifest says, a line each; none where all is. */
  readonly problems: readonly string[]
}

/** Compares a set with its manifest: every picture, the lists, the digest. Throws UserError where there is no set. */
export async function verifySet(
  folder: string,
  onProgress?: (done: number, total: number, what: string) => void,
): Promise<Verified> {
  const manifest = await readManifest(folder)
  const problems: string[] = []
  if (digestOf(manifest.outputs) !== manifest.digest) problems.push('manifest.json: its digest is not that of its pictures')
  const files = filesOf(manifest.outputs)
  for (const [at, output] of files.entries()) {
    const problem = await problemOf(folder, output)
    if (problem !== undefined) problems.push(`${output.path}: ${problem}`)
    onProgress?.(at + 1, files.length, output.path)
  }
  for (const [name, text] of csvFiles(manifest.outputs)) {
    const found = await readFile(path.join(folder, name), 'utf8').catch(() => undefined)
    if (found !== text) problems.push(`${name}: ${found === undefined ? 'it is missing' : 'it lists other pictures'}`)
  }
  const known = new Set(files.map((output) => output.path))
  for (const side of splitNames.flatMap((each) => [each, `low/${each}`]))
    for (const name of await readdir(path.join(folder, side)).catch(() => []))
      if (!known.has(`${side}/${name}`)) problems.push(`${side}/${name}: it is not in the manifest`)
  return { manifest, problems }
}

/** Another compression of the same samples is the same picture. */
async function problemOf(folder: string, { path: name, sha256, pixels }: Output | LowOutput): Promise<string | undefined> {
  const file = path.join(folder, name)
  if (!existsSync(file)) return 'it is missing'
  try {
    if ((await checksum(file)).sha256 === sha256) return undefined
    return pixelChecksum((await readPicture(file)).picture) === pixels ? undefined : 'it has other pixels'
  } catch (error) {
    if (error instanceof UserError) return 'it cannot be read'
    throw error
  }
}

async function readManifest(folder: string): Promise<SetManifest> {
  const file = path.join(folder, 'manifest.json')
  const text = readText(file)
  try {
    const manifest = JSON.parse(text) as Partial<SetManifest>
    if (manifest.format === 1 && Array.isArray(manifest.outputs)) return manifest as SetManifest
  } catch {
    // Said below.
  }
  throw new UserError(`${file} is not the manifest of a set`, 'archc data prepare writes one.')
}
