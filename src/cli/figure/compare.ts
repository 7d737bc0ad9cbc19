import type { Command } from 'commander'
import { scales } from '../common.ts'
import { insetFlag, runsFlags, type RunsFlags } from './flags.ts'
import { opened, shown, write } from './make.ts'

/** Registers `archc figure compare`. */
export function compareCommand(figure: Command): void {
  const command = figure
    .command('compare')
    .description('LR, Bicubic, every network and the truth side by side, with error maps in one scale of colours')
    .argument('<picture>', 'the true picture: it is degraded, then enlarged again')
    .option('--scales <list>', 'enlargements, a row each', scales, [4, 8])
  runsFlags(insetFlag(command))
    .addHelpText(
      'after',
      `
Examples:
  archc figure compare field.png --at 400,300,128 --mpp 0.499 -o compare
  archc figure compare field.png --runs runs/edsr LIIF=runs/liif ISTE=runs/iste --scales 4,8 -o compare
  archc figure compare field.png --runs experiments/results/table1-small --block "on bicubic" -o figure3`,
    )
    .action(async (picture: string, flags: RunsFlags & { scales: number[] }) => {
      const { field, systems, line } = await opened(picture, flags, 128)
      const { compareFigure } = await import('../../runtime/figures/compare.ts')
      await write(await compareFigure({ field, systems, scales: flags.scales, onProgress: shown(line) }), flags.out, line)
    })
}
