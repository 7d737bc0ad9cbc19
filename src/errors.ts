/**
 * Something that the user can put right: a broken file, a missing weight, a wrong flag. `message` names the thing,
 * `help` says what to do. Every other exception is a bug in archc (exit code 70).
 */
export class UserError extends Error {
  override readonly name = 'UserError'
  constructor(
    message: string,
    readonly help?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Errors in a text, rendered whole: nothing is said before them. */
export class CompileError extends UserError {}

/** `1 picture`, `3 pictures`. */
export const plural = (count: number, word: string, many = `${word}s`): string => `${count} ${count === 1 ? word : many}`

/** Names with commas between; of many the first. */
export const someOf = (names: readonly string[], most: number): string =>
  names.length <= most ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} more`

/** A sentence with what it is about below it, a line each; of many the first. */
export const listing = (sentence: string, lines: readonly string[], most = 20): string =>
  [sentence, ...lines.slice(0, most), ...(lines.length > most ? [`and ${lines.length - most} more`] : [])].join('\n  ')
