import type { Command } from 'commander'
import { checkCommand } from './check.ts'
import { compileCommand } from './compile.ts'
import { completionCommand } from './completion.ts'
import { dataCommand } from './data.ts'
import { slideCommand } from './slide.ts'
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
import { newProgram, runProgram } from './run.ts'
import { trainCommand } from './train.ts'
import { upscaleCommand } from './upscale.ts'
import { serveCommand, viewCommand } from './view.ts'
import { weightsCommand } from './weights.ts'

/** All commands. */
export function createProgram(): Command {
  const program = newProgram(
    'networks as text: checked for every picture size, compiled to TensorFlow.js layers, trained and used on real tissue',
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
    slideCommand,
    trainCommand,
    evaluateCommand,
    experimentCommand,
    figureCommand,
    upscaleCommand,
    viewCommand,
    serveCommand,
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

export const main = (argv: readonly string[]): Promise<void> => runProgram(createProgram(), argv)
