import path from 'node:path'
import { Option, type Command } from 'commander'
import { archcRoot } from '../root.ts'
import type { EngineName } from '../runtime/engine/index.ts'
import { colourful, compileFlags, compileOptions, print, remark, UsageError, type CommonFlags } from './common.ts'
import { openEngine } from './open-engine.ts'

interface Flags extends CommonFlags {
  readonly model?: string
  readonly map?: string
  readonly json?: boolean
  readonly engine?: EngineName
  readonly target?: 'layers' | 'savedmodel'
}

/** Registers `archc parity`. */
export function parityCommand(program: Command): void {
  compileFlags(program.command('parity').description('compare the networks with the numbers of their reference implementations'))
    .argument('[dir]', 'a case, or folders of them; else $ARCHC_PARITY, else those that archc carries')
    .option(
      '--model <file>',
      'a network of your own, which every case is compared with; --preset, --variant and --set are for it',
    )
    .option(
      '--map <map>',
      'with --model: one of models/maps by its name, or a .json of your own; the one that fits best without it',
    )
    .option('--json', 'print one JSON object')
    .addOption(new Option('--engine <name>', 'force an engine').choices(['tensorflow', 'wasm', 'cpu']))
    .addOption(
      new Option('--target <name>', 'layer by layer, or each network as one TensorFlow graph (savedmodel)').choices([
        'layers',
        'savedmodel',
      ]),
    )
    .addHelpText(
      'after',
      `
Every check prints the largest error, the tolerance and their ratio; what cannot run is skipped with its reason.
Leaves with 1 when a check fails.

Examples:
  archc parity
  archc parity test/parity/iste-micro
  archc parity numbers/mine --model mine.arch --map mine.json
  ARCHC_PARITY=~/numbers archc parity --json > parity.json`,
    )
    .action(async (given: string | undefined, flags: Flags) => {
      const { runParity } = await import('../runtime/parity/run.ts')
      const folder = given ?? (process.env['ARCHC_PARITY'] || path.join(archcRoot, 'test', 'parity'))
      if (flags.model === undefined && (flags.map ?? flags.preset ?? flags.variant ?? flags.set) !== undefined)
        throw new UsageError('--map, --preset, --variant and --set are for a network of your own', 'name it with --model')
      const { loadModel } = await import('../runtime/network/load-model.ts')
      const loaded =
        flags.model === undefined
          ? undefined
          : loadModel(flags.model, compileOptions(flags), undefined, colourful(process.stderr))
      const engine = await openEngine(flags)
      const result = await runParity(folder, {
        engine,
        ...(flags.target && { target: flags.target }),
        ...(loaded && { own: { loaded, ...(flags.map !== undefined && { map: flags.map }) } }),
        ...(!flags.json && { say: print }),
      })
      if (flags.json) print(JSON.stringify(result))
      remark(`${result.seconds.toFixed(1)} s`)
      if (result.failed > 0) process.exitCode = 1
    })
}
