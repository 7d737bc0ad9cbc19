import { UserError } from '../../errors.ts'

/** Help for pictures of other samples. */
export const readable = 'archc reads RGB, grey, palette and CMYK pictures of 1, 2, 4, 8 or 16 bits; convert it first.'
/** Help for slides and pyramids, which another command reads. */
export const cutOut = (file: string): string =>
  `cut pictures with tissue out of it (archc data prepare tcga '${file}' -o FOLDER), or export the region that you need as PNG or TIFF`

/** For a file that archc does not read by design. */
export function refused(file: string, reason: string, help?: string): UserError {
  return new UserError(`${file}: ${reason}`, help)
}

/** For a file that is broken. */
export function undecodable(file: string, reason: string, cause?: Error): UserError {
  const help = 'Get the file again from where it came, or save it as 8-bit PNG.'
  return new UserError(`${file}: the picture cannot be decoded, so it is truncated or corrupt (${reason})`, help, { cause })
}
