import { access } from 'node:fs/promises'
import { UserError } from '../../errors.ts'
import { fileError } from '../files/file-error.ts'
import { getAgain } from './get-again.ts'

/** A part of a slide that cannot be decoded; the rest of it may be. */
export class UndecodableRegion extends UserError {
  constructor(
    file: string,
    readonly reason: string,
    cause?: unknown,
  ) {
    super(`${file}: a region cannot be decoded (${reason})`, getAgain, { cause })
  }
}

/** What a decoder's error is: of a part of the slide, or that its file is gone. */
export async function undecodable(file: string, reason: string, cause: unknown): Promise<unknown> {
  try {
    await access(file)
    return new UndecodableRegion(file, reason, cause)
  } catch (missing) {
    return fileError(missing, 'read', file)
  }
}
