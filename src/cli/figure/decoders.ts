import type { Command } from 'commander'
import { scale } from '../common.ts'
import { runsFlags, type RunsFlags } from './flags.ts'
import { opened, shown, write } from './make.ts'

/** Registers `archc figure decoders`. */
export function decodersCommand(figure: Command): void {
  const command = figure
    .command('decoders')
    .description('what the pixel decoder (LPD) and the texture decoder (LTD) paint, each alone and both together')
    .argument('<picture>', 'the true picture')
    .option('-s, --scale <factor>', 'the enlargement', scale, 4)
  runsFlags(command)
    .addHelpText(
      'after',
      `
One network gets its decoders in columns; several get a column each, with LPD, LTD and their sum in rows.

Examples:
  archc figure decoders field.png --run runs/iste --at 400,300,128 -o decoders
  archc figure decoders field.png --runs runs/iste runs/wo-lfi runs/wo-stf runs/wo-ltd -o ablations`,
    )
    .action(async (picture: string, flags: RunsFlags & { scale: number }) => {
      const { field, systems, line } = await opened(picture, flags, 128)
      const { decodersFigure } = await import('../../runtime/figures/decoders.ts')
      await write(await decodersFigure({ field, systems, m: flags.scale, onProgress: shown(line) }), flags.out, line)
    })
}
