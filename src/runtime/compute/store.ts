import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cacheFolder } from '../engine/index.ts'
import { makeFolders, removeLeftovers, temporaryBeside } from '../files/atomic.ts'
import { fileError } from '../files/file-error.ts'

const month = 30 * 24 * 3600 * 1000

/**
 * The folder of a SavedModel in the user's cache, by the hash of its content: written once, whole or not at all.
 * What nobody has written for a month goes.
 */
export async function storeGraph(savedModel: Uint8Array): Promise<string> {
  const graphs = path.join(cacheFolder(), 'graphs')
  const folder = path.join(graphs, createHash('sha256').update(savedModel).digest('hex').slice(0, 32))
  if (existsSync(path.join(folder, 'saved_model.pb'))) return folder
  const temporary = temporaryBeside(folder)
  try {
    await makeFolders(temporary)
    await writeFile(path.join(temporary, 'saved_model.pb'), savedModel)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw fileError(error, 'write', folder)
  }
  await rename(temporary, folder).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true })
    if (!existsSync(folder)) throw error // otherwise another process wrote the same
  })
  await removeLeftovers(graphs)
  // Whole ones are no leftovers: their age alone says that nobody needs them.
  for (const name of await readdir(graphs)) {
    const each = path.join(graphs, name)
    const age = await stat(each).then(({ mtimeMs }) => Date.now() - mtimeMs, () => 0) // prettier-ignore
    if (age > month) await rm(each, { recursive: true, force: true })
  }
  return folder
}
