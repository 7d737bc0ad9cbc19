import { Command, CommanderError } from 'commander'
import { errorCode, fileError } from '../runtime/files/file-error.ts'
import { archcVersion } from '../version.ts'
import { asUserError, complain, confess, UsageError } from './common.ts'
import { usageError } from './usage.ts'

/** Exit codes: 0 fine, 1 the user's errors, 2 usage, 70 a bug in archc. */
const exit = { userError: 1, usage: 2, bug: 70 } as const

/** A program whose commands may be added: what they complain of is said here. */
export const newProgram = (about: string, afterHelp: string): Command =>
  new Command('archc')
    .description(about)
    .version(archcVersion())
    .configureOutput({ outputError: () => undefined })
    .addHelpText('after', afterHelp)

/** Does what the words ask for, and says what went wrong. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  // Whoever reads the output may have read enough, as head does.
  process.stdout.on('error', (error) =>
    process.exit(errorCode(error) === 'EPIPE' ? 0 : report(fileError(error, 'write', 'standard output'))),
  )
  // Whoever watches progress may be gone, with the terminal perhaps: the work goes on.
  process.stderr.on('error', () => undefined)
  leaveByErrors(program, argv)
  try {
    await program.parseAsync([...argv])
  } catch (error) {
    process.exitCode = report(error)
  }
}

/** A command and all below it throw what is wrong with how they were called, and take --no-color. */
function leaveByErrors(command: Command, argv: readonly string[]): void {
  command.option('--no-color', 'no colours (also NO_COLOR=1)').exitOverride((error) => {
    throw usageError(command, error, argv)
  })
  for (const each of command.commands) leaveByErrors(each, argv)
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exit.usage
  const known = asUserError(error)
  if (known) {
    complain(known)
    return known instanceof UsageError ? exit.usage : exit.userError
  }
  confess(error instanceof Error ? (error.stack ?? error.message) : String(error))
  return exit.bug
}
