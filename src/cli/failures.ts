import { listing, UserError } from '../errors.ts'
import { asUserError, complain } from './common.ts'

/** What goes wrong with some of many files while the others go on. */
export interface Failures {
  has(file: string): boolean
  /** Says what is wrong with a file; throws it where there is but one, and what is no mistake of the user's. */
  note(file: string, error: unknown): void
  /** Throws where something went wrong: names all that did. */
  end(): void
}

/** `what` becomes of those files: `left as they are`. */
export function createFailures(count: number, what: string): Failures {
  const all = new Map<string, UserError>()
  return {
    has: (file) => all.has(file),
    note(file, error) {
      const known = asUserError(error)
      if (!known || count === 1) throw known ?? error
      complain(known)
      all.set(file, known)
    },
    end() {
      if (all.size === 0) return
      const lines = [...all].map(([file, { message }]) => {
        const [first] = message.split('\n')
        return first!.startsWith(file) ? first! : `${file}: ${first!}`
      })
      throw new UserError(listing(`${all.size} of ${count} files ${what}:`, lines))
    },
  }
}
