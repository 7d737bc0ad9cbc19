import { Consequence, diagnostic, fail, Reported } from '../diagnostics/catalogue.ts'
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'
import { seenFrom } from './places.ts'
import { SizeTooLarge } from '../shapes/size.ts'

/** What went wrong while one model is elaborated. */
export interface Mistakes {
  count: number
  /** Calls that failed, by module and by what they were called with: an equal call fails alike, and is not elaborated again. */
  readonly calls: Map<object, Set<string>>
  /** Names of modules and of their parameters that are gone: each is one mistake, however often it is used. */
  readonly gone: Set<string>
}

export const noMistakes = (): Mistakes => ({ count: 0, calls: new Map(), gone: new Set() })

interface Attempting {
  readonly calls: readonly { readonly name: string; readonly span: Span }[]
  readonly mistakes: Mistakes
  readonly report: (diagnostic: Diagnostic) => void
}

/**
 * What `run` gives; undefined where it fails. What it got wrong is reported then, and what is independent of it goes on:
 * what depends on it is a `Consequence`, of which nothing is said.
 */
export function attempt<T>(e: Attempting, run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof Reported)
      e.report(e.calls.reduceRight((inner, { name, span }) => seenFrom(inner, name, span), error.diagnostic))
    else if (!(error instanceof Consequence)) throw error
    e.mistakes.count += 1
    if (e.mistakes.count >= mostMistakes) throw new Enough()
    return undefined
  }
}

/** After so many mistakes in one model the rest of it is not looked at. */
const mostMistakes = 100

/** Thrown then; what was found is reported. */
class Enough extends Error {}

/** The most steps that one network may take to build. The largest known ones take some thousands. */
export const mostSteps = 100_000

/** Thrown where a network takes more steps than that; nothing goes on after it. */
export class TooMany extends Error {
  /** The innermost expression that it was in. */
  at: Span | undefined
}

/** What `run` gives; undefined where it takes too many steps, which is said of the outermost call that it was in then. */
export function bounded<T>(e: Attempting, what: string, span: Span, run: () => T): T | undefined {
  try {
    return run()
  } catch (error) {
    if (error instanceof Enough) return undefined
    if (!(error instanceof TooMany)) throw error
    const [first] = e.calls
    const { at = span } = error
    e.report(
      diagnostic(
        'too-many',
        { what: `${first?.name ?? what} is made of`, limit: mostSteps, of: 'calls, operations and values' },
        first?.span ?? at,
        {
          related: first ? [{ span: at, label: `inside ${first.name}` }] : [],
          notes: e.calls.length > 1 ? [e.calls.map(({ name }) => name).join(' calls ')] : [],
          help: 'a module that calls another one twice doubles it, and so does each around it; repeats inside one another multiply',
        },
      ),
    )
    e.mistakes.count += 1
    return undefined
  }
}

/** What `run` gives; a size in it that is too large to be exact is a mistake at `span`. */
export function exactly<T>(span: Span, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (error instanceof TooMany) error.at ??= span
    if (error instanceof SizeTooLarge) return fail('too-large', { problem: error.message }, span)
    throw error
  }
}

/** Parts that are all needed, where each was attempted. */
export function whole<T extends object>(parts: { readonly [K in keyof T]: T[K] | undefined }): T {
  if (Object.values(parts).includes(undefined)) throw new Consequence()
  return parts as T
}

/** Reports that a name is gone, the first time that it is missed. */
export function missOnce(e: Attempting, name: string, fail: () => never): never {
  if (e.mistakes.gone.has(name)) throw new Consequence()
  e.mistakes.gone.add(name)
  return fail()
}
