import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Command } from 'commander'
import { UserError } from '../errors.ts'
import { archcRoot } from '../root.ts'
import { checkCommand } from './check.ts'
import { completionCommand } from './completion.ts'
import { diffCommand } from './diff.ts'
import { explainCommand } from './explain.ts'
import { fmtCommand } from './fmt.ts'
import { graphCommand } from './graph.ts'
import { initCommand } from './init.ts'
import { lspCommand } from './lsp.ts'
import { opsCommand } from './ops.ts'
import { newProgram, runProgram } from './run.ts'

/** What only the package archc does. */
export const elsewhere = [
  'compile',
  'data',
  'slide',
  'slides',
  'train',
  'evaluate',
  'experiment',
  'figure',
  'upscale',
  'view',
  'serve',
  'weights',
  'parity',
  'engine',
  'demo',
] as const

/** The commands of the package archc-check: those that need no engine. */
export function createProgram(): Command {
  const program = newProgram(
    'networks as text: checked for every picture size. This is archc-check, which computes nothing',
    `\n${elsewhere.join(', ')} are in the package archc.\n\nExamples:\n  archc check\n  archc fmt --check`,
  )
  const register = [
    initCommand,
    checkCommand,
    fmtCommand,
    diffCommand,
    graphCommand,
    opsCommand,
    explainCommand,
    completionCommand,
    lspCommand,
  ]
  register.forEach((command) => command(program))
  for (const name of elsewhere)
    program.command(name, { hidden: true }).allowUnknownOption().helpOption(false).argument('[words...]').action(() => inWhole(name)) // prettier-ignore
  return program
}

export const main = (argv: readonly string[]): Promise<void> => runProgram(createProgram(), argv)

/** Where both packages are installed, npm makes one of them `archc`, and it may be this one. */
async function inWhole(name: string): Promise<void> {
  const whole = path.join(path.dirname(archcRoot), 'archc', 'bin', 'archc.js')
  if (!existsSync(whole))
    throw new UserError(
      `archc ${name} is in the package archc, and archc-check is installed`,
      'npm i --no-save --ignore-scripts PATH-TO-archc.tgz brings it',
    )
  await import(pathToFileURL(whole).href)
}
