import { spawn } from 'node:child_process'
import { UserError } from '../../errors.ts'

export interface CommandOptions {
  /** What the command is for, as a message names it: `compiling the addon`. */
  readonly step: string
  /** What to do when it fails. */
  readonly help: string
  readonly env?: NodeJS.ProcessEnv
  /** The folder that it runs in; by default this process's. */
  readonly cwd?: string
  readonly signal?: AbortSignal
  /** Called with each piece of output as it comes. */
  readonly onOutput?: (text: string) => void
}

/** How many lines of a failing command's output its message repeats: enough for a compiler's first complaint. */
const keptLines = 12

/** A shell would take this line back. */
export function commandLine(command: readonly string[]): string {
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`)).join(' ')
}

/**
 * Runs a command to its end and returns stdout and stderr together. A command that cannot be started or does not exit
 * with 0 is a UserError with the step, the command and the last lines that it printed.
 */
export function runCommand(command: readonly string[], options: CommandOptions): Promise<string> {
  const [file = '', ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: options.env,
      cwd: options.cwd,
      signal: options.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const take = (text: string): void => {
      output += text
      options.onOutput?.(text)
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    const fail = (how: string): void => {
      const lines = output.trimEnd().split('\n').slice(-keptLines)
      const said = output.trim() === '' ? '(it printed nothing)' : lines.join('\n')
      const help = /No space left on device|Disk quota exceeded/.test(output)
        ? 'make room, or set ARCHC_CACHE to a folder on a larger disk'
        : options.help
      reject(new UserError(`${options.step} failed (${how}): ${commandLine(command)}\n${indent(said)}`, help))
    }
    child.on('error', (error) => (options.signal?.aborted ? reject(error) : fail(error.message)))
    child.on('close', (code, signal) => (code === 0 ? resolve(output) : fail(signal ? `signal ${signal}` : `exit code ${code}`)))
  })
}

/** The first of these commands that answers `--version`, with its answer's first line; undefined where none does. */
export async function firstThatRuns(
  candidates: readonly (readonly string[])[],
): Promise<{ command: readonly string[]; version: string } | undefined> {
  for (const command of candidates) {
    const answer = await runCommand([...command, '--version'], { step: 'looking for it', help: '' }).catch(() => undefined)
    if (answer !== undefined) return { command, version: answer.split('\n', 1)[0]!.trim() }
  }
  return undefined
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
