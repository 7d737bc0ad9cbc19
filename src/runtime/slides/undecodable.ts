import { UserError } from '../../errors.ts'
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
