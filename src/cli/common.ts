import { existsSync, statSync } from 'node:fs'
import { InvalidArgumentError, Option, type Command } from 'commander'
import { nearest } from '../compiler/diagnostics/suggest.ts'
import type { CompileOptions } from '../compiler/index.ts'
import { CompileError, UserError } from '../errors.ts'
import type { EngineName } from '../runtime/engine/index.ts'
import { errorCode, explained } from '../runtime/files/file-error.ts'

/** Flags that do not go together, or one too few: leaves with 2, as commander's own complaints do. */
export class UsageError extends UserError {}

/** What the user can put right: a UserError, or memory that is not there. */
export function asUserError(error: unknown): UserError | undefined {
  if (error instanceof UserError) return error
  if (error instanceof Error && /OOM when allocating|Array buffer allocation failed/.test(error.message))
    return new UserError(
      `this computer has not enough memory for that (${error.message.split('\n').at(-1)})`,
      'upscale takes a smaller --tile, train smaller train.B, train.q or train.h',
    )
  // Also where no file was named: a command that could not be started, a module that could not be loaded.
  const code = errorCode(error)
  if (code !== undefined && limits.includes(code)) {
    const { what, help } = explained(error, 'read', '')!
    return new UserError(what, help, { cause: error })
  }
  return undefined
}

/** What a shell or a machine limits for every program. */
const limits = ['EMFILE', 'ENFILE', 'EFBIG', 'ENOSPC', 'EDQUOT', 'EAGAIN', 'ENOMEM']

const paint = (code: string, text: string): string => (colourful(process.stderr) ? `\u001b[${code}m${text}\u001b[0m` : text)

/** Says what was wrong, and what to do. */
export function complain(error: UserError): void {
  const { message, help } = error
  remark(error instanceof CompileError ? message : `${paint('1;31', 'error')}: ${message}`)
  if (help) remark(`  ${paint('36', 'help')}: ${help}`)
}

/** Says that it is archc that is wrong. */
export function confess(text: string): void {
  remark(`${paint('1;31', 'bug in archc')} (${process.argv.slice(2, 3).join('') || 'start'}): ${text}`)
  remark(`  ${paint('36', 'help')}: this is not your mistake; please report it with the command and the file`)
}

/** Flags that every command shares, as commander hands them over. */
export interface CommonFlags {
  readonly preset?: string
  readonly variant?: readonly string[]
  readonly set?: readonly string[]
  readonly json?: boolean
  readonly engine?: EngineName
  readonly seed: number
}

/** What opens as a network with its weights, as `--help` says it. */
export const networkSource = 'a run folder, a checkpoint in it or a network file'

/** All values of a flag that may be given several times. */
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]

/** The number in a flag's value; NaN where there is none. */
const numberIn = (value: string): number => (value.trim() === '' ? NaN : Number(value))

/** A whole number of at least 0. */
export function count(value: string): number {
  const number = numberIn(value)
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('It takes a whole number.')
  return number
}

/** A whole number of at least 1. */
export function positive(value: string): number {
  const number = numberIn(value)
  if (!Number.isSafeInteger(number) || number < 1) throw new InvalidArgumentError('It takes a whole number of at least 1.')
  return number
}

/** A share of a whole: at least 0, below 1. */
export function share(value: string): number {
  const number = numberIn(value)
  if (!(number >= 0 && number < 1)) throw new InvalidArgumentError('It takes a number of at least 0 and below 1.')
  return number
}

/** An enlargement. */
export function scale(value: string): number {
  const m = numberIn(value)
  if (!(m >= 1 && m <= 64)) throw new InvalidArgumentError('A scale is a number from 1 to 64.')
  return m
}

/** Any number above 0. */
export function aboveZero(value: string): number {
  const number = numberIn(value)
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError('It takes a number above 0.')
  return number
}

export const scales = (value: string): number[] => value.split(',').map(scale)

/** --preset, --variant, --set. */
export const compileFlags = (command: Command): Command =>
  command
    .option('-p, --preset <name>', 'a preset of the model; its defaults without one')
    .option('--variant <file>', 'a variant file to apply; twice at most', collect)
    .option(...setOption('set a parameter or a field of train or evaluate'))

/** `--set PATH=VALUE`, as often as one likes. */
export const setOption = (about: string) => ['--set <path=value>', about, collect] as const

export const engineFlags = (command: Command): Command =>
  command
    .addOption(new Option('--engine <name>', 'force an engine').choices(['tensorflow', 'wasm', 'cpu']))
    .option('--seed <n>', 'seed of everything that is drawn', count, 0)

/** `; did you mean a or b?` behind a name that is not `known`; nothing where none is near. */
export function meant(name: string, known: Iterable<string>): string {
  const near = nearest(name, known)
  return near.length > 0 ? `; did you mean ${near.join(' or ')}?` : ''
}

export const jsonFlag = (command: Command): Command => command.option('--json', 'print one JSON object')

export function compileOptions({ preset, variant = [], set = [] }: CommonFlags): CompileOptions {
  if (variant.length > 2) throw new UsageError('--variant is given more than twice', 'two variants may be applied together')
  return { ...(preset !== undefined && { preset }), variants: variant, sets: set }
}

/** Colours only where a person looks, and where nothing asks for none. */
export const colourful = (stream: NodeJS.WriteStream): boolean =>
  stream.isTTY === true && !process.env['NO_COLOR'] && !process.argv.includes('--no-color')

/** What stands at a path, if anything does: nothing stands below a file. */
export const kindOf = (path: string): 'file' | 'folder' | undefined =>
  existsSync(path) ? (statSync(path).isDirectory() ? 'folder' : 'file') : undefined

export const print = (line: string): void => void process.stdout.write(`${line}\n`)
/** Progress and remarks: never in the way of `--json`. */
export const remark = (line: string): void => void process.stderr.write(`${line}\n`)
