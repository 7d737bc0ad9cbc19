import { stat } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '../../errors.ts'
import { filesBelow, type FilesBelow } from '../data/files-below.ts'
import { slideEndings } from '../data/picture.ts'
import { slideId } from '../slides/fields.ts'

/**
 * The files of slides: a file stands for itself, a folder for the slides in it, and an identifier, or its beginning, for the one slide
 * below `within` whose name begins so. What is not there, or is there several times, is a UserError.
 */
export async function findSlides(
  named: readonly string[],
  within: string,
): Promise<{ readonly files: readonly string[]; readonly leftOut: FilesBelow['leftOut'] }> {
  const found: string[] = []
  const leftOut: Record<string, number> = {}
  let below: readonly string[] | undefined
  for (const name of named) {
    const kind = await stat(name).catch(() => undefined)
    if (kind?.isFile()) found.push(name)
    else if (kind?.isDirectory()) {
      const inside = await slidesBelow(name)
      for (const [what, count] of Object.entries(inside.leftOut)) leftOut[what] = (leftOut[what] ?? 0) + count
      if (inside.files.length === 0) throw new UserError(`${name}: no slides in it`, `Slides end in ${slideEndings.join(' ')}.`)
      found.push(...inside.files)
    } else {
      below ??= (await slidesBelow(within)).files
      const fitting = below.filter((file) => path.basename(file).startsWith(name))
      if (fitting.length !== 1) {
        const said = fitting.length === 0 ? 'no slide' : `${fitting.length} slides`
        throw new UserError(
          `${said} below ${within} with the identifier ${name}`,
          fitting.length === 0 ? 'Name the folder that holds them with --in.' : `Name one: ${fitting.map(slideId).join(', ')}`,
        )
      }
      found.push(fitting[0]!)
    }
  }
  return { files: [...new Set(found)].sort((a, b) => (path.basename(a) < path.basename(b) ? -1 : 1)), leftOut }
}

async function slidesBelow(folder: string): ReturnType<typeof findSlides> {
  const { names, leftOut } = await filesBelow(folder, slideEndings)
  return { files: names.map((name) => path.join(folder, name)), leftOut }
}
