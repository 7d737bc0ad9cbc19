import { Command, CommanderError } from 'commander'
import { archcVersion } from '../version.ts'
import { checkCommand } from './check.ts'
import { asUserError, complain, confess, UsageError } from './common.ts'
import { compileCommand } from './compile.ts'
import { completionCommand } from './completion.ts'
import { dataCommand } from './data.ts'
import { demoCommand } from './demo.ts'
import { diffCommand } from './diff.ts'
import { engineCommand } from './engine.ts'
import { evaluateCommand } from './evaluate.ts'
import { experimentCommand } from './experiment.ts'
import { explainCommand } from './explain.ts'
import { figureCommand } from './figure.ts'
import { fmtCommand } from './fmt.ts'
import { graphCommand } from './graph.ts'
import { initCommand } from './init.ts'
import { lspCommand } from './lsp.ts'
import { opsCommand } from './ops.ts'
import { parityCommand } from './parity.ts'
import { trainCommand } from './train.ts'
import { upscaleCommand } from './upscale.ts'
import { usageError } from './usage.ts'
import { weightsCommand } from './weights.ts'

/** Exit codes: 0 fine, 1 the user's errors, 2 usage, 70 a bug in archc. */
const exit = { userError: 1, usage: 2, bug: 70 } as const

/** All commands. */
export function createProgram(): Command {
  const program = new Command('archc')
    .description(
      'networks as text: checked for every picture size, compiled to TensorFlow.js layers, trained and used on real tissue',
    )
    .version(archcVersion())
    .configureOutput({ outputError: () => undefined })
    .addHelpText(
      'after',
      '\nExamples:\n  archc check\n  archc compile iste.arch -o build/iste\n  archc upscale field.png --scale 3.3 -o large.png',
    )
  const register = [
    initCommand,
    checkCommand,
    fmtCommand,
    diffCommand,
    graphCommand,
    opsCommand,
    explainCommand,
    compileCommand,
    dataCommand,
    trainCommand,
    evaluateCommand,
    experimentCommand,
    figureCommand,
    upscaleCommand,
    weightsCommand,
    parityCommand,
    engineCommand,
    demoCommand,
    completionCommand,
    lspCommand,
  ]
  register.forEach((command) => command(program))
  return program
}

export async function main(argv: readonly string[]): Promise<void> {
  // Whoever reads the output may have read enough, as head does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : exit.bug))
  // Whoever watches progress may be gone, with the terminal perhaps: the work goes on.
  process.stderr.on('error', () => undefined)
  const program = createProgram()
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
