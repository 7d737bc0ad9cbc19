import type { Command } from 'commander'
import { scales } from '../common.ts'
import { insetFlag, runsFlags, type RunsFlags } from './flags.ts'
import { opened, shown, write } from './make.ts'

/** Registers `archc figure scales`. */
export function scalesCommand(figure: Command): void {
  const command = figure
    .command('scales')
    .description('one field brought back from LR pictures of many scales: a column a scale, a row a network')
    .argument('<picture>', 'the true picture')
    .option('--scales <list>', 'any real numbers', scales, [2, 3.3, 4, 6, 8])
  runsFlags(insetFlag(command))
    .addHelpText(
      'after',
      `
Examples:
  archc figure scales field.png --scales 2,3.3,4,6,8 --mpp 0.499 -o scales
  archc figure scales field.png --runs LIIF=runs/liif ISTE=runs/iste --scales 6.7 --at 400,300,96 --inset 430,330,32 -o non-integer`,
    )
    .action(async (picture: string, flags: RunsFlags & { scales: number[] }) => {
      const { field, systems, line } = await opened(picture, flags, 128)
      const { scalesFigure } = await import('../../runtime/figures/scales.ts')
      await write(await scalesFigure({ field, systems, scales: flags.scales, onProgress: shown(line) }), flags.out, line)
    })
}
